"""The report on a class: one self-contained page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, median

from autograder.classroom.pages import render
from autograder.classroom.questions import QuestionScore, question_label, question_scores, titles
from autograder.classroom.similarity import Similarity
from autograder.config import Config
from autograder.grading.results import Result, Row

_BINS = 10
_SLOW = 3.0
"""A submission is slow if it takes this many times the median."""
_STOPPED = {
    "time_limit": "time limit",
    "memory_limit": "memory limit",
    "crash": "crash",
    "import_failure": "import failure",
}


@dataclass(frozen=True)
class Bin:
    """One bar of the histogram: the submissions with ``low`` <= percent < ``high``."""

    low: int
    high: int
    count: int


@dataclass(frozen=True)
class PartSummary:
    """How a class did in one part, or with parts of its own, in one question."""

    label: str
    title: str
    passed: int
    partial: int
    not_started: int
    count: int
    mean: float
    max_score: float
    parts: tuple["PartSummary", ...] = ()

    @property
    def pass_rate(self) -> float:
        """Full marks, in percent of the submissions."""
        return self._share(self.passed)

    @property
    def partial_rate(self) -> float:
        """Some of the points, in percent of the submissions."""
        return self._share(self.partial)

    def _share(self, count: int) -> float:
        return 100 * count / self.count if self.count else 0.0


@dataclass
class Mistake:
    """One known mistake, and who made it."""

    label: str
    hint: str
    submissions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """One submission in the table."""

    result: Result
    questions: dict[str, QuestionScore]
    remarks: tuple[str, ...]
    slow: bool


def class_report(
    config: Config, pack: str, results: Sequence[Result], similarity: Similarity | None = None
) -> str:
    """The report on all ``results`` of one pack, as a page.

    Submissions that could not be read are listed, and counted nowhere else.

    Args:
        config: The course.
        pack: The pack's full name.
        results: At least one result.
        similarity: What the comparison of sources found, if they were compared.
    """
    counted = [result for result in results if not unreadable(result)]
    scores = [result.score for result in counted]
    seconds = sorted(result.seconds for result in counted)
    usual = median(seconds) if seconds else 0.0
    lines = [_line(config, pack, result, usual) for result in results]
    return render(
        "report.html",
        config,
        pack,
        lines=lines,
        counted=len(counted),
        full=max((result.max_score for result in results), default=0.0),
        scores={"mean": mean(scores), "median": median(scores)} if scores else {},
        seconds=_time(seconds),
        bins=histogram(counted),
        questions=summarise(config, pack, counted),
        mistakes=frequent_mistakes(counted),
        look=[line for line in lines if line.remarks],
        similarity=similarity,
    )


def unreadable(result: Result) -> bool:
    """Whether nothing of the submission could be read."""
    return bool(result.rows) and all(row.status == "unreadable" for row in result.rows)


def histogram(results: Sequence[Result]) -> list[Bin]:
    """Results by score in percent, in ten bins; full marks and bonus belong to the last."""
    counts = [0] * _BINS
    for result in results:
        share = result.score / result.max_score if result.max_score else 0.0
        counts[min(int(share * _BINS), _BINS - 1)] += 1
    width = 100 // _BINS
    return [Bin(i * width, (i + 1) * width, count) for i, count in enumerate(counts)]


def summarise(config: Config, pack: str, results: Sequence[Result]) -> list[PartSummary]:
    """How the class did in every question, with its parts."""
    rows: dict[str, dict[str, list[Row]]] = {}
    for result in results:
        for row in result.rows:
            rows.setdefault(question_label(row), {}).setdefault(row.label, []).append(row)
    names = titles(config.packs[pack])
    return [_question(label, names.get(label, ""), parts) for label, parts in rows.items()]


def _question(label: str, title: str, rows: dict[str, list[Row]]) -> PartSummary:
    parts = tuple(_part(label, own) for label, own in rows.items())
    each = list(zip(*rows.values(), strict=False))
    return PartSummary(
        label=label,
        title=title,
        passed=sum(all(row.status == "passed" for row in own) for own in each),
        partial=sum(
            any(row.score > 0 for row in own) and any(row.status != "passed" for row in own)
            for own in each
        ),
        not_started=sum(all(row.status == "not_started" for row in own) for own in each),
        count=len(each),
        mean=sum(part.mean for part in parts),
        max_score=sum(part.max_score for part in parts),
        parts=parts,
    )


def _part(label: str, rows: Sequence[Row]) -> PartSummary:
    return PartSummary(
        label=label,
        title=rows[0].title,
        passed=sum(row.status == "passed" for row in rows),
        partial=sum(row.status != "passed" and row.score > 0 for row in rows),
        not_started=sum(row.status == "not_started" for row in rows),
        count=len(rows),
        mean=mean(row.score for row in rows),
        max_score=rows[0].max_score,
    )


def frequent_mistakes(results: Sequence[Result]) -> list[Mistake]:
    """The known mistakes that were recognised, the most frequent first."""
    found: dict[tuple[str, str], Mistake] = {}
    for result in results:
        named = {
            (row.label, finding.misconception): finding.hint
            for row in result.rows
            for finding in row.findings
            if finding.misconception
        }
        for key, hint in named.items():
            found.setdefault(key, Mistake(key[0], hint)).submissions.append(result.submission)
    return sorted(found.values(), key=lambda m: (-len(m.submissions), m.label, m.hint))


def _line(config: Config, pack: str, result: Result, usual: float) -> Line:
    slow = usual > 0 and result.seconds > _SLOW * usual
    scores = question_scores(config.packs[pack], result)
    return Line(result, {q.label: q for q in scores}, tuple(_remarks(result, slow)), slow)


def _remarks(result: Result, slow: bool) -> list[str]:
    """What a TA should look at, one sentence each."""
    if unreadable(result):
        return list(result.notes)
    remarks = []
    if result.grader_errors:
        labels = ", ".join(row.label for row in result.grader_errors)
        remarks.append(f"The grader itself failed in {labels}.")
    if not result.safe:
        remarks.append("Not isolated.")
    for kind, words in _STOPPED.items():
        labels = ", ".join(
            dict.fromkeys(
                question_label(row)
                for row in result.rows
                if any(finding.kind == kind for finding in row.findings)
            )
        )
        if labels:
            remarks.append(f"Stopped by {words} in {labels}.")
    if slow:
        remarks.append("Slow.")
    return [*remarks, *result.notes]


def _time(seconds: Sequence[float]) -> dict[str, float]:
    """Of sorted seconds: the median, what 95 percent stay within, the longest, the sum."""
    if not seconds:
        return {}
    return {
        "median": median(seconds),
        "most": seconds[-(len(seconds) // 20) - 1],
        "longest": seconds[-1],
        "sum": sum(seconds),
    }
