"""Q4: a class-conditional PixelCNN on grey images."""

import math
from dataclasses import replace

import torch
from likelihood.pixelcnn import PixelCNN
from torch import Tensor
from training.common import Run, average, fit
from training.figures import curve_figure, image_rows, new_figure, show_images

from datasets import IMAGES, Dataset, Split

DATA = "digits"
STEPS = 400
NEEDS = "Q4a and Q4b (Q4c adds samples and completions)"

_MAX_LEVELS = 17
_SAMPLES_PER_CLASS = 12
_COMPLETED, _COMPLETIONS = 12, 4
_EXPECT = {"digits": "about 1.8 after 400 steps; independent pixels: 2.43; below 1.4 a mask leaks"}
_BASELINES = {"digits": {"independent pixels": 2.43}}


def grey_images(data: Dataset) -> Dataset:
    """Images as int64 of shape (N, H, W), colours averaged, with at most 17 levels."""
    if data.levels > _MAX_LEVELS:
        data = data.requantize(_MAX_LEVELS)

    def convert(split: Split) -> Split:
        return replace(split, x=split.x.float().mean(dim=1).round().long())

    return replace(data, train=convert(data.train), test=convert(data.test))


def train(run: Run) -> None:
    """Train with labels, judge, sample every class, complete lower halves."""
    data = grey_images(run.load(IMAGES))
    height, width = data.train.x.shape[1:]
    model = PixelCNN(data.levels, num_classes=data.num_classes).to(run.device)
    nats_per_bit = height * width * math.log(2)

    def bits_per_dim(split: Split, index: Tensor) -> Tensor:
        return -model.log_prob(split.x[index], split.y[index]) / nats_per_bit

    curve = fit(run, model, bits_per_dim, data, batch_size=64, learning_rate=5e-3)
    run.report(
        "test negative log-likelihood given the label",
        average(bits_per_dim, data.test),
        "bits per dimension",
        _EXPECT.get(data.name, ""),
    )
    title = f"PixelCNN on {data.name}, {data.levels} levels"
    figure = curve_figure(curve, "bits per dimension", title, _BASELINES.get(data.name))
    run.save(figure, "curve.png")

    with run.optional("samples.png and completions.png"):
        white = data.levels - 1
        classes = torch.arange(data.num_classes, device=run.device)
        y = classes.repeat(_SAMPLES_PER_CLASS)
        samples = model.sample(run.uniform(len(y), height, width), y)
        figure = new_figure(4.6, 5.6)
        axes = figure.subplots()
        show_images(axes, samples / white, data.num_classes, "Samples, one class per column")
        run.save(figure, "samples.png")

        x, y = data.test.x[:_COMPLETED], data.test.y[:_COMPLETED]
        known = (x / white).clone()
        known[:, height // 2 :] = torch.nan
        rows = {"test images": x / white, "what is given": known}
        for i in range(1, _COMPLETIONS + 1):
            u = run.uniform(len(x), height, width)
            rows[f"completion {i}"] = model.complete(x, height // 2, u, y) / white
        figure = image_rows(rows, "Lower halves given the upper halves and the label")
        run.save(figure, "completions.png")
