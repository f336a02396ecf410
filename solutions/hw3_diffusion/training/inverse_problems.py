"""Q10: one model of images and many uses: holes, resolution, colours, CT, and drawings."""

import math
from collections.abc import Callable

import torch
from diffusion.ddim import ddim_step, time_pairs
from diffusion.inverse_problems import (
    Downsample,
    Grayscale,
    Operator,
    Radon,
    ddnm_step,
    dps_step,
    repaint_step,
    replace_observed,
    sdedit,
)
from diffusion.networks import UNet
from torch import Tensor
from training.common import Run
from training.figures import image_rows, new_figure, show_images
from training.noise_model import NUM_LEVELS, NoiseModel, train_noise_model
from training.strokes import draw

DATA = "shapes"
STEPS = 3000
NEEDS = "Q9a to Q9c and Q9e, Q3a, Q3b, Q4a, Q4c, Q5a, Q5b (every part of Q10 adds a figure)"

_WIDTHS = {"shapes": (16, 32, 64), "phantoms": (8, 24, 48)}
_BATCH = {"shapes": 32, "phantoms": 16}
_EMBEDDING = 64
_SHOWN = 12
_NUM_STEPS, _GRADIENT_STEPS = 50, 100
_ROUNDS = 6
_FACTOR = 4
_GREY = (0.299, 0.587, 0.114)
_VIEWS, _DETECTORS = 8, 32
# A scan adds up many pixels, so that its gradient is larger.
_ZETA, _ZETA_CT = 1.0, 0.1
_STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
_EXPECT = {
    "inpainting, replacement": "about 19",
    "inpainting, DPS": "about 22",
    "resolution, DPS": "about 22; pseudo-inverse: 18",
    "CT, DDNM": "about 25; pseudo-inverse: 18.5",
    "CT, DPS": "about 27",
}

Method = Callable[[Tensor, int, int], Tensor]


def train(run: Run) -> None:
    """Train a U-Net on images, then use it for what it was not trained for."""
    data = run.load(tuple(_WIDTHS)).rescale(-1.0, 1.0)
    unet = UNet(data.train.x.shape[1], _WIDTHS[data.name], _EMBEDDING)
    model = train_noise_model(run, data, unet, batch_size=_BATCH[data.name])
    run.report("test loss", model.curve.test[-1])
    x = data.test.x[:_SHOWN]
    _show_samples(run, model, x)
    if data.name == "phantoms":
        with run.optional("ct.png"):
            _scan(run, model, x)
        return
    with run.optional("inpainting.png"):
        _inpaint(run, model, x)
    with run.optional("super_resolution.png"):
        _sharpen(run, model, x)
    with run.optional("colourisation.png"):
        _colour(run, model, x)
    with run.optional("sdedit.png"):
        _edit(run, model)


def _walk(run: Run, shape: torch.Size, step: Method, num_steps: int = _NUM_STEPS) -> Tensor:
    """From noise to images."""
    x = run.normal(*shape)
    with torch.no_grad():
        for t, t_prev in time_pairs(NUM_LEVELS, num_steps):
            x = step(x, t, t_prev)
    return x


def _sampler(run: Run, model: NoiseModel) -> Method:
    """Steps with fresh noise, as those of DDPM, of any length."""

    def step(x: Tensor, t: int, t_prev: int) -> Tensor:
        eps = model.network(x, torch.full(x.shape[:1], t, device=x.device))
        return ddim_step(x, eps, t, t_prev, model.alpha_bar, 1.0, run.normal(*x.shape))

    return step


def _by_projection(
    run: Run, model: NoiseModel, y: Tensor, shape: torch.Size, a: Operator
) -> Tensor:
    def step(x: Tensor, t: int, t_prev: int) -> Tensor:
        return ddnm_step(model.network, x, y, a, t, t_prev, model.alpha_bar)

    return _walk(run, shape, step)


def _by_gradient(
    run: Run,
    model: NoiseModel,
    y: Tensor,
    shape: torch.Size,
    measure: Callable[[Tensor], Tensor],
    zeta: float = _ZETA,
) -> Tensor:
    def step(x: Tensor, t: int, t_prev: int) -> Tensor:
        return dps_step(model.network, x, y, measure, t, t_prev, model.alpha_bar, zeta)

    return _walk(run, shape, step, _GRADIENT_STEPS)


def _report(run: Run, what: str, images: Tensor, truth: Tensor) -> None:
    """The peak signal-to-noise ratio of images with values in [-1, 1]."""
    error = (images - truth).square().mean().item()
    run.report(f"{what}: PSNR", 10 * math.log10(4 / error), "dB", _EXPECT.get(what, ""))


def _save(run: Run, rows: dict[str, Tensor], title: str, name: str) -> None:
    run.save(image_rows({label: (x + 1) / 2 for label, x in rows.items()}, title), name)


