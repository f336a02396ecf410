"""Q8: what the measures of Q8 say about samples whose faults are known."""

import torch
import torch.nn.functional as F
from torch import Tensor
from training.classifier import train_classifier
from training.common import Run
from training.figures import COLORS, image_rows, new_figure
from vae_gan.divergences import (
    c2st_accuracy,
    c2st_p_value,
    frechet_distance,
    mmd2_unbiased,
    precision_recall,
)

from datasets import IMAGES, Dataset

DATA = "digits"
STEPS = 300
NEEDS = "Q8c to Q8f"

_NUM = 700
_NEIGHBOURS = 3
_SHOWN = 12
_MEASURES = ("Fréchet distance", "MMD²", "C2ST accuracy", "precision", "recall", "C2ST p-value")
_BEST = (0.0, 0.0, 0.5, 1.0, 1.0)  # of those that are drawn: all but the p-value


def train(run: Run) -> None:
    """Train a judge whose features all measures use, make bad samples, measure."""
    data = run.load(IMAGES).rescale(0.0, 1.0)
    judge = train_classifier(run, data.train.x, data.train.y, data.num_classes, steps=run.steps)
    order = run.permutation(len(data.train))
    num = min(_NUM, len(order) // 2)
    real = data.train.x[order[:num]]
    samples = _samples(run, data, order, num)
    features = judge.features(real.flatten(1))
    bandwidth = torch.pdist(features).median().item()
    table: dict[str, list[float]] = {}
    for name, x in samples.items():
        other = judge.features(x.flatten(1))
        accuracy, p_value = _classifier_test(run, real, x)
        precision, recall = precision_recall(features, other, _NEIGHBOURS)
        moments = (m for f in (features, other) for m in (f.mean(dim=0), f.T.cov()))
        values = (
            frechet_distance(*moments),
            mmd2_unbiased(features, other, bandwidth),
            accuracy,
            precision,
            recall,
            p_value,
        )
        table[name] = [value.item() for value in values]
    print(f"{'':20}" + "".join(f"{measure:>18}" for measure in _MEASURES))
    for name, row in table.items():
        print(f"{name:20}" + "".join(f"{value:18.3f}" for value in row))
        for measure, value in zip(_MEASURES, row, strict=True):
            run.note(f"{measure}: {name}", value)
    print("    expect about 1.5, 0.00, 0.5, 0.9, 0.9 for real images, and a p-value above 0.01")
    run.save(
        image_rows({name: x[:_SHOWN] for name, x in samples.items()}, "Six generators"),
        "samples.png",
    )
    _draw(run, table)


def _samples(run: Run, data: Dataset, order: Tensor, num: int) -> dict[str, Tensor]:
    """Images of generators that are worse in known ways, the worst first; none is a real one."""
    x = data.train.x
    shape = x.shape[1:]
    flat = x.flatten(1)
    shuffled = torch.stack([column[run.permutation(len(x))[:num]] for column in flat.T], dim=1)
    root = torch.linalg.cholesky(flat.T.cov() + 1e-5 * torch.eye(flat.shape[1], device=x.device))
    gaussian = flat.mean(dim=0) + run.normal(num, flat.shape[1]) @ root.T
    rest = order[num : 2 * num]
    others = x[rest]
    return {
        "noise": run.uniform(num, *shape),
        "independent pixels": shuffled.unflatten(1, shape),
        "one Gaussian": gaussian.clamp(0, 1).unflatten(1, shape),
        "blurred": F.avg_pool2d(others, 3, stride=1, padding=1),
        "only 0 and 1": others[data.train.y[rest] < 2],
        "real images": others,
    }


def _classifier_test(run: Run, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Accuracy and p-value of a classifier trained on half of both samples, which are cut alike."""
    num = min(len(real), len(fake))
    half = num // 2
    x = torch.cat([real[:half], fake[:half]])
    held_out = torch.cat([real[half:num], fake[half:num]])
    y = torch.arange(2, device=x.device).flip(0).repeat_interleave(half)
    labels = torch.arange(2, device=x.device).flip(0).repeat_interleave(num - half)
    detector = train_classifier(run, x, y, 2, steps=run.steps)
    logits = detector(held_out)
    accuracy = c2st_accuracy(logits[:, 1] - logits[:, 0], labels)
    return accuracy, c2st_p_value(accuracy, len(labels))


def _draw(run: Run, table: dict[str, list[float]]) -> None:
    figure = new_figure(2.5 * len(_BEST) + 1.2, 3.0)
    panels = figure.subplots(1, len(_BEST), sharey=True)
    names = list(table)
    for i, (axes, measure, best) in enumerate(zip(panels, _MEASURES, _BEST, strict=False)):
        values = [table[name][i] for name in names]
        bars = axes.barh(names, values, color=[COLORS[k] for k in range(len(names))])
        axes.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
        axes.axvline(best, color="0.3", linestyle="--", linewidth=1)
        axes.margins(x=0.25)
        axes.set(title=measure, xticks=())
        axes.spines["bottom"].set_visible(False)
    panels[0].invert_yaxis()
    figure.supxlabel("dashed: what a perfect generator has", fontsize=9)
    run.save(figure, "measures.png")
