"""Q7: GANs on a ring of Gaussians, where lost modes are seen at once, and on images."""

from collections.abc import Callable, Container
from typing import NamedTuple

import torch
from torch import Tensor, nn
from training.adversarial import Average, losses_figure, mlp, play
from training.classifier import SmallClassifier, train_classifier
from training.common import Run
from training.figures import new_figure, show_images, show_points
from training.images import flatten
from vae_gan.divergences import frechet_distance
from vae_gan.gan import (
    discriminator_loss,
    generator_loss_minimax,
    generator_loss_non_saturating,
    gradient_penalty,
    wgan_losses,
)

from datasets import IMAGES, POINTS, Dataset

DATA = "ring"
STEPS = 1500
NEEDS = "Q7a and Q7c (images: Q8e adds a distance)"

_BATCH = 128
_HIDDEN = 128
_CRITIC_ROUNDS = 3
_SHOWN = 1000
_COLUMNS, _ROWS = 10, 6
_SNAPSHOTS = 7
_LIMIT = 2.4
_GOOD_WITHIN = 3  # standard deviations from the centre of a mode
_EXPECT = "about 0.9 after 1500 steps, and 8 modes"
_METHODS = ("minimax GAN", "non-saturating GAN", "WGAN-GP")


class _Game(NamedTuple):
    """What suits the data: dimensions of the noise, learning rate, weight of the penalty."""

    noise: int
    learning_rate: float
    penalty: float


_ON_POINTS = _Game(noise=2, learning_rate=4e-3, penalty=0.1)
_ON_IMAGES = _Game(noise=16, learning_rate=1e-3, penalty=1.0)


def train(run: Run) -> None:
    """Train two GANs and a WGAN-GP on points or images."""
    data = run.load((*POINTS, *IMAGES))
    if data.name in POINTS:
        _train_on_points(run, data)
    else:
        _train_on_images(run, data)


def _compete(
    run: Run,
    x: Tensor,
    method: str,
    game: _Game,
    generator: nn.Module,
    critic: nn.Module,
    watch: Callable[[int], None],
) -> dict[str, list[float]]:
    """Train both players by one of the methods; their losses."""

    def real() -> Tensor:
        return x[run.integers(len(x), _BATCH)]

    def fake() -> Tensor:
        return generator(run.normal(_BATCH, game.noise))

    def score(x: Tensor) -> Tensor:
        return critic(x).squeeze(1)

    def critic_loss() -> Tensor:
        r, f = real(), fake().detach()
        if method != "WGAN-GP":
            return discriminator_loss(score(r), score(f))
        loss, _ = wgan_losses(score(r), score(f))
        return loss + gradient_penalty(score, r, f, run.uniform(_BATCH), game.penalty)

    def generator_loss() -> Tensor:
        f = score(fake())
        if method == "WGAN-GP":
            return wgan_losses(f, f)[1]
        return (
            generator_loss_minimax(f)
            if method == "minimax GAN"
            else generator_loss_non_saturating(f)
        )

    return play(
        run,
        generator,
        generator_loss,
        critic,
        critic_loss,
        learning_rate=game.learning_rate,
        rounds=_CRITIC_ROUNDS if method == "WGAN-GP" else 1,
        what=method,
        watch=watch,
    )


