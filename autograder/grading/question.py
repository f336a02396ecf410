"""One question of one submission while its hidden tests run."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol

from autograder.config import Part, Question
from autograder.grading.diagnosis import Observation, find_misconception
from autograder.grading.outcome import CheckFailed, GraderError, Outcome
from autograder.grading.patterns import guess
from autograder.grading.reference import Reference
from autograder.grading.results import Check, Finding
from autograder.sandbox.launch import SandboxError
from autograder.sandbox.runner import Fault, Reply


class Session(Protocol):
    """A confined child that runs the probes of one question."""

    def run(self, probe: str, *, seed: int, device: str, seconds: float) -> Reply:
        """Run one probe within ``seconds`` of wall time."""


SHARE_OF_ONE_PROBE = 0.25
"""Of the time that is left for a question: however many loops never end, the rest is graded."""

MISTAKES_OF_ONE_PART = 3
"""The most known mistakes that are named in one part, each in another function."""

SAME_MISTAKE = "The mistake that is named above explains this too."

OVERDUE = (
    "The grader's own work took so long that this was not run in time: the machine was too busy, "
    "or starting the sandbox too slow. Grade this submission again."
)

OpenSession = Callable[[str], AbstractContextManager[Session]]
"""module -> a session for that question."""


class QuestionRun:
    """Runs probes on the submission, keeps the checks of the question, and explains failures.

    All probes together get ``seconds`` of the submission's own time, which is that of its replies;
    what is asked after that fails with a time limit. Nothing is begun after ``deadline``, a reading
    of ``time.monotonic()``: what is missing then is the grader's fault.
    """

    def __init__(
        self,
        reference: Reference,
        question: Question,
        open_session: OpenSession,
        seconds: float,
        deadline: float = math.inf,
    ) -> None:
        self.question = question
        self._reference = reference
        self._tolerances = reference.suite.config.tolerances
        self._open_session = open_session
        self._session: Session | None = None
        self._open = ExitStack()
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._recorded: list[_Recorded] = []
        self._seconds = seconds
        self._deadline = deadline
        self.used = 0.0

    def outcome(self, probe: str, device: str) -> Outcome:
        """The outcome of ``probe`` on ``device``; each is run once."""
        if (probe, device) not in self._outcomes:
            expected = self._reference.expected(self.question.module, probe)
            reply = self._run(probe, device)
            self._outcomes[probe, device] = Outcome(reply, expected, device, self._tolerances)
        return self._outcomes[probe, device]

    def record(self, check: Check, error: CheckFailed | None, probes: Sequence[str]) -> None:
        """Keep a check, what it raised, and the probes that it asked for."""
        self._recorded.append(_Recorded(check, error, tuple(probes)))

    def close(self) -> None:
        """End the question's session."""
        self._session = None
        self._open.close()

    def checks(self) -> list[Check]:
        """The checks as they were recorded."""
        return [recorded.check for recorded in self._recorded]

    def explained_checks(self) -> list[Check]:
        """The checks, with hints at the likely mistakes."""
        checks = [_with_pattern(recorded) for recorded in self._recorded]
        deadline = min(self._deadline, time.monotonic() + self._seconds - self.used)
        for part in self.question.parts:
            if time.monotonic() < deadline:
                self._name_misconceptions(part, checks)
        return checks

    def _run(self, probe: str, device: str) -> Reply:
        try:
            return self._try(probe, device)
        except SandboxError:
            # A fork server that died is replaced; only a second failure is the grader's.
            self.close()
            return self._try(probe, device)

    def _try(self, probe: str, device: str) -> Reply:
        limit = self._reference.suite.config.limits.probe_seconds
        left = self._seconds - self.used
        if left <= 0:
            message = "The time for this question was used up by earlier experiments."
            return Reply(fault=Fault("time_limit", message))
        if time.monotonic() > self._deadline:
            raise GraderError(OVERDUE)
        if self._session is None:
            self._session = self._open.enter_context(self._open_session(self.question.module))
        seed = self._reference.probe_seed(self.question.module, probe)
        seconds = min(limit, left * SHARE_OF_ONE_PROBE)
        reply = self._session.run(probe, seed=seed, device=device, seconds=seconds)
        self.used += reply.seconds
        return reply

    def _name_misconceptions(self, part: Part, checks: list[Check]) -> None:
        label = self.question.label(part)
        own = [
            (i, recorded)
            for i, recorded in enumerate(self._recorded)
            if recorded.check.part == label and recorded.check.device == "cpu"
        ]
        failed = [i for i, recorded in own if _may_be_explained(recorded.check)]
        if not failed:
            return
        probes = sorted({probe for _, recorded in own for probe in recorded.probes})
        observations = [
            Observation(probe, self._outcomes[probe, "cpu"].reply, self._is_right(probe))
            for probe in probes
            if (probe, "cpu") in self._outcomes
        ]
        functions = set(part.functions)
        named: set[int] = set()
        for _ in range(MISTAKES_OF_ONE_PART):
            found = find_misconception(
                self._reference,
                self.question.module,
                functions,
                observations,
                self._tolerances.chain,
            )
            if found is None:
                return
            functions.discard(found.misconception.function)
            observations = [seen for seen in observations if seen.probe not in found.probes]
            unexplained = {seen.probe for seen in observations if not seen.right}
            asked = {i: set(self._recorded[i].probes) for i in failed if i not in named}
            explained = [i for i, probes in asked.items() if probes & found.probes]
            if not explained:
                return
            first, *others = explained
            named.add(first)
            update = {"hint": found.misconception.hint, "misconception": found.misconception.id}
            checks[first] = _with(checks[first], update)
            for i in others:
                if not asked[i] & unexplained:
                    checks[i] = _with(checks[i], {"hint": SAME_MISTAKE})
            if not unexplained:
                return

    def _is_right(self, probe: str) -> bool:
        """Whether the submission's values on the CPU are the reference's."""
        try:
            self._outcomes[probe, "cpu"].matches("chain")
        except CheckFailed:
            return False
        return True


@dataclass(frozen=True)
class _Recorded:
    check: Check
    error: CheckFailed | None
    probes: tuple[str, ...]


def _may_be_explained(check: Check) -> bool:
    return check.finding is not None and check.finding.kind not in ("not_started", "grader_error")


def _with_pattern(recorded: _Recorded) -> Check:
    check, error = recorded.check, recorded.error
    if check.finding is None or error is None or error.mismatch is None or check.finding.hint:
        return check
    mismatch = error.mismatch
    return _with(check, {"hint": guess(mismatch.kind, mismatch.got, mismatch.expected)})


def _with(check: Check, update: dict[str, str]) -> Check:
    assert check.finding is not None
    finding: Finding = check.finding.model_copy(update=update)
    return check.model_copy(update={"finding": finding})
