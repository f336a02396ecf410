"""Q3: MADE on binary images."""

from likelihood.made import MADE
from torch import Tensor
from training.common import Run, average, fit
from training.figures import curve_figure, new_figure, show_images

from datasets import IMAGES, Split

DATA = "digits"
STEPS = 400
NEEDS = "Q3a to Q3c (Q3d adds samples)"

_MAX_HIDDEN = 1024
_COLUMNS, _ROWS = 10, 6
_EXPECT = {"digits": "about 19 after 400 steps; independent pixels: 25.2; below 15 a mask leaks"}
_BASELINES = {"digits": {"independent pixels": 25.2}}


def train(run: Run) -> None:
    """Train in raster order, judge, sample."""
    data = run.load(IMAGES).requantize(2)
    shape = data.train.x.shape[1:]
    num_dims = shape.numel()
    hidden = min(4 * num_dims, _MAX_HIDDEN)
    model = MADE(range(num_dims), (hidden, hidden)).to(run.device)

    def nats(split: Split, index: Tensor) -> Tensor:
        return -model.log_prob(split.x[index].flatten(1).float())

    curve = fit(run, model, nats, data, batch_size=100, learning_rate=5e-3)
    run.report(
        "test negative log-likelihood",
        average(nats, data.test),
        "nats",
        _EXPECT.get(data.name, ""),
    )
    title = f"MADE on binary {data.name}"
    figure = curve_figure(curve, "nats per image", title, _BASELINES.get(data.name))
    run.save(figure, "curve.png")

    with run.optional("samples.png"):
        num = _COLUMNS * _ROWS
        samples = model.sample(run.uniform(num, num_dims)).unflatten(1, shape)
        figure = new_figure(8.6, 2.9)
        left, right = figure.subplots(1, 2)
        show_images(left, data.test.x[:num], _COLUMNS, f"test images: {data.name}")
        show_images(right, samples, _COLUMNS, "samples of MADE")
        run.save(figure, "samples.png")
