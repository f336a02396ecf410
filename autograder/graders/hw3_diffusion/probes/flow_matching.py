"""Experiments on ``diffusion.flow_matching``."""

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, parameter_gradients


class Field(nn.Module):
    """A stand-in for a velocity network, example by example, that notes what it was asked."""

    def __init__(self, num_dims: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_dims, num_dims))
        self.asked: list[Tensor] = []

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        self.asked.append(t)
        time = t.reshape(-1, *[1] * (x.dim() - 1))
        return torch.tanh(x @ self.weight) * (1 + time) - time**2 * x + 0.3


def points(hw: Package, rng: Rng) -> dict:
    t, square = rng.tensor([0.0, 0.2, 0.5, 0.9, 1.0]), (rng.normal(5, 5), rng.normal(5, 5))
    images = rng.normal(3, 3, 3, 3), rng.normal(3, 3, 3, 3)
    sequences = rng.normal(3, 3, 3), rng.normal(3, 3, 3)
    return {
        "square": hw.flow_matching.interpolate(*square, t),
        "some_noise_left": hw.flow_matching.interpolate(*square, t, sigma_min=0.3),
        "images": hw.flow_matching.interpolate(*images, rng.uniform(3), sigma_min=0.1),
        "sequences": hw.flow_matching.interpolate(*sequences, rng.uniform(3)),
        "one": hw.flow_matching.interpolate(rng.normal(1, 5), rng.normal(1, 5), rng.uniform(1)),
    }


def targets(hw: Package, rng: Rng) -> dict:
    noise, data = rng.normal(7, 5), rng.normal(7, 5)
    return {
        "line": hw.flow_matching.velocity_target(noise, data),
        "some_noise_left": hw.flow_matching.velocity_target(noise, data, sigma_min=0.3),
    }


def loss(hw: Package, rng: Rng) -> dict:
    model, t = rng.module(Field(5)), rng.tensor([0.0, 0.2, 0.5, 0.9, 1.0])
    square, one = (rng.normal(5, 5), rng.normal(5, 5)), (rng.normal(1, 5), rng.normal(1, 5))
    sequences = rng.normal(3, 3, 5), rng.normal(3, 3, 5)
    return {
        "square": hw.flow_matching.flow_matching_loss(model, *square, t),
        "sequences": hw.flow_matching.flow_matching_loss(model, *sequences, t[1:4]),
        "one": hw.flow_matching.flow_matching_loss(model, *one, rng.uniform(1)),
        "asked": model.asked,
    }


def loss_of_images(hw: Package, rng: Rng) -> dict:
    model, noise, data = rng.module(Field(4)), rng.normal(4, 4, 2, 4), rng.normal(4, 4, 2, 4)
    found = hw.flow_matching.flow_matching_loss(model, noise, data, rng.uniform(4))
    # The sum with a parameter keeps a loss without a graph comparable: its gradient is zero.
    anchored = found + 0 * model.weight.sum()
    return {"loss": found, "gradients": parameter_gradients(anchored, model)}


def euler(hw: Package, rng: Rng) -> dict:
    model, noise = rng.module(Field(5)), rng.normal(7, 5)
    three = hw.flow_matching.euler_sample(model, noise, 3)
    one = hw.flow_matching.euler_sample(model, noise[:1], 1)
    asked = model.asked
    return {"three": three, "one": one, "asked": asked, "requires_grad": three.requires_grad}


def heun(hw: Package, rng: Rng) -> dict:
    model, noise = rng.module(Field(5)), rng.normal(7, 5)
    three = hw.flow_matching.heun_sample(model, noise, 3)
    one = hw.flow_matching.heun_sample(model, noise[:1], 1)
    asked = model.asked
    return {"three": three, "one": one, "asked": asked, "requires_grad": three.requires_grad}


def images(hw: Package, rng: Rng) -> dict:
    model, noise = rng.module(Field(3)), rng.normal(3, 3, 2, 3)
    return {
        "euler": hw.flow_matching.euler_sample(model, noise, 2),
        "heun": hw.flow_matching.heun_sample(model, noise, 2),
    }


def pairs(hw: Package, rng: Rng) -> dict:
    weight, sizes = rng.normal(3, 3).clone().requires_grad_(), []

    def sample(x: Tensor) -> Tensor:
        sizes.append(len(x))
        return torch.tanh(x @ weight) + len(x)

    noise, images = rng.normal(7, 3), rng.normal(4, 2, 3).clone().requires_grad_()
    found = hw.flow_matching.rectification_pairs(sample, noise, 3)
    even = hw.flow_matching.rectification_pairs(sample, images, 2)
    return {
        "pairs": found,
        "even": even,
        "sizes": sizes,
        "requires_grad": [x.requires_grad for x in (*found, *even)],
    }


def bends(hw: Package, rng: Rng) -> dict:
    line = rng.normal(1, 4, 5) + rng.tensor([0.0, 0.25, 0.5, 0.75, 1.0])[:, None, None]
    return {
        "vectors": hw.flow_matching.straightness(rng.normal(5, 3, 4)),
        "images": hw.flow_matching.straightness(rng.normal(3, 2, 3, 2, 2)),
        "line": hw.flow_matching.straightness(rng.keep(line)),
    }
