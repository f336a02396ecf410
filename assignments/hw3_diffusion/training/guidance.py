"""Q6: samples by class under more and more guidance, without and with a classifier."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from diffusion.ddim import ddim_sample, time_pairs
from diffusion.ddpm import q_sample
from diffusion.guidance import (
    classifier_free_guidance,
    classifier_guidance,
    classifier_score,
    drop_labels,
)
from torch import Tensor
from training.common import Run, fit
from training.denoiser import Denoiser
from training.figures import COLORS, new_figure, show_images
from training.judge import Judge
from training.noise_model import (
    NUM_LEVELS,
    NoiseModel,
    classes_in_turn,
    load_images,
    train_noise_model,
)

from datasets import Dataset, Split

DATA = "digits"
STEPS = 2000
NEEDS = "Q3a, Q3b, Q4a, Q4c, Q5a, Q5b, Q6a, Q6b (Q6c adds the classifier)"

_DROPPED = 0.2
_NUM_STEPS = 25
_WEIGHTS = (0.0, 1.0, 2.0, 4.0, 8.0)
_JUDGED_PER_CLASS = 40
_SHOWN_PER_CLASS = 5
_EXPECT = {
    "digits": {
        0.0: "about 0.1: the class is not asked for",
        1.0: "about 0.95",
        2.0: "above 0.99, and less variety",
    }
}

Predictor = Callable[[Tensor, Tensor], Tensor]


def train(run: Run) -> None:
    """Train with labels left out now and then; sweep the weight of guidance."""
    data = load_images(run)
    judge = Judge(run, data)
    y = classes_in_turn(run, data, _JUDGED_PER_CLASS)
    start = run.normal(len(y), *data.train.x.shape[1:])

    none = data.num_classes

    def relabel(labels: Tensor) -> Tensor:
        return drop_labels(labels, run.uniform(len(labels)), _DROPPED, none)

    model = train_noise_model(run, data, relabel=relabel)

    def free(w: float) -> Predictor:
        return lambda x, t: classifier_free_guidance(model.network, x, t, y, none, w)

    _sweep(run, data, judge, model, start, y, free, "classifier-free")
    with run.optional("classifier_sweep.png and classifier_tradeoff.png"):
        classifier = _train_classifier(run, data, model)

        def guided(w: float) -> Predictor:
            def predict(x: Tensor, t: Tensor) -> Tensor:
                eps = model.network(x, t, torch.full_like(y, none))
                score = classifier_score(classifier, x, t, y)
                return classifier_guidance(eps, score, model.alpha_bar[t], w)

            return predict

        _sweep(run, data, judge, model, start, y, guided, "classifier")


def _train_classifier(run: Run, data: Dataset, model: NoiseModel) -> Denoiser:
    """A classifier of images with any amount of noise."""
    num_dims = data.train.x[0].numel()
    network = Denoiser(num_dims, num_outputs=data.num_classes, horizon=NUM_LEVELS).to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        x0 = split.x[index]
        t = run.integers(NUM_LEVELS, len(x0))
        x_t = q_sample(x0, t, run.normal(*x0.shape), model.alpha_bar)
        return F.cross_entropy(network(x_t, t), split.y[index], reduction="none")

    fit(run, network, loss, data, batch_size=128, learning_rate=2e-3)
    return network.requires_grad_(False)


@torch.no_grad()
def _sweep(
    run: Run,
    data: Dataset,
    judge: Judge,
    model: NoiseModel,
    start: Tensor,
    y: Tensor,
    predictor: Callable[[float], Predictor],
    method: str,
) -> None:
    """The same noise under every weight: pictures, and what is won and lost."""
    pairs = time_pairs(NUM_LEVELS, _NUM_STEPS)
    num = data.num_classes * _SHOWN_PER_CLASS
    accuracies, spreads = [], []
    figure = new_figure(3.4 * len(_WEIGHTS), 2.3)
    for axes, w in zip(figure.subplots(1, len(_WEIGHTS)), _WEIGHTS, strict=True):
        samples = ddim_sample(predictor(w), start, pairs, model.alpha_bar).clamp(-1, 1)
        accuracies.append(judge.accuracy(samples, y))
        spreads.append(_spread(samples, data.num_classes))
        expect = _EXPECT.get(data.name, {}).get(w, "") if method == "classifier-free" else ""
        run.report(f"{method}, w = {w:g}: samples of their class", accuracies[-1], "", expect)
        run.note(f"{method}, w = {w:g}: spread within a class", spreads[-1])
        show_images(axes, (samples[:num] + 1) / 2, data.num_classes, f"$w = {w:g}$")
    figure.suptitle(f"{method} guidance, one class per column".capitalize())
    name = method.replace("-", "_")
    run.save(figure, f"{name}_sweep.png")
    figure = new_figure(5.4, 3.6)
    axes = figure.subplots()
    axes.plot(_WEIGHTS, accuracies, "o-", color=COLORS[0], label="share of samples of their class")
    real = _spread_of_classes([data.test.x[data.test.y == k] for k in range(data.num_classes)])
    shares = [spread / real for spread in spreads]
    axes.plot(_WEIGHTS, shares, "s-", color=COLORS[3], label="spread, relative to test images")
    axes.set(xlabel="weight $w$", ylim=(0, None), xticks=_WEIGHTS)
    axes.set(title=f"{method} guidance: agreement against variety".capitalize())
    axes.legend()
    run.save(figure, f"{name}_tradeoff.png")


def _spread(samples: Tensor, num_classes: int) -> float:
    """Of samples whose classes go 0, 1, ..., K-1, 0, 1, ..."""
    return _spread_of_classes([samples[k::num_classes] for k in range(num_classes)])


def _spread_of_classes(groups: list[Tensor]) -> float:
    """Mean standard deviation of a pixel among the images of one class."""
    return sum(group.var(dim=0).mean().sqrt().item() for group in groups) / len(groups)