def _show_samples(run: Run, model: NoiseModel, x: Tensor) -> None:
    samples = _walk(run, torch.Size((4 * len(x), *x.shape[1:])), _sampler(run, model))
    figure = new_figure(10, 3.8)
    panels = figure.subplots(1, 2, width_ratios=(1, 4))
    show_images(panels[0], (x + 1) / 2, 3, "test images")
    show_images(panels[1], (samples + 1) / 2, len(x), f"samples in {_NUM_STEPS} steps")
    run.save(figure, "samples.png")


def _inpaint(run: Run, model: NoiseModel, x: Tensor) -> None:
    mask = torch.ones_like(x[:1, :1])
    mask[..., x.shape[-1] // 2 :] = 0
    y = mask * x
    sample = _sampler(run, model)

    def replace(x: Tensor, t: int, t_prev: int) -> Tensor:
        x = sample(x, t, t_prev)
        return replace_observed(x, y, mask, t_prev, model.alpha_bar, run.normal(*x.shape))

    def repaint(x: Tensor, t: int, t_prev: int) -> Tensor:
        known = run.normal(_ROUNDS, *x.shape)
        jumps = run.normal(_ROUNDS - 1, *x.shape)
        return repaint_step(sample, x, y, mask, t, t_prev, model.alpha_bar, known, jumps)

    rows = {
        "replacement": _walk(run, x.shape, replace),
        f"RePaint, {_ROUNDS} rounds": _walk(run, x.shape, repaint),
        "DPS": _by_gradient(run, model, y, x.shape, lambda x: mask * x),
    }
    for name, images in rows.items():
        _report(run, f"inpainting, {name}", images, x)
    measured = torch.where(mask == 1, x, math.nan)
    _save(
        run,
        {"measured": measured, **rows, "truth": x},
        "Inpainting: the right half is filled in by a model that never saw half an image",
        "inpainting.png",
    )


def _sharpen(run: Run, model: NoiseModel, x: Tensor) -> None:
    operator = Downsample(_FACTOR)
    y = operator.forward(x)
    rows = {
        "DDNM": _by_projection(run, model, y, x.shape, operator),
        "DPS": _by_gradient(run, model, y, x.shape, operator.forward),
    }
    for name, images in {"pseudo-inverse": operator.pinv(y), **rows}.items():
        _report(run, f"resolution, {name}", images, x)
    _save(
        run,
        {"measured": operator.pinv(y), **rows, "truth": x},
        f"Super-resolution from {y.shape[-2]} x {y.shape[-1]} pixels",
        "super_resolution.png",
    )


def _colour(run: Run, model: NoiseModel, x: Tensor) -> None:
    operator = Grayscale(torch.tensor(_GREY, device=x.device))
    y = operator.forward(x)
    rows = {
        f"DDNM, {which} noise": _by_projection(run, model, y, x.shape, operator)
        for which in ("first", "second", "third")
    }
    for name, images in rows.items():
        grey = (operator.forward(images) - y).abs().max().item()
        run.report(f"colours, {name}: error of the grey values", grey)
    _save(
        run,
        {"measured": y.expand_as(x), **rows, "truth": x},
        "Colourisation: every noise gives other colours with the same grey",
        "colourisation.png",
    )


def _scan(run: Run, model: NoiseModel, x: Tensor) -> None:
    angles = math.pi * torch.arange(_VIEWS, device=x.device) / _VIEWS
    operator = Radon(*x.shape[-2:], angles, _DETECTORS)
    y = operator.forward(x)
    rows = {
        "pseudo-inverse": operator.pinv(y),
        "DDNM": _by_projection(run, model, y, x.shape, operator),
        "DPS": _by_gradient(run, model, y, x.shape, operator.forward, _ZETA_CT),
    }
    for name, images in rows.items():
        _report(run, f"CT, {name}", images, x)
    sinogram = y.repeat_interleave(x.shape[-2] // _VIEWS, dim=-2)
    smeared = operator.adjoint(y)
    _save(
        run,
        {"sinogram": _stretch(sinogram), "backprojection": _stretch(smeared), **rows, "truth": x},
        f"Computed tomography from {_VIEWS} views, a row of the sinogram each",
        "ct.png",
    )


def _stretch(x: Tensor) -> Tensor:
    """Scaled so that the values of all images reach from -1 to 1."""
    return 2 * (x - x.min()) / (x.max() - x.min()) - 1


def _edit(run: Run, model: NoiseModel) -> None:
    guide = draw().to(run.device)
    rows = {"drawing": guide}
    noise = run.normal(*guide.shape)
    with torch.no_grad():
        for strength in _STRENGTHS:
            edited = sdedit(_sampler(run, model), guide, strength, model.alpha_bar, noise)
            rows[f"strength {strength:g}"] = edited
            change = (edited - guide).square().mean().sqrt().item()
            run.report(f"change by SDEdit of strength {strength:g}", change)
    _save(run, rows, "SDEdit: from strokes to shapes, ever further from the drawing", "sdedit.png")
