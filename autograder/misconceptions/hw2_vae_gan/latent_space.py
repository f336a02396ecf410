"""Q6: what goes wrong in latent spaces."""

from autograder.misconceptions import Alternative, Misconception

LINE = "t = t[:, None]\n    return (1 - t) * a[:, None] + t * b[:, None]"
COSINE = "cosine = (F.normalize(a, dim=1) * F.normalize(b, dim=1)).sum(dim=1)"
ARC = "arc = ((1 - t_column) * omega).sin() * a[:, None] + (t_column * omega).sin() * b[:, None]"
SLERP = "return torch.where(straight, lerp(a, b, t), arc / sine)"
TRAVERSE = "return torch.where(chosen, values[:, None], z)"
TERMS = (
    "terms = torch.xlogy(joint, joint) - torch.xlogy(joint, independent)\n"
    "    return terms.sum(dim=(2, 3))"
)
GAP = (
    "best, second = information.topk(2, dim=0).values\n"
    "    return ((best - second) / entropy).mean()"
)
RANGE = "low, high = latents.amin(dim=0), latents.amax(dim=0)"
BINS = "bins = (num_bins * ((latents - low) / width)).floor().long()"
SHARE = "share = F.one_hot(codes, num_bins).sum(dim=0) / len(codes)"
WEIGHTS = "return (own_share + alpha).log().sum(dim=0).neg().softmax(dim=0)"

