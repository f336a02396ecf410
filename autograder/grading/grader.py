"""Grade submissions of one pack, one after the other, with everything kept warm between them."""

import math
import platform
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Literal

import torch

from autograder.config import Question
from autograder.grading.hidden_tests import HiddenTests
from autograder.grading.plugin import GradingPlugin, OnQuestion
from autograder.grading.question import Session
from autograder.grading.reference import Reference
from autograder.grading.results import GRADER_FAILED, Check, Finding, Result, Row, make_rows
from autograder.grading.suite import Suite
from autograder.sandbox.client import Sandbox
from autograder.submission import Submission


class Grader:
    """Grades submissions of one pack in one sandbox with one seed."""

    def __init__(self, suite: Suite, sandbox: Sandbox, seed: int, device: str = "cpu") -> None:
        self.suite = suite
        self.reference = Reference(suite, seed)
        self.device = "cpu"
        self._sandbox = sandbox
        self._notes: tuple[str, ...] = ()
        devices: tuple[str, ...] = ("cpu", "meta")
        if device == "cuda" and torch.cuda.is_available():
            devices = ("cpu", "meta", "cuda")
            self.device = "cuda"
        elif device == "cuda":
            self._notes = ("There is no GPU here: the checks on cuda were skipped.",)
        self.plugin = GradingPlugin(self.reference, devices)
        self._tests = HiddenTests(suite, self.plugin)

    def grade(
        self,
        submission: Submission,
        questions: Iterable[Question] | None = None,
        on_question: OnQuestion | None = None,
        deadline: float = math.inf,
    ) -> Result:
        """Run every hidden test on a submission.

        Args:
            submission: What came out of intake.
            questions: Only these programming questions; by default all that are assigned.
            on_question: Called with the rows so far after every question.
            deadline: Reading of ``time.monotonic()`` after which no experiment is begun; what is
                missing then is the grader's fault.
        """
        chosen = tuple(self.suite.pack.assigned if questions is None else questions)
        for question in chosen:  # before the sandbox is waited for, and the student's time runs
            self.reference.prepare(question.module)
        self._tests.find(chosen)
        blank = self.result(submission.id, self.blank_rows())
        self.begin(submission, chosen, on_question, deadline)
        start = time.monotonic()  # what only the first submission pays for is done
        ended = self._tests.run(chosen)
        self.plugin.finish(chosen, ended)
        seconds = round(time.monotonic() - start, 3)
        return self.fill(blank, submission).model_copy(update={"seconds": seconds})

    def fill(self, blank: Result, submission: Submission) -> Result:
        """``blank`` with what the plugin found out about the submission."""
        return blank.model_copy(
            update={
                "rows": self.plugin.rows(),
                "sha256": submission.sha256,
                "notes": (*submission.notes, *self.plugin.notes, *self._notes),
                "errors": tuple(self.plugin.errors),
            }
        )

    def begin(
        self,
        submission: Submission,
        questions: Iterable[Question],
        on_question: OnQuestion | None = None,
        deadline: float = math.inf,
    ) -> None:
        """From now on the plugin grades ``submission`` when hidden tests run under it."""

        def open_session(module: str) -> AbstractContextManager[Session]:
            return self._sandbox.session(
                package=self.suite.pack.package,
                files=submission.files,
                probes=self.suite.probes(module),
                submission=submission.sha256,
            )

        written = self.suite.grade_written(submission, self.reference.seed)
        self.plugin.begin(open_session, questions, on_question, written, deadline)

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
