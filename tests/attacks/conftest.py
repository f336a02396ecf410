"""A grader full of secrets, and what must hold of every grade that it gives to an attack."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import psutil
import pytest
import torch
from attacks.attacks import MODULE, PATH, wrong_program

from autograder.classroom.outputs import Outputs
from autograder.config import ROOT, Config, load_config
from autograder.grading.grader import Grader
from autograder.grading.results import Result, Row
from autograder.grading.suite import Suite
from autograder.machine import start_sandbox
from autograder.submission import Submission

CANARY = "CANARY-0a1b2c3d4e5f6789"
SEED = 314159265358979
OTHER = "bayes"
PAGE_TAGS = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "strong", "div"}
PAGE_TAGS |= {"section", "span", "code", "pre", "a"}
PAGE_TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
Judge = Callable[..., Result]


@pytest.fixture(scope="session")
def hasty() -> Config:
    """The course's configuration, with limits that endless loops reach soon."""
    config = load_config()
    limits = {"probe_seconds": 1.0, "submission_seconds": 60.0}
    return config.model_copy(update={"limits": config.limits.model_copy(update=limits)})


@pytest.fixture(scope="session")
def secret_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all that is hidden, with a canary in every file that must stay outside."""
    root = tmp_path_factory.mktemp("grader")
    for folder in ("autograder/graders", "autograder/misconceptions", "solutions"):
        shutil.copytree(ROOT / folder, root / folder)
    for path in root.rglob("*.py"):
        if path.parent.name != "probes":
            secret = f"\nSECRET = '{CANARY} SEED-{SEED}'\n"
            path.write_text(path.read_text("utf-8") + secret, "utf-8")
    return root


@pytest.fixture(scope="session")
def grader(hasty: Config, secret_root: Path) -> Iterator[Grader]:
    """A grader of HW1 whose hidden files bear the canary."""
    with start_sandbox(hasty) as sandbox:
        yield Grader(Suite("hw1_likelihood", hasty, secret_root), sandbox, seed=SEED)


def assert_plain(text: str, html: bool = False) -> None:
    """Nothing in ``text`` would be obeyed by a terminal, or as ``html`` by a browser."""
    odd = {c for c in text if not c.isprintable() and c not in "\n\t"}
    assert odd == set()
    assert len(text) < 200_000
    if html:
        tags = _Tags()
        tags.feed(text)
        assert tags.found <= PAGE_TAGS


class _Tags(HTMLParser):
    """Collects the elements of a page, and attributes that could run code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.found |= {name for name, value in attrs if name.startswith("on")}


@dataclass(frozen=True)
class Arena:
    """Grades attacks on one question, and looks for what they must not have achieved."""

    grader: Grader
    folder: Path
    told: Mapping[str, object]

    def grade(self, files: Mapping[str, bytes], *modules: str, name: str = "attack") -> Result:
        """Grade ``files``, with right answers, on the questions of ``modules``, or on all."""
        submission = Submission(
            id=name, sha256=name, files=dict(files), others=self.answers, notes=()
        )
        questions = [self.grader.suite.pack.question(module) for module in modules]
        return self.grader.grade(submission, questions or None)

    def attack(self, source: str, files: Mapping[str, bytes] | None = None) -> Result:
        """Grade the wrong program with ``source`` in it, beside right answers to the rest."""
        files = {**self.reference, **(files or {}), PATH: wrong_program(source, self.told)}
        return self.grade(files, MODULE, OTHER)

    @property
    def reference(self) -> dict[str, bytes]:
        """Sources that earn full marks, and hold no canary."""
        return Suite(self.grader.suite.name, self.grader.suite.config).reference_files

    @property
    def answers(self) -> dict[str, bytes]:
        """The right answers to the written questions."""
        return self.grader.suite.reference_answers

    def rows(self, result: Result, module: str) -> tuple[Row, ...]:
        """The rows of one question."""
        question = self.grader.suite.pack.question(module)
        labels = {question.label(part) for part in question.parts}
        return tuple(row for row in result.rows if row.label in labels)

    def outputs(self, result: Result) -> str:
        """Everything that is written about a result, but for the seed, which repeats the grade."""
        outputs = Outputs(self.folder / "outputs", self.grader.suite.config, self.grader.suite.name)
        outputs.write(result)
        grade = outputs.store.keep(result.sha256, "environment", result.device, {}, result)
        outputs.store.stand(result.submission, grade)
        outputs.finish()
        outputs.store.close()
        data = json.loads((outputs.folder / "results" / f"{result.submission}.json").read_text())
        assert data["extra_data"].pop("seed") == SEED
        pages = [path.read_text("utf-8") for path in outputs.folder.rglob("*.html")]
        grades = (outputs.folder / "grades.csv").read_text("utf-8")
        for page in pages:
            assert_plain(page, html=True)
        for text in (grades, *(test["output"] for test in data["tests"])):
            assert_plain(text)
        return "\n".join([json.dumps(data, ensure_ascii=False), grades, *pages])

    def processes(self) -> list[int]:
        """Processes that run an attack's code."""
        mark = self.told["mark"]
        return [p.pid for p in psutil.process_iter(["name"]) if p.info["name"] == mark]


@pytest.fixture(scope="session")
def arena(grader: Grader, secret_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Arena:
    """A place for attacks; its sandbox is warm and its references are computed."""
    folder = tmp_path_factory.mktemp("arena")
    (folder / "results").mkdir()
    told = {
        "secret": [str(secret_root), str(ROOT / "solutions"), str(ROOT / "autograder")],
        "results": str(folder / "results"),
        "grader": os.getpid(),
        "mark": f"attack-{os.getpid()}",
    }
    arena = Arena(grader, folder, told)
    result = arena.grade(arena.reference, MODULE, OTHER)
    assert {row.status for row in result.rows} <= {"passed", "not_graded"}
    return arena


@pytest.fixture(scope="session")
def secrets_in(grader: Grader) -> Callable[[str], list[str]]:
    """The secrets that a text gives away."""
    numbers = set()
    for probe in ("p_values", "typicality", "ratio", "complexity", "area"):
        for value in grader.reference.expected(MODULE, probe).values.values():
            numbers |= {f"{abs(number):.5g}" for number in torch.flatten(value).tolist()}
    hints = grader.suite.misconceptions(MODULE)
    edits = {edit for mistake in hints for pair in mistake.edits for edit in pair}
    words = {
        CANARY,
        str(SEED),
        str(ROOT / "autograder"),
        str(grader.suite.root),
        *(number for number in numbers if len(number) > 6),
        *(edit for edit in edits if len(edit) > 25),
    }
    assert len(words) > 40

    def find(text: str) -> list[str]:
        return [word for word in words if word in text]

    return find
