"""Where the grader itself fails, no student loses a point and a TA is told."""

import errno
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings

import psutil
import pytest

from autograder.config import ROOT, Visibility, load_config
from autograder.gradescope.results_json import to_gradescope
from autograder.grading.grader import Grader
from autograder.grading.reference import Reference
from autograder.grading.results import Check, make_rows
from autograder.grading.suite import Suite
from autograder.machine import start_sandbox
from autograder.sandbox import launch
from autograder.sandbox.client import Session
from autograder.sandbox.launch import SandboxError
from autograder.submission import Submission

MODULE = "outliers"
LABELS = ("Q7a", "Q7b", "Q7c", "Q7d")


@pytest.fixture
def own_grader():
    """A grader that a test may damage."""
    config = load_config()
    with start_sandbox(config) as sandbox:
        yield Grader(Suite("hw1_likelihood", config), sandbox, seed=5)


def with_limits(**limits):
    config = load_config()
    return config.model_copy(update={"limits": config.limits.model_copy(update=limits)})


def grade(grader, module=MODULE, files=None, **options):
    files = grader.suite.reference_files if files is None else files
    submission = Submission(id="x", sha256="x", files=files, others={}, notes=())
    return grader.grade(submission, [grader.suite.pack.question(module)], **options)


def own(result):
    return [row for row in result.rows if row.label in LABELS]


def assert_nobody_pays(result):
    assert {row.status for row in own(result)} == {"grader_error"}
    assert [row.score for row in own(result)] == [row.max_score for row in own(result)]
    assert result.errors


def test_a_private_folder_that_was_swept_away_is_made_again(own_grader):
    isolation = own_grader._sandbox.started()
    server = psutil.Process(isolation.server().pid)
    shutil.rmtree(isolation.premises.folder)
    for process in (*server.children(recursive=True), server):
        process.kill()
    result = grade(own_grader)
    assert {row.status for row in own(result)} == {"passed"}
    assert result.errors == ()


def test_a_fork_server_that_is_slow_to_start_again_costs_no_time(monkeypatch):
    config = with_limits(probe_seconds=2.0, submission_seconds=3.0)
    start = launch.ForkServer.__init__

    def slowly(self, *arguments):
        time.sleep(4)
        start(self, *arguments)

    with start_sandbox(config) as sandbox:
        grader = Grader(Suite("hw1_likelihood", config), sandbox, seed=5)
        server = psutil.Process(sandbox.started().server().pid)
        for process in (*server.children(recursive=True), server):
            process.kill()
        monkeypatch.setattr(launch.ForkServer, "__init__", slowly)
        result = grade(grader)
    assert {row.status for row in own(result)} == {"passed"}, result.rows
    assert result.errors == ()


def test_what_the_grader_has_no_time_left_for_costs_nothing(own_grader):
    result = grade(own_grader, deadline=time.monotonic())
    assert_nobody_pays(result)
    assert "the machine was too busy" in result.errors[0]


def test_without_descriptors_nobody_pays(own_grader, monkeypatch):
    def no_more():
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    isolation = own_grader._sandbox.started()
    isolation.server()
    monkeypatch.setattr(launch, "_pipes", no_more)
    assert_nobody_pays(grade(own_grader))
    ours = {os.getpid()}
    for process in psutil.process_iter(["pid", "ppid", "cmdline"]):  # parents come first
        if str(isolation.premises.folder) in " ".join(process.info["cmdline"] or ()):
            assert process.info["ppid"] in ours, "a process was left behind"
            ours.add(process.info["pid"])


@pytest.mark.parametrize("broken", ["cpu", "meta"])
def test_a_device_that_the_grader_cannot_use_costs_nothing(own_grader, monkeypatch, broken):
    run = Session.run

    def fail(self, name, seed, device, seconds):
        if device == broken:
            raise SandboxError("out of order")
        return run(self, name, seed, device, seconds)

    monkeypatch.setattr(Session, "run", fail)
    assert_nobody_pays(grade(own_grader))


@pytest.mark.parametrize(
    ("cpu", "meta"), list(itertools.product(["passed", "failed", "grader_error"], repeat=2))
)
def test_the_checks_that_were_made_decide(cpu, meta):
    config = load_config()
    pack = config.packs["hw1_likelihood"]
    checks = [
        Check(part="Q7a", device=device, weight=1, outcome=outcome)
        for device, outcome in (("cpu", cpu), ("meta", meta))
    ]
    row = next(row for row in make_rows(config, pack, {"Q7a": checks}) if row.label == "Q7a")
    points = {"cpu": 1 - config.device_share, "meta": config.device_share}
    made = {d: o for d, o in (("cpu", cpu), ("meta", meta)) if o != "grader_error"}
    passed = sum(points[device] for device, outcome in made.items() if outcome == "passed")
    share = passed / sum(points[device] for device in made) if made else 1
    assert row.score == pytest.approx(share * row.max_score)


