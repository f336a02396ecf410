"""The diffusion model of images that several questions begin with."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusion.ddpm import q_sample, simple_loss
from diffusion.schedules import alpha_bars, linear_betas
from torch import Tensor, nn
from training.common import Curve, Run, fit
from training.denoiser import Denoiser

from datasets import IMAGES, Dataset, Split

NUM_LEVELS = 200
"""Number T of noise levels."""


@dataclass(frozen=True)
class NoiseModel:
    """A trained noise predictor and its schedule.

    Attributes:
        network: Called as ``network(x, t, y)``, or ``network(x, t)`` if there are no classes.
        betas: Variances of the steps, shape (T,).
        alpha_bar: Levels, shape (T,).
        curve: Losses in the course of training.
    """

    network: nn.Module
    betas: Tensor
    alpha_bar: Tensor
    curve: Curve

    def of_class(self, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """The noise predictor of examples of classes y, shape (B,)."""
        return lambda x, t: self.network(x, t, y)


def load_images(run: Run) -> Dataset:
    """The images that were asked for, float32 in [-1, 1]."""
    return run.load(IMAGES).rescale(-1.0, 1.0)


def train_noise_model(
    run: Run,
    data: Dataset,
    network: nn.Module | None = None,
    relabel: Callable[[Tensor], Tensor] = lambda y: y,
    learning_rate: float = 3e-3,
    batch_size: int = 128,
) -> NoiseModel:
    """Train a noise predictor of T = 200 levels, with a linear schedule.

    Args:
        run: What was asked for.
        data: Images with values in [-1, 1]; the classes, if there are any, are told.
        network: What to train; a :class:`Denoiser` if None.
        relabel: What becomes of the classes of a batch, (B,) -> (B,).
        learning_rate: The highest one.
        batch_size: Number of images in a batch.
    """
    # The usual schedule is for 1000 levels.
    start, end = (1000 / NUM_LEVELS * beta for beta in (1e-4, 0.02))
    betas = linear_betas(NUM_LEVELS, start, end, run.device)
    alpha_bar = alpha_bars(betas)
    if network is None:
        network = Denoiser(data.train.x[0].numel(), data.num_classes, horizon=NUM_LEVELS, width=256)
    network = network.to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        x0 = split.x[index]
        condition = (relabel(split.y[index]),) if data.num_classes else ()
        t, eps = run.integers(NUM_LEVELS, len(x0)), run.normal(*x0.shape)
        x_t = q_sample(x0, t, eps, alpha_bar)
        return simple_loss(lambda x, t: network(x, t, *condition), x_t, t, eps)

    curve = fit(run, network, loss, data, batch_size=batch_size, learning_rate=learning_rate)
    return NoiseModel(network.requires_grad_(False), betas, alpha_bar, curve)


def classes_in_turn(run: Run, data: Dataset, num_each: int) -> Tensor:
    """Labels 0, 1, ..., K-1, 0, 1, ..., shape (K * num_each,)."""
    return torch.arange(data.num_classes, device=run.device).repeat(num_each)
