"""Q5: few steps in place of two hundred, and the way back from an image to its noise."""

import torch
from diffusion.ddim import ddim_encode, ddim_sample, time_pairs
from torch import Tensor
from training.common import Run
from training.figures import COLORS, image_rows, new_figure
from training.judge import Judge
from training.noise_model import (
    NUM_LEVELS,
    NoiseModel,
    classes_in_turn,
    load_images,
    train_noise_model,
)

from datasets import Dataset

DATA = "digits"
STEPS = 2000
NEEDS = "Q3a, Q3b, Q4a, Q4c, Q5a, Q5b (Q5c adds the way back)"

_NUM_STEPS = (2, 5, 10, 20, 50, 200)
_ETAS = (0.0, 1.0)
_JUDGED_PER_CLASS = 60
_SHOWN = 20
_INVERTED = 12
_BETWEEN = 12
_EXPECT = {
    "digits": {
        (20, 0.0): "about 3, as good as 200 steps",
        (5, 1.0): "worse than without noise",
    }
}


def train(run: Run) -> None:
    """Train as for DDPM, then sample in few steps, invert, and interpolate."""
    data = load_images(run)
    model = train_noise_model(run, data)
    _compare_steps(run, data, model, Judge(run, data))
    with run.optional("inversion.png and interpolation.png"):
        _invert(run, data, model)
        _interpolate(run, data, model)


@torch.no_grad()
def _compare_steps(run: Run, data: Dataset, model: NoiseModel, judge: Judge) -> None:
    y = classes_in_turn(run, data, _JUDGED_PER_CLASS)
    start = run.normal(len(y), *data.train.x.shape[1:])
    distances: dict[float, list[float]] = {eta: [] for eta in _ETAS}
    rows = {}
    for num in _NUM_STEPS:
        pairs = time_pairs(NUM_LEVELS, num)
        for eta in _ETAS:
            noises = run.normal(num, *start.shape)
            samples = ddim_sample(
                model.of_class(y), start, pairs, model.alpha_bar, eta, noises if eta else None
            )
            distance = judge.distance(samples)
            distances[eta].append(distance)
            name = f"Fréchet distance, {num} steps, eta = {eta:g}"
            run.report(name, distance, "", _EXPECT.get(data.name, {}).get((num, eta), ""))
            if eta == 0:
                rows[f"{num} steps"] = (samples[:_SHOWN] + 1) / 2
    run.save(image_rows(rows, "The same noise, from two steps to all of them"), "steps.png")
    figure = new_figure(5.4, 3.8)
    axes = figure.subplots()
    for color, (eta, values) in zip((COLORS[0], COLORS[3]), distances.items(), strict=True):
        axes.plot(_NUM_STEPS, values, "o-", color=color, label=rf"$\eta = {eta:g}$")
    axes.axhline(judge.distance(data.train.x), color="0.5", linestyle="--", label="training images")
    axes.set(xscale="log", yscale="log", xticks=_NUM_STEPS, xticklabels=_NUM_STEPS)
    axes.minorticks_off()
    axes.set(xlabel="steps", ylabel="Fréchet distance to test images", title="Quality by steps")
    axes.legend()
    run.save(figure, "quality.png")


@torch.no_grad()
def _invert(run: Run, data: Dataset, model: NoiseModel) -> None:
    """Test images, the noise they come from, and what that noise leads to."""
    x, y = data.test.x, data.test.y
    rows = {"test image": (x[:_INVERTED] + 1) / 2}
    for num in (20, NUM_LEVELS):
        noise, back = _there_and_back(x, y, model, num)
        error = (back - x).square().mean().item()
        run.report(f"squared error after {num} steps there and back", error)
        rows[f"its noise, {num} steps"] = _as_image(noise[:_INVERTED])
        rows[f"and back, {num} steps"] = (back[:_INVERTED] + 1) / 2
    run.save(image_rows(rows, "From images to noise and back"), "inversion.png")


def _there_and_back(x: Tensor, y: Tensor, model: NoiseModel, num: int) -> tuple[Tensor, Tensor]:
    pairs = time_pairs(NUM_LEVELS, num)
    noise = ddim_encode(model.of_class(y), x, pairs, model.alpha_bar)
    return noise, ddim_sample(model.of_class(y), noise, pairs, model.alpha_bar)


@torch.no_grad()
def _interpolate(run: Run, data: Dataset, model: NoiseModel) -> None:
    """Walk from the noise of one image to that of another of its class, on a great circle."""
    pairs = time_pairs(NUM_LEVELS, NUM_LEVELS)
    rows = {}
    for k in range(data.num_classes):
        first, second = data.test.x[data.test.y == k][:2]
        y = torch.full((_BETWEEN,), k, device=run.device)
        ends = torch.stack([first, second])
        a, b = ddim_encode(model.of_class(y[:2]), ends, pairs, model.alpha_bar)
        share = torch.linspace(0, 1, _BETWEEN, device=run.device)[:, None, None, None]
        angle = torch.arccos((a * b).sum() / (a.norm() * b.norm()))
        mixed = (((1 - share) * angle).sin() * a + (share * angle).sin() * b) / angle.sin()
        samples = ddim_sample(model.of_class(y), mixed, pairs, model.alpha_bar)
        shown = torch.cat([first[None], samples, second[None]])
        rows[f"class {k}"] = (shown + 1) / 2
    title = "Test images at both ends, and what lies between their noises"
    run.save(image_rows(rows, title), "interpolation.png")


def _as_image(noise: Tensor) -> Tensor:
    """Noise from -3 to 3 as grey values."""
    return (noise + 3) / 6
