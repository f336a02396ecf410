"""Q3: two schedules, how fast they destroy an image, and how well their levels are spent."""

import torch
from diffusion.schedules import alpha_bars, cosine_betas, linear_betas, snr
from torch import Tensor
from training.common import Run
from training.figures import COLORS, image_rows, new_figure

from datasets import IMAGES

DATA = "digits"
STEPS = 1000
NEEDS = "Q3a and Q3b"

_COLUMNS = 16
_USEFUL = (0.01, 100.0)  # ratios of signal to noise in between leave something to be learnt
_EXPECT = {"linear": "0.65", "cosine": "0.88"}


def train(run: Run) -> None:
    """Draw schedules of as many levels as --steps says (nothing is trained)."""
    image = run.load(IMAGES).rescale(-1.0, 1.0).test.x[0]
    num = max(run.steps, 2)
    scale = 1000 / num  # the usual linear schedule is for 1000 levels
    schedules = {
        "linear": linear_betas(num, min(1e-4 * scale, 0.5), min(0.02 * scale, 0.999), run.device),
        "cosine": cosine_betas(num, device=run.device),
    }
    figure = new_figure(11, 3.4)
    panels = figure.subplots(1, 3)
    rows = {}
    eps = run.normal(*image.shape)
    for color, (name, betas) in zip((COLORS[0], COLORS[3]), schedules.items(), strict=True):
        alpha_bar = alpha_bars(betas)
        ratio = snr(alpha_bar)
        low, high = _USEFUL
        useful = ((low < ratio) & (ratio < high)).float().mean().item()
        expect = _EXPECT[name] if num == STEPS else ""
        run.report(f"levels of use, {name} schedule", useful, "of all", expect)
        run.report(f"signal left at the end, {name} schedule", alpha_bar[-1].sqrt().item())
        for axes, values in zip(panels, (betas, alpha_bar, ratio), strict=True):
            axes.plot(values.cpu(), color=color, linewidth=2, label=name)
        rows[name] = _destroy(image, eps, alpha_bar)
    betas_axes, signal_axes, ratio_axes = panels
    betas_axes.set(title=r"variance of a step $\beta_t$", yscale="log", xlabel="$t$")
    signal_axes.set(title=r"share of the signal $\bar\alpha_t$", xlabel="$t$")
    ratio_axes.set(title="signal-to-noise ratio", yscale="log", xlabel="$t$", ylim=(1e-6, 1e5))
    ratio_axes.axhspan(*_USEFUL, color="0.92", zorder=0, label="levels of use")
    signal_axes.legend()
    ratio_axes.legend()
    run.save(figure, "schedules.png")
    title = f"One image and one noise at {_COLUMNS} equally spaced levels"
    run.save(image_rows(rows, title), "noising.png")


def _destroy(image: Tensor, eps: Tensor, alpha_bar: Tensor) -> Tensor:
    """The image (C, H, W) with the noise of equally spaced levels, grey values, (16, C, H, W)."""
    chosen = torch.linspace(0, len(alpha_bar) - 1, _COLUMNS, device=alpha_bar.device).long()
    level = alpha_bar[chosen][:, None, None, None]
    return (level.sqrt() * image + (1 - level).sqrt() * eps + 1) / 2
