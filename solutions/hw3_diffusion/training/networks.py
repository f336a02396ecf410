"""Q9: a U-Net and a transformer of blocks that the time steers, on the same noise."""

import torch
from diffusion.ddpm import p_sample_loop
from diffusion.networks import DiTBlock, UNet, time_embedding
from torch import Tensor, nn
from training.common import Curve, Run
from training.figures import COLORS, new_figure, show_images
from training.judge import Judge
from training.noise_model import NUM_LEVELS, classes_in_turn, load_images, train_noise_model

from datasets import Dataset

DATA = "digits"
STEPS = 800
NEEDS = "Q9a to Q9c and Q9e, Q3a, Q3b, Q4a, Q4c, Q4e (Q9d adds the transformer)"

_WIDTHS = (16, 32)
_EMBEDDING = 64
_TOKEN_WIDTH, _HEADS, _DEPTH, _PATCH = 64, 4, 3, 2
_LEARNING_RATE = 3e-3
_JUDGED_PER_CLASS = 30
_SHOWN_PER_CLASS = 8
_EXPECT = {"digits": ("about 3", "5 to 8")}


class ClassUNet(nn.Module):
    """A U-Net that is told the class along with the time."""

    def __init__(self, data: Dataset) -> None:
        super().__init__()
        self.labels = nn.Embedding(data.num_classes, _EMBEDDING)
        self.unet = UNet(data.train.x.shape[1], _WIDTHS, _EMBEDDING, embedding=self._embed)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """Noise in images (B, C, H, W) at steps t and of classes y, both (B,)."""
        # The U-Net hands one number per example on to its embedding: two in one.
        return self.unet(x, t + NUM_LEVELS * y)

    def _embed(self, t_and_y: Tensor, dim: int) -> Tensor:
        return time_embedding(t_and_y % NUM_LEVELS, dim) + self.labels(t_and_y // NUM_LEVELS)


class ClassDiT(nn.Module):
    """A diffusion transformer: patches of 2 x 2 pixels are its tokens."""

    def __init__(self, data: Dataset) -> None:
        super().__init__()
        channels, height, width = data.train.x.shape[1:]
        self.labels = nn.Embedding(data.num_classes, _EMBEDDING)
        self.embed = nn.Sequential(
            nn.Linear(_EMBEDDING, _EMBEDDING), nn.SiLU(), nn.Linear(_EMBEDDING, _EMBEDDING)
        )
        self.tokens = nn.Conv2d(channels, _TOKEN_WIDTH, _PATCH, stride=_PATCH)
        num_tokens = height // _PATCH * (width // _PATCH)
        self.places = nn.Parameter(0.1 * torch.randn(num_tokens, _TOKEN_WIDTH))
        self.blocks = nn.ModuleList(
            DiTBlock(_TOKEN_WIDTH, _HEADS, _EMBEDDING) for _ in range(_DEPTH)
        )
        self.pixels = nn.ConvTranspose2d(_TOKEN_WIDTH, channels, _PATCH, stride=_PATCH)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """Noise in images (B, C, H, W) at steps t and of classes y, both (B,)."""
        emb = self.embed(time_embedding(t, _EMBEDDING) + self.labels(y))
        maps = self.tokens(x)
        h = maps.flatten(2).transpose(1, 2) + self.places
        for block in self.blocks:
            h = block(h, emb)
        return self.pixels(h.transpose(1, 2).reshape(maps.shape))


def train(run: Run) -> None:
    """Train both on the same task, compare their losses and their samples by class."""
    data = load_images(run)
    judge = Judge(run, data)
    expect = _EXPECT.get(data.name, ("", ""))
    results = {"U-Net": _train(run, data, judge, "U-Net", ClassUNet(data), expect[0])}
    with run.optional("the DiT"):
        results["DiT"] = _train(run, data, judge, "DiT", ClassDiT(data), expect[1])
    figure = new_figure(4.6 + 4.3 * len(results), 3.9)
    learning, *images = figure.subplots(1, 1 + len(results))
    for color, (name, (curve, _)) in zip((COLORS[0], COLORS[3]), results.items(), strict=False):
        learning.plot(curve.test_steps, curve.test, color=color, linewidth=2, label=name)
    learning.set(xlabel="training steps", ylabel="test squared error per pixel", ylim=(0, None))
    learning.set(title=f"Noise in {data.name}, predicted")
    learning.legend()
    num = data.num_classes * _SHOWN_PER_CLASS
    for axes, (name, (_, samples)) in zip(images, results.items(), strict=True):
        title = f"{name}: samples, one class per column"
        show_images(axes, (samples[:num] + 1) / 2, data.num_classes, title)
    run.save(figure, "networks.png")


def _train(
    run: Run, data: Dataset, judge: Judge, name: str, network: nn.Module, expect: str
) -> tuple[Curve, Tensor]:
    """The losses of a network, and its samples of all classes in turn."""
    model = train_noise_model(run, data, network, learning_rate=_LEARNING_RATE)
    y = classes_in_turn(run, data, _JUDGED_PER_CLASS)
    start = run.normal(len(y), *data.train.x.shape[1:])
    noises = run.normal(NUM_LEVELS, *start.shape)
    with torch.no_grad():
        samples = p_sample_loop(model.of_class(y), start, noises, model.betas)
    run.report(f"Fréchet distance to test images, {name}", judge.distance(samples), "", expect)
    run.report(f"samples of their class, {name}", judge.accuracy(samples, y))
    return model.curve, samples