MISCONCEPTIONS = (
    Misconception(
        "lerp-ends-swapped",
        "lerp",
        "The ends are exchanged: t = 0 must give a and t = 1 must give b.",
        ((LINE, LINE.replace("(1 - t) * a[:, None] + t * b", "t * a[:, None] + (1 - t) * b")),),
    ),
    Misconception(
        "lerp-b-as-direction",
        "lerp",
        "b is added as if it were the difference of the ends; t = 1 must give b.",
        ((LINE, LINE.replace("(1 - t) * a[:, None]", "a[:, None]")),),
    ),
    Misconception(
        "lerp-clamped",
        "lerp",
        "t is clamped to [0, 1]; beyond the ends the line goes on.",
        ((LINE, "t = t.clamp(0, 1)[:, None]" + LINE.removeprefix("t = t[:, None]")),),
    ),
    Misconception(
        "lerp-time-first",
        "lerp",
        "The positions come first in the result; the shape is (B, T, Z).",
        ((LINE, "t = t[:, None, None]\n    return (1 - t) * a + t * b"),),
    ),
    Misconception(
        "lerp-difference-sign",
        "lerp",
        "The difference of the ends is taken the wrong way round: the line leaves a in the direction away "
        "from b.",
        ((LINE, LINE.replace("(1 - t) * a[:, None] + t * b", "(1 + t) * a[:, None] - t * b")),),
    ),
    Misconception(
        "lerp-unit-vectors",
        "lerp",
        "The ends are scaled to length one first; a and b themselves enter.",
        (
            (
                LINE,
                LINE.replace("a[:, None]", "F.normalize(a, dim=1)[:, None]").replace(
                    "b[:, None]", "F.normalize(b, dim=1)[:, None]"
                ),
            ),
        ),
    ),
    Misconception(
        "slerp-is-lerp",
        "slerp",
        "This is the straight line, which passes inside the sphere.",
        ((SLERP, "return lerp(a, b, t)"),),
    ),
    Misconception(
        "slerp-projected-line",
        "slerp",
        "The straight line is stretched onto the sphere. It runs along the right arc, but not at an even "
        "speed; the angle must grow in proportion to t.",
        (
            (
                SLERP,
                "line = lerp(a, b, t)\n"
                "    length = lerp(a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True), t)\n"
                "    return torch.where(straight, line, F.normalize(line, dim=2) * length)",
            ),
        ),
    ),
    Misconception(
        "slerp-unit-vectors",
        "slerp",
        "The directions are interpolated, so every point has length one; a and b themselves enter.",
        (
            (
                ARC,
                ARC.replace("a[:, None]", "F.normalize(a, dim=1)[:, None]").replace(
                    "b[:, None]", "F.normalize(b, dim=1)[:, None]"
                ),
            ),
        ),
    ),
    Misconception(
        "slerp-angle-without-lengths",
        "slerp",
        "The inner product is not divided by the lengths of the vectors, so it is not the cosine of the "
        "angle.",
        ((COSINE, "cosine = (a * b).sum(dim=1)"),),
    ),
    Misconception(
        "slerp-one-angle",
        "slerp",
        "One angle is computed for the whole batch; every pair has its own.",
        ((COSINE, COSINE.replace("sum(dim=1)", "sum(dim=1).mean().expand(len(a))")),),
    ),
    Misconception(
        "slerp-not-divided-by-sine",
        "slerp",
        "The division by the sine of the angle is missing; the ends are not a and b.",
        ((SLERP, SLERP.replace("arc / sine", "arc")),),
    ),
    Misconception(
        "slerp-ends-swapped",
        "slerp",
        "The ends are exchanged: t = 0 must give a and t = 1 must give b.",
        (
            (
                ARC,
                ARC.replace(
                    "((1 - t_column) * omega).sin() * a[:, None] + (t_column * omega)",
                    "(t_column * omega).sin() * a[:, None] + ((1 - t_column) * omega)",
                ),
            ),
        ),
    ),
    Misconception(
        "slerp-parallel-nan",
        "slerp",
        "Between parallel vectors the sine is zero and the result is 0/0: this case needs its own "
        "formula.",
        ((SLERP, "return arc / omega.sin()"),),
    ),
    Misconception(
        "slerp-eps-in-denominator",
        "slerp",
        "A small constant in the denominator avoids 0/0, but sends everything between parallel vectors to "
        "zero: this case needs its own formula.",
        ((SLERP, "return arc / (omega.sin() + 1e-8)"),),
    ),
    Misconception(
        "slerp-straight-too-early",
        "slerp",
        "Pairs with a small angle are interpolated linearly although the formula is still exact there.",
        (("straight = omega.sin() < 1e-3", "straight = cosine[:, None, None].abs() > 0.9995"),),
    ),
    Misconception(
        "slerp-straight-too-late",
        "slerp",
        "Pairs whose sine is below 1e-3, but not zero, are interpolated along the arc. The bound says where "
        "the line begins.",
        (("omega.sin() < 1e-3", "omega.sin() < 1e-6"),),
    ),
    Misconception(
        "slerp-bound-on-angle",
        "slerp",
        "The bound is kept for small angles only. Near pi the sine is as small, and the pair is to be "
        "interpolated linearly there too.",
        (
            (
                "straight = omega.sin() < 1e-3",
                "straight = (omega < 1e-3) | (omega > torch.pi - 1e-6)",
            ),
        ),
    ),
    Misconception(
        "slerp-opposite-linear",
        "slerp",
        "Nearly opposite pairs are interpolated linearly although their sine is above the bound: the formula "
        "is to be used there.",
        (
            (
                "straight = omega.sin() < 1e-3",
                "straight = (omega.sin() < 1e-3) | (omega > torch.pi - 0.01)",
            ),
        ),
    ),
    Misconception(
        "slerp-straight-for-all",
        "slerp",
        "One parallel pair turns the whole batch linear; decide for every pair.",
        ((SLERP, SLERP.replace("straight,", "straight.any(),")),),
    ),
    Misconception(
        "traverse-adds",
        "traverse",
        "The values are added to the entry; they must replace it.",
        ((TRAVERSE, TRAVERSE.replace("values[:, None], z", "z + values[:, None], z")),),
    ),
    Misconception(
        "traverse-from-zero",
        "traverse",
        "The other entries are zero; they must stay those of z.",
        ((TRAVERSE, TRAVERSE.replace(", z)", ", 0 * z)")),),
    ),
    Misconception(
        "traverse-accumulates",
        "traverse",
        "The dimensions of earlier rows keep their changed values. Every row starts again from z.",
        ((TRAVERSE, TRAVERSE.replace("chosen", "chosen.long().cumsum(dim=0) > 0")),),
    ),
    Misconception(
        "traverse-into-z",
        "traverse",
        "The values are written into z itself: earlier rows leak into later ones, and the caller's vector is "
        "changed. Every point of the grid needs a copy of its own.",
        (
            (
                TRAVERSE,
                "grid = []\n"
                "    for dim in dims:\n"
                "        for value in values:\n"
                "            z[dim] = value\n"
                "            grid.append(z.clone())\n"
                "    return torch.stack(grid).unflatten(0, (len(dims), len(values)))",
            ),
        ),
    ),
    Misconception(
        "traverse-first-dimensions",
        "traverse",
        "Row j varies dimension j; it must vary dims[j].",
        (
            (
                "F.one_hot(dims, len(z))",
                "F.one_hot(torch.arange(len(dims), device=z.device), len(z))",
            ),
        ),
    ),
    Misconception(
        "traverse-values-first",
        "traverse",
        "Rows and columns of the grid are exchanged; the shape is (J, T, Z).",
        ((TRAVERSE, TRAVERSE + ".transpose(0, 1)"),),
    ),
    Misconception(
        "traverse-all-at-once",
        "traverse",
        "All the dimensions change together; each row varies one.",
        (
            (
                TRAVERSE,
                TRAVERSE.replace(
                    "chosen", "chosen.any(dim=0, keepdim=True).expand(len(dims), -1, -1)"
                ),
            ),
        ),
    ),
    Misconception(
        "information-bits",
        "mutual_information",
        "The result is in bits; nats are asked for.",
        ((TERMS, TERMS + " / torch.tensor(2.0).log().item()"),),
    ),
    Misconception(
        "information-counts",
        "mutual_information",
        "Counts are used where frequencies belong; divide by the number of examples.",
        ((" / len(codes)\n    independent", "\n    independent"),),
    ),
    Misconception(
        "information-conditional-entropy",
        "mutual_information",
        "This is what remains unknown of the factor once the code is known, H(v | z). The information is "
        "what is *gained*.",
        (
            (
                TERMS,
                "return (torch.xlogy(joint, joint.sum(dim=3, keepdim=True)) - torch.xlogy(joint, joint)).sum(dim=(2, 3))",
            ),
        ),
    ),
    Misconception(
        "information-unweighted",
        "mutual_information",
        "The log-ratios are weighted by the product of the frequencies of the two; it must be by the "
        "joint frequencies.",
        (
            (
                TERMS,
                "terms = torch.where(joint > 0, independent * (joint / independent).log(), 0 * joint)\n    return terms.sum(dim=(2, 3))",
            ),
        ),
    ),
    Misconception(
        "information-nan",
        "mutual_information",
        "A pair of levels that does not occur gives 0 log 0, which is not a number in floating point; "
        "its term is zero.",
        ((TERMS, "return (joint * (joint / independent).log()).sum(dim=(2, 3))"),),
    ),
    Misconception(
        "information-factors-first",
        "mutual_information",
        "Rows and columns are exchanged: codes are rows, factors are columns.",
        (('"njs,nvr->jvsr"', '"njs,nvr->vjsr"'),),
    ),
    Misconception(
        "gap-not-normalised",
        "mutual_information_gap",
        "The gap is not divided by the entropy of the factor, so factors with many values count more.",
        ((GAP, GAP.replace("((best - second) / entropy)", "(best - second)")),),
    ),
    Misconception(
        "gap-over-factors",
        "mutual_information_gap",
        "For each code the two best factors are compared; it must be for each factor the two best codes.",
        (
            (
                GAP,
                "best, second = information.topk(2, dim=1).values.T\n    return ((best - second) / best).mean()",
            ),
        ),
    ),
    Misconception(
        "gap-normalised-by-best",
        "mutual_information_gap",
        "The gap is divided by the largest information, so a factor that no code tells can still score "
        "one; divide by the entropy of the factor.",
        ((GAP, GAP.replace("/ entropy", "/ best")),),
    ),
    Misconception(
        "gap-best-only",
        "mutual_information_gap",
        "Nothing is subtracted: this says that some code tells the factor, not that only one does.",
        ((GAP, GAP.replace("(best - second)", "best")),),
    ),
    Misconception(
        "gap-to-the-mean",
        "mutual_information_gap",
        "The best code is compared with the average of all; compare with the second best.",
        ((GAP, GAP.replace("(best - second)", "(best - information.mean(dim=0))")),),
    ),
    Misconception(
        "gap-sum",
        "mutual_information_gap",
        "The gaps are added up over the factors; average them.",
        ((GAP, GAP.replace("entropy).mean()", "entropy).sum()")),),
    ),
    Misconception(
        "gap-of-sums",
        "mutual_information_gap",
        "The sum of the gaps is divided by the sum of the entropies; divide for each factor, then "
        "average.",
        (
            (
                GAP,
                GAP.replace(
                    "((best - second) / entropy).mean()", "(best - second).sum() / entropy.sum()"
                ),
            ),
        ),
    ),
    Misconception(
        "discretize-common-range",
        "discretize",
        "All dimensions share one range; each has its own smallest and largest value.",
        ((RANGE, "low, high = latents.amin(), latents.amax()"),),
    ),
    Misconception(
        "discretize-rounds",
        "discretize",
        "Positions are rounded to the nearest bin edge; a bin starts at its lower edge.",
        ((BINS, BINS.replace("floor()", "round()")),),
    ),
    Misconception(
        "discretize-one-bin-more",
        "discretize",
        "The largest value gets a bin of its own, number K; it belongs to the last bin.",
        (("return bins.clamp(max=num_bins - 1)", "return bins"),),
    ),
    Misconception(
        "discretize-wide-bins",
        "discretize",
        "The range is divided into K - 1 bins, and only the largest value reaches the last one.",
        ((BINS, BINS.replace("num_bins *", "(num_bins - 1) *")),),
    ),
    Misconception(
        "discretize-equal-counts",
        "discretize",
        "The bins hold equally many examples; they must be equally wide. Equal counts would hide what is "
        "rare.",
        ((BINS, "bins = latents.argsort(dim=0).argsort(dim=0) * num_bins // len(latents)"),),
    ),
    Misconception(
        "discretize-edges-below",
        "discretize",
        "A value on an edge falls into the bin below it (the default of torch.bucketize); a bin contains its "
        "lower edge.",
        (
            (BINS, BINS.replace("floor().long()", "ceil().long() - 1")),
            ("return bins.clamp(max=num_bins - 1)", "return bins.clamp(0, num_bins - 1)"),
        ),
    ),
    Misconception(
        "discretize-epsilon",
        "discretize",
        "A small constant in the denominator avoids 0/0, but moves the edges of a narrow dimension; only a "
        "constant dimension needs a case of its own.",
        (("width = torch.where(high > low, high - low, 1.0)", "width = high - low + 1e-8"),),
    ),
    Misconception(
        "discretize-collapsed",
        "discretize",
        "A constant dimension gives 0/0; all its examples belong to bin 0.",
        (("width = torch.where(high > low, high - low, 1.0)", "width = high - low"),),
    ),
    Misconception(
        "weights-not-inverted",
        "resampling_weights",
        "Frequent examples get the large weights; rare ones must.",
        ((WEIGHTS, WEIGHTS.replace(".neg()", "")),),
    ),
    Misconception(
        "weights-without-alpha",
        "resampling_weights",
        "alpha does not enter, so a single outlier can get nearly all the weight.",
        ((WEIGHTS, WEIGHTS.replace("own_share + alpha", "own_share")),),
    ),
    Misconception(
        "weights-alpha-added-to-counts",
        "resampling_weights",
        "alpha is added to the counts; it must be added to the shares, which lie between 0 and 1.",
        ((WEIGHTS, WEIGHTS.replace("own_share + alpha", "own_share + alpha / len(codes)")),),
    ),
    Misconception(
        "weights-of-rarest-dimension",
        "resampling_weights",
        "Only the dimension in which the example is rarest counts; the dimensions multiply.",
        ((WEIGHTS, WEIGHTS.replace("log().sum(dim=0)", "log().amin(dim=0)")),),
    ),
    Misconception(
        "weights-added-up",
        "resampling_weights",
        "The inverse shares of the dimensions are added; they must be multiplied.",
        ((WEIGHTS, "w = (1 / (own_share + alpha)).sum(dim=0)\n    return w / w.sum()"),),
    ),
    Misconception(
        "weights-geometric-mean",
        "resampling_weights",
        "The logarithms are averaged over the dimensions, which flattens the weights; the dimensions "
        "multiply.",
        ((WEIGHTS, WEIGHTS.replace("log().sum(dim=0)", "log().mean(dim=0)")),),
    ),
    Misconception(
        "weights-not-normalised",
        "resampling_weights",
        "The weights do not sum to one.",
        ((WEIGHTS, WEIGHTS.replace("softmax(dim=0)", "exp()")),),
    ),
    Misconception(
        "weights-overflow",
        "resampling_weights",
        "The product over hundreds of dimensions leaves the range of floating point; add logarithms.",
        ((WEIGHTS, "w = 1 / (own_share + alpha).prod(dim=0)\n    return w / w.sum()"),),
    ),
    Misconception(
        "weights-one-histogram",
        "resampling_weights",
        "All dimensions share one histogram; each has its own.",
        (
            (
                SHARE,
                "share = F.one_hot(codes, num_bins).sum(dim=(0, 1)).expand(codes.shape[1], -1) / codes.numel()",
            ),
        ),
    ),
    Misconception(
        "weights-joint-histogram",
        "resampling_weights",
        "Examples are counted that agree in all dimensions. In many dimensions every example is alone in "
        "its cell; use one histogram per dimension.",
        (
            (
                WEIGHTS,
                "alike = (codes[:, None] == codes).all(dim=2).sum(dim=1) / len(codes)\n    return (alike + alpha).log().neg().softmax(dim=0)",
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "other-algebra",
        (
            (LINE, "return torch.lerp(a[:, None], b[:, None], t[None, :, None])"),
            (
                COSINE,
                "cosine = torch.einsum('bz,bz->b', a, b) / (a.norm(dim=-1) * b.norm(dim=-1))",
            ),
            (
                SLERP,
                "line = a[:, None] + t[:, None] * (b - a)[:, None]\n"
                "    return torch.where(straight.expand_as(arc), line, arc / sine)",
            ),
            (
                TRAVERSE,
                "grid = z.repeat(len(dims), len(values), 1)\n"
                "    index = dims[:, None, None].expand(-1, len(values), 1)\n"
                "    return grid.scatter(2, index, values[None, :, None].expand(len(dims), -1, -1))",
            ),
            (
                TERMS,
                "entropy = lambda p: torch.special.entr(p).sum(dim=(2, 3))\n"
                "    return entropy(joint.sum(3, True)) + entropy(joint.sum(2, True)) - entropy(joint)",
            ),
            (
                GAP,
                "ranked = information.sort(dim=0, descending=True).values\n"
                "    return (ranked[0] / entropy - ranked[1] / entropy).sum() / len(entropy)",
            ),
            (
                WEIGHTS,
                "log_w = -torch.log(alpha + own_share).sum(0)\n"
                "    return (log_w - log_w.logsumexp(0)).exp()",
            ),
        ),
    ),
    Alternative(
        "loops",
        (
            (
                LINE,
                "return torch.stack([(1 - t[n]) * a + t[n] * b for n in range(len(t))], dim=1)",
            ),
            (
                TRAVERSE,
                "grid = z.repeat(len(dims), len(values), 1)\n"
                "    for j in range(len(dims)):\n"
                "        grid[j, :, dims[j]] = values\n"
                "    return grid",
            ),
            (
                TERMS,
                "rows = []\n"
                "    for j in range(codes.shape[1]):\n"
                "        for v in range(factors.shape[1]):\n"
                "            total = 0\n"
                "            for s in range(levels):\n"
                "                for r in range(levels):\n"
                "                    p = ((codes[:, j] == s) & (factors[:, v] == r)).to(dtype).mean()\n"
                "                    q = (codes[:, j] == s).to(dtype).mean() * (factors[:, v] == r).to(dtype).mean()\n"
                "                    total = total + (torch.xlogy(p, p) - torch.xlogy(p, q))\n"
                "            rows.append(total)\n"
                "    return torch.stack(rows).reshape(codes.shape[1], factors.shape[1])",
            ),
            (
                RANGE
                + "\n    width = torch.where(high > low, high - low, 1.0)\n    "
                + BINS
                + "\n",
                "bins = torch.zeros_like(latents, dtype=torch.long)\n"
                "    low, high = latents.min(dim=0).values, latents.max(dim=0).values\n"
                "    for k in range(1, num_bins + 1):\n"
                "        edge = low + (high - low) * (k / num_bins)\n"
                "        bins = bins + ((latents >= edge) & (high > low)).long()\n",
            ),
            (
                SHARE + "\n    own_share = share.gather(1, codes.T)\n",
                "own_share = torch.stack(\n"
                "        [(codes[:, j] == codes[:, j : j + 1]).to(torch.get_default_dtype()).mean(1) for j in range(codes.shape[1])]\n"
                "    )\n",
            ),
        ),
    ),
)
