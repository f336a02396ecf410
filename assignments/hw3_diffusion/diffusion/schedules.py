r"""Q3. Noise schedules.

A diffusion model destroys data in T small steps, x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) n_t.
Gaussians compose, so that any step can be reached at once:

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps
    alpha_bar_t = prod_{s <= t} (1 - beta_s)

The schedule beta decides how fast the signal fades. Of x_0, eps, the velocity v and the score, each
determines the others once x_t and alpha_bar_t are known: a network may predict any of them, and a
sampler may ask for any other.

Conventions: t runs from 0, the least noisy level, which has been through one step of noise, to
T - 1; the data themselves would be level -1, with alpha_bar = 1. beta and 1 - alpha_bar are
variances, alpha_bar is a squared amplitude.
"""

import math

import torch
from torch import Tensor


def expand(values: Tensor, x: Tensor) -> Tensor:
    """One value per example, (B,), as (B, 1, ..., 1), which broadcasts against x of (B, ...)."""
    return values.reshape(-1, *[1] * (x.dim() - 1))


def linear_betas(
    num_steps: int,
    start: float = 1e-4,
    end: float = 0.02,
    device: torch.device | str | None = None,
) -> Tensor:
    r"""Variances that grow linearly.

        beta_t = start + (end - start) t / (T - 1),    t = 0, ..., T - 1

    so that both ends occur. They are taken as given: the defaults were chosen for T = 1000, and are
    not rescaled for another T.

    Args:
        num_steps: Number of steps T, at least 2.
        start: beta of step 0.
        end: beta of step T - 1.
        device: Where the result is made.

    Returns:
        betas, shape (T,), in torch's default dtype.

    Source: Ho et al., "Denoising diffusion probabilistic models", NeurIPS 2020, section 4.
    """
    raise NotImplementedError("Q3a: linear_betas")


def cosine_betas(
    num_steps: int,
    offset: float = 0.008,
    max_beta: float = 0.999,
    device: torch.device | str | None = None,
) -> Tensor:
    r"""Variances for which alpha_bar falls like a squared cosine.

        f(u) = cos^2( (u + offset) / (1 + offset) * pi / 2 ),    0 <= u <= 1
        beta_t = min( 1 - f((t + 1) / T) / f(t / T), max_beta ),    t = 0, ..., T - 1

    Without the clipping, alpha_bar_t would be f((t + 1) / T) / f(0), which is 0 at the last step.

    Args:
        num_steps: Number of steps T.
        offset: Keeps beta_0 from being too small.
        max_beta: Upper bound, which keeps the last betas below 1.
        device: Where the result is made.

    Returns:
        betas, shape (T,), in torch's default dtype.

    Source: Nichol and Dhariwal, "Improved denoising diffusion probabilistic models", ICML 2021,
    equation 17, where their t is 1 larger.
    """
    raise NotImplementedError("Q3a: cosine_betas")


def alpha_bars(betas: Tensor) -> Tensor:
    r"""The share of the data's variance that is left after each step.

        alpha_bar_t = prod_{s = 0}^{t} (1 - beta_s)

    Args:
        betas: Variances of the steps in (0, 1), shape (T,).

    Returns:
        alpha_bar, shape (T,). Its first entry is 1 - beta_0, not 1.

    Source: Ho et al., NeurIPS 2020, equation 4.
    """
    raise NotImplementedError("Q3b: alpha_bars")


def snr(alpha_bar: Tensor) -> Tensor:
    r"""Signal-to-noise ratio: the variance of the signal over that of the noise.

        SNR_t = alpha_bar_t / (1 - alpha_bar_t)

    Args:
        alpha_bar: Levels in [0, 1), any shape.

    Returns:
        Ratios (neither logarithms nor decibels), the shape of ``alpha_bar``.

    Source: Kingma et al., "Variational diffusion models", NeurIPS 2021, equation 2.
    """
    raise NotImplementedError("Q3b: snr")


