"""Q7: what a PixelCNN trained on digits says about images that are none."""

import zlib
from copy import deepcopy
from dataclasses import replace

import torch
from likelihood.outliers import (
    auroc,
    complexity_score,
    likelihood_ratio_score,
    rank_p_value,
    typicality_score,
)
from likelihood.pixelcnn import PixelCNN
from torch import Tensor
from training.common import Objective, Run, fit, per_example
from training.figures import COLORS, image_rows, new_figure
from training.pixelcnn import grey_images

from datasets import IMAGES, Dataset, Split

DATA = "digits"
STEPS = 300
NEEDS = "Q7a to Q7d and Q4a to Q4c"

_INLIERS = "test images"
_PERTURBED = 0.2
_TEMPERATURE = 0.5
_MAX_IMAGES = 500
_SHOWN = 12


def train(run: Run) -> None:
    """Train a model and a background model, score inliers and outliers, compare the scores."""
    data = grey_images(run.load(IMAGES))
    model = _pixelcnn(run, data)
    background = _pixelcnn(run, _perturbed(run, data))
    sets = _image_sets(run, data, model)
    figure = image_rows({k: x[:_SHOWN] / (data.levels - 1) for k, x in sets.items()}, "Who is who?")
    run.save(figure, "examples.png")

    train_log_prob = _log_prob(model, data.train.x)
    log_probs = {name: _log_prob(model, x) for name, x in sets.items()}
    scores = {
        name: {
            "-log p": -log_probs[name],
            "typicality": typicality_score(log_probs[name][:, None], train_log_prob),
            "likelihood ratio": likelihood_ratio_score(log_probs[name], _log_prob(background, x)),
            "complexity": complexity_score(log_probs[name], _compressed_bytes(x), x[0].numel()),
        }
        for name, x in sets.items()
    }
    print(f"{'':16}{'nats':>8}{'p < 0.05':>10}   (share of images)")
    for name, log_prob in log_probs.items():
        rejected = (rank_p_value(log_prob, train_log_prob) < 0.05).float().mean().item()
        run.note(f"rejected: {name}", rejected)
        print(f"{name:16}{log_prob.mean():8.1f}{rejected:10.2f}")
    _draw_likelihoods(run, log_probs)

    inliers = scores.pop(_INLIERS)
    areas = {
        score: [auroc(inliers[score], outliers[score]).item() for outliers in scores.values()]
        for score in inliers
    }
    for score, values in areas.items():
        for name, value in zip(scores, values, strict=True):
            run.note(f"AUROC of {score}: {name}", value)
    _draw_areas(run, list(scores), areas)


def _pixelcnn(run: Run, data: Dataset) -> PixelCNN:
    model = PixelCNN(data.levels).to(run.device)
    fit(run, model, _nats(model), data, batch_size=64, learning_rate=5e-3)
    return model


def _nats(model: PixelCNN) -> Objective:
    return lambda split, index: -model.log_prob(split.x[index])


def _log_prob(model: PixelCNN, x: Tensor) -> Tensor:
    return -per_example(_nats(model), Split(x))


def _perturbed(run: Run, data: Dataset) -> Dataset:
    """A fifth of the pixels replaced by noise: it hides what is particular to the images."""

    def perturb(split: Split) -> Split:
        hit = run.uniform(*split.x.shape) < _PERTURBED
        noise = run.integers(data.levels, *split.x.shape)
        return replace(split, x=torch.where(hit, noise, split.x))

    return replace(data, train=perturb(data.train), test=perturb(data.test))


def _image_sets(run: Run, data: Dataset, model: PixelCNN) -> dict[str, Tensor]:
    x = data.test.x[:_MAX_IMAGES]
    cold = deepcopy(model)
    with torch.no_grad():
        for parameter in cold.out.parameters():
            parameter /= _TEMPERATURE
    return {
        _INLIERS: x,
        "inverted": data.levels - 1 - x,
        "noise": run.integers(data.levels, *x.shape),
        "half contrast": x // 2,
        "cold samples": cold.sample(run.uniform(100, *x.shape[1:])),
    }


def _compressed_bytes(x: Tensor) -> Tensor:
    sizes = [len(zlib.compress(image.numpy().tobytes(), 9)) for image in x.to("cpu", torch.uint8)]
    return torch.tensor(sizes, device=x.device)


def _draw_likelihoods(run: Run, log_probs: dict[str, Tensor]) -> None:
    figure = new_figure(7, 3.8)
    axes = figure.subplots()
    values = torch.cat(list(log_probs.values()))
    bins = torch.linspace(values.min().item(), values.max().item(), 70).tolist()
    for color, (name, log_prob) in zip(COLORS, log_probs.items(), strict=False):
        options = {"bins": bins, "density": True, "color": color}
        axes.hist(log_prob.cpu(), alpha=0.3, **options)
        axes.hist(log_prob.cpu(), histtype="step", linewidth=1.5, label=name, **options)
    axes.set(xlabel="$\\log p(x)$ (nats)", ylabel="density of images", yticks=())
    axes.set_title(f"Log-likelihoods under a PixelCNN trained on {run.data}")
    axes.legend(loc="upper left")
    run.save(figure, "likelihoods.png")


def _draw_areas(run: Run, names: list[str], areas: dict[str, list[float]]) -> None:
    figure = new_figure(8, 3.8)
    axes = figure.subplots()
    width = 0.8 / len(areas)
    for i, (score, values) in enumerate(areas.items()):
        places = [j + (i - (len(areas) - 1) / 2) * width for j in range(len(names))]
        bars = axes.bar(places, values, 0.9 * width, color=COLORS[i], label=score)
        axes.bar_label(bars, fmt="%.2f", fontsize=7, padding=1)
    axes.axhline(0.5, color="0.3", linestyle="--", linewidth=1, zorder=0)
    axes.set_xticks(range(len(names)), names)
    axes.set(ylabel="AUROC", ylim=(0, 1.08), title="Which score tells outliers from test images?")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    run.save(figure, "auroc.png")
