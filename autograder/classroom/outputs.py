"""What a batch leaves in its folder: results, grades, feedback pages, a class report."""

from collections.abc import Sequence
from pathlib import Path

from autograder.classroom.grades import grades_csv
from autograder.classroom.pages import render
from autograder.classroom.report import class_report
from autograder.classroom.similarity import load
from autograder.classroom.store import Store
from autograder.config import Config
from autograder.files import remove_partial, write_json, write_text
from autograder.gradescope.results_json import to_gradescope
from autograder.grading.results import Result


class Outputs:
    """The output folder of one pack, with its store.

    Everything else in the folder is made from what stands in the store. Only its owner may open it:
    it holds grades and the seed of the class.
    """

    def __init__(self, folder: Path, config: Config, pack: str) -> None:
        self.folder = folder
        self._config = config
        self._pack = pack
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.store = Store(folder, pack)
        for name in ("results", "feedback"):
            (folder / name).mkdir(exist_ok=True)

    def results(self) -> list[Result]:
        """The result that stands for each submission of the class, by name."""
        return self.store.results()

    def write(self, result: Result) -> None:
        """Write what belongs to one submission."""
        leaderboards = self._config.packs[self._pack].leaderboards
        data, page = self._paths(result.submission)
        write_json(data, to_gradescope(result, leaderboards))
        students = "; ".join(person.known for person in self.store.submitters(result.submission))
        values = {"result": result, "students": students}
        write_text(page, render("feedback.html", self._config, self._pack, **values))

    def missing(self, submission: str) -> bool:
        """Whether a file that belongs to ``submission`` is not there."""
        return not all(path.is_file() for path in self._paths(submission))

    def remove(self, submission: str) -> None:
        """Remove what belongs to one submission that does not stand any more."""
        for path in self._paths(submission):
            path.unlink(missing_ok=True)

    def finish(self, remarks: Sequence[str] = ()) -> list[Result]:
        """Write what belongs to all results together, and return them.

        Args:
            remarks: What a reader of the report must know about the class as a whole.
        """
        for folder in (self.folder, self.folder / "results", self.folder / "feedback"):
            remove_partial(folder)
        results = self.results()
        names = {name: one.names for name, one in self.store.exported().items()}
        grades, report = self.folder / "grades.csv", self.folder / "report.html"
        graders = self.store.graders()
        if graders > 1:
            mixed = f"The grades here were given by {graders} different versions of the graders; "
            remarks = [*remarks, f"{mixed}grade all submissions again to compare them."]
        if results:
            write_text(grades, grades_csv(results, names))
            found = load(self.folder)
            page = class_report(self._config, self._pack, results, names, found, remarks)
            write_text(report, page)
        else:
            grades.unlink(missing_ok=True)
            report.unlink(missing_ok=True)
        return results

    def _paths(self, submission: str) -> tuple[Path, Path]:
        return (
            self.folder / "results" / f"{submission}.json",
            self.folder / "feedback" / f"{submission}.html",
        )
