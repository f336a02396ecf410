"""Experiments on ``diffusion.ddpm``."""

import torch
from torch import Tensor

from autograder.sandbox.probe import Package, Rng, gradients


def noisy(hw: Package, rng: Rng) -> dict:
    draw, alpha_bar = hw.ddpm.q_sample, rng.uniform(6, low=0.02, high=0.98)
    t = rng.tensor([3, 0, 5, 2, 4])
    return {
        "images": draw(rng.normal(4, 2, 4, 4), t[:4], rng.normal(4, 2, 4, 4), alpha_bar),
        "vectors": draw(rng.normal(5, 5), t, rng.normal(5, 5), alpha_bar),
        "sequences": draw(rng.normal(3, 3, 3), t[:3], rng.normal(3, 3, 3), alpha_bar),
        "one": draw(rng.normal(1, 3), rng.tensor([5]), rng.normal(1, 3), alpha_bar),
    }


def posterior(hw: Package, rng: Rng) -> dict:
    betas = rng.uniform(6, low=0.05, high=0.6)
    every_step = rng.tensor([5, 1, 0, 3, 2, 4])
    return {"vectors": hw.ddpm.q_posterior(rng.normal(6, 6), rng.normal(6, 6), every_step, betas)}


def posterior_of_images(hw: Package, rng: Rng) -> dict:
    betas = rng.uniform(5, low=0.05, high=0.6)
    images = rng.normal(4, 2, 4, 4), rng.normal(4, 2, 4, 4)
    first, last = rng.tensor([0]), rng.tensor([4])
    one = rng.normal(1, 3), rng.normal(1, 3)
    sequences = rng.normal(3, 3, 3), rng.normal(3, 3, 3)
    others = rng.uniform(5, low=0.05, high=0.6)
    return {
        "images": hw.ddpm.q_posterior(*images, rng.tensor([2, 4, 0, 1]), betas),
        "sequences": hw.ddpm.q_posterior(*sequences, rng.tensor([3, 0, 1]), others),
        "first": hw.ddpm.q_posterior(*one, first, betas),
        "last": hw.ddpm.q_posterior(*one, last, betas),
    }


def loss(hw: Package, rng: Rng) -> dict:
    model = _Model(rng, 5)
    t, eps = rng.tensor([3, 0, 4, 1, 2]), rng.normal(5, 5)
    value = hw.ddpm.simple_loss(model, rng.normal(5, 5), t, eps)
    return {"loss": value, "gradient": model.gradient(value), "asked": model.asked}


def weighted_loss(hw: Package, rng: Rng) -> dict:
    model = _Model(rng, 4)
    images = rng.normal(4, 2, 4, 4), rng.tensor([0, 5, 1, 3]), rng.normal(4, 2, 4, 4)
    value = hw.ddpm.simple_loss(model, *images, rng.uniform(4, low=0.1, high=3))
    return {
        "images": value,
        "gradient": model.gradient(value),
        "one": hw.ddpm.simple_loss(
            model, rng.normal(1, 4), rng.tensor([2]), rng.normal(1, 4), rng.uniform(1)
        ),
    }


def decoder(hw: Package, rng: Rng) -> dict:
    x0 = _data(rng, 3, 5)
    mean, variance = rng.keep(x0 + rng.normal(3, 5, std=0.3)), rng.uniform(3, low=0.05, high=0.6)
    levels = rng.keep(rng.tensor([[0, 255, 7, 130], [254, 1, 255, 0]]) * (2 / 255) - 1)
    close = rng.keep(levels + rng.normal(2, 4, std=0.02))
    ends = rng.tensor([[1 - 3e-8, -1 + 3e-8], [1 + 3e-8, -1 - 3e-8]])  # up to rounding
    around = rng.keep(0.8 * ends + rng.normal(2, 2, std=0.1))
    return {
        "five_levels": hw.ddpm.decoder_log_prob(x0, mean, variance, 5),
        "default_levels": hw.ddpm.decoder_log_prob(levels, close, rng.tensor([0.002, 0.0005])),
        "rounded": hw.ddpm.decoder_log_prob(ends, around, rng.tensor([0.3, 0.5]), 5),
    }


