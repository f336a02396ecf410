"""A pytest plugin that runs hidden tests on one submission.

A hidden test is an ordinary function in ``graders/<pack>/test_<module>.py``::

    @part("e", weight=2)
    def test_mixture(run):
        \"\"\"log-density of a mixture\"\"\"
        run("mixture").matches()

``run(name)`` runs the question's probe ``name`` on the submission, in the sandbox, and gives an
:class:`Outcome`. The first line of the docstring is what a student reads. Every test runs on each
device that its mark names and that is asked for.
"""

import math
import re
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any, Literal

import pytest

from autograder.config import Question
from autograder.grading.outcome import CheckFailed, GraderError, Outcome, SameAsOnCpu
from autograder.grading.question import OpenSession, QuestionRun
from autograder.grading.reference import Reference
from autograder.grading.results import GRADER_FAILED, Check, Finding, Row, make_rows
from autograder.grading.written import NO_WRITTEN, Graded
from autograder.sandbox.launch import SandboxError

OnQuestion = Callable[[tuple[Row, ...]], None]

ENDS = (KeyboardInterrupt, SystemExit)
"""What ends the whole run: Ctrl-C, and the signal with which a job is told to end."""

_ERROR = re.compile("^E +(.+)$", re.MULTILINE)
"""How pytest marks what was raised in the report of a file that it could not import."""

_PROBES = pytest.StashKey[list[str]]()


