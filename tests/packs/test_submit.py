"""What a student sees and sends who runs submit.py in a pack."""

import io
import json
import os
import subprocess
import sys
import zipfile
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from autograder.config import ROOT, load_config
from autograder.release import release_pack
from autograder.sandbox.package import LIBRARIES
from autograder.submission import read_submission

CONFIG = load_config()
SUBMIT = ROOT / "autograder" / "release" / "pack_files" / "submit.py"
READER = ROOT / "autograder" / "grading" / "answers.py"

ALPHA = '''"""Q1. The first question."""

import math


def double(x: float) -> float:
    """Twice x."""
    raise NotImplementedError("Q1a: double")


def halve(x: float) -> float:
    """Half of x."""
    raise NotImplementedError("Q1b: halve")
'''
BETA = '''"""Q2. The second question."""


def negate(x: float) -> float:
    """Minus x."""
    raise NotImplementedError("Q2a: negate")
'''
QUESTIONS = {
    "name": "hw9_toy",
    "title": "Toys",
    "package": "toy",
    "submission": {"paths": ["toy", "answers.toml", "hw9.ipynb"], "megabytes": 1},
    "questions": [
        {"id": 1, "title": "Steps", "module": "alpha", "parts": [{"id": "a"}, {"id": "b"}]},
        {"id": 2, "title": "Signs", "module": "beta", "parts": [{"id": "a"}]},
    ],
    "written": {
        "file": "answers.toml",
        "id": 3,
        "title": "Words",
        "parts": [
            {"id": "a", "kind": "number", "options": "", "variables": []},
            {"id": "b", "kind": "choice", "options": "ABC", "variables": []},
        ],
    },
    "derivations": {"notebook": "hw9.ipynb", "file": "hw9_derivations.pdf"},
}
DONE = {
    "toy/alpha.py": "def double(x):\n    return 2 * x\n\n\ndef halve(x):\n    return x / 2\n",
    "toy/beta.py": "def negate(x):\n    return -x\n",
    "answers.toml": 'Q3a = "3/8"\nQ3b = "A"\n',
}


def notebook(*counts: int | None) -> str:
    """A notebook with code cells that were run or not."""
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "source": ["Text"]}]
    cells += [
        {"cell_type": "code", "source": ["1 + 1"], "outputs": [], "execution_count": count}
        for count in counts
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


class Outcome(NamedTuple):
    """What one run left."""

    status: int
    out: str
    err: str
    archives: dict[str, bytes]

    @property
    def contents(self) -> dict[str, bytes]:
        """The files in the only archive."""
        (data,) = self.archives.values()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def test_the_grader_imports_exactly_what_students_are_told() -> None:
    submit = ModuleType("submit")
    submit.__file__ = str(SUBMIT)
    SourceFileLoader(submit.__name__, str(SUBMIT)).exec_module(submit)
    assert submit.LIBRARIES == LIBRARIES


def submit(pack: Path, *arguments: str, cwd: Path | None = None, seconds: int = 60) -> Outcome:
    driver = "import sys, submit; submit.IMPORT_SECONDS = {}; sys.exit(submit.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", driver.format(seconds), *arguments],
        cwd=cwd or pack,
        env={**os.environ, "PYTHONPATH": str(pack), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    archives = {path.name: path.read_bytes() for path in pack.glob("*.zip")}
    assert not list(pack.glob("*.part"))
    assert "Traceback" not in done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr, archives)