def decoder_of_images(hw: Package, rng: Rng) -> dict:
    x0 = _data(rng, 16, 4).reshape(4, 1, 4, 4)
    mean, variance = rng.normal(4, 1, 4, 4, std=0.5), rng.uniform(4, low=0.1, high=0.9)
    far = rng.tensor([[9.0, -0.6, 0.2]])
    return {
        "images": hw.ddpm.decoder_log_prob(rng.keep(x0), mean, variance, 4),
        "impossible": hw.ddpm.decoder_log_prob(
            rng.tensor([[-1.0, -1.0, 1.0]]), far, rng.uniform(1, low=0.1, high=0.2), 3
        ),
    }


def bound(hw: Package, rng: Rng) -> dict:
    x0, t, mean_q, variance_q, *model = _comparison(rng, rng.tensor([3, 1]))
    narrow = rng.keep(1e-4 * variance_q)
    return {
        "posterior": hw.ddpm.vlb_term(*_comparison(rng, rng.tensor([3, 1, 5, 2, 4])), 5),
        "decoder": hw.ddpm.vlb_term(*_comparison(rng, rng.tensor([0, 0])), 5),
        "narrow": hw.ddpm.vlb_term(x0, t, mean_q, narrow, *model, 5),
    }


def bound_of_mixed_steps(hw: Package, rng: Rng) -> dict:
    x0, t, mean_q, variance_q, mean_p, variance_p = _comparison(rng, rng.tensor([4, 0, 1, 0, 2]))
    mean_p, variance_p = mean_p.clone().requires_grad_(), variance_p.clone().requires_grad_()
    terms = hw.ddpm.vlb_term(x0, t, mean_q, variance_q, mean_p, variance_p, 5)
    images = [values.reshape(1, 1, 5, 1) for values in (x0[:1], mean_q[:1], mean_p[:1])]
    return {
        "vectors": terms,
        "image": hw.ddpm.vlb_term(
            images[0], t[:1], images[1], variance_q[:1], images[2], variance_p[:1], 5
        ),
        "gradients": gradients(terms, [mean_p, variance_p]),
    }


def step(hw: Package, rng: Rng) -> dict:
    betas, others = (rng.uniform(6, low=0.05, high=0.6) for _ in range(2))
    x, eps, noise = (rng.normal(3, 2, 2) for _ in range(3))
    results = {
        f"{variance}_{t}": hw.ddpm.p_sample(x, t, eps, noise, betas, variance=variance)
        for variance, steps in (("posterior", (5, 1, 0)), ("beta", (3, 0)))
        for t in steps
    }
    return results | {"other_betas": hw.ddpm.p_sample(x, 2, eps, noise, others)}


def chain(hw: Package, rng: Rng) -> dict:
    betas, noises = rng.uniform(4, low=0.05, high=0.6), rng.normal(4, 3, 4)
    model, x_T = _Model(rng, 4), rng.normal(3, 4)
    return {
        "default": hw.ddpm.p_sample_loop(model, x_T, noises, betas),
        "asked": model.asked,
        "beta": hw.ddpm.p_sample_loop(model, x_T, noises[:2], betas[:2], variance="beta"),
    }


class _Model:
    """A prediction that depends on each entry, and on the step of each example."""

    def __init__(self, rng: Rng, size: int) -> None:
        self.weight = rng.normal(size, std=0.5).clone().requires_grad_()
        self.asked: list[object] = []

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        self.asked.append(t)
        return self.weight * x + 0.3 * torch.as_tensor(t).reshape(-1, *[1] * (x.dim() - 1))

    def gradient(self, loss: Tensor) -> list[Tensor | None]:
        """By ``weight``; zeros if the loss does not depend on it at all."""
        return gradients(loss + 0 * self.weight.sum(), [self.weight])


def _data(rng: Rng, rows: int, levels: int) -> Tensor:
    """Rows that hold every level once, in random order."""
    order = torch.stack([rng.permutation(levels) for _ in range(rows)])
    return rng.keep(order * (2 / (levels - 1)) - 1)


def _comparison(rng: Rng, t: Tensor) -> tuple[Tensor, ...]:
    """Arguments of ``vlb_term`` for as many examples as steps, of five levels and dimensions."""
    size = len(t)
    x0 = _data(rng, size, 5)
    mean_q = rng.keep(x0 + rng.normal(size, 5, std=0.4))
    mean_p = rng.keep(mean_q + rng.normal(size, 5, std=0.3))
    variance_q = rng.keep(rng.uniform(size, low=0.05, high=0.4) * (t > 0))
    return x0, t, mean_q, variance_q, mean_p, rng.uniform(size, low=0.1, high=0.5)
