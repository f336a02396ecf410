"""A judge of generated images: are they of their class, and how far are they from real ones?"""

import torch
from torch import Tensor
from training.classifier import train_classifier
from training.common import Run

from datasets import Dataset

_STEPS = 300


class Judge:
    """A small classifier of the training images, and what its features are like on test images.

    Args:
        run: Gives the seed and the device.
        data: Images with values in [-1, 1] and their classes.
    """

    def __init__(self, run: Run, data: Dataset) -> None:
        x, y = data.train.x, data.train.y
        self._model = train_classifier(run, x, y, data.num_classes, steps=_STEPS)
        self._real = self._moments(data.test.x)

    @torch.no_grad()
    def accuracy(self, x: Tensor, y: Tensor) -> float:
        """Share of images (B, C, H, W) that it takes for the classes y (B,)."""
        return (self._model(x).argmax(dim=1) == y).float().mean().item()

    def distance(self, x: Tensor) -> float:
        """Fréchet distance of the features of images (B, C, H, W) to those of test images."""
        mean, cov = self._moments(x)
        real_mean, real_cov = self._real
        # The trace of (C1 C2)^(1/2) is the sum of the singular values of C1^(1/2) C2^(1/2).
        cross = torch.linalg.svdvals(_square_root(cov) @ _square_root(real_cov)).sum()
        distance = (mean - real_mean).square().sum() + cov.trace() + real_cov.trace() - 2 * cross
        return distance.item()

    @torch.no_grad()
    def _moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self._model.features(x.flatten(1)).cpu().double()
        return features.mean(dim=0), features.T.cov()


def _square_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T
