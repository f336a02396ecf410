"""The report on a class: one self-contained page."""

from collections.abc import Sequence
from statistics import mean, median

from autograder.classroom.pages import render
from autograder.config import Config
from autograder.grading.results import Result


def class_report(config: Config, pack: str, results: Sequence[Result]) -> str:
    """The report on all ``results`` of one pack, as a page."""
    counted = [r for r in results if r.rows[0].status != "unreadable"]
    scores = [result.score for result in counted] or [0.0]
    rows = [[r.rows[i] for r in counted or results] for i in range(len(results[0].rows))]
    mistakes: dict[tuple[str, str], int] = {}
    for result in results:
        for row in result.rows:
            for finding in row.findings:
                if finding.misconception:
                    key = (row.label, finding.hint)
                    mistakes[key] = mistakes.get(key, 0) + 1
    return render(
        "report.html",
        config,
        pack,
        results=results,
        unreadable=len(results) - len(counted),
        mean=mean(scores),
        median=median(scores),
        parts=[
            {
                "label": part[0].label,
                "title": part[0].title,
                "full": sum(row.status == "passed" for row in part),
                "not_started": sum(row.status == "not_started" for row in part),
                "mean": mean(row.score for row in part),
                "max": part[0].max_score,
            }
            for part in rows
        ],
        mistakes=sorted(mistakes.items(), key=lambda item: (-item[1], item[0])),
    )
