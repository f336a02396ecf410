r"""Q7. Stochastic differential equations.

With ever more, ever smaller steps of noise, diffusion becomes a stochastic differential equation
that turns data at t = 0 into noise at t = 1,

    dx = f(x, t) dt + g(t) dw

and two equations undo it, given the score of its marginals p_t: a stochastic one with
time running backwards (the reverse SDE), and a deterministic one, the *probability-flow ODE*, which
has the same marginals. The latter is a continuous normalizing flow, so that it has an exact
likelihood. Where the data are Gaussian, all of this has a closed form to test against.

Conventions: x has shape (B, ...), times t have shape (B,) in [0, 1], one per example.
A *drift* is a function (x, t) -> (B, ...), a *diffusion* coefficient g is a function t -> (B,); g
is a standard deviation per square root of time, not a variance. Solvers walk along a grid ``times``
of N + 1 numbers, shape (N + 1,), increasing or decreasing, with unequal steps. No solver treats its
first or last step in a special way.

Source: Song et al., "Score-based generative modeling through stochastic differential equations",
ICLR 2021.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

VectorField = Callable[[Tensor, Tensor], Tensor]
"""(x (B, ...), t (B,)) -> (B, ...): a drift or a score."""


class SDE(Protocol):
    """dx = drift(x, t) dt + diffusion(t) dw."""

    def drift(self, x: Tensor, t: Tensor) -> Tensor:
        """f(x, t), shape (B, ...)."""

    def diffusion(self, t: Tensor) -> Tensor:
        """g(t) >= 0, shape (B,)."""


@dataclass(frozen=True)
class VP:
    """Variance preserving: dx = -beta(t)/2 x dt + sqrt(beta(t)) dw, beta linear in t."""

    beta_min: float = 0.1
    beta_max: float = 20.0

    def drift(self, x: Tensor, t: Tensor) -> Tensor:
        return -0.5 * expand(self._beta(t), x) * x

    def diffusion(self, t: Tensor) -> Tensor:
        return self._beta(t).sqrt()

    def _beta(self, t: Tensor) -> Tensor:
        return self.beta_min + t * (self.beta_max - self.beta_min)


@dataclass(frozen=True)
class VE:
    """Variance exploding: dx = sqrt(d sigma(t)^2 / dt) dw, sigma geometric in t."""

    sigma_min: float = 0.01
    sigma_max: float = 50.0

    def drift(self, x: Tensor, t: Tensor) -> Tensor:
        return torch.zeros_like(x)

    def diffusion(self, t: Tensor) -> Tensor:
        ratio = self.sigma_max / self.sigma_min
        return self.sigma_min * ratio**t * math.sqrt(2 * math.log(ratio))


def expand(values: Tensor, x: Tensor) -> Tensor:
    """One value per example, (B,), as (B, 1, ..., 1), which broadcasts against x of (B, ...)."""
    return values.reshape(-1, *[1] * (x.dim() - 1))


def vp_marginal(x0: Tensor, t: Tensor, beta_min: float, beta_max: float) -> tuple[Tensor, Tensor]:
    r"""Mean and standard deviation of x_t given x_0 under the variance-preserving SDE.

    With beta(t) = beta_min + t (beta_max - beta_min) and I(t) its integral from 0 to t,

        dx = -beta(t)/2 x dt + sqrt(beta(t)) dw
        x_t | x_0 ~ N(exp(-I(t)/2) x_0, 1 - exp(-I(t)))

    Args:
        x0: Data, shape (B, ...).
        t: Times in [0, 1], shape (B,). At 0 the standard deviation is 0.
        beta_min: beta(0) > 0, usually 0.1.
        beta_max: beta(1), usually 20.

    Returns:
        The mean, the shape of x0, and the standard deviation, shape (B,).

    Source: Song et al., 2021, equation 33.
    """
    # BEGIN SOLUTION
    integral = beta_min * t + (beta_max - beta_min) * t**2 / 2
    mean = expand(torch.exp(-integral / 2), x0) * x0
    return mean, (-torch.expm1(-integral)).sqrt()
    # END SOLUTION


def ve_marginal(x0: Tensor, t: Tensor, sigma_min: float, sigma_max: float) -> tuple[Tensor, Tensor]:
    r"""Mean and standard deviation of x_t given x_0 under the variance-exploding SDE.

    With sigma(t) = sigma_min (sigma_max / sigma_min)^t,

        dx = sqrt(d sigma(t)^2 / dt) dw
        x_t | x_0 ~ N(x_0, sigma(t)^2 - sigma(0)^2)

    Many programs leave out sigma(0)^2, which is small; here the marginal is the exact one, with
    standard deviation 0 at t = 0.

    Args:
        x0: Data, shape (B, ...).
        t: Times in [0, 1], shape (B,).
        sigma_min: sigma(0) > 0.
        sigma_max: sigma(1) > sigma_min.

    Returns:
        The mean, the shape of x0, and the standard deviation, shape (B,).

    Source: Song et al., 2021, equation 29 and appendix C.
    """
    # BEGIN SOLUTION
    sigma = sigma_min * (sigma_max / sigma_min) ** t
    return x0, (sigma**2 - sigma_min**2).sqrt()
    # END SOLUTION


def reverse_drift(sde: SDE, score: VectorField, x: Tensor, t: Tensor) -> Tensor:
    r"""Drift of the reverse SDE.

        dx = [f(x, t) - g(t)^2 score(x, t)] dt + g(t) dw

    with time running from 1 to 0: dt is negative, and the drift is *not* negated.

    Args:
        sde: Gives f as ``sde.drift(x, t)``, shape (B, ...), and g as ``sde.diffusion(t)``, (B,).
        score: grad_x log p_t(x) as ``score(x, t)``, shape (B, ...).
        x: Points, shape (B, ...).
        t: Times, shape (B,); all three functions want them in this shape.

    Returns:
        The drift, the shape of x.

    Source: Anderson, "Reverse-time diffusion equation models", 1982; Song et al., 2021, equation 6.
    """
    # BEGIN SOLUTION
    variance = expand(sde.diffusion(t) ** 2, x)
    return sde.drift(x, t) - variance * score(x, t)
    # END SOLUTION


def euler_maruyama(
    drift: VectorField,
    diffusion: Callable[[Tensor], Tensor],
    x: Tensor,
    times: Tensor,
    noise: Tensor,
) -> Tensor:
    r"""Simulate an SDE forwards or backwards in time, with given noise.

    From x_0 = x at times[0], with h = times[n+1] - times[n], negative when time runs backwards,

        x_{n+1} = x_n + drift(x_n, times[n]) h + diffusion(times[n]) sqrt(|h|) noise[n]

    for n = 0..N-1. Every step has its noise, the last one too.

    Args:
        drift: Called once per step, as ``drift(x, t)`` with t of shape (B,).
        diffusion: Called once per step, as ``diffusion(t)`` with t of shape (B,); gives (B,).
        x: Points at times[0], shape (B, ...). Not changed.
        times: The grid, shape (N + 1,), all increasing or all decreasing.
        noise: Standard normal draws, shape (N, B, ...).

    Returns:
        Points at times[-1], the shape of x.
    """
    # BEGIN SOLUTION
    for (start, end), eps in zip(pairwise(times), noise, strict=True):
        t, h = start.expand(len(x)), end - start
        std = diffusion(t) * h.abs().sqrt()
        x = x + drift(x, t) * h + expand(std, x) * eps
    return x
    # END SOLUTION


def probability_flow_drift(sde: SDE, score: VectorField, x: Tensor, t: Tensor) -> Tensor:
    r"""Drift of the ordinary differential equation with the same marginals as the SDE.

        dx/dt = f(x, t) - 1/2 g(t)^2 score(x, t)

    Args:
        sde: Gives f as ``sde.drift(x, t)``, shape (B, ...), and g as ``sde.diffusion(t)``, (B,).
        score: grad_x log p_t(x) as ``score(x, t)``, shape (B, ...).
        x: Points, shape (B, ...).
        t: Times, shape (B,); all three functions want them in this shape.

    Returns:
        The drift, the shape of x. It serves both directions of time.

    Source: Song et al., 2021, equation 13.
    """
    # BEGIN SOLUTION
    variance = expand(sde.diffusion(t) ** 2, x)
    return sde.drift(x, t) - 0.5 * variance * score(x, t)
    # END SOLUTION


def heun(drift: VectorField, x: Tensor, times: Tensor) -> Tensor:
    r"""Solve dx/dt = drift(x, t) by Heun's method of second order.

    From x_0 = x at times[0], with h = times[n+1] - times[n],

        k1 = drift(x_n, times[n])
        k2 = drift(x_n + h k1, times[n+1])
        x_{n+1} = x_n + h (k1 + k2) / 2

    for n = 0..N-1, the last step included.

    Args:
        drift: Called 2N times, as ``drift(x, t)`` with t of shape (B,), in the order above.
        x: Points at times[0], shape (B, ...). Not changed.
        times: The grid, shape (N + 1,), all increasing or all decreasing.

    Returns:
        Points at times[-1], the shape of x.

    Source: Karras et al., "Elucidating the design space of diffusion-based generative models",
    NeurIPS 2022, algorithm 1, which makes an exception of the last step; there is none here.
    """
    # BEGIN SOLUTION
    for start, end in pairwise(times):
        h = end - start
        k1 = drift(x, start.expand(len(x)))
        k2 = drift(x + h * k1, end.expand(len(x)))
        x = x + h * (k1 + k2) / 2
    return x
    # END SOLUTION


def hutchinson_trace(function: Callable[[Tensor], Tensor], x: Tensor, probes: Tensor) -> Tensor:
    r"""Estimate of the divergence of a vector field, from products with its Jacobian only.

    With J_b the Jacobian of example b, d function(x)[b] / d x[b], of size D x D for D entries,

        trace[b] = 1/M sum_m v_mb^T J_b v_mb

    It is unbiased where E[v v^T] is the identity (normal draws or random signs), and exact where
    the probes are sqrt(D) times the D basis vectors. One backward pass per probe suffices.

    Args:
        function: (B, ...) -> (B, ...), differentiable, each example by itself.
        x: Points, shape (B, ...). Left as it is, its ``requires_grad`` too.
        probes: Vectors v, shape (M, B, ...).

    Returns:
        Estimates, shape (B,), without a graph: ``requires_grad`` is False. Works inside
        ``torch.no_grad()``, and leaves the ``.grad`` of the function's parameters alone.

    Source: Hutchinson, 1990; Grathwohl et al., "FFJORD", ICLR 2019, section 3.1.
    """
    # BEGIN SOLUTION
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        y = function(x)
        products = [torch.autograd.grad(y, x, v, retain_graph=True)[0] for v in probes]
    return (torch.stack(products) * probes).flatten(2).sum(dim=2).mean(dim=0)
    # END SOLUTION


def ode_log_prob(
    drift: VectorField, x: Tensor, times: Tensor, probes: Tensor, prior_std: float
) -> tuple[Tensor, Tensor]:
    r"""Log-likelihood under the probability-flow ODE, by the instantaneous change of variables.

    Along a path of the ODE, d log p_t(x_t) / dt = -div drift(x_t, t). From the data at times[0] to
    the prior N(0, prior_std^2) at times[-1] = T,

        log p_0(x_0) = log N(x_T; 0, prior_std^2) + integral_0^T div drift(x_t, t) dt

    Path and integral are solved together by Heun's method, whose stages k1 and k2 are those of
    :func:`heun`: the integral grows by h (d1 + d2) / 2, where d1 is the divergence at
    (x_n, times[n]) and d2 that at (x_n + h k1, times[n+1]). Divergences come from
    :func:`hutchinson_trace`, with all the probes, the same in every stage.

    Args:
        drift: Called as ``drift(x, t)`` with t of shape (B,), as often as you like; each example by
            itself. The ``.grad`` of its parameters is left alone.
        x: Data, at times[0], shape (B, ...). Not changed.
        times: The grid from data to prior, increasing, shape (N + 1,).
        probes: Vectors for the trace, shape (M, B, ...).
        prior_std: Standard deviation of each entry of the prior, > 0.

    Returns:
        The log-density in nats, summed over all entries of an example, shape (B,), and x_T, the
        shape of x. Both without a graph. Works inside ``torch.no_grad()``.

    Source: Song et al., 2021, section 4.3 and equation 39.
    """
    # BEGIN SOLUTION
    integral = x.new_zeros(len(x))
    with torch.no_grad():
        for start, end in pairwise(times):
            h, t1, t2 = end - start, start.expand(len(x)), end.expand(len(x))
            k1 = drift(x, t1)
            predicted = x + h * k1
            k2 = drift(predicted, t2)
            d1 = hutchinson_trace(lambda y, t=t1: drift(y, t), x, probes)
            d2 = hutchinson_trace(lambda y, t=t2: drift(y, t), predicted, probes)
            x = x + h * (k1 + k2) / 2
            integral = integral + h * (d1 + d2) / 2
        log_normalizer = math.log(prior_std) + 0.5 * math.log(2 * math.pi)
        log_prior = -0.5 * (x / prior_std) ** 2 - log_normalizer
        return log_prior.flatten(1).sum(dim=1) + integral, x
    # END SOLUTION


def edm_preconditioning(sigma: Tensor, sigma_data: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    r"""Scales that keep a network's input and target at unit variance at every noise level.

    For x = data + sigma eps and data of standard deviation sigma_data,

        c_skip  = sigma_data^2 / (sigma^2 + sigma_data^2)
        c_out   = sigma sigma_data / sqrt(sigma^2 + sigma_data^2)
        c_in    = 1 / sqrt(sigma^2 + sigma_data^2)
        c_noise = 1/4 ln(sigma)

    Args:
        sigma: Standard deviations of the noise, > 0, shape (B,).
        sigma_data: Standard deviation of the data, > 0; 0.5 in the paper.

    Returns:
        c_skip, c_out, c_in, c_noise: four tensors of shape (B,).

    Source: Karras et al., 2022, table 1 and appendix B.6.
    """
    # BEGIN SOLUTION
    total = (sigma**2 + sigma_data**2).sqrt()
    return sigma_data**2 / total**2, sigma * sigma_data / total, 1 / total, sigma.log() / 4
    # END SOLUTION


def edm_denoise(network: VectorField, x: Tensor, sigma: Tensor, sigma_data: float) -> Tensor:
    r"""The denoiser D(x, sigma) that a preconditioned network stands for.

        D(x, sigma) = c_skip x + c_out F(c_in x, c_noise)

    with the four scales of :func:`edm_preconditioning`.

    Args:
        network: F, called once, as ``network(x, c_noise)``: (B, ...), (B,) -> (B, ...).
        x: Noisy examples, shape (B, ...).
        sigma: Standard deviations of their noise, > 0, shape (B,).
        sigma_data: Standard deviation of the data.

    Returns:
        The denoised examples, the shape of x.

    Source: Karras et al., 2022, equation 7.
    """
    # BEGIN SOLUTION
    c_skip, c_out, c_in, c_noise = edm_preconditioning(sigma, sigma_data)
    output = network(expand(c_in, x) * x, c_noise)
    return expand(c_skip, x) * x + expand(c_out, x) * output
    # END SOLUTION
