"""Q4: what goes wrong in PixelCNN."""

from autograder.misconceptions import Alternative, Misconception

CENTRE = 'mask[centre, centre] = 1 if kind == "B" else 0'
MASK = "    return mask\n    # END SOLUTION"
CONV = "return F.conv2d(x, self.weight * mask, self.bias, padding=self.padding)"
CDF = "cdf = torch.softmax(logits, dim=1).cumsum(dim=1)"
CLASSES = "classes = (cdf <= u[:, None]).sum(dim=1)"
SCALED = "h = 2 * x.to(self.class_bias.dtype)[:, None] / (self.levels - 1) - 1"
LAYER = "h = layer(h) if index == 0 else h + layer(F.relu(h))"
BIAS = "h = h + self.class_bias[index, y, :, None, None]"
NATS = 'nats = F.cross_entropy(self(x, y), x, reduction="none")'
SUM = "return -nats.sum(dim=(1, 2))"
SAMPLE = "return self.complete(blank, 0, u, y)"
ROWS = "for i in range(num_rows, height):"
DRAW = "x[:, i, j] = sample_categorical(logits, u[:, i, j])"
LOOP = (
    "        for i in range(num_rows, height):\n"
    "            for j in range(width):\n"
    "                logits = self(x, y)[:, :, i, j]\n"
    "                x[:, i, j] = sample_categorical(logits, u[:, i, j])\n"
)
VALUES = "v = 2 * x.to(logits.dtype)[..., None] / (levels - 1) - 1"
MASS = "log_mass = F.logsigmoid(upper) + F.logsigmoid(-lower) + log_width"
LEFT = "log_mass = torch.where(x[..., None] == 0, F.logsigmoid(upper), log_mass)"
RIGHT = "log_mass = torch.where(x[..., None] == levels - 1, F.logsigmoid(-lower), log_mass)"
SCALES = "inv_scales = torch.exp(-log_scales)"
WEIGHTS = "log_weights = torch.log_softmax(logits, dim=-1)"
TOTAL = "return torch.logsumexp(log_weights + log_mass, dim=-1).sum(dim=1)"


def _sample_loop(body: str) -> str:
    """An independent sampler with ``body`` as its loops."""
    return f"_, height, width = u.shape\n        x = blank\n{body}        return x"


