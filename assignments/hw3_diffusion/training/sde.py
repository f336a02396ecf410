"""Q7: from noise to points by the reverse SDE and by the ODE, and the exact likelihood."""

import math
from collections.abc import Callable

import torch
from diffusion.sde import (
    VP,
    edm_denoise,
    edm_preconditioning,
    euler_maruyama,
    expand,
    heun,
    ode_log_prob,
    probability_flow_drift,
    reverse_drift,
    vp_marginal,
)
from matplotlib.axes import Axes
from torch import Tensor
from training.common import Run, fit
from training.denoiser import Denoiser
from training.distance import energy_distance
from training.figures import density_on_plane, new_figure, show_density, show_points

from datasets import POINTS, Dataset, Split

DATA = "moons"
STEPS = 2000
NEEDS = "Q7a to Q7c and Q7e (Q7d adds the likelihood)"

_SDE = VP()
_FIRST = 1e-3  # at time 0 there is no noise, and no score
_BATCH = 512
_LEARNING_RATE = 3e-3
_LOG_SIGMA_MEAN, _LOG_SIGMA_STD = -1.0, 1.4
_SDE_STEPS, _ODE_STEPS = 300, 40
_LIKELIHOOD_STEPS = 20
_SHOWN = 1500
_PATHS = 60
_EXPECT = {"moons": ("about 1.89; one Gaussian: 2.72", "below 0.005", "below 0.01")}

Score = Callable[[Tensor, Tensor], Tensor]


def train(run: Run) -> None:
    """Learn a denoiser, use its score in both equations, and in the likelihood."""
    data = run.load(POINTS)
    expect = _EXPECT.get(data.name, ("", "", ""))
    score = _train_score(run, data)
    start = run.normal(_SHOWN, 2)
    with torch.no_grad():
        paths = {"reverse SDE": _by_sde(run, score, start), "ODE": _by_ode(run, score, start)}
    for (name, (_, path)), text in zip(paths.items(), expect[1:], strict=True):
        distance = energy_distance(path[-1], data.test.x)
        run.report(f"energy distance of samples by the {name}", distance, "", text)
    _show_paths(run, data, paths)
    with run.optional("density.png"):
        _report_likelihood(run, data, score, expect[0])


def _train_score(run: Run, data: Dataset) -> Score:
    """A preconditioned denoiser D(x, sigma), read as a score of the variance-preserving SDE."""
    network = Denoiser(2, width=64).to(run.device)
    spread = data.train.x.std().item()

    def loss(split: Split, index: Tensor) -> Tensor:
        x = split.x[index]
        sigma = (_LOG_SIGMA_MEAN + _LOG_SIGMA_STD * run.normal(len(x))).exp()
        noisy = x + sigma[:, None] * run.normal(*x.shape)
        _, c_out, _, _ = edm_preconditioning(sigma, spread)
        error = edm_denoise(network, noisy, sigma, spread) - x
        return (error / c_out[:, None]).square().sum(dim=1)

    fit(run, network, loss, data, batch_size=_BATCH, learning_rate=_LEARNING_RATE)
    network.requires_grad_(False)

    def score(x: Tensor, t: Tensor) -> Tensor:
        # x_t = m x_0 + s eps is m times an example with noise of standard deviation s / m.
        ones, std = vp_marginal(torch.ones_like(x), t, _SDE.beta_min, _SDE.beta_max)
        mean = ones[:, 0]
        clean = edm_denoise(network, x / ones, std / mean, spread)
        return (ones * clean - x) / expand(std.square(), x)

    return score


def _grid(num: int, device: torch.device) -> Tensor:
    """Times from the data to the noise, closer to each other near the data, shape (num + 1,)."""
    return _FIRST + (1 - _FIRST) * torch.linspace(0, 1, num + 1, device=device) ** 2


def _by_sde(run: Run, score: Score, x: Tensor) -> tuple[Tensor, Tensor]:
    """Times, and where the points are at each of them."""
    times = _grid(_SDE_STEPS, run.device).flip(0)
    path = [x]
    for n in range(_SDE_STEPS):
        noise = run.normal(1, *x.shape)
        path.append(
            euler_maruyama(
                lambda x, t: reverse_drift(_SDE, score, x, t),
                _SDE.diffusion,
                path[-1],
                times[n : n + 2],
                noise,
            )
        )
    return times, torch.stack(path)


def _by_ode(run: Run, score: Score, x: Tensor) -> tuple[Tensor, Tensor]:
    """Times, and where the points are at each of them."""
    times = _grid(_ODE_STEPS, run.device).flip(0)
    path = [x]
    for n in range(_ODE_STEPS):
        path.append(heun(_flow(score), path[-1], times[n : n + 2]))
    return times, torch.stack(path)


def _flow(score: Score) -> Score:
    return lambda x, t: probability_flow_drift(_SDE, score, x, t)


def _show_paths(run: Run, data: Dataset, paths: dict[str, tuple[Tensor, Tensor]]) -> None:
    figure = new_figure(11.5, 7.2)
    panels = figure.subplots(2, 2, width_ratios=(2.2, 1))
    for (left, right), (name, (times, path)) in zip(panels, paths.items(), strict=True):
        _show_times(left, times, path[:, :_PATHS, 0], f"{name}: first coordinate of {_PATHS} paths")
        show_points(right, path[-1], f"{name}: samples")
    run.save(figure, "paths.png")


def _show_times(axes: Axes, times: Tensor, values: Tensor, title: str) -> None:
    axes.plot(times.cpu(), values.cpu(), linewidth=0.6, alpha=0.7)
    axes.set(xlim=(1, 0), ylim=(-3.3, 3.3), title=title)
    axes.set(xlabel="time $t$: noise on the left, data on the right", ylabel="$x_1$")


def _report_likelihood(run: Run, data: Dataset, score: Score, expect: str) -> None:
    times = _grid(_LIKELIHOOD_STEPS, run.device)

    def log_prob(x: Tensor) -> Tensor:
        basis = math.sqrt(2) * torch.eye(2, device=x.device)  # makes the trace exact
        probes = basis[:, None].expand(-1, len(x), -1)
        return ode_log_prob(_flow(score), x, times, probes, prior_std=1.0)[0]

    run.report("test negative log-likelihood", -log_prob(data.test.x).mean().item(), "nats", expect)
    density, integral = density_on_plane(log_prob, run.device)
    run.report("integral of the density over the plane", integral)
    figure = new_figure(8, 4.2)
    left, right = figure.subplots(1, 2)
    show_points(left, data.train.x[:_SHOWN], f"data: {data.name}")
    show_density(right, density, "density, by the change of variables")
    run.save(figure, "density.png")
