"""Images as the models of this homework want them."""

from dataclasses import replace

import torch

from datasets import Dataset, Split


def scale(data: Dataset, low: float, high: float) -> Dataset:
    """The same images as float32, shape (N, C, H, W): black is ``low``, white is ``high``."""

    def convert(split: Split) -> Split:
        return replace(split, x=low + (high - low) * split.x.float() / (data.levels - 1))

    return replace(data, train=convert(data.train), test=convert(data.test))


def flatten(data: Dataset) -> tuple[Dataset, torch.Size]:
    """The same images with shape (N, D), and the shape (C, H, W) of one of them."""

    def convert(split: Split) -> Split:
        return replace(split, x=split.x.flatten(1))

    return replace(data, train=convert(data.train), test=convert(data.test)), data.train.x.shape[1:]
