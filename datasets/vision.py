"""Photographs and drawings that torchvision downloads, on request."""

import os
from pathlib import Path

import torch

from datasets.base import DataError, Dataset, Split

CLASSES = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "CIFAR10"}
"""Names of torchvision's classes."""

ROOT_VARIABLE = "DGM_DATA"


def load_vision(name: str, *, root: str | Path | None = None) -> Dataset:
    """MNIST, FashionMNIST or CIFAR-10, read from a folder or downloaded into it.

    Args:
        name: One of ``CLASSES``.
        root: The folder, in torchvision's layout (for example ``root/MNIST/raw/...``). By default
            the environment variable DGM_DATA, or else ``~/.cache/dgm``.

    Returns:
        Images, uint8, shape (N, C, H, W), with 256 levels: (60000, 1, 28, 28) to train and 10000 to
        test for the first two, (50000, 3, 32, 32) and 10000 for CIFAR-10; labels, int64, shape (N,)
        in 0..9.

    Raises:
        DataError: Without torchvision, or if the files are neither there nor to be had.
    """
    try:
        from torchvision import datasets as vision
    except ImportError:
        raise DataError(f"{name} needs torchvision; pip install torchvision") from None
    folder = Path(root or os.environ.get(ROOT_VARIABLE) or Path.home() / ".cache" / "dgm")
    read = getattr(vision, CLASSES[name])
    try:
        splits = [read(folder, train=train, download=True) for train in (True, False)]
    except (AssertionError, LookupError, OSError, RuntimeError, ValueError):
        # torchvision lets through whatever half a file leads to.
        raise DataError(
            f"{name} is not complete in {folder} and could not be downloaded; delete what there is "
            "of it and connect to a network once, or name a folder that has it in the variable "
            f"{ROOT_VARIABLE}"
        ) from None
    train, test = (_split(torch.as_tensor(s.data), torch.as_tensor(s.targets)) for s in splits)
    return Dataset(name=name, train=train, test=test, levels=256, num_classes=10)


def _split(x: torch.Tensor, y: torch.Tensor) -> Split:
    """Grey images come as (N, H, W), coloured ones as (N, H, W, C)."""
    x = x[:, None] if x.dim() == 3 else x.permute(0, 3, 1, 2).contiguous()
    return Split(x, y.to(torch.int64))
