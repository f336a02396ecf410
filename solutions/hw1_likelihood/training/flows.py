"""Q6: normalizing flows, on points in the plane and on images."""

import math

import torch
from likelihood.density import bits_per_dim, dequantize, inverse_logit_transform, logit_transform
from likelihood.flows import ActNorm, AffineCoupling, Flow, InvertibleLinear, Squeeze
from torch import Tensor, nn
from training.common import Run, average, fit
from training.figures import (
    curve_figure,
    density_on_plane,
    new_figure,
    show_density,
    show_images,
    show_points,
)

from datasets import IMAGES, POINTS, Dataset, Split

DATA = "moons"
STEPS = 800
NEEDS = "Q6a, Q6b and Q6e (images: Q6c, Q6d, Q1c and Q1d too)"

_COUPLINGS = 6
_BLOCKS_PER_SCALE = 4
_SCALES = 2
_MARGIN = 0.05
_SHOWN = 1500
_COLUMNS, _ROWS = 10, 6
_EXPECT = {
    "moons": "about 1.9 after 800 steps; one Gaussian: 2.72",
    "digits": "about 2.1 after 600 steps; one Gaussian: 2.46",
}
_BASELINES = {"moons": {"one Gaussian": 2.72}, "digits": {"one Gaussian": 2.46}}


def train(run: Run) -> None:
    """Train a RealNVP on points or a small Glow on images."""
    data = run.load((*POINTS, *IMAGES))
    if data.name in POINTS:
        _train_on_points(run, data)
    else:
        _train_on_images(run, data)


def _train_on_points(run: Run, data: Dataset) -> None:
    layers: list[nn.Module] = []
    for i in range(_COUPLINGS):
        mask = torch.tensor([i % 2, 1 - i % 2])
        layers += [ActNorm(2), AffineCoupling(mask)]
    flow = Flow(layers).to(run.device)
    flow.initialize(data.train.x)

    def nats(split: Split, index: Tensor) -> Tensor:
        return -flow.log_prob(split.x[index])

    curve = fit(run, flow, nats, data, batch_size=256, learning_rate=5e-3)
    run.report(
        "test negative log-likelihood",
        average(nats, data.test),
        "nats",
        _EXPECT.get(data.name, ""),
    )
    density, integral = density_on_plane(flow.log_prob, run.device)
    run.report("integral of the density over the plane", integral, "", "1, as for every density")
    title = f"RealNVP on {data.name}"
    run.save(curve_figure(curve, "nats", title, _BASELINES.get(data.name)), "curve.png")

    with torch.no_grad():
        latent, _ = flow(data.test.x)
        samples, _ = flow.sample(run.normal(_SHOWN, 2))
    figure = new_figure(12.8, 3.5)
    axes = figure.subplots(1, 4)
    show_points(axes[0], data.test.x, f"data: {data.name}", data.test.y)
    show_points(axes[1], latent, "data in latent space", data.test.y)
    axes[1].set(xlabel="$z_1$", ylabel="$z_2$")
    show_density(axes[2], density, "density of the flow")
    show_points(axes[3], samples, "samples of the flow")
    run.save(figure, "density.png")


def _train_on_images(run: Run, data: Dataset) -> None:
    shape = data.train.x.shape[1:]
    flow = Flow(_glow(shape, run.generator)).to(run.device)

    def to_reals(x: Tensor) -> tuple[Tensor, Tensor]:
        u = run.uniform(*x.shape)
        return logit_transform(dequantize(x, u, data.levels), _MARGIN)

    def bits(split: Split, index: Tensor) -> Tensor:
        y, log_det = to_reals(split.x[index])
        # Levels are one apart, dequantised ones 1/levels: the density of x is lower by levels^D.
        nats = -flow.log_prob(y) - log_det + shape.numel() * math.log(data.levels)
        return bits_per_dim(nats, shape.numel())

    flow.initialize(to_reals(data.train.x[:512])[0])
    curve = fit(run, flow, bits, data, batch_size=128, learning_rate=5e-3)
    run.report(
        "test negative log-likelihood",
        average(bits, data.test),
        "bits per dimension",
        _EXPECT.get(data.name, ""),
    )
    title = f"Glow on {data.name}, {data.levels} levels"
    figure = curve_figure(curve, "bits per dimension", title, _BASELINES.get(data.name))
    run.save(figure, "curve.png")

    num = _COLUMNS * _ROWS
    with torch.no_grad():
        z, _ = flow(to_reals(data.train.x[:1])[0])
        y, _ = flow.sample(run.normal(num, *z.shape[1:]))
        samples, _ = inverse_logit_transform(y, _MARGIN)
    figure = new_figure(8.6, 2.9)
    left, right = figure.subplots(1, 2)
    white = data.levels - 1
    show_images(left, data.test.x[:num] / white, _COLUMNS, f"test images: {data.name}")
    show_images(right, samples, _COLUMNS, "samples of the flow")
    run.save(figure, "samples.png")


def _glow(shape: torch.Size, generator: torch.Generator) -> list[nn.Module]:
    """Blocks of ActNorm, a mix of the channels and a coupling, after each of two squeezes."""
    channels, height, width = shape
    layers: list[nn.Module] = []
    for _ in range(_SCALES):
        channels, height, width = 4 * channels, height // 2, width // 2
        layers.append(Squeeze())
        for _ in range(_BLOCKS_PER_SCALE):
            mask = torch.zeros(channels, height, width)
            mask[: channels // 2] = 1
            linear = InvertibleLinear(channels, generator)
            layers += [ActNorm(channels), linear, AffineCoupling(mask, hidden=32)]
    return layers