def _train_on_points(run: Run, data: Dataset) -> None:
    x = data.train.x
    eps = run.normal(_SHOWN, _ON_POINTS.noise)
    when = sorted({round(run.steps * (i / (_SNAPSHOTS - 1)) ** 2) for i in range(_SNAPSHOTS)})
    figure = new_figure(2.0 * len(when) + 0.4, 2.2 * len(_METHODS))
    panels = figure.subplots(len(_METHODS), len(when), squeeze=False)
    for row, method in zip(panels, _METHODS, strict=True):
        generator = mlp((_ON_POINTS.noise, _HIDDEN, _HIDDEN, 2)).to(run.device)
        critic = mlp((2, _HIDDEN, _HIDDEN, 1)).to(run.device)
        camera = _Camera(generator, eps, when)
        _compete(run, x, method, _ON_POINTS, generator, critic, camera.watch)
        snapshots = camera.snapshots
        for axes, step, points in zip(row, when, snapshots, strict=True):
            show_points(axes, x[:_SHOWN], "")
            axes.collections[0].set(color="0.8")
            show_points(axes, points, f"step {step}" if method == _METHODS[0] else "")
            axes.set(xticks=(), yticks=(), xlabel="", ylabel="", xlim=(-_LIMIT, _LIMIT))
            axes.set(ylim=(-_LIMIT, _LIMIT))
        row[0].set(ylabel=method)
        modes, good = _modes(snapshots[-1], data)
        run.report(f"modes found by {method}", modes, f"of {data.num_classes}")
        run.report(
            f"good samples of {method}",
            good,
            "",
            _EXPECT if data.name == DATA else "",
        )
    run.save(figure, "modes.png")


class _Camera:
    """Takes samples from the same noise after some of the steps."""

    def __init__(self, generator: nn.Module, eps: Tensor, when: Container[int]) -> None:
        self.generator = generator
        self.eps = eps
        self.when = when
        self.snapshots: list[Tensor] = []

    @torch.no_grad()
    def watch(self, step: int) -> None:
        if step in self.when:
            self.snapshots.append(self.generator(self.eps))


def _modes(points: Tensor, data: Dataset) -> tuple[int, float]:
    """How many parts of the data have samples nearby, and the share of samples near any part."""
    parts = [data.train.x[data.train.y == k] for k in range(data.num_classes)]
    centres = torch.stack([part.mean(dim=0) for part in parts])
    spread = torch.stack([(part - part.mean(dim=0)).std() for part in parts])
    distance, nearest = torch.cdist(points, centres).min(dim=1)
    good = distance < _GOOD_WITHIN * spread[nearest]
    counts = nearest[good].bincount(minlength=len(parts))
    return int((counts > 0.01 * len(points)).sum()), good.float().mean().item()


def _train_on_images(run: Run, data: Dataset) -> None:
    data, shape = flatten(data.rescale(-1.0, 1.0))
    num, dims = _COLUMNS * _ROWS, data.train.x.shape[1]
    judge = train_classifier(run, data.train.x, data.train.y, data.num_classes, steps=300)
    panels = {f"test images: {data.name}": data.test.x[:num]}
    for method in _METHODS:
        sizes = (_ON_IMAGES.noise, 2 * _HIDDEN, 2 * _HIDDEN, dims)
        generator = nn.Sequential(mlp(sizes), nn.Tanh()).to(run.device)
        critic = mlp((dims, 2 * _HIDDEN, 2 * _HIDDEN, 1)).to(run.device)
        average = Average(generator)
        losses = _compete(run, data.train.x, method, _ON_IMAGES, generator, critic, average.watch)
        name = f"losses_{method.lower().replace(' ', '_')}.png"
        run.save(losses_figure(losses, f"{method} on {data.name}"), name)
        with torch.no_grad():
            samples = average.network(run.normal(len(data.test), _ON_IMAGES.noise))
        panels[f"samples of {method}"] = samples[:num]
        with run.optional("the Fréchet distance"):
            distance = _distance(judge, data.test.x, samples)
            run.report(f"Fréchet distance of {method} to test images", distance)
    figure = new_figure(4.3 * len(panels), 2.9)
    for axes, (title, x) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        show_images(axes, (x.unflatten(1, shape) + 1) / 2, _COLUMNS, title)
    run.save(figure, "samples.png")


def _distance(judge: SmallClassifier, real: Tensor, samples: Tensor) -> float:
    """Fréchet distance of a classifier's features."""
    moments = []
    for x in (real, samples):
        features = judge.features(x)
        moments += [features.mean(dim=0), features.T.cov()]
    return frechet_distance(*moments).item()
