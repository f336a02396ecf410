"""The same attacks through the commands: ``grade`` on a class, ``build`` and ``simulate``."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from attacks.attacks import OTHER_FILES, PATH, PROGRAMS, wrong_program
from attacks.conftest import SEED, assert_plain
from samples import write_archive

from autograder.config import ROOT

COMMAND = [sys.executable, "-m", "autograder"]
ATTACKS = {
    "first_attack": "patch-comparisons",
    "[red]markup[/link]": "raise-terminal_markup",
    "<script>alert(1)</script>": "raise-markup",
    "=HYPERLINK(1)": "raise-control_characters",
    "..": "raise-file_name",
    "grades": "tamper-results_files",
    "later": "tamper-later_thread",
    "left": "tamper-leftovers",
    "state": "tamper-torch_state",
    "exit": "forge-answer_and_exit",
    "disk": "steal-disk",
    "last_attack": "end-hard_exit_at_import",
}


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the console command and return what it printed."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, object]:
    """What attackers know: here the very folder that results are written to."""
    folder = tmp_path_factory.mktemp("fronts")
    return {
        "secret": [str(ROOT / "autograder"), str(ROOT / "solutions"), str(folder / "in")],
        "results": str(folder / "out"),
        "grader": os.getpid(),
        "mark": f"front-{os.getpid()}",
    }


def bomb(folder: Path) -> Path:
    """A small archive of a large file."""
    return write_archive({PATH: bytes(200 << 20)}, folder / "bomb.zip")


def links(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with a link to the solution in the place of one, and pipes that never end."""
    folder = folder / "links"
    (folder / "likelihood").mkdir(parents=True)
    for path, source in files.items():
        (folder / path).write_bytes(source)
    (folder / PATH).unlink()
    (folder / PATH).symlink_to(ROOT / "solutions" / "hw1_likelihood" / PATH)
    (folder / "all").symlink_to(ROOT)
    os.mkfifo(folder / "likelihood" / "pipe.py")
    os.mkfifo(folder / "notes.ipynb")
    return folder


@pytest.fixture(scope="module")
def batch(arena, told) -> tuple[Path, str]:
    """The output folder of a class in which honest students sit between attackers."""
    folder = Path(told["results"]).parent
    (folder / "in").mkdir()
    others = {path: text.encode() for path, text in OTHER_FILES.items()}
    complete = {**arena.reference, **arena.answers}
    classroom = {"honest_first": complete, "files": {**complete, **others}}
    for name, attack in ATTACKS.items():
        classroom[name] = {**complete, PATH: wrong_program(PROGRAMS[attack], told)}
    classroom["honest_last"] = complete
    archives = [
        write_archive(files, folder / "in" / f"{name.replace('/', '∕')}.zip")
        for name, files in classroom.items()
    ]
    archives[3:3] = [bomb(folder / "in"), links(folder / "in", complete)]
    done = run("grade", "hw1", *archives, "-o", folder / "out", "--seed", SEED, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "out", done.stdout + done.stderr


def test_attackers_lose_their_question_and_nobody_else_anything(batch):
    with (batch[0] / "grades.csv").open(newline="") as file:
        grades = {row["submission"]: row for row in csv.DictReader(file)}
    assert len(grades) == len(ATTACKS) + 5
    scores = {"honest_first": 100, "honest_last": 100, "files": 100, "bomb": 0}
    for name, row in grades.items():
        assert float(row["score"]) == scores.get(name, 93), row
        assert row["grader_errors"] == ""
        assert not name.startswith(("=", "+", "-", "@"))


def test_the_output_folder_holds_what_it_should_and_no_more(batch):
    found = {path.relative_to(batch[0]).as_posix() for path in batch[0].rglob("*.*")}
    with (batch[0] / "grades.csv").open(newline="") as file:
        names = [row["submission"] for row in csv.DictReader(file)]
    wanted = {"grades.csv", "report.html"}
    wanted |= {f"results/{name}.json" for name in names}
    wanted |= {f"feedback/{name}.html" for name in names}
    assert {path for path in found if not path.startswith("store")} == wanted


def test_pages_results_and_terminal_are_plain_and_hold_no_secret(batch, secrets_in):
    folder, terminal = batch
    assert_plain(terminal)
    texts = [terminal, (folder / "grades.csv").read_text("utf-8")]
    for path in folder.rglob("*.html"):
        texts.append(path.read_text("utf-8"))
        assert_plain(texts[-1], html=True)
    for path in folder.rglob("results/*.json"):
        data = json.loads(path.read_text("utf-8"))
        assert data["extra_data"].pop("seed") == SEED
        texts.append(json.dumps(data))
    assert secrets_in("\n".join(texts)) == []


GRADESCOPE = """
import glob
READ = ""
for path in glob.glob("/tmp/gradescope-*/**", recursive=True) + glob.glob("/autograder/**"):
    try: READ += open(path, errors="replace").read()
    except OSError: pass
    for name in (path, path + "/results.json", path + "/results/results.json"):
        try: open(name, "w").write('{"score": 100}')
        except OSError: pass
def lie(value):
    raise ValueError(READ[:200] or "nothing was read")
"""


def test_a_submission_cannot_reach_the_files_of_a_gradescope_container(arena, told, tmp_path):
    attack = wrong_program(GRADESCOPE, told)
    files = {**arena.reference, **arena.answers, PATH: attack}
    submission = write_archive(files, tmp_path / "attack.zip")
    build = run("build", "hw1", "-o", tmp_path / "grader.zip", "--seed", SEED, cwd=tmp_path)
    assert build.returncode == 0, build.stderr
    output = tmp_path / "out"
    done = run("simulate", tmp_path / "grader.zip", submission, "-o", output, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    results = json.loads((output / "results.json").read_text("utf-8"))
    lost = {test["number"]: test["output"] for test in results["tests"] if test["score"] == 0}
    assert results["score"] == 93
    assert list(lost) == ["7a", "7b", "7c", "7d"]
    assert all("nothing was read" in text for text in lost.values())
    assert results["extra_data"]["errors"] == []
