"""What is graded again after a change, and what is not."""

import pytest
from classroom.course import FIRST, PACK, SECOND, Course

from autograder.classroom.version import WRITTEN, grader_digests
from autograder.config import load_config
from autograder.grading.suite import Suite

FIRST_MODULE, SECOND_MODULE = "bayes", "outliers"
HIDDEN = "autograder/graders/" + PACK
KNOWN = "autograder/misconceptions/" + PACK


@pytest.fixture
def course(tmp_path) -> Course:
    return Course(tmp_path)


def touched(course: Course, path: str, text: str = "\n# changed\n") -> set[str]:
    """The questions whose digest changes when ``text`` is added to a file."""
    before = grader_digests(course.suite)
    file = course.root / path
    file.write_text(file.read_text("utf-8") + text, "utf-8")
    after = grader_digests(course.suite)
    return {module for module in before if before[module] != after[module]}


@pytest.mark.parametrize(
    "path",
    [
        f"{HIDDEN}/test_{FIRST_MODULE}.py",
        f"{HIDDEN}/probes/{FIRST_MODULE}.py",
        f"{KNOWN}/{FIRST_MODULE}.py",
        f"solutions/{PACK}/{FIRST}",
    ],
)
def test_what_belongs_to_one_question_touches_it_alone(course, path):
    assert touched(course, path) == {FIRST_MODULE}


@pytest.mark.parametrize(
    "path",
    [
        "autograder/grading/compare.py",
        "autograder/sandbox/runner.py",
        "autograder/submission/intake.py",
        "autograder/misconceptions/__init__.py",
        "autograder/config.py",
    ],
)
def test_the_code_that_grades_touches_all(course, path):
    assert touched(course, path) == {FIRST_MODULE, SECOND_MODULE, WRITTEN}


def test_the_answers_and_their_key_touch_the_written_questions_alone(course):
    assert touched(course, f"solutions/{PACK}/answers.toml", "# x\n") == {WRITTEN}
    assert touched(course, f"{HIDDEN}/written.py") == {WRITTEN}


@pytest.mark.parametrize("line", ["from . import density, outliers", "import likelihood.outliers"])
def test_a_reference_that_another_uses_touches_both_also_through_a_third(course, line):
    assert touched(course, f"solutions/{PACK}/{SECOND}") == {SECOND_MODULE}
    assert touched(course, f"solutions/{PACK}/{FIRST}", f"\n{line}\n") == {FIRST_MODULE}
    assert touched(course, f"solutions/{PACK}/{SECOND}") == {FIRST_MODULE, SECOND_MODULE}
    third = f"solutions/{PACK}/likelihood/density.py"
    assert touched(course, f"solutions/{PACK}/{SECOND}", "\nfrom . import density\n")
    assert touched(course, third) == {FIRST_MODULE, SECOND_MODULE}


def test_every_pack_has_a_digest_for_each_question():
    config = load_config()
    for name, pack in config.packs.items():
        digests = grader_digests(Suite(name, config))
        assert set(digests) == {question.module for question in pack.assigned} | {WRITTEN}
        assert len(set(digests.values())) == len(digests)
