"""What every data set of this package is."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor


class DataError(ValueError):
    """Data cannot be had; the message is one sentence that says what is missing and what to do."""


@dataclass(frozen=True)
class Split:
    """Some examples of a data set.

    Attributes:
        x: The examples, one per entry of dimension 0.
        y: What is known about each of them (a class, a caption as tokens), or None.
    """

    x: Tensor
    y: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device | str) -> "Split":
        """The same examples on a device."""
        return Split(self.x.to(device), None if self.y is None else self.y.to(device))


@dataclass(frozen=True)
class Dataset:
    """A data set with its fixed division into examples to learn from and examples to judge by.

    ======== ======= ======================= ==========================================
    kind     dtype   shape of x              values of x
    ======== ======= ======================= ==========================================
    images   uint8   (N, C, H, W)            0..levels-1; 0 is black
    points   float32 (N, 2)                  mean about 0, standard deviation about 1
    text     int64   (N,), running           0..levels-1, one character per token
    sounds   float32 (N, 1, T)               -1..1; 0 is silence
    ======== ======= ======================= ==========================================

    Attributes:
        name: What :func:`datasets.load` knows it by.
        train: Examples to learn from.
        test: Other examples of the same kind.
        levels: Number of values that an entry of x can have; 0 if x is continuous.
        num_classes: Labels y are int64 in 0..num_classes-1, shape (N,); 0 if there are none.
    """

    name: str
    train: Split
    test: Split
    levels: int = 0
    num_classes: int = 0

    def to(self, device: torch.device | str) -> "Dataset":
        """The same data on a device."""
        return replace(self, train=self.train.to(device), test=self.test.to(device))

    def rescale(self, low: float, high: float) -> "Dataset":
        """The same images as float32: black becomes ``low`` and white ``high``.

        The images are numbers now: ``levels`` stays and tells how fine they were.
        """

        def convert(split: Split) -> Split:
            return replace(split, x=low + (high - low) * split.x.float() / (self.levels - 1))

        return replace(self, train=convert(self.train), test=convert(self.test))

    def requantize(self, levels: int) -> "Dataset":
        """The same images with fewer grey levels, each the nearest one; 2 makes them binary.

            x_new = floor((levels - 1) / (self.levels - 1) * x + 1/2)

        Black stays black, 0, and white stays white, levels - 1.

        Args:
            levels: The new number of levels, 2..self.levels.

        Raises:
            DataError: If there are not so many levels to begin with.
        """
        if not 2 <= levels <= self.levels:
            raise DataError(
                f"{self.name} has {self.levels} levels and cannot be given {levels}; "
                f"choose a number from 2 to {self.levels} of a data set that has levels"
            )

        def convert(split: Split) -> Split:
            top = self.levels - 1
            x = (2 * (levels - 1) * split.x.long() + top) // (2 * top)
            return replace(split, x=x.to(split.x.dtype))

        return replace(self, train=convert(self.train), test=convert(self.test), levels=levels)
