"""Q4: what goes wrong with mixture priors and conditional VAEs."""

from autograder.misconceptions import Alternative, Misconception

LOG_NORMAL = (
    "log_normal = -0.5 * (math.log(2 * math.pi) + log_vars + squared).sum(dim=-1)\n"
    "    return (logits.log_softmax(dim=0) + log_normal).logsumexp(dim=-1)"
)
SQUARED = "squared = ((z.unsqueeze(-2) - means) * (-log_vars / 2).exp()).square()\n    "
Z = "z = mean + (0.5 * log_var).exp() * eps"
BITS = (
    'bits = F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")\n'
    "    reconstruction = bits.sum(dim=-1).mean()"
)
LOG_Q = "log_q = -0.5 * (math.log(2 * math.pi) + log_var + eps.square()).sum(dim=-1)\n"
KL = "kl = (log_q - log_prior(z)).mean()\n    return reconstruction + kl, reconstruction, kl"
CVAE_KL = (
    "ratio = (q_log_var - p_log_var).exp()\n"
    "    distance = ((q_mean - p_mean) * (-p_log_var / 2).exp()).square()\n"
    "    kl = 0.5 * (ratio + distance - 1 - (q_log_var - p_log_var)).sum(dim=1).mean()\n"
    "    return reconstruction + kl, reconstruction, kl"
)
DECODE = "logits = decode(q_mean + (0.5 * q_log_var).exp() * eps, c)"
CROSS_ENTROPY = 'cross_entropy = F.binary_cross_entropy_with_logits(logits, x, reduction="none")\n'

CLAMPED = (
    "The log-variances are clamped. That is a trick of some programs against their own explosions; the "
    "formula holds for narrow and wide Gaussians alike, and beyond the bounds no gradient flows."
)

