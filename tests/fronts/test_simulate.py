"""`simulate`: what Gradescope would do with autograders that fail, are killed or not ours."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import psutil
import pytest
import torch
from samples import write_archive

from autograder.config import ROOT, Config, Limits
from autograder.gradescope import run, simulate
from autograder.gradescope.package import SEED_FILE, build_package
from autograder.gradescope.simulate import SimulationError, simulate_gradescope
from autograder.grading.suite import Suite

RESULTS = '{"tests": [{"score": 1.5, "max_score": 2}, {"score": 2}]}'
GREEDY = f"""#!{sys.executable}
import ctypes, time
ctypes.CDLL(None).prctl(15, b"\\xff\\xfe")
memory = b"x" * (1500 << 20)
time.sleep(60)
"""
SHARING = f"""#!{sys.executable}
import mmap, time
memory = mmap.mmap(-1, 200 << 20)
for _ in range(200):
    memory.write(b"x" * 2**20)
time.sleep(60)
"""
TELLING_WHAT_OTHERS_MAY_OPEN = f"""#!{sys.executable}
import json
from pathlib import Path

source = [Path("source"), *Path("source").rglob("*")]
found = {{str(path): path.stat().st_mode & 0o077 for path in source}}
Path("results/results.json").write_text(json.dumps({{"score": 0, "found": found}}))
"""
PACK = "hw1_likelihood"
KILLED_AFTER_THE_FIRST_POINTS = f"""#!{sys.executable}
import json, os, subprocess, time
from pathlib import Path

Path("tmp").mkdir()
os.environ["TMPDIR"] = os.path.abspath("tmp")
grader = subprocess.Popen(["bash", "source/graded"])
results = Path("results/results.json")
while grader.poll() is None:
    if results.exists() and json.loads(results.read_text("utf-8"))["score"]:
        grader.kill()
    time.sleep(0.01)
