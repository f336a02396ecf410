"""Q5: what goes wrong in a VQ-VAE."""

from autograder.misconceptions import Alternative, Misconception

VECTORS = "vectors = z.movedim(1, -1).unsqueeze(-2)"
NEAREST = "return (vectors - codebook).square().sum(dim=-1).argmin(dim=-1)"
QUANTIZE = "codes = codebook[indices].movedim(-1, 1)\n    return z + (codes - z).detach()"
CODEBOOK_LOSS = "codebook_loss = (z.detach() - codes).square().sum(dim=1).mean()\n"
COMMITMENT_LOSS = "commitment_loss = (z - codes.detach()).square().sum(dim=1).mean()\n"
LOSS = "codes = codebook[indices].movedim(-1, 1)\n    " + CODEBOOK_LOSS + "    " + COMMITMENT_LOSS
FLAT = "vectors = z.detach().movedim(1, -1).flatten(0, 2)\n"
COUNTS = "counts = decay * counts + (1 - decay) * one_hot.sum(dim=0)\n"
SUMS = "sums = decay * sums + (1 - decay) * one_hot.T @ vectors\n"
SMOOTHED = "smoothed = total * (counts + eps) / (total + len(counts) * eps)\n"
UPDATED = "return counts, sums, sums / smoothed[:, None]"
PERPLEXITY = (
    "counts = F.one_hot(indices.flatten(), num_codes).sum(dim=0)\n"
    "    return torch.special.entr(counts / indices.numel()).sum().exp()"
)
ENTROPY = "torch.special.entr(counts / indices.numel()).sum().exp()"

