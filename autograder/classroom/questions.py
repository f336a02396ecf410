"""Rows of results, gathered by the question that they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.config import Pack
from autograder.grading.results import Result, Row


@dataclass(frozen=True)
class QuestionScore:
    """What one submission got in one question.

    ``passed`` is whether every part got full marks, ``started`` whether any was begun.
    """

    label: str
    title: str
    score: float
    max_score: float
    bonus: bool
    passed: bool
    started: bool

    @property
    def percent(self) -> float:
        """The score in percent of the question's points."""
        return 100 * self.score / self.max_score if self.max_score else 0.0


def question_label(row: Row) -> str:
    """The question of a row, for example ``Q3`` of ``Q3b``."""
    return row.label.rstrip("abcdefghijklmnopqrstuvwxyz")


def question_scores(pack: Pack, result: Result) -> list[QuestionScore]:
    """The scores of one result by question, in the order of its rows."""
    rows: dict[str, list[Row]] = {}
    for row in result.rows:
        rows.setdefault(question_label(row), []).append(row)
    titles = {f"Q{question.id}": question.title for question in pack.graded}
    return [sum_rows(label, titles.get(label, ""), own) for label, own in rows.items()]


def sum_rows(label: str, title: str, rows: Sequence[Row]) -> QuestionScore:
    """What some rows of one result are worth together."""
    return QuestionScore(
        label=label,
        title=title,
        score=round(sum(row.score for row in rows), 2),
        max_score=round(sum(row.max_score for row in rows), 2),
        bonus=all(row.bonus for row in rows),
        passed=all(row.status == "passed" for row in rows),
        started=any(row.status != "not_started" for row in rows),
    )
