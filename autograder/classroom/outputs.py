"""What a batch leaves in its folder: results, grades, feedback pages, a class report."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.config import Config
from autograder.gradescope.results_json import to_gradescope, write_json
from autograder.grading.feedback import STATUS
from autograder.grading.results import Result

_pages = Environment(
    loader=PackageLoader("autograder.classroom"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Outputs:
    """The output folder of one batch."""

    def __init__(self, folder: Path, config: Config, pack: str) -> None:
        self.folder = folder
        self._config = config
        self._pack = pack
        for name in ("results", "feedback"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def add(self, result: Result) -> None:
        """Write what belongs to one submission."""
        write_json(self.folder / "results" / f"{result.submission}.json", to_gradescope(result))
        page = self._render("feedback.html", result=result)
        write_text(self.folder / "feedback" / f"{result.submission}.html", page)

    def finish(self, results: Sequence[Result]) -> None:
        """Write what belongs to all of them together."""
        results = sorted(results, key=lambda result: result.submission)
        write_text(self.folder / "grades.csv", _grades(results))
        write_text(self.folder / "report.html", self._report(results))

    def _report(self, results: Sequence[Result]) -> str:
        scores = [result.score for result in results]
        rows = [[result.rows[i] for result in results] for i in range(len(results[0].rows))]
        mistakes: dict[tuple[str, str], int] = {}
        for result in results:
            for row in result.rows:
                for finding in row.findings:
                    if finding.misconception:
                        key = (row.label, finding.hint)
                        mistakes[key] = mistakes.get(key, 0) + 1
        return self._render(
            "report.html",
            results=results,
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

    def _render(self, template: str, **values: object) -> str:
        pack = self._config.packs[self._pack]
        course = self._config.course
        return _pages.get_template(template).render(
            pack=pack, course=course, status=STATUS, **values
        )


def _grades(results: Sequence[Result]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    labels = [row.label for row in results[0].rows]
    writer.writerow(["submission", "score", "max_score", *labels, "isolation", "grader_errors"])
    for result in results:
        scores = [f"{row.score:g}" for row in result.rows]
        errors = " ".join(row.label for row in result.grader_errors)
        isolation = result.isolation if result.safe else f"{result.isolation} (unsafe)"
        writer.writerow(
            [
                result.submission,
                f"{result.score:g}",
                f"{result.max_score:g}",
                *scores,
                isolation,
                errors,
            ]
        )
    return text.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write a text file so that it is never seen half written."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, "utf-8")
    os.replace(partial, path)
