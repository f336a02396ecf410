"""Coloured shapes with a caption each, rendered at 16x16 pixels with torch alone."""

import torch
from torch import Generator, Tensor

from datasets.base import DataError, Dataset, Split

SIZE = 16

COLORS = {
    "red": (225, 50, 45),
    "yellow": (245, 225, 60),
    "green": (50, 165, 75),
    "blue": (50, 95, 215),
    "white": (245, 245, 245),
    "black": (20, 20, 25),
}
"""Names of the colours, and their red, green and blue as levels 0..255."""

SIZES = {"small": 4.2, "large": 6.2}
"""Names of the sizes, and their radii in pixels."""

KINDS = ("circle", "square", "triangle", "cross")
"""Names of the shapes; these are the classes."""

WORDS = (*SIZES, *COLORS, *KINDS, "on")
"""All words of captions; a token is a position in this tuple."""

_MAX_SHIFT = 1.0


def load_shapes(*, seed: int = 0, num_train: int = 4000, num_test: int = 200) -> Dataset:
    """Draw images of one shape each, such as "small red circle on blue".

    Args:
        seed: The same seed gives the same images; torch's global generator is left alone.
        num_train: Number of images to train with, at least 1.
        num_test: Number of images to test with, at least 1.

    Returns:
        Images, uint8, shape (N, 3, 16, 16), with 256 levels; captions, int64, shape (N, 5): the
        tokens of size, colour, kind, "on" and the colour of the ground, which is another one.

    Raises:
        DataError: If a split would be empty.
    """
    if min(num_train, num_test) < 1:
        raise DataError("shapes needs at least one image to train and to test with")
    generator = torch.Generator().manual_seed(seed)
    train, test = (_draw(num, generator) for num in (num_train, num_test))
    return Dataset("shapes", train, test, levels=256)


def caption(tokens: Tensor) -> str:
    """The words of one caption, shape (5,)."""
    return " ".join(WORDS[token] for token in tokens.tolist())


def _draw(num: int, generator: Generator) -> Split:
    def integers(end: int) -> Tensor:
        return torch.randint(end, (num,), generator=generator)

    size, kind, color = integers(len(SIZES)), integers(len(KINDS)), integers(len(COLORS))
    ground = (color + 1 + integers(len(COLORS) - 1)) % len(COLORS)
    centre = _MAX_SHIFT * (2 * torch.rand(num, 2, generator=generator) - 1)
    radius = torch.tensor(list(SIZES.values()))[size]
    cover = _coverage(kind, centre, radius)[:, None]
    palette = torch.tensor(list(COLORS.values()), dtype=torch.float32)[..., None, None]
    x = (cover * palette[color] + (1 - cover) * palette[ground]).round().to(torch.uint8)
    words = [
        size,
        len(SIZES) + color,
        len(SIZES) + len(COLORS) + kind,
        torch.full_like(kind, WORDS.index("on")),
        len(SIZES) + ground,
    ]
    return Split(x, torch.stack(words, dim=1))


def _coverage(kind: Tensor, centre: Tensor, radius: Tensor) -> Tensor:
    """The share of each pixel that a shape covers, shape (N, 16, 16)."""
    pixels = torch.arange(SIZE) - (SIZE - 1) / 2
    x = (pixels - centre[:, :1])[:, None]
    y = (pixels - centre[:, 1:])[:, :, None]
    r = radius[:, None, None]
    arm = 0.35 * r
    outside = torch.stack(  # distances beyond the edge, in pixels; negative inside
        [
            (x**2 + y**2).sqrt() - r,
            torch.maximum(x.abs(), y.abs()) - 0.85 * r,
            torch.maximum(y - 0.75 * r, 0.88 * x.abs() - 0.47 * (y + r)),
            torch.minimum(
                torch.maximum(x.abs() - r, y.abs() - arm), torch.maximum(x.abs() - arm, y.abs() - r)
            ),
        ]
    )
    return (0.5 - outside[kind, torch.arange(len(kind))]).clamp(0, 1)
