"""The answers file goes out with its questions and without its answers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.config import Config, Written
from autograder.release import ReleaseError, release_pack, render_pack

NAME = "hw9_toy"
ANSWERS = """\
# Q3a (choice). Which letter is the second?
Q3a = "B"

# Q3b (expression in x). What is twice x, and twice that, and so on five times, added up?
Q3b = "2*x + 4*x + 8*x + 16*x + 32*x"
"""
WRITTEN = Written.model_validate(
    {
        "id": 3,
        "title": "Letters",
        "minutes": 5,
        "parts": [
            {"id": "a", "title": "Second", "kind": "choice", "options": "ABC", "points": 5},
            {"id": "b", "title": "Sum", "kind": "expression", "variables": ["x"], "points": 5},
        ],
    }
)


@pytest.fixture
def written(config: Config) -> Config:
    """The toy course with written questions."""
    pack = config.packs[NAME].model_copy(update={"written": WRITTEN})
    return config.model_copy(update={"packs": {NAME: pack}})


@pytest.fixture
def answers(root: Path) -> Path:
    """The answers file of the reference."""
    path = root / "solutions" / NAME / "answers.toml"
    path.write_text(ANSWERS, "utf-8")
    return path


@pytest.mark.usefixtures("answers")
def test_what_students_get(root: Path, written: Config) -> None:
    files = render_pack(NAME, written, root)
    text = files["answers.toml"].decode()
    assert text == re.sub('= ".*"', '= ""', ANSWERS)
    data = json.loads(files["questions.json"])["written"]
    assert [part["kind"] for part in data["parts"]] == ["choice", "expression"]
    assert {"tests/answers.py", "tests/test_written.py"} < files.keys()


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize(
    ("answers_given", "status", "words"),
    [
        ({}, 0, ["2 not started"]),
        ({"Q3a": "C", "Q3b": "3*x"}, 0, ["2 passed"]),
        ({"Q3a": "D"}, 1, ["Q3a, choice: 'D' is not made of the letters A to C", "1 not started"]),
        (
            {"Q3a": 'B"', "Q3b": "x"},
            1,
            ["answers.toml, line 2: Q3a, choice: 'Q3a = ", "1 failed, 1 passed"],
        ),
        ({"Q3b": "2y"}, 1, ["Q3b, expression: '2y' is no formula"]),
    ],
)
def test_public_tests_say_what_can_be_read_and_not_what_is_right(
    root: Path,
    written: Config,
    tmp_path: Path,
    answers_given: dict[str, str],
    status: int,
    words: list[str],
) -> None:
    pack = release_pack(NAME, written, tmp_path / "student", root)
    path = pack / "answers.toml"
    text = path.read_text("utf-8")
    for label, answer in answers_given.items():
        text = text.replace(f'{label} = ""', f'{label} = "{answer}"')
    path.write_text(text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_written.py"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"}
    done = subprocess.run(
        command, cwd=pack, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout
    assert all(word in done.stdout for word in words), done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("README.md", "Q3a = 'B'\n"),
        ("demo.ipynb", '["Q3a = \\"B\\"\\n"]'),
        ("train.py", "total = 2*x + 4*x + 8*x + 16*x + 32*x\n"),
    ],
)
def test_an_answer_in_another_file_is_a_leak(
    root: Path, written: Config, file: str, text: str
) -> None:
    with (root / "solutions" / NAME / file).open("a", encoding="utf-8") as stream:
        stream.write(text)
    with pytest.raises(
        ReleaseError, match=rf"{file} gives away solutions/{NAME}/answers\.toml, Q3"
    ):
        render_pack(NAME, written, root)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('Q3b = "2', 'Q3c = "2', "answers Q3a, Q3c; grading_config.yaml asks for Q3a, Q3b"),
        ('"B"', "B", "not valid TOML"),
        ('"B"', '"""\nB"""', "not valid TOML"),
        ('Q3a = "B"', 'Q3a = [\n "B"]', "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_blanked_is_refused(
    root: Path, written: Config, answers: Path, old: str, new: str, words: str
) -> None:
    answers.write_text(ANSWERS.replace(old, new), "utf-8")
    with pytest.raises(ReleaseError, match=words):
        render_pack(NAME, written, root)


def test_a_missing_answers_file_is_refused(root: Path, written: Config) -> None:
    with pytest.raises(ReleaseError, match="asks for Q3a, Q3b"):
        render_pack(NAME, written, root)