MISCONCEPTIONS = (
    Misconception(
        "gmm-prior-logits-unnormalised",
        "gmm_log_prior",
        "The logits are used as log-weights as they are. They are unnormalised: the weights must sum "
        "to one before they enter.",
        (("(logits.log_softmax(dim=0) + log_normal)", "(logits + log_normal)"),),
    ),
    Misconception(
        "gmm-prior-weights-not-logged",
        "gmm_log_prior",
        "A probability is added to a log-density. In log space the logarithm of the weight is added.",
        (("logits.log_softmax(dim=0) + log_normal", "logits.softmax(dim=0) + log_normal"),),
    ),
    Misconception(
        "gmm-prior-equal-weights",
        "gmm_log_prior",
        "All components get the same weight; the logits must enter.",
        (
            (
                "(logits.log_softmax(dim=0) + log_normal).logsumexp(dim=-1)",
                "log_normal.logsumexp(dim=-1) - math.log(len(logits))",
            ),
        ),
    ),
    Misconception(
        "gmm-prior-average-of-logs",
        "gmm_log_prior",
        "The log-densities of the components are averaged with the weights: that is a lower bound on the "
        "log of the average. Average the densities, then take the logarithm.",
        (
            (
                "(logits.log_softmax(dim=0) + log_normal).logsumexp(dim=-1)",
                "(logits.softmax(dim=0) * log_normal).sum(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "gmm-prior-best-component",
        "gmm_log_prior",
        "Only the most likely component counts. All components add to the density.",
        (("log_normal).logsumexp(dim=-1)", "log_normal).amax(dim=-1)"),),
    ),
    Misconception(
        "gmm-prior-underflow",
        "gmm_log_prior",
        "Densities are exponentiated, added, and then the logarithm is taken: far from the components "
        "everything underflows to zero. Stay in log space.",
        (("log_normal).logsumexp(dim=-1)", "log_normal).exp().sum(dim=-1).log()"),),
    ),
    Misconception(
        "gmm-prior-log-std",
        "gmm_log_prior",
        "`log_vars` is treated as the logarithm of a standard deviation; it is that of a variance.",
        (
            ("(-log_vars / 2).exp()", "(-log_vars).exp()"),
            (
                "(math.log(2 * math.pi) + log_vars + squared)",
                "(math.log(2 * math.pi) + 2 * log_vars + squared)",
            ),
        ),
    ),
    Misconception(
        "gmm-prior-divides-by-std",
        "gmm_log_prior",
        "The squared distance is divided by a standard deviation; it must be divided by the variance.",
        (("(-log_vars / 2).exp()", "(-log_vars / 4).exp()"),),
    ),
    Misconception(
        "gmm-prior-without-normaliser",
        "gmm_log_prior",
        "The term with the logarithm of the variance is missing: a component does not get lower as it "
        "gets wider, so the density does not integrate to one.",
        (("(math.log(2 * math.pi) + log_vars + squared)", "(math.log(2 * math.pi) + squared)"),),
    ),
    Misconception(
        "gmm-prior-without-two-pi",
        "gmm_log_prior",
        "The constant of the normal density is missing. It does not move the optimum, but the ELBO is "
        "then no bound on log p(x).",
        (("(math.log(2 * math.pi) + log_vars + squared)", "(log_vars + squared)"),),
    ),
    Misconception(
        "gmm-prior-two-pi-once",
        "gmm_log_prior",
        "The constant of the normal density enters once per vector; it belongs to each of the Z "
        "dimensions.",
        (
            (
                LOG_NORMAL,
                LOG_NORMAL.replace(
                    "-0.5 * (math.log(2 * math.pi) + log_vars + squared).sum(dim=-1)",
                    "-0.5 * (math.log(2 * math.pi) + (log_vars + squared).sum(dim=-1))",
                ),
            ),
        ),
    ),
    Misconception(
        "gmm-prior-mean-over-dimensions",
        "gmm_log_prior",
        "The log-densities of the Z dimensions are averaged. Independent dimensions multiply, so their "
        "logarithms add up.",
        (("log_vars + squared).sum(dim=-1)", "log_vars + squared).mean(dim=-1)"),),
    ),
    Misconception(
        "gmm-prior-mixture-per-dimension",
        "gmm_log_prior",
        "Every dimension has a mixture of its own: the sum over components is taken before the sum over "
        "dimensions. A vector comes from one component as a whole.",
        (
            (
                LOG_NORMAL,
                "log_normal = -0.5 * (math.log(2 * math.pi) + log_vars + squared)\n    return (logits.log_softmax(dim=0)[:, None] + log_normal).logsumexp(dim=-2).sum(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "gmm-prior-clamped",
        "gmm_log_prior",
        CLAMPED,
        ((SQUARED, "log_vars = log_vars.clamp(-20, 20)\n    " + SQUARED),),
    ),
    Misconception(
        "gmvae-kl-to-standard-normal",
        "gmvae_negative_elbo",
        "This is the closed form for the prior N(0, I). The prior here is whatever `log_prior` says: "
        "estimate the divergence from the samples.",
        (
            (
                "kl = (log_q - log_prior(z)).mean()",
                "kl = 0.5 * (log_var.exp() + mean.square() - 1 - log_var).sum(dim=-1).mean()",
            ),
        ),
    ),
    Misconception(
        "gmvae-kl-sign",
        "gmvae_negative_elbo",
        "The log-ratio is the wrong way round: the divergence is that of q from the prior, and must be "
        "positive on average.",
        (("(log_q - log_prior(z))", "(log_prior(z) - log_q)"),),
    ),
    Misconception(
        "gmvae-without-log-q",
        "gmvae_negative_elbo",
        "log q(z | x) is missing: this is the cross-entropy, and nothing keeps the posterior from "
        "collapsing to a point.",
        (("(log_q - log_prior(z))", "(-log_prior(z))"),),
    ),
    Misconception(
        "gmvae-exact-entropy",
        "gmvae_negative_elbo",
        "log q(z | x) is replaced by its expectation, the closed-form entropy. That has the right mean, "
        "but the function is to return the estimate from the given samples for both terms.",
        ((LOG_Q, LOG_Q.replace("eps.square()", "1 + 0 * eps")),),
    ),
    Misconception(
        "gmvae-density-of-eps",
        "gmvae_negative_elbo",
        "This is the log-density of eps. The density of z = mean + std * eps differs by the logarithm of "
        "the standard deviations: a change of variables.",
        ((LOG_Q, LOG_Q.replace(" + log_var + eps.square()", " + eps.square()")),),
    ),
    Misconception(
        "gmvae-log-q-without-two-pi",
        "gmvae_negative_elbo",
        "log q lacks the constant of the normal density. It cancels only if the prior lacks it too, and "
        "a prior is free to be anything.",
        ((LOG_Q, LOG_Q.replace("math.log(2 * math.pi) + log_var", "log_var")),),
    ),
    Misconception(
        "gmvae-std-from-log-var",
        "gmvae_negative_elbo",
        "eps is multiplied by the variance; a sample is mean plus standard deviation times eps.",
        ((Z, "z = mean + log_var.exp() * eps"),),
    ),
    Misconception(
        "gmvae-log-var-overwritten",
        "gmvae_negative_elbo",
        "`log_var` becomes a standard deviation in place: the caller, and the gradient, still need the "
        "log-variances. Give the result of an operation a name of its own.",
        (
            (Z, "given = log_var.clone()\n    z = mean + log_var.mul_(0.5).exp_() * eps"),
            (LOG_Q, LOG_Q.replace("log_var", "given")),
        ),
    ),
    Misconception(
        "gmvae-decodes-mean",
        "gmvae_negative_elbo",
        "The mean of q is decoded, as in a plain autoencoder. The bound needs the decoder's average over "
        "samples of z.",
        (("logits = decode(z)\n", "logits = decode(mean.expand_as(z))\n"),),
    ),
    Misconception(
        "gmvae-detached-sample",
        "gmvae_negative_elbo",
        "The samples are cut from the graph, so the encoder learns nothing through them. The point of "
        "reparameterisation is that gradients pass through z.",
        ((Z, "z = (mean + (0.5 * log_var).exp() * eps).detach()"),),
    ),
    Misconception(
        "gmvae-detached-prior-sample",
        "gmvae_negative_elbo",
        "The prior is evaluated at samples cut from the graph: the encoder is not drawn towards the "
        "prior.",
        (("log_prior(z)).mean()", "log_prior(z.detach())).mean()"),),
    ),
    Misconception(
        "gmvae-importance-weighted",
        "gmvae_negative_elbo",
        "The average over the samples is taken inside the logarithm: that is the importance-weighted "
        "bound. The ELBO averages logarithms.",
        (
            (
                KL,
                "kl = (log_q - log_prior(z)).mean()\n"
                "    log_w = -bits.sum(dim=-1) + log_prior(z) - log_q\n"
                "    return -(log_w.logsumexp(dim=0) - math.log(len(eps))).mean(), reconstruction, kl",
            ),
        ),
    ),
    Misconception(
        "gmvae-mean-over-pixels",
        "gmvae_negative_elbo",
        "The reconstruction term is averaged over the pixels while the divergence is a sum: the balance "
        "of the two is that of a beta-VAE with a large beta. Sum over the pixels.",
        (("bits.sum(dim=-1).mean()", "bits.mean()"),),
    ),
    Misconception(
        "gmvae-sum-over-batch",
        "gmvae_negative_elbo",
        "The terms are summed over the batch; average over examples and samples.",
        (
            ("bits.sum(dim=-1).mean()", "bits.sum() / len(eps)"),
            ("(log_q - log_prior(z)).mean()", "(log_q - log_prior(z)).mean(dim=0).sum()"),
        ),
    ),
    Misconception(
        "gmvae-squared-error",
        "gmvae_negative_elbo",
        "The reconstruction term is a squared error, which belongs to a Gaussian decoder. The pixels are "
        "Bernoulli variables.",
        (
            (
                BITS,
                "bits = 0.5 * (logits.sigmoid() - x).square()\n    reconstruction = bits.sum(dim=-1).mean()",
            ),
        ),
    ),
    Misconception(
        "gmvae-elbo-sign",
        "gmvae_negative_elbo",
        "The divergence is subtracted. A loss that is minimised adds it: minus log-likelihood plus "
        "divergence.",
        ((KL, KL.replace("return reconstruction + kl,", "return reconstruction - kl,")),),
    ),
    Misconception(
        "gmvae-log-likelihood",
        "gmvae_negative_elbo",
        "The reconstruction term is the log-likelihood itself; a loss needs its negative.",
        (("bits.sum(dim=-1).mean()", "-bits.sum(dim=-1).mean()"),),
    ),
    Misconception(
        "gmvae-clamped",
        "gmvae_negative_elbo",
        CLAMPED,
        ((Z, "log_var = log_var.clamp(-20, 20)\n    " + Z),),
    ),
    Misconception(
        "cvae-prior-without-class",
        "cvae_negative_elbo",
        "The divergence is taken to N(0, I). The prior of this model depends on the class: p(z | y).",
        (
            (
                CVAE_KL,
                "kl = 0.5 * (q_log_var.exp() + q_mean.square() - 1 - q_log_var).sum(dim=1).mean()\n    return reconstruction + kl, reconstruction, kl",
            ),
        ),
    ),
    Misconception(
        "cvae-reverse-kl",
        "cvae_negative_elbo",
        "The divergence is the wrong way round: it must be that of the posterior q(z | x, y) from the "
        "prior p(z | y), an average under q.",
        (
            (
                CVAE_KL,
                CVAE_KL.replace("(q_log_var - p_log_var)", "(p_log_var - q_log_var)").replace(
                    "(-p_log_var / 2).exp()", "(-q_log_var / 2).exp()"
                ),
            ),
        ),
    ),
    Misconception(
        "cvae-one-sample-kl",
        "cvae_negative_elbo",
        "The divergence is estimated from the one sample. Between two Gaussians it has a closed form, "
        "without noise.",
        (
            (
                "kl = 0.5 * (ratio + distance - 1 - (q_log_var - p_log_var)).sum(dim=1).mean()",
                "shifted = (q_mean - p_mean + (0.5 * q_log_var).exp() * eps).square() / p_log_var.exp()\n"
                "    kl = 0.5 * (shifted - eps.square() - (q_log_var - p_log_var)).sum(dim=1).mean()",
            ),
        ),
    ),
    Misconception(
        "cvae-kl-without-half",
        "cvae_negative_elbo",
        "The factor 1/2 of the divergence between Gaussians is missing.",
        (("kl = 0.5 * (ratio + distance", "kl = (ratio + distance"),),
    ),
    Misconception(
        "cvae-kl-std",
        "cvae_negative_elbo",
        "The ratio in the divergence is that of the standard deviations; it must be that of the "
        "variances.",
        (
            (
                "ratio = (q_log_var - p_log_var).exp()",
                "ratio = (0.5 * (q_log_var - p_log_var)).exp()",
            ),
        ),
    ),
    Misconception(
        "cvae-kl-mean-over-dimensions",
        "cvae_negative_elbo",
        "The divergence is averaged over the Z dimensions; it is a sum.",
        (("(q_log_var - p_log_var)).sum(dim=1).mean()", "(q_log_var - p_log_var)).mean()"),),
    ),
    Misconception(
        "cvae-mean-over-pixels",
        "cvae_negative_elbo",
        "The reconstruction term is averaged over the pixels; it is a sum.",
        (("cross_entropy.sum(dim=1).mean()", "cross_entropy.mean()"),),
    ),
    Misconception(
        "cvae-overflowing-log",
        "cvae_negative_elbo",
        "The logarithm of a sigmoid is taken in two steps: where the logits are large it is log 0. Use a "
        "function that takes the logits.",
        (
            (
                CROSS_ENTROPY,
                "s = logits.sigmoid()\n    cross_entropy = -(x * s.log() + (1 - x) * (1 - s).log())\n",
            ),
        ),
    ),
    Misconception(
        "cvae-samples-prior",
        "cvae_negative_elbo",
        "The decoder gets a sample of the prior. In training, z comes from the posterior, which has seen "
        "x; the prior is for generating.",
        ((DECODE, DECODE.replace("q_", "p_")),),
    ),
    Misconception(
        "cvae-std-from-log-var",
        "cvae_negative_elbo",
        "eps is multiplied by the variance; it must be multiplied by the standard deviation.",
        ((DECODE, DECODE.replace("(0.5 * q_log_var).exp()", "q_log_var.exp()")),),
    ),
    Misconception(
        "cvae-decoder-without-class",
        "cvae_negative_elbo",
        "The decoder does not learn of the class. It models p(x | z, y), so it must be given both.",
        ((DECODE, DECODE.replace("eps, c)", "eps, 0 * c)")),),
    ),
    Misconception(
        "cvae-encoder-without-class",
        "cvae_negative_elbo",
        "The encoder does not learn of the class, so the posterior must spend z on it. It models "
        "q(z | x, y).",
        (("encode(x, c)", "encode(x, 0 * c)"),),
    ),
    Misconception(
        "cvae-clamped",
        "cvae_negative_elbo",
        CLAMPED,
        (
            (
                DECODE,
                "q_log_var, p_log_var = q_log_var.clamp(-20, 20), p_log_var.clamp(-20, 20)\n    "
                + DECODE,
            ),
        ),
    ),
    Misconception(
        "cvae-sample-standard-normal",
        "cvae_sample",
        "z is drawn from N(0, I). The prior of the class has a mean and a variance of its own.",
        (("z = prior_mean + (0.5 * prior_log_var).exp() * eps", "z = eps"),),
    ),
    Misconception(
        "cvae-sample-variance",
        "cvae_sample",
        "eps is multiplied by the variance of the prior; it must be multiplied by the standard "
        "deviation.",
        (
            (
                "z = prior_mean + (0.5 * prior_log_var).exp() * eps",
                "z = prior_mean + prior_log_var.exp() * eps",
            ),
        ),
    ),
    Misconception(
        "cvae-sample-prior-mean",
        "cvae_sample",
        "z is the mean of the prior, so all samples of a class are alike but for pixel noise: `eps` "
        "must enter.",
        (("z = prior_mean + (0.5 * prior_log_var).exp() * eps", "z = prior_mean + 0 * eps"),),
    ),
    Misconception(
        "cvae-sample-thresholded",
        "cvae_sample",
        "Pixels are set where their probability exceeds one half. That is the most likely image, not a "
        "sample: compare with the given uniform noise.",
        (("u < decode(z, c).sigmoid()", "decode(z, c).sigmoid() > 0.5"),),
    ),
    Misconception(
        "cvae-sample-clipped",
        "cvae_sample",
        "The probabilities are clipped away from 0 and 1, which puts stray pixels into images of which the "
        "decoder is sure. A comparison with u needs no clipping.",
        (("decode(z, c).sigmoid()", "decode(z, c).sigmoid().clamp(0.01, 0.99)"),),
    ),
    Misconception(
        "cvae-sample-probabilities",
        "cvae_sample",
        "The probabilities of the pixels are returned; a sample consists of zeros and ones.",
        (("(u < decode(z, c).sigmoid()).to(u.dtype)", "decode(z, c).sigmoid()"),),
    ),
    Misconception(
        "cvae-sample-inverted",
        "cvae_sample",
        "The comparison is the wrong way round: pixels are on with probability one minus what the "
        "decoder says.",
        (("u < decode(z, c).sigmoid()", "u > decode(z, c).sigmoid()"),),
    ),
    Misconception(
        "cvae-sample-decoder-without-class",
        "cvae_sample",
        "The decoder does not learn of the class; it must be given z and the class.",
        (("decode(z, c).sigmoid()", "decode(z, 0 * c).sigmoid()"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "distributions",
        (
            (
                SQUARED + LOG_NORMAL,
                "from torch import distributions as D\n"
                "    weights = D.Categorical(logits=logits, validate_args=False)\n"
                "    normal = D.Normal(means, (log_vars / 2).exp(), validate_args=False)\n"
                "    parts = D.Independent(normal, 1, validate_args=False)\n"
                "    return D.MixtureSameFamily(weights, parts, validate_args=False).log_prob(z)",
            ),
            (
                LOG_Q,
                "from torch.distributions import Normal\n"
                "    log_q = Normal(mean, log_var.exp().sqrt(), validate_args=False).log_prob(z).sum(dim=-1)\n",
            ),
            (
                CVAE_KL,
                "from torch.distributions import Normal, kl_divergence\n"
                "    q = Normal(q_mean, (q_log_var / 2).exp(), validate_args=False)\n"
                "    p = Normal(p_mean, (p_log_var / 2).exp(), validate_args=False)\n"
                "    kl = kl_divergence(q, p).sum() / len(x)\n"
                "    return reconstruction + kl, reconstruction, kl",
            ),
        ),
    ),
    Alternative(
        "loops",
        (
            (
                SQUARED + LOG_NORMAL,
                "import torch\n"
                "    parts = []\n"
                "    for log_weight, mu, lv in zip(logits - logits.logsumexp(0), means, log_vars):\n"
                "        exponent = -0.5 * ((z - mu) * (-0.5 * lv).exp()).pow(2).sum(-1)\n"
                "        parts.append(log_weight + exponent - 0.5 * lv.sum() - 0.5 * len(mu) * math.log(2 * math.pi))\n"
                "    return torch.stack(parts).logsumexp(0)",
            ),
            (
                Z + "\n    logits = decode(z)\n    " + BITS + "\n    " + LOG_Q + "    " + KL,
                "reconstruction, kl = 0, 0\n"
                "    for noise in eps:\n"
                "        z = mean + log_var.exp().sqrt() * noise\n"
                "        logits = decode(z)\n"
                "        log_p = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)\n"
                "        reconstruction = reconstruction - log_p.sum() / len(x) / len(eps)\n"
                "        log_q = -0.5 * ((z - mean) ** 2 / log_var.exp()).sum(-1) - 0.5 * log_var.sum(-1)\n"
                "        log_q = log_q - 0.5 * z.shape[-1] * math.log(2 * math.pi)\n"
                "        kl = kl + (log_q - log_prior(z)).mean() / len(eps)\n"
                "    return reconstruction + kl, reconstruction, kl",
            ),
            (
                CROSS_ENTROPY,
                "cross_entropy = F.softplus(logits) - x * logits\n",
            ),
            (
                "c = F.one_hot(y, num_classes).to(x.dtype)",
                "import torch\n    c = torch.eye(num_classes, dtype=x.dtype, device=x.device)[y]",
            ),
            ("u < decode(z, c).sigmoid()", "u < 1 / (1 + (-decode(z, c)).exp())"),
        ),
    ),
)
