"""Fixtures that many tests share: one sandbox and one grader of the first pack."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from autograder.config import ROOT, Config, load_config
from autograder.grading.grader import Grader
from autograder.grading.results import Result
from autograder.grading.suite import Suite
from autograder.machine import start_sandbox
from autograder.submission import Submission

GradeFiles = Callable[..., Result]


@pytest.fixture(scope="session")
def config() -> Config:
    """The course's configuration, with short time limits."""
    config = load_config()
    limits = config.limits.model_copy(update={"probe_seconds": 2.0})
    return config.model_copy(update={"limits": limits})


@pytest.fixture(scope="session")
def grader(config: Config) -> Iterator[Grader]:
    """A grader of HW1 in a real sandbox."""
    with start_sandbox(config) as sandbox:
        yield Grader(Suite("hw1_likelihood", config), sandbox, seed=20260101)


@pytest.fixture(scope="session")
def grade_files(grader: Grader) -> GradeFiles:
    """Grade files given by path, on some modules' questions or on all."""

    def grade(files: Mapping[str, bytes], *modules: str) -> Result:
        sources = {path: data for path, data in files.items() if path.endswith(".py")}
        others = {path: data for path, data in files.items() if path not in sources}
        submission = Submission(id="test", sha256="test", files=sources, others=others, notes=())
        questions = [grader.suite.pack.question(module) for module in modules]
        return grader.grade(submission, questions or None)

    return grade


@pytest.fixture
def own_root(tmp_path: Path) -> Path:
    """A copy of all that a suite is made of, for a test to change."""
    for folder in ("autograder/graders", "autograder/misconceptions", "solutions"):
        shutil.copytree(ROOT / folder, tmp_path / "own" / folder)
    return tmp_path / "own"