@pytest.mark.parametrize(
    ("variable", "value"), [("PYTEST_ADDOPTS", "-x -k nothing"), ("PYTEST_PLUGINS", "no_such")]
)
def test_options_for_pytest_in_the_environment_change_no_grade(
    grader, monkeypatch, variable, value
):
    monkeypatch.setenv(variable, value)
    result = grade(grader)
    assert {row.status for row in own(result)} == {"passed"}
    assert os.environ[variable] == value


def test_an_endless_loop_leaves_time_for_every_other_part():
    config = with_limits(probe_seconds=3.0, submission_seconds=5.0)
    path = "likelihood/density.py"
    with start_sandbox(config) as sandbox:
        suite = Suite("hw1_likelihood", config)
        looping = suite.reference_files[path].decode() + (
            "\n\ndef gmm_log_joint(*args, **kwargs):\n    while True:\n        pass\n"
        )
        files = {**suite.reference_files, path: looping.encode()}
        result = grade(Grader(suite, sandbox, seed=5), "density", files)
    status = {row.label: row.status for row in result.rows if row.label.startswith("Q1")}
    assert status["Q1e"] == "failed"
    assert {status[label] for label in ("Q1a", "Q1b", "Q1c", "Q1d", "Q1f", "Q1h")} == {"passed"}


ends = pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])


@ends
@pytest.mark.parametrize("head", ["def test_area(run):\n", "from autograder.grading import part\n"])
def test_who_ends_the_grader_in_a_hidden_test_ends_it(own_root, head, end):
    tests = own_root / "autograder/graders/hw1_likelihood" / f"test_{MODULE}.py"
    text = tests.read_text("utf-8")
    assert head in text
    indent = "    " if head.startswith("def") else ""
    tests.write_text(text.replace(head, f"{head}{indent}raise {end.__name__}\n"), "utf-8")
    config = load_config()
    with start_sandbox(config) as sandbox:
        grader = Grader(Suite("hw1_likelihood", config, own_root), sandbox, seed=5)
        with pytest.raises(end):
            grade(grader)


@ends
def test_an_interrupt_in_a_reference_stops_the_grader(own_root, end):
    probes = own_root / "autograder/graders/hw1_likelihood/probes" / f"{MODULE}.py"
    name = "area"
    head = f"def {name}(hw: Package, rng: Rng) -> dict:\n"
    text = probes.read_text("utf-8")
    assert head in text
    probes.write_text(text.replace(head, f"{head}    raise {end.__name__}\n"), "utf-8")
    config = load_config()
    with start_sandbox(config) as sandbox:
        grader = Grader(Suite("hw1_likelihood", config, own_root), sandbox, seed=5)
        for _ in range(2):
            with pytest.raises(end):
                grader.reference.expected(MODULE, name)


def test_warnings_of_a_reference_reach_nobody(own_root):
    solution = own_root / "solutions/hw1_likelihood/likelihood" / f"{MODULE}.py"
    solution.write_text(solution.read_text("utf-8") + "\nimport warnings; warnings.warn('ours')\n")
    reference = Reference(Suite("hw1_likelihood", load_config(), own_root), seed=5)
    with warnings.catch_warnings(record=True, action="always") as said:
        assert reference.expected(MODULE, "area").values
    assert not said


def test_rows_that_students_do_not_see_are_not_summed_up_for_them(grader):
    result = grade(grader)
    assert "points." in to_gradescope(result)["output"]
    hidden = result.rows[-1].model_copy(update={"visibility": Visibility.HIDDEN})
    result = result.model_copy(update={"rows": (*result.rows[:-1], hidden)})
    assert "points." not in to_gradescope(result)["output"]


def test_a_part_of_the_tests_gives_no_grade(tmp_path, grader):
    suite = grader.suite
    result = tmp_path / "result.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "autograder.grading.standalone"]
    command += ["--pack", "hw1", "--submission", str(ROOT / "solutions" / suite.name)]
    command += [
        "--result",
        str(result),
        "-k",
        "area",
        str(suite.tests(suite.pack.question(MODULE))),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no grade" in done.stdout
    assert not result.exists()


def test_a_job_that_is_told_to_end_removes_its_folders(tmp_path):
    private = tmp_path / "tmp"
    private.mkdir()
    command = [sys.executable, "-m", "autograder", "verify", "hw1", "--seed", "1"]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TMPDIR": str(private)}, stderr=subprocess.PIPE
    )
    try:
        while not list(private.iterdir()) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGTERM
    assert list(private.iterdir()) == []
