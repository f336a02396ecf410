"""On a real GPU: `pytest -m gpu`, or `make gpu`."""

import pytest
import torch
from classroom.course import Course, standing
from gpu.in_process import findings_on

from autograder.config import load_config
from autograder.grading.grader import Grader
from autograder.grading.outcome import DEVICE_HINT
from autograder.grading.suite import Suite
from autograder.machine import start_sandbox
from autograder.submission import Submission

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="there is no GPU here; run pytest -m gpu on one"
    ),
]
CONFIG = load_config()
OUTLIERS = "likelihood/outliers.py"
RANK = "rank = 1 + torch.count_nonzero(train_log_prob <= log_prob[:, None], dim=1)"


@pytest.fixture(scope="module")
def sandbox():
    with start_sandbox(CONFIG) as sandbox:
        yield sandbox


@pytest.mark.parametrize("pack", CONFIG.packs)
def test_the_reference_on_cuda_is_within_the_tolerance_of_float64_on_the_cpu(pack):
    findings, errors = findings_on(Suite(pack, CONFIG), "cuda", seed=20260101)
    assert findings == []
    assert errors == []


@pytest.mark.parametrize("pack", CONFIG.packs)
def test_the_reference_gets_everything_from_a_spawned_worker(pack, sandbox):
    suite = Suite(pack, CONFIG)
    files, others = suite.reference_files, suite.reference_answers
    submission = Submission(id="r", sha256="r", files=files, others=others, notes=())
    result = Grader(suite, sandbox, 20260101, "cuda").grade(submission)
    assert not result.errors
    assert result.notes == ()
    assert {row.status for row in result.rows} == {"passed"}


def test_a_tensor_on_a_fixed_device_is_named(sandbox):
    suite = Suite("hw1_likelihood", CONFIG)
    source = suite.reference_files[OUTLIERS].decode()
    assert source.count(RANK) == 1
    source = source.replace(RANK, f"{RANK} + torch.zeros(len(log_prob), dtype=torch.int64)")
    files = {**suite.reference_files, OUTLIERS: source.encode()}
    submission = Submission(id="w", sha256="w", files=files, others={}, notes=())
    grader = Grader(suite, sandbox, 20260101, "cuda")
    result = grader.grade(submission, [suite.pack.question("outliers")])
    found = [f for row in result.rows for f in row.findings if f.check.endswith("(device cuda)")]
    assert "wrong_device" in {finding.kind for finding in found}
    assert DEVICE_HINT in {finding.hint for finding in found}


def test_a_batch_on_cuda_in_two_processes(tmp_path):
    course = Course(tmp_path / "course", probe_seconds=60)
    for name in ("a", "b"):
        course.archive(course.root / "in" / f"{name}.zip")
    grade = ("autograder", "grade", "hw1", "in", "-o", tmp_path / "out", "--device", "cuda")
    course.run(*grade, "-j", 2)
    results = standing(tmp_path / "out")
    assert set(results) == {"a", "b"}
    for result in results.values():
        assert result.device == "cuda"
        assert not result.errors
        programs = [row for row in result.rows if row.functions]
        assert {row.status for row in programs} == {"passed"}
