"""However often `grade` is killed, and wherever: no grade is lost or changed, and it ends alike."""

import json
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import psutil
import pytest
from classroom.course import LAZY, Course, everything

from autograder.classroom.store import STORE_NAME

STEPS = (
    "connect",  # while starting
    "commit INSERT INTO classes",
    "commit INSERT INTO grades",  # with one submission graded and nothing kept
    "write a.json",
    "rename a.html",
    "commit INSERT INTO history",
    "write b.json",  # with one result written and the next one graded
    "rename c.json",
    "write grades.csv",  # while finishing
    "rename report.html",
)
SECONDS = 60


def command(output: Path, *given: object) -> list[object]:
    return ["grade", "hw1", *(given or ["in"]), "-o", output, "--seed", 11, "-j", 1]


@pytest.fixture(scope="module")
def finished(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the class, graded by a run that nobody killed."""
    shutil.copy(Path(__file__).with_name("dying.py"), course.root)
    output = tmp_path_factory.mktemp("finished") / "out"
    course.run("autograder", *command(output))
    return output


def rows(folder: Path, table: str) -> list[tuple]:
    """The rows of a table of the store; none where there is no such table yet."""
    if not (folder / STORE_NAME).is_file():
        return []
    with sqlite3.connect(folder / STORE_NAME) as file:
        try:
            return file.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
        except sqlite3.OperationalError:
            return []


def kill_at(course: Course, step: str, output: Path, *given: object) -> None:
    """Run the command until just before ``step``; nothing of it may live on."""
    process = course.start("dying", step, *command(output, *given))
    text, _ = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL, (step, text)
    deadline = time.monotonic() + SECONDS
    while any(str(course.root) in _environment(child) for child in psutil.process_iter()):
        assert time.monotonic() < deadline, f"processes outlive {step}"
        time.sleep(0.05)


def _environment(process: psutil.Process) -> str:
    try:
        return process.environ().get("PYTHONPATH", "")
    except psutil.Error:
        return ""


def test_killed_at_every_step_in_turn(course, output, finished):
    kept: dict[str, list[tuple]] = {"grades": [], "history": []}
    for step in STEPS:
        kill_at(course, step, output)
        for table, before in kept.items():
            kept[table] = rows(output, table)
            assert kept[table][: len(before)] == before, step
        for path in (output / "results").glob("*.json"):
            json.loads(path.read_text("utf-8"))
    course.run("autograder", *command(output))
    assert len(rows(output, "grades")) == 3
    assert everything(output) == everything(finished)


CHANGES = {
    "a resubmission": (["again/a.zip"], ("write a.json", "commit INSERT INTO history")),
    "a drop": (["in/c.zip", "--drop", "a"], ("remove a.json", "commit INSERT INTO history")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_killed_while_a_grade_is_replaced_or_dropped(course, finished, tmp_path, change):
    course.archive(course.root / "again" / "a.zip", bayes=LAZY, outliers=LAZY)
    given, steps = CHANGES[change]
    shutil.copytree(finished, tmp_path / "undisturbed")
    course.run("autograder", *command(tmp_path / "undisturbed", *given))
    undisturbed = everything(tmp_path / "undisturbed")
    assert undisturbed != everything(finished)
    for step in steps:
        output = tmp_path / step
        shutil.copytree(finished, output)
        kill_at(course, step, output, *given)
        course.run("autograder", *command(output, *given))
        assert everything(output) == undisturbed, step
