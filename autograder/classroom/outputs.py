"""What a batch leaves in its folder: results, grades, feedback pages, a class report."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.config import Config
from autograder.files import write_json, write_text
from autograder.gradescope.results_json import to_gradescope
from autograder.grading.feedback import STATUS
from autograder.grading.results import Result

_pages = Environment(
    loader=PackageLoader("autograder.classroom"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _code(text: str) -> Markup:
    """Escaped text with what stands between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


_pages.filters["code"] = _code


class Outputs:
    """The output folder of one pack; what earlier runs left in it stays part of the report."""

    def __init__(self, folder: Path, config: Config, pack: str) -> None:
        self.folder = folder
        self._config = config
        self._pack = pack
        for name in ("results", "feedback", "store"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def seed(self) -> int | None:
        """The seed of the results that lie here already: one class is graded with one seed."""
        results = self.results()
        return results[0].seed if results else None

    def results(self) -> list[Result]:
        """Every result that was ever added, by name."""
        paths = sorted((self.folder / "store").glob("*.json"))
        results = [Result.model_validate_json(path.read_bytes()) for path in paths]
        return [result for result in results if result.pack == self._pack]

    def add(self, result: Result) -> None:
        """Write what belongs to one submission."""
        leaderboards = self._config.packs[self._pack].leaderboards
        name = result.submission
        write_json(self.folder / "results" / f"{name}.json", to_gradescope(result, leaderboards))
        page = self._render("feedback.html", result=result)
        write_text(self.folder / "feedback" / f"{name}.html", page)
        write_text(self.folder / "store" / f"{name}.json", result.model_dump_json(indent=1))

    def finish(self) -> None:
        """Write what belongs to all results together."""
        results = self.results()
        if results:
            write_text(self.folder / "grades.csv", _grades(results))
            write_text(self.folder / "report.html", self._report(results))

    def _report(self, results: Sequence[Result]) -> str:
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
        return self._render(
            "report.html",
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
