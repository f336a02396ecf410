"""`grade` on machines that lack what others have, or whose disk, memory or clock fail it."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from classroom.course import STUB, Course, everything, standing

from autograder.classroom.store import STORE_NAME

IN_OWN_NAMESPACE = ("unshare", "--mount", "sh", "-ec")
FAKETIME = shutil.which("faketime")


def able(*command: str) -> bool:
    """Whether this machine and this user can do ``command``."""
    return (
        shutil.which(command[0]) is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that is soon full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not able("mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)):
        pytest.skip("mounting a file system needs root and its capabilities")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_ends_the_run_in_one_line_and_room_lets_it_go_on(course, small_disk):
    folder = small_disk.parent / "many"
    for i in range(6):
        course.archive(folder / f"{i}.zip", bayes=f"x = {i}\n".encode(), outliers=STUB)
    command = ["autograder", "grade", "hw1", folder, "-o", small_disk / "out", "-j", 1]
    text = course.run(*command, status=1)
    (line,) = [line for line in text.splitlines() if line.strip()]
    assert str(small_disk) in line
    assert "full" in line or "No space left" in line
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    before = standing(small_disk / "out")
    assert 0 < len(before) < 6
    course.run(*command)
    after = standing(small_disk / "out")
    assert len(after) == 6
    assert {name: after[name] for name in before} == before


def test_no_room_for_temporary_files_is_one_line(course, small_disk, output):
    grade = ["autograder", "grade", "hw1", "in", "-o", output, "-j", 1]
    text = course.run(*grade, status=1, within=("env", f"TMPDIR={small_disk}"))
    (line,) = [line for line in text.splitlines() if line.strip()]
    assert line.count("No space left") == 1
    assert list(small_disk.iterdir()) == []


OTHER_USER = ("unshare", "--user", "--map-user=54321", "--map-group=54321", "sh", "-ec")
BARE = {
    "no shared memory": (*IN_OWN_NAMESPACE, "mount -t tmpfs -o ro,size=4k tmpfs /dev/shm"),
    "no user database and no home": (
        *IN_OWN_NAMESPACE,
        "unset HOME USER LOGNAME; mount --bind /dev/null /etc/passwd",
    ),
    "a user whom nobody knows": (*OTHER_USER, "unset HOME USER LOGNAME; test $(id -u) = 54321"),
}


@pytest.mark.parametrize("lack", BARE)
def test_a_bare_machine_grades_like_any_other(course: Course, output: Path, lack: str) -> None:
    *namespace, script = BARE[lack]
    if not able(*namespace, script):
        pytest.skip("this user may not make the namespace that this needs")
    grade = ["autograder", "grade", "hw1", "in", "-o", output, "-j", 1]
    text = course.run(*grade, within=(*namespace, f'{script}; exec "$@"', "sh"))
    results = standing(output)
    assert set(results) == {"a", "b", "c"}, text
    assert not any(result.errors for result in results.values())
    assert results["a"].score > results["c"].score == 0


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is not installed")
def test_too_little_memory_is_one_line_and_costs_nobody_points(course, output):
    grade = ["autograder", "grade", "hw1", "in", "-o", output, "-j", 1]
    text = course.run(*grade, status=1, within=("prlimit", "--as=800000000"))
    (line,) = [line for line in text.splitlines() if line.strip()]
    assert "memory" in line
    assert standing(output) == {}
    course.run(*grade)
    assert len(standing(output)) == 3


@pytest.mark.skipif(FAKETIME is None, reason="faketime is not installed")
def test_a_clock_that_jumps_back_years_changes_nothing(course, output):
    grade = ["autograder", "grade", "hw1", "in/a.zip", "-o", output, "-j", 1]
    course.run(*grade, within=(FAKETIME, "2040-01-01"))
    before = standing(output)
    text = course.run("autograder", "grade", "hw1", "in", *grade[4:])
    assert "1 of 3 had their grade already" in text
    assert standing(output)["a"] == before["a"]
    course.run("autograder", "report", output, within=(FAKETIME, "1999-01-01"))
    assert standing(output)["a"] == before["a"]


def test_a_clock_that_jumps_to_and_fro_within_a_run_changes_nothing(course, output, tmp_path):
    shutil.copy(Path(__file__).with_name("jumping.py"), course.root)
    grade = ["grade", "hw1", "in", "--seed", 3, "-j", 1, "-o"]
    course.run("autograder", *grade, tmp_path / "undisturbed")
    course.run("jumping", *grade, output)
    assert everything(output) == everything(tmp_path / "undisturbed")
    years = "SELECT substr(graded, 1, 4) FROM grades UNION SELECT substr(since, 1, 4) FROM history"
    with sqlite3.connect(output / STORE_NAME) as file:
        assert file.execute(years).fetchall() == [("1999",), ("2040",)]
