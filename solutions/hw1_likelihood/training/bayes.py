"""Q2: a naive Bayes classifier of binary images, with pixels missing."""

import torch
from likelihood.bayes import NaiveBayes
from torch import Tensor
from training.common import Run
from training.figures import COLORS, image_rows, new_figure

from datasets import IMAGES

DATA = "digits"
STEPS = 1
NEEDS = "Q2a and Q2c (Q2d adds figures)"

_EXPECT = {"digits": ("about 0.90; guessing: 0.10", "about 0.80", "about 0.6")}
_SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95)
_SHOWN = 12


def train(run: Run) -> None:
    """Count (there are no training steps), classify with missing pixels, fill them in."""
    data = run.load(IMAGES).requantize(2)
    shape = data.train.x.shape[1:]
    x, test = (split.x.flatten(1).float() for split in (data.train, data.test))
    model = NaiveBayes(data.num_classes, x.shape[1]).to(run.device)
    model.fit(x, data.train.y)

    summed_out, as_zeros = [], []
    everything = torch.ones_like(test, dtype=torch.bool)
    for share in _SHARES:
        observed = run.uniform(*test.shape) >= share
        summed_out.append(_accuracy(model.posterior(test, observed), data.test.y))
        as_zeros.append(_accuracy(model.posterior(test * observed, everything), data.test.y))
    expect = _EXPECT.get(data.name, ("", "", ""))
    run.report("test accuracy", summed_out[0], "", expect[0])
    half = _SHARES.index(0.5)
    run.report("test accuracy with half the pixels", summed_out[half], "", expect[1])
    run.report("the same with missing pixels taken as off", as_zeros[half], "", expect[2])
    figure = new_figure(6, 3.8)
    axes = figure.subplots()
    axes.plot(_SHARES, summed_out, "o-", color=COLORS[0], label="missing pixels summed out")
    axes.plot(_SHARES, as_zeros, "s-", color=COLORS[1], label="missing pixels taken as off")
    axes.axhline(1 / data.num_classes, color="0.5", linestyle="--", linewidth=1, label="guessing")
    axes.set(xlabel="share of pixels missing", ylabel="test accuracy", ylim=(0, 1))
    axes.set_title(f"Naive Bayes on binary {data.name}")
    axes.legend()
    run.save(figure, "accuracy.png")

    with run.optional("imputations.png and classes.png"):
        x = test[:_SHOWN]
        scattered = run.uniform(*x.shape) < 0.4
        upper = torch.ones_like(x, dtype=torch.bool).unflatten(1, shape)
        upper[..., shape[-2] // 2 :, :] = False
        rows = {"test images": x}
        for name, observed in (("40 % of the pixels", scattered), ("upper half", upper.flatten(1))):
            rows[name] = x.where(observed, torch.nan)
            rows[f"{name}, filled in"] = model.impute(rows[name], observed)
        figure = image_rows(_images(rows, shape), "Missing pixels (blue) and their posterior mean")
        run.save(figure, "imputations.png")

        classes = torch.arange(data.num_classes, device=run.device)
        rows = {"probability of on": model.theta}
        for i in range(1, 4):
            rows[f"sample {i}"] = model.sample_class(classes, run.uniform(*model.theta.shape))
        figure = image_rows(_images(rows, shape), "What the model knows of each class")
        run.save(figure, "classes.png")


def _accuracy(posterior: Tensor, y: Tensor) -> float:
    return (posterior.argmax(dim=1) == y).float().mean().item()


def _images(rows: dict[str, Tensor], shape: torch.Size) -> dict[str, Tensor]:
    return {name: x.unflatten(1, shape) for name, x in rows.items()}
