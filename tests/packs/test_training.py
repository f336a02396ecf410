"""Training in a student's pack: with all functions written, with none, and with broken ones."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from autograder.config import ROOT, load_config
from autograder.release import render_pack

NAME = "hw1_likelihood"

COMMANDS = {
    "density": "density --steps 20",
    "bayes": "bayes",
    "made": "made --steps 160",
    "pixelcnn": "pixelcnn --steps 2",
    "transformer": "transformer --steps 1",
    "flows": "flows --steps 150",
    "flows on images": "flows --data digits --steps 2 --out images",
    "outliers": "outliers --steps 2",
}

REPEATED = {
    "first": "made --steps 3 --out first",
    "second": "made --steps 3 --out second",
    "other seed": "made --steps 3 --seed 1 --out third",
}

FIGURES = {
    "density": ["density.png", "likelihood.png"],
    "bayes": ["accuracy.png", "classes.png", "imputations.png"],
    "made": ["curve.png", "samples.png"],
    "pixelcnn": ["completions.png", "curve.png", "samples.png"],
    "transformer": ["curve.png", "samples.txt"],
    "flows": ["curve.png", "density.png"],
    "flows on images": ["curve.png", "samples.png"],
    "outliers": ["auroc.png", "examples.png", "likelihoods.png"],
}

DRIVER = """
import contextlib, io, json, sys
import train
{prelude}
results = []
for command in sys.argv[1:]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = train.main(command.split())
    results.append([status, out.getvalue(), err.getvalue()])
print(json.dumps(results))
"""


class Outcome(NamedTuple):
    """What one command left."""

    status: int
    out: str
    err: str


def run(folder: Path, *commands: str, prelude: str = "") -> list[Outcome]:
    """Run ``train.py`` in a pack with each of some arguments, all in one process."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    process = subprocess.run(
        [sys.executable, "-c", DRIVER.format(prelude=prelude), *commands],
        cwd=folder,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return [Outcome(*result) for result in json.loads(process.stdout)]


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def stubs() -> dict[str, bytes]:
    """The files that students get."""
    return render_pack(NAME, load_config())


@pytest.fixture(scope="module")
def solved(stubs: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack in which every function is written."""
    solution = ROOT / "solutions" / NAME
    reference = {
        path.relative_to(solution).as_posix(): path.read_bytes()
        for path in (solution / "likelihood").glob("*.py")
    }
    return write(tmp_path_factory.mktemp("solved"), {**stubs, **reference})


@pytest.fixture(scope="module")
def outcomes(solved: Path) -> dict[str, Outcome]:
    """All questions, trained for a moment."""
    commands = COMMANDS | REPEATED
    return dict(zip(commands, run(solved, *commands.values()), strict=True))


@pytest.mark.parametrize("question", COMMANDS)
class TestEveryQuestion:
    def test_it_runs(self, outcomes: dict[str, Outcome], question: str) -> None:
        outcome = outcomes[question]
        assert (outcome.status, outcome.err) == (0, "")

    def test_it_leaves_what_it_says(
        self, outcomes: dict[str, Outcome], solved: Path, question: str
    ) -> None:
        folder = results_of(solved, question)
        saved = [*FIGURES[question], "metrics.json"]
        assert sorted(path.name for path in folder.iterdir()) == sorted(saved)
        for path in folder.glob("*.png"):
            assert path.read_bytes().startswith(b"\x89PNG")
        for name in FIGURES[question]:
            assert str(Path(folder.parent.name, folder.name, name)) in outcomes[question].out

    def test_it_says_what_to_expect(self, outcomes: dict[str, Outcome], question: str) -> None:
        if question != "outliers":
            assert "    expect " in outcomes[question].out


def results_of(pack: Path, question: str) -> Path:
    if question == "flows on images":
        return pack / "images" / "flows"
    return pack / "runs" / question


@pytest.mark.usefixtures("outcomes")
class TestMetrics:
    """Bands that a few steps reach, and that a model which cheats leaves on the other side."""

    def metrics(self, pack: Path, question: str) -> Any:
        return json.loads((results_of(pack, question) / "metrics.json").read_text("utf-8"))

    def test_made(self, solved: Path) -> None:
        """Better than independent pixels, 25.2 nats."""
        assert 18 < self.metrics(solved, "made")["test negative log-likelihood"] < 24

    def test_flow_on_moons(self, solved: Path) -> None:
        """Better than one Gaussian, 2.72 nats; and a density."""
        metrics = self.metrics(solved, "flows")
        assert 1.8 < metrics["test negative log-likelihood"] < 2.4
        assert metrics["integral of the density over the plane"] == pytest.approx(1, abs=0.01)

    def test_mixture_on_moons(self, solved: Path) -> None:
        metrics = self.metrics(solved, "density")
        assert 1.8 < metrics["test negative log-likelihood of the mixture"] < 2.2
        assert metrics["integral of the mixture over the plane"] == pytest.approx(1, abs=0.01)

    def test_naive_bayes(self, solved: Path) -> None:
        metrics = self.metrics(solved, "bayes")
        assert metrics["test accuracy"] > 0.85
        half = metrics["test accuracy with half the pixels"]
        assert half > metrics["the same with missing pixels taken as off"] + 0.1

    def test_noise_is_an_outlier(self, solved: Path) -> None:
        assert self.metrics(solved, "outliers")["AUROC of -log p: noise"] > 0.9


def test_same_seed_same_numbers(outcomes: dict[str, Outcome]) -> None:
    first, second, other = (outcomes[name].out.splitlines()[0] for name in REPEATED)
    assert first.startswith("test negative log-likelihood: ")
    assert first == second != other


def test_the_untouched_pack(stubs: dict[str, bytes], tmp_path: Path) -> None:
    """One sentence for each question, which names a part and its module."""
    questions = [question for question in COMMANDS if " " not in question]
    results = run(write(tmp_path, stubs), *questions)
    for question, outcome in zip(questions, results, strict=True):
        assert outcome.status == 1
        assert outcome.out == ""
        assert outcome.err.count("\n") == 1
        assert outcome.err.startswith(f"train.py {question} needs Q")
        module = "pixelcnn" if question == "outliers" else question
        assert f": likelihood/{module}.py raises NotImplementedError (Q" in outcome.err


def test_what_cannot_be_done(solved: Path, tmp_path: Path) -> None:
    """It is one sentence; and where only samples are missing, the rest is done."""
    prelude = """
from likelihood.made import MADE
from likelihood.pixelcnn import PixelCNN

def sample(self, u, y=None):
    raise NotImplementedError("Q4c: PixelCNN.sample")

MADE.log_prob = lambda self, x: self(x).sum(dim=1) - float("inf")
PixelCNN.sample = sample
"""
    refused = {
        "made": "the loss is inf at step 1; look for",
        "made --device nonsense": "there is no device 'nonsense' here; use --device cpu",
        "made --data moons": "--data moons is not one of digits, mnist, fashion_mnist, cifar10",
        f"transformer --data {tmp_path / 'none.txt'}": "cannot be read (No such file",
    }
    *outcomes, partial = run(solved, *refused, "pixelcnn --steps 2 --out partial", prelude=prelude)
    for outcome, sentence in zip(outcomes, refused.values(), strict=True):
        assert outcome.status == 1
        assert sentence in outcome.err
        assert outcome.err.count("\n") == 1
    assert partial.status == 0
    missing = "samples.png and completions.png: Q4c: PixelCNN.sample is not started"
    assert missing in partial.out
    assert (solved / "partial/pixelcnn/curve.png").exists()
