"""Q7: what a PixelCNN trained on digits says about images that are none."""

import zlib
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

from datasets import IMAGES, Dataset, Split
from training.common import Run, fit, per_example
from training.pixelcnn import grey_images

DATA = "digits"
STEPS = 300
NEEDS = "Q7a to Q7d, Q4a and Q4b"

_PERTURBED = 0.2
_SHOWN = 12


def train(run: Run) -> None:
    """Train a model and a background model, score inliers and outliers, compare the scores."""
    data = grey_images(run.load(IMAGES))
    model = _train_pixelcnn(run, data)
    background = _train_pixelcnn(run, _perturbed(run, data))
    sets = _image_sets(run, data)
    train_log_prob = -per_example(_nats(model), data.train, 2000)

    scores: dict[str, dict[str, Tensor]] = {}
    log_probs: dict[str, Tensor] = {}
    for name, x in sets.items():
        log_prob = log_probs[name] = -per_example(_nats(model), Split(x))
        scores[name] = {
            "$-\\log p$": -log_prob,
            "typicality": typicality_score(log_prob[:, None], train_log_prob),
            "likelihood ratio": likelihood_ratio_score(
                log_prob, -per_example(_nats(background), Split(x))
            ),
            "complexity": complexity_score(log_prob, _compressed_bytes(x), x[0].numel()),
        }
    for name, log_prob in log_probs.items():
        print(
            name,
            log_prob.mean(),
            log_prob.std(),
            (rank_p_value(log_prob, train_log_prob) < 0.05).float().mean(),
            {k: auroc(scores["test images"][k], v).item() for k, v in scores[name].items()},
        )


def _train_pixelcnn(run: Run, data: Dataset) -> PixelCNN:
    model = PixelCNN(data.levels).to(run.device)
    fit(run, model, _nats(model), data, batch_size=64, learning_rate=5e-3)
    return model


def _nats(model):
    return lambda split, index: -model.log_prob(split.x[index])


def _perturbed(run: Run, data: Dataset) -> Dataset:
    """A fifth of the pixels replaced by any level, which spares what is simple about images."""

    def perturb(split: Split) -> Split:
        hit = run.uniform(*split.x.shape) < _PERTURBED
        noise = run.integers(data.levels, *split.x.shape)
        return replace(split, x=torch.where(hit, noise, split.x))

    return replace(data, train=perturb(data.train), test=perturb(data.test))


def _image_sets(run: Run, data: Dataset) -> dict[str, Tensor]:
    x = data.test.x[:1000]
    white = data.levels - 1
    blur = torch.nn.functional.avg_pool2d(x[:, None].float(), 3, 1, 1)[:, 0].round().long()
    return {
        "test images": x,
        "inverted": white - x,
        "noise": run.integers(data.levels, *x.shape),
        "faint": x // 2,
        "faint3": x // 3,
        "blurred": blur,
        "flipped": x.flip(2),
        "shifted": x.roll(2, 2),
        "blank": (x // 16) * 0 + run.integers(3, *x.shape),
    }


def _compressed_bytes(x: Tensor) -> Tensor:
    sizes = [len(zlib.compress(image.numpy().tobytes(), 9)) for image in x.to("cpu", torch.uint8)]
    return torch.tensor(sizes, device=x.device)
