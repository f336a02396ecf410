"""What a batch leaves in its folder: results, grades, feedback pages, a class report."""

from pathlib import Path

from autograder.classroom.grades import grades_csv
from autograder.classroom.pages import render
from autograder.classroom.report import class_report
from autograder.classroom.store import Store
from autograder.config import Config
from autograder.files import write_json, write_text
from autograder.gradescope.results_json import to_gradescope
from autograder.grading.results import Result


class Outputs:
    """The output folder of one pack, with its store.

    Everything else in the folder is made from what stands in the store.
    """

    def __init__(self, folder: Path, config: Config, pack: str) -> None:
        self.folder = folder
        self._config = config
        self._pack = pack
        for name in ("results", "feedback"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.store = Store(folder, pack)

    def results(self) -> list[Result]:
        """The result that stands for each submission of the class, by name."""
        return self.store.results()

    def write(self, result: Result) -> None:
        """Write what belongs to one submission."""
        leaderboards = self._config.packs[self._pack].leaderboards
        data, page = self._paths(result.submission)
        write_json(data, to_gradescope(result, leaderboards))
        write_text(page, render("feedback.html", self._config, self._pack, result=result))

    def missing(self, submission: str) -> bool:
        """Whether a file that belongs to ``submission`` is not there."""
        return not all(path.is_file() for path in self._paths(submission))

    def finish(self) -> list[Result]:
        """Write what belongs to all results together, and return them."""
        results = self.results()
        if results:
            write_text(self.folder / "grades.csv", grades_csv(results))
            write_text(self.folder / "report.html", class_report(self._config, self._pack, results))
        return results

    def _paths(self, submission: str) -> tuple[Path, Path]:
        return (
            self.folder / "results" / f"{submission}.json",
            self.folder / "feedback" / f"{submission}.html",
        )
