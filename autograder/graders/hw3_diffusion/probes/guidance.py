"""Experiments on ``diffusion.guidance``."""

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, gradients


class NoisePredictor(nn.Module):
    """A stand-in: noise predicted example by example from x (B, C, ...), t and y below 6."""

    def __init__(self, num_maps: int) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.zeros(num_maps, num_maps))
        self.classes = nn.Parameter(torch.zeros(6, num_maps, num_maps))

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        linear = torch.einsum("bcd,bd...->bc...", self.mix + self.classes[label], x)
        return linear + torch.sin(t).reshape(-1, *[1] * (x.dim() - 1)) * x


class Classifier(nn.Module):
    """A stand-in: logits of three classes, row by row."""

    def __init__(self, num_inputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, num_inputs))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        x = x.flatten(1)
        return torch.tanh(x @ self.weight.T) * (1 + t[:, None]) + x.square() @ self.weight.T


def dropped(hw: Package, rng: Rng) -> dict:
    y, u = rng.integers(0, 5, 24), rng.uniform(24)
    return {
        "some": hw.guidance.drop_labels(y, u, 0.3, 5),
        "most": hw.guidance.drop_labels(y, u, 0.8, 7),
        "one": hw.guidance.drop_labels(y[:1], u[:1], 0.5, 5),
    }


def dropped_at_the_edges(hw: Package, rng: Rng) -> dict:
    y, u = rng.integers(1, 5, 5), rng.tensor([0.0, 0.25, 0.5, 0.75, 0.25])
    return {str(p): hw.guidance.drop_labels(y, u, p, 9) for p in (0.0, 0.25, 0.5, 1.0)}


def guided(hw: Package, rng: Rng) -> dict:
    model = rng.module(NoisePredictor(5))
    x, t, y = rng.normal(7, 5), rng.integers(0, 9, 7), rng.integers(0, 5, 7)
    return {
        str(w): hw.guidance.classifier_free_guidance(model, x, t, y, 5, w) for w in (0.0, 1.0, 3.5)
    }


def guided_images(hw: Package, rng: Rng) -> dict:
    model, x = rng.module(NoisePredictor(4)), rng.normal(4, 4, 2, 2).clone().requires_grad_()
    t, y = rng.integers(0, 9, 4), rng.tensor([1, 4, 0, 5])
    eps = hw.guidance.classifier_free_guidance(model, x, t, y, 3, 2.5)
    wanted = [x, model.classes]
    return {"eps": eps, "gradients": gradients(eps * rng.normal(4, 4, 2, 2), wanted)}


def score(hw: Package, rng: Rng) -> dict:
    classifier, t = rng.module(Classifier(5)), rng.integers(0, 4, 7)
    x, y = rng.normal(7, 5), rng.integers(0, 3, 7)
    apart = rng.tensor([[30.0, 2.0, 0.0], [0.0, 9.0, 450.0], [0.5, 0.0, 1.0]])
    return {
        "batch": hw.guidance.classifier_score(classifier, x, t, y),
        "one": hw.guidance.classifier_score(classifier, x[:1], t[:1], y[:1]),
        "unlikely": hw.guidance.classifier_score(
            lambda x, t: x * (2 + t[:, None]), apart, t[:3], rng.tensor([2, 0, 1])
        ),
    }


def score_of_images(hw: Package, rng: Rng) -> dict:
    classifier, t = rng.module(Classifier(12)), rng.integers(0, 4, 3)
    x, y = rng.normal(3, 3, 2, 2), rng.tensor([2, 0, 1])
    leaf = rng.keep(rng.normal(3, 3, 2, 2).clone().requires_grad_())
    with torch.no_grad():
        found = hw.guidance.classifier_score(classifier, x, t, y)
    of_leaf = hw.guidance.classifier_score(classifier, leaf, t, y)
    return {
        "score": found,
        "of_leaf": of_leaf,
        "requires_grad": [a.requires_grad for a in (found, x, of_leaf, leaf)],
        "grad_left_alone": [classifier.weight.grad, leaf.grad],
    }


def corrected(hw: Package, rng: Rng) -> dict:
    alpha_bar = rng.uniform(7, low=0.05, high=0.95)
    sequences = rng.normal(3, 3, 3), rng.normal(3, 3, 3)
    square = (rng.normal(4, 4, 4, 4), rng.normal(4, 4, 4, 4), rng.tensor([0.999, 0.7, 0.3, 0.01]))
    return {
        "batch": hw.guidance.classifier_guidance(
            rng.normal(7, 5), rng.normal(7, 5), alpha_bar, 3.5
        ),
        "square": hw.guidance.classifier_guidance(*square, 0.4),
        "sequences": hw.guidance.classifier_guidance(*sequences, alpha_bar[:3], 1.2),
        "off": hw.guidance.classifier_guidance(*square, 0.0),
    }
