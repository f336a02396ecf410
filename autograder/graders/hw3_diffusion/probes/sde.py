"""Experiments on ``diffusion.sde``.

The equations are stand-ins: drifts, diffusions and scores with no closed relation between them, so
that every term shows.
"""

import torch
from torch import Tensor

from autograder.sandbox.probe import Package, Rng


class Equation:
    """A stand-in for an SDE: every term differs from example to example and in time."""

    def __init__(self, pull: Tensor) -> None:
        self.pull = pull
        self.asked: list[Tensor] = []
        self.times_fit: list[bool] = []

    def drift(self, x: Tensor, t: Tensor) -> Tensor:
        self.times_fit.append(t.shape == x.shape[:1])
        return x @ self.pull - _across(t + 0.3, x) * x

    def diffusion(self, t: Tensor) -> Tensor:
        self.asked.append(t)
        self.times_fit.append(t.dim() == 1)
        return 0.4 + 1.5 * t


class Field:
    """A stand-in for a score, a drift or a network that mixes the last dimension and time."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight
        self.asked: list[Tensor] = []
        self.times_fit: list[bool] = []

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        self.asked.append(t)
        self.times_fit.append(t.shape == x.shape[:1])
        return torch.tanh(x @ self.weight) * _across(1 + t, x) - _across(t**2, x) * x + 0.2


def _across(t: Tensor, x: Tensor) -> Tensor:
    return t.reshape(-1, *[1] * (x.dim() - 1))


def vp(hw: Package, rng: Rng) -> dict:
    t = rng.tensor([0.0, 0.01, 0.3, 0.7, 1.0])
    return {
        "batch": hw.sde.vp_marginal(rng.normal(5, 5), t, 0.1, 4.0),
        "images": hw.sde.vp_marginal(rng.normal(3, 3, 3, 3), rng.uniform(3), 0.5, 20.0),
        "sequences": hw.sde.vp_marginal(
            rng.normal(3, 3, 3), rng.tensor([1e-5, 0.2, 0.9]), 0.1, 4.0
        ),
        "one": hw.sde.vp_marginal(rng.normal(1, 5), rng.tensor([0.4]), 0.8, 2.0),
    }


def ve(hw: Package, rng: Rng) -> dict:
    t = rng.tensor([0.0, 0.01, 0.3, 0.7, 1.0])
    return {
        "batch": hw.sde.ve_marginal(rng.normal(5, 5), t, 0.5, 3.0),
        "images": hw.sde.ve_marginal(rng.normal(3, 3, 3, 3), rng.uniform(3), 0.01, 20.0),
        "one": hw.sde.ve_marginal(rng.normal(1, 5), rng.tensor([0.4]), 1.5, 2.0),
    }


def reverse(hw: Package, rng: Rng) -> dict:
    equation, score = Equation(rng.normal(4, 4)), Field(rng.normal(4, 4))
    return {
        "square": hw.sde.reverse_drift(equation, score, rng.normal(4, 4), rng.uniform(4)),
        "images": hw.sde.reverse_drift(equation, score, rng.normal(3, 3, 2, 4), rng.uniform(3)),
        "sequences": hw.sde.reverse_drift(equation, score, rng.normal(3, 3, 4), rng.uniform(3)),
        "one_time_per_example": all(equation.times_fit + score.times_fit),
    }


def euler_maruyama_backwards(hw: Package, rng: Rng) -> dict:
    drift, equation = Field(rng.normal(5, 5, std=0.5)), Equation(rng.normal(5, 5))
    times = rng.tensor([1.0, 0.8, 0.35, 0.0])
    x, noise = rng.normal(7, 5), rng.normal(3, 7, 5)
    end = hw.sde.euler_maruyama(drift, equation.diffusion, x, times, noise)
    return {"end": end, "asked": {"drift": drift.asked, "diffusion": equation.asked}}


def euler_maruyama_forwards(hw: Package, rng: Rng) -> dict:
    drift, times = Field(rng.normal(3, 3, std=0.5)), rng.tensor([0.1, 0.3, 0.9])
    rates = rng.tensor([0.2, 1.0, 3.0])
    x, noise = rng.normal(3, 3, 2, 3), rng.normal(2, 3, 3, 2, 3)
    return {
        "end": hw.sde.euler_maruyama(drift, lambda t: rates * (1 + t), x, times, noise),
        "sequences": hw.sde.euler_maruyama(
            drift, lambda t: rates * (1 + t), x[:, :, 0], times, noise[:, :, :, 0]
        ),
    }


def flow_drift(hw: Package, rng: Rng) -> dict:
    equation, score = Equation(rng.normal(4, 4)), Field(rng.normal(4, 4))
    x, images, t = rng.normal(4, 4), rng.normal(3, 3, 2, 4), rng.uniform(4)
    sequences = rng.normal(3, 3, 4)
    return {
        "square": hw.sde.probability_flow_drift(equation, score, x, t),
        "images": hw.sde.probability_flow_drift(equation, score, images, t[:3]),
        "sequences": hw.sde.probability_flow_drift(equation, score, sequences, t[:3]),
        "one_time_per_example": all(equation.times_fit + score.times_fit),
    }


def solved(hw: Package, rng: Rng) -> dict:
    drift = Field(rng.normal(5, 5, std=0.5))
    back, forth = rng.tensor([1.0, 0.8, 0.35, 0.0]), rng.tensor([0.1, 0.9])
    return {
        "back": hw.sde.heun(drift, rng.normal(7, 5), back),
        "forth": hw.sde.heun(drift, rng.normal(2, 3, 5), forth),
        "asked": drift.asked,
    }


def trace(hw: Package, rng: Rng) -> dict:
    field, t = Field(rng.normal(4, 4)), rng.uniform(3)
    x, images = rng.normal(3, 4), rng.normal(3, 2, 4)
    leaf = rng.keep(x.clone().requires_grad_())
    vectors, of_leaf = (
        hw.sde.hutchinson_trace(lambda x: field(x, t), points, rng.normal(3, 3, 4))
        for points in (x, leaf)
    )
    return {
        "vectors": vectors,
        "of_leaf": of_leaf,
        "images": hw.sde.hutchinson_trace(lambda x: field(x, t), images, rng.normal(2, 3, 2, 4)),
        "requires_grad": [a.requires_grad for a in (vectors, x, of_leaf, leaf)],
        "grad_left_alone": leaf.grad,
    }


def trace_from_basis(hw: Package, rng: Rng) -> dict:
    """sqrt(D) times each basis vector, inside no_grad, as samplers call it."""
    weight, t, x = rng.normal(4, 4).clone().requires_grad_(), rng.uniform(3), rng.normal(3, 4)
    field = Field(weight)
    basis = rng.keep((2 * torch.eye(4, device=x.device))[:, None].expand(4, 3, 4))
    with torch.no_grad():
        found = hw.sde.hutchinson_trace(lambda x: field(x, t), x, basis)
    return {
        "trace": found,
        "requires_grad": [found.requires_grad, x.requires_grad],
        "grad_left_alone": weight.grad,
    }


def likelihood(hw: Package, rng: Rng) -> dict:
    weight = rng.normal(3, 3, std=0.6).clone().requires_grad_()
    weight.grad, drift = rng.normal(3, 3), Field(weight)
    x, probes = rng.normal(5, 3), rng.normal(2, 5, 3)
    log_prob, end = hw.sde.ode_log_prob(drift, x, rng.tensor([0.0, 0.3, 1.0]), probes, 1.0)
    return {
        "log_prob": log_prob,
        "end": end,
        "requires_grad": [log_prob.requires_grad, end.requires_grad],
        "grad_left_alone": weight.grad,
        "one_time_per_example": all(drift.times_fit),
    }


def likelihood_of_images(hw: Package, rng: Rng) -> dict:
    drift, times = Field(rng.normal(3, 3, std=0.6)), rng.tensor([0.1, 0.5, 0.7])
    x, probes = rng.normal(2, 2, 3, std=2), rng.normal(1, 2, 2, 3)
    with torch.no_grad():
        return {"found": hw.sde.ode_log_prob(drift, x, times, probes, 2.5)}


def scales(hw: Package, rng: Rng) -> dict:
    return {
        "unit": hw.sde.edm_preconditioning(rng.tensor([0.002, 0.1, 0.5, 3.0, 80.0]), 0.5),
        "large": hw.sde.edm_preconditioning(rng.uniform(3, low=0.1, high=5), 1.7),
    }


def denoised(hw: Package, rng: Rng) -> dict:
    network, sigma = Field(rng.normal(4, 4)), rng.tensor([0.05, 0.4, 1.0, 6.0])
    return {
        "square": hw.sde.edm_denoise(network, rng.normal(4, 4, 4, 4), sigma, 0.5),
        "sequences": hw.sde.edm_denoise(network, rng.normal(3, 3, 4), sigma[1:], 0.5),
        "one": hw.sde.edm_denoise(network, rng.normal(1, 4), rng.tensor([0.7]), 1.3),
        "asked": network.asked,
    }
