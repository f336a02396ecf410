"""Experiments on ``vae_gan.divergences``."""

import math

import torch
from torch import Tensor

from autograder.sandbox.probe import Package, Rng, attempt, gradients

NAMES = ("kl", "reverse_kl", "js", "pearson", "hellinger", "total_variation")


def generator(hw: Package, rng: Rng) -> dict:
    u = rng.uniform(3, 2, low=0.1, high=4.0)
    return {name: hw.divergences.generator_f(u, name) for name in NAMES}


def generator_at_zero(hw: Package, rng: Rng) -> dict:
    u = rng.tensor([0.0, 1.0, 50.0])
    return {
        **{name: hw.divergences.generator_f(u, name) for name in NAMES},
        "unknown": attempt(ValueError, hw.divergences.generator_f, u, "wasserstein"),
    }


def divergence(hw: Package, rng: Rng) -> dict:
    p, q = rng.probabilities(3, 5), rng.probabilities(3, 5)
    tiny = rng.tensor([[0.3, 1e-12, 0.2, 0.4, 0.1], [1e-12, 0.1, 0.5, 0.2, 0.2]])
    return {
        **{name: hw.divergences.f_divergence(p, q, name) for name in NAMES},
        "one": hw.divergences.f_divergence(p[:1], q[:1], "kl"),
        "equal": hw.divergences.f_divergence(p, p, "js"),
        "tiny": {name: hw.divergences.f_divergence(p[:2], tiny, name) for name in NAMES},
    }