def write(pack: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_text(text, "utf-8")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A small homework as students get it, in a folder with a difficult name."""
    folder = tmp_path / ".göd el" / "hw9_toy"
    files = {
        "toy/__init__.py": "",
        "toy/alpha.py": ALPHA,
        "toy/beta.py": BETA,
        "answers.toml": 'Q3a = ""\nQ3b = ""\n',
        "hw9.ipynb": notebook(None, None),
        "questions.json": json.dumps(QUESTIONS),
        "submit.py": SUBMIT.read_text("utf-8"),
        "tests/answers.py": READER.read_text("utf-8"),
        "train.py": "",
        "datasets/__init__.py": "",
    }
    write(folder, files)
    return folder


@pytest.fixture
def done(pack: Path) -> Path:
    """The same with everything written."""
    write(pack, DONE)
    write(pack, {"hw9.ipynb": notebook(1, 2)})
    write(pack, {"hw9_derivations.pdf": "%PDF"})
    return pack


def test_nothing_written(pack: Path) -> None:
    outcome = submit(pack, "--name", "Ada Lovelace")
    assert (outcome.status, outcome.err) == (0, "")
    assert list(outcome.archives) == ["hw9_toy-Ada_Lovelace.zip"]
    words = " ".join(outcome.out.split())
    assert "Q1 Steps not started imports" in words
    assert "Q3 Words not started" in words
    assert "Q3b (choice) not started" in words
    assert "hw9.ipynb 0 of 2 cells run" in words
    assert "not started in toy/alpha.py: Q1 -" in words
    assert "not answered in answers.toml: Q3a, Q3b" in words
    assert "hw9_derivations.pdf is not there: the last cell of hw9.ipynb writes it" in words
    assert "Look at this" not in words


def test_everything_written(done: Path) -> None:
    outcome = submit(done)
    assert (outcome.status, outcome.err) == (0, "")
    assert "Nothing is missing." in outcome.out
    words = " ".join(outcome.out.split())
    assert "Q1 Steps written imports" in words
    assert "hw9_derivations.pdf not in the archive: hand it in beside it" in words
    assert list(outcome.contents) == [
        "answers.toml",
        "hw9.ipynb",
        "toy/__init__.py",
        "toy/alpha.py",
        "toy/beta.py",
    ]
    for name, data in outcome.contents.items():
        assert data == (done / name).read_bytes()


def test_a_part_is_written_when_none_of_its_functions_is_a_stub(pack: Path) -> None:
    write(pack, {"toy/alpha.py": ALPHA.replace('raise NotImplementedError("Q1a: double")', "...")})
    outcome = submit(pack)
    assert "1 of 2 written" in outcome.out
    assert "not started in toy/alpha.py: Q1b" in outcome.out


def test_the_same_files_give_the_same_archive(done: Path, tmp_path: Path) -> None:
    first = submit(done, "--name", "a").archives
    os.utime(done / "toy/alpha.py", (1e9, 1e9))
    assert submit(done, "--name", "a", cwd=tmp_path).archives == first


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def double(x:\n", "SyntaxError"),
        ("\n\nprint(undefined)\n", "NameError: name 'undefined' is not defined (line 3)"),
        ("import os\nos._exit(3)\n", "ends Python while it is imported (status 3)"),
        ("import sys\nsys.exit()\n", "SystemExit"),
        ("print('x' * 10**7)\nraise OSError('a\\nb')\n", "OSError: a (line 2)"),
        ("x = " + "-" * 100_000 + "1\n", "MemoryError"),
        ("x = 1" + "+1" * 100_000 + "\n", "RecursionError"),
    ],
    ids=["syntax", "name", "exit", "sys-exit", "prints", "signs", "sum"],
)
def test_a_module_that_cannot_be_imported(done: Path, source: str, words: str) -> None:
    write(done, {"toy/alpha.py": source})
    outcome = submit(done)
    assert outcome.status == 0
    assert "toy/alpha.py cannot be imported, so Q1 gets no points: " in outcome.out
    assert words in outcome.out
    assert "Q2 Signs written imports" in " ".join(outcome.out.split())
    assert "toy/alpha.py" in outcome.contents


def test_a_module_that_never_ends(done: Path) -> None:
    write(done, {"toy/alpha.py": "while True:\n    pass\n"})
    outcome = submit(done, seconds=2)
    assert outcome.status == 0
    assert "Q1 gets no points: it takes longer than 2 seconds" in outcome.out
    assert "not tried for lack of time: toy.beta" in outcome.out


def test_a_module_that_needs_a_forgotten_file(done: Path) -> None:
    write(done, {"helpers.py": "TWO = 2\n", "toy/beta.py": "from helpers import TWO\n"})
    outcome = submit(done)
    assert "toy/beta.py imports helpers.py, which is not sent" in outcome.out
    assert "helpers.py" not in outcome.contents


def test_a_file_name_that_is_not_utf8(done: Path) -> None:
    """The archive cannot hold it; what is not sent may be called anything."""
    path = done / "toy" / os.fsdecode(b"caf\xe9.txt")
    try:
        path.touch()
    except OSError:
        pytest.skip("this file system permits only UTF-8")
    assert submit(done, "--name", "a").status == 0
    path.rename(path.with_suffix(".py"))
    outcome = submit(done, "--name", "b")
    assert outcome.status == 1
    assert "toy/caf?.py is not UTF-8; rename the file" in outcome.err
    assert list(outcome.archives) == ["hw9_toy-a.zip"]


def test_a_library_that_graders_lack(done: Path) -> None:
    write(done, {"toy/beta.py": "def plot():\n    import matplotlib.pyplot\n"})
    assert "toy/beta.py imports matplotlib, which is not there" in submit(done).out


def test_files_that_are_not_sent(done: Path) -> None:
    stray = {
        "alpha.py": "",
        "toy/weights.pt": "",
        "toy/.DS_Store": "",
        "toy/__pycache__/alpha.cpython-311.pyc": "",
        "toy/.ipynb_checkpoints/alpha.py": "",
        "build/lib/toy/alpha.py": "",
        "hw9_toy.egg-info/PKG-INFO": "",
    }
    write(done, stray)
    outcome = submit(done)
    assert not stray.keys() & outcome.contents.keys()
    assert "alpha.py lies beside toy/ and is not sent" in outcome.out
    assert "toy/weights.pt is not sent: only Python modules are graded" in outcome.out
    assert "DS_Store" not in outcome.out
    assert "pycache" not in outcome.out


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("answers.toml", "= \n", "answers.toml cannot be read, so no answer counts: "),
        ("answers.toml", 'Q3a = "1"\nQ3a = "2"\n', "Q3a is answered twice; keep one answer"),
        ("answers.toml", 'Q3a = "1"\n\nfoo\n', "answers.toml: Expected '=' after a key"),
        ("answers.toml", 'Q3z = "1"\n', "answers.toml answers Q3z, which is not asked"),
        ("answers.toml", 'q3a = " "\nQ3b = 4\n', "not answered in answers.toml: Q3a"),
        ("hw9.ipynb", "{}", "hw9.ipynb is not a notebook"),
        ("hw9.ipynb", "[" * 10**5, "hw9.ipynb is not a notebook"),
        ("hw9.ipynb", notebook(1, None), "not run, or not saved after running: cells of hw9.ipynb"),
    ],
)
def test_answers_and_notebooks_with_problems(done: Path, name: str, text: str, words: str) -> None:
    write(done, {name: text})
    outcome = submit(done)
    assert outcome.status == 0
    assert words in outcome.out
    assert outcome.contents[name] == text.encode()


def test_answers_are_read_as_the_grader_reads_them(done: Path) -> None:
    """Each by itself, with the line at fault, and without a word on what is right."""
    write(done, {"answers.toml": '# 1\nQ3a = "2 log(3)"\nQ3b = "C"\n'})
    words = " ".join(submit(done).out.split())
    assert "Q3 Words written" in words
    assert "Q3a (number) not readable line 2" in words
    assert "answers.toml, line 2: Q3a cannot be read: 'log(3)' in '2 log(3)' is not" in words
    assert "Q3b (choice) readable as C" in words
    write(done, {"answers.toml": 'Q3a = "3/8"\nQ3b = C\n'})
    words = " ".join(submit(done).out.split())
    assert "Q3a (number) readable as 0.375" in words
    assert "Q3b (choice) not readable line 2" in words
    (done / "tests/answers.py").unlink()
    outcome = submit(done)
    assert outcome.status == 0
    assert "nobody tried to read answers.toml" in outcome.out


def test_derivations_older_than_the_notebook(done: Path) -> None:
    os.utime(done / "hw9_derivations.pdf", (1e9, 1e9))
    assert "hw9_derivations.pdf is older than hw9.ipynb" in submit(done).out


def test_a_notebook_older_than_the_code(done: Path) -> None:
    os.utime(done / "hw9.ipynb", (1e9, 1e9))
    assert "hw9.ipynb was saved before the last change of toy/" in submit(done).out


@pytest.mark.parametrize("name", ["answers.toml", "hw9.ipynb", "toy/beta.py"])
def test_a_missing_file(done: Path, name: str) -> None:
    (done / name).unlink()
    outcome = submit(done)
    assert outcome.status == 0
    assert f"{name} is not there" in outcome.out
    assert name not in outcome.contents


def test_no_package(done: Path) -> None:
    (done / "toy").rename(done / "elsewhere")
    outcome = submit(done)
    assert outcome.status == 1
    assert outcome.err.startswith("submit.py: there is no toy/ with Python modules")
    assert not outcome.archives


def test_too_large(done: Path) -> None:
    before = submit(done, "--name", "a").archives
    write(done, {"hw9.ipynb": notebook(1) + " " * 10**6})
    outcome = submit(done, "--name", "a")
    assert outcome.status == 1
    assert "at most 1.0 MB are accepted; make hw9.ipynb smaller" in outcome.err
    assert outcome.archives == before


@pytest.mark.parametrize(
    ("name", "file"), [("../../x", "hw9_toy-x.zip"), ("///", "hw9_toy-student.zip")]
)
def test_names(done: Path, name: str, file: str) -> None:
    assert list(submit(done, "--name", name).archives) == [file]


@pytest.mark.parametrize("name", CONFIG.packs)
def test_the_grader_reads_what_is_sent(name: str, tmp_path: Path) -> None:
    """The solved pack as an archive of submit.py is the submission that its folder is."""
    pack, solutions = CONFIG.packs[name], ROOT / "solutions" / name
    folder = release_pack(name, CONFIG, tmp_path)
    solved = [*(solutions / pack.package).glob("*.py"), solutions / "answers.toml"]
    for path in solved:
        (folder / path.relative_to(solutions)).write_bytes(path.read_bytes())
    outcome = submit(folder, "--name", "reference")
    assert (outcome.status, outcome.err) == (0, "")
    assert "Look at this" not in outcome.out
    assert "not started" not in outcome.out
    modules = [question.module for question in pack.questions]
    sent = read_submission(
        folder / f"{name}-reference.zip", pack.package, CONFIG.limits, modules=modules
    )
    assert sent.notes == ()
    for path in solved:
        relative = path.relative_to(solutions).as_posix()
        assert {**sent.files, **sent.others}[relative] == path.read_bytes()
