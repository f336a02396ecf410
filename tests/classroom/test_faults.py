"""Whatever ends a batch, or a part of it, costs one line and what was being graded."""

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import psutil
import pytest
import torch
from classroom.course import LAZY, LOOP, STUB, Course, standing
from filelock import FileLock
from typer.testing import CliRunner

from autograder.classroom import start
from autograder.classroom.start import LOCK_NAME
from autograder.classroom.store import STORE_NAME
from autograder.cli import app
from autograder.config import ROOT
from autograder.files import write_text
from autograder.submission.export import METADATA_NAME

ALL = {"a", "b", "c"}
SECONDS = 300


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    """A course, and ``in``: one submission that takes a moment, then two that take seconds."""
    course = Course(tmp_path_factory.mktemp("course"), probe_seconds=2.0)
    course.archive(course.root / "in" / "a.zip", outliers=LAZY)
    course.archive(course.root / "in" / "b.zip", bayes=LOOP, outliers=LOOP)
    course.archive(course.root / "in" / "c.zip", bayes=LOOP)
    return course


@pytest.fixture
def output(course, tmp_path) -> Path:
    return tmp_path / "out"


def kept(folder: Path) -> list[tuple]:
    """The grades in the store, with the time at which each was given."""
    with sqlite3.connect(folder / STORE_NAME) as file:
        return file.execute("SELECT number, graded, result FROM grades").fetchall()


def graded(folder: Path) -> set[str]:
    """The submissions that have a result, seen from outside."""
    if not (folder / "feedback").is_dir():
        return set()
    with sqlite3.connect(folder / STORE_NAME) as file, contextlib.suppress(sqlite3.Error):
        return {name for (name,) in file.execute("SELECT submission FROM history")}
    return set()


def wait_for(number: int, folder: Path, process: subprocess.Popen) -> None:
    """Wait until so many submissions have a result, and not all of them."""
    deadline = time.monotonic() + SECONDS
    while len(graded(folder)) < number:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(graded(folder)) == number < len(ALL)


def test_what_is_killed_costs_another_attempt_and_nothing_else(course, output):
    process = course.start("autograder", "grade", "hw1", "in", "-o", output, "-j", 2)
    wait_for(1, output, process)
    workers = [
        child
        for child in psutil.Process(process.pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    assert len(workers) == 2
    for worker in workers:
        worker.kill()
    wait_for(2, output, process)
    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(family, timeout=SECONDS)
    assert alive == []
    before, results = kept(output), standing(output)
    assert len(before) == 2
    text = course.run("autograder", "grade", "hw1", "in", "-o", output, "-j", 1)
    assert "2 of 3 had their grade already" in text
    assert kept(output)[:2] == before
    assert len(kept(output)) == 3
    assert set(standing(output)) == ALL
    assert not any(result.errors for result in standing(output).values())
    assert results.items() <= standing(output).items()
    assert {path.stem for path in (output / "results").iterdir()} >= ALL
    assert (output / "report.html").is_file()


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (48_000, 48_000))


def test_a_disk_that_fills_up_ends_the_run_and_loses_nothing(course, output):
    folder = output.parent / "many"
    for i in range(6):
        course.archive(folder / f"{i:02d}.zip", bayes=f"x = {i}\n".encode(), outliers=STUB)
    command = ["autograder", "grade", "hw1", folder, "-o", output, "-j", 1]
    text = course.run(*command, status=1, preexec_fn=limit_files)
    (line,) = [line for line in text.splitlines() if line.strip()]
    assert str(output) in line, line
    before = standing(output)
    assert 0 < len(before) < 6
    course.run(*command)
    after = standing(output)
    assert len(after) == 6
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    ("folder", "reason"),
    [("file/out", "Not a directory"), ("/proc/out", "No such file or directory")],
)
def test_a_folder_that_cannot_be_made_is_named_before_anything_is_graded(
    course, tmp_path, folder, reason
):
    (tmp_path / "file").touch()
    output = tmp_path / folder
    text = course.run("autograder", "grade", "hw1", "in", "-o", output, status=1)
    (line,) = [line for line in text.splitlines() if line.strip()]
    assert str(output.parent) in line
    assert reason in line
    assert "kept" not in line


def test_a_store_that_is_no_database_is_left_alone_and_nothing_is_promised(course, output):
    output.mkdir()
    store = output / STORE_NAME
    store.write_bytes(b"something else")
    text = course.run("autograder", "grade", "hw1", "in/a.zip", "-o", output, status=1)
    (line,) = [line for line in text.splitlines() if line.strip()]
    assert str(store) in line
    assert "not a database. Restore a copy of it, or move it away" in line
    assert "kept" not in line
    assert store.read_bytes() == b"something else"


