"""Training in students' packs: with all functions written, with none, and with broken ones."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from autograder.config import ROOT, load_config
from autograder.release import render_pack

CONFIG = load_config()

VAE_FIGURES = [
    "curve.png",
    "latent_map.png",
    "reconstructions.png",
    "samples.png",
    "traversals.png",
]


class Command(NamedTuple):
    """What is typed after ``train.py``, and the figures that it leaves."""

    arguments: str
    figures: list[str]


COMMANDS = {
    "hw1_likelihood": {
        "density": Command("density --steps 20", ["density.png", "likelihood.png"]),
        "bayes": Command("bayes", ["accuracy.png", "classes.png", "imputations.png"]),
        "made": Command("made --steps 160", ["curve.png", "samples.png"]),
        "pixelcnn": Command("pixelcnn --steps 2", ["completions.png", "curve.png", "samples.png"]),
        "transformer": Command("transformer --steps 1", ["curve.png", "samples.txt"]),
        "flows": Command("flows --steps 150", ["curve.png", "density.png"]),
        "flows on images": Command(
            "flows --data digits --steps 2 --out images", ["curve.png", "samples.png"]
        ),
        "outliers": Command("outliers --steps 2", ["auroc.png", "examples.png", "likelihoods.png"]),
        "first": Command("made --steps 3 --out first", ["curve.png", "samples.png"]),
        "second": Command("made --steps 3 --out second", ["curve.png", "samples.png"]),
        "other seed": Command("made --steps 3 --seed 1 --out other", ["curve.png", "samples.png"]),
    },
    "hw2_vae_gan": {
        "autoencoder": Command(
            "autoencoder --steps 10", ["denoising.png", "errors.png", "reconstructions.png"]
        ),
        "vae": Command("vae --steps 150", VAE_FIGURES),
        "vae with beta": Command("vae --steps 150 --beta 4 --out beta", VAE_FIGURES),
        "iwae": Command("iwae --steps 60", ["bounds.png"]),
        "mixture_prior": Command(
            "mixture_prior --steps 2", ["classes.png", "components.png", "curve.png"]
        ),
        "vqvae": Command("vqvae --steps 60", ["codes.png", "curve.png", "usage.png"]),
        "latent_space": Command("latent_space --steps 20", ["debiasing.png", "interpolations.png"]),
        "gan": Command("gan --steps 7", ["modes.png"]),
        "gan on images": Command(
            "gan --data digits --steps 2 --out images",
            [
                "losses_minimax_gan.png",
                "losses_non-saturating_gan.png",
                "losses_wgan-gp.png",
                "samples.png",
            ],
        ),
        "divergences": Command("divergences --steps 100", ["measures.png", "samples.png"]),
        "conditional": Command("conditional --steps 2", ["classes.png", "translations.png"]),
        "cyclegan": Command(
            "cyclegan --steps 2",
            ["losses.png", "sans_to_serif_bold_italic.png", "serif_bold_italic_to_sans.png"],
        ),
    },
    "hw3_diffusion": {
        "energy": Command("energy --steps 60", ["boltzmann.png", "energies.png"]),
        "score_matching": Command(
            "score_matching --steps 200", ["annealing.png", "fields.png", "losses.png"]
        ),
        "schedules": Command("schedules", ["noising.png", "schedules.png"]),
        "ddpm": Command(
            "ddpm --steps 60",
            ["curve.png", "denoising.png", "guesses.png", "samples.png", "terms.png"],
        ),
        "ddim": Command(
            "ddim --steps 60",
            ["interpolation.png", "inversion.png", "quality.png", "steps.png"],
        ),
        "guidance": Command(
            "guidance --steps 60",
            [
                "classifier_free_sweep.png",
                "classifier_free_tradeoff.png",
                "classifier_sweep.png",
                "classifier_tradeoff.png",
            ],
        ),
        "sde": Command("sde --steps 200", ["density.png", "paths.png"]),
        "flow_matching": Command("flow_matching --steps 200", ["flows.png"]),
        "flow_matching on images": Command(
            "flow_matching --data digits --steps 20 --out images", ["curve.png", "steps.png"]
        ),
        "networks": Command("networks --steps 2", ["networks.png"]),
        "inverse_problems": Command(
            "inverse_problems --steps 2",
            [
                "colourisation.png",
                "inpainting.png",
                "samples.png",
                "sdedit.png",
                "super_resolution.png",
            ],
        ),
        "inverse_problems on phantoms": Command(
            "inverse_problems --data phantoms --steps 1 --out ct", ["ct.png", "samples.png"]
        ),
    },
}

STOPPED_AT = {
    "outliers": "pixelcnn",
    "iwae": "vae",
    "mixture_prior": "vae",
    "latent_space": "vae",
    "ddpm": "schedules",
    "ddim": "schedules",
    "guidance": "schedules",
    "networks": "schedules",
    "inverse_problems": "schedules",
}
"""Which module of an untouched pack a question stops at, if it is not its own."""

WITHOUT_EXPECTATION = ("outliers", "vae with beta", "gan on images")
"""Commands for which nothing is known beforehand."""

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


@cache
def stubs(name: str) -> dict[str, bytes]:
    """The files that students get."""
    return render_pack(name, CONFIG)


class Homework(NamedTuple):
    """A pack in which every function is written, and what its commands left."""

    folder: Path
    outcomes: dict[str, Outcome]

    def results(self, label: str) -> Path:
        """The folder of what a command saved."""
        saved = [line for line in self.outcomes[label].out.splitlines() if "saved " in line]
        return self.folder / Path(saved[0].removeprefix("saved ")).parent

    def metrics(self, label: str) -> Any:
        return json.loads((self.results(label) / "metrics.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def homework(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Homework]:
    """Any pack, with all its commands run once."""

    @cache
    def get(name: str) -> Homework:
        package = ROOT / "solutions" / name / CONFIG.packs[name].package
        written = {f"{package.name}/{p.name}": p.read_bytes() for p in package.glob("*.py")}
        folder = write(tmp_path_factory.mktemp(name), {**stubs(name), **written})
        commands = COMMANDS[name]
        results = run(folder, *(command.arguments for command in commands.values()))
        return Homework(folder, dict(zip(commands, results, strict=True)))

    return get


@pytest.fixture
def hw1(homework: Callable[[str], Homework]) -> Homework:
    return homework("hw1_likelihood")


@pytest.fixture
def hw2(homework: Callable[[str], Homework]) -> Homework:
    return homework("hw2_vae_gan")


@pytest.fixture
def hw3(homework: Callable[[str], Homework]) -> Homework:
    return homework("hw3_diffusion")


@pytest.mark.parametrize(
    ("name", "label"), [(name, label) for name, commands in COMMANDS.items() for label in commands]
)
class TestEveryCommand:
    def test_it_runs(self, homework: Callable[[str], Homework], name: str, label: str) -> None:
        outcome = homework(name).outcomes[label]
        assert (outcome.status, outcome.err) == (0, "")

    def test_it_leaves_what_it_says(
        self, homework: Callable[[str], Homework], name: str, label: str
    ) -> None:
        folder = homework(name).results(label)
        figures = COMMANDS[name][label].figures
        assert sorted(path.name for path in folder.iterdir()) == sorted([*figures, "metrics.json"])
        for path in folder.glob("*.png"):
            assert path.read_bytes().startswith(b"\x89PNG")
        for figure in figures:
            path = Path(folder.parent.name, folder.name, figure)
            assert str(path) in homework(name).outcomes[label].out

    def test_it_says_what_to_expect(
        self, homework: Callable[[str], Homework], name: str, label: str
    ) -> None:
        if label not in WITHOUT_EXPECTATION:
            assert "    expect " in homework(name).outcomes[label].out


class TestMetrics:
    """Bands that a few steps reach, and that a model which cheats leaves on the other side."""

    def test_made(self, hw1: Homework) -> None:
        """Better than independent pixels, 25.2 nats."""
        assert 18 < hw1.metrics("made")["test negative log-likelihood"] < 24

    def test_flow_on_moons(self, hw1: Homework) -> None:
        """Better than one Gaussian, 2.72 nats; and a density."""
        metrics = hw1.metrics("flows")
        assert 1.8 < metrics["test negative log-likelihood"] < 2.4
        assert metrics["integral of the density over the plane"] == pytest.approx(1, abs=0.01)

    def test_mixture_on_moons(self, hw1: Homework) -> None:
        metrics = hw1.metrics("density")
        assert 1.8 < metrics["test negative log-likelihood of the mixture"] < 2.2
        assert metrics["integral of the mixture over the plane"] == pytest.approx(1, abs=0.01)

    def test_naive_bayes(self, hw1: Homework) -> None:
        metrics = hw1.metrics("bayes")
        assert metrics["test accuracy"] > 0.85
        half = metrics["test accuracy with half the pixels"]
        assert half > metrics["the same with missing pixels taken as off"] + 0.1

    def test_noise_is_an_outlier(self, hw1: Homework) -> None:
        assert hw1.metrics("outliers")["AUROC of -log p: noise"] > 0.9

    def test_vae(self, hw2: Homework) -> None:
        """Better than independent pixels, 25.2 nats."""
        assert 17 < hw2.metrics("vae")["test negative ELBO"] < 23

    def test_beta_presses_on_the_code(self, hw2: Homework) -> None:
        plain, pressed = (hw2.metrics(name) for name in ("vae", "vae with beta"))
        assert pressed["test divergence"] < plain["test divergence"] / 2
        assert pressed["test reconstruction"] > plain["test reconstruction"] + 1

    def test_bounds_grow(self, hw2: Homework) -> None:
        metrics = hw2.metrics("iwae")
        bounds = [metrics[f"test bound L_{m}, trained with 1 draw"] for m in (1, 50, 500)]
        assert bounds[0] < bounds[1] < bounds[2] < -15

    def test_measures_know_real_images(self, hw2: Homework) -> None:
        metrics = hw2.metrics("divergences")
        assert metrics["C2ST accuracy: noise"] > 0.95
        assert metrics["C2ST accuracy: real images"] == pytest.approx(0.5, abs=0.1)
        assert metrics["recall: only 0 and 1"] < 0.5 < metrics["precision: only 0 and 1"]
        distances = [metrics[f"Fréchet distance: {name}"] for name in ("real images", "noise")]
        assert distances[0] < distances[1] / 10

    def test_scores_are_right(self, hw3: Homework) -> None:
        """Against the exact score: 0 is right, 1 is no score at all."""
        metrics = hw3.metrics("score_matching")
        assert metrics["relative error of the score at sigma = 1"] < 0.05
        for loss in ("exact", "sliced", "denoising"):
            assert metrics[f"relative error by {loss} score matching"] < 0.2

    def test_schedules(self, hw3: Homework) -> None:
        metrics = hw3.metrics("schedules")
        assert metrics["levels of use, linear schedule"] == pytest.approx(0.647, abs=0.01)
        assert metrics["levels of use, cosine schedule"] == pytest.approx(0.88, abs=0.01)

    def test_diffusion_finds_its_way_back(self, hw3: Homework) -> None:
        """However little a noise predictor has learnt, small steps can be undone."""
        metrics = hw3.metrics("ddim")
        errors = [metrics[f"squared error after {num} steps there and back"] for num in (20, 200)]
        assert errors[1] < errors[0] < 0.1

    def test_likelihood_of_an_ode(self, hw3: Homework) -> None:
        """Better than one Gaussian, 2.72 nats; and a density."""
        metrics = hw3.metrics("sde")
        assert 1.8 < metrics["test negative log-likelihood"] < 2.4
        assert metrics["integral of the density over the plane"] == pytest.approx(1, abs=0.03)

    def test_rectified_flows_are_straight(self, hw3: Homework) -> None:
        metrics = hw3.metrics("flow_matching")
        bent, straight = (
            metrics[f"straightness of the {name}"] for name in ("flow", "rectified flow")
        )
        assert straight < bent / 10
        one_step = [
            metrics[f"energy distance, {name}, 1 step"] for name in ("flow", "rectified flow")
        ]
        assert one_step[1] < one_step[0] / 10

    def test_measurements_are_kept(self, hw3: Homework) -> None:
        """Even by a model that has learnt nothing."""
        metrics = hw3.metrics("inverse_problems")
        for which in ("first", "second", "third"):
            assert metrics[f"colours, DDNM, {which} noise: error of the grey values"] < 1e-4


def test_same_seed_same_numbers(hw1: Homework) -> None:
    first, second, other = (
        hw1.outcomes[label].out.splitlines()[0] for label in ("first", "second", "other seed")
    )
    assert first.startswith("test negative log-likelihood: ")
    assert first == second != other


def test_points_between_the_modes_are_not_good(tmp_path: Path) -> None:
    """The data are good samples of all modes; points in the middle of the ring are none of any."""
    package = ROOT / "solutions/hw2_vae_gan/vae_gan"
    written = {f"vae_gan/{path.name}": path.read_bytes() for path in package.glob("*.py")}
    prelude = """