"""
needs_proc = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs /proc")


def autograder(tmp_path: Path, run: str) -> Path:
    files = {"run_autograder": run.encode(), "setup.sh": b"#!/bin/sh\n"}
    return write_archive(files, tmp_path / "autograder.zip")


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    folder = tmp_path / "submission"
    folder.mkdir()
    return folder


def test_scores_may_stand_with_the_tests_alone(tmp_path, submission):
    archive = autograder(tmp_path, f"#!/bin/sh\necho '{RESULTS}' > results/results.json\n")
    command = [sys.executable, "-m", "autograder", "simulate", archive, submission]
    done = subprocess.run(
        [*command, "-o", tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "3.5 points" in done.stdout


@needs_proc
def test_too_much_memory_ends_the_run_whatever_a_process_calls_itself(tmp_path, submission):
    limit = 1088 if torch.version.cuda else 768  # which is more than its build for the CPU takes
    with pytest.raises(SimulationError, match=f"needed more than {limit} MB of memory"):
        simulate_gradescope(autograder(tmp_path, GREEDY), submission, tmp_path / "out")
    measured = json.loads((tmp_path / "out" / "simulation.json").read_text())
    assert measured["limit_mb"] == limit < measured["peak_mb"]


def test_too_much_time_ends_the_run(tmp_path, submission, monkeypatch):
    monkeypatch.setattr(simulate, "TIMEOUT_SECONDS", 0.5)
    archive = autograder(tmp_path, "#!/bin/sh\nsleep 60\n")
    with pytest.raises(SimulationError, match=r"did not finish within 0\.5 seconds"):
        simulate_gradescope(archive, submission, tmp_path / "out")


@needs_proc
def test_shared_memory_counts(tmp_path, submission, monkeypatch):
    monkeypatch.setattr(simulate, "MEMORY_MB", 100)
    monkeypatch.setattr(simulate, "CUDA_BUILD_MB", 0)
    with pytest.raises(SimulationError, match="needed more than 100 MB of memory"):
        simulate_gradescope(autograder(tmp_path, SHARING), submission, tmp_path / "out")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (f"echo '{RESULTS}' > results/results.json; exit 3", "ended with status 3"),
        ("""echo '{"score": NaN}' > results/results.json""", "left no valid results"),
        ("""echo '[{"score": 1}]' > results/results.json""", "left no valid results"),
        ("true", "left no valid results"),
    ],
)
def test_a_run_that_fails_earns_nothing_and_says_why(tmp_path, submission, script, why):
    archive = autograder(tmp_path, f"#!/bin/sh\necho something; {script}\n")
    with pytest.raises(SimulationError, match=why):
        simulate_gradescope(archive, submission, tmp_path / "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert results["score"] == 0
    assert why in results["output"]
    assert (tmp_path / "out" / "log.txt").read_text("utf-8") == "something\n"


def test_a_zip_that_unpacks_to_too_much_is_not_run(tmp_path, submission, monkeypatch):
    monkeypatch.setattr(simulate, "EXTRACTED_MB", 1)
    run = f"#!/bin/sh\necho '{RESULTS}' > results/results.json\n".encode()
    for size, unpacks in (((1 << 20) - 1000, True), ((1 << 20) + 1, False)):
        archive = write_archive({"run_autograder": run, "x": bytes(size)}, tmp_path / "a.zip")
        if unpacks:
            simulate_gradescope(archive, submission, tmp_path / "out")
        else:
            with pytest.raises(SimulationError, match="unpacks to more than 1 MB"):
                simulate_gradescope(archive, submission, tmp_path / "out")


def test_what_the_zip_holds_is_hidden_from_other_users(tmp_path, submission):
    files = {"run_autograder": TELLING_WHAT_OTHERS_MAY_OPEN.encode(), "graders/hidden.py": b""}
    archive = write_archive(files, tmp_path / "autograder.zip")
    found = simulate_gradescope(archive, submission, tmp_path / "out")["found"]
    expected = ("source", "source/graders", "source/graders/hidden.py", "source/run_autograder")
    assert found == dict.fromkeys(expected, 0)


@pytest.fixture
def ours(tmp_path: Path, config: Config) -> dict[str, bytes]:
    """The files of our own autograder of a pack."""
    build_package(PACK, config, tmp_path / "ours.zip", seed=20260101)
    with zipfile.ZipFile(tmp_path / "ours.zip") as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_what_was_graded_before_the_grader_was_killed_stands(tmp_path, ours, config):
    suite = Suite(PACK, config)
    first, second = suite.pack.assigned[:2]
    endless = {suite.module_path(second.module): b"while True:\n    pass\n"}
    submission = write_archive({**suite.reference_files, **endless}, tmp_path / "student.zip")
    scripts = {
        "run_autograder": KILLED_AFTER_THE_FIRST_POINTS.encode(),
        "graded": ours["run_autograder"],
    }
    archive = write_archive({**ours, **scripts}, tmp_path / "autograder.zip")
    results = simulate_gradescope(archive, submission, tmp_path / "out")
    assert run.UNFINISHED in results["output"]
    points = {test["number"]: test["score"] for test in results["tests"]}
    assert list(points) == [q.label(part)[1:] for q in suite.pack.graded for part in q.parts]
    earned = {first.label(part)[1:]: part.points for part in first.parts}
    assert {number: score for number, score in points.items() if score} == earned
    assert results["score"] == sum(earned.values())


def test_a_grader_that_fails_before_it_begins_says_that_it_has_not_finished(
    tmp_path, submission, ours
):
    archive = write_archive({**ours, SEED_FILE: b"{"}, tmp_path / "autograder.zip")
    results = simulate_gradescope(archive, submission, tmp_path / "out")
    assert results == {"score": 0, "output": run.UNFINISHED, "visibility": "visible"}


@pytest.fixture
def container(tmp_path: Path, ours: dict[str, bytes]) -> Path:
    """A folder as Gradescope's ``/autograder``, with nothing handed in."""
    for name, content in ours.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for folder in ("submission", "results"):
        (tmp_path / folder).mkdir()
    return tmp_path


def test_a_run_hides_what_lies_beside_it_from_other_users(container):
    metadata = container / "submission_metadata.json"
    metadata.write_text("{}", "utf-8")
    modes = {metadata: 0o600, container / "submission": 0o700, container / "results": 0o700}
    for path in modes:
        path.chmod(0o777)
    assert run.main(container) == 0
    assert {path: stat.S_IMODE(path.stat().st_mode) for path in modes} == modes


def test_what_a_run_has_no_time_left_for_costs_nothing(container, config, monkeypatch):
    suite = Suite(PACK, config)
    for name, data in suite.reference_files.items():
        path = container / "submission" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    monkeypatch.setattr(Limits, "run_seconds", 0.0)
    assert run.main(container) == 0
    results = json.loads((container / "results" / "results.json").read_text("utf-8"))
    programs = {q.label(part)[1:] for q in suite.pack.assigned for part in q.parts}
    for test in results["tests"]:
        if test["number"] in programs:
            assert test["score"] == test["max_score"]
            assert "The grader itself failed" in test["output"]


def test_the_last_results_are_written_when_no_process_of_the_sandbox_is_left(
    container, monkeypatch
):
    others = set(psutil.Process().children(recursive=True))
    written = []

    def write_json(path: Path, results: dict) -> None:
        sandbox = set(psutil.Process().children(recursive=True)) - others
        written.append((run.UNFINISHED in results["output"], len(sandbox)))

    monkeypatch.setattr(run, "write_json", write_json)
    assert run.main(container) == 0
    assert written[-1] == (False, 0)
    assert all(unfinished for unfinished, _ in written[:-1])
    assert any(processes for _, processes in written)
