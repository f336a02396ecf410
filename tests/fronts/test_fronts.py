"""The three ways to grade one submission, as commands: they give the same rows."""

import csv
import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from classroom.course import MODULES, Course
from samples import with_mistakes, write_archive

from autograder.config import ROOT, load_config
from autograder.grading.suite import Suite

SEED = "424242"


def run(*arguments: object, status: int = 0) -> str:
    """What a command prints; it must end with ``status``."""
    command = [sys.executable, "-m", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def suite():
    return Suite("hw1_likelihood", load_config())


@pytest.fixture(scope="module")
def batch(tmp_path_factory, suite) -> Path:
    """A folder of submissions, graded: some readable, some not."""
    folder = tmp_path_factory.mktemp("batch")
    submissions = folder / "submissions"
    submissions.mkdir()
    mistakes = {
        module: next(m.id for m in suite.misconceptions(module)) for module in ("density", "made")
    }
    answers = suite.answers_with("Q8d", suite.answer_key["d"].mistakes[0].answer)
    write_archive({**with_mistakes(suite, mistakes), **answers}, submissions / "student.zip")
    files = dict(suite.reference_files)
    ratio = b"return background_log_prob - log_prob"
    assert ratio in files["likelihood/outliers.py"]
    files["likelihood/outliers.py"] = files["likelihood/outliers.py"].replace(
        ratio, b"raise NotImplementedError"
    )
    write_archive(files, submissions / "unfinished.zip")
    (submissions / "corrupt.zip").write_bytes(b"PK\x03\x04 this is no archive")
    with zipfile.ZipFile(submissions / "empty.zip", "w"):
        pass
    write_archive({"elsewhere/thing.py": b"x = 1\n"}, submissions / "other.zip")
    run("autograder", "grade", "hw1", submissions, "-o", folder / "out", "--seed", SEED)
    return folder


def results(folder: Path, name: str) -> dict:
    return json.loads((folder / "out" / "results" / f"{name}.json").read_text())


def points(result: dict) -> list[tuple[str, float, float]]:
    return [(test["number"], test["score"], test["max_score"]) for test in result["tests"]]


def test_every_submission_leaves_its_files(batch):
    names = ["corrupt", "empty", "other", "student", "unfinished"]
    with (batch / "out" / "grades.csv").open() as file:
        assert [row["submission"] for row in csv.DictReader(file)] == names
    for name in names:
        assert results(batch, name)["tests"]
        assert (batch / "out" / "feedback" / f"{name}.html").is_file()
    assert "student" in (batch / "out" / "report.html").read_text()
    assert stat.S_IMODE((batch / "out").stat().st_mode) == 0o700


def test_what_cannot_be_read_gets_every_row_and_a_sentence(batch):
    readable = [(number, most) for number, _, most in points(results(batch, "student"))]
    for name in ("corrupt", "empty", "other"):
        result = results(batch, name)
        assert result["score"] == 0
        assert [(number, most) for number, _, most in points(result)] == readable
        assert all(test["output"].count(".") for test in result["tests"])


def test_a_result_holds_what_repeats_it(batch):
    extra = results(batch, "student")["extra_data"]
    assert extra["seed"] == int(SEED)
    assert len(extra["sha256"]) == 64
    assert extra["versions"]["torch"]
    assert extra["isolation"]


def test_students_never_see_the_seed(batch):
    for page in (batch / "out" / "feedback").iterdir():
        assert SEED not in page.read_text()
    assert not any(SEED in test["output"] for test in results(batch, "student")["tests"])


def test_results_follow_gradescopes_schema(batch):
    result = results(batch, "student")
    assert 0 < result["score"] < 100
    assert result["score"] == pytest.approx(sum(test["score"] for test in result["tests"]))
    assert isinstance(result["execution_time"], int)
    for test in result["tests"]:
        assert test.keys() >= {"number", "name", "score", "max_score", "output", "visibility"}
        assert isinstance(test["number"], str)
        assert test["status"] in ("passed", "failed")
        assert len(test["output"]) < 100_000


def test_the_feedback_page_names_the_mistake(batch, suite):
    page = (batch / "out" / "feedback" / "student.html").read_text()
    for module in ("density", "made"):
        assert suite.misconceptions(module)[0].hint.split(".")[0].replace("'", "&#39;")[:40] in page


def test_a_stub_that_is_left_in_a_part_is_named_wherever_the_part_is_explained(batch):
    row = next(t for t in results(batch, "unfinished")["tests"] if t["number"] == "7c")
    lost = f"(-{row['max_score'] - row['score']:g}): not started"
    page = (batch / "out" / "feedback" / "unfinished.html").read_text()
    for text in (row["output"], page):
        assert lost in text
        assert "in likelihood_ratio_score: raise NotImplementedError" in text
        assert "checks passed" in text


def test_simulating_gradescope_gives_the_same_rows(batch, tmp_path):
    package = tmp_path / "autograder.zip"
    run("autograder", "build", "hw1", "-o", package, "--seed", SEED)
    student = batch / "submissions" / "student.zip"
    run("autograder", "simulate", package, student, "-o", tmp_path / "simulated")
    simulated = json.loads((tmp_path / "simulated" / "results.json").read_text())
    assert points(simulated) == points(results(batch, "student"))
    assert simulated["score"] == results(batch, "student")["score"]
    outputs = [test["output"] for test in simulated["tests"]]
    assert outputs == [test["output"] for test in results(batch, "student")["tests"]]


def test_the_plugin_alone_gives_the_same_rows(batch, tmp_path):
    arguments = ["-p", "autograder.grading.standalone", "--pack", "hw1", "--noconftest", "-q"]
    arguments += ["--submission", batch / "submissions" / "student.zip", "--grading-seed", SEED]
    arguments += ["--result", tmp_path / "r.json", "autograder/graders/hw1_likelihood"]
    run("pytest", *arguments, status=1)
    result = json.loads((tmp_path / "r.json").read_text())
    rows = [(row["label"][1:], row["score"], row["max_score"]) for row in result["rows"]]
    assert rows == points(results(batch, "student"))


def test_the_plugin_alone_writes_no_result_where_tests_cannot_be_imported(tmp_path):
    course = Course(tmp_path / "course")
    tests = "autograder/graders/hw1_likelihood"
    course.edit(f"{tests}/test_bayes.py", "from autograder.grading", "from autograder.nothing")
    arguments = ["-p", "autograder.grading.standalone", "--pack", "hw1", "--noconftest", "-q"]
    arguments += ["--submission", course.archive(tmp_path / "ann.zip")]
    arguments += ["--tb=no", "--continue-on-collection-errors", "--result", tmp_path / "r.json"]
    files = [f"{tests}/test_{module}.py" for module in MODULES]
    output = course.run("pytest", *arguments, *files, status=1)
    assert "no grade" in output
    assert not (tmp_path / "r.json").exists()


def test_the_package_holds_nothing_but_its_pack(tmp_path):
    package = tmp_path / "autograder.zip"
    run("autograder", "build", "hw1", "-o", package, "--seed", SEED)
    names = zipfile.ZipFile(package).namelist()
    assert {"setup.sh", "run_autograder", "requirements.txt"} <= set(names)
    assert not [name for name in names if "hw2" in name or "tests/" in name or "/." in name]
    assert not [name for name in names if name.endswith((".ipynb", ".csv", ".pyc"))]
    modes = {
        info.filename: info.external_attr >> 16 for info in zipfile.ZipFile(package).infolist()
    }
    assert modes["run_autograder"] & 0o111
    assert modes["setup.sh"] & 0o111


def test_two_submissions_of_one_name_are_refused_before_anything_is_graded(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        source = f"x = '{folder}'".encode()
        write_archive({"likelihood/density.py": source}, tmp_path / folder / "same.zip")
    paths = [tmp_path / folder / "same.zip" for folder in ("a", "b")]
    output = run("autograder", "grade", "hw1", *paths, "-o", tmp_path / "out", status=1)
    assert "would both leave results as 'same'" in output
    assert not list((tmp_path / "out").rglob("*.json"))


def test_the_doctor_fails_where_grading_would_be_refused(tmp_path):
    """Here because the libraries lie outside the environment, where none may look."""
    venv.create(tmp_path / "venv", with_pip=False)
    packages = next((tmp_path / "venv").glob("lib/*/site-packages"))
    (packages / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "python", "-m", "autograder", "doctor"],
        env={**os.environ, "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "No isolation protects files here: nothing can be graded." in done.stderr
    assert "Confined programs cannot read" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_doctor_approves_where_grading_works():
    output = run("autograder", "doctor")
    assert "hw1_likelihood" in output
    assert "isolation: " in output


def test_the_doctor_speaks_to_a_user_without_a_home():
    namespace = ["unshare", "--user", "--map-user=54321", "--map-group=54321"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*namespace, "true"], check=False).returncode
    ):
        pytest.skip("this user may not make a user namespace")
    nobody = {k: v for k, v in os.environ.items() if k not in ("HOME", "USER", "LOGNAME")}
    done = subprocess.run(
        [*namespace, sys.executable, "-m", "autograder", "doctor"],
        env={**nobody, "COLUMNS": "300"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "set HOME" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["grade", "hw9", "x", "-o", "y"], 2, "no pack 'hw9'; choose one of"),
        (["grade", "hw1", "no/such/file.zip", "-o", "y"], 1, "no/such/file.zip"),
        (["grade", "hw1"], 2, "Missing option"),
        (["grade", "hw1", "-o", "y"], 2, "there is nothing to grade; give archives or folders"),
        (["grade", "hw1", "x", "-o", "y", "--device", "tpu"], 2, "choose cpu or cuda"),
        (["simulate", "README.md", "solutions/hw1_likelihood", "-o", "build/x"], 1, "README.md"),
    ],
)
def test_bad_usage_is_one_clear_line(arguments, status, words):
    output = run("autograder", *arguments, status=status)
    assert words in output
    assert "Traceback" not in output
