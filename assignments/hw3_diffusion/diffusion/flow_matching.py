r"""Q8. Flow matching.

Diffusion fixes a noising process and derives a flow from it. Flow matching starts at the other end:
choose a path from a noise x_0 to a data point x_1, take the straight line, and train a network to
predict the velocity along it. The network sees only where a particle is, not where it is going, and
so learns the mean velocity of all the lines that pass through a point; the flow of that mean
carries noise to data.

*Rectification* straightens the flow. Drawn as independent pairs, the lines cross and the flow must
bend. Pairs of a noise and the point that the flow takes it to do not cross; a flow trained on those
is nearly straight and can be followed in very few steps.

Conventions: time runs from noise at t = 0 to data at t = 1, **against** the direction of diffusion
(some papers swap the two). t has shape (B,), one time per example; noise, data and x have one and
the same shape (B, ...).

Sources: Lipman et al., "Flow matching for generative modeling", ICLR 2023; Liu, Gong & Liu, "Flow
straight and fast: learning to generate and transfer data with rectified flow", ICLR 2023.
"""

from collections.abc import Callable

import torch
from torch import Tensor

VelocityModel = Callable[[Tensor, Tensor], Tensor]
"""(x (B, ...), t (B,)) -> velocity (B, ...)."""


def expand(values: Tensor, x: Tensor) -> Tensor:
    """One value per example, (B,), as (B, 1, ..., 1), which broadcasts against x of (B, ...)."""
    return values.reshape(-1, *[1] * (x.dim() - 1))


def interpolate(noise: Tensor, data: Tensor, t: Tensor, sigma_min: float = 0.0) -> Tensor:
    r"""The point at time t on the line from noise to data.

        x_t = (1 - (1 - sigma_min) t) noise + t data

    Args:
        noise: Standard normal draws x_0, shape (B, ...).
        data: Data x_1, shape (B, ...).
        t: Times in [0, 1], shape (B,).
        sigma_min: How much noise is left at t = 1, in [0, 1). With 0 the line ends in the data.

    Returns:
        Points x_t, the shape of data.

    Source: Lipman et al., 2023, equation 22.
    """
    raise NotImplementedError("Q8a: interpolate")


def velocity_target(noise: Tensor, data: Tensor, sigma_min: float = 0.0) -> Tensor:
    r"""The velocity along the line of :func:`interpolate`, the same at all times.

        u = d x_t / dt = data - (1 - sigma_min) noise

    Args:
        noise: Standard normal draws x_0, shape (B, ...).
        data: Data x_1, shape (B, ...).
        sigma_min: As in :func:`interpolate`.

    Returns:
        Velocities, the shape of data.

    Source: Lipman et al., 2023, equation 23.
    """
    raise NotImplementedError("Q8a: velocity_target")


def flow_matching_loss(model: VelocityModel, noise: Tensor, data: Tensor, t: Tensor) -> Tensor:
    r"""Conditional flow matching loss on straight lines, sigma_min = 0.

        loss = mean_b || model(x_t, t)[b] - (data[b] - noise[b]) ||^2,
        x_t = (1 - t) noise + t data

    The squared norm is the sum over all entries of an example; the mean is over the batch.

    Args:
        model: Called once, as ``model(x, t)`` with t of shape (B,).
        noise: Standard normal draws, shape (B, ...).
        data: Data, shape (B, ...).
        t: Times in [0, 1], shape (B,).

    Returns:
        A scalar, shape (), with gradients to the model's parameters.

    Source: Lipman et al., 2023, equation 23; Liu et al., 2023, equation 1.
    """
    raise NotImplementedError("Q8b: flow_matching_loss")


def euler_sample(model: VelocityModel, noise: Tensor, num_steps: int) -> Tensor:
    r"""Follow the flow from noise to data by Euler's method, in equal steps.

    With h = 1/N and t_n = n/N,

        x_{n+1} = x_n + h model(x_n, t_n),    n = 0..N-1

    Args:
        model: Called N times, as ``model(x, t)`` with t of shape (B,).
        noise: Points at t = 0, shape (B, ...). Not changed.
        num_steps: N >= 1.

    Returns:
        Points at t = 1, the shape of noise, without a graph: ``requires_grad`` is False.
    """
    raise NotImplementedError("Q8c: euler_sample")


def heun_sample(model: VelocityModel, noise: Tensor, num_steps: int) -> Tensor:
    r"""Follow the flow from noise to data by Heun's method, in equal steps.

    With h = 1/N and t_n = n/N,

        k1 = model(x_n, t_n)
        k2 = model(x_n + h k1, t_{n+1})
        x_{n+1} = x_n + h (k1 + k2) / 2,    n = 0..N-1, the last step included

    Args:
        model: Called 2N times, as ``model(x, t)`` with t of shape (B,).
        noise: Points at t = 0, shape (B, ...). Not changed.
        num_steps: N >= 1.

    Returns:
        Points at t = 1, the shape of noise, without a graph: ``requires_grad`` is False.
    """
    raise NotImplementedError("Q8c: heun_sample")


def rectification_pairs(
    sample: Callable[[Tensor], Tensor], noise: Tensor, batch_size: int
) -> tuple[Tensor, Tensor]:
    r"""Training pairs for the next, straighter flow: each noise with where the flow takes it.

    A model trained by :func:`flow_matching_loss` on these pairs in place of independent ones is
    called a 2-rectified flow.

    Args:
        sample: Follows the trained flow, (B, ...) -> (B, ...), as
            ``lambda noise: euler_sample(model, noise, 50)``. Called on consecutive slices
            of ``noise``, in order, of at most ``batch_size`` examples; the last may be smaller.
        noise: Standard normal draws, shape (N, ...).
        batch_size: Number of examples per call, >= 1.

    Returns:
        noise and data, both of shape (N, ...), row by row in pairs, in the order of ``noise`` and
        without a graph: ``requires_grad`` is False.

    Source: Liu et al., 2023, algorithm 1.
    """
    raise NotImplementedError("Q8d: rectification_pairs")


def straightness(path: Tensor) -> Tensor:
    r"""How far a flow's trajectories are from straight lines; 0 if they are straight.

        S = integral_0^1 E || (x_1 - x_0) - dx_t/dt ||^2 dt

    For a path known at t_n = n/N, the velocity between t_n and t_{n+1} is N (x_{n+1} - x_n), the
    integral is the mean over the N steps and E the mean over the batch. The squared norm is the sum
    over all entries of an example.

    Args:
        path: Points at t = 0, 1/N, ..., 1, shape (N + 1, B, ...).

    Returns:
        A scalar, shape ().

    Source: Liu et al., 2023, section 2.2.
    """
    raise NotImplementedError("Q8d: straightness")
