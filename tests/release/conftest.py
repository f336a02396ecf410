"""A small made-up course: one pack with two questions, and the hidden files of a grader."""

from pathlib import Path

import pytest

from autograder.config import Config, Pack, load_config

ALPHA = '''"""Q1. The first question."""

import math

SCALE = 2.0


def double(x: float) -> float:
    """Twice x."""
    # BEGIN SOLUTION
    answer_of_double = SCALE * x
    return math.fsum([answer_of_double])
    # END SOLUTION


class Shift:
    """Adds a constant."""

    def __init__(self, by: float) -> None:
        self.by = by

    def forward(self, x: float) -> float:
        """x + by."""
        total = 0.0
        if self.by:
            # BEGIN SOLUTION
            total = x + self.by + 0.0 * x * self.by
            # END SOLUTION
        return total
'''

BETA = '''"""Q2. The second question."""


def negate(x: float) -> float:
    """Minus x."""
    # BEGIN SOLUTION
    minus_one = -1.0
    return minus_one * x + 0.0 * minus_one
    # END SOLUTION
'''

TEST_ALPHA = """import pytest

from toy.alpha import Shift, double


@pytest.mark.part("a")
def test_double():
    assert double(2.0) == 4.0, "double(2) must be 4"


@pytest.mark.part("a")
def test_double_of_nothing():
    assert double(0.0) == 0.0


@pytest.mark.part("b")
def test_shift():
    assert Shift(1.0).forward(2.0) == 3.0, "Shift(1)(2) must be 3"
"""

TEST_BETA = """import pytest

from toy.beta import negate


@pytest.fixture
def negated():
    return negate(1.0)


@pytest.mark.part("a")
def test_negate(negated):
    assert negated == -1.0
"""

HIDDEN_TEST = "def test_hidden():\n    check_doubles_of(17.125, -3.5)\n"
HINT = "HINT = 'you have squared x where twice x is asked'\n"

FILES = {
    "solutions/hw9_toy/toy/__init__.py": "",
    "solutions/hw9_toy/toy/alpha.py": ALPHA,
    "solutions/hw9_toy/toy/beta.py": BETA,
    "solutions/hw9_toy/toy/scaffold.py": "WIDTH = 3\n",
    "solutions/hw9_toy/tests/test_alpha.py": TEST_ALPHA,
    "solutions/hw9_toy/tests/test_beta.py": TEST_BETA,
    "solutions/hw9_toy/README.md": "# The toy homework\n",
    "solutions/hw9_toy/train.py": "print('training')\n",
    "solutions/hw9_toy/rubric/derivation.md": "Two points for the change of variables.\n",
    "solutions/hw9_toy/toy/__pycache__/alpha.cpython-311.pyc": "x",
    "solutions/hw9_toy/runs/figure.txt": "x",
    "datasets/__init__.py": "NAMES = ()\n",
    "datasets/tests/test_datasets.py": "",
    "autograder/graders/hw9_toy/test_alpha.py": HIDDEN_TEST,
    "autograder/misconceptions/hw9_toy/alpha.py": HINT,
}

PACK = {
    "short": "hw9",
    "title": "Toys",
    "package": "toy",
    "questions": [
        {
            "id": 1,
            "title": "First steps",
            "module": "alpha",
            "kind": "core",
            "minutes": 5,
            "parts": [
                {"id": "a", "title": "Doubling", "functions": ["double"], "points": 30},
                {"id": "b", "title": "Shifting", "functions": ["Shift.forward"], "points": 50},
            ],
        },
        {
            "id": 2,
            "title": "Signs",
            "module": "beta",
            "kind": "core",
            "minutes": 5,
            "parts": [{"id": "a", "title": "Minus", "functions": ["negate"], "points": 20}],
        },
    ],
}


@pytest.fixture
def config() -> Config:
    pack = Pack.model_validate(PACK)
    return load_config().model_copy(update={"packs": {"hw9_toy": pack}})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The made-up project."""
    for name, text in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path / "project"
