r"""Q2. Variational autoencoder.

A variational autoencoder is a latent variable model p(z) p(x | z) with prior N(0, I) and a decoder
network, trained together with an encoder network that gives an approximate posterior q(z | x).
The evidence lower bound

    log p(x) >= E_q[log p(x | z)] - KL(q(z | x) || p(z)) = ELBO

is what training maximises. Its first term asks that x can be reconstructed from a code drawn from
q; its second charges in nats for what the code says about x. Writing the draw as a deterministic
function of noise, z = mean + sigma * eps, lets gradients reach the encoder.

Conventions: ``log_var`` is a log-variance, log sigma^2, neither a standard deviation nor its
logarithm. All Gaussians are diagonal; divergences are in nats, summed over the latent dimensions,
one per example, shape (B,). Losses are means over the batch.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def reparameterize(mean: Tensor, log_var: Tensor, eps: Tensor) -> Tensor:
    r"""A draw from a diagonal Gaussian as a differentiable function of its parameters.

        z = mean + sigma * eps,    sigma = exp(log_var / 2)

    Args:
        mean: Means, shape (B, Z).
        log_var: Log-variances, shape (B, Z).
        eps: Standard normal noise, shape (B, Z), or (M, B, Z) for M draws per example. It is the
            only randomness.

    Returns:
        z, the shape of eps; gradients flow to ``mean`` and ``log_var``.

    Source: Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014, section 2.4.
    """
    raise NotImplementedError("Q2a: reparameterize")


class VAE(nn.Module):
    """Encoder and decoder of a variational autoencoder, each with one hidden layer.

    Args:
        num_dims: Number of dimensions D of one example.
        latent_dim: Number of latent dimensions Z.
        hidden_dim: Width of the hidden layers.

    Attributes:
        encoder: Maps (B, D) to (B, 2 Z).
        decoder: Maps (B, Z) to (B, D).
    """

    def __init__(self, num_dims: int, latent_dim: int, hidden_dim: int = 128) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(num_dims, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 2 * latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, num_dims)
        )

    def forward(self, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        r"""Encode, draw a code and decode it.

        The first Z outputs of the encoder are the mean of q(z | x), the last Z its log-variance.
        You may call :func:`reparameterize`.

        Args:
            x: Examples, shape (B, D).
            eps: Standard normal noise, shape (B, Z).

        Returns:
            logits of p(x | z), shape (B, D) (no sigmoid), and mean and log_var of q(z | x), each of
            shape (B, Z).
        """
        raise NotImplementedError("Q2a: VAE.forward")


def kl_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    r"""KL divergence from a diagonal Gaussian to the standard normal, in closed form.

        KL(N(mean, sigma^2) || N(0, I)) = 1/2 sum_z [ mean_z^2 + sigma_z^2 - 1 - log sigma_z^2 ]

    Args:
        mean: Means, shape (B, Z).
        log_var: Log-variances log sigma^2, shape (B, Z). They may be as small as -800, where
            sigma^2 rounds to zero and the divergence is large, not infinite, and as large as 60.

    Returns:
        Divergences in nats, shape (B,), never negative.

    Source: Kingma and Welling, ICLR 2014, appendix B (there with the opposite sign).
    """
    raise NotImplementedError("Q2b: kl_standard_normal")


def kl_diag_gaussians(
    mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor
) -> Tensor:
    r"""KL divergence between diagonal Gaussians, in closed form.

        KL(q || p) = 1/2 sum_z [ log(sigma_p^2 / sigma_q^2) - 1
                                 + (sigma_q^2 + (mean_q - mean_p)^2) / sigma_p^2 ]

    Args:
        mean_q: Means of q, shape (B, Z).
        log_var_q: Log-variances of q, shape (B, Z).
        mean_p: Means of p, shape (B, Z), or (Z,) for a p that all examples share.
        log_var_p: Log-variances of p, shaped like ``mean_p``.

    Returns:
        Divergences in nats, shape (B,). In float64, log-variances may be as small as -800, where
        the variances round to zero: only their ratio, and the distance of the means in standard
        deviations, need be representable. Gradients flow to all four arguments.

    Source: Bishop, "Pattern Recognition and Machine Learning", 2006, exercise 2.13.
    """
    raise NotImplementedError("Q2c: kl_diag_gaussians")


def negative_elbo(x: Tensor, logits: Tensor, kl: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""Negative evidence lower bound with a Bernoulli decoder, from one draw per example.

        reconstruction = -1/B sum_b sum_d [ x_bd log p_bd + (1 - x_bd) log(1 - p_bd) ]
        nelbo = reconstruction + 1/B sum_b kl_b

    with p = sigmoid(logits). The divergences are given, so that this works with any prior, and can
    be written and tested before they are.

    Args:
        x: Examples with values in [0, 1], shape (B, ...), such as (B, D), (B, T, D) or
            (B, C, H, W).
        logits: Decoder outputs at codes drawn from q(z | x), the shape of x. They may be as large
            as 1e4.
        kl: KL(q(z | x) || p(z)) in nats, shape (B,).

    Returns:
        nelbo, reconstruction and the mean divergence, in this order, each a scalar of shape (), in
        nats per example. Gradients flow through all three: other losses are made of the terms.

    Source: Kingma and Welling, ICLR 2014, equation 7 and appendix C.1.
    """
    raise NotImplementedError("Q2d: negative_elbo")


def beta_vae_loss(reconstruction: Tensor, kl: Tensor, beta: float, capacity: float = 0.0) -> Tensor:
    r"""Loss of a beta-VAE with controlled capacity.

        loss = R + beta | K - C |,    R = 1/B sum_b reconstruction_b,    K = 1/B sum_b kl_b

    beta = 1 and C = 0 give the negative ELBO. A large beta presses the code towards the prior; the
    capacity C, raised slowly during training, is how many nats it may use.

    Args:
        reconstruction: -log p(x | z) of each example in nats, shape (B,).
        kl: KL(q(z | x) || p(z)) of each example in nats, shape (B,).
        beta: Weight of the divergence.
        capacity: Target C of the *mean* divergence in nats.

    Returns:
        A scalar, shape (); gradients flow to ``reconstruction`` and ``kl``.

    Source: Higgins et al., "beta-VAE", ICLR 2017, equation 4; Burgess et al., "Understanding
    disentangling in beta-VAE", 2018, equation 8.
    """
    raise NotImplementedError("Q2e: beta_vae_loss")


def active_units(mean: Tensor, threshold: float = 0.01) -> tuple[Tensor, Tensor]:
    r"""Which latent dimensions carry information: the diagnosis of posterior collapse.

        activity_z = Var_x( E_q[z | x] ) = 1/N sum_n (mean_nz - m_z)^2,   m_z = 1/N sum_n mean_nz
        active_z = activity_z > threshold

    A collapsed dimension has the same posterior, the prior, for every x, so that its posterior mean
    does not vary.

    Args:
        mean: Posterior means of N examples of a data set, shape (N, Z).
        threshold: Activity above which a dimension counts as active (strictly).

    Returns:
        activity, shape (Z,), a variance with the factor 1/N, and active, dtype bool, shape (Z,).

    Source: Burda et al., "Importance weighted autoencoders", ICLR 2016, section 5.2.
    """
    raise NotImplementedError("Q2f: active_units")
