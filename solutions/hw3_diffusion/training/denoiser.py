"""A small network that is given a noisy example, the time and maybe the class."""

import math

import torch
from torch import Tensor, nn

_WAVES = 16


class Denoiser(nn.Module):
    """A residual network on flattened examples.

    It serves as noise predictor, score, velocity field, or classifier of noisy examples: all of
    them are functions of x and t.

    Args:
        num_dims: Number D of entries of an example.
        num_classes: Number K of classes that may be told; class K stands for "none".
        num_outputs: Number of outputs, for a classifier; 0 for as many as inputs.
        horizon: Times are divided by it before they get in, so that they end near 1.
        width: Number of features.
        depth: Number of residual blocks.
    """

    def __init__(
        self,
        num_dims: int,
        num_classes: int = 0,
        num_outputs: int = 0,
        horizon: float = 1.0,
        width: int = 128,
        depth: int = 3,
    ) -> None:
        super().__init__()
        self.horizon = horizon
        self.num_classes = num_classes
        self.num_outputs = num_outputs
        self.examples = nn.Linear(num_dims, width)
        self.times = nn.Linear(2 * _WAVES, width)
        self.classes = nn.Embedding(num_classes + 1, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)
            )
            for _ in range(depth)
        )
        self.outputs = nn.Linear(width, num_outputs or num_dims)

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """Outputs in the shape of x (B, ...), or (B, num_outputs), from times and classes (B,)."""
        k = torch.arange(_WAVES, device=x.device)
        angles = math.pi * (k + 0.5) * (t[:, None] / self.horizon)
        condition = self.times(torch.cat([angles.cos(), angles.sin()], dim=1))
        label = torch.full_like(t, self.num_classes, dtype=torch.int64) if y is None else y
        condition = condition + self.classes(label)
        h = self.examples(x.flatten(1))
        for block in self.blocks:
            h = h + block(h + condition)
        out = self.outputs(h)
        return out if self.num_outputs else out.reshape(x.shape)