class GradingPlugin:
    """Runs the hidden tests of one pack on one submission after the other, and keeps the checks.

    What is known of a submission is kept from its ``begin`` until that of the next one.
    """

    def __init__(self, reference: Reference, devices: tuple[str, ...] = ("cpu", "meta")) -> None:
        self._reference = reference
        self._suite = reference.suite
        self._devices = devices
        self._waiting: set[str] = set()
        self._not_collected: dict[str, str] = {}

    def begin(
        self,
        open_session: OpenSession,
        questions: Iterable[Question],
        on_question: OnQuestion | None = None,
        written: Graded = NO_WRITTEN,
        deadline: float = math.inf,
    ) -> None:
        """Begin with another submission, of which the tests of ``questions`` will be run.

        What is not run before ``deadline``, a reading of ``time.monotonic()``, is the grader's
        fault. The submission's own time is counted apart, in its replies.
        """
        self.errors: list[str] = list(written.errors)
        self.notes = written.notes
        self._open_session = open_session
        self._on_question = on_question
        self._deadline = deadline
        self._failed_on_cpu: set[str] = set()
        self._runs: dict[str, QuestionRun] = {}
        self._checks: dict[str, list[Check]] = dict(written.checks)
        self._planned = len(list(questions))

    def rows(self) -> tuple[Row, ...]:
        """The rows, as far as they are known."""
        return make_rows(self._suite.config, self._suite.pack, self._checks)

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "part(id, weight, devices): the part that a test grades")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        marker = metafunc.definition.get_closest_marker("part")
        if marker is None:
            raise GraderError(f"{metafunc.definition.nodeid} has no @part")
        devices = [device for device in self._devices if device in marker.kwargs["devices"]]
        metafunc.parametrize("device", devices)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if isinstance(collector, pytest.File):
            question = self._question(collector.path)
            if report.passed and (problems := _misplaced(report.result, question)):
                report.outcome, report.result = "failed", []
                report.longrepr = "; ".join(problems)
            if report.failed:
                why = _ERROR.findall(report.longreprtext) or [report.longreprtext.strip()]
                # A file that could not be imported once is empty where it is looked at again.
                self._not_collected.setdefault(question.module, f"{collector.path.name}: {why[-1]}")
        return report

    @property
    def problems(self) -> list[str]:
        """What keeps the tests of a question from being graded, one text for each question."""
        return list(self._not_collected.values())

    @property
    def complete(self) -> bool:
        """Whether every test has been found and run."""
        return not (self._waiting or self._not_collected)

    @pytest.fixture
    def run(self, device: str, request: pytest.FixtureRequest) -> Callable[[str], Outcome]:
        """``run(probe)``: the outcome of a probe on the submission, on the test's device."""
        question = self._run_of(self._question(request.path))
        asked = request.node.stash[_PROBES] = []
        if device != "cpu" and _test_name(request.node) in self._failed_on_cpu:
            raise SameAsOnCpu

        def run_probe(probe: str) -> Outcome:
            asked.append(probe)
            return question.outcome(probe, device)

        return run_probe

    def _run_of(self, question: Question) -> QuestionRun:
        """The run of a question, begun when its first test asks for it."""
        if question.module not in self._runs:
            questions_left = self._planned - len(self._runs)
            used = sum(run.used for run in self._runs.values())
            left = max(0.0, self._suite.config.limits.submission_seconds - used)
            self._runs[question.module] = QuestionRun(
                self._reference,
                question,
                self._open_session,
                left / max(1, questions_left),
                self._deadline,
            )
        return self._runs[question.module]

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self._waiting.add(item.nodeid)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._planned = len({item.path for item in session.items})

    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Close a question after its last test."""
        self._waiting.discard(item.nodeid)
        run = self._runs.get(self._question(item.path).module)
        if run is None or (nextitem is not None and nextitem.path == item.path):
            return
        try:
            run.close()
            checks = run.explained_checks()
        except Exception as error:  # a hint that fails neither costs points nor gives them
            self._tell(item, error)
            checks = run.checks()
        for check in checks:
            self._checks.setdefault(check.part, []).append(check)
        if self._on_question is not None:
            self._on_question(self.rows())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo
    ) -> pytest.TestReport:
        if call.excinfo is not None and isinstance(call.excinfo.value, ENDS):
            raise call.excinfo.value
        if call.when == "call" or call.excinfo is not None:
            self._record(item, call)
        assert call.when != "collect"
        return pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome="failed" if call.excinfo else "passed",
            longrepr=_reason(item, call),
            when=call.when,
        )

    def _record(self, item: pytest.Item, call: pytest.CallInfo) -> None:
        assert isinstance(item, pytest.Function)
        error = call.excinfo.value if call.excinfo else None
        if call.when == "teardown":
            self._tell(item, error)
            return
        question = self._question(item.path)
        if question.module not in self._runs:
            self._tell(item, error)
            self._grader_failed(question)
            return
        marker = item.get_closest_marker("part")
        assert marker is not None
        device = str(item.callspec.params["device"])
        title = _title(item, device)
        outcome: Literal["passed", "failed", "grader_error"] = "passed"
        finding: Finding | None = None
        if isinstance(error, CheckFailed):
            outcome = "failed"
            if device == "cpu":
                self._failed_on_cpu.add(_test_name(item))
            if not isinstance(error, SameAsOnCpu):
                finding = error.finding.model_copy(update={"check": title})
        elif error is not None:
            outcome = "grader_error"
            finding = Finding(check=title, kind="grader_error", message=GRADER_FAILED)
            self._tell(item, error)
        check = Check(
            part=f"Q{question.id}{marker.args[0]}",
            test=_test_name(item),
            device=device,
            weight=marker.kwargs["weight"],
            outcome=outcome,
            finding=finding,
        )
        failure = error if isinstance(error, CheckFailed) else None
        probes = item.stash.setdefault(_PROBES, [])
        self._runs[question.module].record(check, failure, probes)

    def finish(self, questions: Iterable[Question], ended: str) -> None:
        """Put down to the grader every part of ``questions`` that no check has graded.

        ``ended`` says how the run of the tests came to its end.
        """
        for question in questions:
            if any(question.label(part) not in self._checks for part in question.parts):
                why = self._not_collected.get(question.module, ended)
                self.errors.append(f"{question.module}: not graded; {why}")
                self._grader_failed(question)

    def _tell(self, item: pytest.Item, error: BaseException | None) -> None:
        """Keep an error of the grader, for a TA; once, however many tests have the same cause."""
        text = str(error)
        if not isinstance(error, GraderError | SandboxError):
            text = f"{item.path.name}, {_function(item)}: {type(error).__name__}: {error}"
        if text not in self.errors:
            self.errors.append(text)

    def _grader_failed(self, question: Question) -> None:
        """Mark the parts of a question that no check has graded."""
        finding = Finding(check=question.title, kind="grader_error", message=GRADER_FAILED)
        for part in question.parts:
            label = question.label(part)
            check = Check(
                part=label, device="cpu", weight=1, outcome="grader_error", finding=finding
            )
            self._checks.setdefault(label, [check])

    def _question(self, path: Path) -> Question:
        return self._suite.pack.question(path.stem.removeprefix("test_"))


def _misplaced(tests: Iterable[pytest.Item | pytest.Collector], question: Question) -> list[str]:
    """The tests that name no part of ``question``, and its parts that no test names."""
    parts = [part.id for part in question.parts]
    named = {
        _function(test): marker.args[0] for test in tests for marker in test.iter_markers("part")
    }
    known = f"question {question.id} has the parts {', '.join(parts)}"
    checked = set(named.values())
    return [
        *(
            f"{test} names part {part}; {known}"
            for test, part in named.items()
            if part not in parts
        ),
        *(
            f"no test names part {part} of question {question.id}"
            for part in parts
            if part not in checked
        ),
    ]


def _test_name(item: pytest.Item) -> str:
    """The name of a test without its device."""
    return f"{item.path}::{_function(item)}"


def _function(test: pytest.Item | pytest.Collector) -> str:
    assert isinstance(test, pytest.Function)
    return test.originalname


def _reason(item: pytest.Item, call: pytest.CallInfo) -> Any:
    """Why a test failed, for who runs pytest by hand."""
    if call.excinfo is None:
        return None
    if isinstance(call.excinfo.value, CheckFailed):
        return str(call.excinfo.value)  # a traceback takes milliseconds and says nothing more
    return item.repr_failure(call.excinfo)


def _title(item: pytest.Function, device: str) -> str:
    title = (item.function.__doc__ or item.name).strip().partition("\n")[0].rstrip(".")
    return title if device == "cpu" else f"{title} (device {device})"
