"""Experiments on ``diffusion.schedules``."""

from torch import Tensor

from autograder.sandbox.probe import Package, Rng

NEARLY_CLEAN = 1 - 2**-16  # in float32 too


def linear(hw: Package, rng: Rng) -> dict:
    betas = hw.schedules.linear_betas
    start = _number(rng, 0, 0.01, 0.05)
    return {
        "default": betas(11 + rng.seed % 7, device=rng.device),
        "other_ends": betas(6, start, start + _number(rng, 1, 0.2, 0.5), device=rng.device),
        "two": betas(2, start, 0.7, device=rng.device),
    }


def cosine(hw: Package, rng: Rng) -> dict:
    betas = hw.schedules.cosine_betas
    offset, max_beta = _number(rng, 0, 0.05, 0.3), _number(rng, 1, 0.4, 0.6)
    return {
        "default": betas(11 + rng.seed % 7, device=rng.device),
        "other_offset": betas(7, offset, device=rng.device),
        "clipped": betas(6, offset, max_beta, device=rng.device),
        "thousand": betas(1000, device=rng.device),
    }


def levels(hw: Package, rng: Rng) -> dict:
    levels = hw.schedules.alpha_bars
    return {
        "large": levels(rng.uniform(7, low=0.05, high=0.6)),
        "as_many": levels(rng.uniform(7, low=0.05, high=0.6)),
        "small": levels(rng.uniform(90, low=1e-4, high=0.02)),
    }


def ratio(hw: Package, rng: Rng) -> dict:
    return {
        "schedule": hw.schedules.snr(rng.uniform(9, low=0.02, high=0.98)),
        "ends": hw.schedules.snr(rng.tensor([[0.0, 0.5], [0.99, 1e-3]])),
    }


def ratio_without_noise(hw: Package, rng: Rng) -> dict:
    return {"ratio": hw.schedules.snr(rng.tensor([1 - 1e-4, 1 - 1e-9]))}


def data_from_noise(hw: Package, rng: Rng) -> dict:
    return _examples(rng, hw.schedules.eps_to_x0, 2, 1.0, 1e-6)


def noise_from_data(hw: Package, rng: Rng) -> dict:
    return _examples(rng, hw.schedules.x0_to_eps, 2, 0.0, NEARLY_CLEAN)


def score_from_noise(hw: Package, rng: Rng) -> dict:
    return _examples(rng, hw.schedules.eps_to_score, 1, 0.0, NEARLY_CLEAN)


def velocities(hw: Package, rng: Rng) -> dict:
    return _examples(rng, hw.schedules.velocity, 2, 0.0, 1.0)


def data_from_velocity(hw: Package, rng: Rng) -> dict:
    return _examples(rng, hw.schedules.velocity_to_x0, 2, 0.0, 1.0)


def noise_from_velocity(hw: Package, rng: Rng) -> dict:
    return _examples(rng, hw.schedules.velocity_to_eps, 2, 0.0, 1.0)


def _examples(rng: Rng, function, count: int, *ends: float) -> dict:
    """As many examples as pixels in a row, as tokens, as dimensions; and one at each end."""

    def inputs(*shape: int) -> list[Tensor]:
        return [rng.normal(*shape, std=1 + i) for i in range(count)]

    return {
        "images": function(*inputs(4, 2, 4, 4), rng.uniform(4, low=0.05, high=0.95)),
        "vectors": function(*inputs(5, 5), rng.uniform(5, low=0.05, high=0.95)),
        "sequences": function(*inputs(3, 3, 3), rng.uniform(3, low=0.05, high=0.95)),
        "ends": [function(*inputs(1, 3), rng.tensor([level])) for level in ends],
    }


def _number(rng: Rng, k: int, low: float, high: float) -> float:
    """The k-th number in [low, high), the same on every device."""
    return low + (high - low) * (rng.seed // 1009**k % 1009) / 1009
