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
    answer (answers_file, answer_form, answer). ``lost`` are the points that it costs where a part
    gets some of its points.
    """

    check: str
    kind: str
    message: str
    hint: str = ""
    misconception: str = ""
    lines: tuple[str, ...] = ()
    lost: float = 0.0


class Tally(BaseModel):
    """How many checks of a part were run, how many of them passed, how many were left out.

    A check on another device is left out, and counts as failed, where it fails on the CPU.
    """

    run: int
    passed: int
    left_out: int


class Row(BaseModel):
    """One part of one question."""

    label: str
    title: str
    functions: tuple[str, ...]
    score: float
    max_score: float
    status: Status
    findings: tuple[Finding, ...] = ()
    tally: Tally | None = None
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
    """The outcome of one hidden test on one device.

    A check that failed without a finding was left out because ``test`` failed on the CPU.
    """

    part: str
    test: str = ""
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
    worth = _worth(own, config.device_share)
    share = sum((value for check, value in worth if check.outcome == "passed"), Fraction(0))
    if own and not worth:
        share = Fraction(1)
    points = Fraction(str(part.points))
    findings = _distinct(check.finding for check in own if check.finding)
    status = _status(own, share, findings)
    explains = 0 < share < 1 and part.feedback is not Feedback.SCORE
    if explains:
        findings = _with_lost(findings, worth, points)
    return Row(
        label=question.label(part),
        title=part.title,
        functions=question.qualified(part),
        score=_rounded(points * share),
        max_score=part.points,
        status=status,
        findings=tuple(_permitted(finding, part.feedback) for finding in findings),
        tally=_tally(worth) if explains else None,
        visibility=part.visibility,
        bonus=question.kind == "extension",
    )


def _rounded(points: Fraction) -> float:
    return round(float(points), 2)


def _worth(checks: list[Check], device_share: float) -> list[tuple[Check, Fraction]]:
    """The checks that count, each with its share of the part's points."""
    counted = [check for check in checks if check.outcome != "grader_error"]
    cpu = [check for check in counted if check.device == "cpu"]
    other = [check for check in counted if check.device != "cpu"]
    if not (cpu and other):
        return _by_weight(counted, Fraction(1))
    device = Fraction(str(device_share))
    return _by_weight(cpu, 1 - device) + _by_weight(other, device)


def _by_weight(checks: list[Check], whole: Fraction) -> list[tuple[Check, Fraction]]:
    """``whole`` divided among ``checks`` by their weights."""
    weights = [Fraction(str(check.weight)) for check in checks]
    return [
        (check, whole * weight / sum(weights))
        for check, weight in zip(checks, weights, strict=True)
    ]


def _with_lost(
    findings: list[Finding], worth: list[tuple[Check, Fraction]], points: Fraction
) -> list[Finding]:
    """``findings`` with the points that each costs, rounded so that their sum is what is lost."""
    of_test = {check.test: check.finding for check, _ in worth if check.device == "cpu"}
    costs: dict[_Same, Fraction] = {}
    for check, value in worth:
        finding = check.finding or of_test.get(check.test)
        if check.outcome == "failed" and finding is not None:
            costs[_same(finding)] = costs.get(_same(finding), Fraction(0)) + value
    left = Fraction(1)
    priced = []
    for finding in findings:
        before, left = left, left - costs.get(_same(finding), Fraction(0))
        lost = round(_rounded(points * before) - _rounded(points * left), 2)
        priced.append(finding.model_copy(update={"lost": lost}))
    return priced


def _tally(worth: list[tuple[Check, Fraction]]) -> Tally:
    passed = sum(check.outcome == "passed" for check, _ in worth)
    failed = sum(check.finding is not None for check, _ in worth)
    return Tally(run=passed + failed, passed=passed, left_out=len(worth) - passed - failed)


def _status(checks: list[Check], share: Fraction, findings: list[Finding]) -> Status:
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


_Same = tuple[str, str, tuple[str, ...]]


def _same(finding: Finding) -> _Same:
    """What findings that say the same have in common; each stub that is left is named."""
    lines = finding.lines if finding.kind == "not_started" else ()
    return finding.kind, finding.message, lines


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Findings without those that repeat another's message; a named mistake is kept."""
    kept: dict[_Same, Finding] = {}
    for finding in findings:
        first = kept.setdefault(_same(finding), finding)
        if finding.misconception and not first.misconception:
            kept[_same(finding)] = finding
    return list(kept.values())


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
    if level is Feedback.FULL or finding.kind in ("archive", "grader_error"):
        return finding
    if level is Feedback.FAILURE:
        return finding.model_copy(update={"hint": "", "misconception": ""})
    quiet = {"check": "", "hint": "", "misconception": "", "lines": ()}
    if finding.kind != "not_started":
        quiet["message"] = QUIET
    return finding.model_copy(update=quiet)
