"""Q1: a mixture of Gaussians by EM, and a kernel density estimate, on points in the plane."""

import math

from likelihood.density import em_step, gmm_log_joint, gmm_log_prob, gmm_sample, kde_log_prob
from torch import Tensor
from training.common import Run
from training.figures import (
    COLORS,
    density_on_plane,
    new_figure,
    show_density,
    show_points,
)

from datasets import POINTS

DATA = "moons"
STEPS = 100
NEEDS = "Q1e and Q1g (Q1b and Q1f add panels)"

_COMPONENTS = 12
_EXPECT = {"moons": "about 1.9 after 100 steps of EM; one Gaussian: 2.72"}
_BANDWIDTH = 0.12
_SHOWN = 1500

Parameters = tuple[Tensor, Tensor, Tensor]


def train(run: Run) -> None:
    """Fit the mixture, compare, draw."""
    data = run.load(POINTS)
    x, test = data.train.x, data.test.x
    parameters, curve = _expectation_maximisation(run, x, test)
    run.report(
        "test negative log-likelihood of the mixture",
        -curve["test"][-1],
        "nats",
        _EXPECT.get(data.name, ""),
    )
    density, integral = density_on_plane(lambda p: gmm_log_prob(p, *parameters), run.device)
    run.report("integral of the mixture over the plane", integral, "", "1, as for every density")

    panels = [(show_points, x[:_SHOWN], f"data: {data.name}")]
    with run.optional("the kernel density estimate"):
        nll = -kde_log_prob(test, x, _BANDWIDTH).mean().item()
        run.report("test negative log-likelihood of the kernel density estimate", nll, "nats")
        kde, _ = density_on_plane(lambda p: kde_log_prob(p, x, _BANDWIDTH), run.device)
        panels.append((show_density, kde, f"kernels of width {_BANDWIDTH}"))
    panels.append((show_density, density, f"mixture of {_COMPONENTS} Gaussians"))
    with run.optional("samples of the mixture"):
        samples, _ = gmm_sample(*parameters, run.uniform(_SHOWN), run.normal(_SHOWN, 2))
        panels.append((show_points, samples, "samples of the mixture"))
    figure = new_figure(3.2 * len(panels), 3.5)
    for axes, (show, values, title) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        show(axes, values, title)
    run.save(figure, "density.png")

    figure = new_figure(6, 3.8)
    axes = figure.subplots()
    for color, (name, values) in zip((COLORS[0], COLORS[3]), curve.items(), strict=True):
        axes.plot(range(len(values)), values, color=color, label=name)
    axes.set(xlabel="steps of EM", ylabel="mean log-likelihood (nats)")
    axes.set_title("EM never lowers the training likelihood")
    axes.legend()
    run.save(figure, "likelihood.png")


def _expectation_maximisation(
    run: Run, x: Tensor, test: Tensor
) -> tuple[Parameters, dict[str, list[float]]]:
    """Run EM from training points as means; the parameters and the mean log-likelihoods."""
    logits = x.new_zeros(_COMPONENTS)
    means = x[run.permutation(len(x))[:_COMPONENTS]]
    log_stds = x.new_full(means.shape, math.log(0.5))
    parameters = (logits, means, log_stds)
    curve: dict[str, list[float]] = {"training": [], "test": []}

    def record() -> None:
        for name, points in (("training", x), ("test", test)):
            curve[name].append(gmm_log_prob(points, *parameters).mean().item())

    record()
    for _ in range(run.steps):
        parameters = em_step(x, gmm_log_joint(x, *parameters))
        record()
    return parameters, curve
