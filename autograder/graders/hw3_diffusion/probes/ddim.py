"""Experiments on ``diffusion.ddim``."""

import torch
from torch import Tensor

from autograder.sandbox.probe import Package, Rng, attempt


def times(hw: Package, rng: Rng) -> dict:
    pairs = hw.ddim.time_pairs
    levels = 7 * (15 + rng.seed % 9) + 3
    return {
        "divides": pairs(60, 4 + 2 * (rng.seed % 2)),
        "does_not_divide": pairs(levels, 7),
        "rounding": [pairs(11, 4), pairs(100, 15), pairs(50, 12)],
        "all": pairs(6, 6),
        "one": pairs(levels, 1),
    }


def leading_times(hw: Package, rng: Rng) -> dict:
    pairs = hw.ddim.time_pairs
    levels = 7 * (15 + rng.seed % 9) + 3
    return {
        "divides": pairs(60, 4 + 2 * (rng.seed % 2), spacing="leading"),
        "does_not_divide": pairs(levels, 7, spacing="leading"),
        "all": pairs(6, 6, spacing="leading"),
        "one": pairs(9, 1, spacing="leading"),
    }


def impossible_times(hw: Package, rng: Rng) -> dict:
    pairs = hw.ddim.time_pairs
    return {
        "no_steps": [attempt(ValueError, pairs, 10, n) for n in (0, -1)],
        "too_many": attempt(ValueError, pairs, 10, 11),
        "spacing": attempt(ValueError, pairs, 10, 5, "middle"),
        "permitted": pairs(3, 3),
    }


def step(hw: Package, rng: Rng) -> dict:
    levels, x, eps = _levels(rng), rng.normal(3, 2, 2), rng.normal(3, 2, 2)
    low = rng.tensor([0.4, 0.02, 1e-3])
    return {
        "consecutive": hw.ddim.ddim_step(x, eps, 4, 3, levels),
        "strided": hw.ddim.ddim_step(x, eps, 7, 2, levels),
        "to_level_0": hw.ddim.ddim_step(x, eps, 3, 0, levels),
        "last": hw.ddim.ddim_step(x, eps, 0, -1, levels),
        "strided_last": hw.ddim.ddim_step(x, eps, 3, -1, levels),
        "nearly_noise": hw.ddim.ddim_step(x, eps, 2, 1, low),
    }


def random_step(hw: Package, rng: Rng) -> dict:
    levels = _levels(rng)
    x, eps, noise = rng.normal(2, 3), rng.normal(2, 3), rng.normal(2, 3)
    return {
        "half": hw.ddim.ddim_step(x, eps, 6, 3, levels, eta=0.5, noise=noise),
        "consecutive": hw.ddim.ddim_step(x, eps, 5, 4, levels, eta=1.0, noise=noise),
        "to_level_0": hw.ddim.ddim_step(x, eps, 3, 0, levels, eta=0.6, noise=noise),
        "from_level_0": hw.ddim.ddim_step(x, eps, 0, -1, levels, eta=0.9, noise=noise),
        "last": hw.ddim.ddim_step(x, eps, 2, -1, levels, eta=0.8, noise=noise),
        "none": hw.ddim.ddim_step(x, eps, 6, 3, levels, eta=0.0, noise=noise),
    }


def chain(hw: Package, rng: Rng) -> dict:
    model, levels, noises = _Model(rng), _levels(rng), rng.normal(4, 2, 3)
    pairs = [(7, 4), (4, 1), (1, 0), (0, -1)]
    return {
        "random": hw.ddim.ddim_sample(model, rng.normal(2, 3), pairs, levels, 0.7, noises),
        "asked": model.asked,
        "unfinished": hw.ddim.ddim_sample(model, rng.normal(1, 3), [(6, 5), (5, 2)], levels),
    }


def encoding(hw: Package, rng: Rng) -> dict:
    model, levels = _Model(rng), _levels(rng)
    return {
        "noise": hw.ddim.ddim_encode(model, rng.normal(2, 3), [(7, 4), (4, 0), (0, -1)], levels),
        "asked": model.asked,
        "from_the_middle": hw.ddim.ddim_encode(model, rng.normal(1, 3), [(6, 5), (5, 2)], levels),
    }


def encoding_of_images(hw: Package, rng: Rng) -> dict:
    levels, eps = _levels(rng), rng.normal(2, 1, 2, 2)
    pairs = [(t, t - 1) for t in (7, 6, 5, 4, 3, 2, 1, 0)]
    return {
        "constant": hw.ddim.ddim_encode(lambda x, t: eps, rng.normal(2, 1, 2, 2), pairs, levels)
    }


class _Model:
    """A prediction that depends on each entry, and on the time of each example."""

    def __init__(self, rng: Rng) -> None:
        self.weight = rng.normal(3, std=0.5)
        self.asked: list[object] = []

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        self.asked.append(t)
        return self.weight * x + 0.2 * torch.as_tensor(t).reshape(-1, 1)


def _levels(rng: Rng) -> Tensor:
    """alpha_bar of eight steps."""
    return rng.keep(torch.cumprod(1 - rng.uniform(8, low=0.05, high=0.4), dim=0))
