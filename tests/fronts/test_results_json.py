"""What Gradescope is told of a result: what counts, what students see, what they compare."""

import pytest

from autograder.config import Leaderboard, Visibility
from autograder.gradescope.results_json import OUTPUT_LENGTH, to_gradescope
from autograder.grading.results import Finding, Result, Row


def row(label: str, score: float, status: str, **fields: object) -> Row:
    values = {"title": f"Part {label}", "functions": ("f",), "max_score": 2.0, **fields}
    return Row(label=label, score=score, status=status, **values)


def result(*rows: Row) -> Result:
    return Result(pack="hw1_likelihood", submission="student", seed=1, seconds=12.6, rows=rows)


def test_a_row_is_a_test_of_its_part():
    lost = Finding(check="two modes", kind="value", message="`x` is wrong", hint="A sign is lost.")
    rows = row("Q1a", 2.0, "passed"), row("Q1b", 0.5, "partial", findings=(lost,))
    data = to_gradescope(result(*rows))
    assert (data["score"], data["execution_time"]) == (2.5, 13)
    assert [test["number"] for test in data["tests"]] == ["1a", "1b"]
    assert [test["status"] for test in data["tests"]] == ["passed", "failed"]
    assert [test["score"] for test in data["tests"]] == [2.0, 0.5]
    assert "two modes: `x` is wrong" in data["tests"][1]["output"]
    assert data["tests"][1]["extra_data"]["findings"] == [lost.model_dump(mode="json")]


@pytest.mark.parametrize("visibility", Visibility)
def test_a_part_is_shown_when_the_course_says(visibility):
    rows = row("Q1a", 2.0, "passed"), row("Q1b", 1.0, "partial", visibility=visibility)
    data = to_gradescope(result(*rows))
    assert [test["visibility"] for test in data["tests"]] == ["visible", visibility.value]
    assert data["stdout_visibility"] == "hidden"
    # The sum would tell what a row that is not shown has earned.
    assert ("3 of 4 points" in data["output"]) == (visibility is Visibility.VISIBLE)


def test_a_bonus_part_adds_points_and_asks_for_none():
    rows = row("Q1a", 2.0, "passed"), row("Q9a", 1.5, "partial", bonus=True)
    data = to_gradescope(result(*rows))
    assert data["score"] == 3.5
    assert [test["max_score"] for test in data["tests"]] == [2.0, 0.0]
    assert data["tests"][1]["score"] == 1.5


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("passed", "passed"),
        ("partial", "failed"),
        ("failed", "failed"),
        ("not_started", "failed"),
        ("unreadable", "failed"),
        ("not_graded", None),
        ("grader_error", None),
    ],
)
def test_nobody_passes_or_fails_what_was_not_judged(status, told):
    (test,) = to_gradescope(result(row("Q1a", 0.0, status)))["tests"]
    assert test.get("status") == told
    assert test["extra_data"]["status"] == status


def test_what_is_too_long_is_cut():
    long = Finding(check="", kind="exception", message="m" * 30_000)
    graded = result(row("Q1a", 0.0, "failed", findings=(long,)))
    data = to_gradescope(graded, notes=("n" * 30_000,))
    (test,) = data["tests"]
    for text, letter in ((test["output"], "m"), (data["output"], "n")):
        assert len(text) == OUTPUT_LENGTH
        assert text.endswith(letter * 1000)


def test_a_leaderboard_compares_the_score_of_its_part():
    rows = row("Q1a", 2.0, "passed"), row("Q1b", 0.5, "partial")
    board = Leaderboard(name="Sharpest", part="1b", order="desc")
    entry = {"name": "Sharpest", "value": 0.5, "order": "desc"}
    assert to_gradescope(result(*rows), [board])["leaderboard"] == [entry]
    assert "leaderboard" not in to_gradescope(result(*rows))


def test_notes_stand_above_the_rows():
    data = to_gradescope(result(row("Q1a", 2.0, "passed")), notes=("Submitted late.",))
    assert data["output"].splitlines() == ["2 of 2 points.", "Submitted late."]
