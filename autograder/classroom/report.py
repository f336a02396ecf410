"""The report on a class: one self-contained page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from types import MappingProxyType

from autograder.classroom.pages import render
from autograder.classroom.questions import QuestionScore, question_label, question_scores, sum_rows
from autograder.classroom.similarity import Similarity
from autograder.config import Config
from autograder.grading.results import Result

_BINS = 10
_SLOW = 3.0
"""A submission is slow if it takes this many times the median."""
_FEW = 10
"""Of so few submissions or fewer none is called slow: the median says too little."""
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
    """One submission in the table, and who handed it in."""

    result: Result
    students: str
    questions: dict[str, QuestionScore]
    remarks: tuple[str, ...]
    slow: bool


def class_report(
    config: Config,
    pack: str,
    results: Sequence[Result],
    names: Mapping[str, str] = MappingProxyType({}),
    similarity: Similarity | None = None,
    remarks: Sequence[str] = (),
) -> str:
    """The report on all ``results`` of one pack, as a page.

    Submissions that could not be read are listed, and counted nowhere else.

    Args:
        config: The course.
        pack: The pack's full name.
        results: At least one result.
        names: The students who handed in, by submission; a column of the table if there are any.
        similarity: What the comparison of sources found, if they were compared.
        remarks: What a reader of the page must know about the class as a whole.
    """
    counted = [result for result in results if not result.unreadable]
    scores = [result.score for result in counted]
    seconds = sorted(result.seconds for result in counted)
    usual = median(seconds) if len(seconds) > _FEW else 0.0
    lines = [
        _line(config, pack, result, names.get(result.submission, ""), usual) for result in results
    ]
    return render(
        "report.html",
        config,
        pack,
        lines=lines,
        named=bool(names),
        counted=len(counted),
        full=config.packs[pack].points,
        remarks=[*remarks, *_differences(config, pack, results)],
        scores={"mean": mean(scores), "median": median(scores)} if scores else {},
        seconds=_time(seconds),
        bins=histogram(counted),
        questions=summarise(config, pack, counted),
        mistakes=frequent_mistakes(counted),
        look=[line for line in lines if line.remarks],
        similarity=similarity,
    )


def histogram(results: Sequence[Result]) -> list[Bin]:
    """Results by score in percent, in ten bins; full marks and bonus belong to the last."""
    counts = [0] * _BINS
    for result in results:
        share = result.score / result.max_score if result.max_score else 0.0
        counts[min(int(share * _BINS), _BINS - 1)] += 1
    width = 100 // _BINS
    return [Bin(i * width, (i + 1) * width, count) for i, count in enumerate(counts)]


def summarise(config: Config, pack: str, results: Sequence[Result]) -> list[PartSummary]:
    """How the class did in every question that was graded, with its parts.

    Maxima are those of the configuration; a result counts where it has rows.
    """
    own = config.packs[pack]
    scores: dict[str, list[QuestionScore]] = {}
    for result in results:
        for score in question_scores(own, result):
            scores.setdefault(score.label, []).append(score)
    rows: dict[str, list[QuestionScore]] = {}
    for result in results:
        for row in result.rows:
            rows.setdefault(row.label, []).append(sum_rows(row.label, row.title, [row]))
    return [
        _summary(
            scores[label],
            question.title,
            question.points,
            tuple(
                _summary(rows[question.label(part)], part.title, part.points)
                for part in question.parts
                if question.label(part) in rows
            ),
        )
        for question in own.graded
        for label in (f"Q{question.id}",)
        if label in scores
    ]


def _summary(
    scores: Sequence[QuestionScore],
    title: str,
    max_score: float,
    parts: tuple[PartSummary, ...] = (),
) -> PartSummary:
    return PartSummary(
        label=scores[0].label,
        title=title,
        passed=sum(score.passed for score in scores),
        partial=sum(score.score > 0 and not score.passed for score in scores),
        not_started=sum(not score.started for score in scores),
        count=len(scores),
        mean=mean(score.score for score in scores),
        max_score=max_score,
        parts=parts,
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


def _differences(config: Config, pack: str, results: Sequence[Result]) -> list[str]:
    """Why the scores of a class cannot simply be compared, one sentence each."""
    now = {
        (question.label(part), part.points)
        for question in config.packs[pack].graded
        for part in question.parts
    }
    old = sum(now != {(row.label, row.max_score) for row in result.rows} for result in results)
    ways = Counter(
        (result.device, *(f"{name} {version}" for name, version in result.versions.items()))
        for result in results
        if not result.unreadable
    )
    sentences = []
    if old:
        sentences.append(
            f"{old} of {len(results)} grades have other questions or points than the configuration "
            "has now; sums on this page take each row as it was graded. Grade again with "
            "--accept-changes to bring them in step."
        )
    if len(ways) > 1:
        counts = "; ".join(f"{n} on {', '.join(way)}" for way, n in ways.most_common())
        sentences.append(f"Standing grades were given in different environments: {counts}.")
    return sentences


def _line(config: Config, pack: str, result: Result, students: str, usual: float) -> Line:
    slow = usual > 0 and result.seconds > _SLOW * usual
    scores = {question.label: question for question in question_scores(config.packs[pack], result)}
    return Line(result, students, scores, tuple(_remarks(result, slow)), slow)


def _remarks(result: Result, slow: bool) -> list[str]:
    """What a TA should look at, one sentence each."""
    if result.unreadable:
        return list(result.notes)
    remarks = []
    if result.grader_errors:
        labels = ", ".join(row.label for row in result.grader_errors)
        remarks.append(f"The grader itself failed in {labels}.")
    if not result.safe:
        remarks.append("Not isolated.")
    remarks += [f"Stopped by {words}." for words in stops(result)]
    if slow:
        remarks.append("Slow.")
    return [*remarks, *result.notes]


def stops(result: Result) -> list[str]:
    """What ended checks of a result, and in which questions: ``time limit in Q2, Q3``."""
    found = []
    for kind, words in _STOPPED.items():
        labels = ", ".join(
            dict.fromkeys(
                question_label(row)
                for row in result.rows
                if any(finding.kind == kind for finding in row.findings)
            )
        )
        if labels:
            found.append(f"{words} in {labels}")
    return found


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
