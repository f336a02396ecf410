"""Experiments on ``diffusion.score_matching``."""

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, parameter_gradients, with_gradients


class Coupled(nn.Module):
    """A score whose Jacobian is full and not symmetric."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.empty(dim, 4))
        self.b = nn.Parameter(torch.empty(4))
        self.c = nn.Parameter(torch.empty(4, dim))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.b, x, self.a).sin() @ self.c


class NoiseConditional(nn.Module):
    """A score of points or images that changes with the noise level, given as (B,)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.empty(dim, dim))
        self.b = nn.Parameter(torch.empty(dim))
        self.asked: list[Tensor] = []

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        self.asked.append(noise)
        level = noise.reshape(-1, 1)
        hidden = torch.addmm(self.b, x.flatten(1), self.a).sin()
        return (hidden / level - level.cos()).reshape(x.shape)


def exact(hw: Package, rng: Rng) -> dict:
    score, x = rng.module(Coupled(3), scale=0.8), rng.normal(4, 3)
    parameters = with_gradients(rng, score)
    loss = hw.score_matching.exact_score_matching_loss(score, x)
    return {
        "loss": loss,
        "grad_left_alone": [parameter.grad for parameter in parameters],
        "parameters": parameter_gradients(loss, score),
        "requires_grad": x.requires_grad,
    }


def exact_of_other_sizes(hw: Package, rng: Rng) -> dict:
    square, line = rng.module(Coupled(4), scale=0.8), rng.module(Coupled(1), scale=0.8)
    x = rng.normal(4, 4, std=2)
    leaf = rng.keep(x.clone().requires_grad_())
    return {
        "leaf": hw.score_matching.exact_score_matching_loss(square, leaf),
        "leaf_requires_grad": leaf.requires_grad,
        "square": hw.score_matching.exact_score_matching_loss(square, x),
        "one": hw.score_matching.exact_score_matching_loss(square, x[:1]),
        "line": hw.score_matching.exact_score_matching_loss(line, rng.normal(6, 1)),
    }


def sliced(hw: Package, rng: Rng) -> dict:
    score, x, v = rng.module(Coupled(3), scale=0.8), rng.normal(4, 3), rng.normal(2, 4, 3)
    parameters = with_gradients(rng, score)
    loss = hw.score_matching.sliced_score_matching_loss(score, x, v)
    return {
        "loss": loss,
        "grad_left_alone": [parameter.grad for parameter in parameters],
        "parameters": parameter_gradients(loss, score),
        "requires_grad": x.requires_grad,
    }


def sliced_with_less_variance(hw: Package, rng: Rng) -> dict:
    score, x, v = rng.module(Coupled(5), scale=0.8), rng.normal(3, 5), rng.normal(4, 3, 5, std=0.7)
    loss = hw.score_matching.sliced_score_matching_loss(score, x, v, variance_reduced=True)
    leaf = rng.keep(x.clone().requires_grad_())
    return {
        "leaf": hw.score_matching.sliced_score_matching_loss(score, leaf, v),
        "leaf_requires_grad": leaf.requires_grad,
        "loss": loss,
        "parameters": parameter_gradients(loss, score),
        "one": hw.score_matching.sliced_score_matching_loss(score, x, v[:1]),
        "one_example": hw.score_matching.sliced_score_matching_loss(score, x[:1], v[:, :1], True),
    }


def _levels(rng: Rng, batch: int) -> Tensor:
    """Noise levels a factor of ten apart."""
    return rng.keep(10 ** torch.linspace(-1.2, 0.7, batch).to(rng.uniform(batch)) + 0.1)


def denoising(hw: Package, rng: Rng) -> dict:
    score = rng.module(NoiseConditional(3))
    x, eps, sigma = rng.normal(5, 3), rng.normal(5, 3), rng.uniform(5, low=0.3, high=2.5)
    loss = hw.score_matching.denoising_score_matching_loss(score, x, sigma, eps)
    asked = score.asked
    return {"loss": loss, "parameters": parameter_gradients(loss, score), "asked": asked}


def denoising_of_images(hw: Package, rng: Rng) -> dict:
    score = rng.module(NoiseConditional(18), scale=0.3)
    x, eps, sigma = rng.normal(3, 2, 3, 3), rng.normal(3, 2, 3, 3), _levels(rng, 3)
    sequences = rng.normal(3, 3, 6), sigma, rng.normal(3, 3, 6)
    return {
        "sequences": hw.score_matching.denoising_score_matching_loss(score, *sequences),
        "weighted": hw.score_matching.denoising_score_matching_loss(score, x, sigma, eps),
        "one": hw.score_matching.denoising_score_matching_loss(score, x[:1], sigma[:1], eps[:1]),
    }


def denoising_with_other_weights(hw: Package, rng: Rng) -> dict:
    score = rng.module(NoiseConditional(4))
    x, eps, sigma = rng.normal(4, 4), rng.normal(4, 4), _levels(rng, 4)
    loss = hw.score_matching.denoising_score_matching_loss
    return {"losses": [loss(score, x, sigma, eps, power) for power in (0.0, 1.0, 3.0)]}


def steps(hw: Package, rng: Rng) -> dict:
    sigmas = rng.tensor([7.0, 2.5, 0.9, 0.4]) * rng.uniform(1, low=0.7, high=1.3)
    return {
        "four": hw.score_matching.annealed_step_sizes(rng.keep(sigmas), 0.03),
        "one": hw.score_matching.annealed_step_sizes(sigmas[:1], 0.2),
    }


def annealed(hw: Package, rng: Rng) -> dict:
    score, x, noise = rng.module(NoiseConditional(2)), rng.normal(4, 2), rng.normal(3, 2, 4, 2)
    sigmas = rng.tensor([2.0, 1.1, 0.6])
    samples = hw.score_matching.annealed_langevin(score, x, sigmas, noise, 0.2)
    return {"samples": samples, "in_a_graph": samples.requires_grad, "asked": score.asked}


def annealed_with_denoising(hw: Package, rng: Rng) -> dict:
    score, sigmas = rng.module(NoiseConditional(18), scale=0.3), rng.tensor([1.5, 0.7])
    x, noise = rng.normal(2, 2, 3, 3), rng.normal(2, 3, 2, 2, 3, 3)
    sample = hw.score_matching.annealed_langevin
    return {
        "denoised": sample(score, x, sigmas, noise, 0.3, denoise=True),
        "one_level": sample(score, x[:1], sigmas[:1], noise[:1, :, :1], 0.1, denoise=True),
        "no_steps": sample(score, x, sigmas, noise[:, :0], 0.1),
    }
