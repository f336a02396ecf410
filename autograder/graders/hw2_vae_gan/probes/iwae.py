"""Experiments on ``vae_gan.iwae``."""

import math
from collections.abc import Callable

from torch import Tensor

from autograder.sandbox.probe import Package, Rng, attempt, gradients


def means_of_exponentials(hw: Package, rng: Rng) -> dict:
    x = rng.normal(7, 5, std=2)
    return {"columns": hw.iwae.log_mean_exp(x, 0), "rows": hw.iwae.log_mean_exp(x, 1)}


def means_of_extreme_exponentials(hw: Package, rng: Rng) -> dict:
    far = rng.keep(rng.normal(4, 3) + rng.tensor([[1e4], [-1e4], [0.0], [-3000.0]]))
    impossible = rng.tensor(
        [[-math.inf, 0.5, -1.0], [-math.inf, -math.inf, -math.inf], [2.0, -math.inf, -math.inf]]
    )
    return {
        "far": hw.iwae.log_mean_exp(far, -1),
        "impossible": hw.iwae.log_mean_exp(impossible, 1),
        "middle": hw.iwae.log_mean_exp(rng.normal(3, 3, 3), 1),
        "one": hw.iwae.log_mean_exp(far[:, :1], 1),
    }


def bound(hw: Package, rng: Rng) -> dict:
    log_w = rng.normal(6, 5, mean=-3, std=2)
    return {"pairs": hw.iwae.iwae_bound(log_w, 2)}


def bound_of_every_size(hw: Package, rng: Rng) -> dict:
    log_w = rng.normal(6, 4, mean=-3, std=2)
    return {
        "bounds": [hw.iwae.iwae_bound(log_w, m) for m in (1, 2, 3, 6)],
        "one_example": hw.iwae.iwae_bound(log_w[:, :1], 3),
        "not_a_multiple": attempt(ValueError, hw.iwae.iwae_bound, log_w, 4),
    }


def bound_of_small_weights(hw: Package, rng: Rng) -> dict:
    log_w = rng.normal(4, 4, mean=-2000, std=2).clone().requires_grad_()
    value = hw.iwae.iwae_bound(log_w, 2)
    return {"bound": value, "gradient": gradients(value, [log_w])}


def densities(hw: Package, rng: Rng) -> dict:
    mean, log_var = rng.normal(4, 5), rng.normal(4, 5)
    return {"draws": hw.iwae.log_normal(rng.normal(3, 4, 5, std=2), mean, log_var)}


def densities_of_narrow_gaussians(hw: Package, rng: Rng) -> dict:
    log_var = rng.keep(rng.normal(4, 3) + rng.tensor([[-800.0], [-90.0], [0.0], [12.0]]))
    x = rng.keep(rng.normal(4, 3) * (log_var / 2).exp())
    return {
        "narrow": hw.iwae.log_normal(x, 0 * x, log_var),
        "one": hw.iwae.log_normal(rng.normal(1, 1), rng.normal(1, 1), rng.normal(1, 1)),
        "shared": hw.iwae.log_normal(rng.normal(4, 3), rng.normal(3), rng.normal(3)),
    }


def weights(hw: Package, rng: Rng) -> dict:
    mean, log_var, eps = rng.normal(4, 2), rng.normal(4, 2), rng.normal(3, 4, 2)
    return {"log_w": hw.iwae.log_weights(mean, log_var, eps, _likelihood(rng, 4, 2))}


def weights_gradients(hw: Package, rng: Rng) -> dict:
    mean = rng.normal(3, 3).clone().requires_grad_()
    log_var = rng.normal(3, 3).clone().requires_grad_()
    log_w = hw.iwae.log_weights(mean, log_var, rng.normal(5, 3, 3), _likelihood(rng, 3, 3))
    one = hw.iwae.log_weights(
        rng.normal(1, 4), rng.normal(1, 4), rng.normal(1, 1, 4), _likelihood(rng, 1, 4)
    )
    return {
        "log_w": log_w,
        "gradients": gradients(log_w * rng.normal(5, 3), [mean, log_var]),
        "one": one,
    }


def divergences(hw: Package, rng: Rng) -> dict:
    log_q, log_p = rng.normal(6, 4, mean=-3), rng.normal(6, 4, mean=-4, std=2)
    return {"estimates": hw.iwae.monte_carlo_kl(log_q, log_p)}


def divergences_of_few_draws(hw: Package, rng: Rng) -> dict:
    log_q = rng.normal(2, 5, mean=-2, std=3)
    return {
        "two": hw.iwae.monte_carlo_kl(log_q, rng.normal(2, 5, mean=-2)),
        "equal": hw.iwae.monte_carlo_kl(log_q, log_q),
        "tiny": hw.iwae.monte_carlo_kl(
            rng.normal(3, 2, mean=-1000, std=3), rng.normal(3, 2, mean=-800, std=2)
        ),
    }


def _likelihood(rng: Rng, batch: int, latent_dim: int) -> Callable[[Tensor], Tensor]:
    """Some function of codes (M, B, Z) that differs between examples."""
    x, weight = rng.normal(batch, 6), rng.normal(latent_dim, 6)
    return lambda z: (x * (z @ weight).sin()).sum(dim=-1) - 2
