"""Q9: what goes wrong in conditional GANs and pix2pix."""

from autograder.misconceptions import Alternative, Misconception

PHI = "phi = F.relu(self.features(x)).sum(dim=(2, 3))"
PROJECTION = "projection = (self.embedding(y) * phi).sum(dim=1)"
LOGIT = "return self.linear(phi).squeeze(1) + projection"
ENCODE = "skips.append(down(F.leaky_relu(skips[-1], 0.2)))"
INNERMOST = "g = innermost(F.relu(skips.pop()))"
DECODE = "g = up(F.relu(torch.cat([g, skips.pop()], dim=1)))"
RESULT = "return torch.tanh(g)"
UNET = (
    "        first, *others = self.down\n"
    "        skips = [first(x)]\n"
    "        for down in others:\n"
    "            skips.append(down(F.leaky_relu(skips[-1], 0.2)))\n"
    "        innermost, *others = self.up\n"
    "        g = innermost(F.relu(skips.pop()))\n"
    "        for up in others:\n"
    "            g = up(F.relu(torch.cat([g, skips.pop()], dim=1)))\n"
    "        return torch.tanh(g)\n"
)
ADVERSARIAL = "adversarial = F.softplus(-discriminator(source, fake)).mean()"
L1 = "return adversarial + weight * (fake - target).abs().mean()"
REAL = "real = F.softplus(-discriminator(source, target)).mean()"
GENERATED = "generated = F.softplus(discriminator(source, fake.detach())).mean()"
HALF = "return 0.5 * (real + generated)"

