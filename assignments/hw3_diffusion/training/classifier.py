"""A small classifier, for example as a judge of generated images."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.common import Run

_HIDDEN = 128
_BATCH = 100
_LEARNING_RATE = 3e-3


class SmallClassifier(nn.Module):
    """Two hidden layers; the second one gives the features that distances are measured in.

    Args:
        num_dims: Number of dimensions D of an example.
        num_classes: Number of classes K.
        num_features: Number of features Z.
    """

    def __init__(self, num_dims: int, num_classes: int, num_features: int = 32) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Linear(num_dims, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, num_features), nn.ReLU()
        )
        self.head = nn.Linear(num_features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, shape (B, K), of examples (B, ...) that are flattened first."""
        return self.head(self.features(x.flatten(1)))


def train_classifier(
    run: Run,
    x: Tensor,
    y: Tensor,
    num_classes: int,
    *,
    steps: int,
    weights: Tensor | None = None,
) -> SmallClassifier:
    """Train a classifier.

    Args:
        run: Gives the noise and the device.
        x: Examples, shape (N, ...).
        y: Labels, int64, shape (N,).
        num_classes: Number of classes K.
        steps: Number of training steps.
        weights: Probabilities to draw the examples with, shape (N,); None for equal ones.
    """
    model = SmallClassifier(x[0].numel(), num_classes).to(run.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_LEARNING_RATE, weight_decay=1e-2)
    for _ in range(steps):
        if weights is None:
            index = run.integers(len(x), _BATCH)
        else:
            drawn = torch.multinomial(weights.cpu(), _BATCH, True, generator=run.generator)
            index = drawn.to(run.device)
        loss = F.cross_entropy(model(x[index]), y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.requires_grad_(False)
