"""Phantoms: cross-sections of a head made of ellipses, which scanners are tested with."""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from datasets.base import DataError, Dataset, Split

SIZE = 32

_SKULL, _BRAIN = 230.0, 90.0
_SUPERSAMPLING = 2


def load_phantoms(*, seed: int = 0, num_train: int = 2000, num_test: int = 100) -> Dataset:
    """Draw random relatives of the Shepp-Logan phantom.

    Each is a bright skull around a grey brain with four ellipses in it, darker or brighter than the
    brain: two dark ones side by side and two small ones anywhere.

    Args:
        seed: The same seed gives the same images; torch's global generator is left alone.
        num_train: Number of images to train with, at least 1.
        num_test: Number of images to test with, at least 1.

    Returns:
        Images, uint8, shape (N, 1, 32, 32), with 256 levels, black outside of the head. No labels.

    Raises:
        DataError: If a split would be empty.

    Source: Shepp and Logan, "The Fourier reconstruction of a head section", 1974.
    """
    if min(num_train, num_test) < 1:
        raise DataError("phantoms needs at least one image to train and to test with")
    generator = torch.Generator().manual_seed(seed)
    train, test = (Split(_draw(num, generator)) for num in (num_train, num_test))
    return Dataset("phantoms", train, test, levels=256)


def _draw(num: int, generator: Generator) -> Tensor:
    """Images, uint8, shape (N, 1, 32, 32), painted one ellipse over the other."""

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(num, generator=generator)

    tilt = between(-0.3, 0.3)
    width, height = between(0.62, 0.78), between(0.8, 0.92)
    rim = between(0.07, 0.12)
    zero = torch.zeros(num)
    x = _paint(torch.zeros(num, 1, 1), zero, zero, width, height, tilt, _SKULL)
    x = _paint(x, zero, zero, width - rim, height - rim, tilt, _BRAIN)
    for side in (-1, 1):
        along, lift = side * between(0.2, 0.28), between(-0.15, 0.15)
        turned = tilt - side * between(0.1, 0.5)
        level = between(20, 50)
        x = _paint(x, along, lift, between(0.08, 0.15), between(0.2, 0.34), turned, level)
    for _ in range(2):
        distance, angle = 0.5 * between(0, 1).sqrt(), between(0, 2 * math.pi)
        place = distance * angle.cos(), 1.15 * distance * angle.sin()
        level = between(130, 250)
        axes = between(0.06, 0.14), between(0.06, 0.14)
        x = _paint(x, *place, *axes, between(0, math.pi), level)
    x = F.avg_pool2d(x[:, None], _SUPERSAMPLING)
    return x.round().to(torch.uint8)


def _paint(
    image: Tensor,
    along: Tensor,
    down: Tensor,
    width: Tensor,
    height: Tensor,
    tilt: Tensor,
    level: Tensor | float,
) -> Tensor:
    """Cover the images with one filled ellipse each; places and half-axes in units of [-1, 1]."""
    num = SIZE * _SUPERSAMPLING
    grid = (torch.arange(num) + 0.5) / num * 2 - 1
    dx = grid - along[:, None, None]
    dy = grid[:, None] - down[:, None, None]
    cos, sin = tilt.cos()[:, None, None], tilt.sin()[:, None, None]
    u = (cos * dx + sin * dy) / width[:, None, None]
    v = (cos * dy - sin * dx) / height[:, None, None]
    value = torch.as_tensor(level).reshape(-1, 1, 1)
    return torch.where(u**2 + v**2 <= 1, value, image)
