"""Q9: what goes wrong in the networks of a diffusion model."""

from autograder.misconceptions import Alternative, Misconception

OMEGA = "omega = torch.exp(-math.log(max_period) * i / half)"
DTYPE = "dtype = t.dtype if t.is_floating_point() else torch.get_default_dtype()"
JOINED = "torch.cat([angles.cos(), angles.sin()], dim=-1)"
EMBEDDING = (
    "half = dim // 2\n"
    "    i = torch.arange(half, device=t.device, dtype=dtype)\n"
    "    omega = torch.exp(-math.log(max_period) * i / half)\n"
    "    angles = t[:, None].to(dtype) * omega\n"
    "    return torch.cat([angles.cos(), angles.sin()], dim=-1)"
)
CONV1 = "h = self.conv1(F.silu(self.norm1(x)))"
FILM = "scale, shift = self.film(F.silu(emb))[:, :, None, None].chunk(2, dim=1)"
MODULATED = "h = (1 + scale) * self.norm2(h) + shift"
CONV2 = "return self.skip(x) + self.conv2(F.silu(h))"
SPLIT = "maps.flatten(2).unflatten(1, (self.heads, -1))  # (B, heads, d, L)"
SCORES = "scores = query.transpose(-2, -1) @ key / math.sqrt(query.shape[2])"
HEADS = "heads = value @ scores.softmax(dim=-1).transpose(-2, -1)"
ATTENDED = "return x + self.out(heads.reshape(x.shape))"
MODULATION = "modulation = self.modulation(F.silu(emb))[:, None]"
ORDER = "shift1, scale1, gate1, shift2, scale2, gate2 = modulation"
BRANCH1 = "h = x + gate1 * self.attention((1 + scale1) * self.norm1(x) + shift1)"
BRANCH2 = "return h + gate2 * self.mlp((1 + scale2) * self.norm2(h) + shift2)"
EMB = "emb = self.embed(self.embedding(t, self.emb_dim))"
DOWN = "h = block(h, emb)\n            skips.append(h)\n"
MIDDLE = "h = self.middle2(self.middle_attention(self.middle1(h, emb)), emb)"
JOIN = "h = self.up[level](torch.cat([h, skips[level]], dim=1), emb)"
UNET_OUT = "return self.out(F.silu(self.norm(h)))"

