"""`simulate`, with autograders that are not ours: what Gradescope would do with them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from samples import write_archive

from autograder.config import ROOT
from autograder.gradescope import simulate
from autograder.gradescope.simulate import SimulationError, simulate_gradescope

RESULTS = '{"tests": [{"score": 1.5, "max_score": 2}, {"score": 2}]}'
GREEDY = f"""#!{sys.executable}
import ctypes, time
ctypes.CDLL(None).prctl(15, b"\\xff\\xfe")
memory = b"x" * (900 << 20)
time.sleep(60)
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
    with pytest.raises(SimulationError, match="needed more than 768 MB of memory"):
        simulate_gradescope(autograder(tmp_path, GREEDY), submission, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "simulation.json").read_text())["peak_mb"] > 768


def test_too_much_time_ends_the_run(tmp_path, submission, monkeypatch):
    monkeypatch.setattr(simulate, "TIMEOUT_SECONDS", 0.5)
    archive = autograder(tmp_path, "#!/bin/sh\nsleep 60\n")
    with pytest.raises(SimulationError, match=r"did not finish within 0\.5 seconds"):
        simulate_gradescope(archive, submission, tmp_path / "out")
