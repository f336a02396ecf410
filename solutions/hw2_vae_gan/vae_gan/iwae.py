r"""Q3. Importance-weighted autoencoder.

The ELBO is the mean of a log-weight, log w = log p(x, z) - log q(z | x) with z drawn from q. The
weights themselves have the mean p(x), so averaging m of them *before* the logarithm gives a bound
that is tighter the larger m is:

    ELBO = L_1 <= L_2 <= ... <= log p(x),    L_m = E[ log 1/m sum_{i=1}^m w_i ]

If q is the exact posterior, every weight equals p(x) and nothing is lost for any m. How unequal the
weights are says how wrong q is.

Conventions: ``log_var`` is a log-variance. Log-weights of M draws for B examples have shape (M, B):
draws first. Log-densities are in nats and summed over their last dimension. Bounds are lower bounds
(to be maximised), not losses.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def log_mean_exp(x: Tensor, dim: int) -> Tensor:
    r"""Logarithm of the mean of exponentials.

        log 1/n sum_{i=1}^n exp(x_i)

    Entries may lie at plus or minus 1e4, and slices thousands apart. An entry may be -inf (a weight
    of zero); if all entries of a slice are, the result is -inf.

    Args:
        x: Values, any shape.
        dim: The dimension to reduce, of size n; may be negative.

    Returns:
        The shape of x without ``dim``.
    """
    # BEGIN SOLUTION
    return x.logsumexp(dim=dim) - math.log(x.shape[dim])
    # END SOLUTION


def iwae_bound(log_w: Tensor, num_samples: int) -> Tensor:
    r"""Importance-weighted bound on log p(x) from M draws, used m = ``num_samples`` at a time.

        L_m = 1/B sum_b m/M sum_{g=1}^{M/m} log( 1/m sum_{i in group g} w_ib )

    Draws 0..m-1 are the first group, m..2m-1 the second, and so on: every draw is used once. m = 1
    is the ELBO, m = M averages all weights of an example. You may call :func:`log_mean_exp`.

    Args:
        log_w: Log-weights log p(x, z) - log q(z | x), shape (M, B); -1000 and less is common.
        num_samples: Number of samples m in a group; M must be a multiple of it.

    Returns:
        The bound, averaged over the examples, a scalar of shape (), in nats. Its gradient reaches
        every log-weight.

    Raises:
        ValueError: If M is not a multiple of ``num_samples``.

    Source: Burda et al., "Importance weighted autoencoders", ICLR 2016, equation 8.
    """
    # BEGIN SOLUTION
    if log_w.shape[0] % num_samples:
        raise ValueError(f"{log_w.shape[0]} draws cannot be split into groups of {num_samples}")
    groups = log_w.unflatten(0, (-1, num_samples))
    return log_mean_exp(groups, dim=1).mean()
    # END SOLUTION


def log_normal(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    r"""Log-density of a diagonal Gaussian.

        log N(x; mean, sigma^2)
            = -1/2 sum_z [ log 2 pi + log sigma_z^2 + (x_z - mean_z)^2 / sigma_z^2 ]

    Args:
        x: Points, shape (..., Z), such as (M, B, Z) or (B, Z).
        mean: Means, shape (B, Z), or any other that broadcasts with x.
        log_var: Log-variances log sigma^2, shaped like ``mean``. In float64 they may be as small as
            -800, where the variance rounds to zero: only the distance in standard deviations need
            be representable.

    Returns:
        Log-densities in nats, summed over the last dimension, shape (...), such as (M, B).
    """
    # BEGIN SOLUTION
    z = (x - mean) * (-log_var / 2).exp()
    return -0.5 * (math.log(2 * math.pi) + log_var + z.square()).sum(dim=-1)
    # END SOLUTION


def log_weights(
    mean: Tensor, log_var: Tensor, eps: Tensor, log_likelihood: Callable[[Tensor], Tensor]
) -> Tensor:
    r"""Log importance weights of M draws from the approximate posterior of every example.

        z = mean + sigma * eps,    sigma = exp(log_var / 2)
        log w = log p(x | z) + log p(z) - log q(z | x)

    with p(z) = N(0, I) and q(z | x) = N(mean, sigma^2). You may call :func:`log_normal`. Nothing
    is detached: gradients reach ``mean`` and ``log_var`` through z and through q.

    Args:
        mean: Means of q(z | x), shape (B, Z).
        log_var: Log-variances of q(z | x), shape (B, Z).
        eps: Standard normal noise, shape (M, B, Z).
        log_likelihood: Gives log p(x_b | z_mb), shape (M, B), for codes z of shape (M, B, Z).

    Returns:
        log w, shape (M, B).

    Source: Burda et al., ICLR 2016, section 3.
    """
    # BEGIN SOLUTION
    z = mean + (log_var / 2).exp() * eps
    log_prior = log_normal(z, torch.zeros_like(mean), torch.zeros_like(log_var))
    return log_likelihood(z) + log_prior - log_normal(z, mean, log_var)
    # END SOLUTION


def monte_carlo_kl(log_q: Tensor, log_p: Tensor) -> tuple[Tensor, Tensor]:
    r"""Monte Carlo estimate of KL(q || p) and its standard error.

        d_i = log q(z_i) - log p(z_i),    z_i ~ q,    i = 1, ..., M
        kl = 1/M sum_i d_i,    standard_error = s / sqrt(M),    s^2 = 1/(M - 1) sum_i (d_i - kl)^2

    This needs no closed form, so p may be anything with a density (a mixture in Q4). A single
    estimate may be negative although the divergence is not.

    Args:
        log_q: log q(z_i) in nats at M draws from q for each example, shape (M, B), M >= 2.
        log_p: log p(z_i) in nats at the same draws, shape (M, B).

    Returns:
        kl and standard_error in nats, each of shape (B,).

    Source: Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014, section 2.3.
    """
    # BEGIN SOLUTION
    difference = log_q - log_p
    return difference.mean(dim=0), difference.std(dim=0) / math.sqrt(difference.shape[0])
    # END SOLUTION