import torch
from datasets import load
from training.gan import _modes

data = load("ring")
modes, good = _modes(data.train.x, data)
assert modes == 8 and good > 0.97, (modes, good)
assert _modes(torch.zeros(1000, 2), data) == (0, 0.0)
assert _modes(data.train.x / 2, data) == (0, 0.0)
"""
    assert run(write(tmp_path, {**stubs("hw2_vae_gan"), **written}), prelude=prelude) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_untouched_pack(name: str, tmp_path: Path) -> None:
    """One sentence for each question, which names a part and its module."""
    package = CONFIG.packs[name].package
    modules = {question.module for question in CONFIG.packs[name].assigned}
    questions = [label for label in COMMANDS[name] if label in modules]
    results = run(write(tmp_path, stubs(name)), *questions)
    for question, outcome in zip(questions, results, strict=True):
        assert outcome.status == 1
        assert outcome.out == ""
        assert outcome.err.count("\n") == 1
        assert outcome.err.startswith(f"train.py {question} needs Q")
        module = STOPPED_AT.get(question, question)
        assert f": {package}/{module}.py raises NotImplementedError (Q" in outcome.err


@pytest.mark.parametrize("name", COMMANDS)
def test_the_handout_says_what_each_question_needs(name: str) -> None:
    handout = stubs(name)["README.md"].decode()
    for path, data in stubs(name).items():
        needs = re.search(r'^NEEDS = "(.*)"$', data.decode(), re.MULTILINE)
        if needs and path.startswith("training/"):
            assert f"| `train.py {Path(path).stem}` | {needs[1]} |" in handout


def test_only_the_training_of_a_pack_is_in_it() -> None:
    """The harness is the same everywhere, and the questions are each pack's own."""
    first, second, third = (stubs(name) for name in COMMANDS)
    shared = ("__init__", "common", "figures", "notebook")
    for path in ("train.py", *(f"training/{name}.py" for name in shared)):
        assert first[path] == second[path] == third[path]
    classifier = "training/classifier.py"
    assert second[classifier] == third[classifier]
    assert classifier not in first
    assert "training/made.py" not in {**second, **third}
    assert "training/vae.py" not in {**first, **third}
    assert "training/ddpm.py" not in {**first, **second}


def test_what_cannot_be_done(hw1: Homework, tmp_path: Path) -> None:
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
    *outcomes, partial = run(
        hw1.folder, *refused, "pixelcnn --steps 2 --out partial", prelude=prelude
    )
    for outcome, sentence in zip(outcomes, refused.values(), strict=True):
        assert outcome.status == 1
        assert sentence in outcome.err
        assert outcome.err.count("\n") == 1
    assert partial.status == 0
    missing = "samples.png and completions.png: Q4c: PixelCNN.sample is not started"
    assert missing in partial.out
    assert (hw1.folder / "partial/pixelcnn/curve.png").exists()
