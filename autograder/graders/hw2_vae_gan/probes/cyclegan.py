"""Experiments on ``vae_gan.cyclegan``."""

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, gradients, parameter_gradients, with_gradients


class ToB(nn.Module):
    """G(x) = 2 x + 1, a scale and a shift per channel."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([2.0, 1.5, -1.0])[:, None, None])
        self.shift = nn.Parameter(torch.tensor([1.0, -0.5, 0.3])[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x + self.shift


class ToA(nn.Module):
    """F(y) = y^2 / 4, with a scale per channel: not the inverse of G."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([0.25, 0.4, -0.7])[:, None, None])

    def forward(self, y: Tensor) -> Tensor:
        return self.scale * y.square()


class Patches(nn.Module):
    """Scores of patches of 2 x 2 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 2, stride=2)
        self.bend = nn.Parameter(torch.empty(()))

    def forward(self, x: Tensor) -> Tensor:
        scores = self.conv(x)
        return scores + self.bend * scores.square()


class Pair(nn.Module):
    """Discriminators of the two domains, with parameters of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = Patches(), Patches()


def _images(rng: Rng, count: int) -> Tensor:
    return rng.normal(count, 3, 2, 2)


def _generated(rng: Rng, count: int) -> Tensor:
    return rng.keep(rng.normal(count, 3, 4, 4).clone().requires_grad_())


def _learned(loss: Tensor, *generators: nn.Module) -> list[dict]:
    return [parameter_gradients(loss, generator) for generator in generators]


def cycles(hw: Package, rng: Rng) -> dict:
    to_b, to_a = ToB().to(rng.device), ToA().to(rng.device)
    loss = hw.cyclegan.cycle_loss(to_b, to_a, _images(rng, 3), _images(rng, 1))
    return {"loss": loss, "gradients": _learned(loss, to_b, to_a)}


def cycle_of_many(hw: Package, rng: Rng) -> dict:
    to_b, to_a = ToB().to(rng.device), ToA().to(rng.device)
    return {"loss": hw.cyclegan.cycle_loss(to_b, to_a, _images(rng, 2), _images(rng, 5))}


def identities(hw: Package, rng: Rng) -> dict:
    to_b, to_a = ToB().to(rng.device), ToA().to(rng.device)
    loss = hw.cyclegan.identity_loss(to_b, to_a, _images(rng, 3), _images(rng, 1))
    return {"loss": loss, "gradients": _learned(loss, to_b, to_a)}


def identity_of_many(hw: Package, rng: Rng) -> dict:
    to_b, to_a = ToB().to(rng.device), ToA().to(rng.device)
    return {"loss": hw.cyclegan.identity_loss(to_b, to_a, _images(rng, 2), _images(rng, 5))}


def generators(hw: Package, rng: Rng) -> dict:
    critics = rng.module(Pair())
    fake_a, fake_b = _generated(rng, 2), _generated(rng, 3)
    cycle, identity = (rng.uniform(low=0.5).clone().requires_grad_() for _ in range(2))
    loss = hw.cyclegan.generator_objective(
        critics.a, critics.b, fake_a, fake_b, rng.keep(cycle), rng.keep(identity), 3.0, 0.7
    )
    return {"loss": loss, "gradients": gradients(loss, [fake_a, fake_b, cycle, identity])}


def generators_by_default(hw: Package, rng: Rng) -> dict:
    critics = rng.module(Pair())
    fakes, others = (_generated(rng, 2), _generated(rng, 1)), rng.uniform(2, low=0.5)
    return {
        "loss": hw.cyclegan.generator_objective(critics.a, critics.b, *fakes, others[0], others[1])
    }


def discriminator(hw: Package, rng: Rng) -> dict:
    critic, real, fake = rng.module(Patches()), rng.normal(3, 3, 4, 4), _generated(rng, 2)
    accumulated = with_gradients(rng, critic)
    loss = hw.cyclegan.discriminator_objective(critic, real, fake)
    return {
        "loss": loss,
        "parameters": parameter_gradients(loss, critic),
        "fake": gradients(loss, [fake]),
        "accumulated": [parameter.grad for parameter in accumulated],
    }


def _batches(rng: Rng, buffer: object, kept: list[list[int]]) -> list[dict]:
    """Offer batches; a number k >= 0 asks for stored image k of the buffer, -1 for none.

    The draws lie well inside their intervals, so that rounding decides nothing.
    """
    found = []
    for places in kept:
        images = rng.normal(len(places), 3, 1, 2).clone().requires_grad_()
        rows = [[0.25, 0.9] if k < 0 else [0.75, (k + 0.6) / buffer.capacity] for k in places]
        given = buffer.push_and_sample(2 * images, rng.tensor(rows))
        found.append(_constant(given, buffer))
    return found


def _constant(given: Tensor, buffer: object) -> dict:
    """Images that a buffer gave, and whether they and the stored ones keep a graph."""
    return {
        "images": given,
        "requires_grad": given.requires_grad,
        "stored_requires_grad": [image.requires_grad for image in buffer.images],
    }


def filling(hw: Package, rng: Rng) -> dict:
    buffer = hw.cyclegan.ReplayBuffer(6)
    images = rng.normal(4, 3, 2, 2).clone().requires_grad_()
    given = buffer.push_and_sample(rng.keep(images), rng.uniform(4, 2))
    return _constant(given, buffer)


def history(hw: Package, rng: Rng) -> dict:
    buffer = hw.cyclegan.ReplayBuffer(4)
    batches = [[3, 1], [-1, 0, -1, 2, 2], [1, -1, 3, 0], [2, 2, -1], [0, 1, 2, 3]]
    return {"batches": _batches(rng, buffer, batches)}


def full_in_the_middle(hw: Package, rng: Rng) -> dict:
    buffer = hw.cyclegan.ReplayBuffer(3)
    return {"batches": _batches(rng, buffer, [[1, 0], [2, 0, 1, -1, 1], [2, 1, 0]])}


def edges(hw: Package, rng: Rng) -> dict:
    buffer = hw.cyclegan.ReplayBuffer(2)
    u = rng.tensor([[0.0, 0.0], [0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.25], [0.75, 0.9375]])
    one = hw.cyclegan.ReplayBuffer(1)
    return {
        "two": buffer.push_and_sample(rng.normal(6, 3, 1, 1), u),
        "one": one.push_and_sample(rng.normal(4, 3, 1, 1), u[2:]),
    }
