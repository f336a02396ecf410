"""Figures: learning curves, images, densities in the plane."""

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from training.common import Curve

mpl.rcParams.update(
    {
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 11,
        "font.size": 10,
        "legend.frameon": False,
    }
)

COLORS = [mpl.colormaps["tab10"](i) for i in range(10)]

_LIMIT = 3.5
_CELLS = 160
_CHUNK = 400
_MISSING = (0.55, 0.72, 0.92)
_GAP = (0.5, 0.5, 0.5)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sized in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def curve_figure(
    curve: Curve, ylabel: str, title: str, baselines: Mapping[str, float] | None = None
) -> Figure:
    """Losses against steps, with horizontal lines for models that one should beat."""
    figure = new_figure(6, 3.8)
    axes = figure.subplots()
    steps = range(1, len(curve.train) + 1)
    axes.plot(steps, curve.train, color=COLORS[0], alpha=0.35, linewidth=1, label="training batch")
    axes.plot(curve.test_steps, curve.test, color=COLORS[3], linewidth=2, label="test")
    for color, (label, value) in zip(("0.35", "0.6"), (baselines or {}).items(), strict=False):
        axes.axhline(value, color=color, linestyle="--", linewidth=1, label=label)
    low = min(*curve.train, *curve.test)
    top = max([*curve.test, *(baselines or {}).values()])
    span = max(top - low, 0.1)
    axes.set_ylim(low - 0.1 * span, top + 0.2 * span)
    axes.set(xlabel="training steps", ylabel=ylabel, title=title)
    axes.legend()
    return figure


def show_images(axes: Axes, images: Tensor, columns: int, title: str = "") -> None:
    """Images side by side, row by row.

    Args:
        axes: Where to draw.
        images: Values in [0, 1], shape (N, H, W) or (N, C, H, W) with C = 1 or 3. NaN is a missing
            pixel and comes out blue.
        columns: Number of images in a row.
        title: What they are.
    """
    x = images.detach().cpu().float()
    x = (x[:, None] if x.dim() == 3 else x).expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    pixels = np.where(x.isnan(), _MISSING, x.clip(0, 1))
    num, height, width, _ = pixels.shape
    rows = -(-num // columns)
    gap = max(1, height // 14)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), _GAP)
    for i, image in enumerate(pixels):
        top, left = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    axes.imshow(sheet, interpolation="nearest")
    axes.set_title(title)
    axes.set(xticks=(), yticks=())
    axes.spines[:].set_visible(False)


def image_rows(rows: Mapping[str, Tensor], title: str) -> Figure:
    """One row of images for each entry, all of one length, with its name to the left."""
    images = torch.cat(list(rows.values()))
    columns = len(images) // len(rows)
    label_width = 0.5 + 0.1 * max(map(len, rows))
    figure = new_figure(0.6 * columns + label_width, 0.6 * len(rows) + 0.5)
    axes = figure.subplots()
    show_images(axes, images, columns, title)
    bottom, top = axes.get_ylim()
    pitch = (bottom - top) / len(rows)
    axes.set_yticks([top + (i + 0.5) * pitch for i in range(len(rows))], list(rows))
    axes.tick_params(length=0)
    return figure


def plane() -> tuple[Tensor, float]:
    """The centres of a grid's cells over the plane, shape (160^2, 2), and the area of a cell."""
    width = 2 * _LIMIT / _CELLS
    centres = -_LIMIT + width * (torch.arange(_CELLS) + 0.5)
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], dim=1), width**2


@torch.no_grad()
def density_on_plane(
    log_prob: Callable[[Tensor], Tensor], device: torch.device
) -> tuple[Tensor, float]:
    """A density on the grid of :func:`plane`, shape (160^2,), and its integral over it."""
    points, area = plane()
    density = torch.cat([log_prob(p).exp() for p in points.to(device).split(_CHUNK)]).cpu()
    return density, float(area * density.sum())


def show_density(axes: Axes, density: Tensor, title: str) -> None:
    """A density as :func:`density_on_plane` returns it, bright where it is high."""
    extent = (-_LIMIT, _LIMIT, -_LIMIT, _LIMIT)
    axes.imshow(
        density.reshape(_CELLS, _CELLS), origin="lower", extent=extent, cmap="magma", vmin=0
    )
    _square(axes, title)


def show_points(axes: Axes, points: Tensor, title: str, labels: Tensor | None = None) -> None:
    """Points in the plane, coloured by their labels."""
    options: dict[str, Any] = {"color": COLORS[0]}
    if labels is not None:
        options = {"c": labels.cpu(), "cmap": "tab10", "vmin": 0, "vmax": 9}
    x, y = points.detach().cpu().T
    axes.scatter(x, y, s=3, alpha=0.6, linewidths=0, **options)
    _square(axes, title)


def _square(axes: Axes, title: str) -> None:
    axes.set(xlim=(-_LIMIT, _LIMIT), ylim=(-_LIMIT, _LIMIT), aspect="equal", title=title)
    axes.set(xticks=(-2, 0, 2), yticks=(-2, 0, 2), xlabel="$x_1$", ylabel="$x_2$")
