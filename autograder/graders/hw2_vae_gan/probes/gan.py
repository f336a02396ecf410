"""Experiments on ``vae_gan.gan``."""

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, gradients, with_gradients

EXTREME = [300.0, -300.0, 1e4, -1e4, 0.4, -3.0, 40.0]


def _logits(rng: Rng, count: int, mean: float) -> Tensor:
    return rng.keep(rng.normal(count, mean=mean, std=1.5).clone().requires_grad_())


class Quadratic(nn.Module):
    """f(x) = x A x / 2 + b x of a flattened x, a critic whose slope changes from point to point."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.empty(dim, dim))
        self.b = nn.Parameter(torch.empty(dim))

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        return 0.5 * ((x @ self.a) * x).sum(dim=1) + x @ self.b


class ImageCritic(nn.Module):
    """A convolution with a square on top, one score per image, shape (B, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).square().flatten(1).sum(dim=1, keepdim=True)


class Flat(nn.Module):
    """A critic that is constant where x_0 is negative."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.empty(3))

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, 0] > 0).to(x.dtype) * (x * self.a).sum(dim=1)


def _learned(penalty: Tensor, critic: nn.Module, x: Tensor) -> dict:
    """Gradients of a whole loss, the penalty and a mean score, for the critic's parameters."""
    parameters = dict(critic.named_parameters())
    found = gradients(penalty + critic(x).mean(), list(parameters.values()))
    return dict(zip(parameters, found, strict=True))


def _both(losses: tuple[Tensor, Tensor], real: Tensor, fake: Tensor) -> dict:
    """Losses of both players and their gradients.

    The generator's is added to the discriminator's: alone it may have no graph to go through.
    """
    discriminator_loss, generator_loss = losses
    return {
        "losses": losses,
        "gradients": gradients(discriminator_loss, [real, fake]),
        "gradients_of_both": gradients(discriminator_loss + 2 * generator_loss, [real, fake]),
    }


def discriminator(hw: Package, rng: Rng) -> dict:
    real, fake = _logits(rng, 5, 0.6), _logits(rng, 3, -0.4)
    loss = hw.gan.discriminator_loss(real, fake)
    return {"loss": loss, "gradients": gradients(loss, [real, fake])}


def generators(hw: Package, rng: Rng) -> dict:
    fake = _logits(rng, 5, -0.7)
    minimax = hw.gan.generator_loss_minimax(fake)
    non_saturating = hw.gan.generator_loss_non_saturating(fake)
    return {
        "minimax": minimax,
        "non_saturating": non_saturating,
        "minimax_gradient": gradients(minimax, [fake]),
        "non_saturating_gradient": gradients(non_saturating, [fake]),
    }


def extreme_logits(hw: Package, rng: Rng) -> dict:
    real = rng.keep(rng.tensor(EXTREME).clone().requires_grad_())
    fake = rng.keep(rng.tensor(EXTREME[:5]).clone().requires_grad_())
    discriminator_loss = hw.gan.discriminator_loss(real, fake)
    minimax = hw.gan.generator_loss_minimax(fake)
    non_saturating = hw.gan.generator_loss_non_saturating(fake)
    return {
        "discriminator": discriminator_loss,
        "minimax": minimax,
        "non_saturating": non_saturating,
        "discriminator_gradients": gradients(discriminator_loss, [real, fake]),
        "minimax_gradient": gradients(minimax, [fake]),
        "non_saturating_gradient": gradients(non_saturating, [fake]),
    }


def least_squares(hw: Package, rng: Rng) -> dict:
    real, fake = _logits(rng, 5, 0.6), _logits(rng, 3, -0.4)
    return _both(hw.gan.least_squares_losses(real, fake), real, fake)


def _on_both_sides(rng: Rng, count: int, margin: float) -> Tensor:
    """Scores on both sides of ``margin``, not on it, with a mean above it."""
    side = rng.tensor([3.0, -0.5] * count)[:count]
    return rng.keep((margin + side * rng.uniform(count, low=0.5, high=3.0)).requires_grad_())


