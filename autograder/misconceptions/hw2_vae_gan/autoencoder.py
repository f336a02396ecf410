"""Q1: what goes wrong in autoencoders and in the linear-Gaussian model."""

from autograder.misconceptions import Alternative, Misconception

MISCONCEPTIONS = (
    Misconception(
        "autoencoder-sigmoid",
        "Autoencoder.forward",
        "The output went through a sigmoid. The decoder's raw output is asked for: the Bernoulli "
        "loss takes logits and applies the sigmoid itself, and the other losses need unbounded "
        "values.",
        (("return self.decoder(z).reshape", "return self.decoder(z).sigmoid().reshape"),),
    ),
    Misconception(
        "autoencoder-code-activation",
        "Autoencoder.forward",
        "A nonlinearity is applied to the code. Codes are what the encoder gives, negative ones "
        "included.",
        (("z = self.encoder(seen.flatten(1))", "z = self.encoder(seen.flatten(1)).relu()"),),
    ),
    Misconception(
        "autoencoder-flat-output",
        "Autoencoder.forward",
        "Images come back flattened. The output has the shape of x.",
        (("self.decoder(z).reshape(x.shape)", "self.decoder(z)"),),
    ),
    Misconception(
        "autoencoder-noise-ignored",
        "Autoencoder.forward",
        "The noise is not used: the encoder of a denoising autoencoder sees x + noise.",
        (("seen = x if noise is None else x + noise", "seen = x"),),
    ),
    Misconception(
        "autoencoder-noise-only-in-training",
        "Autoencoder.forward",
        "In evaluation mode the noise is not used. Whether there is noise is up to the caller, who can "
        "pass None; the mode has no say.",
        (
            (
                "seen = x if noise is None else x + noise",
                "seen = x + noise if self.training and noise is not None else x",
            ),
        ),
    ),
    Misconception(
        "autoencoder-noise-on-output",
        "Autoencoder.forward",
        "The noise is added to the output. It belongs on the input of the encoder.",
        (
            ("seen = x if noise is None else x + noise", "seen = x"),
            (
                "self.decoder(z).reshape(x.shape), z",
                "self.decoder(z).reshape(x.shape) + (0 if noise is None else noise), z",
            ),
        ),
    ),
    Misconception(
        "autoencoder-noise-in-place",
        "Autoencoder.forward",
        "x itself became noisy (an operation in place). The caller compares the output with the "
        "clean x, so that a noisy target would undo the denoising.",
        (("x if noise is None else x + noise", "x if noise is None else x.add_(noise)"),),
    ),
    Misconception(
        "autoencoder-detached-code",
        "Autoencoder.forward",
        "No gradient reaches the encoder: the code is detached on its way to the decoder.",
        (("self.decoder(z).reshape", "self.decoder(z.detach()).reshape"),),
    ),
    Misconception(
        "reconstruction-mean-over-dimensions",
        "reconstruction_loss",
        "The loss is averaged over the dimensions too. The log-likelihood of an example is a sum "
        "over its dimensions; averaging it would make any KL term of Q2 count D times too much.",
        (("loss.flatten(1).sum(dim=1).mean()", "loss.mean()"),),
    ),
    Misconception(
        "reconstruction-sum-over-batch",
        "reconstruction_loss",
        "The loss is added up over the batch; its mean is asked for.",
        (("loss.flatten(1).sum(dim=1).mean()", "loss.sum()"),),
    ),
    Misconception(
        "reconstruction-last-dimension-only",
        "reconstruction_loss",
        "The sum runs over the last dimension only. An image's loss is summed over channels, rows "
        "and columns.",
        (("loss.flatten(1).sum(dim=1).mean()", "loss.sum(dim=-1).mean()"),),
    ),
    Misconception(
        "reconstruction-no-half",
        "reconstruction_loss",
        "The Gaussian loss is twice as large as it should be: the exponent of a Gaussian has a 1/2.",
        (("(x - output).square() / 2", "(x - output).square()"),),
    ),
    Misconception(
        "reconstruction-signed-laplace",
        "reconstruction_loss",
        "The differences of the Laplace loss keep their signs and cancel: the absolute value is "
        "missing or comes after the sum.",
        (("loss = (x - output).abs()", "loss = x - output"),),
    ),
    Misconception(
        "reconstruction-constant",
        "reconstruction_loss",
        "The loss is a constant, from item() or detach(): its value is right, and nothing can be trained "
        "with it.",
        (
            ("loss = (x - output).square()", "loss = (x - output).detach().square()"),
            ("loss = (x - output).abs()", "loss = (x - output).detach().abs()"),
        ),
    ),
    Misconception(
        "reconstruction-sigmoid-overflow",
        "reconstruction_loss",
        "The sigmoid of a large logit rounds to 1, and the logarithm of 1 minus that is lost "
        "(infinite, or clamped at -100 by torch). Compute the loss from the logits.",
        (
            (
                "F.binary_cross_entropy_with_logits(output, x,",
                "F.binary_cross_entropy(output.sigmoid(), x,",
            ),
        ),
    ),
    Misconception(
        "reconstruction-sigmoid-twice",
        "reconstruction_loss",
        "The logits went through a sigmoid before a function that applies another one.",
        (
            (
                "binary_cross_entropy_with_logits(output, x",
                "binary_cross_entropy_with_logits(output.sigmoid(), x",
            ),
        ),
    ),
    Misconception(
        "reconstruction-arguments-swapped",
        "reconstruction_loss",
        "x is used as the logits and the output as the target. Torch's losses take the prediction "
        "first.",
        (("with_logits(output, x,", "with_logits(x, output,"),),
    ),
    Misconception(
        "reconstruction-binarised-targets",
        "reconstruction_loss",
        "x was rounded to 0 and 1. The formula holds for grey values as they are.",
        (("with_logits(output, x,", "with_logits(output, x.round(),"),),
    ),
    Misconception(
        "reconstruction-unknown-kind",
        "reconstruction_loss",
        "A misspelt kind silently gives the Bernoulli loss. It must raise a ValueError.",
        (
            ('elif kind == "bernoulli":', "else:"),
            (
                "    else:\n        raise ValueError(f\"kind is {kind!r}; it must be 'gaussian', 'laplace' or 'bernoulli'\")\n",
                "",
            ),
        ),
    ),
    Misconception(
        "pca-not-centred",
        "pca_autoencode",
        "The eigenvectors are those of the second moments about the origin. The mean must be "
        "subtracted from the data first, or it becomes the first component.",
        (("centred = data - mean\n", "centred = data\n"),),
    ),
    Misconception(
        "pca-mean-not-added",
        "pca_autoencode",
        "The reconstruction is centred at the origin: add the mean back after decoding.",
        (("return mean + (x - mean) @ basis", "return (x - mean) @ basis"),),
    ),
    Misconception(
        "pca-input-not-centred",
        "pca_autoencode",
        "The mean is added at the end but was not subtracted from x before encoding.",
        (("mean + (x - mean) @ basis", "mean + x @ basis"),),
    ),
    Misconception(
        "pca-no-mean",
        "pca_autoencode",
        "x is projected through the origin. The subspace goes through the mean of the data: "
        "subtract it before encoding and add it after decoding.",
        (("mean + (x - mean) @ basis", "x @ basis"),),
    ),
    Misconception(
        "pca-smallest-components",
        "pca_autoencode",
        "The directions with the smallest variance are kept. `eigh` gives the eigenvalues in "
        "ascending order.",
        (("vectors[:, data.shape[1] - latent_dim :]", "vectors[:, :latent_dim]"),),
    ),
    Misconception(
        "pca-empty-code",
        "pca_autoencode",
        "With no latent dimension x comes back unchanged: a slice that begins at -0 takes "
        "everything.",
        (("vectors[:, data.shape[1] - latent_dim :]", "vectors[:, -latent_dim:]"),),
    ),
    Misconception(
        "pca-fitted-on-test-data",
        "pca_autoencode",
        "Mean and directions come from x, the examples to reconstruct. They must come from the "
        "training data.",
        (
            (
                "mean = data.mean(dim=0)\n    centred = data - mean\n    _,",
                "mean = x.mean(dim=0)\n    centred = x - mean\n    _,",
            ),
        ),
    ),
    Misconception(
        "pca-standardised",
        "pca_autoencode",
        "The dimensions were divided by their standard deviations before the eigenvectors were "
        "taken. That minimises another error: PCA of the covariance is asked for, not of the "
        "correlation.",
        (("centred = data - mean\n", "centred = (data - mean) / data.std(dim=0)\n"),),
    ),
    Misconception(
        "pca-curve-unbiased",
        "pca_error_curve",
        "The covariance has the factor 1/(N - 1). The error is a mean over N examples.",
        (("/ data.shape[0]", "/ (data.shape[0] - 1)"),),
    ),
    Misconception(
        "pca-curve-mean-over-dimensions",
        "pca_error_curve",
        "The error is divided by D: squared errors are summed over the dimensions.",
        (
            (
                "F.pad(variances.cumsum(dim=0), (1, 0)).flip(0)",
                "F.pad(variances.cumsum(dim=0), (1, 0)).flip(0) / len(variances)",
            ),
        ),
    ),
    Misconception(
        "pca-curve-explained",
        "pca_error_curve",
        "This is the variance that the code keeps. The error is the variance that it loses.",
        (
            (
                "F.pad(variances.cumsum(dim=0), (1, 0)).flip(0)",
                "F.pad(variances.flip(0).cumsum(dim=0), (1, 0))",
            ),
        ),
    ),
    Misconception(
        "pca-curve-smallest-kept",
        "pca_error_curve",
        "The code keeps the dimensions of the smallest variance: mind the order in which `eigvalsh` gives the "
        "eigenvalues.",
        (
            (
                "F.pad(variances.cumsum(dim=0), (1, 0)).flip(0)",
                "variances.sum() - F.pad(variances.cumsum(dim=0), (1, 0))",
            ),
        ),
    ),
    Misconception(
        "pca-curve-reversed",
        "pca_error_curve",
        "The curve starts at no error and ends at the whole variance. A code of no dimensions loses everything.",
        (
            (
                "F.pad(variances.cumsum(dim=0), (1, 0)).flip(0)",
                "F.pad(variances.cumsum(dim=0), (1, 0))",
            ),
        ),
    ),
    Misconception(
        "pca-curve-not-cumulative",
        "pca_error_curve",
        "Each entry is one eigenvalue. The error is the sum of all eigenvalues that are left out.",
        (("variances.cumsum(dim=0), (1, 0)", "variances, (1, 0)"),),
    ),
    Misconception(
        "pca-curve-not-centred",
        "pca_error_curve",
        "The data are not centred, so that their mean counts as variance.",
        (("centred = data - data.mean(dim=0)", "centred = data"),),
    ),
    Misconception(
        "pca-curve-without-ends",
        "pca_error_curve",
        "There are D errors. A code of no dimensions and one of all D belong to the curve, which "
        "makes D + 1.",
        (("F.pad(variances.cumsum(dim=0), (1, 0)).flip(0)", "variances.cumsum(dim=0).flip(0)"),),
    ),
    Misconception(
        "posterior-not-centred",
        "linear_gaussian_posterior",
        "The bias is not subtracted from x: the code explains only what differs from b.",
        (("return (x - bias) @ scaled", "return x @ scaled"),),
    ),
    Misconception(
        "posterior-no-prior",
        "linear_gaussian_posterior",
        "The prior is missing: this is weighted least squares. The prior adds one unit of precision "
        "to every direction of the code.",
        (
            (
                "inv(prior_precision + weight.T @ scaled)",
                "inv(1e-9 * prior_precision + weight.T @ scaled)",
            ),
        ),
    ),
    Misconception(
        "posterior-precision",
        "linear_gaussian_posterior",
        "The precision is returned where the covariance is asked for: its inverse.",
        (
            (
                "return (x - bias) @ scaled @ cov, cov",
                "return (x - bias) @ scaled @ cov, torch.linalg.inv(cov)",
            ),
        ),
    ),
    Misconception(
        "posterior-mean-not-scaled",
        "linear_gaussian_posterior",
        "The mean lacks the noise precision: reliable dimensions of x must count more than noisy "
        "ones.",
        (("(x - bias) @ scaled @ cov, cov", "(x - bias) @ weight @ cov, cov"),),
    ),
    Misconception(
        "posterior-no-noise",
        "linear_gaussian_posterior",
        "The noise variances are not used, as if all of them were 1.",
        (("scaled = weight / noise_var[:, None]", "scaled = weight"),),
    ),
    Misconception(
        "posterior-noise-std",
        "linear_gaussian_posterior",
        "psi is a variance; here it is used as a standard deviation and squared.",
        (("weight / noise_var[:, None]", "weight / noise_var[:, None] ** 2"),),
    ),
    Misconception(
        "posterior-diagonal",
        "linear_gaussian_posterior",
        "Only the diagonal of the covariance is kept. The components of a code that explain the same "
        "dimensions of x are correlated given x.",
        (("@ scaled @ cov, cov", "@ scaled @ cov, cov.diagonal().diag()"),),
    ),
    Misconception(
        "posterior-mean-not-contracted",
        "linear_gaussian_posterior",
        "The mean lacks the factor cov: it must shrink towards the prior.",
        (("@ scaled @ cov, cov", "@ scaled, cov"),),
    ),
    Misconception(
        "marginal-not-centred",
        "linear_gaussian_log_prob",
        "The bias is not subtracted: the marginal has its mean at b.",
        (("root, (x - bias).T", "root, x.T"),),
    ),
    Misconception(
        "marginal-no-half",
        "linear_gaussian_log_prob",
        "The factor 1/2 of the Gaussian log-density is missing.",
        (("return -0.5 * (whitened", "return -1.0 * (whitened"),),
    ),
    Misconception(
        "marginal-log-det-of-root",
        "linear_gaussian_log_prob",
        "This is the log-determinant of the Cholesky factor, half that of the covariance.",
        (("log_det = 2 * root", "log_det = root"),),
    ),
    Misconception(
        "marginal-no-log-det",
        "linear_gaussian_log_prob",
        "The log-determinant of the covariance is missing: the density does not integrate to one.",
        (("log_det = 2 * root", "log_det = 0 * root"),),
    ),
    Misconception(
        "marginal-no-constant",
        "linear_gaussian_log_prob",
        "The constant D log 2 pi is missing.",
        ((" + x.shape[1] * math.log(2 * math.pi))", ")"),),
    ),
    Misconception(
        "marginal-constant-once",
        "linear_gaussian_log_prob",
        "The constant log 2 pi counts once for every dimension.",
        (("x.shape[1] * math.log(2 * math.pi)", "math.log(2 * math.pi)"),),
    ),
    Misconception(
        "marginal-no-code",
        "linear_gaussian_log_prob",
        "This is the density given the code z = 0. Integrating z out adds its covariance.",
        (("cov = weight @ weight.T + noise_var", "cov = noise_var"),),
    ),
    Misconception(
        "marginal-noise-std",
        "linear_gaussian_log_prob",
        "psi is a variance; here it is squared as if it were a standard deviation.",
        (("+ noise_var.diag()", "+ noise_var.square().diag()"),),
    ),
    Misconception(
        "marginal-det-overflow",
        "linear_gaussian_log_prob",
        "The determinant is computed before its logarithm and overflows in many dimensions. Add up "
        "logarithms (of the diagonal of the Cholesky factor, or with `slogdet`).",
        (("2 * root.diagonal().log().sum()", "torch.linalg.det(cov).log()"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "distributions",
        (
            (
                'F.binary_cross_entropy_with_logits(output, x, reduction="none")',
                "F.softplus(output) - x * output",
            ),
            (
                "loss.flatten(1).sum(dim=1).mean()",
                "loss.sum() / x.shape[0]",
            ),
            (
                "    cov = weight @ weight.T + noise_var.diag()\n"
                "    root = torch.linalg.cholesky(cov)\n"
                "    whitened = torch.linalg.solve_triangular(root, (x - bias).T, upper=False)\n"
                "    log_det = 2 * root.diagonal().log().sum()\n"
                "    return -0.5 * (whitened.square().sum(dim=0) + log_det + x.shape[1] * math.log(2 * math.pi))",
                "    return torch.distributions.LowRankMultivariateNormal(bias, weight, noise_var).log_prob(x)",
            ),
        ),
    ),
    Alternative(
        "singular-values",
        (
            (
                "_, vectors = torch.linalg.eigh(centred.T @ centred)  # eigenvalues ascend\n"
                "    basis = vectors[:, data.shape[1] - latent_dim :]",
                "basis = torch.linalg.svd(centred, full_matrices=False).Vh[:latent_dim].T",
            ),
            (
                "variances = torch.linalg.eigvalsh(centred.T @ centred / data.shape[0])\n"
                "    return F.pad(variances.cumsum(dim=0), (1, 0)).flip(0)",
                "variances = torch.linalg.svdvals(centred).square() / len(data)\n"
                "    left_out = [variances[k:].sum() for k in range(data.shape[1] + 1)]\n"
                "    return torch.stack(left_out)",
            ),
        ),
    ),
    Alternative(
        "conditioned-joint",
        (
            (
                "    scaled = weight / noise_var[:, None]\n"
                "    prior_precision = torch.eye(weight.shape[1], dtype=weight.dtype, device=weight.device)\n"
                "    cov = torch.linalg.inv(prior_precision + weight.T @ scaled)\n"
                "    return (x - bias) @ scaled @ cov, cov",
                "    marginal = weight @ weight.T + torch.diag_embed(noise_var)\n"
                "    gain = torch.linalg.solve(marginal, weight).T\n"
                "    mean = torch.einsum('zd,bd->bz', gain, x - bias)\n"
                "    return mean, torch.eye(weight.shape[1]).to(weight) - gain @ weight",
            ),
            (
                "whitened = torch.linalg.solve_triangular(root, (x - bias).T, upper=False)\n"
                "    log_det = 2 * root.diagonal().log().sum()\n"
                "    return -0.5 * (whitened.square().sum(dim=0) + log_det + x.shape[1] * math.log(2 * math.pi))",
                "log_det = torch.linalg.slogdet(cov).logabsdet\n"
                "    distance = ((x - bias) * torch.linalg.solve(cov, (x - bias).T).T).sum(dim=1)\n"
                "    return -0.5 * (distance + torch.linalg.slogdet(2 * math.pi * cov).logabsdet)",
            ),
        ),
    ),
)
