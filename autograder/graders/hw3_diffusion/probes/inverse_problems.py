"""Experiments on ``diffusion.inverse_problems``."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, attempt


def _alpha_bar(rng: Rng, steps: int) -> Tensor:
    """Falls from almost 1; no two steps have the same ratio."""
    return rng.keep(rng.uniform(steps, low=0.5, high=0.95).cumprod(dim=0))


def _step(x: Tensor, t: int, t_prev: int) -> Tensor:
    """A stand-in for a sampler's step that tells levels and pixels apart."""
    return torch.sin(1.3 * x + 0.6 * x.roll(1, dims=-1) + 0.7 * t) + 0.2 * t_prev


def _recorded(step: Callable, calls: list) -> Callable:
    def recorded(x: Tensor, t: int, t_prev: int) -> Tensor:
        calls.append([t, t_prev])
        return step(x, t, t_prev)

    return recorded


class _Model:
    """A stand-in for a noise predictor that mixes pixels and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Tensor] = []

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        self.asked.append(t)
        return torch.tanh(0.8 * x + 0.3 * x.roll(1, dims=-1) + 0.1 * t.reshape(-1, 1, 1, 1))


def replaced(hw: Package, rng: Rng) -> dict:
    def values(t: int, *mask_shape: int) -> Tensor:
        x, y, noise = (rng.normal(3, 3, 4, 4) for _ in range(3))
        mask = rng.bernoulli(*mask_shape)
        return hw.inverse_problems.replace_observed(x, y, mask, t, alpha_bar, noise)

    alpha_bar = _alpha_bar(rng, 5)
    return {"images": values(2, 3, 1, 4, 4), "least": values(0, 3, 3, 4, 4), "most": values(4, 4)}


def replaced_at_the_end(hw: Package, rng: Rng) -> dict:
    x, y, noise = (rng.normal(2, 1, 2, 3) for _ in range(3))
    mask = rng.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    alpha_bar = _alpha_bar(rng, 4)
    return {"clean": hw.inverse_problems.replace_observed(x, y, mask, -1, alpha_bar, noise)}


def repainted(hw: Package, rng: Rng) -> dict:
    alpha_bar = _alpha_bar(rng, 6)
    return {
        "strided": _repaint(hw, rng, 5, 2, 3, alpha_bar),
        "single": _repaint(hw, rng, 3, 2, 1, alpha_bar),
        "last": _repaint(hw, rng, 1, -1, 2, alpha_bar),
        "first": _repaint(hw, rng, 0, -1, 2, alpha_bar),
    }


def repainted_to_level_0(hw: Package, rng: Rng) -> dict:
    return _repaint(hw, rng, 2, 0, 2, _alpha_bar(rng, 4))


def _repaint(hw: Package, rng: Rng, t: int, t_prev: int, rounds: int, alpha_bar: Tensor) -> dict:
    x, y = rng.normal(2, 2, 3, 3), rng.normal(2, 2, 3, 3)
    calls: list = []
    mask = rng.bernoulli(2, 1, 3, 3)
    noises = rng.normal(rounds, 2, 2, 3, 3), rng.normal(rounds - 1, 2, 2, 3, 3)
    step = _recorded(_step, calls)
    out = hw.inverse_problems.repaint_step(step, x, y, mask, t, t_prev, alpha_bar, *noises)
    return {"out": out, "calls": calls}


def pooling(hw: Package, rng: Rng) -> dict:
    operator = hw.inverse_problems.Downsample
    return {
        "forward": [operator(2).forward(rng.normal(2, *size)) for size in ((3, 4, 6), (4, 2, 4))],
        "adjoint": operator(3).adjoint(rng.normal(2, 3, 2, 3)),
        "pinv": operator(2).pinv(rng.normal(2, 2, 2, 3)),
        "errors": [
            attempt(ValueError, operator(2).forward, rng.normal(1, 1, *size))
            for size in ((4, 5), (3, 4))
        ],
    }


def grey(hw: Package, rng: Rng) -> dict:
    operator = hw.inverse_problems.Grayscale(rng.normal(3))
    four = hw.inverse_problems.Grayscale(rng.normal(4))
    return {
        "four_channels": [
            four.forward(rng.normal(2, 4, 4, 4)),
            four.adjoint(rng.normal(2, 1, 4, 4)),
            four.pinv(rng.normal(2, 1, 4, 4)),
        ],
        "forward": operator.forward(rng.normal(3, 3, 3, 3)),
        "adjoint": operator.adjoint(rng.normal(3, 1, 3, 3)),
        "pinv": operator.pinv(rng.normal(2, 1, 2, 3)),
    }


def views(hw: Package, rng: Rng) -> dict:
    angles = torch.cat([rng.uniform(2, high=math.pi), rng.tensor([0.0, math.pi / 2])])
    narrow = hw.inverse_problems.Radon(3, 4, rng.keep(angles), 3)
    single = hw.inverse_problems.Radon(2, 2, angles.float(), 3)
    return {"narrow": narrow.weights(), "of_float32": str(single.weights().dtype)}


def sinograms(hw: Package, rng: Rng) -> dict:
    wide, narrow = (
        hw.inverse_problems.Radon(3, 4, rng.uniform(2, high=math.pi), detectors)
        for detectors in (6, 3)
    )
    x, y = rng.normal(2, 3, 3, 4), rng.normal(3, 2, 2, 6)
    return {
        "forward": [wide.forward(x), narrow.forward(x)],
        "adjoint": [wide.adjoint(y), narrow.adjoint(y[..., :3])],
    }


class _Operator:
    """A stand-in: any two linear maps, one of which need not invert the other."""

    def __init__(self, rng: Rng, pixels: int, numbers: int) -> None:
        self.matrix = rng.normal(numbers, pixels, std=0.5)
        self.inverse = rng.normal(pixels, numbers, std=0.5)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.matrix.T

    def pinv(self, y: Tensor) -> Tensor:
        return (y @ self.inverse.T).unflatten(1, (1, 2, -1))


def projected(hw: Package, rng: Rng) -> dict:
    operator = _Operator(rng, pixels=6, numbers=4)
    out = hw.inverse_problems.ddnm_project(rng.normal(4, 1, 2, 3), rng.normal(4, 4), operator)
    return {"out": out}


def null_space_steps(hw: Package, rng: Rng) -> dict:
    return _null_space(hw, rng, {"strided": (5, 2), "next": (3, 2), "last": (0, -1)})


def null_space_step_to_level_0(hw: Package, rng: Rng) -> dict:
    return _null_space(hw, rng, {"level_0": (4, 0)})


def _null_space(hw: Package, rng: Rng, pairs: dict[str, tuple[int, int]]) -> dict:
    model = _Model()
    operator, alpha_bar = _Operator(rng, pixels=6, numbers=4), _alpha_bar(rng, 6)
    results = {
        name: hw.inverse_problems.ddnm_step(
            model, rng.normal(2, 1, 2, 3), rng.normal(2, 4), operator, *pair, alpha_bar
        )
        for name, pair in pairs.items()
    }
    return results | {"asked": model.asked}


def posterior_steps(hw: Package, rng: Rng) -> dict:
    def values(t: int, t_prev: int, zeta: float) -> Tensor:
        x = rng.keep(rng.normal(3, 1, 2, 3) * rng.tensor([0.3, 1.0, 3.0])[:, None, None, None])
        y = rng.normal(3, 2, 2)
        return hw.inverse_problems.dps_step(model, x, y, measure, t, t_prev, alpha_bar, zeta)

    def measure(x: Tensor) -> Tensor:
        return (x.flatten(1) @ matrix).unflatten(1, (2, 2)) + 0.1 * x[:, 0, :, :2] ** 2

    model, matrix, alpha_bar = _Model(), rng.normal(6, 4, std=0.6), _alpha_bar(rng, 6)
    results = {
        "strided": values(5, 2, 0.7),
        "next": values(2, 1, 1.3),
        "to_level_0": values(4, 0, 0.6),
        "last": values(0, -1, 0.4),
        "unguided": values(3, 1, 0.0),
    }
    return results | {
        "requires_grad": [result.requires_grad for result in results.values()],
        "asked": model.asked,
    }


def posterior_step_in_a_sampler(hw: Package, rng: Rng) -> dict:
    network = rng.module(nn.Conv2d(1, 1, 3, padding=1))
    x, y, alpha_bar = rng.normal(2, 1, 2, 2), rng.normal(2, 1, 2), _alpha_bar(rng, 4)
    leaf = rng.keep(rng.normal(2, 1, 2, 2).clone().requires_grad_())

    def model(x: Tensor, t: Tensor) -> Tensor:
        return network(x) + 0.3 * t.reshape(-1, 1, 1, 1)

    def moved(x: Tensor) -> Tensor:
        return hw.inverse_problems.dps_step(
            model, x, y, lambda x: x.sum(dim=2), 2, 1, alpha_bar, 0.5
        )

    with torch.no_grad():
        out = moved(x)
    from_leaf = moved(leaf)
    return {
        "out": out,
        "from_leaf": from_leaf,
        "requires_grad": [a.requires_grad for a in (out, x, from_leaf, leaf)],
        "touched": [a.grad is not None for a in (leaf, *network.parameters())],
    }


def _edit(hw: Package, rng: Rng, strength: float, alpha_bar: Tensor) -> dict:
    calls: list = []
    guide, noise = rng.normal(2, 1, 2, 3), rng.normal(2, 1, 2, 3)
    step = _recorded(_step, calls)
    out = hw.inverse_problems.sdedit(step, guide, strength, alpha_bar, noise)
    return {"out": out, "calls": calls}


def edits(hw: Package, rng: Rng) -> dict:
    alpha_bar = _alpha_bar(rng, 5)
    return {f"{strength}": _edit(hw, rng, strength, alpha_bar) for strength in (0.2, 0.56, 0.8)}


def edits_at_the_ends(hw: Package, rng: Rng) -> dict:
    alpha_bar, guide = _alpha_bar(rng, 4), rng.normal(1, 1, 2, 2)
    return {
        "none": _edit(hw, rng, 0.0, alpha_bar),
        "hardly": _edit(hw, rng, 0.1, alpha_bar),
        "all": [_edit(hw, rng, strength, alpha_bar) for strength in (1.0, 0.95)],
        "errors": [
            attempt(
                ValueError, hw.inverse_problems.sdedit, _step, guide, strength, alpha_bar, guide
            )
            for strength in (-0.2, 1.3)
        ],
    }
