"""Q2: the score of points at many noise levels, and annealed Langevin sampling with it."""

from collections.abc import Callable

import torch
from diffusion.score_matching import (
    annealed_langevin,
    annealed_step_sizes,
    denoising_score_matching_loss,
    exact_score_matching_loss,
    sliced_score_matching_loss,
)
from matplotlib.axes import Axes
from torch import Tensor, nn
from training.common import Run, fit
from training.denoiser import Denoiser
from training.figures import COLORS, new_figure, show_points

from datasets import POINTS, Dataset, Split

DATA = "gaussians"
STEPS = 1500
NEEDS = "Q2c and Q2d (Q2a and Q2b add a comparison)"

_SIGMAS = (2.0, 0.05)  # largest and smallest
_NUM_LEVELS = 12
_STEPS_PER_LEVEL = 100
_STEP = 0.0007
_BATCH = 256
_LEARNING_RATE = 3e-3
_SHOWN_LEVELS = (1.0, 0.4, 0.15)
_CHAINS = 800
_PATHS = 8
_SNAPSHOTS = (0, 3, 6, 9, 12)
_ARROWS = 22
_LIMIT = 2.6
_COMPARED_AT = 0.4
_EXPECT = {DATA: ("about 0.02", "about 0.01")}


Loss = Callable[[Callable[[Tensor], Tensor], Split, Tensor], Tensor]
"""(score, split, index) -> loss."""


class ScoreNetwork(nn.Module):
    """A score as a network of x and ln sigma, divided by sigma, as all scores of noisy data are."""

    def __init__(self, num_dims: int, horizon: float) -> None:
        super().__init__()
        self.network = Denoiser(num_dims, horizon=horizon)

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Scores at points (B, D) that hold noise of standard deviations (B,)."""
        total = (1 + sigma[:, None] ** 2).sqrt()
        return self.network(x / total, sigma.log()) / sigma[:, None]


def train(run: Run) -> None:
    """Fit a score to all noise levels, draw it, walk along it; compare three losses."""
    data = run.load(POINTS)
    levels = torch.linspace(0, 1, _NUM_LEVELS, device=run.device)
    sigmas = _SIGMAS[0] * (_SIGMAS[1] / _SIGMAS[0]) ** levels
    score = ScoreNetwork(2, horizon=4.0).to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        x = split.x[index]
        ratio = _SIGMAS[1] / _SIGMAS[0]
        sigma = _SIGMAS[0] * ratio ** run.uniform(len(x))
        return denoising_score_matching_loss(score, x, sigma, run.normal(*x.shape), power=2)

    fit(run, score, loss, data, batch_size=_BATCH, learning_rate=_LEARNING_RATE)
    score.requires_grad_(False)
    expect = _EXPECT.get(data.name, ("", ""))
    if data.name == DATA:
        for sigma, text in zip(_SHOWN_LEVELS, ("", expect[0], ""), strict=True):
            error = _relative_error(run, data, lambda x, s=sigma: score(x, _all(s, x)), sigma)
            run.report(f"relative error of the score at sigma = {sigma:g}", error, "", text)
    _show_fields(run, data, score)
    _sample(run, data, score, sigmas)
    if data.name == DATA:
        with run.optional("the comparison of losses"):
            _compare_losses(run, data, expect[1])


def _all(sigma: float, x: Tensor) -> Tensor:
    """One noise level for every example, shape (B,)."""
    return x.new_full((len(x),), sigma)


def _exact_score(data: Dataset, x: Tensor, sigma: float) -> Tensor:
    """The score of eight Gaussians with noise of one level, by their moments."""
    parts = [data.train.x[data.train.y == k] for k in range(data.num_classes)]
    means = torch.stack([part.mean(dim=0) for part in parts])
    variance = torch.stack([part.var(dim=0).mean() for part in parts]).mean() + sigma**2
    towards = means - x[:, None]
    shares = (-towards.square().sum(dim=2) / (2 * variance)).softmax(dim=1)
    return (shares[:, :, None] * towards).sum(dim=1) / variance


def _relative_error(
    run: Run, data: Dataset, score: Callable[[Tensor], Tensor], sigma: float
) -> float:
    """Mean squared error of a score on noisy test points, relative to the score's mean square."""
    x = data.test.x + sigma * run.normal(*data.test.x.shape)
    exact = _exact_score(data, x, sigma)
    return ((score(x) - exact).square().sum() / exact.square().sum()).item()


def _show_fields(run: Run, data: Dataset, score: ScoreNetwork) -> None:
    figure = new_figure(4.2 * len(_SHOWN_LEVELS), 4.3)
    for axes, sigma in zip(figure.subplots(1, len(_SHOWN_LEVELS)), _SHOWN_LEVELS, strict=True):
        noisy = data.train.x[:_CHAINS] + sigma * run.normal(_CHAINS, 2)
        show_points(axes, noisy, rf"$\sigma = {sigma:g}$: data with noise, and the score")
        axes.collections[0].set(color="0.8")
        _arrows(axes, lambda x, s=sigma: score(x, _all(s, x)), run.device)
    run.save(figure, "fields.png")


