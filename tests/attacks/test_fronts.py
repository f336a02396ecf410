"""The same attacks through the commands: ``grade`` on a class, ``build`` and ``simulate``."""

import csv
import json
import math
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
from attacks.attacks import (
    MODULE,
    ONE_OF_EACH,
    OTHER_FILES,
    PATH,
    PROGRAMS,
    TARGETS,
    wrong_program,
)
from attacks.conftest import EVERY_ATTACK, SEED, TIER, assert_plain
from attacks.host import LEFT, OPEN_FOLDERS
from samples import write_archive

from autograder.config import ROOT
from autograder.files import write_zip
from autograder.gradescope import simulate

NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": "<script>alert(1)</script>"},
            {
                "cell_type": "code",
                "execution_count": 1,
                "metadata": {"<img src=x onerror=alert(1)>": 1},
                "outputs": [
                    {
                        "data": {"text/html": "<script>alert(1)</script>"},
                        "metadata": {},
                        "output_type": "display_data",
                    }
                ],
                "source": "raise SystemExit",
            },
        ],
        "metadata": {"kernelspec": {"name": "sh", "display_name": "</title><script>"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)
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


def grade(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Grade with the isolation that attacks are tried on."""
    return run("grade", *arguments, "--seed", SEED, "--isolation", TIER, cwd=cwd)


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, object]:
    """What attackers know: here the very folder that results are written to."""
    folder = tmp_path_factory.mktemp("fronts")
    return {
        "secret": [str(ROOT / "autograder"), str(ROOT / "solutions"), str(folder / "in")],
        "results": str(folder / "out"),
        "grader": os.getpid(),
        "mark": f"front-{os.getpid()}",
        "open": OPEN_FOLDERS,
        "left": LEFT,
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
    suite = arena.plain_suite
    others = {path: text.encode() for path, text in (OTHER_FILES | {"hw1.ipynb": NOTEBOOK}).items()}
    complete = {**arena.reference, **arena.answers}
    classroom = {"honest_first": complete, "files": {**complete, **others}}
    for name, attack in ATTACKS.items():
        program = wrong_program(suite, MODULE, PROGRAMS[attack], told)
        classroom[name] = {**complete, PATH: program}
    classroom["honest_last"] = complete
    archives = [
        write_archive(files, folder / "in" / f"{name.replace('/', '∕')}.zip")
        for name, files in classroom.items()
    ]
    archives[3:3] = [bomb(folder / "in"), links(folder / "in", complete)]
    done = grade("hw1", *archives, "-o", folder / "out", cwd=folder)
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
    wanted = {".lock", "grades.csv", "report.html"}
    wanted |= {f"results/{name}.json" for name in names}
    wanted |= {f"feedback/{name}.html" for name in names}
    assert {path for path in found if not path.startswith("store")} == wanted


def test_pages_results_and_terminal_are_plain_and_hold_no_secret(batch, arena):
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
    assert arena.secrets_in("\n".join(texts)) == []


REACHING_OUT = """
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
ONE_OF_EVERY_KIND = [f"{kind}-{names[0]}" for kind, names in ONE_OF_EACH.items() if kind != "steal"]
COUNT = math.ceil(len(PROGRAMS) / len(ONE_OF_EVERY_KIND))
GROUPS = [list(PROGRAMS)[i::COUNT] for i in range(COUNT)] if EVERY_ATTACK else [ONE_OF_EVERY_KIND]


@pytest.fixture(scope="module")
def package_of(tmp_path_factory) -> Callable[[str], Path]:
    """The zip of a pack for Gradescope."""
    folder = tmp_path_factory.mktemp("packages")

    @cache
    def package_of(pack: str) -> Path:
        path = folder / f"{pack}.zip"
        build = run("build", pack, "-o", path, "--seed", SEED, cwd=folder)
        assert build.returncode == 0, build.stderr
        return path

    return package_of


@pytest.fixture(
    scope="module",
    params=[(pack, group) for pack in TARGETS for group in GROUPS],
    ids=[f"{pack}-{group[0]}" for pack in TARGETS for group in GROUPS],
)
def attacker(request, arena_of, told, tmp_path_factory):
    """A pack and an archive in which each of the first modules holds another attack."""
    pack, group = request.param
    arena = arena_of(pack)
    suite = arena.plain_suite
    attacks = [REACHING_OUT, *map(PROGRAMS.get, group)]
    questions = suite.pack.assigned[: len(attacks)]
    files = {**arena.reference, **arena.answers, f"{suite.pack.short}.ipynb": NOTEBOOK.encode()}
    for question, attack in zip(questions, attacks, strict=True):
        program = wrong_program(suite, question.module, attack, told)
        files[suite.module_path(question.module)] = program
    labels = [question.label(part) for question in questions for part in question.parts]
    archive = tmp_path_factory.mktemp("attacker") / "attacker.zip"
    write_zip(archive, files, compression=zipfile.ZIP_STORED)  # deflated, some would be bombs
    return arena, archive, labels


def test_modules_with_attacks_earn_nothing_from_grade(attacker, tmp_path):
    arena, archive, labels = attacker
    honest = write_archive({**arena.reference, **arena.answers}, tmp_path / "zz_honest.zip")
    pack, output = arena.grader.suite.name, tmp_path / "out"
    done = grade(pack, archive, honest, "-o", output, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    results = {path.stem: json.loads(path.read_text("utf-8")) for path in output.glob("results/*")}
    assert results["zz_honest"]["score"] == 100
    assert_lost(arena, results["attacker"], labels)
    for path in output.rglob("*.html"):
        assert_plain(path.read_text("utf-8"), html=True)


def test_modules_with_attacks_earn_nothing_from_simulate(
    attacker, package_of, tmp_path, monkeypatch
):
    arena, archive, labels = attacker
    pack, output = arena.grader.suite.name, tmp_path / "out"
    # Where memory runs out, a container's kernel ends the attack, and `simulate` the whole run.
    monkeypatch.setattr(simulate, "MEMORY_MB", 2 * simulate.MEMORY_MB)
    if TIER != "auto":
        _without_better_isolation(monkeypatch, tmp_path)
    results = simulate.simulate_gradescope(package_of(pack), archive, output)
    assert TIER in ("auto", results["extra_data"]["isolation"])
    assert_lost(arena, results, labels)


def _without_better_isolation(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Take away what makes ``auto``, the only choice of the zip, better than ``TIER``."""
    if TIER == "landlock" and os.geteuid() == 0:
        pytest.skip("Root's tier `user` is preferred to `landlock` and cannot be taken away.")
    if TIER != "bubblewrap":
        broken = folder / "bin" / "bwrap"
        broken.parent.mkdir()
        broken.write_text("#!/bin/sh\nexit 1\n")
        broken.chmod(0o755)
        monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")


def assert_lost(arena, results: dict, labels: list[str]) -> None:
    """The parts ``labels`` have no points, all others have theirs, and nothing was read."""
    rows = {test["number"]: test for test in results["tests"]}
    lost = {number for number, row in rows.items() if row["score"] == 0}
    assert lost == {label.removeprefix("Q") for label in labels}
    assert all(
        row["score"] == row["max_score"] for number, row in rows.items() if number not in lost
    )
    assert results["extra_data"]["errors"] == []
    assert results["extra_data"].pop("seed") == SEED
    first = {label.removeprefix("Q") for label in labels if label[:-1] == labels[0][:-1]}
    assert all("nothing was read" in rows[number]["output"] for number in first)
    assert arena.secrets_in(json.dumps(results, ensure_ascii=False)) == []