MISCONCEPTIONS = (
    Misconception(
        "nearest-code-farthest",
        "nearest_code",
        "The code with the largest distance is chosen.",
        ((".argmin(dim=-1)", ".argmax(dim=-1)"),),
    ),
    Misconception(
        "nearest-code-inner-product",
        "nearest_code",
        "The code with the largest inner product is chosen. That favours long codes; the squared length "
        "of the code belongs to the distance.",
        ((NEAREST, "return (vectors * codebook).sum(dim=-1).argmax(dim=-1)"),),
    ),
    Misconception(
        "nearest-code-cosine",
        "nearest_code",
        "The code with the smallest angle is chosen; lengths matter too.",
        ((NEAREST, "return F.cosine_similarity(vectors, codebook, dim=-1).argmax(dim=-1)"),),
    ),
    Misconception(
        "nearest-code-manhattan",
        "nearest_code",
        "Absolute differences are added up; the distance is Euclidean.",
        (("(vectors - codebook).square()", "(vectors - codebook).abs()"),),
    ),
    Misconception(
        "nearest-code-cross-term",
        "nearest_code",
        "In ||z||^2 - 2 z.e + ||e||^2 the middle term lacks its factor 2.",
        ((NEAREST, "return (codebook.square() - vectors * codebook).sum(dim=-1).argmin(dim=-1)"),),
    ),
    Misconception(
        "nearest-code-cross-sign",
        "nearest_code",
        "In ||z||^2 - 2 z.e + ||e||^2 the sign of the middle term is wrong: this is the distance to "
        "the mirrored code.",
        (("(vectors - codebook)", "(vectors + codebook)"),),
    ),
    Misconception(
        "nearest-code-reshaped",
        "nearest_code",
        "The map is cut into pieces of Z numbers without moving the channels last, so that a piece mixes "
        "neighbouring positions of one channel. `reshape` does not move dimensions.",
        ((VECTORS, "vectors = z.reshape(z.shape[0], *z.shape[2:], z.shape[1]).unsqueeze(-2)"),),
    ),
    Misconception(
        "nearest-code-transposed",
        "nearest_code",
        "Rows and columns of the map are exchanged.",
        ((VECTORS, "vectors = z.permute(0, 3, 2, 1).unsqueeze(-2)"),),
    ),
    Misconception(
        "nearest-code-last-tie",
        "nearest_code",
        "Where several codes are equally near, the smallest index is asked for.",
        ((".argmin(dim=-1)", ".flip(-1).argmin(dim=-1).neg() + len(codebook) - 1"),),
    ),
    Misconception(
        "quantize-not-straight-through",
        "quantize",
        "The codes themselves are returned: no gradient reaches the encoder, and the codebook gets the "
        "decoder's. Let the backward pass see the identity in z.",
        ((QUANTIZE, "return codebook[indices].movedim(-1, 1)"),),
    ),
    Misconception(
        "quantize-everything-detached",
        "quantize",
        "The result is cut from the graph, so neither the encoder nor anything before it learns.",
        (("return z + (codes - z).detach()", "return codes.detach()"),),
    ),
    Misconception(
        "quantize-codebook-learns-too",
        "quantize",
        "The encoder gets its gradient, but the codebook gets the decoder's as well. The codes must be "
        "constants in the quantised output.",
        (("return z + (codes - z).detach()", "return codes + (z - z.detach())"),),
    ),
    Misconception(
        "quantize-gradient-sign",
        "quantize",
        "The wrong z is detached: the value is right, but the encoder gets the negative gradient.",
        (("return z + (codes - z).detach()", "return z.detach() + (codes.detach() - z)"),),
    ),
    Misconception(
        "quantize-difference-sign",
        "quantize",
        "The detached difference is the wrong way round: the value is 2 z - e instead of e.",
        (("z + (codes - z).detach()", "z + (z - codes).detach()"),),
    ),
    Misconception(
        "quantize-unchanged",
        "quantize",
        "The encoder's output comes out unchanged; the forward value must be the code.",
        (("z + (codes - z).detach()", "z + 0 * codes.detach()"),),
    ),
    Misconception(
        "quantize-reshaped",
        "quantize",
        "The looked-up codes have their channels last and are reshaped to (B, Z, H, W), which scrambles "
        "them. `reshape` does not move dimensions.",
        ((QUANTIZE, QUANTIZE.replace("movedim(-1, 1)", "reshape(z.shape)")),),
    ),
    Misconception(
        "quantize-double-gradient",
        "quantize",
        "The encoder gets the decoder's gradient twice: z occurs outside the detached part more than "
        "once.",
        (("z + (codes - z).detach()", "2 * z + (codes - 2 * z).detach()"),),
    ),
    Misconception(
        "vq-loss-detaches-swapped",
        "vq_loss",
        "The two terms are exchanged: what is called the codebook loss moves the encoder. Detach what "
        "the term is not to move.",
        (
            ("(z.detach() - codes).square()", "(z - codes.detach()).square()"),
            ("commitment_loss = (z - codes.detach())", "commitment_loss = (z.detach() - codes)"),
        ),
    ),
    Misconception(
        "vq-loss-no-detach",
        "vq_loss",
        "Nothing is detached, so both terms move both the encoder and the codes.",
        (
            ("(z.detach() - codes).square()", "(z - codes).square()"),
            ("commitment_loss = (z - codes.detach())", "commitment_loss = (z - codes)"),
        ),
    ),
    Misconception(
        "vq-loss-codebook-frozen",
        "vq_loss",
        "Both terms detach the codes; nothing moves the codebook.",
        (("(z.detach() - codes).square()", "(z - codes.detach()).square()"),),
    ),
    Misconception(
        "vq-loss-encoder-free",
        "vq_loss",
        "Both terms detach the encoder's output; nothing ties it to its codes.",
        (("commitment_loss = (z - codes.detach())", "commitment_loss = (z.detach() - codes)"),),
    ),
    Misconception(
        "vq-loss-beta-on-codebook",
        "vq_loss",
        "beta weights the codebook loss; it belongs to the commitment loss.",
        (("codebook_loss + beta * commitment_loss,", "beta * codebook_loss + commitment_loss,"),),
    ),
    Misconception(
        "vq-loss-without-beta",
        "vq_loss",
        "The commitment loss enters without its weight beta.",
        (("codebook_loss + beta * commitment_loss,", "codebook_loss + commitment_loss,"),),
    ),
    Misconception(
        "vq-loss-weighted-commitment",
        "vq_loss",
        "The commitment loss is returned with beta in it; it is asked for without.",
        (
            (
                "beta * commitment_loss, codebook_loss, commitment_loss",
                "beta * commitment_loss, codebook_loss, beta * commitment_loss",
            ),
        ),
    ),
    Misconception(
        "vq-loss-mean-over-dimensions",
        "vq_loss",
        "The squared differences are averaged over the Z dimensions too; a squared distance is their sum.",
        (
            (
                "(z.detach() - codes).square().sum(dim=1).mean()",
                "(z.detach() - codes).square().mean()",
            ),
            (
                "(z - codes.detach()).square().sum(dim=1).mean()",
                "(z - codes.detach()).square().mean()",
            ),
        ),
    ),
    Misconception(
        "vq-loss-sum-over-positions",
        "vq_loss",
        "The squared distances are summed over the positions; average over all vectors.",
        (
            (
                "(z.detach() - codes).square().sum(dim=1).mean()",
                "(z.detach() - codes).square().sum(dim=(1, 2, 3)).mean()",
            ),
            (
                "(z - codes.detach()).square().sum(dim=1).mean()",
                "(z - codes.detach()).square().sum(dim=(1, 2, 3)).mean()",
            ),
        ),
    ),
    Misconception(
        "vq-loss-distance-not-squared",
        "vq_loss",
        "The distances are not squared.",
        (
            (
                "(z.detach() - codes).square().sum(dim=1).mean()",
                "(z.detach() - codes).square().sum(dim=1).sqrt().mean()",
            ),
            (
                "(z - codes.detach()).square().sum(dim=1).mean()",
                "(z - codes.detach()).square().sum(dim=1).sqrt().mean()",
            ),
        ),
    ),
    Misconception(
        "vq-loss-of-straight-through",
        "vq_loss",
        "The terms are computed from the straight-through output, in which the codes are constants: the "
        "codebook never learns. Use the codes themselves.",
        (
            (
                LOSS,
                "codes = z + (codebook[indices].movedim(-1, 1) - z).detach()\n    "
                + CODEBOOK_LOSS
                + "    "
                + COMMITMENT_LOSS,
            ),
        ),
    ),
    Misconception(
        "vq-loss-reshaped",
        "vq_loss",
        "The looked-up codes have their channels last and are reshaped to (B, Z, H, W), which compares "
        "vectors with codes of other positions.",
        ((LOSS, LOSS.replace("movedim(-1, 1)", "reshape(z.shape)")),),
    ),
    Misconception(
        "ema-decay-swapped",
        "ema_update",
        "decay and 1 - decay are exchanged: with a decay near 1 the past must count most.",
        (
            (COUNTS, "counts = (1 - decay) * counts + decay * one_hot.sum(dim=0)\n"),
            (SUMS, "sums = (1 - decay) * sums + decay * one_hot.T @ vectors\n"),
        ),
    ),
    Misconception(
        "ema-sum-not-damped",
        "ema_update",
        "The new batch enters with weight one; a running average gives it 1 - decay.",
        (
            (COUNTS, "counts = decay * counts + one_hot.sum(dim=0)\n"),
            (SUMS, "sums = decay * sums + one_hot.T @ vectors\n"),
        ),
    ),
    Misconception(
        "ema-averages-means",
        "ema_update",
        "The running sum is fed with the mean of the vectors of each code. It needs their sum, which "
        "weights a batch by how often the code was chosen.",
        (
            (
                SUMS,
                "means = one_hot.T @ vectors / one_hot.sum(dim=0).clamp(min=1)[:, None]\n    sums = decay * sums + (1 - decay) * means\n",
            ),
        ),
    ),
    Misconception(
        "ema-used-codes-only",
        "ema_update",
        "Codes that were not chosen keep their count and sum; they must decay like the others.",
        (
            (
                COUNTS,
                "used = one_hot.sum(dim=0) > 0\n    counts = torch.where(used, decay * counts + (1 - decay) * one_hot.sum(dim=0), counts)\n",
            ),
            (
                SUMS,
                "sums = torch.where(used[:, None], decay * sums + (1 - decay) * one_hot.T @ vectors, sums)\n",
            ),
        ),
    ),
    Misconception(
        "ema-not-smoothed",
        "ema_update",
        "The counts are not smoothed: a code that was never chosen divides zero by zero.",
        ((SMOOTHED, "smoothed = counts\n"),),
    ),
    Misconception(
        "ema-plain-eps",
        "ema_update",
        "eps is added to the counts, but the total is not restored: all codes shrink a little.",
        ((SMOOTHED, "smoothed = counts + eps\n"),),
    ),
    Misconception(
        "ema-one-pseudo-count",
        "ema_update",
        "Every code gets eps, so the total grows by eps per code, not by eps.",
        (("(total + len(counts) * eps)", "(total + eps)"),),
    ),
    Misconception(
        "ema-divides-by-share",
        "ema_update",
        "The sums are divided by the share of each code instead of its count: the total is missing.",
        (("smoothed = total * (counts + eps)", "smoothed = (counts + eps)"),),
    ),
    Misconception(
        "ema-divides-by-batch-count",
        "ema_update",
        "The running sums are divided by the counts of this batch; divide by the running counts.",
        (
            (
                SMOOTHED,
                "counted = one_hot.sum(dim=0)\n    smoothed = counted.sum() * (counted + eps) / (counted.sum() + len(counts) * eps)\n",
            ),
        ),
    ),
    Misconception(
        "ema-returns-smoothed-counts",
        "ema_update",
        "The smoothed counts are returned, so that the smoothing piles up from step to step.",
        ((UPDATED, "return smoothed, sums, sums / smoothed[:, None]"),),
    ),
    Misconception(
        "ema-reshaped",
        "ema_update",
        "The map is cut into vectors without moving the channels last, so that a vector mixes positions.",
        ((FLAT, "vectors = z.detach().reshape(-1, z.shape[1])\n"),),
    ),
    Misconception(
        "ema-in-place",
        "ema_update",
        "The caller's counts and sums are changed in place; new tensors are asked for.",
        (
            (COUNTS, "counts.mul_(decay).add_((1 - decay) * one_hot.sum(dim=0))\n"),
            (SUMS, "sums.mul_(decay).add_((1 - decay) * one_hot.T @ vectors)\n"),
        ),
    ),
    Misconception(
        "ema-keeps-graph",
        "ema_update",
        "The codes hang on the encoder's graph: detach the vectors, or memory grows with every step.",
        ((FLAT, FLAT.replace("z.detach()", "z")),),
    ),
    Misconception(
        "perplexity-is-entropy",
        "perplexity",
        "This is the entropy; the perplexity is its exponential, a number of codes.",
        ((ENTROPY, "torch.special.entr(counts / indices.numel()).sum()"),),
    ),
    Misconception(
        "perplexity-bits",
        "perplexity",
        "An entropy in nats is the exponent of a power of 2: the bases must agree.",
        (("indices.numel()).sum().exp()", "indices.numel()).sum().exp2()"),),
    ),
    Misconception(
        "perplexity-exp-of-bits",
        "perplexity",
        "An entropy in bits (a logarithm to base 2) is the exponent of a power of e: the bases must agree.",
        (
            (
                ENTROPY,
                "(torch.special.entr(counts / indices.numel()).sum() / torch.tensor(2.0).log()).exp()",
            ),
        ),
    ),
    Misconception(
        "perplexity-counts-used",
        "perplexity",
        "This is the number of codes that occur at all; rare ones must count for less.",
        ((ENTROPY, "(counts > 0).sum().to(torch.get_default_dtype())"),),
    ),
    Misconception(
        "perplexity-nan",
        "perplexity",
        "A code that does not occur gives 0 log 0, which is not a number in floating point; its term is "
        "zero.",
        (
            (
                ENTROPY,
                "(-(counts / indices.numel()) * (counts / indices.numel()).log()).sum().exp()",
            ),
        ),
    ),
    Misconception(
        "perplexity-simpson",
        "perplexity",
        "This is one over the sum of squared shares: another effective number. Perplexity comes from the "
        "entropy.",
        ((ENTROPY, "1 / (counts / indices.numel()).square().sum()"),),
    ),
    Misconception(
        "perplexity-per-example",
        "perplexity",
        "The perplexity is computed per example and averaged; codes are counted over the whole batch.",
        (
            (
                PERPLEXITY,
                "counts = F.one_hot(indices.flatten(1), num_codes).sum(dim=1)\n"
                "    return torch.special.entr(counts / indices[0].numel()).sum(dim=1).exp().mean()",
            ),
        ),
    ),
    Misconception(
        "perplexity-share-of-codes",
        "perplexity",
        "The result is divided by the number of codes; a number between 1 and K is asked for.",
        ((ENTROPY, ENTROPY + " / num_codes"),),
    ),
    Misconception(
        "perplexity-sign",
        "perplexity",
        "A sign is lost: this is one over the perplexity.",
        ((ENTROPY, "torch.special.entr(counts / indices.numel()).sum().neg().exp()"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "flat-with-expanded-squares",
        (
            (
                VECTORS + "\n    " + NEAREST,
                "flat = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])\n"
                "    distance = (flat**2).sum(1, keepdim=True) - 2 * flat @ codebook.T + (codebook**2).sum(1)\n"
                "    return distance.min(dim=1).indices.view(z.shape[0], *z.shape[2:])",
            ),
            (
                QUANTIZE,
                "codes = F.embedding(indices, codebook).permute(0, 3, 1, 2)\n"
                "    return codes.detach() + z - z.detach()",
            ),
            (CODEBOOK_LOSS, "codebook_loss = z.shape[1] * F.mse_loss(codes, z.detach())\n"),
            (COMMITMENT_LOSS, "commitment_loss = z.shape[1] * F.mse_loss(z, codes.detach())\n"),
            (
                FLAT,
                "vectors = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1]).detach()\n",
            ),
            (COUNTS, "new = one_hot.sum(dim=0)\n    counts = torch.lerp(new, counts, decay)\n"),
            (
                SUMS,
                "sums = sums + (1 - decay) * (torch.einsum('nk,nz->kz', one_hot, vectors) - sums)\n",
            ),
            (SMOOTHED, "smoothed = ((counts + eps) / (counts + eps).sum()) * total\n"),
            (
                PERPLEXITY,
                "p = torch.stack([(indices == k).sum() for k in range(num_codes)]) / indices.numel()\n"
                "    return (-torch.xlogy(p, p).sum()).exp()",
            ),
        ),
    ),
    Alternative(
        "own-autograd-and-scatter",
        (
            (
                NEAREST,
                "return torch.stack(\n"
                "        [(vectors.squeeze(-2) - code).norm(dim=-1) for code in codebook]\n"
                "    ).argmin(dim=0)",
            ),
            (
                QUANTIZE,
                "class StraightThrough(torch.autograd.Function):\n"
                "        @staticmethod\n"
                "        def forward(ctx, z, codebook):\n"
                "            ctx.save_for_backward(codebook)\n"
                "            return codebook[indices].permute(0, 3, 1, 2).contiguous()\n\n"
                "        @staticmethod\n"
                "        def backward(ctx, gradient):\n"
                "            return gradient, torch.zeros_like(ctx.saved_tensors[0])\n\n"
                "    return StraightThrough.apply(z, codebook)",
            ),
            (
                FLAT,
                "vectors = z.detach().permute(0, 2, 3, 1).flatten(0, 2)\n    flat = indices.flatten()\n",
            ),
            (
                COUNTS,
                "new = torch.zeros_like(counts).index_add(0, flat, torch.ones_like(flat, dtype=z.dtype))\n"
                "    counts = decay * counts + (1 - decay) * new\n",
            ),
            (
                SUMS,
                "sums = decay * sums + (1 - decay) * torch.zeros_like(sums).index_add(0, flat, vectors)\n",
            ),
            (
                ENTROPY,
                "torch.distributions.Categorical(counts / counts.sum(), validate_args=False).entropy().exp()",
            ),
        ),
    ),
)