MISCONCEPTIONS = (
    Misconception(
        "time-embedding-sines-first",
        "time_embedding",
        "The sines come first. Both orders are in use; here the cosines come first.",
        ((JOINED, "torch.cat([angles.sin(), angles.cos()], dim=-1)"),),
    ),
    Misconception(
        "time-embedding-interleaved",
        "time_embedding",
        "Cosines and sines alternate; all cosines come first, then all sines.",
        ((JOINED, "torch.stack([angles.cos(), angles.sin()], dim=-1).flatten(1)"),),
    ),
    Misconception(
        "time-embedding-half-minus-one",
        "time_embedding",
        "The exponent is divided by D/2 - 1, so that the last frequency is exactly 1 / max_period. "
        "Some programs do that; here it is D/2.",
        ((OMEGA, "omega = torch.exp(-math.log(max_period) * i / max(half - 1, 1))"),),
    ),
    Misconception(
        "time-embedding-dim",
        "time_embedding",
        "The exponent is divided by D instead of D/2: the frequencies cover only half of the range, on "
        "a logarithmic scale.",
        ((OMEGA, "omega = torch.exp(-math.log(max_period) * i / dim)"),),
    ),
    Misconception(
        "time-embedding-double-exponent",
        "time_embedding",
        "The exponent is twice too large. In -2i / D the 2 is already there.",
        ((OMEGA, "omega = torch.exp(-2 * math.log(max_period) * i / half)"),),
    ),
    Misconception(
        "time-embedding-exponent-sign",
        "time_embedding",
        "The frequencies grow up to max_period instead of falling: the sign of the exponent is wrong.",
        ((OMEGA, "omega = torch.exp(math.log(max_period) * i / half)"),),
    ),
    Misconception(
        "time-embedding-from-one",
        "time_embedding",
        "The index starts at 1, so the first frequency is not 1.",
        (("torch.arange(half, ", "torch.arange(1, half + 1, "),),
    ),
    Misconception(
        "time-embedding-cycles",
        "time_embedding",
        "There is a factor 2 pi: the frequencies are given in radians per step, not in cycles.",
        ((OMEGA, "omega = 2 * math.pi * torch.exp(-math.log(max_period) * i / half)"),),
    ),
    Misconception(
        "time-embedding-fixed-period",
        "time_embedding",
        "The argument max_period is ignored.",
        ((OMEGA, "omega = torch.exp(-math.log(10000.0) * i / half)"),),
    ),
    Misconception(
        "time-embedding-remembers-period",
        "time_embedding",
        "The frequencies are remembered by the number of features. Another max_period with as many features then "
        "gets the frequencies of the first one.",
        (
            (
                OMEGA,
                OMEGA.replace("torch.exp", "KNOWN.setdefault((dim, dtype, t.device), torch.exp")
                + ")",
            ),
            ("def time_embedding", "KNOWN: dict = {}\n\n\ndef time_embedding"),
        ),
    ),
    Misconception(
        "time-embedding-whole-steps",
        "time_embedding",
        "Fractions of a step are cut off. Continuous-time models pass times such as 3.7.",
        (("t[:, None].to(dtype) * omega", "t[:, None].long().to(dtype) * omega"),),
    ),
    Misconception(
        "time-embedding-default-dtype",
        "time_embedding",
        "The result is in torch's default dtype also where the times have a floating-point dtype "
        "of their own; it follows theirs.",
        ((DTYPE, "dtype = torch.get_default_dtype()"),),
    ),
    Misconception(
        "residual-block-no-skip",
        "ResidualBlock.forward",
        "The input is not added to the result.",
        ((CONV2, "return self.conv2(F.silu(h))"),),
    ),
    Misconception(
        "residual-block-no-one-plus",
        "ResidualBlock.forward",
        "The features are multiplied by scale, not by 1 + scale; small weights would then switch the "
        "branch off.",
        ((MODULATED, "h = scale * self.norm2(h) + shift"),),
    ),
    Misconception(
        "residual-block-shift-first",
        "ResidualBlock.forward",
        "Scale and shift are exchanged: the first half of the features is the scale.",
        ((FILM, FILM.replace("scale, shift", "shift, scale")),),
    ),
    Misconception(
        "residual-block-film-before-norm",
        "ResidualBlock.forward",
        "Scale and shift are applied before the normalisation, which takes out a good part of them.",
        ((MODULATED, "h = self.norm2((1 + scale) * h + shift)"),),
    ),
    Misconception(
        "residual-block-only-shift",
        "ResidualBlock.forward",
        "The time is only added, as in the first DDPM network; the scale is not used.",
        ((MODULATED, "h = self.norm2(h) + shift"),),
    ),
    Misconception(
        "residual-block-embedding-not-activated",
        "ResidualBlock.forward",
        "The embedding goes into `film` without its SiLU.",
        ((FILM, FILM.replace("F.silu(emb)", "emb")),),
    ),
    Misconception(
        "residual-block-post-activation",
        "ResidualBlock.forward",
        "The first convolution comes before normalisation and activation, as in the original ResNet.",
        ((CONV1, "h = self.conv1(self.norm1(F.silu(x)))"),),
    ),
    Misconception(
        "residual-block-no-second-activation",
        "ResidualBlock.forward",
        "The SiLU before the second convolution is missing.",
        ((CONV2, "return self.skip(x) + self.conv2(h)"),),
    ),
    Misconception(
        "residual-block-skip-of-normalised",
        "ResidualBlock.forward",
        "The skip carries the normalised input. It must carry x itself, so that nothing is lost.",
        ((CONV2, "return self.skip(self.norm1(x)) + self.conv2(F.silu(h))"),),
    ),
    Misconception(
        "attention-block-not-scaled",
        "AttentionBlock.forward",
        "The scores are not divided by the square root of the features per head.",
        ((SCORES, "scores = query.transpose(-2, -1) @ key"),),
    ),
    Misconception(
        "attention-block-scaled-by-channels",
        "AttentionBlock.forward",
        "The scores are divided by sqrt(C). With several heads, each has only C / heads features.",
        ((SCORES, SCORES.replace("query.shape[2]", "x.shape[1]")),),
    ),
    Misconception(
        "attention-block-softmax-over-queries",
        "AttentionBlock.forward",
        "The softmax runs over the queries: the weights with which one pixel averages do not sum to 1.",
        (("scores.softmax(dim=-1)", "scores.softmax(dim=-2)"),),
    ),
    Misconception(
        "attention-block-weights-transposed",
        "AttentionBlock.forward",
        "The weights are used the wrong way round: a pixel gets what others look at in it, instead of "
        "what it looks at.",
        ((".softmax(dim=-1).transpose(-2, -1)", ".softmax(dim=-1)"),),
    ),
    Misconception(
        "attention-block-no-residual",
        "AttentionBlock.forward",
        "The input is not added to the result.",
        ((ATTENDED, "return self.out(heads.reshape(x.shape))"),),
    ),
    Misconception(
        "attention-block-residual-of-normalised",
        "AttentionBlock.forward",
        "The normalised input is added; the residual connection carries x itself.",
        ((ATTENDED, "return self.norm(x) + self.out(heads.reshape(x.shape))"),),
    ),
    Misconception(
        "attention-block-not-normalised",
        "AttentionBlock.forward",
        "The normalisation before the projections is missing.",
        (("in self.qkv(self.norm(x))", "in self.qkv(x)"),),
    ),
    Misconception(
        "attention-block-heads-interleaved",
        "AttentionBlock.forward",
        "The channels are dealt out to the heads in turn. Each head gets neighbouring channels.",
        ((SPLIT, "maps.flatten(2).unflatten(1, (-1, self.heads)).transpose(1, 2)"),),
    ),
    Misconception(
        "attention-block-scrambled",
        "AttentionBlock.forward",
        "(B, C, H, W) is reshaped to pixels and channels without moving the channels last, so that one "
        "vector mixes pixels. `reshape` does not move dimensions.",
        (
            (
                SPLIT,
                "maps.reshape(len(x), -1, self.heads, x.shape[1] // self.heads).permute(0, 2, 3, 1)",
            ),
        ),
    ),
    Misconception(
        "attention-block-one-head",
        "AttentionBlock.forward",
        "There is one softmax over all channels; each head has its own.",
        ((SPLIT, "maps.flatten(2).unflatten(1, (1, -1))"),),
    ),
    Misconception(
        "dit-block-scale-first",
        "DiTBlock.forward",
        "The order of the six vectors is shift, scale, gate; scale and shift are exchanged.",
        ((ORDER, "scale1, shift1, gate1, scale2, shift2, gate2 = modulation"),),
    ),
    Misconception(
        "dit-block-interleaved",
        "DiTBlock.forward",
        "The six vectors are taken in pairs (both shifts, both scales, both gates); the first three "
        "belong to the attention, the last three to the MLP.",
        ((ORDER, "shift1, shift2, scale1, scale2, gate1, gate2 = modulation"),),
    ),
    Misconception(
        "dit-block-branches-exchanged",
        "DiTBlock.forward",
        "The first three vectors are used for the MLP; they belong to the attention.",
        ((ORDER, "shift2, scale2, gate2, shift1, scale1, gate1 = modulation"),),
    ),
    Misconception(
        "dit-block-no-one-plus",
        "DiTBlock.forward",
        "The tokens are multiplied by scale, not by 1 + scale: with zero modulation nothing enters the "
        "branches.",
        (
            (BRANCH1, BRANCH1.replace("(1 + scale1)", "scale1")),
            (BRANCH2, BRANCH2.replace("(1 + scale2)", "scale2")),
        ),
    ),
    Misconception(
        "dit-block-one-plus-gate",
        "DiTBlock.forward",
        "The gates enter as 1 + gate. Then a new block is not the identity: gates are to start closed.",
        (
            (BRANCH1, BRANCH1.replace("gate1 *", "(1 + gate1) *")),
            (BRANCH2, BRANCH2.replace("gate2 *", "(1 + gate2) *")),
        ),
    ),
    Misconception(
        "dit-block-no-gates",
        "DiTBlock.forward",
        "The gates are not used.",
        (
            (BRANCH1, BRANCH1.replace("gate1 * ", "")),
            (BRANCH2, BRANCH2.replace("gate2 * ", "")),
        ),
    ),
    Misconception(
        "dit-block-parallel",
        "DiTBlock.forward",
        "The MLP sees the block's input; it must see what the attention has added to it.",
        ((BRANCH2, BRANCH2.replace("self.norm2(h)", "self.norm2(x)")),),
    ),
    Misconception(
        "dit-block-attention-lost",
        "DiTBlock.forward",
        "The second residual connection starts from x, so that the attention's output reaches the "
        "result only through the MLP.",
        ((BRANCH2, BRANCH2.replace("return h +", "return x +")),),
    ),
    Misconception(
        "dit-block-embedding-not-activated",
        "DiTBlock.forward",
        "The embedding goes into `modulation` without its SiLU.",
        ((MODULATION, MODULATION.replace("F.silu(emb)", "emb")),),
    ),
    Misconception(
        "dit-block-modulated-per-token",
        "DiTBlock.forward",
        "(B, D) was broadcast against (B, L, D) without a dimension for the tokens, so that the batch's "
        "modulations are spread over the tokens.",
        ((MODULATION, "modulation = self.modulation(F.silu(emb))"),),
    ),
    Misconception(
        "unet-skip-first",
        "UNet.forward",
        "The skip's channels come first in the join; those of h come first.",
        ((JOIN, JOIN.replace("[h, skips[level]]", "[skips[level], h]")),),
    ),
    Misconception(
        "unet-skip-before-block",
        "UNet.forward",
        "The skip keeps what goes into a level's block; it is to keep what comes out.",
        ((DOWN, "skips.append(h)\n            h = block(h, emb)\n"),),
    ),
    Misconception(
        "unet-no-skip",
        "UNet.forward",
        "The skips are not used: h is joined with itself.",
        ((JOIN, JOIN.replace("[h, skips[level]]", "[h, h]")),),
    ),
    Misconception(
        "unet-skip-detached",
        "UNet.forward",
        "The skips are detached: values are right, but no gradient flows back through them.",
        (("skips.append(h)", "skips.append(h.detach())"),),
    ),
    Misconception(
        "unet-middle-attention-missing",
        "UNet.forward",
        "The attention in the middle is left out.",
        ((MIDDLE, "h = self.middle2(self.middle1(h, emb), emb)"),),
    ),
    Misconception(
        "unet-middle-attention-first",
        "UNet.forward",
        "The attention comes before the two blocks of the middle; it stands between them.",
        ((MIDDLE, "h = self.middle2(self.middle1(self.middle_attention(h), emb), emb)"),),
    ),
    Misconception(
        "unet-raw-embedding",
        "UNet.forward",
        "The blocks get the raw embedding of the time; it has to go through `self.embed` first.",
        ((EMB, "emb = self.embedding(t, self.emb_dim)"),),
    ),
    Misconception(
        "unet-head-not-normalised",
        "UNet.forward",
        "The normalisation before the last convolution is missing.",
        ((UNET_OUT, "return self.out(F.silu(h))"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "powers-and-library-attention",
        (
            (
                EMBEDDING,
                "k = torch.arange(dim, device=t.device)\n"
                "    omega = float(max_period) ** (-2.0 * (k % (dim // 2)).to(dtype) / dim)\n"
                "    angles = torch.outer(t.to(dtype), omega)\n"
                "    return torch.where(k < dim // 2, torch.cos(angles), torch.sin(angles))",
            ),
            (
                FILM + "\n        " + MODULATED,
                "film = self.film(emb * torch.sigmoid(emb))\n"
                "        scale = film[:, : h.shape[1]].view(*h.shape[:2], 1, 1)\n"
                "        shift = film[:, h.shape[1] :].view(*h.shape[:2], 1, 1)\n"
                "        h = self.norm2(h)\n"
                "        h = h + scale * h + shift",
            ),
            (
                SCORES + "\n        " + HEADS,
                "heads = F.scaled_dot_product_attention(query.mT, key.mT, value.mT).mT",
            ),
            (
                ORDER + ".chunk(6, dim=-1)",
                "modulation = modulation.squeeze(1).view(len(x), 6, 1, -1)\n"
                "        shift1, scale1, gate1, shift2, scale2, gate2 = modulation.unbind(1)",
            ),
            (
                "for level in reversed(range(len(self.up))):\n            " + JOIN,
                "for level in range(len(self.up) - 1, -1, -1):\n"
                "            h = self.up[level](torch.hstack((h, skips.pop())), emb)",
            ),
        ),
    ),
    Alternative(
        "einsum-and-recursion",
        (
            (
                EMBEDDING,
                "half = dim // 2\n"
                "    columns = [t.to(dtype) / max_period ** (i / half) for i in range(half)]\n"
                "    angles = torch.stack(columns, dim=1)\n"
                "    return torch.view_as_real(torch.polar(torch.ones_like(angles), angles)).mT.flatten(1)",
            ),
            (
                MODULATED,
                "h = torch.addcmul(shift, self.norm2(h), scale + 1)",
            ),
            (
                SCORES + "\n        " + HEADS,
                "scores = torch.einsum('bhdi,bhdj->bhij', query, key) * query.shape[2] ** -0.5\n"
                "        scores = (scores - scores.amax(-1, keepdim=True)).exp()\n"
                "        weights = scores / scores.sum(-1, keepdim=True)\n"
                "        heads = torch.einsum('bhij,bhdj->bhdi', weights, value)",
            ),
            (
                MODULATION + "\n        " + ORDER + ".chunk(6, dim=-1)",
                "modulation = self.modulation(F.silu(emb)).unsqueeze(1).expand(-1, x.shape[1], -1)\n"
                "        shift1, scale1, gate1, shift2, scale2, gate2 = modulation.split(x.shape[2], dim=2)",
            ),
            (
                MIDDLE,
                "for layer in (self.middle1, self.middle_attention, self.middle2):\n"
                "            h = layer(h) if layer is self.middle_attention else layer(h, emb)",
            ),
        ),
    ),
)
