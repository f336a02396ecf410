"""Q6: ways through the latent space of a VAE, and a classifier that is debiased by it."""

import torch
from torch import Tensor
from training.classifier import train_classifier
from training.common import Run
from training.figures import COLORS, image_rows, new_figure, show_images
from training.images import flatten, pixel_means
from training.vae import binary_images, encode, train_vae
from vae_gan.latent_space import discretize, lerp, resampling_weights, slerp

from datasets import Dataset, load

DATA = "digits"
STEPS = 800
NEEDS = "Q6a, Q2a, Q2b, Q2d and Q2e (Q6d adds debiasing)"
OPTIONS = {"rare": 1.0}

_WAYPOINTS = 11
_PAIRS = 4
# A small weight of the divergence keeps unusual codes at the edges, where histograms see them.
_BETA = 0.1
_BINS, _ALPHA = 5, 1e-3
_CLASSIFIERS = 5
_SHOWN = 24
_EXPECT = {1: "0.25 to 0.6, much more than before"}


def train(run: Run) -> None:
    """Interpolate between images, then debias a classifier of imbalanced digits."""
    data, shape = binary_images(run)
    model, _ = train_vae(run, data)
    t = torch.linspace(0, 1, _WAYPOINTS, device=run.device)
    with torch.no_grad():
        ends, _ = encode(model, data.test.x[: 2 * _PAIRS])
        rows = {}
        for i in range(_PAIRS):
            for way in (lerp, slerp):
                between = way(ends[i : i + 1], ends[_PAIRS + i :][:1], t)[0]
                rows[f"pair {i + 1}, {way.__name__}"] = pixel_means(model.decoder(between), shape)
    title = "From test image to test image along the line (lerp) and along the arc (slerp)"
    run.save(image_rows(rows, title), "interpolations.png")
    with run.optional("debiasing"):
        _debias(run, int(run.options["rare"]))


def _debias(run: Run, rare: int) -> None:
    """Train classifiers on all digits alike, and on those with rare codes more often."""
    digits = load("imbalanced_digits", rare=rare).to(run.device)
    data, shape = flatten(digits.rescale(0.0, 1.0))
    x, y = data.train.x, data.train.y
    model, _ = train_vae(run, data, beta=_BETA)
    with torch.no_grad():
        codes, _ = encode(model, x)
    weights = resampling_weights(discretize(codes, _BINS), _BINS, _ALPHA)
    share = (y == rare).float().mean().item()
    run.report(f"share of digit {rare} in the training images", share)
    run.report(f"share of digit {rare} in what is drawn", weights[y == rare].sum().item())

    groups = {f"digit {rare}, rare": data.test.y == rare, "other digits": data.test.y != rare}
    accuracy = {}
    for name, drawn in (("before", torch.ones_like(weights)), ("after", weights)):
        right = torch.stack([_right(run, data, drawn, i) for i in range(_CLASSIFIERS)]).mean(dim=0)
        accuracy[name] = [right[group].mean().item() for group in groups.values()]
        for group, value in zip(groups, accuracy[name], strict=True):
            expect = _EXPECT.get(rare, "") if (name, group) == ("after", next(iter(groups))) else ""
            run.report(f"test accuracy {name} debiasing, {group}", value, "", expect)

    figure = new_figure(9.4, 3.4)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    for i, (name, values) in enumerate(accuracy.items()):
        places = [j + 0.4 * (i - 0.5) for j in range(len(groups))]
        bars = left.bar(places, values, 0.36, color=COLORS[i], label=name)
        left.bar_label(bars, fmt="%.2f", padding=1)
    left.set_xticks(range(len(groups)), list(groups))
    left.set(ylabel="test accuracy", ylim=(0, 1.1), title="Accuracy by group")
    left.legend(loc="upper left", bbox_to_anchor=(0, 0.98))
    order = weights.argsort(descending=True)
    shown = torch.cat([order[:_SHOWN], order[-_SHOWN:]])
    title = "Drawn most often (upper half) and least often"
    show_images(right, x[shown].unflatten(1, shape), _SHOWN // 2, title)
    run.save(figure, "debiasing.png")


def _right(run: Run, data: Dataset, weights: Tensor, number: int) -> Tensor:
    """Whether a classifier gets each test image right, 0 or 1.

    Classifiers of one number begin with the same weights and draw with the same noise.
    """
    torch.manual_seed(run.seed + number)
    run.generator.manual_seed(run.seed + number)
    x, y = data.train.x, data.train.y
    model = train_classifier(run, x, y, data.num_classes, steps=150, weights=weights)
    return (model(data.test.x).argmax(dim=1) == data.test.y).float()
