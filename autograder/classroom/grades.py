"""The grades of a class as a table for a spreadsheet."""

from collections.abc import Sequence

from autograder.classroom.tables import write_table
from autograder.grading.results import Result


def grades_csv(results: Sequence[Result]) -> str:
    """A line for every result: its score, and its score in every part."""
    labels = list(dict.fromkeys(row.label for result in results for row in result.rows))
    head = ["submission", "score", "max_score", *labels, "isolation", "grader_errors", "notes"]
    return write_table([head, *(_line(result, labels) for result in results)])


def _line(result: Result, labels: Sequence[str]) -> list[str]:
    scores = {row.label: f"{row.score:g}" for row in result.rows}
    return [
        result.submission,
        f"{result.score:g}",
        f"{result.max_score:g}",
        *(scores.get(label, "") for label in labels),
        result.isolation if result.safe else f"{result.isolation} (unsafe)",
        " ".join(row.label for row in result.grader_errors),
        " ".join(result.notes),
    ]
