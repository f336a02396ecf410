"""Experiments on ``likelihood.pixelcnn``."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autograder.sandbox.probe import Package, Rng, gradients, parameter_gradients

SIXTEENTHS = (
    (1.0, 2.0, 4.0, 9.0),
    (9.0, 1.0, 4.0, 2.0),
    (2.0, 9.0, 1.0, 4.0),
    (4.0, 3.0, 6.0, 3.0),
    (6.0, 1.0, 8.0, 1.0),
    (1.0, 7.0, 3.0, 5.0),
)
"""Probabilities of 4 levels times 16: no draw that is an odd multiple of 1/32 lies near a step."""


def masks(hw: Package, rng: Rng) -> dict:
    return {
        f"{kind}{size}": hw.pixelcnn.build_mask(kind, size)
        for kind in "AB"
        for size in (1, 3, 5, 7)
    }


def convolution(hw: Package, rng: Rng) -> dict:
    first = rng.module(hw.pixelcnn.MaskedConv2d("A", 1, 3, 5))
    second = rng.module(hw.pixelcnn.MaskedConv2d("B", 3, 2, 3))
    x, features = rng.normal(2, 1, 5, 6), rng.normal(3, 3, 5, 4)
    return {"first": first(x), "second": second(features)}


def convolution_gradients(hw: Package, rng: Rng) -> dict:
    found = {}
    for kind in "AB":
        layer = rng.module(hw.pixelcnn.MaskedConv2d(kind, 2, 3, 3))
        output = layer(rng.normal(2, 2, 4, 5)).square()
        found[kind] = {"gradients": parameter_gradients(output, layer), "weight": layer.weight}
    return found


def _model(
    hw: Package, rng: Rng, levels: int, channels: int, num_classes: int = 0, num_layers: int = 3
) -> nn.Module:
    """A model that does not need masked convolutions."""
    model = hw.pixelcnn.PixelCNN(levels, channels, num_layers, 3, num_classes)
    model.layers = nn.ModuleList(
        nn.Conv2d(channels if layer else 1, channels, 3, padding=1) for layer in range(num_layers)
    )
    return rng.module(model)


def logits(hw: Package, rng: Rng) -> dict:
    x, y = rng.integers(0, 5, 4, 4, 4), rng.tensor([2, 0, 1, 2])
    return {
        "without_class": _model(hw, rng, 3, 2)(rng.integers(0, 3, 2, 3, 5)),
        "with_class": _model(hw, rng, 5, 4, 3)(x, y),
        "class_unknown": _model(hw, rng, 5, 4, 3).eval()(x),
    }


def other_depths(hw: Package, rng: Rng) -> dict:
    x, zeros = rng.integers(0, 4, 3, 2, 5), rng.tensor([0, 0, 0])
    found = {
        f"{depth}": _model(hw, rng, 4, 3, 2, depth)(x, rng.tensor([1, 0, 1])) for depth in (1, 2, 5)
    }
    model = _model(hw, rng, 4, 3, 2, 2)
    return found | {"labels_zero": model(x, zeros), "one_image": model(x[:1], zeros[:1])}


def likelihood(hw: Package, rng: Rng) -> dict:
    model = hw.pixelcnn.PixelCNN(4, 1, 1, 1)
    given, of_class = rng.normal(4, 4, 4, 4, std=2), rng.normal(3, 4, std=2)
    x, y = rng.integers(0, 4, 4, 4, 4), rng.tensor([0, 2, 1, 2])

    def stand_in(x: Tensor, y: Tensor | None = None) -> Tensor:
        return given if y is None else given + of_class[y][:, :, None, None]

    model.forward = stand_in
    plain, conditional = model.log_prob(x), model.log_prob(x, y)
    large = 1e4 * rng.normal(2, 3, 2, 5)
    model.forward = lambda x, y=None: large
    return {
        "plain": plain,
        "conditional": conditional,
        "large": model.log_prob(rng.integers(0, 3, 2, 2, 5)),
    }


def learning(hw: Package, rng: Rng) -> dict:
    model = _model(hw, rng, 3, 2, 3)
    log_prob = model.log_prob(rng.integers(0, 3, 3, 4, 3), rng.tensor([2, 0, 2]))
    return {"log_prob": log_prob, "gradients": parameter_gradients(log_prob * rng.normal(3), model)}


def _draws(rng: Rng, *shape: int) -> Tensor:
    return rng.keep((rng.integers(0, 16, *shape) + 0.5) / 16)


def draws(hw: Package, rng: Rng) -> dict:
    draw = hw.pixelcnn.sample_categorical
    log_p = rng.tensor(SIXTEENTHS).log()
    rows = rng.integers(0, 6, 9)
    # Several squares: in one of them, the u of other rows may well give the same classes.
    squares = [draw(log_p[1:5] + rng.normal(4, 1, std=20), _draws(rng, 4)) for _ in range(4)]
    return {
        "batch": draw(log_p[rows] + rng.normal(9, 1, std=20), _draws(rng, 9)),
        "squares": squares,
        "one": draw(log_p[3:4], _draws(rng, 1)),
    }


def extreme_draws(hw: Package, rng: Rng) -> dict:
    draw = hw.pixelcnn.sample_categorical
    impossible = rng.tensor([[-1e4, -1e4, 0.0], [-1e4, 1.0, 1.0], [0.0, 0.0, -1e4]])
    certain = rng.tensor([[1e4, 0.0, -1e4], [0.0, 1e4, 9e3], [-3e4, -2e4, -1e4]])
    return {
        "lowest": draw(impossible, rng.tensor([0.0, 0.0, 0.0])),
        "highest": draw(
            rng.tensor([[0.0, 0.0, 0.0, 0.0], [5.0, 5.0, 5.0, 5.0]]), rng.tensor([1.0, 1.0])
        ),
        "certain": draw(certain, _draws(rng, 3)),
        "steps": draw(rng.tensor([[0.0] * 4] * 3), rng.tensor([0.25, 0.5, 0.75])),
    }


def _sampler(hw: Package, rng: Rng, height: int, width: int) -> nn.Module:
    """A model of 4 levels whose logits depend on three neighbours, the place and the class."""
    log_p = rng.tensor(SIXTEENTHS).log()
    place, offset = rng.integers(0, 6, height, width), rng.normal(height, width, std=3)

    def stand_in(x: Tensor, y: Tensor | None = None) -> Tensor:
        padded = F.pad(x.long(), (1, 1, 1, 0))
        left, above, right = padded[:, 1:, :-2], padded[:, :-1, 1:-1], padded[:, :-1, 2:]
        row = left + 2 * above + 3 * right + place
        row = row if y is None else row + 5 * y[:, None, None]
        return log_p[row % 6].permute(0, 3, 1, 2) + offset

    model = hw.pixelcnn.PixelCNN(4, 1, 1, 1)
    model.forward = stand_in
    return model


def samples(hw: Package, rng: Rng) -> dict:
    model = _sampler(hw, rng, 3, 4)
    return {"x": model.sample(_draws(rng, 5, 3, 4), rng.tensor([0, 1, 2, 1, 0]))}


def completions(hw: Package, rng: Rng) -> dict:
    model, y = _sampler(hw, rng, 4, 3), rng.tensor([2, 0, 1, 1, 2])
    x, u = rng.integers(0, 4, 5, 4, 3), _draws(rng, 5, 4, 3)
    return {
        "lower_half": model.complete(x, 2, u, y),
        "last_row": model.complete(x, 3, u),
        "nothing": model.complete(x, 4, u),
    }


def unlabelled(hw: Package, rng: Rng) -> dict:
    model = _sampler(hw, rng, 2, 2)
    return {
        "sample": model.sample(_draws(rng, 1, 2, 2)),
        "completion": model.complete(rng.integers(0, 4, 2, 2, 2), 1, _draws(rng, 2, 2, 2)),
    }


def mixture(hw: Package, rng: Rng) -> dict:
    x = rng.integers(0, 6, 7, 5)
    shape = 7, 5, 3
    return {
        "log_prob": hw.pixelcnn.discretized_logistic_mixture_log_prob(
            x, rng.normal(*shape), rng.normal(*shape, std=0.5), rng.normal(*shape, mean=-1), 6
        )
    }


def every_level(hw: Package, rng: Rng) -> dict:
    def log_prob(levels: int) -> Tensor:
        parameters = [rng.normal(1, 1, 2).expand(levels, 1, 2) for _ in range(3)]
        x = torch.arange(levels, device=rng.device)[:, None]
        return hw.pixelcnn.discretized_logistic_mixture_log_prob(x, *parameters, levels)

    return {"nine": log_prob(9), "two": log_prob(2)}


def extreme_mixture(hw: Package, rng: Rng) -> dict:
    x = rng.tensor([[0, 16], [3, 12], [8, 8], [16, 0], [15, 1]])
    far = rng.tensor(
        [[[300.0, 200.0]], [[-250.0, -400.0]], [[60.0, -90.0]], [[-70.0, 50.0]], [[4.0, -5.0]]]
    )
    weights = rng.normal(5, 2, 2, std=2).clone().requires_grad_()
    means = (far + rng.normal(5, 2, 2)).requires_grad_()
    log_scales = rng.normal(5, 2, 2, mean=-3).clone().requires_grad_()
    log_prob = hw.pixelcnn.discretized_logistic_mixture_log_prob(x, weights, means, log_scales, 17)
    lopsided = hw.pixelcnn.discretized_logistic_mixture_log_prob(
        x, 1e4 * rng.normal(5, 2, 2), rng.normal(5, 2, 2), rng.normal(5, 2, 2), 17
    )
    return {
        "log_prob": log_prob,
        "gradients": gradients(log_prob * rng.normal(5), [weights, means, log_scales]),
        "lopsided": lopsided,
    }


def scales(hw: Package, rng: Rng) -> dict:
    """Components so narrow that borders of bins decide, and so wide that bins hold little."""
    s = rng.tensor([[[-9.0, -9.0], [-9.0, -12.0]], [[-12.0, -12.0]] * 2, [[-9.0, -12.0]] * 2])
    borders = rng.tensor(
        [[[1.0, 1.0], [1.0, -1.0]], [[-15.0, -15.0], [15.0, 15.0]], [[3.0] * 2] * 2]
    )
    near = borders / 16 + s.exp() * rng.uniform(3, 2, 2, low=0.5, high=2.0)
    wide = rng.tensor([[[8.0, 8.0]] * 2, [[30.0, 30.0]] * 2, [[8.0, 30.0], [30.0, 8.0]]])
    cases = {
        "narrow": (rng.tensor([[8, 9], [0, 16], [9, 3]]), near, s),
        "wide": (rng.tensor([[8, 3], [5, 12], [0, 16]]), rng.normal(3, 2, 2), wide),
    }
    found = {}
    for name, (x, means, log_scales) in cases.items():
        inputs = [t.clone().requires_grad_() for t in (rng.normal(3, 2, 2), means, log_scales)]
        log_prob = hw.pixelcnn.discretized_logistic_mixture_log_prob(x, *inputs, 17)
        found[name] = {"log_prob": log_prob, "gradients": gradients(log_prob, inputs)}
    return found
