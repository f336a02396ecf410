"""Grade submissions of one pack, one after the other, with everything kept warm between them."""

import os
import platform
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

import pytest
import torch

from autograder.config import ROOT, Question
from autograder.grading.plugin import GradingPlugin, OnQuestion
from autograder.grading.question import Session
from autograder.grading.reference import Reference
from autograder.grading.results import GRADER_FAILED, Check, Finding, Result, Row, make_rows
from autograder.grading.suite import Suite
from autograder.sandbox.client import Sandbox
from autograder.submission import Submission

# Nothing that lies in a working directory, an environment or an installed plugin may take part.
PYTEST_OPTIONS = (
    "--disable-plugin-autoload",
    "--noconftest",
    "--import-mode=importlib",
    f"-c={os.devnull}",
    f"--rootdir={ROOT}",
    *(
        f"-pno:{plugin}"
        for plugin in (
            "terminal",
            "assertion",
            "cacheprovider",
            "capture",
            "debugging",
            "doctest",
            "faulthandler",
            "junitxml",
            "legacypath",
            "logging",
            "monkeypatch",
            "pastebin",
            "recwarn",
            "setuponly",
            "setupplan",
            "subtests",
            "threadexception",
            "tmpdir",
            "unittest",
            "unraisableexception",
            "warnings",
        )
    ),
)


class Grader:
    """Grades submissions of one pack in one sandbox with one seed."""

    def __init__(self, suite: Suite, sandbox: Sandbox, seed: int, device: str = "cpu") -> None:
        self.suite = suite
        self.reference = Reference(suite, seed)
        self.device = device
        self._sandbox = sandbox
        self._devices: tuple[str, ...] = ("cpu", "meta")
        self._notes: tuple[str, ...] = ()
        if device == "cuda" and torch.cuda.is_available():
            self._devices = ("cpu", "meta", "cuda")
        elif device == "cuda":
            self._notes = ("There is no GPU here: the checks on cuda were skipped.",)

    def grade(
        self,
        submission: Submission,
        questions: Iterable[Question] | None = None,
        on_question: OnQuestion | None = None,
    ) -> Result:
        """Run every hidden test on a submission.

        Args:
            submission: What came out of intake.
            questions: Only these programming questions; by default all that are assigned.
            on_question: Called with the rows so far after every question.
        """
        start = time.monotonic()
        chosen = tuple(self.suite.pack.assigned if questions is None else questions)
        for question in chosen:  # before the sandbox is waited for, and the student's time runs
            self.reference.prepare(question.module)
        blank = self.result(submission.id, self.blank_rows())
        plugin = self.plugin(submission, on_question)
        tests = [str(self.suite.tests(question)) for question in chosen]
        # Without paths pytest would look for tests where it was started.
        with _no_options_from_the_environment():
            status = pytest.main([*tests, *PYTEST_OPTIONS], plugins=[plugin]) if tests else 0
        if plugin.interrupted:
            raise KeyboardInterrupt
        plugin.finish(chosen, status)
        seconds = round(time.monotonic() - start, 3)
        return self.fill(blank, submission, plugin).model_copy(update={"seconds": seconds})

    def fill(self, blank: Result, submission: Submission, plugin: GradingPlugin) -> Result:
        """``blank`` with what the plugin found out about the submission."""
        return blank.model_copy(
            update={
                "rows": plugin.rows(),
                "sha256": submission.sha256,
                "notes": (*submission.notes, *plugin.notes, *self._notes),
                "errors": tuple(plugin.errors),
            }
        )

    def plugin(
        self, submission: Submission, on_question: OnQuestion | None = None
    ) -> GradingPlugin:
        """The pytest plugin that grades ``submission`` when hidden tests run under it."""

        def open_session(module: str) -> AbstractContextManager[Session]:
            return self._sandbox.session(
                package=self.suite.pack.package,
                files=submission.files,
                probes=self.suite.probes(module),
                submission=submission.sha256,
            )

        written = self.suite.grade_written(submission, self.reference.seed)
        return GradingPlugin(self.reference, open_session, self._devices, on_question, written)

    def refuse(self, submission: str, reason: str) -> Result:
        """The result of an archive that cannot be read: every row, no points, the reason."""
        finding = Finding(check="", kind="archive", message=reason)
        refused = self.result(submission, self._same_rows("failed", finding))
        return refused.model_copy(update={"notes": (reason,)})

    def failed(self, submission: str, reason: str) -> Result:
        """The result of a submission at which the grader itself failed."""
        finding = Finding(check="", kind="grader_error", message=GRADER_FAILED)
        rows = self._same_rows("grader_error", finding)
        return self.result(submission, rows).model_copy(update={"errors": (reason,)})

    def _same_rows(
        self, outcome: Literal["failed", "grader_error"], finding: Finding
    ) -> tuple[Row, ...]:
        labels = [q.label(part) for q in self.suite.pack.graded for part in q.parts]
        checks = {
            label: [Check(part=label, device="cpu", weight=1, outcome=outcome, finding=finding)]
            for label in labels
        }
        return make_rows(self.suite.config, self.suite.pack, checks)

    def blank_rows(self) -> tuple[Row, ...]:
        """The rows of the pack before anything is graded."""
        return make_rows(self.suite.config, self.suite.pack, {})

    def result(self, submission: str, rows: tuple[Row, ...]) -> Result:
        """A result with these rows and what is known of this grader."""
        tier = self._sandbox.tier
        return Result(
            pack=self.suite.name,
            submission=submission,
            seed=self.reference.seed,
            device=self.device,
            isolation=tier.name,
            safe=tier.safe,
            versions={
                "python": platform.python_version(),
                "torch": str(torch.__version__),
            },
            rows=rows,
        )


@contextmanager
def _no_options_from_the_environment() -> Iterator[None]:
    names = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
