"""Lets an Otter autograder hand over a submission to the grader that lies in the same zip.

Otter runs a submission in the process environment that holds the tests, and takes the results from
there by pickle. So nothing of a submission is left for it: no cell is executed, no file of a
student lies where a kernel starts, and no log is unpickled. The rows come from the grader.

This module needs Otter and nothing else: it runs in Otter's own environment.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
from otter.plugins import AbstractOtterPlugin
from otter.test_files import GradingResults, TestCase
from otter.test_files.abstract_test import TestCaseResult
from otter.test_files.exception_test import ExceptionTestFile

GRADER = "grader"
"""Folder in the zip, laid out like Gradescope's ``/autograder``, whose ``source`` is the grader."""

CONTAINER_PYTHON = Path("/opt/autograder/bin/python")
"""What the grader's ``setup.sh`` installs; elsewhere the Python that runs Otter is used."""


def hand_over(root: Path, notebook: str, *, keep: str = "") -> None:
    """Move a submission to where the grader looks for it, and leave Otter an empty notebook.

    Args:
        root: What holds Otter's ``source`` and ``submission``: ``/autograder`` in a container.
        notebook: The name of the empty notebook.
        keep: What stays in the submission's folder.
    """
    submission, taken = root / "submission", root / "source" / GRADER / "submission"
    taken.mkdir()
    for path in submission.iterdir():
        if path.name != keep:
            shutil.move(path, taken / path.name)
    nbformat.write(nbformat.v4.new_notebook(), submission / notebook)


class HiddenGraders(AbstractOtterPlugin):
    """Grades with the hidden graders in place of Otter's own tests."""

    @property
    def notebook(self) -> Path:
        """The submission as Otter found it."""
        return Path(self.submission_path)

    @property
    def root(self) -> Path:
        """What the grader takes for ``/autograder``."""
        return self.notebook.parents[1] / "source" / GRADER

    def before_grading(self, config: Any) -> None:
        """Take the submission where ``otter run`` has started Otter without the zip's runner."""
        if not config.otter_run:
            return
        made_by_otter = self.notebook.with_name("__init__.py")
        if made_by_otter.is_file() and not made_by_otter.stat().st_size:
            made_by_otter.unlink()
        hand_over(self.notebook.parents[1], self.notebook.name, keep="tests")

    def before_execution(self, submission: Any) -> Any:
        """Nothing of the submission, in its form: a notebook or a script."""
        return "" if isinstance(submission, str) else nbformat.v4.new_notebook()

    def after_grading(self, results: GradingResults) -> None:
        """Put the grader's rows in the place of Otter's."""
        graded = self._grade()
        results.clear_results()
        results.results.update({row.name: row for row in map(_row, graded["tests"])})
        results.set_output(graded["output"])

    def _grade(self) -> dict:
        shutil.copy(self.root.parents[1] / "submission_metadata.json", self.root)
        (self.root / "results").mkdir()
        python = CONTAINER_PYTHON if CONTAINER_PYTHON.exists() else Path(sys.executable)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", str(self.root)),
            "AUTOGRADER_ROOT": str(self.root),
            "AUTOGRADER_PYTHON": str(python),
        }
        done = subprocess.run(
            ["bash", self.root / "source" / "run_autograder"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        path = self.root / "results" / "results.json"
        if not path.exists():
            raise RuntimeError(f"the grader left no results: {done.stdout}{done.stderr}")
        # Where the grader failed half-way, its output says so and the rows are what is known.
        return json.loads(path.read_text("utf-8"))


def _row(test: dict) -> ExceptionTestFile:
    """A row of the grader as one of Otter's test files, with its partial credit."""
    name = f"Q{test['number']} {test['name']}"
    case = TestCase(name, None, False, test["max_score"], None, None)
    passed = test.get("status") == "passed"
    row = ExceptionTestFile(name, "", [case], all_or_nothing=False)
    row.test_case_results = [TestCaseResult(case, test["output"], passed)]
    row.update_score(test["score"])
    return row
