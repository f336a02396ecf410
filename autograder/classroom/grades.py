"""The grades of a class as a table for a spreadsheet."""

import csv
import io
from collections.abc import Sequence

from autograder.grading.results import Result


def grades_csv(results: Sequence[Result]) -> str:
    """A line for every result: its score, and its score in every part."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    labels = [row.label for row in results[0].rows]
    head = ["submission", "score", "max_score", *labels, "isolation", "grader_errors", "notes"]
    writer.writerow(head)
    for result in results:
        scores = [f"{row.score:g}" for row in result.rows]
        errors = " ".join(row.label for row in result.grader_errors)
        isolation = result.isolation if result.safe else f"{result.isolation} (unsafe)"
        row = [result.submission, f"{result.score:g}", f"{result.max_score:g}", *scores]
        notes = " ".join(result.notes)
        # A spreadsheet would run a cell that begins like a formula.
        writer.writerow(
            [
                *row,
                isolation,
                errors,
                f"'{notes}" if notes.startswith(("=", "+", "-", "@")) else notes,
            ]
        )
    return text.getvalue()
