"""What a batch leaves in its folder: results, grades, feedback pages, a class report."""

from pathlib import Path

from autograder.classroom.grades import grades_csv
from autograder.classroom.pages import render
from autograder.classroom.report import class_report
from autograder.config import Config
from autograder.files import write_json, write_text
from autograder.gradescope.results_json import to_gradescope
from autograder.grading.results import Result


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
        page = render("feedback.html", self._config, self._pack, result=result)
        write_text(self.folder / "feedback" / f"{name}.html", page)
        write_text(self.folder / "store" / f"{name}.json", result.model_dump_json(indent=1))

    def finish(self) -> None:
        """Write what belongs to all results together."""
        results = self.results()
        if results:
            write_text(self.folder / "grades.csv", grades_csv(results))
            write_text(self.folder / "report.html", class_report(self._config, self._pack, results))
