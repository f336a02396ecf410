"""Experiments on ``likelihood.flows``."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, attempt, gradients


def _slopes(output: Tensor, inputs: Sequence[Tensor]) -> list[Tensor | None]:
    """``gradients``, with zeros instead of None where nothing flows."""
    return gradients(output + sum(0 * given.sum() for given in inputs), inputs)


def _coupling(hw: Package, rng: Rng) -> nn.Module:
    """A coupling of vectors of five entries, with a network that reads all that it is given."""
    mask = rng.tensor([1.0, 0.0, 0.0, 1.0, 0.0])
    return rng.module(hw.flows.AffineCoupling(mask, net=nn.Linear(5, 10)))


def _image_coupling(hw: Package, rng: Rng) -> nn.Module:
    """A coupling of images of three channels; its mask differs from channel to channel."""
    rows = [[[1.0, 0, 1], [0, 1, 0], [1, 0, 1]], [[1, 1, 1]] * 3, [[0, 1, 0], [0, 0, 1], [1, 0, 0]]]
    mask = rng.tensor(rows)
    return rng.module(hw.flows.AffineCoupling(mask, net=nn.Conv2d(3, 6, 3, padding=1)), scale=0.3)


def coupling_conditioner(hw: Package, rng: Rng) -> dict:
    vectors, images = _coupling(hw, rng), _image_coupling(hw, rng)
    return {
        "vectors": vectors.log_scale_and_shift(rng.normal(7, 5)),
        "images": images.log_scale_and_shift(rng.normal(3, 3, 3, 3)),
    }


def coupling_forward(hw: Package, rng: Rng) -> dict:
    layer, x = _coupling(hw, rng), rng.normal(7, 5, std=2)
    return {"batch": layer(x), "one": layer(x[:1]), "square": layer(rng.normal(5, 5))}


def coupling_inverse(hw: Package, rng: Rng) -> dict:
    layer, z = _coupling(hw, rng), rng.normal(7, 5, std=2)
    return {
        "batch": layer.inverse(z),
        "one": layer.inverse(z[:1]),
        "square": layer.inverse(rng.normal(5, 5)),
    }


def coupling_images(hw: Package, rng: Rng) -> dict:
    layer = _image_coupling(hw, rng)
    return {
        "forward": layer(rng.normal(3, 3, 3, 3)),
        "inverse": layer.inverse(rng.normal(2, 3, 3, 3)),
    }


def coupling_gradients(hw: Package, rng: Rng) -> dict:
    layer = _coupling(hw, rng)
    x = rng.normal(4, 5).clone().requires_grad_()
    z, log_det = layer(x)
    x_again, inverse_log_det = layer.inverse(x)
    wanted = [x, layer.scale, layer.net.weight]
    return {
        "z": gradients(z, wanted),
        "log_det": gradients(log_det, [layer.scale, layer.net.weight]),
        "x": gradients(x_again, wanted),
        "inverse_log_det": gradients(inverse_log_det, [layer.scale, layer.net.weight]),
    }


def actnorm_initialize(hw: Package, rng: Rng) -> dict:
    """Channels of very different scale, one constant; parameters as an optimiser sees them."""
    found = {}
    for name, x, options in (
        (
            "vectors",
            rng.normal(4, 4) * rng.tensor([1e-3, 5.0, 1.0, 0.0]) + rng.normal(4, std=3),
            {},
        ),
        (
            "images",
            rng.normal(3, 3, 2, 5) * rng.uniform(3, 1, 1, low=0.2, high=4) + rng.normal(3, 1, 1),
            {},
        ),
        ("positions", rng.normal(3, 3, 2, 5, std=0.3) + rng.normal(1, 3, 2, 5, mean=2), {}),
        ("eps", rng.normal(5, 2, std=0.5), {"eps": 0.1}),
    ):
        layer = rng.module(hw.flows.ActNorm(x.shape[1], **options))
        log_scale, shift = layer.log_scale, layer.shift
        layer.initialize(x)
        found[name] = {"log_scale": log_scale.detach().clone(), "shift": shift.detach().clone()}
    return found


def actnorm_forward(hw: Package, rng: Rng) -> dict:
    layer, x = rng.module(hw.flows.ActNorm(3)), rng.normal(7, 3, std=2)
    return {"batch": layer(x), "one": layer(x[:1])}


def actnorm_inverse(hw: Package, rng: Rng) -> dict:
    layer, z = rng.module(hw.flows.ActNorm(3)), rng.normal(7, 3, std=2)
    return {"batch": layer.inverse(z), "one": layer.inverse(z[:1])}


def actnorm_images(hw: Package, rng: Rng) -> dict:
    layer = rng.module(hw.flows.ActNorm(3))
    return {
        "forward": layer(rng.normal(2, 3, 4, 5)),
        "forward_square": layer(rng.normal(3, 3, 3, 3)),
        "inverse": layer.inverse(rng.normal(2, 3, 4, 5)),
    }


def actnorm_gradients(hw: Package, rng: Rng) -> dict:
    layer = rng.module(hw.flows.ActNorm(3))
    x = rng.normal(4, 3).clone().requires_grad_()
    wanted = [x, layer.log_scale, layer.shift]
    z, log_det = layer(x)
    x_again, inverse_log_det = layer.inverse(x)
    return {
        "z": _slopes(z, wanted),
        "log_det": _slopes(log_det, wanted),
        "x": _slopes(x_again, wanted),
        "inverse_log_det": _slopes(inverse_log_det, wanted),
    }


def _linear(hw: Package, rng: Rng) -> nn.Module:
    """A linear layer whose permutation is not its own inverse and whose determinant is negative."""
    layer = rng.module(hw.flows.InvertibleLinear(4, torch.Generator().manual_seed(0)))
    layer.permutation = rng.tensor([[0.0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    layer.sign = rng.tensor([1.0, -1.0, -1.0, -1.0])
    return layer


def linear_factors(hw: Package, rng: Rng) -> dict:
    return {"factors": _linear(hw, rng).factors()}


def linear_debris(hw: Package, rng: Rng) -> dict:
    """NaN and infinity in the entries that mean nothing."""
    layer = _linear(hw, rng)
    with torch.no_grad():
        layer.lower.add_(torch.full_like(layer.lower, torch.inf).triu())
        layer.upper.add_(torch.full_like(layer.upper, torch.nan).tril())
    return {"factors": layer.factors()}


def linear_forward(hw: Package, rng: Rng) -> dict:
    layer, x = _linear(hw, rng), rng.normal(7, 4)
    return {"batch": layer(x), "one": layer(x[:1])}


def linear_inverse(hw: Package, rng: Rng) -> dict:
    layer, z = _linear(hw, rng), rng.normal(7, 4)
    return {"batch": layer.inverse(z), "one": layer.inverse(z[:1])}


def linear_images(hw: Package, rng: Rng) -> dict:
    layer = _linear(hw, rng)
    return {
        "forward": layer(rng.normal(4, 4, 4, 5)),
        "inverse": layer.inverse(rng.normal(2, 4, 4, 3)),
    }


def linear_gradients(hw: Package, rng: Rng) -> dict:
    layer = _linear(hw, rng)
    x = rng.normal(3, 4).clone().requires_grad_()
    wanted = [x, layer.lower, layer.upper, layer.log_diagonal]
    z, log_det = layer(x)
    x_again, inverse_log_det = layer.inverse(x)
    return {
        "z": _slopes(z, wanted),
        "log_det": _slopes(log_det, wanted),
        "x": _slopes(x_again, wanted),
        "inverse_log_det": _slopes(inverse_log_det, wanted),
    }


def squeezed(hw: Package, rng: Rng) -> dict:
    squeeze = hw.flows.squeeze
    return {
        "oblong": squeeze(rng.normal(2, 3, 4, 6)),
        "square": squeeze(rng.normal(4, 4, 4, 4)),
        "one": squeeze(rng.normal(1, 1, 2, 2)),
    }


def squeezed_odd(hw: Package, rng: Rng) -> dict:
    squeeze = hw.flows.squeeze
    return {
        "height": attempt(ValueError, squeeze, rng.normal(2, 4, 3, 4)),
        "width": attempt(ValueError, squeeze, rng.normal(2, 4, 4, 5)),
        "even": attempt(ValueError, squeeze, rng.normal(2, 3, 4, 2)),
    }


def unsqueezed(hw: Package, rng: Rng) -> dict:
    unsqueeze = hw.flows.unsqueeze
    return {
        "oblong": unsqueeze(rng.normal(2, 12, 2, 3)),
        "square": unsqueeze(rng.normal(4, 16, 4, 4)),
        "one": unsqueeze(rng.normal(1, 4, 1, 1)),
    }


def unsqueezed_odd(hw: Package, rng: Rng) -> dict:
    unsqueeze = hw.flows.unsqueeze
    return {
        "six": attempt(ValueError, unsqueeze, rng.normal(2, 6, 4, 4)),
        "eight": attempt(ValueError, unsqueeze, rng.normal(2, 8, 3, 1)),
    }


class Sinh(nn.Module):
    """A curved layer; its log-determinant differs from example to example."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.sinh(x), torch.log(torch.cosh(x)).flatten(1).sum(dim=1)

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return torch.asinh(z), -0.5 * torch.log1p(z**2).flatten(1).sum(dim=1)