def divergence_with_zeros(hw: Package, rng: Rng) -> dict:
    p = rng.tensor([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    q = rng.probabilities(2, 4)
    return {name: hw.divergences.f_divergence(p, q, name) for name in NAMES}


def conjugate(hw: Package, rng: Rng) -> dict:
    return {
        "kl": hw.divergences.conjugate_f(rng.normal(4, std=2), "kl"),
        "reverse_kl": hw.divergences.conjugate_f(rng.uniform(4, low=-5, high=-0.1), "reverse_kl"),
        "js": hw.divergences.conjugate_f(rng.uniform(4, low=-4, high=0.3), "js"),
        "pearson": hw.divergences.conjugate_f(rng.uniform(4, low=-1.9, high=4), "pearson"),
        "hellinger": hw.divergences.conjugate_f(rng.uniform(4, low=-6, high=0.9), "hellinger"),
        "total_variation": hw.divergences.conjugate_f(
            rng.uniform(4, low=-0.5, high=0.5), "total_variation"
        ),
    }


def conjugate_at_the_ends(hw: Package, rng: Rng) -> dict:
    t = rng.tensor([-30.0, -3.0, -2.0, -1.0, -0.5, -0.2, 0.0, 0.3, 0.4, 0.5, 0.7, 1.0, 3.0, 20.0])
    inside = rng.tensor([-1e-4, math.log(2) / 2 - 1e-4, 0.9999])
    return {
        **{name: hw.divergences.conjugate_f(t, name) for name in NAMES},
        "inside": {name: hw.divergences.conjugate_f(inside, name) for name in NAMES},
        "matrix": hw.divergences.conjugate_f(t.reshape(7, 2), "hellinger"),
        "unknown": attempt(ValueError, hw.divergences.conjugate_f, t, "wasserstein"),
    }


def conjugate_beside_the_ends(hw: Package, rng: Rng) -> dict:
    t = rng.tensor([-1e-9, math.log(2) / 2 - 1e-9, 1 - 1e-9])
    return {name: hw.divergences.conjugate_f(t, name) for name in NAMES}


def critic(hw: Package, rng: Rng) -> dict:
    ratio = rng.uniform(3, 2, low=0.1, high=4.0)
    return {name: hw.divergences.optimal_critic(ratio, name) for name in NAMES}


def critic_far_off(hw: Package, rng: Rng) -> dict:
    ratio = rng.tensor([1e-9, 1e-3, 1.0, 1e3, 1e9])
    return {
        **{name: hw.divergences.optimal_critic(ratio, name) for name in NAMES},
        "unknown": attempt(ValueError, hw.divergences.optimal_critic, ratio, "wasserstein"),
    }


def _critic_values(rng: Rng, count: int, name: str) -> Tensor:
    """Values inside the domain of every conjugate."""
    low, high = (-0.45, 0.45) if name == "total_variation" else (-1.5, -0.1)
    return rng.keep(rng.uniform(count, low=low, high=high).clone().requires_grad_())


def bound(hw: Package, rng: Rng) -> dict:
    found = {}
    for name in NAMES:
        on_p, on_q = _critic_values(rng, 5, name), _critic_values(rng, 3, name)
        value = hw.divergences.variational_bound(on_p, on_q, name)
        found[name] = {"bound": value, "gradients": gradients(value, [on_p, on_q])}
    return found


def bound_outside_the_domain(hw: Package, rng: Rng) -> dict:
    on_p, on_q = rng.tensor([-0.3, 2.0, 1.0]), rng.tensor([-0.4, 0.4])
    return {name: hw.divergences.variational_bound(on_p, on_q, name) for name in NAMES[:3]}


def discrepancy(hw: Package, rng: Rng) -> dict:
    x = rng.keep(rng.normal(5, 2).clone().requires_grad_())
    y = rng.keep(rng.normal(3, 2, mean=0.7, std=1.5).clone().requires_grad_())
    mmd2 = hw.divergences.mmd2_unbiased(x, y, 0.8)
    return {"mmd2": mmd2, "gradients": gradients(mmd2, [x, y])}


def discrepancy_of_like_samples(hw: Package, rng: Rng) -> dict:
    x, y = rng.normal(4, 3), rng.normal(2, 1)
    shuffled = rng.keep(x.flip(0))
    doubled = rng.keep(torch.cat([y, y]))
    return {
        "permuted": hw.divergences.mmd2_unbiased(x, shuffled, 2.5),
        "two": hw.divergences.mmd2_unbiased(x[:2], x[2:], 0.5),
        "doubled": hw.divergences.mmd2_unbiased(doubled, y, 1.3),
    }


def accuracy(hw: Package, rng: Rng) -> dict:
    logits = rng.tensor([2.0, 0.3, -0.2, 0.0, 0.0, 7.0, -3.0, 0.4, -0.1, 0.2, -4.0])
    labels = rng.tensor([1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0])
    bad_logits = rng.tensor([1.5, -0.7, -2.0, 0.9, 0.6])
    bad_labels = rng.tensor([0, 1, 1, 0, 1])
    return {
        "accuracy": hw.divergences.c2st_accuracy(logits, labels),
        "bad": hw.divergences.c2st_accuracy(bad_logits, bad_labels),
        "random": hw.divergences.c2st_accuracy(rng.normal(13), rng.integers(0, 2, 13)),
    }


def p_value(hw: Package, rng: Rng) -> dict:
    some = rng.tensor([0.5, 0.56, 0.61, 0.44, 0.3, 1.0])
    return {
        "hundred": hw.divergences.c2st_p_value(some, 100),
        "few": hw.divergences.c2st_p_value(some, 7),
        "scalar": hw.divergences.c2st_p_value(rng.tensor(0.53), 400),
    }


def _covariance(rng: Rng, dim: int, rank: int) -> Tensor:
    factor = rng.normal(dim, rank)
    return rng.keep(factor @ factor.T)


def frechet(hw: Package, rng: Rng) -> dict:
    mean1, mean2 = rng.normal(3), rng.normal(3, mean=0.5)
    cov1, cov2 = _covariance(rng, 3, 5), _covariance(rng, 3, 4)
    return {
        "distance": hw.divergences.frechet_distance(mean1, cov1, mean2, cov2),
        "same_mean": hw.divergences.frechet_distance(mean1, cov1, mean1, cov2),
    }


def frechet_of_singular(hw: Package, rng: Rng) -> dict:
    mean1, mean2 = rng.normal(6), rng.normal(6)
    regular = _covariance(rng, 6, 8)
    found = {"equal": hw.divergences.frechet_distance(mean1, regular, mean1, regular)}
    for rank1, rank2 in ((2, 3), (1, 2), (3, 1), (4, 3)):
        cov1, cov2 = _covariance(rng, 6, rank1), _covariance(rng, 6, rank2)
        found[f"{rank1}{rank2}"] = hw.divergences.frechet_distance(mean1, cov1, mean2, cov2)
    point = rng.keep(torch.zeros_like(cov1))
    return {**found, "point": hw.divergences.frechet_distance(mean1, point, mean2, cov2)}


def _clusters(rng: Rng, count: int, mean: float) -> Tensor:
    """Points of very different density: a tight cluster, a loose one, and stray points."""
    scale = rng.tensor([[0.2], [1.0], [4.0]] * count)[:count]
    return rng.keep(mean + scale * rng.normal(count, 2))


def neighbours(hw: Package, rng: Rng) -> dict:
    real, fake = _clusters(rng, 24, 0.0), _clusters(rng, 19, 0.6)
    return {
        **{f"k{k}": hw.divergences.precision_recall(real, fake, k) for k in (1, 2, 3, 5)},
        "narrow": hw.divergences.precision_recall(real, rng.keep(0.3 * fake), 2),
        "wide": hw.divergences.precision_recall(rng.keep(0.2 * real), fake, 2),
    }


def neighbours_with_ties(hw: Package, rng: Rng) -> dict:
    real = rng.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0], [20.0, 0.0], [20.0, 8.0]])
    fake = rng.tensor([[-3.0, -4.0], [3.0, 4.0], [28.0, 0.0], [20.0, -9.0], [6.0, 8.0]])
    return {
        "one": hw.divergences.precision_recall(real, fake, 1),
        "two": hw.divergences.precision_recall(real, fake, 2),
    }