def eps_to_x0(x_t: Tensor, eps: Tensor, alpha_bar: Tensor) -> Tensor:
    r"""The data that the noise ``eps`` turned into ``x_t``: solve the equation of x_t for x_0.

    Args:
        x_t: Noisy data, shape (B, ...), such as (B, D) or (B, C, H, W).
        eps: Noise, shape (B, ...).
        alpha_bar: Level of each example in (0, 1], shape (B,). :func:`expand` is there for you.

    Returns:
        x_0, shape (B, ...).

    Source: Ho et al., NeurIPS 2020, equation 15.
    """
    raise NotImplementedError("Q3c: eps_to_x0")


def x0_to_eps(x_t: Tensor, x0: Tensor, alpha_bar: Tensor) -> Tensor:
    r"""The noise that turned ``x0`` into ``x_t``: solve the equation of x_t for eps.

    Args:
        x_t: Noisy data, shape (B, ...).
        x0: Data, shape (B, ...).
        alpha_bar: Level of each example in [0, 1), shape (B,).

    Returns:
        eps, shape (B, ...).
    """
    raise NotImplementedError("Q3c: x0_to_eps")


def eps_to_score(eps: Tensor, alpha_bar: Tensor) -> Tensor:
    r"""The score of p(x_t | x_0), the gradient of its logarithm with respect to x_t.

        score = -(x_t - sqrt(alpha_bar) x_0) / (1 - alpha_bar)

    Express it by eps. (With the network's eps, an estimate of E[eps | x_t], the same formula gives
    an estimate of the score of p(x_t).)

    Args:
        eps: Noise, shape (B, ...).
        alpha_bar: Level of each example in [0, 1), shape (B,).

    Returns:
        Scores, shape (B, ...).

    Source: Dhariwal and Nichol, "Diffusion models beat GANs on image synthesis", NeurIPS 2021,
    equation 11.
    """
    raise NotImplementedError("Q3c: eps_to_score")


def velocity(x0: Tensor, eps: Tensor, alpha_bar: Tensor) -> Tensor:
    r"""The velocity, a target that stays informative at both ends of the schedule.

        v = sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) x_0

    With alpha_bar = cos^2(phi), x_t = cos(phi) x_0 + sin(phi) eps moves on an ellipse, and v is
    dx_t / dphi.

    Args:
        x0: Data, shape (B, ...).
        eps: Noise, shape (B, ...).
        alpha_bar: Level of each example in [0, 1], shape (B,).

    Returns:
        v, shape (B, ...).

    Source: Salimans and Ho, "Progressive distillation", ICLR 2022, section 4 and appendix D.
    """
    raise NotImplementedError("Q3d: velocity")


def velocity_to_x0(x_t: Tensor, v: Tensor, alpha_bar: Tensor) -> Tensor:
    r"""The data, from ``x_t`` and the velocity ``v``: a rotation, without any division.

    Args:
        x_t: Noisy data, shape (B, ...).
        v: Velocities, shape (B, ...).
        alpha_bar: Level of each example in [0, 1], both ends included, shape (B,).

    Returns:
        x_0, shape (B, ...).

    Source: Salimans and Ho, ICLR 2022, appendix D.
    """
    raise NotImplementedError("Q3d: velocity_to_x0")


def velocity_to_eps(x_t: Tensor, v: Tensor, alpha_bar: Tensor) -> Tensor:
    r"""The noise, from ``x_t`` and the velocity ``v``: a rotation, without any division.

    Args:
        x_t: Noisy data, shape (B, ...).
        v: Velocities, shape (B, ...).
        alpha_bar: Level of each example in [0, 1], both ends included, shape (B,).

    Returns:
        eps, shape (B, ...).

    Source: Salimans and Ho, ICLR 2022, appendix D.
    """
    raise NotImplementedError("Q3d: velocity_to_eps")