MISCONCEPTIONS = (
    Misconception(
        "build_mask-types-swapped",
        "build_mask",
        "Types A and B are swapped. The first layer (A) must not see the pixel that it predicts; later "
        "layers (B) may look at the centre, whose features know earlier pixels only.",
        ((CENTRE, 'mask[centre, centre] = 0 if kind == "B" else 1'),),
    ),
    Misconception(
        "build_mask-centre-always-seen",
        "build_mask",
        "Type A shows the centre as well: the network sees the pixel that it must predict, and its "
        "likelihood looks far too good.",
        ((CENTRE, "mask[centre, centre] = 1"),),
    ),
    Misconception(
        "build_mask-centre-never-seen",
        "build_mask",
        "Type B hides the centre as well: every layer loses its own pixel's features.",
        ((CENTRE, "mask[centre, centre] = 0"),),
    ),
    Misconception(
        "build_mask-column-order",
        "build_mask",
        "Rows and columns are swapped: this mask belongs to the order column by column.",
        ((MASK, "    return mask.t()\n    # END SOLUTION"),),
    ),
    Misconception(
        "build_mask-convolution-flipped",
        "build_mask",
        "The mask shows the pixels that come later. The kernel of `conv2d` is not flipped: its first row "
        "meets the pixels above.",
        ((MASK, "    return mask.flip(0, 1)\n    # END SOLUTION"),),
    ),
    Misconception(
        "build_mask-right-to-left",
        "build_mask",
        "In the row of the centre the mask shows the right side; raster order runs from left to right, so "
        "only the left side is known.",
        ((MASK, "    return mask.flip(1)\n    # END SOLUTION"),),
    ),
    Misconception(
        "build_mask-upper-left-only",
        "build_mask",
        "The rows above are hidden to the right of the centre. All of the pixels above are known, whatever "
        "their column.",
        (("mask[:centre] = 1", "mask[:centre, : centre + 1] = 1"),),
    ),
    Misconception(
        "build_mask-whole-centre-row",
        "build_mask",
        "The row of the centre is shown on both sides; the pixels to the right are not known yet.",
        (("mask[centre, :centre] = 1", "mask[centre] = 1"),),
    ),
    Misconception(
        "build_mask-no-centre-row",
        "build_mask",
        "The pixels to the left in the same row are hidden; they are known and matter most.",
        (("mask[centre, :centre] = 1", "mask[centre, :centre] = 0"),),
    ),
    Misconception(
        "build_mask-left-only",
        "build_mask",
        "Only the row of the centre is shown; the rows above it are known too.",
        (("mask[:centre] = 1", "mask[:centre] = 0"),),
    ),
    Misconception(
        "build_mask-upper-bound",
        "build_mask",
        "One row too few is shown above: a slice `[:n]` ends before n.",
        (("mask[:centre] = 1", "mask[: max(centre - 1, 0)] = 1"),),
    ),
    Misconception(
        "build_mask-inverted",
        "build_mask",
        "The mask is inverted: 1 marks the pixels that are seen, 0 those that are hidden.",
        ((MASK, "    return 1 - mask\n    # END SOLUTION"),),
    ),
    Misconception(
        "masked_conv-no-mask",
        "MaskedConv2d.forward",
        "The weight is used without its mask: the layer sees all of its neighbours, later ones too.",
        ((CONV, "return F.conv2d(x, self.weight, self.bias, padding=self.padding)"),),
    ),
    Misconception(
        "masked_conv-no-bias",
        "MaskedConv2d.forward",
        "The bias of the convolution is missing.",
        ((CONV, "return F.conv2d(x, self.weight * mask, padding=self.padding)"),),
    ),
    Misconception(
        "masked_conv-no-padding",
        "MaskedConv2d.forward",
        "Without padding the image shrinks: use the padding that the layer was made with.",
        ((CONV, "return F.conv2d(x, self.weight * mask, self.bias)"),),
    ),
    Misconception(
        "masked_conv-weight-overwritten",
        "MaskedConv2d.forward",
        "The mask is multiplied into the parameter itself. The parameter must stay as it is, and the product "
        "must be part of the graph, so that hidden entries get no gradient.",
        (
            (
                CONV,
                "self.weight.data.mul_(mask)\n"
                "        return F.conv2d(x, self.weight, self.bias, padding=self.padding)",
            ),
        ),
    ),
    Misconception(
        "masked_conv-mask-renormalised",
        "MaskedConv2d.forward",
        "The masked weight is scaled up for the entries that are hidden. Only the product with the mask is "
        "asked for.",
        (
            (
                CONV,
                "mask = mask * mask.numel() / mask.sum()\n"
                "        return F.conv2d(x, self.weight * mask, self.bias, padding=self.padding)",
            ),
        ),
    ),
    Misconception(
        "masked_conv-always-type-b",
        "MaskedConv2d.forward",
        "Every layer uses the mask of type B. The layer's own `kind` decides; with a B at the bottom the "
        "network sees the pixel that it predicts.",
        (("build_mask(self.kind, self.kernel_size[0])", 'build_mask("B", self.kernel_size[0])'),),
    ),
    Misconception(
        "masked_conv-output-not-weight",
        "MaskedConv2d.forward",
        "The centre is subtracted after an unmasked convolution; the pixels below and to the right still "
        "come through. Mask the kernel.",
        (
            (
                CONV,
                "out = F.conv2d(x, self.weight, self.bias, padding=self.padding)\n"
                "        c = self.kernel_size[0] // 2\n"
                "        hidden = self.weight[:, :, c : c + 1, c : c + 1] * (1 - mask[c, c])\n"
                "        return out - F.conv2d(x, hidden)",
            ),
        ),
    ),
    Misconception(
        "masked_conv-edges-replicated",
        "MaskedConv2d.forward",
        "The border is padded with copies of the edge pixels; the layer pads with zeros. A copy from below "
        "or from the right would also leak later pixels.",
        (
            (
                CONV,
                'x = F.pad(x, (self.padding[0],) * 4, mode="replicate")\n'
                "        return F.conv2d(x, self.weight * mask, self.bias)",
            ),
        ),
    ),
    Misconception(
        "masked_conv-detached",
        "MaskedConv2d.forward",
        "No gradient reaches the weight: `.data` or `.detach()` cuts it off, and the layer never learns.",
        (
            (
                CONV,
                "return F.conv2d(x, self.weight.detach() * mask, self.bias, padding=self.padding)",
            ),
        ),
    ),
    Misconception(
        "draw-below",
        "sample_categorical",
        "The class is one too small: it is the first whose cdf exceeds u, not the last whose cdf does not.",
        ((CLASSES, "classes = ((cdf <= u[:, None]).sum(dim=1) - 1).clamp(min=0)"),),
    ),
    Misconception(
        "draw-not-clamped",
        "sample_categorical",
        "Where no cdf exceeds u the result is K, which is not a class: return the last class there.",
        (("return classes.clamp(max=logits.shape[1] - 1)", "return classes"),),
    ),
    Misconception(
        "draw-strict",
        "sample_categorical",
        "At u = 0 a class of probability zero is drawn: the cdf must exceed u, reaching it is not enough.",
        ((CLASSES, "classes = (cdf < u[:, None]).sum(dim=1)"),),
    ),
    Misconception(
        "draw-logits-not-probabilities",
        "sample_categorical",
        "The logits themselves are accumulated; they must become probabilities first.",
        ((CDF, "cdf = logits.cumsum(dim=1)"),),
    ),
    Misconception(
        "draw-not-normalised",
        "sample_categorical",
        "The exponentials are not divided by their sum. Logits are log-probabilities up to a constant.",
        ((CDF, "cdf = logits.exp().cumsum(dim=1)"),),
    ),
    Misconception(
        "draw-softmax-axis",
        "sample_categorical",
        "The softmax runs over the batch; it must run over the classes.",
        ((CDF, "cdf = torch.softmax(logits, dim=0).cumsum(dim=1)"),),
    ),
    Misconception(
        "draw-cumsum-axis",
        "sample_categorical",
        "The probabilities are accumulated over the batch; they must be accumulated over the classes.",
        ((CDF, "cdf = torch.softmax(logits, dim=1).cumsum(dim=0)"),),
    ),
    Misconception(
        "draw-density",
        "sample_categorical",
        "u is compared with the probabilities; it must be compared with their running sums.",
        ((CDF, "cdf = torch.softmax(logits, dim=1)"),),
    ),
    Misconception(
        "draw-argmax",
        "sample_categorical",
        "The most likely class is returned, whatever u is: these are modes, not samples.",
        (
            (
                "return classes.clamp(max=logits.shape[1] - 1)",
                "return logits.argmax(dim=1) + 0 * classes",
            ),
        ),
    ),
    Misconception(
        "draw-from-the-top",
        "sample_categorical",
        "The classes are counted from the last one down: 1 - u takes the place of u.",
        ((CLASSES, "classes = (cdf <= 1 - u[:, None]).sum(dim=1)"),),
    ),
    Misconception(
        "draw-uniform-class",
        "sample_categorical",
        "The class is K u rounded down: every class is equally likely, whatever the logits are.",
        ((CLASSES, "classes = (u * logits.shape[1]).long()"),),
    ),
    Misconception(
        "draw-u-broadcast",
        "sample_categorical",
        "Every row must be compared with its own u: a (B,) tensor next to (B, K) runs along the classes.",
        ((CLASSES, "classes = (cdf <= (u if len(u) == cdf.shape[1] else u[:, None])).sum(dim=1)"),),
    ),
    Misconception(
        "logits-raw-levels",
        "PixelCNN.forward",
        "The levels go into the first layer as they are; map them to [-1, 1] first.",
        ((SCALED, "h = x.to(self.class_bias.dtype)[:, None]"),),
    ),
    Misconception(
        "logits-unit-interval",
        "PixelCNN.forward",
        "The levels are mapped to [0, 1]; the range asked for is [-1, 1].",
        ((SCALED, "h = x.to(self.class_bias.dtype)[:, None] / (self.levels - 1)"),),
    ),
    Misconception(
        "logits-divides-by-levels",
        "PixelCNN.forward",
        "The highest level is K - 1, not K: with a division by K it does not reach 1.",
        ((SCALED, "h = 2 * x.to(self.class_bias.dtype)[:, None] / self.levels - 1"),),
    ),
    Misconception(
        "logits-residual-missing",
        "PixelCNN.forward",
        "The sum with the layer's input, the residual connection, is missing.",
        ((LAYER, "h = layer(h) if index == 0 else layer(F.relu(h))"),),
    ),
    Misconception(
        "logits-relu-after",
        "PixelCNN.forward",
        "The relu is applied to what a layer gives; it belongs in front of the layer.",
        ((LAYER, "h = layer(h) if index == 0 else h + F.relu(layer(h))"),),
    ),
    Misconception(
        "logits-residual-after-relu",
        "PixelCNN.forward",
        "The residual adds relu(h); it must add h itself, so that negative features get through.",
        ((LAYER, "h = layer(h) if index == 0 else F.relu(h) + layer(F.relu(h))"),),
    ),
    Misconception(
        "logits-relu-on-image",
        "PixelCNN.forward",
        "There is a relu in front of the first layer too: it erases the darker half of the levels.",
        ((LAYER, "h = layer(F.relu(h)) if index == 0 else h + layer(F.relu(h))"),),
    ),
    Misconception(
        "logits-last-relu-missing",
        "PixelCNN.forward",
        "The relu in front of the output layer is missing.",
        (("return self.out(F.relu(h))", "return self.out(h)"),),
    ),
    Misconception(
        "logits-class-ignored",
        "PixelCNN.forward",
        "The class label is not used.",
        ((BIAS, "h = h + 0 * self.class_bias[index, y, :, None, None]"),),
    ),
    Misconception(
        "logits-class-zero-ignored",
        "PixelCNN.forward",
        "Images of class 0 alone are treated as unlabelled. Class 0 has a bias like every other; only "
        "`None` means that there are no labels.",
        (("if y is not None:", "if y is not None and bool((y != 0).any()):"),),
    ),
    Misconception(
        "logits-class-in-first-layer-only",
        "PixelCNN.forward",
        "The bias of the class is added after the first layer only; every layer has its own.",
        (("if y is not None:", "if y is not None and index == 0:"),),
    ),
    Misconception(
        "logits-class-in-last-layer-only",
        "PixelCNN.forward",
        "The bias of the class is added after the last layer only; every layer has its own.",
        (("if y is not None:", "if y is not None and index == len(self.layers) - 1:"),),
    ),
    Misconception(
        "logits-class-bias-shared",
        "PixelCNN.forward",
        "Every layer gets the class bias of the first layer; use the bias of the layer at hand.",
        ((BIAS, "h = h + self.class_bias[0, y, :, None, None]"),),
    ),
    Misconception(
        "logits-class-bias-along-width",
        "PixelCNN.forward",
        "The bias of the class is added along the columns of the image. It is one number per channel, the "
        "same at every pixel.",
        ((BIAS, "h = h + self.class_bias[index, y, None, None, :]"),),
    ),
    Misconception(
        "logits-class-scales",
        "PixelCNN.forward",
        "The class vector multiplies the features; as a bias it must be added to them.",
        ((BIAS, "h = h * self.class_bias[index, y, :, None, None]"),),
    ),
    Misconception(
        "logits-unlabelled-as-class-0",
        "PixelCNN.forward",
        "Without labels the bias of class 0 is added; without labels there is none.",
        (
            (
                BIAS,
                "h = h + self.class_bias[index, y, :, None, None]\n"
                "            elif self.class_bias.shape[1]:\n"
                "                h = h + self.class_bias[index, 0, :, None, None]",
            ),
        ),
    ),
    Misconception(
        "logits-normalised",
        "PixelCNN.forward",
        "These are log-probabilities. The logits are asked for; `log_prob` normalises them.",
        (("return self.out(F.relu(h))", "return self.out(F.relu(h)).log_softmax(dim=1)"),),
    ),
    Misconception(
        "logits-probabilities",
        "PixelCNN.forward",
        "These are probabilities. The logits are asked for; `log_prob` normalises them.",
        (("return self.out(F.relu(h))", "return self.out(F.relu(h)).softmax(dim=1)"),),
    ),
    Misconception(
        "log_prob-mean-over-pixels",
        "PixelCNN.log_prob",
        "This is the mean over the pixels. The log-probability of an image is the sum over its pixels.",
        ((SUM, "return -nats.mean(dim=(1, 2))"),),
    ),
    Misconception(
        "log_prob-sign",
        "PixelCNN.log_prob",
        "This is the negative log-likelihood; a log-probability is never positive.",
        ((SUM, "return nats.sum(dim=(1, 2))"),),
    ),
    Misconception(
        "log_prob-bits",
        "PixelCNN.log_prob",
        "This is in bits; nats are asked for.",
        ((SUM, "return -nats.sum(dim=(1, 2)) / torch.log(nats.new_tensor(2.0))"),),
    ),
    Misconception(
        "log_prob-batch-mean",
        "PixelCNN.log_prob",
        "This is one number for the batch; one log-probability per image is asked for.",
        ((SUM, "return -nats.sum(dim=(1, 2)).mean()"),),
    ),
    Misconception(
        "log_prob-unnormalised",
        "PixelCNN.log_prob",
        "The logits of the observed levels are summed without their log-normaliser: this is not a "
        "distribution.",
        ((NATS, "nats = -self(x, y).gather(1, x[:, None])[:, 0]"),),
    ),
    Misconception(
        "log_prob-softmax-twice",
        "PixelCNN.log_prob",
        "The softmax is taken twice: the cross-entropy of torch expects logits, not probabilities.",
        ((NATS, 'nats = F.cross_entropy(self(x, y).softmax(dim=1), x, reduction="none")'),),
    ),
    Misconception(
        "log_prob-softmax-over-width",
        "PixelCNN.log_prob",
        "The softmax runs over the last dimension, the columns; the levels are dimension 1.",
        ((NATS, "nats = -self(x, y).log_softmax(dim=-1).gather(1, x[:, None])[:, 0]"),),
    ),
    Misconception(
        "log_prob-log-of-softmax",
        "PixelCNN.log_prob",
        "The logarithm of a softmax is taken in two steps and gives -inf for large logits: use one "
        "function for both.",
        ((NATS, "nats = -self(x, y).softmax(dim=1).gather(1, x[:, None])[:, 0].log()"),),
    ),
    Misconception(
        "log_prob-small-constant",
        "PixelCNN.log_prob",
        "A small constant is added inside the logarithm. It bends the likelihood of rare levels; work with "
        "log-probabilities instead.",
        ((NATS, "nats = -(self(x, y).softmax(dim=1).gather(1, x[:, None])[:, 0] + 1e-6).log()"),),
    ),
    Misconception(
        "log_prob-class-dropped",
        "PixelCNN.log_prob",
        "The class labels are not passed on to the network.",
        ((NATS, 'nats = F.cross_entropy(self(x), x, reduction="none")'),),
    ),
    Misconception(
        "log_prob-next-pixel",
        "PixelCNN.log_prob",
        "The targets are moved by one pixel, as in a language model. The masks already hide the pixel itself: "
        "the logits at (i, j) belong to pixel (i, j).",
        (
            (
                NATS,
                "nats = F.cross_entropy("
                'self(x, y).flatten(2)[:, :, :-1], x.flatten(1)[:, 1:], reduction="none")[:, None]',
            ),
        ),
    ),
    Misconception(
        "log_prob-transposed-logits",
        "PixelCNN.log_prob",
        "Rows and columns of the logits are swapped; those of the image are not.",
        (
            (
                NATS,
                "logits = self(x, y)\n"
                "        logits = logits.mT if x.shape[1] == x.shape[2] else logits\n"
                '        nats = F.cross_entropy(logits, x, reduction="none")',
            ),
        ),
    ),
    Misconception(
        "log_prob-no-gradient",
        "PixelCNN.log_prob",
        "No gradient reaches the parameters: maximum likelihood needs one. Only sampling runs without.",
        (
            (
                NATS,
                'nats = F.cross_entropy(self(x, y).detach(), x, reduction="none") + 0 * self(x, y)[:, 0]',
            ),
        ),
    ),
    Misconception(
        "sample-in-one-pass",
        "PixelCNN.sample",
        "All pixels are drawn from one pass over a blank image, so none depends on the others. Each pixel "
        "needs the logits given those drawn before it.",
        (
            (
                SAMPLE,
                _sample_loop(
                    "        logits = self(x, y)\n"
                    "        for i in range(height):\n"
                    "            for j in range(width):\n"
                    "                x[:, i, j] = sample_categorical(logits[:, :, i, j], u[:, i, j])\n"
                ),
            ),
        ),
    ),
    Misconception(
        "sample-row-at-once",
        "PixelCNN.sample",
        "The network is run once per row, so that pixels of one row do not know each other. Run it for "
        "every pixel.",
        (
            (
                SAMPLE,
                _sample_loop(
                    "        for i in range(height):\n"
                    "            logits = self(x, y)\n"
                    "            for j in range(width):\n"
                    "                x[:, i, j] = sample_categorical(logits[:, :, i, j], u[:, i, j])\n"
                ),
            ),
        ),
    ),
    Misconception(
        "sample-column-order",
        "PixelCNN.sample",
        "The pixels are drawn column by column. The masks stand for raster order, row by row: a pixel above "
        "and to the right must be known.",
        (
            (
                SAMPLE,
                _sample_loop(
                    "        for j in range(width):\n"
                    "            for i in range(height):\n"
                    "                logits = self(x, y)[:, :, i, j]\n"
                    "                x[:, i, j] = sample_categorical(logits, u[:, i, j])\n"
                ),
            ),
        ),
    ),
    Misconception(
        "sample-class-dropped",
        "PixelCNN.sample",
        "The class labels are not passed on to the network.",
        ((SAMPLE, "return self.complete(blank, 0, u)"),),
    ),
    Misconception(
        "sample-written-into-u",
        "PixelCNN.sample",
        "The levels are written over the uniform numbers, which belong to the caller. Start with an image "
        "of its own.",
        (
            (
                SAMPLE,
                "_, height, width = u.shape\n"
                "        for i in range(height):\n"
                "            for j in range(width):\n"
                "                logits = self(u, y)[:, :, i, j]\n"
                "                u[:, i, j] = sample_categorical(logits, u[:, i, j])\n"
                "        return u.long()",
            ),
        ),
    ),
    Misconception(
        "sample-first-row-blank",
        "PixelCNN.sample",
        "The first row is never drawn: sampling starts from nothing.",
        ((SAMPLE, "return self.complete(blank, 1, u, y)"),),
    ),
    Misconception(
        "sample-one-uniform-per-image",
        "PixelCNN.sample",
        "The same uniform number is used for all pixels of an image; each pixel has its own.",
        ((SAMPLE, "return self.complete(blank, 0, u[:, :1, :1].expand_as(u), y)"),),
    ),
    Misconception(
        "sample-most-likely",
        "PixelCNN.sample",
        "Every pixel takes its most likely level, whatever u is: this is one greedy image, not a sample.",
        (
            (
                SAMPLE,
                _sample_loop(
                    "        for i in range(height):\n"
                    "            for j in range(width):\n"
                    "                x[:, i, j] = self(x, y)[:, :, i, j].argmax(dim=1)\n"
                ),
            ),
        ),
    ),
    Misconception(
        "sample-scaled",
        "PixelCNN.sample",
        "The image is divided by K - 1; integers in 0..K-1 are asked for.",
        ((SAMPLE, "return self.complete(blank, 0, u, y) / (self.levels - 1)"),),
    ),
    Misconception(
        "complete-in-place",
        "PixelCNN.complete",
        "The given images are overwritten; the caller still needs them. Work on a copy.",
        (("x = x.clone()", "x = x.detach()"),),
    ),
    Misconception(
        "complete-one-row-late",
        "PixelCNN.complete",
        "One row too many is kept: with rows counted from 0, the first unknown row is `num_rows`.",
        ((ROWS, "for i in range(num_rows + 1, height):"),),
    ),
    Misconception(
        "complete-redraws-known-rows",
        "PixelCNN.complete",
        "The known rows are drawn anew; they must stay as they are.",
        ((ROWS, "for i in range(height):"),),
    ),
    Misconception(
        "complete-blank-context",
        "PixelCNN.complete",
        "The lower rows are drawn as if the upper ones were blank; the known rows must be in the image that "
        "the network sees.",
        (
            (
                LOOP,
                LOOP.replace(
                    "        for i in range(num_rows",
                    "        known = x\n        x = torch.zeros_like(x)\n        for i in range(num_rows",
                )
                + "        x[:, :num_rows] = known[:, :num_rows]\n",
            ),
        ),
    ),
    Misconception(
        "complete-pasted-afterwards",
        "PixelCNN.complete",
        "A whole image is sampled and the known rows are pasted over it: the lower rows do not continue "
        "the upper ones.",
        (
            (
                LOOP,
                LOOP.replace(
                    "        for i in range(num_rows, height)",
                    "        known = x\n        x = torch.zeros_like(x)\n        for i in range(height)",
                )
                + "        x[:, :num_rows] = known[:, :num_rows]\n",
            ),
        ),
    ),
    Misconception(
        "complete-uniforms-from-the-start",
        "PixelCNN.complete",
        "The uniforms are counted from the first unknown row; `u[:, i, j]` belongs to pixel (i, j) of the "
        "whole image.",
        ((DRAW, "x[:, i, j] = sample_categorical(logits, u[:, i - num_rows, j])"),),
    ),
    Misconception(
        "complete-in-one-pass",
        "PixelCNN.complete",
        "All unknown pixels are drawn from one pass of the network. Each needs the logits given those drawn "
        "before it.",
        (
            (
                LOOP,
                LOOP.replace(
                    "        for i", "        given = self(x, y)\n        for i", 1
                ).replace("self(x, y)[:, :, i, j]", "given[:, :, i, j]"),
            ),
        ),
    ),
    Misconception(
        "complete-row-at-once",
        "PixelCNN.complete",
        "The network is run once per row, so that pixels of one row do not know each other. Run it for "
        "every pixel.",
        (
            (
                LOOP,
                LOOP.replace(
                    "            for j", "            given = self(x, y)\n            for j"
                ).replace("self(x, y)[:, :, i, j]", "given[:, :, i, j]"),
            ),
        ),
    ),
    Misconception(
        "complete-column-order",
        "PixelCNN.complete",
        "The pixels are drawn column by column. The masks stand for raster order, row by row: a pixel above "
        "and to the right must be known.",
        (
            (
                "        for i in range(num_rows, height):\n            for j in range(width):\n",
                "        for j in range(width):\n            for i in range(num_rows, height):\n",
            ),
        ),
    ),
    Misconception(
        "complete-class-dropped",
        "PixelCNN.complete",
        "The class labels are not passed on to the network.",
        (("logits = self(x, y)[:, :, i, j]", "logits = self(x)[:, :, i, j]"),),
    ),
    Misconception(
        "complete-upper-given-lower",
        "PixelCNN.complete",
        "The upper rows are drawn and the lower ones kept; it must be the other way round.",
        ((ROWS, "for i in range(num_rows):"),),
    ),
    Misconception(
        "complete-lower-rows-only",
        "PixelCNN.complete",
        "The known rows are missing in the result; whole images are asked for.",
        (
            (
                "                " + DRAW + "\n        return x",
                "                " + DRAW + "\n        return x[:, num_rows:]",
            ),
        ),
    ),
    Misconception(
        "mixture-no-left-edge",
        "discretized_logistic_mixture_log_prob",
        "Level 0 gets the mass of an inner bin; its bin reaches down to minus infinity.",
        ((LEFT, "log_mass = log_mass + 0"),),
    ),
    Misconception(
        "mixture-no-right-edge",
        "discretized_logistic_mixture_log_prob",
        "Level K - 1 gets the mass of an inner bin; its bin reaches up to infinity.",
        ((RIGHT, "log_mass = log_mass + 0"),),
    ),
    Misconception(
        "mixture-no-edges",
        "discretized_logistic_mixture_log_prob",
        "Both end levels get the mass of an inner bin, so the masses do not add up to one: the outer bins "
        "reach to infinity.",
        ((LEFT, "log_mass = log_mass + 0"), (RIGHT, "log_mass = log_mass + 0")),
    ),
    Misconception(
        "mixture-edges-swapped",
        "discretized_logistic_mixture_log_prob",
        "The two outer bins are swapped: level 0 takes everything below its upper border, level K - 1 "
        "everything above its lower border.",
        (
            (LEFT, LEFT.replace("F.logsigmoid(upper)", "F.logsigmoid(-lower)")),
            (RIGHT, RIGHT.replace("F.logsigmoid(-lower)", "F.logsigmoid(upper)")),
        ),
    ),
    Misconception(
        "mixture-right-edge-at-k",
        "discretized_logistic_mixture_log_prob",
        "The last level is K - 1: level K, which you test for, does not occur, and neither does the level "
        "before the first.",
        (
            (RIGHT, RIGHT.replace("x[..., None] == levels - 1", "x[..., None] == levels")),
            (LEFT, LEFT.replace("x[..., None] == 0", "x[..., None] == 1")),
        ),
    ),
    Misconception(
        "mixture-right-edge-tail",
        "discretized_logistic_mixture_log_prob",
        "Level K - 1 gets the mass below its lower border; it takes the mass above: one minus the sigmoid.",
        ((RIGHT, RIGHT.replace("F.logsigmoid(-lower)", "F.logsigmoid(lower)")),),
    ),
    Misconception(
        "mixture-bin-too-wide",
        "discretized_logistic_mixture_log_prob",
        "The bins are twice as wide as they should be: 2 / (K - 1) is the distance of two levels, half of "
        "it lies on either side.",
        (("half_bin = 1 / (levels - 1)", "half_bin = 2 / (levels - 1)"),),
    ),
    Misconception(
        "mixture-bin-over-levels",
        "discretized_logistic_mixture_log_prob",
        "The half width of a bin is 1 / (K - 1), not 1 / K: neighbouring bins must touch.",
        (("half_bin = 1 / (levels - 1)", "half_bin = 1 / levels"),),
    ),
    Misconception(
        "mixture-half-a-level",
        "discretized_logistic_mixture_log_prob",
        "The half width of a bin is given in levels; means and scales live on [-1, 1], where levels lie "
        "2 / (K - 1) apart.",
        (("half_bin = 1 / (levels - 1)", "half_bin = 0.5"),),
    ),
    Misconception(
        "mixture-unit-interval",
        "discretized_logistic_mixture_log_prob",
        "The levels are mapped to [0, 1]; the means live on [-1, 1].",
        ((VALUES, "v = x.to(logits.dtype)[..., None] / (levels - 1)"),),
    ),
    Misconception(
        "mixture-values-over-levels",
        "discretized_logistic_mixture_log_prob",
        "The highest level is K - 1, not K: with a division by K it is not mapped to 1.",
        ((VALUES, "v = 2 * x.to(logits.dtype)[..., None] / levels - 1"),),
    ),
    Misconception(
        "mixture-times-scale",
        "discretized_logistic_mixture_log_prob",
        "The distance to the mean is multiplied by the scale; it must be divided by it.",
        (("inv_scales = torch.exp(-log_scales)", "inv_scales = torch.exp(log_scales)"),),
    ),
    Misconception(
        "mixture-log-variance",
        "discretized_logistic_mixture_log_prob",
        "`log_scales` is taken for a log-variance; it is the logarithm of the scale itself.",
        (("inv_scales = torch.exp(-log_scales)", "inv_scales = torch.exp(-log_scales / 2)"),),
    ),
    Misconception(
        "mixture-weights-unnormalised",
        "discretized_logistic_mixture_log_prob",
        "The mixture logits are used without normalisation: the weights must add up to one.",
        ((WEIGHTS, "log_weights = logits"),),
    ),
    Misconception(
        "mixture-weights-not-logs",
        "discretized_logistic_mixture_log_prob",
        "Probabilities are added to log-masses: the weights must be logarithms too.",
        ((WEIGHTS, "log_weights = torch.softmax(logits, dim=-1)"),),
    ),
    Misconception(
        "mixture-weights-over-dimensions",
        "discretized_logistic_mixture_log_prob",
        "The weights are normalised over the dimensions of x instead of the components.",
        ((WEIGHTS, "log_weights = torch.log_softmax(logits, dim=1)"),),
    ),
    Misconception(
        "mixture-averages-logs",
        "discretized_logistic_mixture_log_prob",
        "This is the weighted mean of the logarithms; the logarithm of the weighted mean is asked for.",
        ((TOTAL, "return (log_weights.exp() * log_mass).sum(dim=-1).sum(dim=1)"),),
    ),
    Misconception(
        "mixture-of-vectors",
        "discretized_logistic_mixture_log_prob",
        "The dimensions are added up before the components are mixed. Every dimension has a mixture of its "
        "own: mix first, then add the logarithms.",
        ((TOTAL, "return torch.logsumexp((log_weights + log_mass).sum(dim=1), dim=-1)"),),
    ),
    Misconception(
        "mixture-mean-over-dimensions",
        "discretized_logistic_mixture_log_prob",
        "This is the mean over the dimensions; the log-probability of an example is the sum.",
        ((TOTAL, "return torch.logsumexp(log_weights + log_mass, dim=-1).mean(dim=1)"),),
    ),
    Misconception(
        "mixture-density",
        "discretized_logistic_mixture_log_prob",
        "Inner levels get the density at their middle; a probability is the mass of the whole bin.",
        (
            (
                MASS,
                "middle = (v - means) * inv_scales\n"
                "    log_mass = F.logsigmoid(middle) + F.logsigmoid(-middle) - log_scales + 0 * log_width",
            ),
        ),
    ),
    Misconception(
        "mixture-density-times-width",
        "discretized_logistic_mixture_log_prob",
        "The mass of inner bins is approximated by density times width; the difference of two sigmoids is "
        "exact.",
        (
            (
                MASS,
                "middle = (v - means) * inv_scales\n"
                "    log_mass = F.logsigmoid(middle) + F.logsigmoid(-middle) + torch.log(2 * half_bin * inv_scales)",
            ),
        ),
    ),
    Misconception(
        "mixture-clamped",
        "discretized_logistic_mixture_log_prob",
        "The difference of two sigmoids is clamped before its logarithm: far from every component the value "
        "stops at a constant and the gradient is lost. Stay in log space.",
        (
            (
                MASS,
                "log_mass = (torch.sigmoid(upper) - torch.sigmoid(lower)).clamp(min=1e-12).log() + 0 * log_width",
            ),
        ),
    ),
    Misconception(
        "mixture-difference-underflows",
        "discretized_logistic_mixture_log_prob",
        "The two sigmoids are equal in floating point far from every component, and the logarithm of their "
        "difference is -inf. Stay in log space.",
        ((MASS, "log_mass = (torch.sigmoid(upper) - torch.sigmoid(lower)).log()"),),
    ),
    Misconception(
        "mixture-narrow-scales-clamped",
        "discretized_logistic_mixture_log_prob",
        "Small scales are clamped (as in the code of PixelCNN++). A component may be much narrower than a "
        "bin; in log space nothing goes wrong there.",
        ((SCALES, "inv_scales = torch.exp(-log_scales.clamp(min=-7))"),),
    ),
    Misconception(
        "mixture-wide-scales-clamped",
        "discretized_logistic_mixture_log_prob",
        "Large scales are clamped: a component may be much wider than [-1, 1].",
        ((SCALES, "inv_scales = torch.exp(-log_scales.clamp(max=5))"),),
    ),
    Misconception(
        "mixture-wide-cancellation",
        "discretized_logistic_mixture_log_prob",
        "For a wide component exp(b - a) is nearly 1, and the subtraction 1 - exp(b - a) loses all digits.",
        (
            (
                "torch.log(-torch.expm1(-2 * half_bin * inv_scales))",
                "torch.log(1 - torch.exp(-2 * half_bin * inv_scales))",
            ),
        ),
    ),
    Misconception(
        "mixture-normal",
        "discretized_logistic_mixture_log_prob",
        "This is the distribution function of a normal distribution; the logistic one is a sigmoid.",
        (
            (
                MASS,
                "log_mass = (torch.special.ndtr(upper) - torch.special.ndtr(lower)).clamp(min=1e-300).log()",
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "masks-by-raster-index-and-unfolded-convolution",
        (
            (
                "    mask = torch.zeros(kernel_size, kernel_size)\n"
                "    mask[:centre] = 1\n"
                "    mask[centre, :centre] = 1\n"
                '    mask[centre, centre] = 1 if kind == "B" else 0\n'
                "    return mask\n",
                "    order = torch.arange(kernel_size**2).reshape(kernel_size, kernel_size)\n"
                '    last = order[centre, centre] - int(kind == "A")\n'
                "    return (order <= last).to(torch.get_default_dtype())\n",
            ),
            (
                CONV,
                "patches = F.unfold(x, self.kernel_size, padding=self.padding)\n"
                "        kernel = (self.weight * mask).flatten(1)\n"
                '        out = torch.einsum("op,bpn->bon", kernel, patches) + self.bias[:, None]\n'
                "        return out.unflatten(2, x.shape[2:])",
            ),
        ),
    ),
    Alternative(
        "distributions-and-searchsorted",
        (
            (
                NATS,
                "levels = torch.distributions.Categorical(logits=self(x, y).movedim(1, -1), validate_args=False)\n"
                "        nats = -levels.log_prob(x)",
            ),
            (
                f"{CDF}\n    {CLASSES}",
                "cdf = torch.log_softmax(logits, dim=1).exp().cumsum(dim=1)\n"
                "    classes = torch.searchsorted(cdf, u[:, None], right=True)[:, 0]",
            ),
            (
                SCALED,
                "h = (x.unsqueeze(1).to(self.out.weight) / (self.levels - 1) - 0.5).mul(2)",
            ),
            (BIAS, "h = (h.permute(2, 3, 0, 1) + self.class_bias[index][y]).permute(2, 3, 0, 1)"),
        ),
    ),
    Alternative(
        "sampling-pixel-by-pixel-number",
        (
            (
                LOOP,
                "        pixels, uniforms = x.flatten(1), u.flatten(1)\n"
                "        for n in range(num_rows * width, height * width):\n"
                "            logits = self(pixels.unflatten(1, (height, width)), y).flatten(2)[:, :, n]\n"
                "            drawn = sample_categorical(logits, uniforms[:, n])\n"
                "            pixels = torch.cat([pixels[:, :n], drawn[:, None], pixels[:, n + 1 :]], dim=1)\n"
                "        x = pixels.unflatten(1, (height, width))\n",
            ),
        ),
    ),
    Alternative(
        "mixture-hyperbolic-functions",
        (
            (
                MASS,
                "middle, half = (v - means) * inv_scales, half_bin * inv_scales\n"
                "    log_sinh = half + torch.log(-torch.expm1(-2 * half))\n"
                "    cosh = torch.stack([middle, -middle, half + 0 * middle, -half + 0 * middle])\n"
                "    log_mass = log_sinh - torch.logsumexp(cosh, dim=0) + 0 * log_width",
            ),
        ),
    ),
    Alternative(
        "mixture-loop-over-dimensions",
        (
            (
                TOTAL,
                "total = 0\n"
                "    for d in range(x.shape[1]):\n"
                "        joint = log_weights[:, d] + log_mass[:, d]\n"
                "        largest = joint.max(dim=1, keepdim=True).values.detach()\n"
                "        total = total + (largest + (joint - largest).exp().sum(dim=1, keepdim=True).log())[:, 0]\n"
                "    return total",
            ),
        ),
    ),
)
