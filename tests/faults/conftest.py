"""A tiny class that many faults strike: two quick questions and three submissions."""

from pathlib import Path

import pytest
from classroom.course import LAZY, STUB, Course


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course, and ``in``: a partly right, a corrupt and an untouched submission."""
    course = Course(tmp_path_factory.mktemp("course"))
    course.archive(course.root / "in" / "a.zip", outliers=LAZY)
    (course.root / "in" / "b.zip").write_bytes(b"PK\x03\x04 and no more")
    course.archive(course.root / "in" / "c.zip", bayes=STUB, outliers=STUB)
    return course


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where results go."""
    return tmp_path / "out"
