"""Images as the models of this homework want them."""

from dataclasses import replace

import torch
from torch import Tensor

from datasets import Dataset, Split, load

FONTS = ("sans", "serif bold italic")
"""What Q9 and Q10 translate between."""


def load_fonts(device: torch.device) -> tuple[Dataset, Dataset]:
    """The same letters in both fonts with values in [-1, 1], in the same order."""
    a, b = (load("glyphs", font=font).to(device).rescale(-1.0, 1.0) for font in FONTS)
    return a, b


def flatten(data: Dataset) -> tuple[Dataset, torch.Size]:
    """The same images with shape (N, D), and the shape (C, H, W) of one of them."""

    def convert(split: Split) -> Split:
        return replace(split, x=split.x.flatten(1))

    return replace(data, train=convert(data.train), test=convert(data.test)), data.train.x.shape[1:]


def pixel_means(logits: Tensor, shape: torch.Size) -> Tensor:
    """Probabilities of white pixels as images of the given shape, from flat logits."""
    return logits.sigmoid().unflatten(-1, shape)
