"""What a student sees who runs pytest in a pack."""

import json
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


def test_a_failure_quotes_the_docstring(pack: Path) -> None:
    write(pack, "alpha", "double", "return 4.0")
    _, output = run(pack)
    line = (pack / "toy/alpha.py").read_text("utf-8").splitlines().index(
        "def double(x: float) -> float:"
    ) + 1
    assert f"toy/alpha.py:{line} ---" in output
    assert "double(x)\nTwice x." in output
    assert "Shift.forward(" not in output


def test_a_docstring_that_says_what_is_returned(pack: Path) -> None:
    path = pack / "toy/beta.py"
    text = path.read_text("utf-8")
    long = "Minus x.\n\n    Returns:\n        -x,\n        a float.\n\n    See Q1.\n    "
    path.write_text(text.replace("Minus x.", long), "utf-8")
    write(pack, "beta", "negate", "return x")
    _, output = run(pack)
    assert "negate(x)\nReturns:\n -x,\n a float.\n=" in output


def test_a_test_that_cannot_use_what_it_gets(pack: Path) -> None:
    write(pack, "alpha", "Shift.forward", "return None")
    test = pack / "tests/test_alpha.py"
    text = test.read_text("utf-8").replace("forward(2.0) == 3.0", "forward(2.0) + 1 == 4.0")
    test.write_text(text, "utf-8")
    _, output = run(pack)
    assert "unsupported operand" in output
    assert "Is it None, because a `return` is missing" in output


def test_an_error_in_a_module_is_not_the_tests(pack: Path) -> None:
    write(pack, "alpha", "double", "return x + None")
    _, output = run(pack)
    assert "toy/alpha.py" in output and "in double" in output
    assert "Is it None" not in output


def test_a_part_counts_when_all_its_tests_pass(pack: Path) -> None:
    write(pack, "alpha", "double", "return 4.0")
    status, output = run(pack)
    assert status == 1
    assert "1 First steps 0 1 1 0 of 80" in output


def test_the_next_step_names_what_failed_and_nothing_else(pack: Path) -> None:
    questions = json.loads((pack / "questions.json").read_text("utf-8"))
    (part, _) = questions["questions"][0]["parts"]
    part["functions"] = ["double", "Shift.forward"]
    questions["questions"][0]["parts"] = [part]
    (pack / "questions.json").write_text(json.dumps(questions), "utf-8")
    tests = pack / "tests/test_alpha.py"
    tests.write_text(tests.read_text("utf-8").replace('part("b")', 'part("a")'), "utf-8")
    _, output = run(pack)
    assert "next: write Q1a Doubling: double, Shift.forward in toy/alpha.py" in output
    write(pack, "alpha", "double", "return 2 * x")
    _, output = run(pack)
    assert "next: write Q1a Doubling: Shift.forward in toy/alpha.py" in output
    write(pack, "alpha", "Shift.forward", "total = x")
    _, output = run(pack)
    assert "next: mend Q1a Doubling: Shift.forward in toy/alpha.py" in output


def test_all_right(pack: Path) -> None:
    write(pack, "alpha", "double", "return 2 * x")
    write(pack, "alpha", "Shift.forward", "total = x + self.by")
    write(pack, "beta", "negate", "return -x")
    status, output = run(pack)
    assert status == 0
    assert "total 100 of 100" in output
    assert "next: all public tests of these questions pass; python submit.py" in output


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


def test_written_answers_count_no_points_here(pack: Path) -> None:
    questions = json.loads((pack / "questions.json").read_text("utf-8"))
    part = {"id": "a", "title": "Letters", "points": 5}
    questions["written"] = {"id": 3, "title": "Words", "file": "answers.toml", "parts": [part]}
    (pack / "questions.json").write_text(json.dumps(questions), "utf-8")
    test = "import pytest\n\n\n@pytest.mark.part('a')\ndef test_answer():\n    {}\n"
    file = pack / "tests/test_written.py"
    file.write_text(test.format("raise NotImplementedError('Q3a: not answered')"), "utf-8")
    _, output = run(pack, "tests/test_written.py")
    assert "3 Words 0 0 1 ? of 5" in output
    assert "next: write Q3a Letters in answers.toml" in output
    file.write_text(test.format("pass"), "utf-8")
    _, output = run(pack)
    assert "3 Words 1 0 0 ? of 5" in output
    assert "total 0 of 100" in output