MISCONCEPTIONS = (
    Misconception(
        "projection-mean-pool",
        "ProjectionDiscriminator.forward",
        "The features are averaged over the positions. The projection discriminator adds them up.",
        ((PHI, "phi = F.relu(self.features(x)).mean(dim=(2, 3))"),),
    ),
    Misconception(
        "projection-sigmoid-in-evaluation",
        "ProjectionDiscriminator.forward",
        "In evaluation mode probabilities are returned. A logit is asked for, whatever the mode.",
        (
            (
                LOGIT,
                "logit = self.linear(phi).squeeze(1) + projection\n"
                "        return logit if self.training else logit.sigmoid()",
            ),
        ),
    ),
    Misconception(
        "projection-no-relu",
        "ProjectionDiscriminator.forward",
        "The features are added up without the relu before it: negative ones must not count.",
        ((PHI, "phi = self.features(x).sum(dim=(2, 3))"),),
    ),
    Misconception(
        "projection-relu-after-sum",
        "ProjectionDiscriminator.forward",
        "The relu comes after the sum over positions. It acts on the features of each position.",
        ((PHI, "phi = F.relu(self.features(x).sum(dim=(2, 3)))"),),
    ),
    Misconception(
        "projection-label-ignored",
        "ProjectionDiscriminator.forward",
        "The label has no influence: this is psi(phi(x)) alone, the logit of an unconditional "
        "discriminator.",
        ((LOGIT, "return self.linear(phi).squeeze(1)"),),
    ),
    Misconception(
        "projection-no-unconditional-part",
        "ProjectionDiscriminator.forward",
        "Only the inner product is left. Whether x looks real at all, whatever its class, is judged by "
        "psi(phi(x)), which must be added.",
        ((LOGIT, "return projection"),),
    ),
    Misconception(
        "projection-mean-over-features",
        "ProjectionDiscriminator.forward",
        "The products are averaged over the features. An inner product is their sum.",
        ((PROJECTION, "projection = (self.embedding(y) * phi).mean(dim=1)"),),
    ),
    Misconception(
        "projection-sum-over-batch",
        "ProjectionDiscriminator.forward",
        "The inner product is summed over the batch: examples are mixed with each other. Sum over the "
        "features of each example.",
        ((PROJECTION, "projection = (self.embedding(y) * phi).sum(dim=0)"),),
    ),
    Misconception(
        "projection-every-pair",
        "ProjectionDiscriminator.forward",
        "Every image meets every label of the batch: the result is (B, B). Image b belongs to label b "
        "only.",
        ((PROJECTION, "projection = phi @ self.embedding(y).T"),),
    ),
    Misconception(
        "projection-kept-dimension",
        "ProjectionDiscriminator.forward",
        "The linear layer gives (B, 1) and the inner product (B,): their sum is (B, B). Bring both to "
        "(B,) before adding.",
        ((LOGIT, "return self.linear(phi) + projection"),),
    ),
    Misconception(
        "projection-label-vector-judged",
        "ProjectionDiscriminator.forward",
        "The class vector is added to the features before the linear layer. Then it shifts all images "
        "of a class alike, and cannot tell which of them fit the class: take the inner product with "
        "phi(x).",
        ((LOGIT, "return self.linear(phi + self.embedding(y)).squeeze(1)"),),
    ),
    Misconception(
        "projection-cosine",
        "ProjectionDiscriminator.forward",
        "The class vector and the features are scaled to length 1. Their lengths matter: the term is a "
        "log-ratio, not an angle.",
        ((PROJECTION, "projection = F.cosine_similarity(self.embedding(y), phi, dim=1)"),),
    ),
    Misconception(
        "projection-probability",
        "ProjectionDiscriminator.forward",
        "A sigmoid is applied. The result is a logit; the loss applies the sigmoid itself.",
        ((LOGIT, "return torch.sigmoid(self.linear(phi).squeeze(1) + projection)"),),
    ),
    Misconception(
        "unet-skip-first",
        "UNetGenerator.forward",
        "The skip connection comes first in the concatenation. Both orders work as a network, but the "
        "weights belong to one: the decoder's features come first.",
        ((DECODE, "g = up(F.relu(torch.cat([skips.pop(), g], dim=1)))"),),
    ),
    Misconception(
        "unet-no-skip",
        "UNetGenerator.forward",
        "The skip connections carry nothing: the decoder's features are concatenated with themselves. "
        "All detail has to pass the bottleneck.",
        ((DECODE, "g = up(F.relu(torch.cat([g, g], dim=1)))"),),
    ),
    Misconception(
        "unet-skip-detached",
        "UNetGenerator.forward",
        "The skip connections are detached: the values are right, but the encoder learns nothing "
        "through them.",
        ((DECODE, "g = up(F.relu(torch.cat([g, skips.pop().detach()], dim=1)))"),),
    ),
    Misconception(
        "unet-skip-not-rectified",
        "UNetGenerator.forward",
        "The relu acts on the decoder's features only. Concatenate first: it acts on both.",
        ((DECODE, "g = up(torch.cat([F.relu(g), skips.pop()], dim=1))"),),
    ),
    Misconception(
        "unet-no-relu-in-decoder",
        "UNetGenerator.forward",
        "The decoder has no activation between its layers: it is linear up to the tanh.",
        (
            (INNERMOST, "g = innermost(skips.pop())"),
            (DECODE, "g = up(torch.cat([g, skips.pop()], dim=1))"),
        ),
    ),
    Misconception(
        "unet-leaky-decoder",
        "UNetGenerator.forward",
        "The decoder's activations are leaky too. Leaky ones belong to the encoder; the decoder's are "
        "plain.",
        (
            (INNERMOST, "g = innermost(F.leaky_relu(skips.pop(), 0.2))"),
            (DECODE, "g = up(F.leaky_relu(torch.cat([g, skips.pop()], dim=1), 0.2))"),
        ),
    ),
    Misconception(
        "unet-default-slope",
        "UNetGenerator.forward",
        "The slope of leaky_relu is 0.01, torch's default. GANs use a larger one; the docstring says "
        "which.",
        ((ENCODE, "skips.append(down(F.leaky_relu(skips[-1])))"),),
    ),
    Misconception(
        "unet-relu-encoder",
        "UNetGenerator.forward",
        "The encoder's activations are not leaky: what is negative is lost on the way down.",
        ((ENCODE, "skips.append(down(F.relu(skips[-1])))"),),
    ),
    Misconception(
        "unet-source-rectified",
        "UNetGenerator.forward",
        "An activation is applied to the source image. The first convolution takes it as it is: half "
        "of its values are negative.",
        (("skips = [first(x)]", "skips = [first(F.leaky_relu(x, 0.2))]"),),
    ),
    Misconception(
        "unet-no-tanh",
        "UNetGenerator.forward",
        "The result is not limited to (-1, 1): the last activation is missing.",
        ((RESULT, "return g"),),
    ),
    Misconception(
        "unet-sigmoid",
        "UNetGenerator.forward",
        "The result is limited to (0, 1). Images have values in [-1, 1].",
        ((RESULT, "return torch.sigmoid(g)"),),
    ),
    Misconception(
        "generator-minimax",
        "pix2pix_generator_loss",
        "This is the minimax loss, log(1 - sigmoid(D)). Its gradient vanishes where the discriminator "
        "is sure, which is where a generator begins: use the non-saturating loss.",
        ((ADVERSARIAL, "adversarial = -F.softplus(discriminator(source, fake)).mean()"),),
    ),
    Misconception(
        "generator-wrong-label",
        "pix2pix_generator_loss",
        "The generated images have the label 0 (fake), as for the discriminator. The generator wants "
        "them to be taken for real.",
        ((ADVERSARIAL, "adversarial = F.softplus(discriminator(source, fake)).mean()"),),
    ),
    Misconception(
        "generator-mean-of-logits",
        "pix2pix_generator_loss",
        "The logits are averaged before the loss. Every patch is judged by itself: average the losses, "
        "or one convincing patch makes up for all the others.",
        ((ADVERSARIAL, "adversarial = F.softplus(-discriminator(source, fake).mean())"),),
    ),
    Misconception(
        "generator-sum-over-patches",
        "pix2pix_generator_loss",
        "The losses are added up over the patches of an image. Both terms are means over everything; "
        "else lambda means something else for every image size.",
        (
            (
                ADVERSARIAL,
                "adversarial = F.softplus(-discriminator(source, fake)).sum(dim=(1, 2, 3)).mean()",
            ),
        ),
    ),
    Misconception(
        "generator-sum-over-pixels",
        "pix2pix_generator_loss",
        "The absolute differences are added up over each image. Both terms are means over everything; "
        "else lambda means something else for every image size.",
        ((L1, "return adversarial + weight * (fake - target).abs().flatten(1).sum(dim=1).mean()"),),
    ),
    Misconception(
        "generator-squared-error",
        "pix2pix_generator_loss",
        "The difference is squared. The L2 loss blurs more than L1: the best answer is the mean of all "
        "possible ones, not the median.",
        ((L1, "return adversarial + weight * (fake - target).square().mean()"),),
    ),
    Misconception(
        "generator-distance-to-source",
        "pix2pix_generator_loss",
        "The result is compared to the source image. It must be close to the target.",
        ((L1, "return adversarial + weight * (fake - source).abs().mean()"),),
    ),
    Misconception(
        "generator-weight-on-adversarial",
        "pix2pix_generator_loss",
        "lambda multiplies the adversarial term; it belongs to the L1 term.",
        ((L1, "return weight * adversarial + (fake - target).abs().mean()"),),
    ),
    Misconception(
        "generator-pair-swapped",
        "pix2pix_generator_loss",
        "The discriminator gets the result as source and the source as result. The order is (source, "
        "image).",
        ((ADVERSARIAL, "adversarial = F.softplus(-discriminator(fake, source)).mean()"),),
    ),
    Misconception(
        "generator-conditioned-on-target",
        "pix2pix_generator_loss",
        "The discriminator is conditioned on the target. It must see the source: the question that the "
        "generator was asked.",
        ((ADVERSARIAL, "adversarial = F.softplus(-discriminator(target, fake)).mean()"),),
    ),
    Misconception(
        "generator-detached",
        "pix2pix_generator_loss",
        "The generated images are detached before the discriminator: its opinion never reaches the "
        "generator, which learns from the L1 term only.",
        ((ADVERSARIAL, "adversarial = F.softplus(-discriminator(source, fake.detach())).mean()"),),
    ),
    Misconception(
        "generator-epsilon",
        "pix2pix_generator_loss",
        "An epsilon inside the logarithm caps the loss and kills its gradient exactly where the "
        "discriminator is sure. Work with the logits: log sigmoid has a stable form.",
        (
            (
                ADVERSARIAL,
                "adversarial = -torch.log(torch.sigmoid(discriminator(source, fake)) + 1e-8).mean()",
            ),
        ),
    ),
    Misconception(
        "patches-fake-not-detached",
        "patch_discriminator_loss",
        "The gradient of the discriminator's loss flows into the generated images, and on into the "
        "generator, which would learn to be found out: detach them.",
        ((GENERATED, "generated = F.softplus(discriminator(source, fake)).mean()"),),
    ),
    Misconception(
        "patches-logits-detached",
        "patch_discriminator_loss",
        "The logits of the generated images are detached: the discriminator learns nothing from them. "
        "It is the images that must be detached.",
        ((GENERATED, "generated = F.softplus(discriminator(source, fake).detach()).mean()"),),
    ),
    Misconception(
        "patches-no-half",
        "patch_discriminator_loss",
        "The two terms are added. pix2pix takes half of their sum, which slows the discriminator down.",
        ((HALF, "return real + generated"),),
    ),
    Misconception(
        "patches-labels-swapped",
        "patch_discriminator_loss",
        "The labels are swapped: this discriminator learns to give large logits to generated images.",
        (
            (REAL, "real = F.softplus(discriminator(source, target)).mean()"),
            (GENERATED, "generated = F.softplus(-discriminator(source, fake.detach())).mean()"),
        ),
    ),
    Misconception(
        "patches-generated-called-real",
        "patch_discriminator_loss",
        "Generated images are labelled as real too. In the discriminator's loss their label is 0.",
        ((GENERATED, "generated = F.softplus(-discriminator(source, fake.detach())).mean()"),),
    ),
    Misconception(
        "patches-mean-of-logits",
        "patch_discriminator_loss",
        "The logits are averaged before the loss. Every patch is classified by itself: average the "
        "losses.",
        (
            (REAL, "real = F.softplus(-discriminator(source, target).mean())"),
            (GENERATED, "generated = F.softplus(discriminator(source, fake.detach()).mean())"),
        ),
    ),
    Misconception(
        "patches-source-as-real",
        "patch_discriminator_loss",
        "The real example is the source image itself. The real pair is (source, target).",
        ((REAL, "real = F.softplus(-discriminator(source, source)).mean()"),),
    ),
    Misconception(
        "patches-backward-inside",
        "patch_discriminator_loss",
        "The loss is differentiated in here already, so that its gradient counts twice when the caller "
        "calls `backward`. Return the loss and leave the rest to the training loop.",
        ((HALF, "(0.5 * (real + generated)).backward(retain_graph=True)\n    " + HALF),),
    ),
    Misconception(
        "patches-pair-swapped",
        "patch_discriminator_loss",
        "The discriminator gets the images in the wrong order. The order is (source, image).",
        (
            (REAL, "real = F.softplus(-discriminator(target, source)).mean()"),
            (GENERATED, "generated = F.softplus(discriminator(fake.detach(), source)).mean()"),
        ),
    ),
    Misconception(
        "patches-fake-conditioned-on-target",
        "patch_discriminator_loss",
        "The generated image is paired with the target. Real and generated pairs have the same source.",
        ((GENERATED, "generated = F.softplus(discriminator(target, fake.detach())).mean()"),),
    ),
    Misconception(
        "patches-epsilon",
        "patch_discriminator_loss",
        "An epsilon inside the logarithm caps the loss where the discriminator is badly wrong, and "
        "there is no gradient there any more. Work with the logits: log sigmoid has a stable form.",
        (
            (
                REAL,
                "real = -torch.log(torch.sigmoid(discriminator(source, target)) + 1e-8).mean()",
            ),
            (
                GENERATED,
                "generated = -torch.log(1 - torch.sigmoid(discriminator(source, fake.detach())) + 1e-8).mean()",
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "conditional-einsum-and-cross-entropy",
        (
            (PHI, 'phi = torch.einsum("bzhw->bz", self.features(x).clamp(min=0))'),
            (
                PROJECTION,
                "labels = F.one_hot(y, self.embedding.num_embeddings).to(phi.dtype)\n"
                '        projection = torch.einsum("bk,kz,bz->b", labels, self.embedding.weight, phi)',
            ),
            (LOGIT, "return phi @ self.linear.weight[0] + self.linear.bias + projection"),
            (
                ADVERSARIAL,
                "logits = discriminator(source, fake)\n"
                "    adversarial = F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))",
            ),
            (L1, "return adversarial + weight * F.l1_loss(fake, target)"),
            (REAL, "real = -F.logsigmoid(discriminator(source, target)).mean()"),
            (GENERATED, "generated = -F.logsigmoid(-discriminator(source, fake.detach())).mean()"),
        ),
    ),
    Alternative(
        "conditional-recursion",
        (
            (
                UNET,
                "        def level(h: Tensor, index: int) -> Tensor:\n"
                "            up = self.up[len(self.up) - 1 - index]\n"
                "            if index == len(self.down) - 1:\n"
                "                return up(h.relu())\n"
                "            inner = level(self.down[index + 1](F.leaky_relu(h, 0.2)), index + 1)\n"
                "            return up(torch.cat((inner.relu(), h.relu()), 1))\n"
                "        return level(self.down[0](x), 0).tanh()\n",
            ),
        ),
    ),
    Alternative(
        "conditional-activations-stored",
        (
            # A leaky_relu in place changes the skips, which the decoder's relu makes up for.
            (ENCODE, "skips.append(down(F.leaky_relu(skips[-1], 0.2, inplace=True)))"),
            # Real and generated images in one batch.
            (
                REAL,
                "logits = discriminator(\n"
                "        torch.cat([source, source]), torch.cat([target, fake.detach()])\n"
                "    )\n"
                "    is_real = (torch.arange(len(logits), device=logits.device) < len(source)).to(logits.dtype)\n"
                "    is_real = is_real.view(-1, 1, 1, 1).expand_as(logits)",
            ),
            (GENERATED, "real = generated = F.binary_cross_entropy_with_logits(logits, is_real)"),
        ),
    ),
)