def test_a_folder_is_graded_into_by_one_run_of_one_pack(course, mixed, tmp_path):
    archive, folder = mixed[0] / "in" / "good.zip", mixed[0] / "out"
    text = course.run("autograder", "grade", "hw1", archive, "-o", folder, "--drop", "x", status=1)
    assert "No submission 'x' counts" in text
    with FileLock(folder / LOCK_NAME):
        for command in (["grade", "hw1", archive, "-o", folder], ["report", folder]):
            text = course.run("autograder", *command, status=1)
            assert f"Another `autograder grade` is writing to {folder}" in text


def test_another_pack_leaves_the_grades_of_a_folder_alone(mixed):
    folder = mixed[0] / "out"
    before = standing(folder), contents(folder)
    submission = ROOT / "solutions" / "hw2_vae_gan"
    answer = CliRunner().invoke(app, ["grade", "hw2", str(submission), "-o", str(folder)])
    assert answer.exit_code == 1
    (line,) = answer.output.splitlines()
    assert line.endswith("of hw1_likelihood; choose another folder for hw2_vae_gan.")
    assert (standing(folder), contents(folder)) == before


def contents(folder: Path) -> dict[Path, bytes]:
    """What people read in the folder of a class."""
    return {p: p.read_bytes() for p in folder.rglob("*") if p.suffix in (".csv", ".html", ".json")}


def test_an_error_names_the_file_that_was_meant(tmp_path):
    target = tmp_path / "nowhere" / "grades.csv"
    with pytest.raises(FileNotFoundError) as caught:
        write_text(target, "")
    assert caught.value.filename == str(target)


def test_processes_are_not_more_than_memory_holds(monkeypatch):
    monkeypatch.setattr(start, "_free_bytes", lambda: 10**8)
    assert start.sensible_jobs(1000) == 1


@pytest.fixture
def read_only(tmp_path):
    """A folder that this user cannot write to, not even as root."""
    folder = tmp_path / "read_only"
    folder.mkdir()
    if os.geteuid():
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    command = ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("mounting a file system needs root's capabilities")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_folder_is_named_before_anything_is_graded(course, read_only):
    text = course.run("autograder", "grade", "hw1", "in", "-o", read_only, status=1)
    (line,) = [line for line in text.splitlines() if line.strip()]
    assert str(read_only) in line
    assert "Read-only file system" in line or "Permission denied" in line


@pytest.fixture(scope="module")
def mixed(course, tmp_path_factory) -> tuple[Path, str]:
    """A hand-in with much wrong in it, graded, and what was said."""
    folder = tmp_path_factory.mktemp("mixed")
    course.archive(folder / "in" / "good.zip", outliers=LAZY)
    (folder / "in" / "corrupt.zip").write_bytes(b"PK\x03\x04 and no more")
    (folder / "in" / "notes.txt").write_text("hello")
    (folder / "in" / "lone.py").write_text("x = 1\n")
    (folder / "in" / "nothing").mkdir()
    course.archive(folder / "in" / "twice.zip")
    shutil.copytree(course.root / "solutions" / "hw1_likelihood", folder / "in" / "twice")
    (folder / "in" / "other" / "vae_gan").mkdir(parents=True)
    (folder / "in" / "other" / "vae_gan" / "vae.py").write_text("x = 1\n")
    command = ["autograder", "grade", "hw1", folder / "in", "-o", folder / "out", "--seed", 5]
    return folder, course.run(*command, status=1)


def test_a_bad_hand_in_costs_a_line_each_and_the_rest_is_graded(mixed):
    folder, text = mixed
    assert "1 (notes.txt) not read, being no submissions" in text
    assert "twice.zip would both leave results as 'twice'; neither is graded" in text
    assert "vae_gan/, which belongs to another homework" in text
    assert "cannot be read: corrupt.zip is damaged" in text
    assert "lone: lone.py is a single Python file; pack the homework's folder as a .zip" in text
    assert "see feedback: There is no answers.toml" in text
    results = standing(folder / "out")
    assert set(results) == {"corrupt", "good", "lone", "nothing", "other"}
    assert results["good"].score > 0
    for name in ("corrupt", "lone", "nothing", "other"):
        assert results[name].rows[0].status == "unreadable"
        assert len(results[name].notes) == 1


