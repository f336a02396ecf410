"""What all questions share: the run, the training loop, the evaluation."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from tqdm import tqdm

from datasets import DOWNLOADED, DataError, Dataset, Split, load

Objective = Callable[[Split, Tensor], Tensor]
"""Losses of the examples of a split that an index tensor (B,) picks: shape (B,), or their mean."""

_NUM_EVALUATIONS = 20
_MAX_EVALUATED = 1024
_CHUNK = 256


class TrainingError(Exception):
    """Training cannot go on; the message is one sentence that says why and what to do."""


@dataclass
class Run:
    """What was asked for on the command line, and what came of it.

    Attributes:
        question: Name of the question.
        data: Name of the data set, or a path.
        device: Where the model lives.
        steps: Number of training steps.
        seed: Seed of the weights, the batches and all noise.
        folder: Where figures and ``metrics.json`` go.
        data_root: Folder of torchvision's files, or None for the default.
        options: Values of the options that only this question has, by name.
        metrics: Numbers noted down so far, by name.
    """

    question: str
    data: str
    device: torch.device
    steps: int
    seed: int
    folder: Path
    data_root: Path | None
    options: Mapping[str, float] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Models draw their first weights from the global generator, all else from this one.
        torch.manual_seed(self.seed)
        self.generator = torch.Generator().manual_seed(self.seed)
        self.folder.mkdir(parents=True, exist_ok=True)

    def load(self, permitted: Sequence[str]) -> Dataset:
        """The data set that was asked for, on the device.

        Raises:
            DataError: If this question cannot use it, or it cannot be had.
        """
        if self.data not in permitted:
            raise DataError(f"--data {self.data} is not one of {', '.join(permitted)}")
        options = {"root": self.data_root} if self.data in DOWNLOADED else {}
        return load(self.data, **options).to(self.device)

    def uniform(self, *shape: int) -> Tensor:
        """Uniform noise in [0, 1)."""
        return torch.rand(shape, generator=self.generator).to(self.device)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal noise."""
        return torch.randn(shape, generator=self.generator).to(self.device)

    def integers(self, end: int, *shape: int) -> Tensor:
        """Random integers in 0..end-1."""
        return torch.randint(end, shape, generator=self.generator).to(self.device)

    def permutation(self, num: int) -> Tensor:
        """The numbers 0..num-1 in random order."""
        return torch.randperm(num, generator=self.generator).to(self.device)

    def progress(self, what: str = "") -> "tqdm[int]":
        """The training steps 1, 2, ..., with a progress bar on a terminal."""
        name = f"{self.question} {what}".rstrip()
        return tqdm(range(1, self.steps + 1), desc=name, unit="step", disable=None)

    def note(self, name: str, value: float) -> None:
        """Note a number down in ``metrics.json``."""
        self.metrics[name] = value
        text = json.dumps(self.metrics, indent=1)
        (self.folder / "metrics.json").write_text(text + "\n", "utf-8")

    def report(self, name: str, value: float, unit: str = "", expect: str = "") -> None:
        """Note a number down and print it, with what to expect where that is known."""
        self.note(name, value)
        print(f"{name}: {value:.3f} {unit}".rstrip())
        if expect:
            print(f"    expect {expect}")

    def save(self, figure: Figure, name: str) -> None:
        """Save a figure in the run's folder."""
        path = self.folder / name
        figure.savefig(path, dpi=130)
        print(f"saved {path}")

    @contextmanager
    def optional(self, what: str) -> Iterator[None]:
        """Leave something out, and say so, if it needs a function that is not started."""
        try:
            yield
        except NotImplementedError as error:
            print(f"left out {what}: {error} is not started")


@dataclass(frozen=True)
class Curve:
    """Losses in the course of training.

    Attributes:
        train: Loss of the batch at every step.
        test_steps: After how many steps the test loss was taken.
        test: Mean loss of test examples, at most the first 1024 of them.
    """

    train: list[float]
    test_steps: list[int]
    test: list[float]


def fit(
    run: Run,
    model: nn.Module,
    objective: Objective,
    data: Dataset,
    *,
    batch_size: int,
    learning_rate: float,
) -> Curve:
    """Minimise the mean objective with AdamW.

    The learning rate rises over the first tenth of the steps and falls to zero along a cosine:
    what is left at the end has settled without any averaging of weights.

    Raises:
        TrainingError: If the loss is no longer a finite number.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=1e-2)
    warmup = max(1, run.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda t: min(1.0, (t + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * t / run.steps)),
    )
    curve = Curve([], [], [])
    every = max(1, run.steps // _NUM_EVALUATIONS)
    bar = run.progress()
    for step in bar:
        index = run.integers(len(data.train), batch_size)
        loss = objective(data.train, index).mean()
        check_finite(loss, step)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        curve.train.append(loss.item())
        if step % every == 0 or step == run.steps:
            curve.test_steps.append(step)
            curve.test.append(average(objective, data.test, _MAX_EVALUATED))
            bar.set_postfix(train=f"{curve.train[-1]:.2f}", test=f"{curve.test[-1]:.2f}")
    return curve


def check_finite(loss: Tensor, step: int) -> None:
    """Stop training at a loss that is infinite or not a number.

    Raises:
        TrainingError: If it is.
    """
    if not loss.isfinite():
        raise TrainingError(
            f"the loss is {loss.item()} at step {step}; look for the logarithm of zero, an "
            "overflow or a division by zero in your functions"
        )


def average(objective: Objective, split: Split, limit: int | None = None) -> float:
    """Mean of an objective over all examples of a split, or over the first ``limit`` of them."""
    return per_example(objective, split, limit).mean().item()


@torch.no_grad()
def per_example(objective: Objective, split: Split, limit: int | None = None) -> Tensor:
    """The objective of every example, shape (N,)."""
    indices = torch.arange(len(split), device=split.x.device)[:limit]
    losses = [objective(split, i).expand(len(i)) for i in indices.split(_CHUNK)]
    return torch.cat(losses)
