"""Q2: what goes wrong in variational autoencoders."""

from autograder.misconceptions import Alternative, Misconception

CLAMPED = (
    "The log-variances are clamped. That is a trick of some programs against their own explosions; the "
    "formula holds for narrow and wide Gaussians alike, and beyond the bounds no gradient flows."
)

MISCONCEPTIONS = (
    Misconception(
        "reparameterize-std-is-variance",
        "reparameterize",
        "The noise is scaled by the variance. It must be scaled by the standard deviation, its root.",
        (("mean + (log_var / 2).exp() * eps", "mean + log_var.exp() * eps"),),
    ),
    Misconception(
        "reparameterize-no-exp",
        "reparameterize",
        "The noise is scaled by the logarithm of the variance: an exponential is missing.",
        (("mean + (log_var / 2).exp() * eps", "mean + log_var * eps"),),
    ),
    Misconception(
        "reparameterize-precision",
        "reparameterize",
        "The noise is divided by the standard deviation: a sign in the exponent is wrong.",
        (("mean + (log_var / 2).exp() * eps", "mean + (-log_var / 2).exp() * eps"),),
    ),
    Misconception(
        "reparameterize-softplus",
        "reparameterize",
        "A softplus stands where the exponential belongs: log_var is the logarithm of a variance, "
        "not any unbounded number.",
        (("(log_var / 2).exp() * eps", "F.softplus(log_var).sqrt() * eps"),),
    ),
    Misconception(
        "reparameterize-scales-mean",
        "reparameterize",
        "The mean is scaled with the noise. It is added after scaling.",
        (("mean + (log_var / 2).exp() * eps", "(mean + eps) * (log_var / 2).exp()"),),
    ),
    Misconception(
        "reparameterize-detached-std",
        "reparameterize",
        "No gradient reaches log_var: the standard deviation is detached.",
        (("(log_var / 2).exp() * eps", "(log_var / 2).exp().detach() * eps"),),
    ),
    Misconception(
        "reparameterize-own-noise",
        "reparameterize",
        "Noise is drawn inside the function. It is given as eps, so that a draw can be repeated.",
        (("(log_var / 2).exp() * eps", "(log_var / 2).exp() * torch.randn_like(eps)"),),
    ),
    Misconception(
        "reparameterize-clamped",
        "reparameterize",
        CLAMPED,
        (("mean + (log_var / 2)", "mean + (log_var.clamp(-20, 20) / 2)"),),
    ),
    Misconception(
        "vae-forward-halves-swapped",
        "VAE.forward",
        "The halves of the encoder's output are swapped: the mean comes first.",
        (("mean, log_var = self.encoder(x).chunk", "log_var, mean = self.encoder(x).chunk"),),
    ),
    Misconception(
        "vae-forward-interleaved",
        "VAE.forward",
        "Every other output of the encoder is taken as a mean. The first Z are the means, the last "
        "Z the log-variances.",
        (
            (
                "self.encoder(x).chunk(2, dim=-1)",
                "self.encoder(x).unflatten(-1, (-1, 2)).unbind(-1)",
            ),
        ),
    ),
    Misconception(
        "vae-forward-decodes-mean",
        "VAE.forward",
        "The posterior's mean is decoded. The bound needs a draw from the posterior; without its "
        "noise, codes need not be smooth.",
        (("self.decoder(reparameterize(mean, log_var, eps))", "self.decoder(mean)"),),
    ),
    Misconception(
        "vae-forward-mean-in-evaluation",
        "VAE.forward",
        "In evaluation mode the noise is not used and the mean is decoded. The bound needs a draw on test "
        "data too: use the `eps` that was given, whatever the mode.",
        (
            (
                "self.decoder(reparameterize(mean, log_var, eps))",
                "self.decoder(reparameterize(mean, log_var, eps) if self.training else mean)",
            ),
        ),
    ),
    Misconception(
        "vae-forward-sigmoid",
        "VAE.forward",
        "Probabilities are returned; logits are asked for.",
        (("eps)), mean, log_var", "eps)).sigmoid(), mean, log_var"),),
    ),
    Misconception(
        "vae-forward-returns-code",
        "VAE.forward",
        "The drawn code is returned where the posterior's mean is asked for.",
        (("eps)), mean, log_var", "eps)), reparameterize(mean, log_var, eps), log_var"),),
    ),
    Misconception(
        "vae-forward-returns-std",
        "VAE.forward",
        "The standard deviation is returned; the log-variance is asked for.",
        (("eps)), mean, log_var", "eps)), mean, (log_var / 2).exp()"),),
    ),
    Misconception(
        "kl-normal-no-half",
        "kl_standard_normal",
        "The factor 1/2 is missing.",
        (("0.5 * (mean.square() + log_var.exp()", "(mean.square() + log_var.exp()"),),
    ),
    Misconception(
        "kl-normal-sign",
        "kl_standard_normal",
        "The divergence is negative: the paper's formula is the negative divergence, as it stands in "
        "the ELBO.",
        (("0.5 * (mean.square() + log_var.exp()", "-0.5 * (mean.square() + log_var.exp()"),),
    ),
    Misconception(
        "kl-normal-log-std",
        "kl_standard_normal",
        "log_var is used as the logarithm of a standard deviation and doubled.",
        (("log_var.exp() - 1 - log_var)", "(2 * log_var).exp() - 1 - 2 * log_var)"),),
    ),
    Misconception(
        "kl-normal-no-minus-one",
        "kl_standard_normal",
        "The -1 is missing, so that the prior has a positive divergence from itself.",
        (("log_var.exp() - 1 - log_var)", "log_var.exp() - log_var)"),),
    ),
    Misconception(
        "kl-normal-mean-over-latents",
        "kl_standard_normal",
        "The latent dimensions are averaged. They are independent, so their divergences add up.",
        (("1 - log_var).sum(dim=-1)", "1 - log_var).mean(dim=-1)"),),
    ),
    Misconception(
        "kl-normal-over-batch",
        "kl_standard_normal",
        "The sum runs over the examples of the batch; it must run over the latent dimensions.",
        (("1 - log_var).sum(dim=-1)", "1 - log_var).sum(dim=0)"),),
    ),
    Misconception(
        "kl-normal-reversed",
        "kl_standard_normal",
        "This is the divergence of the prior from q. The expectation is under q, which comes first.",
        (
            (
                "(mean.square() + log_var.exp() - 1 - log_var)",
                "((mean.square() + 1) * (-log_var).exp() - 1 + log_var)",
            ),
        ),
    ),
    Misconception(
        "kl-normal-underflow",
        "kl_standard_normal",
        "The variance is computed first and its logarithm then: a tiny variance rounds to zero, and "
        "the divergence is infinite. You have the logarithm already.",
        (("- 1 - log_var).sum(dim=-1)", "- 1 - log_var.exp().log()).sum(dim=-1)"),),
    ),
    Misconception(
        "kl-normal-clamped",
        "kl_standard_normal",
        CLAMPED,
        (
            (
                "    return 0.5 * (mean.square()",
                "    log_var = log_var.clamp(-20, 20)\n    return 0.5 * (mean.square()",
            ),
        ),
    ),
    Misconception(
        "kl-normal-clamped-above",
        "kl_standard_normal",
        CLAMPED,
        (("log_var.exp() - 1", "log_var.clamp(max=30).exp() - 1"),),
    ),
    Misconception(
        "kl-diag-swapped",
        "kl_diag_gaussians",
        "p and q are exchanged. The divergence is not symmetric: its expectation is under q.",
        (
            ("log_ratio = log_var_q - log_var_p", "log_ratio = log_var_p - log_var_q"),
            ("(-log_var_p / 2).exp()", "(-log_var_q / 2).exp()"),
        ),
    ),
    Misconception(
        "kl-diag-no-half",
        "kl_diag_gaussians",
        "The factor 1/2 is missing.",
        (("0.5 * (log_ratio.exp()", "(log_ratio.exp()"),),
    ),
    Misconception(
        "kl-diag-log-ratio-sign",
        "kl_diag_gaussians",
        "The logarithm of the ratio of variances has the wrong sign: a q much narrower than p must "
        "have a large divergence.",
        (("- 1 - log_ratio).sum", "- 1 + log_ratio).sum"),),
    ),
    Misconception(
        "kl-diag-distance-in-q",
        "kl_diag_gaussians",
        "The distance of the means is measured in standard deviations of q; p's are needed.",
        (("(-log_var_p / 2).exp()", "(-log_var_q / 2).exp()"),),
    ),
    Misconception(
        "kl-diag-distance-not-scaled",
        "kl_diag_gaussians",
        "The distance of the means is not divided by the standard deviation of p.",
        (("(mean_q - mean_p) * (-log_var_p / 2).exp()", "mean_q - mean_p"),),
    ),
    Misconception(
        "kl-diag-minus-one-once",
        "kl_diag_gaussians",
        "The 1 is subtracted once per example; there is one for every latent dimension.",
        (("- 1 - log_ratio).sum(dim=-1)", "- log_ratio).sum(dim=-1) - 0.5"),),
    ),
    Misconception(
        "kl-diag-mean-over-latents",
        "kl_diag_gaussians",
        "The latent dimensions are averaged. They are independent, so their divergences add up.",
        (("- 1 - log_ratio).sum(dim=-1)", "- 1 - log_ratio).mean(dim=-1)"),),
    ),
    Misconception(
        "kl-diag-underflow",
        "kl_diag_gaussians",
        "Tiny variances round to zero before they are divided. Take the ratio in log space.",
        (
            ("(log_ratio.exp() + distance", "(log_var_q.exp() / log_var_p.exp() + distance"),
            ("(-log_var_p / 2).exp()", "log_var_p.exp().rsqrt()"),
        ),
    ),
    Misconception(
        "kl-diag-clamped",
        "kl_diag_gaussians",
        CLAMPED,
        (
            (
                "    log_ratio = log_var_q",
                "    log_var_q, log_var_p = log_var_q.clamp(-20, 20), log_var_p.clamp(-20, 20)\n"
                "    log_ratio = log_var_q",
            ),
        ),
    ),
    Misconception(
        "kl-diag-means-detached",
        "kl_diag_gaussians",
        "The means enter as constants: the value is right, and no gradient draws them together.",
        (("(mean_q - mean_p) *", "(mean_q - mean_p).detach() *"),),
    ),
    Misconception(
        "negative-elbo-mean-over-pixels",
        "negative_elbo",
        "The reconstruction is averaged over the pixels, and the divergence is not: it then weighs "
        "D times too much, and the posterior collapses.",
        (("nll.flatten(1).sum(dim=1).mean()", "nll.mean()"),),
    ),
    Misconception(
        "negative-elbo-sum-over-batch",
        "negative_elbo",
        "The reconstruction is added up over the batch while the divergence is averaged.",
        (("nll.flatten(1).sum(dim=1).mean()", "nll.sum()"),),
    ),
    Misconception(
        "negative-elbo-last-dimension-only",
        "negative_elbo",
        "Only the last dimension of an image is summed. All pixels belong to the log-likelihood.",
        (("nll.flatten(1).sum(dim=1).mean()", "nll.sum(dim=-1).mean()"),),
    ),
    Misconception(
        "negative-elbo-images-or-vectors",
        "negative_elbo",
        "Only vectors and images are provided for. With any number of dimensions, all but the first belong "
        "to one example: flatten them.",
        (
            (
                "nll.flatten(1).sum(dim=1).mean()",
                "(nll.sum(dim=(1, 2, 3)) if nll.dim() == 4 else nll.sum(dim=1)).mean()",
            ),
        ),
    ),
    Misconception(
        "negative-elbo-kl-sign",
        "negative_elbo",
        "The divergence is subtracted. It lowers the bound, so it raises the loss.",
        (("return reconstruction + kl.mean(), r", "return reconstruction - kl.mean(), r"),),
    ),
    Misconception(
        "negative-elbo-not-negated",
        "negative_elbo",
        "This is the ELBO, which training would have to maximise. The loss is its negative.",
        (("return reconstruction + kl.mean(), r", "return -reconstruction - kl.mean(), r"),),
    ),
    Misconception(
        "negative-elbo-order",
        "negative_elbo",
        "Reconstruction and divergence are returned in the wrong order.",
        (("kl.mean(), reconstruction, kl.mean()", "kl.mean(), kl.mean(), reconstruction"),),
    ),
    Misconception(
        "negative-elbo-sigmoid-overflow",
        "negative_elbo",
        "The sigmoid of a large logit rounds to 0 or 1, and its logarithm is lost (infinite, or "
        "clamped at -100 by torch). Compute the loss from the logits.",
        (
            (
                "F.binary_cross_entropy_with_logits(logits, x",
                "F.binary_cross_entropy(logits.sigmoid(), x",
            ),
        ),
    ),
    Misconception(
        "negative-elbo-squared-error",
        "negative_elbo",
        "This is a squared error, the likelihood of a Gaussian decoder. The decoder is Bernoulli.",
        (
            (
                'F.binary_cross_entropy_with_logits(logits, x, reduction="none")',
                "(logits.sigmoid() - x).square() / 2",
            ),
        ),
    ),
    Misconception(
        "negative-elbo-kl-detached",
        "negative_elbo",
        "The divergence enters the loss as a constant: the encoder never feels what its code costs.",
        (
            (
                "return reconstruction + kl.mean(), r",
                "return reconstruction + kl.detach().mean(), r",
            ),
        ),
    ),
    Misconception(
        "negative-elbo-terms-detached",
        "negative_elbo",
        "The two terms are returned as constants. Other losses, such as that of a beta-VAE, are made "
        "of them and need their gradients.",
        (("reconstruction, kl.mean()", "reconstruction.detach(), kl.mean().detach()"),),
    ),
    Misconception(
        "beta-on-reconstruction",
        "beta_vae_loss",
        "beta weighs the reconstruction; it belongs on the divergence.",
        (
            (
                "reconstruction.mean() + beta * (kl.mean() - capacity).abs()",
                "beta * reconstruction.mean() + (kl.mean() - capacity).abs()",
            ),
        ),
    ),
    Misconception(
        "beta-on-both",
        "beta_vae_loss",
        "beta weighs the whole loss, which changes the learning rate and nothing else.",
        (
            (
                "reconstruction.mean() + beta * (kl.mean() - capacity).abs()",
                "beta * (reconstruction.mean() + (kl.mean() - capacity).abs())",
            ),
        ),
    ),
    Misconception(
        "beta-capacity-ignored",
        "beta_vae_loss",
        "The capacity is not used.",
        (("(kl.mean() - capacity).abs()", "kl.mean()"),),
    ),
    Misconception(
        "beta-capacity-per-example",
        "beta_vae_loss",
        "The absolute value is taken for every example. The capacity is one of the mean: some "
        "examples may use more nats than others.",
        (("(kl.mean() - capacity).abs()", "(kl - capacity).abs().mean()"),),
    ),
    Misconception(
        "beta-capacity-signed",
        "beta_vae_loss",
        "The absolute value is missing: a divergence below the capacity must cost too.",
        (("(kl.mean() - capacity).abs()", "(kl.mean() - capacity)"),),
    ),
    Misconception(
        "beta-capacity-free-bits",
        "beta_vae_loss",
        "A divergence below the capacity costs nothing. That is the method of free bits; here the "
        "divergence is drawn to the capacity from both sides.",
        (("(kl.mean() - capacity).abs()", "(kl.mean() - capacity).clamp(min=0)"),),
    ),
    Misconception(
        "beta-kl-detached",
        "beta_vae_loss",
        "The divergence enters the loss as a constant: its value is right, and no gradient flows to it.",
        (("(kl.mean() - capacity).abs()", "(kl.detach().mean() - capacity).abs()"),),
    ),
    Misconception(
        "beta-reconstruction-detached",
        "beta_vae_loss",
        "The reconstruction enters the loss as a constant: its value is right, and no gradient flows to "
        "it.",
        (("return reconstruction.mean() + beta", "return reconstruction.detach().mean() + beta"),),
    ),
    Misconception(
        "active-unbiased",
        "active_units",
        "The variance has the factor 1/(N - 1), the default of torch; 1/N is asked for.",
        (("correction=0", "correction=1"),),
    ),
    Misconception(
        "active-std",
        "active_units",
        "The activity is a standard deviation; it must be a variance.",
        (("torch.var(mean, dim=0, correction=0)", "mean.std(dim=0, correction=0)"),),
    ),
    Misconception(
        "active-not-centred",
        "active_units",
        "This is the mean square. A dimension whose posterior mean is the same for all x, and not "
        "zero, says nothing about x.",
        (("torch.var(mean, dim=0, correction=0)", "mean.square().mean(dim=0)"),),
    ),
    Misconception(
        "active-over-latents",
        "active_units",
        "The variance is taken over the latent dimensions of an example; it must be taken over the "
        "examples.",
        (("torch.var(mean, dim=0, correction=0)", "mean.var(dim=1, correction=0)"),),
    ),
    Misconception(
        "active-inclusive",
        "active_units",
        "A dimension exactly at the threshold counts as active; it must lie above.",
        (("activity > threshold", "activity >= threshold"),),
    ),
    Misconception(
        "active-std-above-threshold",
        "active_units",
        "The standard deviation is compared with the threshold; the activity, a variance, must be.",
        (("activity > threshold", "activity.sqrt() > threshold"),),
    ),
    Misconception(
        "active-count",
        "active_units",
        "This is how many dimensions are active. Which ones they are is asked for: one boolean per dimension.",
        (("activity > threshold", "(activity > threshold).sum()"),),
    ),
    Misconception(
        "active-collapsed",
        "active_units",
        "The dimensions that are marked are the collapsed ones.",
        (("activity > threshold", "activity <= threshold"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "distributions",
        (
            (
                "mean + (log_var / 2).exp() * eps",
                "torch.addcmul(mean.expand_as(eps), log_var.exp().sqrt().expand_as(eps), eps)",
            ),
            (
                "    log_ratio = log_var_q - log_var_p\n"
                "    distance = (mean_q - mean_p) * (-log_var_p / 2).exp()\n"
                "    return 0.5 * (log_ratio.exp() + distance.square() - 1 - log_ratio).sum(dim=-1)",
                "    q = torch.distributions.Normal(mean_q, (log_var_q / 2).exp(), validate_args=False)\n"
                "    p = torch.distributions.Normal(mean_p, (log_var_p / 2).exp(), validate_args=False)\n"
                "    return torch.distributions.kl_divergence(q, p).sum(-1)",
            ),
            (
                'F.binary_cross_entropy_with_logits(logits, x, reduction="none")',
                "-(x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits))",
            ),
        ),
    ),
    Alternative(
        "loops",
        (
            (
                "mean, log_var = self.encoder(x).chunk(2, dim=-1)",
                "h = self.encoder(x)\n"
                "        latent_dim = h.shape[1] // 2\n"
                "        mean, log_var = h[:, :latent_dim], h[:, latent_dim:]",
            ),
            (
                "return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(dim=-1)",
                "terms = [m * m + torch.expm1(v) - v for m, v in zip(mean.T, log_var.T)]\n"
                "    return sum(terms) / 2",
            ),
            (
                "nll.flatten(1).sum(dim=1).mean()",
                "torch.stack([row.sum() for row in nll]).mean()",
            ),
            (
                "torch.var(mean, dim=0, correction=0)",
                "torch.stack([(c - c.mean()).square().mean() for c in mean.T])",
            ),
        ),
    ),
    Alternative(
        "other-algebra",
        (
            (
                "return reconstruction + kl.mean(), r",
                "return (nll.flatten(1).sum(dim=1) + kl).mean(), r",
            ),
            (
                "(kl.mean() - capacity).abs()",
                "torch.sqrt((kl.sum() / len(kl) - capacity) ** 2)",
            ),
            (
                "    log_ratio = log_var_q - log_var_p\n"
                "    distance = (mean_q - mean_p) * (-log_var_p / 2).exp()\n"
                "    return 0.5 * (log_ratio.exp() + distance.square() - 1 - log_ratio).sum(dim=-1)",
                "    delta = log_var_q - log_var_p\n"
                "    kl = torch.expm1(delta) - delta + ((mean_q - mean_p) / (log_var_p / 2).exp()) ** 2\n"
                "    return torch.einsum('bz->b', kl) * 0.5",
            ),
        ),
    ),
)
