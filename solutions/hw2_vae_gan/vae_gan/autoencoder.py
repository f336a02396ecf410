r"""Q1. Autoencoders and the linear-Gaussian model.

An autoencoder squeezes x through a code z of few dimensions and asks for x back. If encoder and
decoder are linear and the error is squared, the best of all autoencoders is known: it projects onto
the leading principal components, and what it loses is the sum of the variances left out.

Its probabilistic sibling draws the code from a prior and adds noise to the decoded code,

    z ~ N(0, I),    x | z ~ N(W z + b, diag(psi))

This linear-Gaussian model (factor analysis; probabilistic PCA if all psi_d are equal) is the one
latent variable model of this homework whose posterior p(z | x) and marginal p(x) are known exactly.
It is the yardstick for the bounds of Q2 and Q3.

Conventions: a reconstruction loss is summed over the dimensions of an example and averaged over
the batch. Log-densities are in nats, one per example, shape (B,). psi is a variance, neither a
standard deviation nor a logarithm.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Autoencoder(nn.Module):
    """An encoder and a decoder, each with one hidden layer.

    Args:
        num_dims: Number of dimensions D of one example (for an image C * H * W).
        latent_dim: Number of dimensions Z of the code.
        hidden_dim: Width of the hidden layers.

    Attributes:
        encoder: Maps (B, D) to (B, Z).
        decoder: Maps (B, Z) to (B, D).
    """

    def __init__(self, num_dims: int, latent_dim: int, hidden_dim: int = 128) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(num_dims, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, num_dims)
        )

    def forward(self, x: Tensor, noise: Tensor | None = None) -> tuple[Tensor, Tensor]:
        r"""Encode and decode.

            z = encoder(x + noise),    output = decoder(z)

        Without noise (None) the encoder sees x itself. With noise this is a denoising autoencoder:
        its output is to be compared with the clean x, which must stay as it is. The output is what
        the decoder gives, without a sigmoid: :func:`reconstruction_loss` takes logits.

        Args:
            x: Examples, shape (B, ...) with any number of further dimensions, such as (B, D) or
                (B, C, H, W); their product is D. The networks see them flattened, first dimension
                kept, last dimension fastest (as ``flatten`` does).
            noise: Noise of the shape of x, or None.

        Returns:
            output, the shape of x, and the code z, shape (B, Z).

        Source: Vincent et al., "Extracting and composing robust features with denoising
        autoencoders", ICML 2008.
        """
        # BEGIN SOLUTION
        seen = x if noise is None else x + noise
        z = self.encoder(seen.flatten(1))
        return self.decoder(z).reshape(x.shape), z
        # END SOLUTION


def reconstruction_loss(x: Tensor, output: Tensor, kind: str) -> Tensor:
    r"""Negative log-likelihood of x given the decoder's output, without constants.

        "gaussian"     1/2 sum_d (x_d - output_d)^2      N(output, 1) without 1/2 log 2 pi
        "laplace"      sum_d |x_d - output_d|            Laplace(output, 1) without log 2
        "bernoulli"    -sum_d [ x_d log p_d + (1 - x_d) log(1 - p_d) ],  p = sigmoid(output)

    each averaged over the batch: the loss of one example is the sum over all its dimensions.

    Args:
        x: Examples, shape (B, ...). For "bernoulli" values in [0, 1], not only 0 and 1.
        output: Means, medians or logits, the shape of x. Logits may be as large as 1e4: the loss
            stays finite and exact.
        kind: "gaussian", "laplace" or "bernoulli".

    Returns:
        A scalar, shape (); gradients flow to ``output``.

    Raises:
        ValueError: If ``kind`` is anything else.

    Source: Goodfellow et al., "Deep Learning", 2016, section 14.4.
    """
    # BEGIN SOLUTION
    if kind == "gaussian":
        loss = (x - output).square() / 2
    elif kind == "laplace":
        loss = (x - output).abs()
    elif kind == "bernoulli":
        loss = F.binary_cross_entropy_with_logits(output, x, reduction="none")
    else:
        raise ValueError(f"kind is {kind!r}; it must be 'gaussian', 'laplace' or 'bernoulli'")
    return loss.flatten(1).sum(dim=1).mean()
    # END SOLUTION


def pca_autoencode(x: Tensor, data: Tensor, latent_dim: int) -> Tensor:
    r"""The best linear autoencoder of the training data, applied to x.

        output = m + V V^T (x - m)

    with m = 1/N sum_n x_n, and V of shape (D, Z) the orthonormal eigenvectors of the covariance
    1/N sum_n (x_n - m)(x_n - m)^T that belong to the Z largest eigenvalues. V^T (x - m) is the
    code; its signs are arbitrary, those of the output are not.

    Args:
        x: Examples to reconstruct, shape (B, D); in general not those of the training data.
        data: Training examples x_n, shape (N, D), with N > D and distinct eigenvalues. Their mean
            is not zero.
        latent_dim: Number of dimensions Z of the code, 0 <= Z <= D. Z = 0 gives m for every x, and
            Z = D gives x.

    Returns:
        Reconstructions, shape (B, D).

    Source: Bourlard and Kamp, "Auto-association by multilayer perceptrons and singular value
    decomposition", 1988; Bishop, "Pattern Recognition and Machine Learning", 2006, section 12.1.
    """
    # BEGIN SOLUTION
    mean = data.mean(dim=0)
    centred = data - mean
    _, vectors = torch.linalg.eigh(centred.T @ centred)  # eigenvalues ascend
    basis = vectors[:, data.shape[1] - latent_dim :]
    return mean + (x - mean) @ basis @ basis.T
    # END SOLUTION


def pca_error_curve(data: Tensor) -> Tensor:
    r"""What the latent dimension buys: error of the best linear autoencoder for every Z.

        error_Z = 1/N sum_n ||x_n - output_n||^2 = lambda_{Z+1} + ... + lambda_D,   Z = 0, ..., D

    with the eigenvalues lambda_1 >= ... >= lambda_D of the covariance of the training data with
    the factor 1/N (not 1/(N - 1)). error_0 is the total variance and error_D is 0.

    Args:
        data: Training examples, shape (N, D), with N > D.

    Returns:
        Squared errors, summed over dimensions and averaged over examples, shape (D + 1,); they
        never increase.

    Source: Bishop, 2006, equation 12.18.
    """
    # BEGIN SOLUTION
    centred = data - data.mean(dim=0)
    variances = torch.linalg.eigvalsh(centred.T @ centred / data.shape[0])
    return F.pad(variances.cumsum(dim=0), (1, 0)).flip(0)
    # END SOLUTION


def linear_gaussian_posterior(
    x: Tensor, weight: Tensor, bias: Tensor, noise_var: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Exact posterior of the code in the linear-Gaussian model.

        p(z | x) = N(z; mean, cov)
        cov = (I + W^T diag(psi)^-1 W)^-1,    mean = cov W^T diag(psi)^-1 (x - b)

    The covariance does not depend on x, and is not diagonal in general.

    Args:
        x: Examples, shape (B, D).
        weight: W, shape (D, Z); Z may be larger than D.
        bias: b, shape (D,).
        noise_var: Variances psi > 0 of the noise, shape (D,).

    Returns:
        mean, shape (B, Z), and cov, shape (Z, Z).

    Source: Bishop, 2006, equations 2.113 to 2.117 and 12.42.
    """
    # BEGIN SOLUTION
    scaled = weight / noise_var[:, None]
    prior_precision = torch.eye(weight.shape[1], dtype=weight.dtype, device=weight.device)
    cov = torch.linalg.inv(prior_precision + weight.T @ scaled)
    return (x - bias) @ scaled @ cov, cov
    # END SOLUTION


def linear_gaussian_log_prob(x: Tensor, weight: Tensor, bias: Tensor, noise_var: Tensor) -> Tensor:
    r"""Exact marginal log-density of the linear-Gaussian model.

        p(x) = N(x; b, C),    C = W W^T + diag(psi)
        log p(x) = -1/2 [ (x - b)^T C^-1 (x - b) + log det C + D log 2 pi ]

    Hundreds of dimensions are possible: det C then over- or underflows, and log p(x) must not.

    Args:
        x: Examples, shape (B, D).
        weight: W, shape (D, Z); Z may be larger than D.
        bias: b, shape (D,).
        noise_var: Variances psi > 0 of the noise, shape (D,).

    Returns:
        log p(x) in nats, shape (B,).

    Source: Bishop, 2006, equations 12.35, 12.36 and 12.65.
    """
    # BEGIN SOLUTION
    cov = weight @ weight.T + noise_var.diag()
    root = torch.linalg.cholesky(cov)
    whitened = torch.linalg.solve_triangular(root, (x - bias).T, upper=False)
    log_det = 2 * root.diagonal().log().sum()
    return -0.5 * (whitened.square().sum(dim=0) + log_det + x.shape[1] * math.log(2 * math.pi))
    # END SOLUTION