def _arrows(axes: Axes, score: Callable[[Tensor], Tensor], device: torch.device) -> None:
    """Directions of a score; the longer the arrow the larger, up to a limit."""
    places = torch.linspace(-_LIMIT, _LIMIT, _ARROWS, device=device)
    x = torch.cartesian_prod(places, places)
    field = score(x).detach()
    length = field.norm(dim=1, keepdim=True)
    field = field / length * (length / length.median()).clamp(max=1.5)
    axes.quiver(*x.T.cpu(), *field.T.cpu(), color=COLORS[3], scale=45, width=0.0035, zorder=3)
    axes.set(xlim=(-_LIMIT - 0.2, _LIMIT + 0.2), ylim=(-_LIMIT - 0.2, _LIMIT + 0.2))


def _sample(run: Run, data: Dataset, score: ScoreNetwork, sigmas: Tensor) -> None:
    """Annealed Langevin sampling, one step at a time, to see the way."""
    x = _SIGMAS[0] * run.normal(_CHAINS, 2)
    path = [x]
    for sigma, step in zip(sigmas, annealed_step_sizes(sigmas, _STEP).tolist(), strict=True):
        for _ in range(_STEPS_PER_LEVEL):
            noise = run.normal(1, 1, *x.shape)
            x = annealed_langevin(score, x, sigma[None], noise, step)
            path.append(x)
    none = run.normal(1, 0, *x.shape)
    x = annealed_langevin(score, x, sigmas[-1:], none, _STEP, denoise=True)
    figure = new_figure(3.2 * len(_SNAPSHOTS), 6.7)
    panels = figure.subplots(2, len(_SNAPSHOTS))
    for top, bottom, level in zip(*panels, _SNAPSHOTS, strict=True):
        now = level * _STEPS_PER_LEVEL
        below = f"the last {_STEPS_PER_LEVEL // 2} steps of {_PATHS} paths" if level else "data"
        title = rf"after $\sigma = {sigmas[level - 1]:.2g}$" if level else "start"
        show_points(top, path[now], title)
        show_points(bottom, data.train.x[:_CHAINS], below)
        bottom.collections[0].set(color="0.8")
        start = max(0, now - _STEPS_PER_LEVEL // 2)
        for i in range(_PATHS) if level else ():
            walk = torch.stack([points[i] for points in path[start : now + 1]]).cpu()
            bottom.plot(*walk.T, linewidth=0.7, color=COLORS[i % 10])
            bottom.plot(*walk[-1], "o", markersize=4, color=COLORS[i % 10])
    run.save(figure, "annealing.png")
    if data.name == DATA:
        nearest = torch.cdist(x, _centres(data)).min(dim=1)
        std = data.train.x[data.train.y == 0].std(dim=0).mean()
        run.report("samples near a centre", (nearest.values < 3 * std).float().mean().item())
        shares = nearest.indices.bincount(minlength=data.num_classes) / len(x)
        run.report("smallest share of a Gaussian", shares.min().item(), "", "about 1/8")


def _centres(data: Dataset) -> Tensor:
    return torch.stack([data.train.x[data.train.y == k].mean(0) for k in range(data.num_classes)])


def _compare_losses(run: Run, data: Dataset, expect: str) -> None:
    """The same network and the same noisy points, by three losses."""
    sigma = _COMPARED_AT

    def noisy(split: Split, index: Tensor) -> Tensor:
        return split.x[index] + sigma * run.normal(len(index), 2)

    def by_exact(score: Callable[[Tensor], Tensor], split: Split, index: Tensor) -> Tensor:
        with torch.enable_grad():
            return exact_score_matching_loss(score, noisy(split, index))

    def by_slices(score: Callable[[Tensor], Tensor], split: Split, index: Tensor) -> Tensor:
        with torch.enable_grad():
            v = run.normal(1, len(index), 2)
            return sliced_score_matching_loss(score, noisy(split, index), v)

    def by_denoising(score: Callable[[Tensor], Tensor], split: Split, index: Tensor) -> Tensor:
        x = split.x[index]
        eps = run.normal(*x.shape)
        return denoising_score_matching_loss(lambda y, _: score(y), x, _all(sigma, x), eps, power=2)

    losses = {"exact": by_exact, "sliced": by_slices, "denoising": by_denoising}
    figure = new_figure(4.2 * len(losses), 4.3)
    for axes, (name, objective) in zip(figure.subplots(1, 3), losses.items(), strict=True):
        network = nn.Sequential(
            nn.Linear(2, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 2)
        ).to(run.device)

        def loss(
            split: Split, index: Tensor, network: nn.Module = network, by: Loss = objective
        ) -> Tensor:
            return by(network, split, index)

        fit(run, network, loss, data, batch_size=_BATCH, learning_rate=_LEARNING_RATE)
        network.requires_grad_(False)
        error = _relative_error(run, data, network, sigma)
        text = expect if name == "exact" else ""
        run.report(f"relative error by {name} score matching", error, "", text)
        x = data.train.x[:_CHAINS] + sigma * run.normal(_CHAINS, 2)
        show_points(axes, x, f"{name} score matching, error {error:.3f}")
        axes.collections[0].set(color="0.8")
        _arrows(axes, network, run.device)
    run.save(figure, "losses.png")
