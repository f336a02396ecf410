"""Rough drawings of shapes, by strokes on a plain ground."""

import torch
from torch import Tensor

from datasets.shapes import COLORS, SIZE

_WIDTH = 1.3

_Stroke = tuple[float, float, float, float]

_DRAWINGS: tuple[tuple[str, str, tuple[_Stroke, ...]], ...] = (
    ("red", "white", ((4, 4, 12, 3), (12, 3, 13, 12), (13, 12, 4, 13), (4, 13, 4, 4))),
    ("yellow", "blue", ((8, 2, 8, 14), (2, 8, 14, 7))),
    ("white", "green", ((8, 2, 3, 12), (3, 12, 13, 12), (13, 12, 8, 2), (7, 9, 9, 9))),
    ("blue", "white", ((5, 5, 11, 6), (11, 8, 5, 8), (5, 10, 11, 11))),
    ("black", "yellow", ((3, 8, 8, 3), (8, 3, 13, 8), (13, 8, 8, 13), (8, 13, 3, 8))),
    ("green", "black", ((8, 4, 8, 12), (4, 8, 12, 7))),
    ("blue", "yellow", ((5, 11, 8, 4), (8, 4, 12, 11), (6, 11, 11, 11), (7, 8, 9, 8))),
    (
        "white",
        "red",
        ((5, 5, 10, 4), (10, 4, 12, 10), (12, 10, 7, 12), (7, 12, 5, 5), (7, 7, 9, 9)),
    ),
)
"""Colour, ground, and strokes from (x, y) to (x, y) in pixels."""


def draw() -> Tensor:
    """Eight drawings, float32 in [-1, 1], shape (8, 3, 16, 16)."""
    return torch.stack([_draw(*drawing) for drawing in _DRAWINGS])


def _draw(color: str, ground: str, strokes: tuple[_Stroke, ...]) -> Tensor:
    pixels = torch.arange(SIZE) + 0.5
    places = torch.stack(torch.meshgrid(pixels, pixels, indexing="xy"), dim=-1)
    distances = []
    for x0, y0, x1, y1 in strokes:
        start, way = torch.tensor([x0, y0]) * 1.0, torch.tensor([x1 - x0, y1 - y0]) * 1.0
        share = ((places - start) @ way / way.square().sum()).clamp(0, 1)
        distances.append((places - start - share[..., None] * way).norm(dim=-1))
    cover = (_WIDTH + 0.5 - torch.stack(distances).amin(dim=0)).clamp(0, 1)
    ink, paper = (torch.tensor(COLORS[name])[:, None, None] / 127.5 - 1 for name in (color, ground))
    return cover * ink + (1 - cover) * paper
