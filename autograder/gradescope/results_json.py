"""A result in the schema that Gradescope reads from ``results.json``."""

from collections.abc import Sequence

from autograder.config import Leaderboard
from autograder.grading.feedback import row_text, summary_text
from autograder.grading.results import Result, Row

OUTPUT_LENGTH = 20_000


def to_gradescope(
    result: Result, leaderboards: Sequence[Leaderboard] = (), notes: tuple[str, ...] = ()
) -> dict:
    """The dictionary for ``results.json``.

    Args:
        result: The graded submission.
        leaderboards: What students compare: the score of one part each.
        notes: Further sentences to stand above the rows.
    """
    data = {
        "score": result.score,
        "execution_time": round(result.seconds),
        "output": "\n".join((summary_text(result), *notes))[:OUTPUT_LENGTH],
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": result.model_dump(mode="json", exclude={"rows", "notes"}),
        "tests": [_test(row) for row in result.rows],
    }
    if leaderboards:
        scores = {row.label: row.score for row in result.rows}
        data["leaderboard"] = [
            {"name": board.name, "value": scores[f"Q{board.part}"], "order": board.order}
            for board in leaderboards
        ]
    return data


def _test(row: Row) -> dict:
    test = {
        "number": row.label.removeprefix("Q"),
        "name": row.title,
        "score": row.score,
        "max_score": 0.0 if row.bonus else row.max_score,
        "output": row_text(row)[:OUTPUT_LENGTH],
        "visibility": row.visibility.value,
        "extra_data": {
            "status": row.status,
            "functions": list(row.functions),
            "findings": [finding.model_dump(mode="json") for finding in row.findings],
        },
    }
    if row.status not in ("grader_error", "not_graded"):
        test["status"] = "passed" if row.status == "passed" else "failed"
    return test
