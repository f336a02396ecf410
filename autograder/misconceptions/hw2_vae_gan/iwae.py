"""Q3: what goes wrong in importance-weighted autoencoders."""

from autograder.misconceptions import Alternative, Misconception

MISCONCEPTIONS = (
    Misconception(
        "log-mean-exp-no-mean",
        "log_mean_exp",
        "The exponentials are added, not averaged: log n is missing. An IWAE bound without it grows "
        "with the number of samples for no good reason.",
        (("x.logsumexp(dim=dim) - math.log(x.shape[dim])", "x.logsumexp(dim=dim)"),),
    ),
    Misconception(
        "log-mean-exp-mean-of-logs",
        "log_mean_exp",
        "This is the mean of x. The mean is taken of the exponentials, and the logarithm comes last; "
        "by Jensen's inequality the two differ unless all entries are equal.",
        (("x.logsumexp(dim=dim) - math.log(x.shape[dim])", "x.mean(dim=dim)"),),
    ),
    Misconception(
        "log-mean-exp-overflow",
        "log_mean_exp",
        "The exponentials over- or underflow before their logarithm is taken. Stay in log space.",
        (("x.logsumexp(dim=dim) - math.log(x.shape[dim])", "x.exp().mean(dim=dim).log()"),),
    ),
    Misconception(
        "log-mean-exp-global-maximum",
        "log_mean_exp",
        "The largest entry of the whole tensor is subtracted, so that slices far below it vanish. "
        "Each slice needs a maximum of its own.",
        (
            (
                "x.logsumexp(dim=dim) - math.log(x.shape[dim])",
                "(x - x.max()).exp().mean(dim=dim).log() + x.max()",
            ),
        ),
    ),
    Misconception(
        "log-mean-exp-nan",
        "log_mean_exp",
        "Where all entries are -inf, -inf is subtracted from -inf, which is NaN. The average of weights "
        "that are all zero is zero, and its logarithm is -inf.",
        (
            (
                "x.logsumexp(dim=dim) - math.log(x.shape[dim])",
                "(x - x.amax(dim=dim, keepdim=True)).exp().mean(dim=dim).log() + x.amax(dim=dim)",
            ),
        ),
    ),
    Misconception(
        "log-mean-exp-divides-by-all",
        "log_mean_exp",
        "The sum is divided by the number of all entries. A mean over one dimension divides by its "
        "size.",
        (("math.log(x.shape[dim])", "math.log(x.numel())"),),
    ),
    Misconception(
        "log-mean-exp-divides-the-log",
        "log_mean_exp",
        "The logarithm of the sum is divided by n. Dividing the sum by n subtracts log n from its "
        "logarithm.",
        (("x.logsumexp(dim=dim) - math.log(x.shape[dim])", "x.logsumexp(dim=dim) / x.shape[dim]"),),
    ),
    Misconception(
        "log-mean-exp-first-dimension",
        "log_mean_exp",
        "The first dimension is always reduced, whatever `dim` says.",
        (
            (
                "x.logsumexp(dim=dim) - math.log(x.shape[dim])",
                "x.logsumexp(dim=0) - math.log(x.shape[0])",
            ),
        ),
    ),
    Misconception(
        "log-mean-exp-keepdim",
        "log_mean_exp",
        "The reduced dimension is left over with size 1.",
        (("x.logsumexp(dim=dim) -", "x.logsumexp(dim=dim, keepdim=True) -"),),
    ),
    Misconception(
        "iwae-elbo",
        "iwae_bound",
        "The log-weights are averaged: this is the ELBO for every number of samples. The weights of "
        "a group are averaged before the logarithm.",
        (("log_mean_exp(groups, dim=1).mean()", "groups.mean()"),),
    ),
    Misconception(
        "iwae-all-draws",
        "iwae_bound",
        "All draws go into one average, whatever num_samples says.",
        (("log_mean_exp(groups, dim=1).mean()", "log_mean_exp(log_w, dim=0).mean()"),),
    ),
    Misconception(
        "iwae-first-group-only",
        "iwae_bound",
        "Only the first num_samples draws are used. The others give further groups, whose average "
        "has less noise.",
        (
            (
                "log_mean_exp(groups, dim=1).mean()",
                "log_mean_exp(log_w[:num_samples], dim=0).mean()",
            ),
        ),
    ),
    Misconception(
        "iwae-interleaved-groups",
        "iwae_bound",
        "A group takes draws at equal distances. It consists of consecutive draws.",
        (
            (
                "groups = log_w.unflatten(0, (-1, num_samples))",
                "groups = log_w.unflatten(0, (num_samples, -1))",
            ),
            ("log_mean_exp(groups, dim=1)", "log_mean_exp(groups, dim=0)"),
        ),
    ),
    Misconception(
        "iwae-over-groups",
        "iwae_bound",
        "The roles of groups and of draws within a group are exchanged: weights are averaged across "
        "groups, as if there were M / m samples in each.",
        (("log_mean_exp(groups, dim=1)", "log_mean_exp(groups, dim=0)"),),
    ),
    Misconception(
        "iwae-mixes-examples",
        "iwae_bound",
        "The weights of different examples are averaged before the logarithm. The log-likelihood of "
        "a data set is the sum of logarithms, one for each example.",
        (("log_mean_exp(groups, dim=1).mean()", "log_mean_exp(groups.flatten(1), dim=1).mean()"),),
    ),
    Misconception(
        "iwae-loss",
        "iwae_bound",
        "The sign is that of a loss; the bound itself is asked for.",
        (
            (
                "return log_mean_exp(groups, dim=1).mean()",
                "return -log_mean_exp(groups, dim=1).mean()",
            ),
        ),
    ),
    Misconception(
        "iwae-sum-over-batch",
        "iwae_bound",
        "The bounds of the examples are added up; their mean is asked for.",
        (("log_mean_exp(groups, dim=1).mean()", "log_mean_exp(groups, dim=1).mean(dim=0).sum()"),),
    ),
    Misconception(
        "iwae-per-example",
        "iwae_bound",
        "There is one bound per example; their mean is asked for.",
        (("log_mean_exp(groups, dim=1).mean()", "log_mean_exp(groups, dim=1).mean(dim=0)"),),
    ),
    Misconception(
        "iwae-drops-draws",
        "iwae_bound",
        "Draws that do not fill a group are dropped silently; a ValueError must say so.",
        (
            (
                '        raise ValueError(f"{log_w.shape[0]} draws cannot be split into groups of {num_samples}")\n',
                "        log_w = log_w[: log_w.shape[0] // num_samples * num_samples]\n",
            ),
        ),
    ),
    Misconception(
        "iwae-gradient-of-maximum",
        "iwae_bound",
        "The gradient reaches the largest weight of a group only. Every draw contributes in "
        "proportion to its weight.",
        (
            (
                "log_mean_exp(groups, dim=1).mean()",
                "(groups.amax(dim=1) + (log_mean_exp(groups, dim=1) - groups.amax(dim=1)).detach()).mean()",
            ),
        ),
    ),
    Misconception(
        "log-normal-no-constant",
        "log_normal",
        "The constant log 2 pi is missing: a density integrates to one.",
        (("(math.log(2 * math.pi) + log_var + z", "(log_var + z"),),
    ),
    Misconception(
        "log-normal-constant-once",
        "log_normal",
        "The constant log 2 pi counts once for every dimension.",
        (
            (
                "(math.log(2 * math.pi) + log_var + z.square()).sum(dim=-1)",
                "(math.log(2 * math.pi) + (log_var + z.square()).sum(dim=-1))",
            ),
        ),
    ),
    Misconception(
        "log-normal-no-half",
        "log_normal",
        "The factor 1/2 is missing.",
        (("return -0.5 * (math", "return -1.0 * (math"),),
    ),
    Misconception(
        "log-normal-log-std",
        "log_normal",
        "log_var is used as the logarithm of a standard deviation: variances come out squared.",
        (
            ("(-log_var / 2).exp()", "(-log_var).exp()"),
            ("+ log_var + z.square()", "+ 2 * log_var + z.square()"),
        ),
    ),
    Misconception(
        "log-normal-distance-by-std",
        "log_normal",
        "The squared distance is divided by the standard deviation; it must be divided by the "
        "variance.",
        (("z.square()).sum(dim=-1)", "z.square() * (log_var / 2).exp()).sum(dim=-1)"),),
    ),
    Misconception(
        "log-normal-no-log-det",
        "log_normal",
        "The term log sigma^2 is missing: a narrow Gaussian is higher.",
        (("+ log_var + z.square()", "+ z.square()"),),
    ),
    Misconception(
        "log-normal-log-det-sign",
        "log_normal",
        "The term log sigma^2 has the wrong sign: a narrow Gaussian is higher.",
        (("+ log_var + z.square()", "- log_var + z.square()"),),
    ),
    Misconception(
        "log-normal-mean-over-dimensions",
        "log_normal",
        "The dimensions are averaged. Independent dimensions multiply, so their logarithms add up.",
        (("z.square()).sum(dim=-1)", "z.square()).mean(dim=-1)"),),
    ),
    Misconception(
        "log-normal-underflow",
        "log_normal",
        "The variance of a narrow Gaussian rounds to zero before anything is divided by it.",
        (("z.square()).sum(dim=-1)", "(x - mean).square() / log_var.exp()).sum(dim=-1)"),),
    ),
    Misconception(
        "weights-no-prior",
        "log_weights",
        "The prior log p(z) is missing: a weight compares the joint density of x and z with q.",
        (("return log_likelihood(z) + log_prior - log", "return log_likelihood(z) - log"),),
    ),
    Misconception(
        "weights-no-posterior",
        "log_weights",
        "This is the joint log-density log p(x, z). A weight divides it by q(z | x), the density "
        "from which z was drawn.",
        (
            (
                "log_likelihood(z) + log_prior - log_normal(z, mean, log_var)",
                "log_likelihood(z) + log_prior",
            ),
        ),
    ),
    Misconception(
        "weights-ratio-inverted",
        "log_weights",
        "The ratio of prior and posterior is the wrong way round: p is divided by q.",
        (
            (
                "log_likelihood(z) + log_prior - log_normal(z, mean, log_var)",
                "log_likelihood(z) - log_prior + log_normal(z, mean, log_var)",
            ),
        ),
    ),
    Misconception(
        "weights-closed-form-kl",
        "log_weights",
        "The closed form of the divergence is subtracted, its value on average. A weight belongs to "
        "one draw; with the average in its place, the weights of one example no longer average to "
        "p(x).",
        (
            (
                "return log_likelihood(z) + log_prior - log_normal(z, mean, log_var)",
                "kl = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(dim=-1)\n"
                "    return log_likelihood(z) - kl",
            ),
        ),
    ),
    Misconception(
        "weights-std-is-variance",
        "log_weights",
        "The noise is scaled by the variance; it must be scaled by the standard deviation.",
        (("(log_var / 2).exp() * eps", "log_var.exp() * eps"),),
    ),
    Misconception(
        "weights-density-of-noise",
        "log_weights",
        "The density of eps is used for that of z. Scaling by sigma changes the density by its "
        "Jacobian.",
        (("log_normal(z, mean, log_var)", "log_normal(eps, 0 * mean, 0 * log_var)"),),
    ),
    Misconception(
        "weights-prior-of-noise",
        "log_weights",
        "The prior is evaluated at the noise; it is a density of the code z.",
        (("log_prior = log_normal(z, ", "log_prior = log_normal(eps, "),),
    ),
    Misconception(
        "weights-likelihood-at-mean",
        "log_weights",
        "The likelihood is evaluated at the posterior's mean. All three terms belong to the same "
        "draw.",
        (("return log_likelihood(z)", "return log_likelihood(mean.expand_as(z))"),),
    ),
    Misconception(
        "weights-exponentiated",
        "log_weights",
        "The weights themselves are returned; they underflow for real images. Return their "
        "logarithms.",
        (
            (
                "return log_likelihood(z) + log_prior - log_normal(z, mean, log_var)",
                "return (log_likelihood(z) + log_prior - log_normal(z, mean, log_var)).exp()",
            ),
        ),
    ),
    Misconception(
        "weights-detached-code",
        "log_weights",
        "The code is detached, so that the likelihood tells the encoder nothing.",
        (
            (
                "(log_var / 2).exp() * eps\n    log",
                "(log_var / 2).exp() * eps\n    z = z.detach()\n    log",
            ),
        ),
    ),
    Misconception(
        "weights-detached-posterior",
        "log_weights",
        "The parameters are detached inside q. That is another estimator of the gradient (sticking "
        "the landing); for the bound with several samples it is biased.",
        (("log_normal(z, mean, log_var)", "log_normal(z, mean.detach(), log_var.detach())"),),
    ),
    Misconception(
        "monte-carlo-kl-sign",
        "monte_carlo_kl",
        "The difference has the wrong sign: the divergence is E_q[log q - log p].",
        (("difference = log_q - log_p", "difference = log_p - log_q"),),
    ),
    Misconception(
        "monte-carlo-kl-sum",
        "monte_carlo_kl",
        "The draws are added up; an expectation is their average.",
        (("difference.mean(dim=0), d", "difference.sum(dim=0), d"),),
    ),
    Misconception(
        "monte-carlo-kl-weighted",
        "monte_carlo_kl",
        "The draws are weighted by q again. They were drawn from q, so a plain average already is "
        "the expectation under q.",
        (("difference.mean(dim=0), d", "(log_q.exp() * difference).sum(dim=0), d"),),
    ),
    Misconception(
        "monte-carlo-kl-absolute",
        "monte_carlo_kl",
        "Negative terms were turned positive. Single terms, and even their average, may be negative; "
        "only the expectation is not.",
        (("difference.mean(dim=0), d", "difference.abs().mean(dim=0), d"),),
    ),
    Misconception(
        "monte-carlo-kl-over-batch",
        "monte_carlo_kl",
        "The average runs over the examples; it must run over the draws, the first dimension.",
        (
            (
                "difference.mean(dim=0), difference.std(dim=0) / math.sqrt(difference.shape[0])",
                "difference.mean(dim=1), difference.std(dim=1) / math.sqrt(difference.shape[1])",
            ),
        ),
    ),
    Misconception(
        "monte-carlo-kl-spread",
        "monte_carlo_kl",
        "This is the spread of single draws. The error of their average is smaller by the root of "
        "their number.",
        (("difference.std(dim=0) / math.sqrt(difference.shape[0])", "difference.std(dim=0)"),),
    ),
    Misconception(
        "monte-carlo-kl-divides-by-count",
        "monte_carlo_kl",
        "The spread is divided by the number of draws; it must be divided by its root.",
        (("math.sqrt(difference.shape[0])", "difference.shape[0]"),),
    ),
    Misconception(
        "monte-carlo-kl-biased",
        "monte_carlo_kl",
        "The variance has the factor 1/M; with the mean estimated from the same draws it needs "
        "1/(M - 1).",
        (("difference.std(dim=0) / math", "difference.std(dim=0, correction=0) / math"),),
    ),
    Misconception(
        "monte-carlo-kl-other-estimator",
        "monte_carlo_kl",
        "This is the estimator r - 1 - log r with r = p / q: never negative and also unbiased, but "
        "not the one asked for, and its r overflows.",
        (("difference = log_q - log_p", "difference = (log_p - log_q).expm1() + log_q - log_p"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "distributions",
        (
            (
                "    z = (x - mean) * (-log_var / 2).exp()\n"
                "    return -0.5 * (math.log(2 * math.pi) + log_var + z.square()).sum(dim=-1)",
                "    q = torch.distributions.Normal(0 * mean, torch.ones_like(mean), validate_args=False)\n"
                "    return (q.log_prob((x - mean) / (log_var / 2).exp()) - log_var / 2).sum(-1)",
            ),
            (
                "    log_prior = log_normal(z, torch.zeros_like(mean), torch.zeros_like(log_var))\n"
                "    return log_likelihood(z) + log_prior - log_normal(z, mean, log_var)",
                "    prior_over_q = (eps.square() - z.square() + log_var).sum(-1) / 2\n"
                "    return log_likelihood(z) + prior_over_q",
            ),
            (
                "return log_mean_exp(groups, dim=1).mean()",
                "return (groups.logsumexp(1) - math.log(num_samples)).mean()",
            ),
        ),
    ),
    Alternative(
        "loops",
        (
            (
                "    groups = log_w.unflatten(0, (-1, num_samples))\n"
                "    return log_mean_exp(groups, dim=1).mean()",
                "    bounds = [log_mean_exp(group, 0).mean() for group in log_w.split(num_samples)]\n"
                "    return sum(bounds) / len(bounds)",
            ),
            (
                "    log_prior = log_normal(z, torch.zeros_like(mean), torch.zeros_like(log_var))\n"
                "    return log_likelihood(z) + log_prior - log_normal(z, mean, log_var)",
                "    likelihoods = log_likelihood(z)\n"
                "    rows = []\n"
                "    for draw in range(len(eps)):\n"
                "        log_q = log_normal(z[draw], mean, log_var)\n"
                "        log_p = log_normal(z[draw], 0 * mean, 0 * log_var)\n"
                "        rows.append(likelihoods[draw] + log_p - log_q)\n"
                "    return torch.stack(rows)",
            ),
            (
                "    difference = log_q - log_p\n"
                "    return difference.mean(dim=0), difference.std(dim=0) / math.sqrt(difference.shape[0])",
                "    number = len(log_q)\n"
                "    kl = (log_q - log_p).sum(0) / number\n"
                "    squares = (log_q - log_p - kl).pow(2).sum(0)\n"
                "    return kl, (squares / (number - 1) / number).sqrt()",
            ),
        ),
    ),
    Alternative(
        "softmax-algebra",
        (
            (
                "return x.logsumexp(dim=dim) - math.log(x.shape[dim])",
                "top = x.amax(dim=dim, keepdim=True).nan_to_num(neginf=0.0).detach()\n"
                "    return (x - top).exp().mean(dim=dim).log() + top.squeeze(dim)",
            ),
        ),
    ),
)
