"""The grades of a class as a table for a spreadsheet."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from autograder.classroom.tables import write_table
from autograder.grading.results import Result


def grades_csv(results: Sequence[Result], names: Mapping[str, str] = MappingProxyType({})) -> str:
    """A line for every result: its score, and its score in every part.

    ``names`` are those of the students who handed in, by submission; a column where there are any.
    """
    labels = list(dict.fromkeys(row.label for result in results for row in result.rows))
    who = ["students"] if names else []
    head = ["submission", *who, "score", "max_score", *labels]
    lines = (
        [result.submission, *([names.get(result.submission, "")] if names else []), *line]
        for result in results
        for line in (_line(result, labels),)
    )
    return write_table([[*head, "isolation", "grader_errors", "notes"], *lines])


def _line(result: Result, labels: Sequence[str]) -> list[str]:
    scores = {row.label: f"{row.score:g}" for row in result.rows}
    return [
        f"{result.score:g}",
        f"{result.max_score:g}",
        *(scores.get(label, "") for label in labels),
        result.isolation if result.safe else f"{result.isolation} (unsafe)",
        " ".join(row.label for row in result.grader_errors),
        " ".join(result.notes),
    ]
