"""What came of grading one submission: one row per part, always the same rows in the same order."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Literal

from pydantic import BaseModel

from autograder.config import Config, Feedback, GradedPart, GradedQuestion, Pack, Visibility

GRADER_FAILED = (
    "The grader itself failed in this check. It costs you no points; a TA will look at it."
)

QUIET = "This part lost points."
"""All that a part says whose feedback is turned off."""

Status = Literal[
    "passed", "partial", "failed", "not_started", "unreadable", "not_graded", "grader_error"
]


class Finding(BaseModel):
    """Why one hidden check was not passed.

    ``kind`` is a fault of the run (not_started, import_failure, exception, ...), of the value
    (structure, shape, dtype, device, finite, gradient, value, mutated, property), or of a written
    answer (answers_file, answer_form, answer).
    """

    check: str
    kind: str
    message: str
    hint: str = ""
    misconception: str = ""
    lines: tuple[str, ...] = ()


class Row(BaseModel):
    """One part of one question."""

    label: str
    title: str
    functions: tuple[str, ...]
    score: float
    max_score: float
    status: Status
    findings: tuple[Finding, ...] = ()
    visibility: Visibility = Visibility.VISIBLE
    bonus: bool = False


class Result(BaseModel):
    """One graded submission."""

    pack: str
    submission: str
    sha256: str = ""
    seed: int
    device: str = "cpu"
    isolation: str = ""
    safe: bool = True
    versions: dict[str, str] = {}
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    rows: tuple[Row, ...]

    @property
    def score(self) -> float:
        """The sum of the rows' scores."""
        return round(sum(row.score for row in self.rows), 2)

    @property
    def max_score(self) -> float:
        """The sum of the core rows' maxima."""
        return round(sum(row.max_score for row in self.rows if not row.bonus), 2)

    @property
    def grader_errors(self) -> tuple[Row, ...]:
        """Rows in which the grader itself failed."""
        return tuple(row for row in self.rows if row.status == "grader_error")

    @property
    def unreadable(self) -> bool:
        """Whether nothing of the submission could be read."""
        return bool(self.rows) and all(row.status == "unreadable" for row in self.rows)


class Check(BaseModel):
    """The outcome of one hidden test on one device."""

    part: str
    device: str
    weight: float
    outcome: Literal["passed", "failed", "grader_error"]
    finding: Finding | None = None


def make_rows(config: Config, pack: Pack, checks: dict[str, list[Check]]) -> tuple[Row, ...]:
    """Rows of a pack from the checks of each part (by label); a part without checks is not graded.

    A part's score is its points times the share of its checks (by weight) that passed, of which
    ``config.device_share`` belongs to the checks on other devices than the CPU, where there are
    any. A check in which the grader failed counts neither for nor against the student; if no
    other check is left, the part gets its full points and is marked for a TA.
    """
    rows: list[Row] = []
    for question in pack.graded:
        own = (_row(config, question, p, checks.get(question.label(p), [])) for p in question.parts)
        rows += _import_failures_once(own)
    return tuple(rows)


def _row(config: Config, question: GradedQuestion, part: GradedPart, own: list[Check]) -> Row:
    share = _share(own, config.device_share)
    findings = tuple(_distinct(check.finding for check in own if check.finding))
    return Row(
        label=question.label(part),
        title=part.title,
        functions=question.qualified(part),
        score=round(float(Fraction(str(part.points)) * share), 2),
        max_score=part.points,
        status=_status(own, share, findings),
        findings=tuple(_permitted(finding, part.feedback) for finding in findings),
        visibility=part.visibility,
        bonus=question.kind == "extension",
    )


def _share(checks: list[Check], device_share: float) -> Fraction:
    counted = [check for check in checks if check.outcome != "grader_error"]
    if not counted:
        return Fraction(1 if checks else 0)
    cpu = [check for check in counted if check.device == "cpu"]
    other = [check for check in counted if check.device != "cpu"]
    if not (cpu and other):
        return _passed(counted)
    device = Fraction(str(device_share))
    return (1 - device) * _passed(cpu) + device * _passed(other)


def _passed(checks: list[Check]) -> Fraction:
    """The share of ``checks`` that passed, by weight."""
    weights = [(Fraction(str(check.weight)), check.outcome == "passed") for check in checks]
    total = sum((weight for weight, _ in weights), Fraction(0))
    return sum((weight for weight, passed in weights if passed), Fraction(0)) / total


def _status(checks: list[Check], share: Fraction, findings: tuple[Finding, ...]) -> Status:
    if not checks:
        return "not_graded"
    if any(check.outcome == "grader_error" for check in checks):
        return "grader_error"
    if share == 1:
        return "passed"
    if share > 0:
        return "partial"
    if all(finding.kind == "not_started" for finding in findings):
        return "not_started"
    if all(finding.kind == "archive" for finding in findings):
        return "unreadable"
    return "failed"


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Findings without those that repeat another's message."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for finding in findings:
        key = (finding.kind, finding.message)
        if key not in seen:
            seen.add(key)
            kept.append(finding)
    return kept


def _import_failures_once(rows: Iterable[Row]) -> Iterator[Row]:
    """A question's rows; the first that students see tells of an import, the others name it."""
    told: dict[str, str] = {}
    for row in rows:
        findings = list(row.findings)
        for i, finding in enumerate(findings):
            if finding.kind != "import_failure" or finding.message == QUIET:
                continue
            if finding.message in told:
                message = f"The module could not be imported: see {told[finding.message]}."
                findings[i] = Finding(check="", kind=finding.kind, message=message)
            elif row.visibility is Visibility.VISIBLE:
                told[finding.message] = row.label
        yield row.model_copy(update={"findings": tuple(findings)})


def _permitted(finding: Finding, level: Feedback) -> Finding:
    if level is Feedback.FULL or finding.kind in ("not_started", "archive", "grader_error"):
        return finding
    if level is Feedback.FAILURE:
        return finding.model_copy(update={"hint": "", "misconception": ""})
    quiet = {"check": "", "hint": "", "misconception": "", "lines": ()}
    return finding.model_copy(update={**quiet, "message": QUIET})
