"""One question of one submission while its hidden tests run."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from autograder.config import Part, Question
from autograder.grading.diagnosis import Observation, find_misconception
from autograder.grading.outcome import CheckFailed, Outcome
from autograder.grading.patterns import guess
from autograder.grading.reference import Reference
from autograder.grading.results import Check, Finding
from autograder.sandbox.runner import Fault, Reply


class Session(Protocol):
    """A confined child that runs the probes of one question."""

    def run(self, probe: str, *, seed: int, device: str, seconds: float) -> Reply:
        """Run one probe within ``seconds`` of wall time."""


OpenSession = Callable[[str], AbstractContextManager[Session]]
"""module -> a session for that question."""


class QuestionRun:
    """Runs probes on the submission, keeps the checks of the question, and explains failures.

    All probes together get ``seconds``; what is asked after that fails with a time limit.
    """

    def __init__(
        self, reference: Reference, question: Question, open_session: OpenSession, seconds: float
    ) -> None:
        self.question = question
        self._reference = reference
        self._tolerances = reference.suite.config.tolerances
        self._open_session = open_session
        self._session: Session | None = None
        self._open = ExitStack()
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._asked: dict[str, set[str]] = {}
        self.checks: list[Check] = []
        self._errors: dict[int, CheckFailed] = {}
        self._deadline = time.monotonic() + seconds

    def outcome(self, part: str, probe: str, device: str) -> Outcome:
        """The outcome of ``probe`` on ``device``; each is run once."""
        self._asked.setdefault(part, set()).add(probe)
        if (probe, device) not in self._outcomes:
            module = self.question.module
            expected = self._reference.expected(module, probe)
            reply = self._run(probe, device)
            self._outcomes[probe, device] = Outcome(reply, expected, device, self._tolerances)
        return self._outcomes[probe, device]

    def is_right(self, part: str, probe: str) -> bool:
        """Whether the submission's values on the CPU are the reference's."""
        try:
            self.outcome(part, probe, "cpu").matches("chain")
        except CheckFailed:
            return False
        return True

    def record(self, check: Check, error: CheckFailed | None) -> None:
        """Keep a check, and what it raised."""
        self.checks.append(check)
        if error is not None:
            self._errors[len(self.checks) - 1] = error

    def close(self) -> None:
        """End the question's session."""
        self._open.close()

    def explained_checks(self) -> list[Check]:
        """The checks, with hints at the likely mistakes."""
        checks = [self._with_pattern(i, check) for i, check in enumerate(self.checks)]
        for part in self.question.parts:
            self._name_misconception(part, checks)
        return checks

    def _run(self, probe: str, device: str) -> Reply:
        limit = self._reference.suite.config.limits.probe_seconds
        left = self._deadline - time.monotonic()
        if left <= 0:
            message = "the time for this question was used up by earlier experiments"
            return Reply(fault=Fault("time_limit", message))
        if self._session is None:
            self._session = self._open.enter_context(self._open_session(self.question.module))
        seed = self._reference.probe_seed(self.question.module, probe)
        return self._session.run(probe, seed=seed, device=device, seconds=min(limit, left))

    def _with_pattern(self, index: int, check: Check) -> Check:
        error = self._errors.get(index)
        if check.finding is None or error is None or error.mismatch is None or check.finding.hint:
            return check
        mismatch = error.mismatch
        hint = guess(mismatch.kind, mismatch.got, mismatch.expected)
        return _with(check, {"hint": hint})

    def _name_misconception(self, part: Part, checks: list[Check]) -> None:
        label = self.question.label(part)
        failed = [
            i
            for i, check in enumerate(checks)
            if check.part == label
            and check.finding is not None
            and check.finding.kind != "not_started"
        ]
        if not failed:
            return
        observations = [
            Observation(
                probe, self.outcome(part.id, probe, "cpu").reply, self.is_right(part.id, probe)
            )
            for probe in sorted(self._asked.get(part.id, ()))
            if (probe, "cpu") in self._outcomes
        ]
        found = find_misconception(
            self._reference, self.question.module, part, observations, self._tolerances.chain
        )
        if found is not None:
            checks[failed[0]] = _with(
                checks[failed[0]], {"hint": found.hint, "misconception": found.id}
            )


def _with(check: Check, update: dict[str, str]) -> Check:
    assert check.finding is not None
    finding: Finding = check.finding.model_copy(update=update)
    return check.model_copy(update={"finding": finding})