class Stretch(nn.Module):
    """z = factor * x + offset, both learned."""

    def __init__(self, log_factor: float, offset: float) -> None:
        super().__init__()
        self.log_factor = nn.Parameter(torch.tensor(log_factor))
        self.offset = nn.Parameter(torch.tensor(offset))

    def _log_det(self, x: Tensor) -> Tensor:
        return (self.log_factor * x[0].numel()).expand(x.shape[0])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.log_factor.exp() * x + self.offset, self._log_det(x)

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return (z - self.offset) / self.log_factor.exp(), -self._log_det(z)


def _flow(hw: Package, rng: Rng) -> nn.Module:
    layers = [Stretch(-0.5, 0.4), Sinh(), Stretch(-0.3, -0.6)]
    return hw.flows.Flow([layer.to(rng.device) for layer in layers])


def flow_forward(hw: Package, rng: Rng) -> dict:
    model, x = _flow(hw, rng), rng.normal(7, 5)
    return {"batch": model(x), "one": model(x[:1]), "no_layers": hw.flows.Flow([])(x)}


def flow_log_prob(hw: Package, rng: Rng) -> dict:
    model, x = _flow(hw, rng), rng.normal(7, 5)
    return {"batch": model.log_prob(x), "one": model.log_prob(x[:1])}


