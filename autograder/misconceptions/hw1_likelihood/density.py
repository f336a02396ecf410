"""Q1: what goes wrong in density estimation."""

from autograder.misconceptions import Alternative, Misconception

MISCONCEPTIONS = (
    Misconception(
        "histogram-denominator-unsmoothed",
        "histogram_log_prob",
        "The pseudo-counts are in the numerator only, so the probabilities of a dimension do not sum "
        "to one: alpha is added once for every level.",
        (("math.log(num_data + alpha * levels)", "math.log(num_data)"),),
    ),
    Misconception(
        "histogram-one-pseudo-count",
        "histogram_log_prob",
        "The denominator has a single alpha. Every level gets a pseudo-count, also those that never "
        "occur: sum theta over the levels to see what is missing.",
        (("alpha * levels", "alpha"),),
    ),
    Misconception(
        "histogram-no-log",
        "histogram_log_prob",
        "Counts are used where their logarithm belongs.",
        (("(counts + alpha).log()", "(counts + alpha)"),),
    ),
    Misconception(
        "histogram-pooled",
        "histogram_log_prob",
        "One histogram is shared by all dimensions. Each dimension has counts of its own.",
        (
            (
                "counts = F.one_hot(data, levels).sum(dim=0)",
                "counts = F.one_hot(data, levels).sum(dim=(0, 1)).expand(x.shape[1], -1)\n"
                "    num_data = data.numel()",
            ),
        ),
    ),
    Misconception(
        "histogram-mean-over-dimensions",
        "histogram_log_prob",
        "The log-probabilities of the dimensions are averaged. Independent dimensions multiply, so "
        "their logarithms add up.",
        (("log_theta.gather(1, x.T).sum(dim=0)", "log_theta.gather(1, x.T).mean(dim=0)"),),
    ),
    Misconception(
        "histogram-per-dimension",
        "histogram_log_prob",
        "There is one log-probability per dimension; an example has one, the sum over dimensions.",
        (("log_theta.gather(1, x.T).sum(dim=0)", "log_theta.gather(1, x.T).T"),),
    ),
    Misconception(
        "histogram-smooths-unseen-only",
        "histogram_log_prob",
        "Only empty levels get the pseudo-count. Additive smoothing adds alpha to every count.",
        (
            (
                "(counts + alpha).log()",
                "torch.where(counts == 0, counts + alpha, counts * 1.0).log()",
            ),
        ),
    ),
    Misconception(
        "histogram-observed-levels",
        "histogram_log_prob",
        "The number of levels is taken from the data. A level that never occurs in the training data "
        "still is one of the K levels.",
        (("math.log(num_data + alpha * levels)", "(num_data + alpha * (data.amax() + 1)).log()"),),
    ),
    Misconception(
        "histogram-counts-test-data",
        "histogram_log_prob",
        "The histogram is built from x, the examples to judge; it must be built from the training "
        "data.",
        (("F.one_hot(data, levels)", "F.one_hot(x, levels)"),),
    ),
    Misconception(
        "histogram-clipped",
        "histogram_log_prob",
        "A small number keeps the logarithm finite. Without smoothing, a level that was never seen "
        "has probability zero and log-probability -inf; hiding that hides the overfitting.",
        (("(counts + alpha).log()", "(counts + alpha).clamp(min=1e-12).log()"),),
    ),
    Misconception(
        "histogram-density",
        "histogram_log_prob",
        "This is a density on [0, 1), divided by the width 1/K of a bin. The probability of a level "
        "is asked for.",
        (
            (
                "- math.log(num_data + alpha * levels)",
                "- math.log((num_data + alpha * levels) / levels)",
            ),
        ),
    ),
    Misconception(
        "histogram-first-dimension",
        "histogram_log_prob",
        "All dimensions of x are looked up in the histogram of the first dimension.",
        (("log_theta.gather(1, x.T)", "log_theta[0][x.T]"),),
    ),
    Misconception(
        "kde-no-mean",
        "kde_log_prob",
        "The kernels are added, not averaged: the density integrates to N.",
        (("log_kernel.logsumexp(dim=1) - math.log(num_data)", "log_kernel.logsumexp(dim=1)"),),
    ),
    Misconception(
        "kde-no-norm",
        "kde_log_prob",
        "The kernel lacks its normalising constant: a kernel is a density and integrates to one.",
        (("/ bandwidth**2 - log_norm", "/ bandwidth**2 + 0 * log_norm"),),
    ),
    Misconception(
        "kde-norm-of-one-dimension",
        "kde_log_prob",
        "The normalising constant is that of a one-dimensional Gaussian; there is one factor for "
        "each dimension.",
        (("log_norm = 0.5 * dim * math", "log_norm = 0.5 * math"),),
    ),
    Misconception(
        "kde-norm-without-bandwidth",
        "kde_log_prob",
        "The normalising constant is that of unit variance: a wider kernel must be lower.",
        (("(2 * math.pi * bandwidth**2)", "(2 * math.pi)"),),
    ),
    Misconception(
        "kde-norm-underflow",
        "kde_log_prob",
        "The normalising constant is computed before its logarithm is taken: in hundreds of dimensions the "
        "power rounds to zero. Multiply the logarithm by D.",
        (
            (
                "0.5 * dim * math.log(2 * math.pi * bandwidth**2)",
                "x.new_tensor(bandwidth * math.sqrt(2 * math.pi)).pow(dim).log()",
            ),
        ),
    ),
    Misconception(
        "kde-norm-bandwidth-not-squared",
        "kde_log_prob",
        "In the normalising constant h stands where the variance h squared belongs.",
        (("(2 * math.pi * bandwidth**2)", "(2 * math.pi * bandwidth)"),),
    ),
    Misconception(
        "kde-bandwidth-is-variance",
        "kde_log_prob",
        "The bandwidth is used as a variance. It is the standard deviation of the kernel.",
        (
            ("(2 * math.pi * bandwidth**2)", "(2 * math.pi * bandwidth)"),
            ("squared_distance / bandwidth**2", "squared_distance / bandwidth"),
        ),
    ),
    Misconception(
        "kde-exponent-bandwidth-not-squared",
        "kde_log_prob",
        "In the exponent the squared distance is divided by h; it must be divided by the variance.",
        (("squared_distance / bandwidth**2", "squared_distance / bandwidth"),),
    ),
    Misconception(
        "kde-no-half",
        "kde_log_prob",
        "The factor 1/2 in the exponent of the Gaussian is missing.",
        (("-0.5 * squared_distance", "-squared_distance"),),
    ),
    Misconception(
        "kde-distance-not-squared",
        "kde_log_prob",
        "The exponent holds the distance; a Gaussian kernel has the squared distance.",
        ((".square().sum(dim=2)\n    log_norm", ".square().sum(dim=2).sqrt()\n    log_norm"),),
    ),
    Misconception(
        "kde-mean-of-logs",
        "kde_log_prob",
        "The logarithms of the kernels are averaged. The density is the average of the kernels; its "
        "logarithm comes last (Jensen's inequality says how much too low this is).",
        (("log_kernel.logsumexp(dim=1) - math.log(num_data)", "log_kernel.mean(dim=1)"),),
    ),
    Misconception(
        "kde-underflow",
        "kde_log_prob",
        "The exponential is taken before the sum and vanishes far from the data, so its logarithm is "
        "-inf. Stay in log space.",
        (
            (
                "log_kernel.logsumexp(dim=1) - math.log(num_data)",
                "log_kernel.exp().mean(dim=1).log()",
            ),
        ),
    ),
    Misconception(
        "kde-sum-over-points",
        "kde_log_prob",
        "The sum runs over the points to judge; it must run over the training examples.",
        (("log_kernel.logsumexp(dim=1)", "log_kernel.logsumexp(dim=0)"),),
    ),
    Misconception(
        "kde-divides-by-batch",
        "kde_log_prob",
        "The sum is divided by the number of points to judge; the mean is over the N training "
        "examples.",
        (("- math.log(num_data)\n", "- math.log(len(x))\n"),),
    ),
    Misconception(
        "kde-nearest-only",
        "kde_log_prob",
        "Only the nearest training example counts; all kernels contribute.",
        (("log_kernel.logsumexp(dim=1)", "log_kernel.amax(dim=1)"),),
    ),
    Misconception(
        "kde-expanded-square",
        "kde_log_prob",
        "The squared distance is expanded into x^2 + y^2 - 2 x y. Far from the origin these are huge numbers "
        "that nearly cancel, and no digit of the distance is left: subtract first.",
        (
            (
                "(x[:, None, :] - data[None, :, :]).square().sum(dim=2)",
                "(\n"
                "        x.square().sum(dim=1)[:, None] + data.square().sum(dim=1) - 2 * x @ data.T\n"
                "    )",
            ),
        ),
    ),
    Misconception(
        "bits-in-nats",
        "bits_per_dim",
        "The result is in nats per dimension: divide by the natural logarithm of 2.",
        (("(num_dims * math.log(2))", "num_dims"),),
    ),
    Misconception(
        "bits-times-log2",
        "bits_per_dim",
        "A nat is more than a bit: nats are turned into bits by dividing by log 2, not by multiplying.",
        (("nll / (num_dims * math.log(2))", "nll / num_dims * math.log(2)"),),
    ),
    Misconception(
        "bits-not-per-dimension",
        "bits_per_dim",
        "These are bits per example: divide by the number of dimensions.",
        (("(num_dims * math.log(2))", "math.log(2)"),),
    ),
    Misconception(
        "bits-sign",
        "bits_per_dim",
        "The sign is wrong: the argument is a negative log-likelihood already.",
        (("return nll / (num_dims", "return -nll / (num_dims"),),
    ),
    Misconception(
        "bits-mean",
        "bits_per_dim",
        "The batch is averaged; one value per example is asked for.",
        (("return nll / (num_dims", "return nll.mean() / (num_dims"),),
    ),
    Misconception(
        "bits-log2-of-nll",
        "bits_per_dim",
        "The logarithm to base 2 of the negative log-likelihood is taken. It is a logarithm already; "
        "only its base changes, by a constant factor.",
        (("nll / (num_dims * math.log(2))", "nll.abs().log2() / num_dims"),),
    ),
    Misconception(
        "bits-log10",
        "bits_per_dim",
        "The base of the logarithm is 10; it must be the natural logarithm of 2.",
        (("(num_dims * math.log(2))", "(num_dims * math.log10(2))"),),
    ),
    Misconception(
        "bits-dequantised",
        "bits_per_dim",
        "Eight bits are added for the scaling of 8-bit pixels to [0, 1). That belongs to the density, "
        "not to the change of units.",
        (("nll / (num_dims * math.log(2))", "nll / (num_dims * math.log(2)) + 8"),),
    ),
    Misconception(
        "dequantize-levels-minus-one",
        "dequantize",
        "The largest level plus noise is below K, not below K - 1: the result leaves [0, 1).",
        (("(x + u) / levels", "(x + u) / (levels - 1)"),),
    ),
    Misconception(
        "dequantize-noise-not-scaled",
        "dequantize",
        "The noise spans the whole unit interval instead of one bin: add it before dividing.",
        (("(x + u) / levels", "x / levels + u"),),
    ),
    Misconception(
        "dequantize-centred",
        "dequantize",
        "The noise is centred around the level. It must fill the bin from the level up, or the lowest "
        "level becomes negative.",
        (("(x + u) / levels", "(x + u - 0.5) / levels"),),
    ),
    Misconception(
        "dequantize-not-scaled",
        "dequantize",
        "The result is in units of levels; it must be in [0, 1).",
        (("(x + u) / levels", "(x + u)"),),
    ),
    Misconception(
        "dequantize-always-256",
        "dequantize",
        "The number of levels is an argument; it is not always 256.",
        (("(x + u) / levels", "(x + u) / 256"),),
    ),
    Misconception(
        "dequantize-default-dtype",
        "dequantize",
        "The result has torch's default dtype, whatever that of the noise; it must have the dtype of u.",
        (("(x + u) / levels", "(x + u).to(torch.get_default_dtype()) / levels"),),
    ),
    Misconception(
        "dequantize-own-noise",
        "dequantize",
        "The noise is drawn anew. Use the noise that is given, or the result cannot be repeated.",
        (("(x + u) / levels", "(x + torch.rand_like(u)) / levels"),),
    ),
    Misconception(
        "dequantize-no-noise",
        "dequantize",
        "There is no noise: the data stay on K points, and a density on them is unbounded.",
        (("(x + u) / levels", "(x + 0 * u) / levels"),),
    ),
    Misconception(
        "dequantize-noise-subtracted",
        "dequantize",
        "The noise is subtracted, which moves a level into the bin below it.",
        (("(x + u) / levels", "(x - u) / levels"),),
    ),
    Misconception(
        "dequantize-rounded",
        "dequantize",
        "The sum is rounded to an integer, so the result is discrete again.",
        (("(x + u) / levels", "(x + u).round() / levels"),),
    ),
    Misconception(
        "logit-one-sided-margin",
        "logit_transform",
        "The margin is at the lower end only, so x = 1 is mapped to infinity. Keep the same margin at "
        "both ends.",
        (
            ("s = alpha + (1 - 2 * alpha) * x", "s = alpha + (1 - alpha) * x"),
            (
                "log_det = math.log(1 - 2 * alpha) - s.log()",
                "log_det = math.log(1 - alpha) - s.log()",
            ),
        ),
    ),
    Misconception(
        "logit-no-margin",
        "logit_transform",
        "The logit is taken of x itself: without the margin, 0 and 1 are mapped to infinity.",
        (("s = alpha + (1 - 2 * alpha) * x", "s = x"),),
    ),
    Misconception(
        "logit-clamped",
        "logit_transform",
        "x is clamped to the margin instead of being squeezed into it: values near the ends become "
        "equal, and the map has no inverse.",
        (("s = alpha + (1 - 2 * alpha) * x", "s = x.clamp(alpha, 1 - alpha)"),),
    ),
    Misconception(
        "logit-no-squeeze-log-det",
        "logit_transform",
        "The squeeze into the margin stretches volumes too: its factor is missing in the "
        "log-determinant.",
        (("log_det = math.log(1 - 2 * alpha) - s.log()", "log_det = -s.log()"),),
    ),
    Misconception(
        "logit-squeeze-once",
        "logit_transform",
        "The factor of the squeeze is counted once; every dimension is squeezed.",
        (
            ("log_det = math.log(1 - 2 * alpha) - s.log()", "log_det = -s.log()"),
            (
                "return y, log_det.flatten(1).sum(dim=1)",
                "return y, math.log(1 - 2 * alpha) + log_det.flatten(1).sum(dim=1)",
            ),
        ),
    ),
    Misconception(
        "logit-squeeze-sign",
        "logit_transform",
        "The squeeze makes volumes smaller, so its term in the log-determinant is negative.",
        (
            (
                "log_det = math.log(1 - 2 * alpha) - s.log()",
                "log_det = -math.log(1 - 2 * alpha) - s.log()",
            ),
        ),
    ),
    Misconception(
        "logit-log-det-sign",
        "logit_transform",
        "This is the log-determinant of the inverse. For y as a function of x it has the other sign.",
        (("return y, log_det.flatten(1)", "return y, -log_det.flatten(1)"),),
    ),
    Misconception(
        "logit-half-log-det",
        "logit_transform",
        "The derivative of the logit is 1/(s (1 - s)); the second factor is missing.",
        (
            (
                "log_det = math.log(1 - 2 * alpha) - s.log() - (1 - s).log()",
                "log_det = math.log(1 - 2 * alpha) - s.log()",
            ),
        ),
    ),
    Misconception(
        "logit-log-det-factor-sign",
        "logit_transform",
        "The two logarithms in the log-determinant have different signs, as in y. The derivative of "
        "the logit is 1/(s (1 - s)): both are subtracted.",
        (
            (
                "log_det = math.log(1 - 2 * alpha) - s.log() - (1 - s).log()",
                "log_det = math.log(1 - 2 * alpha) - s.log() + (1 - s).log()",
            ),
        ),
    ),
    Misconception(
        "logit-log-det-mean",
        "logit_transform",
        "The log-determinant is averaged over the dimensions; the diagonal entries multiply, so their "
        "logarithms add up.",
        (
            (
                "return y, log_det.flatten(1).sum(dim=1)",
                "return y, log_det.flatten(1).mean(dim=1)",
            ),
        ),
    ),
    Misconception(
        "logit-log-det-last-dimension",
        "logit_transform",
        "The sum runs over the last dimension only. All dimensions but the batch count.",
        (("return y, log_det.flatten(1).sum(dim=1)", "return y, log_det.sum(dim=-1)"),),
    ),
    Misconception(
        "logit-log-det-images-and-points-only",
        "logit_transform",
        "The dimensions of the sum are written down for some shapes. All dimensions but the first count, "
        "however many there are.",
        (
            (
                "return y, log_det.flatten(1).sum(dim=1)",
                "return y, log_det.sum(dim=(1, 2, 3) if x.dim() == 4 else 1)",
            ),
        ),
    ),
    Misconception(
        "logit-log-det-of-batch",
        "logit_transform",
        "The log-determinant is summed over the batch as well; every example has its own.",
        (("return y, log_det.flatten(1).sum(dim=1)", "return y, log_det.sum()"),),
    ),
    Misconception(
        "logit-sigmoid",
        "logit_transform",
        "The sigmoid is applied where its inverse, the logit, is asked for.",
        (("y = s.log() - (1 - s).log()", "y = s.sigmoid()"),),
    ),
    Misconception(
        "inverse-logit-margin-kept",
        "inverse_logit_transform",
        "The sigmoid is undone, the margin is not: map [alpha, 1 - alpha] back to [0, 1].",
        (("x = (y.sigmoid() - alpha) / (1 - 2 * alpha)", "x = y.sigmoid()"),),
    ),
    Misconception(
        "inverse-logit-one-sided-margin",
        "inverse_logit_transform",
        "The margin is undone at one end only; the stretch must match the squeeze of the forward map.",
        (
            (
                "x = (y.sigmoid() - alpha) / (1 - 2 * alpha)",
                "x = (y.sigmoid() - alpha) / (1 - alpha)",
            ),
        ),
    ),
    Misconception(
        "inverse-logit-order",
        "inverse_logit_transform",
        "The steps are undone in the wrong order: the last step of the forward map comes first, and "
        "the shift was made after the scaling.",
        (
            (
                "x = (y.sigmoid() - alpha) / (1 - 2 * alpha)",
                "x = y.sigmoid() / (1 - 2 * alpha) - alpha",
            ),
        ),
    ),
    Misconception(
        "inverse-logit-clamped",
        "inverse_logit_transform",
        "x is clamped to [0, 1]. That hides where a model puts mass outside the data's range, and the "
        "log-determinant no longer belongs to the map.",
        (
            (
                "x = (y.sigmoid() - alpha) / (1 - 2 * alpha)",
                "x = ((y.sigmoid() - alpha) / (1 - 2 * alpha)).clamp(0, 1)",
            ),
        ),
    ),
    Misconception(
        "inverse-logit-log-det-sign",
        "inverse_logit_transform",
        "This is the log-determinant of the forward map. The inverse has its own: the same number "
        "with the other sign.",
        (("return x, log_det.flatten(1)", "return x, -log_det.flatten(1)"),),
    ),
    Misconception(
        "inverse-logit-no-stretch-log-det",
        "inverse_logit_transform",
        "Undoing the margin stretches volumes: its factor is missing in the log-determinant.",
        (("F.logsigmoid(-y) - math.log(1 - 2 * alpha)", "F.logsigmoid(-y)"),),
    ),
    Misconception(
        "inverse-logit-stretch-sign",
        "inverse_logit_transform",
        "Undoing the margin makes volumes larger, so its term in the log-determinant is positive.",
        (
            (
                "F.logsigmoid(-y) - math.log(1 - 2 * alpha)",
                "F.logsigmoid(-y) + math.log(1 - 2 * alpha)",
            ),
        ),
    ),
    Misconception(
        "inverse-logit-half-log-det",
        "inverse_logit_transform",
        "The derivative of the sigmoid has two factors, s and 1 - s; one is missing.",
        (("F.logsigmoid(y) + F.logsigmoid(-y)", "F.logsigmoid(y)"),),
    ),
    Misconception(
        "inverse-logit-overflow",
        "inverse_logit_transform",
        "The sigmoid rounds to 0 or 1 far out, and its logarithm to -inf. Compute log s and "
        "log(1 - s) from y directly.",
        (
            (
                "F.logsigmoid(y) + F.logsigmoid(-y)",
                "y.sigmoid().log() + (1 - y.sigmoid()).log()",
            ),
        ),
    ),
    Misconception(
        "inverse-logit-log-det-mean",
        "inverse_logit_transform",
        "The log-determinant is averaged over the dimensions; it is a sum.",
        (
            (
                "return x, log_det.flatten(1).sum(dim=1)",
                "return x, log_det.flatten(1).mean(dim=1)",
            ),
        ),
    ),
    Misconception(
        "inverse-logit-log-det-last-dimension",
        "inverse_logit_transform",
        "The sum runs over the last dimension only. All dimensions but the batch count.",
        (("return x, log_det.flatten(1).sum(dim=1)", "return x, log_det.sum(dim=-1)"),),
    ),
    Misconception(
        "inverse-logit-log-det-images-and-points-only",
        "inverse_logit_transform",
        "The dimensions of the sum are written down for some shapes. All dimensions but the first count, "
        "however many there are.",
        (
            (
                "return x, log_det.flatten(1).sum(dim=1)",
                "return x, log_det.sum(dim=(1, 2, 3) if y.dim() == 4 else 1)",
            ),
        ),
    ),
    Misconception(
        "joint-std-floored",
        "gmm_log_joint",
        "There is a floor under the standard deviations. That is a trick of some programs against collapsing "
        "components; the density itself has none.",
        (
            ("/ log_stds.exp()", "/ log_stds.exp().clamp(min=1e-3)"),
            ("- log_stds - 0.5", "- log_stds.exp().clamp(min=1e-3).log() - 0.5"),
        ),
    ),
    Misconception(
        "joint-raw-logits",
        "gmm_log_joint",
        "The logits are used as log-weights without normalising them: the density does not integrate "
        "to one.",
        (("logits.log_softmax(dim=0)", "logits"),),
    ),
    Misconception(
        "joint-log-of-softmax",
        "gmm_log_joint",
        "The softmax rounds small weights to zero before their logarithm is taken. Compute the "
        "log-weights in one step.",
        (("logits.log_softmax(dim=0)", "logits.softmax(dim=0).log()"),),
    ),
    Misconception(
        "joint-weights-not-logged",
        "gmm_log_joint",
        "Probabilities are added to log-densities; their logarithm must be.",
        (("logits.log_softmax(dim=0)", "logits.softmax(dim=0)"),),
    ),
    Misconception(
        "joint-no-weights",
        "gmm_log_joint",
        "The weights are missing: this is log p(x | k), not log p(x, k).",
        (("logits.log_softmax(dim=0) + log_normal", "log_normal"),),
    ),
    Misconception(
        "joint-uniform-weights",
        "gmm_log_joint",
        "All components have the same weight here; the logits do not enter.",
        (("logits.log_softmax(dim=0)", "(0 * logits).log_softmax(dim=0)"),),
    ),
    Misconception(
        "joint-weights-per-dimension",
        "gmm_log_joint",
        "The log-weight is added to every dimension before the sum. A component is chosen once for "
        "the whole point.",
        (
            (
                "logits.log_softmax(dim=0) + log_normal.sum(dim=2)",
                "(logits.log_softmax(dim=0)[:, None] + log_normal).sum(dim=2)",
            ),
        ),
    ),
    Misconception(
        "joint-log-std-is-log-var",
        "gmm_log_joint",
        "The logarithms of standard deviations are used as logarithms of variances.",
        (
            ("/ log_stds.exp()", "/ (0.5 * log_stds).exp()"),
            ("- log_stds - 0.5", "- 0.5 * log_stds - 0.5"),
        ),
    ),
    Misconception(
        "joint-half-log-std",
        "gmm_log_joint",
        "The normalising constant holds 1/2 log sigma^2, which is log sigma; here it is halved twice.",
        (("- log_stds - 0.5", "- 0.5 * log_stds - 0.5"),),
    ),
    Misconception(
        "joint-divides-by-variance",
        "gmm_log_joint",
        "The deviation is divided by the variance before it is squared; divide it by the standard "
        "deviation.",
        (("/ log_stds.exp()", "/ (2 * log_stds).exp()"),),
    ),
    Misconception(
        "joint-log-std-not-exponentiated",
        "gmm_log_joint",
        "The deviation is divided by log sigma; take the exponential first.",
        (("/ log_stds.exp()", "/ log_stds"),),
    ),
    Misconception(
        "joint-no-log-std",
        "gmm_log_joint",
        "The term -log sigma of the normalising constant is missing: wide components come out too "
        "likely.",
        (("z.square() - log_stds - 0.5", "z.square() - 0.5"),),
    ),
    Misconception(
        "joint-no-two-pi",
        "gmm_log_joint",
        "The constant -1/2 log(2 pi) per dimension is missing.",
        (("z.square() - log_stds - 0.5 * math.log(2 * math.pi)", "z.square() - log_stds"),),
    ),
    Misconception(
        "joint-two-pi-once",
        "gmm_log_joint",
        "The constant -1/2 log(2 pi) is counted once per point; it belongs to every dimension.",
        (
            ("z.square() - log_stds - 0.5 * math.log(2 * math.pi)", "z.square() - log_stds"),
            ("log_normal.sum(dim=2)", "log_normal.sum(dim=2) - 0.5 * math.log(2 * math.pi)"),
        ),
    ),
    Misconception(
        "joint-no-half",
        "gmm_log_joint",
        "The factor 1/2 in the exponent of the Gaussian is missing.",
        (("-0.5 * z.square()", "-z.square()"),),
    ),
    Misconception(
        "joint-mean-over-dimensions",
        "gmm_log_joint",
        "The log-densities of the dimensions are averaged; they add up.",
        (("log_normal.sum(dim=2)", "log_normal.mean(dim=2)"),),
    ),
    Misconception(
        "mixture-sum-of-logs",
        "gmm_log_prob",
        "The logarithms of the components are added, which multiplies the densities. A mixture is a "
        "sum of densities.",
        (
            (
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "gmm_log_joint(x, logits, means, log_stds).sum(dim=1)",
            ),
        ),
    ),
    Misconception(
        "mixture-weighted-mean-of-logs",
        "gmm_log_prob",
        "This is the weighted mean of log-densities; the logarithm of the weighted mean of densities "
        "is asked for.",
        (
            (
                "return gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "log_weights = logits.log_softmax(dim=0)\n"
                "    log_normal = gmm_log_joint(x, logits, means, log_stds) - log_weights\n"
                "    return (log_weights.exp() * log_normal).sum(dim=1)",
            ),
        ),
    ),
    Misconception(
        "mixture-underflow",
        "gmm_log_prob",
        "The exponential is taken before the sum and vanishes far from the means. Stay in log space.",
        (
            (
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "gmm_log_joint(x, logits, means, log_stds).exp().sum(dim=1).log()",
            ),
        ),
    ),
    Misconception(
        "mixture-best-component",
        "gmm_log_prob",
        "Only the best component counts; the sum runs over all of them.",
        (
            (
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "gmm_log_joint(x, logits, means, log_stds).amax(dim=1)",
            ),
        ),
    ),
    Misconception(
        "mixture-over-batch",
        "gmm_log_prob",
        "The sum runs over the points of the batch; it must run over the components.",
        (
            (
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=0)",
            ),
        ),
    ),
    Misconception(
        "mixture-weights-twice",
        "gmm_log_prob",
        "The weights count twice: the joint log-density holds them already.",
        (
            (
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "(gmm_log_joint(x, logits, means, log_stds) + logits.log_softmax(dim=0))"
                ".logsumexp(dim=1)",
            ),
        ),
    ),
    Misconception(
        "mixture-mean-over-components",
        "gmm_log_prob",
        "The sum is divided by the number of components. The weights sum to one already.",
        (
            (
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1) - math.log(len(logits))",
            ),
        ),
    ),
    Misconception(
        "mixture-mean-over-batch",
        "gmm_log_prob",
        "The batch is averaged; one log-density per point is asked for.",
        (
            (
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1).mean()",
            ),
        ),
    ),
    Misconception(
        "mixture-detached-weights",
        "gmm_log_prob",
        "No gradient reaches the logits, so the weights would never be trained.",
        (
            (
                "gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "gmm_log_joint(x, logits.detach(), means, log_stds).logsumexp(dim=1)",
            ),
        ),
    ),
    Misconception(
        "gmm-sample-inclusive",
        "gmm_sample",
        "The comparison lets a component through whose cumulative probability only equals u. The "
        "smallest k with a cumulative probability strictly above u is asked for, or u = 0 draws a "
        "component of weight zero.",
        (("(cdf <= u[:, None])", "(cdf < u[:, None])"),),
    ),
    Misconception(
        "gmm-sample-inclusive-but-for-zero",
        "gmm_sample",
        "Where u equals a cumulative probability, the component below is drawn. The smallest k with a "
        "cumulative probability strictly above u is asked for.",
        (("(cdf <= u[:, None])", "(cdf < u[:, None].clamp(min=1e-12))"),),
    ),
    Misconception(
        "gmm-sample-first-of-none",
        "gmm_sample",
        "Rounding can leave the whole cumulative sum at or below u. Then no entry is above u, and `argmax` of "
        "nothing but False is 0: the last component is asked for.",
        (
            (
                "(cdf <= u[:, None]).sum(dim=1).clamp(max=len(logits) - 1)",
                "(cdf > u[:, None]).to(torch.int64).argmax(dim=1)",
            ),
        ),
    ),
    Misconception(
        "gmm-sample-off-by-one",
        "gmm_sample",
        "The component is one too low: count all components that u has passed.",
        (
            (
                "(cdf <= u[:, None]).sum(dim=1).clamp(max=len(logits) - 1)",
                "((cdf <= u[:, None]).sum(dim=1) - 1).clamp(min=0)",
            ),
        ),
    ),
    Misconception(
        "gmm-sample-one-too-high",
        "gmm_sample",
        "The component is one too high: the first one is chosen while u is below its weight.",
        (
            (
                "(cdf <= u[:, None]).sum(dim=1).clamp(",
                "(1 + (cdf <= u[:, None]).sum(dim=1)).clamp(",
            ),
        ),
    ),
    Misconception(
        "gmm-sample-upper-tail",
        "gmm_sample",
        "u is used from the other end: the first component belongs to small u.",
        (("(cdf <= u[:, None])", "(cdf <= 1 - u[:, None])"),),
    ),
    Misconception(
        "gmm-sample-raw-logits",
        "gmm_sample",
        "The exponentials of the logits are not normalised, so their cumulative sum does not end at "
        "one.",
        (("logits.softmax(dim=0).cumsum(dim=0)", "logits.exp().cumsum(dim=0)"),),
    ),
    Misconception(
        "gmm-sample-no-cumulative-sum",
        "gmm_sample",
        "u is compared with the weights; it must be compared with their cumulative sum.",
        (("logits.softmax(dim=0).cumsum(dim=0)", "logits.softmax(dim=0)"),),
    ),
    Misconception(
        "gmm-sample-most-likely",
        "gmm_sample",
        "The component of largest weight is taken for every sample; it must be drawn with the help of "
        "u.",
        (
            (
                "(cdf <= u[:, None]).sum(dim=1).clamp(max=len(logits) - 1)",
                "(0 * u).long() + logits.argmax()",
            ),
        ),
    ),
    Misconception(
        "gmm-sample-uniform-components",
        "gmm_sample",
        "The components are drawn with equal probabilities; the logits do not enter.",
        (("logits.softmax(dim=0)", "(0 * means[:, 0]).softmax(dim=0)"),),
    ),
    Misconception(
        "gmm-sample-mean-of-components",
        "gmm_sample",
        "Means and deviations are averaged over the components. A sample comes from one component; "
        "averaging gives a single Gaussian in the middle.",
        (
            (
                "return means[k] + log_stds[k].exp() * eps, k",
                "weights = logits.softmax(dim=0)\n"
                "    return weights @ means + (weights @ log_stds.exp()) * eps, k",
            ),
        ),
    ),
    Misconception(
        "gmm-sample-log-std-not-exponentiated",
        "gmm_sample",
        "The noise is multiplied by log sigma; take the exponential first.",
        (("log_stds[k].exp() * eps", "log_stds[k] * eps"),),
    ),
    Misconception(
        "gmm-sample-variance",
        "gmm_sample",
        "The noise is multiplied by the variance; it must be multiplied by the standard deviation.",
        (("log_stds[k].exp() * eps", "(2 * log_stds[k]).exp() * eps"),),
    ),
    Misconception(
        "gmm-sample-log-std-is-log-var",
        "gmm_sample",
        "The logarithms of standard deviations are used as logarithms of variances.",
        (("log_stds[k].exp() * eps", "(0.5 * log_stds[k]).exp() * eps"),),
    ),
    Misconception(
        "gmm-sample-unit-noise",
        "gmm_sample",
        "The noise is added with unit standard deviation; each component has its own.",
        (("log_stds[k].exp() * eps", "eps"),),
    ),
    Misconception(
        "gmm-sample-one-noise-for-all-dimensions",
        "gmm_sample",
        "All dimensions of a sample get the same noise.",
        (("log_stds[k].exp() * eps", "log_stds[k].exp() * eps[:, :1]"),),
    ),
    Misconception(
        "em-normalised-over-data",
        "em_step",
        "The responsibilities are normalised over the examples. Each example is shared out among the "
        "components: its responsibilities sum to one.",
        (("log_joint.softmax(dim=1)", "log_joint.softmax(dim=0)"),),
    ),
    Misconception(
        "em-not-normalised",
        "em_step",
        "The joint density is used as responsibility: divide by the density of the example, in log "
        "space.",
        (("log_joint.softmax(dim=1)", "log_joint.exp()"),),
    ),
    Misconception(
        "em-underflow",
        "em_step",
        "The exponential is taken before normalising, and unlikely examples give 0/0. Normalise in "
        "log space.",
        (
            (
                "r = log_joint.softmax(dim=1)",
                "r = log_joint.exp()\n    r = r / r.sum(dim=1, keepdim=True)",
            ),
        ),
    ),
    Misconception(
        "em-hard-assignment",
        "em_step",
        "Each example is given to its best component, which is k-means. EM shares it out.",
        (
            (
                "log_joint.softmax(dim=1)",
                "(log_joint == log_joint.amax(dim=1, keepdim=True)).to(log_joint.dtype)",
            ),
        ),
    ),
    Misconception(
        "em-means-not-normalised",
        "em_step",
        "The weighted sums are divided by N; the mean of a component is divided by its share N_k.",
        (("r.T @ x / total[:, None]", "r.T @ x / len(x)"),),
    ),
    Misconception(
        "em-variance-not-normalised",
        "em_step",
        "The weighted squares are divided by N; the variance of a component is divided by its share "
        "N_k.",
        ((".sum(dim=0) / total[:, None]", ".sum(dim=0) / len(x)"),),
    ),
    Misconception(
        "em-variance-around-data-mean",
        "em_step",
        "The deviations are taken from the mean of all data. Take them from the component's own new "
        "mean.",
        (("(x[:, None, :] - means).square()", "(x[:, None, :] - x.mean(dim=0)).square()"),),
    ),
    Misconception(
        "em-second-moment",
        "em_step",
        "This is the mean square, not the variance: the mean is not subtracted.",
        (
            (
                "(x[:, None, :] - means).square()",
                "x[:, None, :].expand(-1, len(means), -1).square()",
            ),
        ),
    ),
    Misconception(
        "em-variance-floor",
        "em_step",
        "A floor keeps the variance away from zero. Maximum likelihood has none: data in small units may have "
        "a variance of 1e-12.",
        (("0.5 * variances.log()", "0.5 * variances.clamp(min=1e-6).log()"),),
    ),
    Misconception(
        "em-variance-plus-epsilon",
        "em_step",
        "A small number is added to the variance, which is not small for data in small units. There is no "
        "floor in maximum likelihood.",
        (("0.5 * variances.log()", "0.5 * (variances + 1e-10).log()"),),
    ),
    Misconception(
        "em-difference-of-moments",
        "em_step",
        "The variance is the mean of x^2 minus the square of the mean. Where sigma is small next to mu these "
        "nearly cancel, and rounding decides (even the sign): square the deviations.",
        (
            (
                "variances = (r[:, :, None] * squared_error).sum(dim=0) / total[:, None]",
                "variances = r.T @ x.square() / total[:, None] - means.square()",
            ),
        ),
    ),
    Misconception(
        "em-responsibilities-squared",
        "em_step",
        "The responsibilities weight the deviations before these are squared, so they are squared "
        "too.",
        (("(r[:, :, None] * squared_error)", "(r[:, :, None].square() * squared_error)"),),
    ),
    Misconception(
        "em-log-variance",
        "em_step",
        "The logarithm of the variance is returned; that of the standard deviation is asked for.",
        (("0.5 * variances.log()", "variances.log()"),),
    ),
    Misconception(
        "em-std-not-logged",
        "em_step",
        "The standard deviation is returned; its logarithm is asked for.",
        (("0.5 * variances.log()", "variances.sqrt()"),),
    ),
    Misconception(
        "em-unbiased",
        "em_step",
        "The variance is divided by N_k - 1. Maximum likelihood divides by N_k; the unbiased estimate "
        "can lower the likelihood.",
        (
            (
                ".sum(dim=0) / total[:, None]",
                ".sum(dim=0) / (total[:, None] * (1 - 1 / len(x)))",
            ),
        ),
    ),
    Misconception(
        "em-isotropic",
        "em_step",
        "All dimensions of a component share one variance; each dimension has its own.",
        (
            (
                "0.5 * variances.log()",
                "0.5 * variances.mean(dim=1, keepdim=True).expand(-1, x.shape[1]).log()",
            ),
        ),
    ),
    Misconception(
        "em-tied-variance",
        "em_step",
        "All components share one variance; each component has its own.",
        (
            (
                "0.5 * variances.log()",
                "0.5 * (total @ variances / len(x)).expand(len(total), -1).log()",
            ),
        ),
    ),
    Misconception(
        "em-weights-not-logged",
        "em_step",
        "The weights are returned; their logarithms are asked for.",
        (("(total / len(x)).log()", "(total / len(x))"),),
    ),
    Misconception(
        "em-weights-not-normalised",
        "em_step",
        "The logarithms of N_k are returned. Divide by N, so that the weights sum to one.",
        (("(total / len(x)).log()", "total.log()"),),
    ),
    Misconception(
        "em-weights-in-log-space",
        "em_step",
        "The joint log-density is averaged. The new weight is the mean responsibility; its logarithm "
        "comes last.",
        (("(total / len(x)).log()", "log_joint.log_softmax(dim=1).mean(dim=0)"),),
    ),
    Misconception(
        "em-weights-uniform",
        "em_step",
        "The weights stay uniform; they are updated too.",
        (("(total / len(x)).log()", "torch.full_like(total, -math.log(len(total)))"),),
    ),
    Misconception(
        "kl-swapped",
        "kl_categorical",
        "Forward and reverse are swapped: the expectation in KL(p || q) is under p.",
        (("return forward, reverse", "return reverse, forward"),),
    ),
    Misconception(
        "kl-one-direction-twice",
        "kl_categorical",
        "Both values are KL(p || q). The divergence is not symmetric.",
        (("return forward, reverse", "return forward, forward"),),
    ),
    Misconception(
        "kl-reverse-ratio-only",
        "kl_categorical",
        "In the reverse divergence the ratio is turned around and the expectation is still under p.",
        (("torch.xlogy(q, q) - torch.xlogy(q, p)", "torch.xlogy(p, q) - torch.xlogy(p, p)"),),
    ),
    Misconception(
        "kl-sign",
        "kl_categorical",
        "The sign is wrong: a divergence is never negative.",
        (("return forward, reverse", "return -forward, -reverse"),),
    ),
    Misconception(
        "kl-cross-entropy",
        "kl_categorical",
        "This is the cross-entropy. Subtract the entropy, so that KL(p || p) = 0.",
        (
            ("(torch.xlogy(p, p) - torch.xlogy(p, q))", "(-torch.xlogy(p, q))"),
            ("(torch.xlogy(q, q) - torch.xlogy(q, p))", "(-torch.xlogy(q, p))"),
        ),
    ),
    Misconception(
        "kl-bits",
        "kl_categorical",
        "The logarithm is to base 2; nats are asked for.",
        (("return forward, reverse", "return forward / math.log(2), reverse / math.log(2)"),),
    ),
    Misconception(
        "kl-symmetrised",
        "kl_categorical",
        "Both values are the mean of the two directions. Each direction is asked for on its own.",
        (("return forward, reverse", "return (forward + reverse) / 2, (forward + reverse) / 2"),),
    ),
    Misconception(
        "kl-mean-over-classes",
        "kl_categorical",
        "The terms are averaged over the classes; the weights p_k make it an expectation already, so "
        "take the sum.",
        (("return forward, reverse", "return forward / p.shape[1], reverse / p.shape[1]"),),
    ),
    Misconception(
        "kl-batch-mean",
        "kl_categorical",
        "The batch is averaged; one value per row is asked for.",
        (("return forward, reverse", "return forward.mean(), reverse.mean()"),),
    ),
    Misconception(
        "kl-zero-times-log-zero",
        "kl_categorical",
        "0 log 0 is computed as 0 times -inf, which is NaN. A class of probability zero contributes "
        "nothing.",
        (
            ("torch.xlogy(p, p) - torch.xlogy(p, q)", "p * (p / q).log()"),
            ("torch.xlogy(q, q) - torch.xlogy(q, p)", "q * (q / p).log()"),
        ),
    ),
    Misconception(
        "kl-forward-zero-times-log-zero",
        "kl_categorical",
        "In the forward divergence 0 log 0 is computed as 0 times -inf, which is NaN; the reverse one is right. "
        "A class of probability zero contributes nothing.",
        (("torch.xlogy(p, p) - torch.xlogy(p, q)", "p * (p / q).log()"),),
    ),
    Misconception(
        "kl-torch-with-log-zero",
        "kl_categorical",
        "torch's kl_div multiplies log q = -inf by p = 0, which is NaN. A class of probability zero "
        "contributes nothing, whatever q is.",
        (
            (
                "(torch.xlogy(p, p) - torch.xlogy(p, q))",
                "F.kl_div(q.log(), p, reduction='none')",
            ),
            (
                "(torch.xlogy(q, q) - torch.xlogy(q, p))",
                "F.kl_div(p.log(), q, reduction='none')",
            ),
        ),
    ),
    Misconception(
        "kl-clipped",
        "kl_categorical",
        "A small number keeps the logarithms finite. Where q is zero and p is not, the divergence is "
        "infinite: that is what makes forward KL cover all modes.",
        (
            (
                "torch.xlogy(p, p) - torch.xlogy(p, q)",
                "p * ((p + 1e-12) / (q + 1e-12)).log()",
            ),
            (
                "torch.xlogy(q, q) - torch.xlogy(q, p)",
                "q * ((q + 1e-12) / (p + 1e-12)).log()",
            ),
        ),
    ),
    Misconception(
        "kl-floor-under-positive",
        "kl_categorical",
        "Probabilities below a small number are raised to it before the logarithm. The zeros are right, but a "
        "probability of 1e-20 costs 46 nats: take it as it is.",
        (
            (
                "torch.xlogy(p, p) - torch.xlogy(p, q)",
                "torch.xlogy(p, p) - torch.xlogy(p, torch.where(q > 0, q.clamp(min=1e-12), q))",
            ),
            (
                "torch.xlogy(q, q) - torch.xlogy(q, p)",
                "torch.xlogy(q, q) - torch.xlogy(q, torch.where(p > 0, p.clamp(min=1e-12), p))",
            ),
        ),
    ),
    Misconception(
        "kl-skips-zeros",
        "kl_categorical",
        "Classes where either probability is zero are skipped. Where only the second one is zero, the "
        "term is infinite.",
        (
            (
                "forward = (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(dim=1)\n",
                "both = (p > 0) & (q > 0)\n"
                "    forward = torch.where(both, torch.xlogy(p, p) - torch.xlogy(p, q), 0 * p).sum(dim=1)\n",
            ),
            (
                "reverse = (torch.xlogy(q, q) - torch.xlogy(q, p)).sum(dim=1)",
                "reverse = torch.where(both, torch.xlogy(q, q) - torch.xlogy(q, p), 0 * p).sum(dim=1)",
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "scattered-counts-and-distances",
        (
            (
                "counts = F.one_hot(data, levels).sum(dim=0)",
                "counts = torch.zeros(data.shape[1], levels, device=data.device)\n"
                "    counts = counts.scatter_add(1, data.T, torch.ones_like(data.T, dtype=counts.dtype))",
            ),
            (
                "return log_theta.gather(1, x.T).sum(dim=0)",
                "return sum(log_theta[d, x[:, d]] for d in range(x.shape[1]))",
            ),
            (
                "(x[:, None, :] - data[None, :, :]).square().sum(dim=2)",
                "torch.cdist(x, data, compute_mode='donot_use_mm_for_euclid_dist') ** 2",
            ),
            ("nll / (num_dims * math.log(2))", "nll * math.log2(math.e) / num_dims"),
            ("(x + u) / levels", "x.to(u.dtype) / levels + u / levels"),
        ),
    ),
    Alternative(
        "distributions",
        (
            (
                "z = (x[:, None, :] - means) / log_stds.exp()\n"
                "    log_normal = -0.5 * z.square() - log_stds - 0.5 * math.log(2 * math.pi)\n",
                "normal = torch.distributions.Normal(means, log_stds.exp(), validate_args=False)\n"
                "    log_normal = normal.log_prob(x[:, None, :])\n",
            ),
            (
                "return gmm_log_joint(x, logits, means, log_stds).logsumexp(dim=1)",
                "weights = torch.distributions.Categorical(logits=logits, validate_args=False)\n"
                "    normal = torch.distributions.Normal(means, log_stds.exp(), validate_args=False)\n"
                "    parts = torch.distributions.Independent(normal, 1, validate_args=False)\n"
                "    mixture = torch.distributions.MixtureSameFamily(weights, parts, validate_args=False)\n"
                "    return mixture.log_prob(x)",
            ),
        ),
    ),
    Alternative(
        "logit-by-softplus",
        (
            (
                "y = s.log() - (1 - s).log()\n"
                "    log_det = math.log(1 - 2 * alpha) - s.log() - (1 - s).log()\n"
                "    return y, log_det.flatten(1).sum(dim=1)",
                "y = torch.logit(s)\n"
                "    log_det = F.softplus(y) + F.softplus(-y) + math.log(1 - 2 * alpha)\n"
                "    return y, log_det.reshape(len(x), -1).sum(dim=-1)",
            ),
            (
                "F.logsigmoid(y) + F.logsigmoid(-y) - math.log(1 - 2 * alpha)",
                "-y - 2 * F.softplus(-y) - math.log1p(-2 * alpha)",
            ),
        ),
    ),
    Alternative(
        "loops",
        (
            (
                "counts = F.one_hot(data, levels).sum(dim=0)",
                "counts = torch.stack([column.bincount(minlength=levels) for column in data.T])",
            ),
            (
                "log_kernel.logsumexp(dim=1) - math.log(num_data)",
                "torch.stack([row.logsumexp(dim=0) for row in log_kernel]) - math.log(num_data)",
            ),
            (
                "squared_error = (x[:, None, :] - means).square()\n"
                "    variances = (r[:, :, None] * squared_error).sum(dim=0) / total[:, None]\n",
                "variances = torch.stack(\n"
                "        [r[:, k] @ (x - means[k]) ** 2 / total[k] for k in range(len(total))]\n"
                "    )\n",
            ),
        ),
    ),
    Alternative(
        "searched-cdf-and-einsum",
        (
            (
                "k = (cdf <= u[:, None]).sum(dim=1).clamp(max=len(logits) - 1)",
                "k = torch.searchsorted(cdf, u, right=True).clamp(max=len(logits) - 1)",
            ),
            (
                "means = r.T @ x / total[:, None]\n",
                "means = torch.einsum('nk,nd->kd', r / total, x)\n",
            ),
            (
                "squared_error = (x[:, None, :] - means).square()\n"
                "    variances = (r[:, :, None] * squared_error).sum(dim=0) / total[:, None]\n",
                "variances = torch.einsum('nk,nkd->kd', r / total, (x.unsqueeze(1) - means) ** 2)\n",
            ),
            ("(total / len(x)).log()", "log_joint.log_softmax(1).logsumexp(0) - math.log(len(x))"),
        ),
    ),
    Alternative(
        "kl-by-cases",
        (
            (
                "forward = (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(dim=1)\n",
                "cross_entropy = torch.special.xlogy(p, q).sum(dim=-1)\n"
                "    forward = -torch.special.entr(p).sum(dim=-1) - cross_entropy\n",
            ),
            (
                "reverse = (torch.xlogy(q, q) - torch.xlogy(q, p)).sum(dim=1)\n",
                "terms = q * (q.log() - p.log())\n"
                "    reverse = torch.where(q == 0, torch.zeros_like(q), terms).sum(dim=1)\n",
            ),
        ),
    ),
)
