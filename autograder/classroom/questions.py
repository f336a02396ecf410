"""Rows of results, gathered by the question that they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.config import Pack
from autograder.grading.results import Result, Row


@dataclass(frozen=True)
class QuestionScore:
    """What one submission got in one question."""

    label: str
    title: str
    score: float
    max_score: float
    bonus: bool

    @property
    def percent(self) -> float:
        """The score in percent of the question's points."""
        return 100 * self.score / self.max_score if self.max_score else 0.0


def question_label(row: Row) -> str:
    """The question of a row, for example ``Q3`` of ``Q3b``."""
    return row.label.rstrip("abcdefghijklmnopqrstuvwxyz")


def titles(pack: Pack) -> dict[str, str]:
    """The title of every graded question, by label."""
    return {f"Q{question.id}": question.title for question in pack.graded}


def question_scores(pack: Pack, result: Result) -> list[QuestionScore]:
    """The scores of one result by question, in the order of its rows."""
    rows: dict[str, list[Row]] = {}
    for row in result.rows:
        rows.setdefault(question_label(row), []).append(row)
    names = titles(pack)
    return [_sum(label, names.get(label, ""), own) for label, own in rows.items()]


def _sum(label: str, title: str, rows: Sequence[Row]) -> QuestionScore:
    return QuestionScore(
        label=label,
        title=title,
        score=round(sum(row.score for row in rows), 2),
        max_score=round(sum(row.max_score for row in rows), 2),
        bonus=all(row.bonus for row in rows),
    )