def flow_sample(hw: Package, rng: Rng) -> dict:
    model, noise = _flow(hw, rng), rng.normal(7, 5)
    return {"batch": model.sample(noise), "one": model.sample(noise[:1])}


def flow_images(hw: Package, rng: Rng) -> dict:
    model, images = _flow(hw, rng), rng.normal(3, 3, 2, 2)
    return {"log_prob": model.log_prob(images), "sample": model.sample(rng.normal(3, 3, 2, 2))}


def flow_gradients(hw: Package, rng: Rng) -> dict:
    model = _flow(hw, rng)
    x, noise = (rng.normal(3, 4).clone().requires_grad_() for _ in range(2))
    parameters = list(model.parameters())
    z, log_det = model(x)
    samples, sample_log_prob = model.sample(noise)
    return {
        "z": _slopes(z, [x, *parameters]),
        "log_det": _slopes(log_det, [x, *parameters]),
        "log_prob": _slopes(model.log_prob(x), [x, *parameters]),
        "samples": _slopes(samples, [noise, *parameters]),
        "sample_log_prob": _slopes(sample_log_prob, [noise, *parameters]),
    }


class Prefix(nn.Module):
    """A mean and a log-std of every entry, from weighted sums of the entries before it."""

    def __init__(self, rng: Rng, num_dims: int) -> None:
        super().__init__()
        self.before = torch.ones(num_dims, num_dims, device=rng.device).triu(1)
        self.to_mean = nn.Parameter(rng.normal(num_dims, num_dims).clone())
        self.to_log_std = nn.Parameter(rng.normal(num_dims, num_dims).clone())
        self.phase = rng.normal(num_dims)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = torch.sin(x @ (self.before * self.to_mean) + self.phase)
        return mean, 0.6 * torch.cos(x @ (self.before * self.to_log_std) + self.phase)


def maf_forward(hw: Package, rng: Rng) -> dict:
    layer, x = hw.flows.MAF(5, net=Prefix(rng, 5)), rng.normal(7, 5)
    return {"batch": layer(x), "one": layer(x[:1]), "square": layer(rng.normal(5, 5))}


def maf_inverse(hw: Package, rng: Rng) -> dict:
    layer, z = hw.flows.MAF(5, net=Prefix(rng, 5)), rng.normal(7, 5)
    return {
        "batch": layer.inverse(z),
        "one": layer.inverse(z[:1]),
        "square": layer.inverse(rng.normal(5, 5)),
    }


def maf_pairs(hw: Package, rng: Rng) -> dict:
    layer = hw.flows.MAF(2, net=Prefix(rng, 2))
    return {"forward": layer(rng.normal(4, 2)), "inverse": layer.inverse(rng.normal(4, 2))}


def maf_gradients(hw: Package, rng: Rng) -> dict:
    net = Prefix(rng, 4)
    layer = hw.flows.MAF(4, net=net)
    given = rng.normal(3, 4).clone().requires_grad_()
    wanted = [given, net.to_mean, net.to_log_std]
    z, log_det = layer(given)
    x, inverse_log_det = layer.inverse(given)
    return {
        "z": _slopes(z, wanted),
        "log_det": _slopes(log_det, wanted),
        "x": _slopes(x, wanted),
        "inverse_log_det": _slopes(inverse_log_det, wanted),
    }
