"""Distributions in the plane, drawn from a seed.

Every toy is scaled by constants, so that both coordinates have a mean of about 0 and a standard
deviation of about 1 whatever the sample. The label of a point says which part it was drawn from.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from datasets.base import DataError, Dataset, Split


def load_toy(name: str, *, seed: int = 0, num_train: int = 4000, num_test: int = 1000) -> Dataset:
    """Draw a toy.

    Args:
        name: One of ``TOYS``.
        seed: The same seed gives the same points; torch's global generator is left alone.
        num_train: Number of points to train with, at least 1.
        num_test: Number of points to test with, at least 1.

    Returns:
        Points, float32, shape (N, 2); labels, int64, shape (N,).

    Raises:
        DataError: If a split would be empty.
    """
    if min(num_train, num_test) < 1:
        raise DataError(f"{name} needs at least one point to train and to test with")
    draw, parts = TOYS[name]
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(parts, (num_train + num_test,), generator=generator)
    x = draw(y, generator)
    return Dataset(
        name=name,
        train=Split(x[:num_train], y[:num_train]),
        test=Split(x[num_train:], y[num_train:]),
        num_classes=parts,
    )


def _uniform(y: Tensor, generator: Generator) -> Tensor:
    return torch.rand(len(y), generator=generator)


def _noise(y: Tensor, std: float, generator: Generator) -> Tensor:
    return std * torch.randn(len(y), 2, generator=generator)


def _polar(radius: Tensor, angle: Tensor) -> Tensor:
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


def _moons(y: Tensor, generator: Generator) -> Tensor:
    """Two half circles of radius 1 that interlock."""
    std = 0.1
    angle = math.pi * _uniform(y, generator)
    upper = _polar(torch.ones_like(angle), angle)
    lower = torch.tensor([1.0, 0.5]) - upper
    x = torch.where(y[:, None] == 0, upper, lower) + _noise(y, std, generator)
    variance = torch.tensor([3 / 4, 9 / 16 - 1 / math.pi]) + std**2
    return (x - torch.tensor([0.5, 0.25])) / variance.sqrt()


def _rings(y: Tensor, generator: Generator) -> Tensor:
    """Two circles around the origin, one of half the other's radius."""
    std = 0.08
    radius = (1 + y) / 2
    x = _polar(radius, 2 * math.pi * _uniform(y, generator)) + _noise(y, std, generator)
    return x / math.sqrt((1 + 1 / 4) / 4 + std**2)


def _pinwheel(y: Tensor, generator: Generator) -> Tensor:
    """Five arms that are bent the more the further out they reach."""
    offset = _noise(y, 1.0, generator)
    along, across = 1 + 0.3 * offset[:, 0], 0.07 * offset[:, 1]
    radius = (along**2 + across**2).sqrt()
    angle = torch.atan2(across, along) + 2 * math.pi * y / 5 + 0.9 * radius
    return _polar(radius, angle) / math.sqrt((1 + 0.3**2 + 0.07**2) / 2)


def _gaussians(y: Tensor, generator: Generator, std: float = 0.1) -> Tensor:
    """Eight small Gaussians on a circle."""
    angle = math.pi / 4 * y
    x = _polar(torch.ones_like(angle), angle) + _noise(y, std, generator)
    return x / math.sqrt(1 / 2 + std**2)


def _ring(y: Tensor, generator: Generator) -> Tensor:
    """The same with Gaussians so narrow that the space between them is empty."""
    return _gaussians(y, generator, std=0.04)


def _spirals(y: Tensor, generator: Generator) -> Tensor:
    """Two arms that go round one and a half times."""
    std = 0.05
    share = _uniform(y, generator).sqrt()
    x = _polar(share, 3 * math.pi * share + math.pi * y) + _noise(y, std, generator)
    return x / math.sqrt(1 / 4 + std**2)


def _checkerboard(y: Tensor, generator: Generator) -> Tensor:
    """The eight black squares of a board of four by four."""
    row = y // 2
    column = 2 * (y % 2) + row % 2
    corner = torch.stack([column, row], dim=1) - 2
    x = corner + torch.rand(len(y), 2, generator=generator)
    return x / math.sqrt(4 / 3)


TOYS: dict[str, tuple[Callable[[Tensor, Generator], Tensor], int]] = {
    "moons": (_moons, 2),
    "rings": (_rings, 2),
    "pinwheel": (_pinwheel, 5),
    "gaussians": (_gaussians, 8),
    "ring": (_ring, 8),
    "spirals": (_spirals, 2),
    "checkerboard": (_checkerboard, 8),
}
"""How to draw each toy given the parts that the points belong to, and the number of its parts."""
