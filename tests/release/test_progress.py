"""What a student sees who runs pytest in a pack."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.config import Config
from autograder.release import release_pack

STUB = re.compile(r'raise NotImplementedError\("Q\d+\w: (.*)"\)')


@pytest.fixture
def pack(root: Path, config: Config, tmp_path: Path) -> Path:
    return release_pack("hw9_toy", config, tmp_path / "student", root)


def run(pack: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output, with runs of blanks reduced to one."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100"}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        command, cwd=pack, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, re.sub(r"[ \t]+", " ", done.stdout + done.stderr)


def write(pack: Path, module: str, function: str, body: str) -> None:
    path = pack / "toy" / f"{module}.py"
    text = path.read_text("utf-8")
    written = re.sub(rf'raise NotImplementedError\("Q\d+\w: {re.escape(function)}"\)', body, text)
    assert written != text
    path.write_text(written, "utf-8")


def test_nothing_written_yet(pack: Path) -> None:
    status, output = run(pack)
    assert status == 0
    assert "4 not started" in output
    assert "1 First steps 0 0 2 0 of 80" in output
    assert "2 Signs 0 0 1 0 of 20" in output
    assert "total 0 of 100" in output
    assert "next: write Q1a Doubling: double in toy/alpha.py" in output
    assert "Traceback" not in output
    assert "Error" not in output


def test_some_right_some_wrong(pack: Path) -> None:
    write(pack, "alpha", "double", "return 2 * x")
    write(pack, "alpha", "Shift.forward", "total = x")
    status, output = run(pack)
    assert status == 1
    assert "Shift(1)(2) must be 3" in output
    assert "1 First steps 1 1 0 30 of 80" in output
    assert "2 Signs 0 0 1 0 of 20" in output
    assert "next: mend Q1b Shifting: Shift.forward in toy/alpha.py" in output


def test_a_part_counts_when_all_its_tests_pass(pack: Path) -> None:
    write(pack, "alpha", "double", "return 4.0")
    status, output = run(pack)
    assert status == 1
    assert "1 First steps 0 1 1 0 of 80" in output


def test_all_right(pack: Path) -> None:
    write(pack, "alpha", "double", "return 2 * x")
    write(pack, "alpha", "Shift.forward", "total = x + self.by")
    write(pack, "beta", "negate", "return -x")
    status, output = run(pack)
    assert status == 0
    assert "total 100 of 100" in output
    assert "next: all public tests of these questions pass" in output


def test_one_question_only(pack: Path) -> None:
    status, output = run(pack, "tests/test_beta.py")
    assert status == 0
    assert "First steps" not in output
    assert "total 0 of 20" in output


def test_a_module_that_does_not_import_hides_no_other(pack: Path) -> None:
    (pack / "toy/alpha.py").write_text("def double(x:\n", "utf-8")
    write(pack, "beta", "negate", "return -x")
    status, output = run(pack)
    assert status == 1
    assert "1 First steps toy/alpha.py cannot be imported" in output
    assert "2 Signs 1 0 0 20 of 20" in output
    assert "next: mend the error in toy/alpha.py that is shown above" in output


def test_another_not_implemented_error_is_a_failure(pack: Path) -> None:
    write(pack, "beta", "negate", 'raise NotImplementedError("later")')
    status, output = run(pack, "tests/test_beta.py")
    assert status == 1
    assert "1 error" in output
