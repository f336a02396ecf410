r"""Q4. Mixture prior and conditional VAE.

The prior N(0, I) of a VAE is one lump around the origin, and data with clusters must be squeezed
into it. Two ways to give the latent space more structure:

*A mixture prior* p(z) = sum_k pi_k N(z; mu_k, diag(sigma_k^2)), whose parameters are learned with
the rest (GMVAE). The divergence of q(z | x) from a mixture has no closed form, so it is estimated
from the samples of z that are drawn anyway:

    KL(q(z | x) || p(z)) = E_q[ log q(z | x) - log p(z) ]

*A conditional VAE* models p(x | y). The class y is given to encoder, prior and decoder, so that z
need not encode it, and a sample can be asked for by class:

    log p(x | y) >= E_q(z | x, y)[ log p(x | z, y) ] - KL(q(z | x, y) || p(z | y))

Conventions: ``log_var`` is the logarithm of a variance, never of a standard deviation. The decoder
gives logits, and the pixels are independent Bernoulli variables given z:
log p(x | z) = sum_d [ x_d log s_d + (1 - x_d) log(1 - s_d) ] with s = sigmoid(logits), which must
be finite for logits of 1e4. All quantities are in nats.
"""

import math
from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor


def gmm_log_prior(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    r"""Log-density of a mixture of diagonal Gaussians.

        log p(z) = log sum_k pi_k prod_j N(z_j; mu_kj, sigma_kj^2),    pi = softmax(logits)

    Finite also where logits are as large as 1e4, log-variances lie anywhere between -40 and 40, or
    z lies thousands of standard deviations from every component, and differentiable with respect
    to all inputs.

    Args:
        z: Latent vectors, shape (..., Z): any number of leading dimensions, such as (B, Z) or
            (M, B, Z).
        logits: Unnormalised log-weights, shape (K,); adding a constant changes nothing.
        means: Means mu, shape (K, Z).
        log_vars: Logarithms of the variances sigma^2, shape (K, Z).

    Returns:
        log p(z) in nats, shape (...): one value per latent vector.

    Source: Dilokthanakul et al., "Deep unsupervised clustering with Gaussian mixture variational
    autoencoders", 2016; Tomczak and Welling, "VAE with a VampPrior", AISTATS 2018, section 2.
    """
    # BEGIN SOLUTION
    squared = ((z.unsqueeze(-2) - means) * (-log_vars / 2).exp()).square()
    log_normal = -0.5 * (math.log(2 * math.pi) + log_vars + squared).sum(dim=-1)
    return (logits.log_softmax(dim=0) + log_normal).logsumexp(dim=-1)
    # END SOLUTION


def gmvae_negative_elbo(
    x: Tensor,
    mean: Tensor,
    log_var: Tensor,
    eps: Tensor,
    decode: Callable[[Tensor], Tensor],
    log_prior: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Negative ELBO with M samples of z per example, for a prior known only by its log-density.

    With q(z | x) = N(mean, diag(exp(log_var))) and z_m = mean + std * eps_m,

        reconstruction = -1/M sum_m log p(x | z_m)
        kl             =  1/M sum_m [ log q(z_m | x) - log p(z_m) ]
        nelbo          = reconstruction + kl

    each averaged over the batch. The average over m is of logarithms, outside of them: this is the
    ELBO, not the importance-weighted bound. The estimate of kl may come out negative. Gradients
    flow through z_m to ``mean`` and ``log_var`` in all terms.

    Args:
        x: Pixels in [0, 1], shape (B, D).
        mean: Means of q(z | x), shape (B, Z).
        log_var: Logarithms of the variances of q(z | x), shape (B, Z).
        eps: Standard normal noise, shape (M, B, Z). It is the only randomness.
        decode: Maps z of shape (..., Z) to logits of shape (..., D).
        log_prior: Maps z of shape (..., Z) to log p(z) of shape (...), for example
            ``lambda z: gmm_log_prior(z, logits, means, log_vars)``. Do not assume anything else of
            the prior.

    Returns:
        nelbo, reconstruction, kl: three scalars, shape (), in nats.

    Source: Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014, equation 6 (the
    estimator that needs no closed form).
    """
    # BEGIN SOLUTION
    z = mean + (0.5 * log_var).exp() * eps
    logits = decode(z)
    bits = F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
    reconstruction = bits.sum(dim=-1).mean()
    log_q = -0.5 * (math.log(2 * math.pi) + log_var + eps.square()).sum(dim=-1)
    kl = (log_q - log_prior(z)).mean()
    return reconstruction + kl, reconstruction, kl
    # END SOLUTION


def cvae_negative_elbo(
    x: Tensor,
    y: Tensor,
    eps: Tensor,
    num_classes: int,
    encode: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    prior: Callable[[Tensor], tuple[Tensor, Tensor]],
    decode: Callable[[Tensor, Tensor], Tensor],
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Negative ELBO of a conditional VAE, a bound on -log p(x | y).

    The class enters as a one-hot row c of length ``num_classes``, in the dtype of x. With
    q(z | x, y) = N(mean, diag(exp(log_var))) from the encoder, p(z | y) = N(prior_mean,
    diag(exp(prior_log_var))) from the prior network, and z = mean + std * eps,

        reconstruction = -log p(x | z, y)
        kl             = KL(q(z | x, y) || p(z | y)) in closed form, summed over the Z dimensions
        nelbo          = reconstruction + kl

    each averaged over the batch. -log p(y) is no part of it: y is given.

    Args:
        x: Pixels in [0, 1], shape (B, D).
        y: Classes in 0..num_classes-1, int64, shape (B,). Not every class need occur.
        eps: Standard normal noise, shape (B, Z).
        num_classes: Number of classes K.
        encode: Maps x (B, D) and c (B, K) to mean and log_var of q(z | x, y), each (B, Z).
        prior: Maps c (B, K) to mean and log_var of p(z | y), each (B, Z).
        decode: Maps z (B, Z) and c (B, K) to logits, shape (B, D).

    Returns:
        nelbo, reconstruction, kl: three scalars, shape (), in nats.

    Source: Sohn et al., "Learning structured output representation using deep conditional
    generative models", NeurIPS 2015, equation 4, with x and y exchanged.
    """
    # BEGIN SOLUTION
    c = F.one_hot(y, num_classes).to(x.dtype)
    q_mean, q_log_var = encode(x, c)
    p_mean, p_log_var = prior(c)
    logits = decode(q_mean + (0.5 * q_log_var).exp() * eps, c)
    cross_entropy = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    reconstruction = cross_entropy.sum(dim=1).mean()
    ratio = (q_log_var - p_log_var).exp()
    distance = ((q_mean - p_mean) * (-p_log_var / 2).exp()).square()
    kl = 0.5 * (ratio + distance - 1 - (q_log_var - p_log_var)).sum(dim=1).mean()
    return reconstruction + kl, reconstruction, kl
    # END SOLUTION


def cvae_sample(
    y: Tensor,
    eps: Tensor,
    u: Tensor,
    num_classes: int,
    prior: Callable[[Tensor], tuple[Tensor, Tensor]],
    decode: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    r"""Samples from p(x | y) of a conditional VAE, from given noise.

    Ancestral sampling: z from the prior of the class, then every pixel from its Bernoulli,

        z = prior_mean + prior_std * eps,    x_d = 1 if u_d < sigmoid(logits_d) else 0

    Args:
        y: Classes to draw, int64, shape (B,).
        eps: Standard normal noise, shape (B, Z).
        u: Uniform noise in [0, 1), shape (B, D).
        num_classes: Number of classes K.
        prior: As in :func:`cvae_negative_elbo`.
        decode: As in :func:`cvae_negative_elbo`.

    Returns:
        Zeros and ones, shape (B, D), in the dtype of ``u``.
    """
    # BEGIN SOLUTION
    c = F.one_hot(y, num_classes).to(eps.dtype)
    prior_mean, prior_log_var = prior(c)
    z = prior_mean + (0.5 * prior_log_var).exp() * eps
    return (u < decode(z, c).sigmoid()).to(u.dtype)
    # END SOLUTION
