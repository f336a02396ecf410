"""Experiments on ``likelihood.made``."""

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, parameter_gradients


def masks(hw: Package, rng: Rng) -> dict:
    return {
        "one_hidden_layer": hw.made.build_masks(_cycle(rng, 5), [9]),
        "three_hidden_layers": hw.made.build_masks(_cycle(rng, 6), [8, 13, 7]),
    }


def masks_of_one_size(hw: Package, rng: Rng) -> dict:
    return {"masks": hw.made.build_masks(_cycle(rng, 7), [7, 7])}


def masks_without_hidden_layers(hw: Package, rng: Rng) -> dict:
    return {"masks": hw.made.build_masks(_cycle(rng, 6), [])}


def masks_of_few_dimensions(hw: Package, rng: Rng) -> dict:
    return {
        "one": hw.made.build_masks([0], [3, 2]),
        "two": hw.made.build_masks([1, 0], [3, 2]),
        "range": hw.made.build_masks(range(4), (5,)),
        "tuple": hw.made.build_masks((2, 0, 3, 1), range(3, 5)),
    }


def linear(hw: Package, rng: Rng) -> dict:
    layer = rng.module(hw.made.MaskedLinear(_square_mask(rng)))
    return {"batch": layer(rng.normal(7, 5)), "one": layer(rng.normal(1, 5))}


def linear_of_other_shapes(hw: Package, rng: Rng) -> dict:
    layer = rng.module(hw.made.MaskedLinear(rng.mask(3, 6)))
    return {"y": layer.eval()(rng.normal(2, 4, 6))}


def linear_gradients(hw: Package, rng: Rng) -> dict:
    layer = rng.module(hw.made.MaskedLinear(_square_mask(rng)))
    found = parameter_gradients(layer(rng.normal(7, 5)).square(), layer)
    return {"gradients": found, "weight_afterwards": layer.weight.detach()}


def log_prob(hw: Package, rng: Rng) -> dict:
    model = _made(hw, [2, 4, 1, 0, 3], rng.module(nn.Linear(5, 5)))
    x = rng.bernoulli(7, 5)
    return {"batch": model.log_prob(x), "one": model.log_prob(x[:1])}


def log_prob_of_large_logits(hw: Package, rng: Rng) -> dict:
    model = _made(hw, [1, 2, 3, 0], rng.module(nn.Linear(4, 4), scale=1e4))
    larger = _made(hw, [1, 2, 3, 0], rng.module(nn.Linear(4, 4), scale=1e7))
    x = rng.bernoulli(9, 4)
    return {"log_prob": model.log_prob(x), "larger": larger.log_prob(x)}


def log_prob_gradients(hw: Package, rng: Rng) -> dict:
    model = _made(hw, [2, 0, 1], rng.module(nn.Linear(3, 3)))
    return parameter_gradients(model.log_prob(rng.bernoulli(8, 3)), model.net)


def samples(hw: Package, rng: Rng) -> dict:
    ordering = [3, 0, 5, 1, 4, 2]
    conditionals = Conditionals(ordering, rng.normal(6, 6, std=3), rng.normal(6))
    model = _made(hw, ordering, conditionals)
    return {"x": model.sample(rng.uniform(48, 6)), "one": model.sample(rng.uniform(1, 6))}


def samples_in_natural_order(hw: Package, rng: Rng) -> dict:
    ordering = [0, 1, 2, 3, 4]
    model = _made(hw, ordering, Conditionals(ordering, rng.normal(5, 5, std=3), rng.normal(5)))
    return {"x": model.sample(rng.uniform(32, 5))}


def samples_at_the_edges(hw: Package, rng: Rng) -> dict:
    ordering = [1, 2, 3, 0]
    bias = rng.tensor([0.0, 10000.0, -10000.0, 0.0])
    model = _made(hw, ordering, Conditionals(ordering, 0 * rng.normal(4, 4), bias))
    u = rng.tensor([[0.5, 0.3, 0.9, 0.0], [0.25, 0.6, 0.2, 0.5], [0.0, 0.1, 0.4, 0.75]])
    return {"x": model.sample(u)}


class Conditionals(nn.Module):
    """Logits, each linear in the dimensions that come earlier in an ordering."""

    def __init__(self, ordering: list[int], weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        place = [ordering.index(d) for d in range(len(ordering))]
        self.weight, self.bias = weight.tril(-1)[place][:, place], bias

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight.T + self.bias


def _made(hw: Package, ordering: list[int], net: nn.Module) -> nn.Module:
    """A model with another network, so that neither masks nor masked layers are needed."""
    num_dims = len(ordering)
    model = hw.made.MADE(ordering, [], masks=[torch.ones(num_dims, num_dims, dtype=torch.bool)])
    model.net = net
    return model


def _cycle(rng: Rng, n: int) -> list[int]:
    """A random permutation of a single cycle: for n > 2 it never is its own inverse."""
    around = rng.permutation(n).tolist()
    ordering = [0] * n
    for here, there in zip(around, around[1:] + around[:1], strict=True):
        ordering[here] = there
    return ordering


def _square_mask(rng: Rng) -> Tensor:
    """Without connections into one of the units, as into the first output of a MADE."""
    connected = rng.tensor([[True], [True], [False], [True], [True]])
    return (
        rng.mask(5, 5) | torch.eye(5, dtype=torch.bool, device=rng.device).roll(1, 0)
    ) & connected