def test_of_two_archives_of_one_name_alone_the_earlier_grade_stands(course, mixed, output):
    shutil.copytree(mixed[0] / "out", output)
    folder = output.parent / "other"
    course.archive(folder / "good.zip")
    given = [mixed[0] / "in" / "good.zip", folder / "good.zip"]
    text = course.run("autograder", "grade", "hw1", *given, "-o", output, status=1)
    assert "neither is graded" in text and "good: the earlier grade stands." in text
    assert standing(output)["good"] == standing(mixed[0] / "out")["good"]


def test_what_is_dropped_is_gone_whatever_else_fails(course, mixed, output):
    shutil.copytree(mixed[0] / "out", output)
    nowhere = output.parent / "nowhere.zip"
    command = ["autograder", "grade", "hw1", nowhere, "-o", output, "--drop", "good"]
    text = course.run(*command, status=1)
    assert "nowhere.zip does not exist" in text
    for name in ("grades.csv", "report.html"):
        assert "good" not in (output / name).read_text("utf-8").split("<tbody>")[-1]
    assert not (output / "feedback" / "good.html").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_an_export_is_shown_with_names_and_a_gpu_that_is_not_there_is_said(course, output):
    folder = output.parent / "export"
    (folder / "submission_1").mkdir(parents=True)
    who = "submission_1: {':submitters': [{':name': 'Anna [b]'}]}\n"
    (folder / METADATA_NAME).write_text(who, "utf-8")
    text = course.run("autograder", "grade", "hw1", folder, "-o", output, "--device", "cuda")
    assert "There is no GPU here: graded on the CPU" in text
    assert "Anna [b]" in text and "students" in text
    assert standing(output)["submission_1"].device == "cpu"


def test_a_class_has_one_seed(course, mixed):
    folder, _ = mixed
    archive = folder / "in" / "good.zip"
    command = ["autograder", "grade", "hw1", archive, "-o", folder / "out", "--seed", 6]
    assert "was begun with another seed" in course.run(*command, status=1)
    assert standing(folder / "out")["good"].seed == 5


def test_changed_scores_wait_for_a_word(course, mixed, output):
    shutil.copytree(mixed[0] / "out", output)
    command = ["autograder", "grade", "hw1", mixed[0] / "in" / "good.zip", "-o", output]
    before = standing(output)["good"].score
    tests = "autograder/graders/hw1_likelihood/test_bayes.py"
    original = (course.root / tests).read_text("utf-8")
    strict = "from autograder.grading.outcome import CheckFailed as No\n    raise No('value', '')"
    course.edit(tests, '    run("fitted").matches()', f'    run("fitted")\n    {strict}')
    try:
        text = course.run(*command, status=1)
        assert f"good: {before:g} -> " in text
        assert "--accept-changes" in text
        assert standing(output)["good"].score == before
        text = course.run(*command, "--accept-changes")
        assert f"good: {before:g} -> {standing(output)['good'].score:g} (Q2a " in text
        assert standing(output)["good"].score < before
    finally:
        (course.root / tests).write_text(original, "utf-8")


def test_files_of_a_pack_that_are_no_python_are_named_and_nothing_is_graded(tmp_path):
    course = Course(tmp_path / "course")
    archive = course.archive(tmp_path / "a.zip")
    hidden = "hw1_likelihood"
    names = [
        f"autograder/graders/{hidden}/test_bayes.py",
        f"autograder/graders/{hidden}/probes/bayes.py",
        f"autograder/misconceptions/{hidden}/bayes.py",
        f"solutions/{hidden}/likelihood/bayes.py",
    ]
    lines = {}
    for name in names:
        text = (course.root / name).read_text("utf-8")
        (course.root / name).write_text(f"{text}def broken(:\n", "utf-8")
        lines[name] = text.count("\n") + 1
    text = course.run("autograder", "grade", "hw1", archive, "-o", tmp_path / "out", status=1)
    told = [f"{name}, line {line}: invalid syntax; correct it" for name, line in lines.items()]
    assert all(sentence in text for sentence in told), text
    assert not (tmp_path / "out").exists()


def test_the_doctor_tells_of_hidden_tests_that_grade_no_part(tmp_path):
    course = Course(tmp_path / "course")
    name = "autograder/graders/hw1_likelihood/test_outliers.py"
    course.edit(name, '@part("c")\ndef test_ratio', '@part("z")\ndef test_ratio')
    text = " ".join(course.run("autograder", "doctor", status=1).replace("│", " ").split())
    fault = "test_ratio names part z; question 7 has the parts a, b, c, d"
    assert f"hw1_likelihood cannot be graded test_outliers.py: {fault}" in text
    assert "hw1_likelihood cannot be graded." in text
