"""Q8: a flow of points and its rectification; and a flow of images."""

from dataclasses import replace

import torch
from diffusion.flow_matching import (
    euler_sample,
    flow_matching_loss,
    heun_sample,
    rectification_pairs,
    straightness,
)
from matplotlib.axes import Axes
from torch import Tensor
from training.common import Run, fit
from training.denoiser import Denoiser
from training.distance import energy_distance
from training.figures import COLORS, curve_figure, image_rows, new_figure, show_points
from training.judge import Judge

from datasets import IMAGES, POINTS, Dataset, Split

DATA = "moons"
STEPS = 2000
NEEDS = "Q8b and Q8c (Q8d adds rectification)"

_BATCH = 512
_LEARNING_RATE = 3e-3
_NUM_STEPS = (1, 2, 5, 50)
_PATH_STEPS, _PAIR_STEPS = 50, 20
_SHOWN = 1500
_PATHS = 150
_PAIRS, _TEST_PAIRS = 8000, 1000
_JUDGED_PER_CLASS = 60
_COLUMNS = 20
_EXPECT = {
    "moons": ("about 0.85", "about 0.77", "below 0.001", "about 0"),
}
_EXPECT_IMAGES = {"digits": "about 2.7; other real digits: 3, a full Gaussian: 8"}


def train(run: Run) -> None:
    """Train a flow, and if the data are points, train another one on its pairs."""
    data = run.load((*POINTS, *IMAGES))
    if data.name in POINTS:
        _train_on_points(run, data)
    else:
        _train_on_images(run, data.rescale(-1.0, 1.0))


def _train_on_points(run: Run, data: Dataset) -> None:
    expect = _EXPECT.get(data.name, ("", "", "", ""))
    first = Denoiser(2).to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        x = split.x[index]
        return flow_matching_loss(first, run.normal(*x.shape), x, run.uniform(len(x)))

    fit(run, first, loss, data, batch_size=_BATCH, learning_rate=_LEARNING_RATE)
    flows = {"flow": first.requires_grad_(False)}
    with run.optional("rectification"):
        flows["rectified flow"] = _rectify(run, first, data)
    start = run.normal(_SHOWN, 2)
    figure = new_figure(3.1 * (1 + len(_NUM_STEPS)), 3.3 * len(flows))
    panels = figure.subplots(len(flows), 1 + len(_NUM_STEPS), squeeze=False)
    for row, (name, flow), texts in zip(
        panels, flows.items(), (expect[:2], expect[2:]), strict=False
    ):
        path = _path(flow, start)
        with run.optional("straightness"):
            run.report(f"straightness of the {name}", straightness(path).item(), "", texts[0])
        _show_path(row[0], path, f"paths of the {name}")
        for axes, num in zip(row[1:], _NUM_STEPS, strict=True):
            samples = euler_sample(flow, start, num)
            distance = energy_distance(samples, data.test.x)
            text = texts[1] if num == 1 else ""
            run.report(f"energy distance, {name}, {_steps(num)}", distance, "", text)
            show_points(axes, samples, _steps(num))
    run.save(figure, "flows.png")


def _rectify(run: Run, first: Denoiser, data: Dataset) -> Denoiser:
    """A second flow, which begins as the first and is trained on where that one leads."""

    def draw(num: int) -> Split:
        noise = run.normal(num, 2)
        pairs = rectification_pairs(lambda x: heun_sample(first, x, _PAIR_STEPS), noise, 1000)
        return Split(torch.stack(pairs, dim=1))

    second = Denoiser(2).to(run.device)
    second.load_state_dict(first.state_dict())

    def loss(split: Split, index: Tensor) -> Tensor:
        noise, x = split.x[index].unbind(dim=1)
        return flow_matching_loss(second, noise, x, run.uniform(len(x)))

    pairs = replace(data, train=draw(_PAIRS), test=draw(_TEST_PAIRS))
    fit(run, second, loss, pairs, batch_size=_BATCH, learning_rate=_LEARNING_RATE)
    return second.requires_grad_(False)


@torch.no_grad()
def _path(flow: Denoiser, start: Tensor) -> Tensor:
    """Where Euler's method stands after each of its steps, shape (N + 1, B, 2)."""
    path = [start]
    for n in range(_PATH_STEPS):
        t = start.new_full((len(start),), n / _PATH_STEPS)
        path.append(path[-1] + flow(path[-1], t) / _PATH_STEPS)
    return torch.stack(path)


def _show_path(axes: Axes, path: Tensor, title: str) -> None:
    show_points(axes, path[0, :_PATHS], title)
    axes.collections[0].set(color="0.5")
    for walk in path[:, :_PATHS].transpose(0, 1).cpu():
        axes.plot(*walk.T, color=COLORS[0], linewidth=0.5, alpha=0.5)
    axes.scatter(*path[-1, :_PATHS].T.cpu(), s=6, color=COLORS[3], zorder=3)


def _train_on_images(run: Run, data: Dataset) -> None:
    shape = data.train.x.shape[1:]
    model = Denoiser(shape.numel(), data.num_classes, width=256).to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        x, y = split.x[index], split.y[index]
        t = run.uniform(len(x))
        return flow_matching_loss(lambda x_t, t: model(x_t, t, y), run.normal(*x.shape), x, t)

    curve = fit(run, model, loss, data, batch_size=_BATCH, learning_rate=_LEARNING_RATE)
    title = f"Velocity on {data.name}, predicted"
    run.save(curve_figure(curve, "squared error per image", title), "curve.png")
    judge = Judge(run, data)
    y = torch.arange(data.num_classes, device=run.device).repeat(_JUDGED_PER_CLASS)
    start = run.normal(len(y), *shape)
    rows = {}
    for num in _NUM_STEPS:
        samples = euler_sample(lambda x, t: model(x, t, y), start, num)
        text = _EXPECT_IMAGES.get(data.name, "") if num == max(_NUM_STEPS) else ""
        name = f"Fréchet distance to test images, {_steps(num)}"
        run.report(name, judge.distance(samples), "", text)
        rows[_steps(num)] = (samples[:_COLUMNS] + 1) / 2
    rows["test images"] = (data.test.x[:_COLUMNS] + 1) / 2
    run.save(image_rows(rows, f"The same noise, carried to {data.name} in few steps"), "steps.png")


def _steps(num: int) -> str:
    return "1 step" if num == 1 else f"{num} steps"