def hinge(hw: Package, rng: Rng) -> dict:
    real, fake = _on_both_sides(rng, 5, 1.0), _on_both_sides(rng, 3, -1.0)
    return _both(hw.gan.hinge_losses(real, fake), real, fake)


def wasserstein(hw: Package, rng: Rng) -> dict:
    real, fake = _logits(rng, 5, 0.6), _logits(rng, 3, -1.4)
    return _both(hw.gan.wgan_losses(real, fake), real, fake)


def penalty(hw: Package, rng: Rng) -> dict:
    critic = rng.module(Quadratic(4))
    real = rng.keep(rng.normal(4, 4).clone().requires_grad_())
    fake = rng.keep(rng.normal(4, 4, mean=1, std=2).clone().requires_grad_())
    accumulated = with_gradients(rng, critic)
    value = hw.gan.gradient_penalty(critic, real, fake, rng.uniform(4), 3.0)
    scores = critic(real).mean() + critic(fake).mean()
    return {
        "penalty": value,
        "parameters": _learned(value, critic, real),
        "inputs": gradients(value + scores, [real, fake]),
        "accumulated": [parameter.grad for parameter in accumulated],
    }


def penalty_of_images(hw: Package, rng: Rng) -> dict:
    critic = rng.module(ImageCritic(), scale=0.3)
    real, fake = rng.normal(3, 2, 3, 3), rng.normal(3, 2, 3, 3, std=2)
    value = hw.gan.gradient_penalty(critic, real, fake, rng.uniform(3))
    return {
        "penalty": value,
        "parameters": _learned(value, critic, real),
        "requires_grad": [real.requires_grad, fake.requires_grad],
        "sequences": hw.gan.gradient_penalty(
            rng.module(Quadratic(6)),
            rng.normal(3, 3, 2),
            rng.normal(3, 3, 2, std=2),
            rng.uniform(3),
        ),
    }


def penalty_where_flat(hw: Package, rng: Rng) -> dict:
    critic = rng.module(Flat())
    side = rng.tensor([[1.0], [-1.0], [1.0]])
    real, fake = side * rng.uniform(3, 3, low=0.2), side * rng.uniform(3, 3, low=0.2)
    value = hw.gan.gradient_penalty(critic, real, fake, rng.uniform(3), 2.0)
    return {"penalty": value, "parameters": _learned(value, critic, real)}


def r1(hw: Package, rng: Rng) -> dict:
    critic, real = rng.module(Quadratic(5)), rng.normal(7, 5)
    accumulated = with_gradients(rng, critic)
    value = hw.gan.r1_penalty(critic, real, 3.0)
    return {
        "penalty": value,
        "parameters": _learned(value, critic, real),
        "requires_grad": real.requires_grad,
        "accumulated": [parameter.grad for parameter in accumulated],
    }


def r1_of_images(hw: Package, rng: Rng) -> dict:
    critic, real = rng.module(ImageCritic(), scale=0.3), rng.normal(4, 2, 3, 3)
    value = hw.gan.r1_penalty(critic, real)
    return {
        "penalty": value,
        "parameters": _learned(value, critic, real),
        "sequences": hw.gan.r1_penalty(rng.module(Quadratic(6)), rng.normal(3, 3, 2)),
    }


def spectral(hw: Package, rng: Rng) -> dict:
    weight, u = rng.normal(3, 5), rng.normal(3)
    return {
        "one": hw.gan.spectral_normalize(weight, u, 1),
        "three": hw.gan.spectral_normalize(0.1 * weight, u, 3),
    }


def spectral_convolution(hw: Package, rng: Rng) -> dict:
    weight = rng.keep(rng.normal(2, 2, 3, 3).clone().requires_grad_())
    shares = rng.normal(2, 2, 3, 3)
    normalized, u = hw.gan.spectral_normalize(weight, rng.normal(2), 2)
    return {
        "weight": normalized,
        "u": u,
        "requires_grad": u.requires_grad,
        "gradient": gradients(shares * normalized, [weight]),
    }
