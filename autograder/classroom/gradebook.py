"""Course totals: homework after the late policy, presentation, project, participation."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder.classroom.late import Charge, Extensions, charge, days_late
from autograder.classroom.report import unreadable
from autograder.classroom.roster import COLUMNS, Roster, Student
from autograder.classroom.tables import TableError, read_table, write_table
from autograder.config import Config
from autograder.grading.results import Result
from autograder.submission import Exported

PROJECT = ("proposal", "progress_report", "final_report")
Scores = Mapping[str, Mapping[Student, float]]
"""Scores in percent by share of the course (``presentation``, ``proposal``, ...), by student."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Homework:
    """One student's homework."""

    result: Result
    charge: Charge

    @property
    def score(self) -> float:
        """The points that count."""
        return round(self.result.score * self.charge.factor, 2)

    @property
    def percent(self) -> float:
        """What counts, in percent of the homework."""
        return 100 * self.score / self.result.max_score


@dataclass
class Gradebook:
    """The grades of a course so far.

    Attributes:
        students: In the order of the roster.
        weights: The shares that are given so far, in percent of the course, by name.
        open: The shares of which nothing is given yet.
        homework: By full name of the pack, by student.
        percent: By share, by student; a student without a value has not got one.
        remarks: What a TA should settle, one sentence each.
    """

    students: Sequence[Student]
    weights: dict[str, float]
    open: list[str]
    homework: dict[str, dict[Student, Homework]]
    percent: dict[str, dict[Student, float]]
    remarks: list[str] = field(default_factory=list)

    def total(self, student: Student) -> float:
        """Percent of the course that the student has; what is missing counts nothing."""
        shares = self.weights.items()
        return round(sum(w * self.percent[s].get(student, 0.0) / 100 for s, w in shares), 2)

    def missing(self, student: Student) -> list[str]:
        """The shares that others have and this student has not."""
        return [share for share in self.weights if student not in self.percent[share]]


def make_gradebook(
    config: Config,
    results: Mapping[str, Sequence[Result]],
    roster: Roster,
    exported: Mapping[str, Exported] | None = None,
    scores: Scores | None = None,
    extensions: Extensions | None = None,
) -> Gradebook:
    """Gather the grades of a course.

    Args:
        config: The course.
        results: The results of each pack, by its full name.
        roster: The students.
        exported: Who handed in a submission and when, by its id; one that does not stand there
            belongs to the student after whom it is named, and was in time.
        scores: What was graded elsewhere.
        extensions: Moved deadlines.
    """
    exported, scores, extensions = exported or {}, scores or {}, extensions or {}
    weights = _weights(config)
    names = {name: pack.short for name, pack in config.packs.items()}
    given = {names[pack] for pack in results} | {share for share, own in scores.items() if own}
    book = Gradebook(
        students=roster.students,
        weights={share: weight for share, weight in weights.items() if share in given},
        open=[share for share in weights if share not in given],
        homework={},
        percent={share: dict(own) for share, own in scores.items()},
    )
    book.remarks += [
        f"{share} has no weight in grading_config.yaml, so its scores count nothing."
        for share in scores
        if share not in weights
    ]
    # Late days are charged in the order of deadlines, whatever the order of the folders.
    packs = sorted(results, key=lambda name: (config.packs[name].due or _LONG_AGO, names[name]))
    owners = {
        pack: _owners(names[pack], results[pack], roster, exported, book.remarks) for pack in packs
    }
    for pack in packs:
        book.homework[pack] = {}
        book.percent[names[pack]] = {}
        _remark_times(config, pack, owners[pack].values(), exported, book.remarks)
    for student in roster.students:
        own = [(pack, owners[pack][student]) for pack in packs if student in owners[pack]]
        late = [
            days_late(
                config.course.late,
                _created(result, exported),
                config.packs[pack].due,
                extensions.get((student, pack), 0.0),
            )
            for pack, result in own
        ]
        for (pack, result), cost in zip(own, charge(config.course.late, late), strict=True):
            homework = Homework(result, cost)
            book.homework[pack][student] = homework
            book.percent[names[pack]][student] = homework.percent
    return book


def _weights(config: Config) -> dict[str, float]:
    weights = config.course.weights
    project = {name: getattr(weights.project, name) for name in PROJECT}
    homework = {config.packs[name].short: weights.homework[name] for name in config.packs}
    shares = {
        **homework,
        "presentation": weights.presentation,
        **project,
        "participation": weights.participation,
    }
    return {share: weight for share, weight in shares.items() if weight > 0}


def _created(result: Result, exported: Mapping[str, Exported]) -> datetime | None:
    known = exported.get(result.submission)
    return known.created_at if known else None


def _owners(
    pack: str,
    results: Sequence[Result],
    roster: Roster,
    exported: Mapping[str, Exported],
    remarks: list[str],
) -> dict[Student, Result]:
    """The result that counts for each student: of several, the one that was handed in last."""
    owners: dict[Student, Result] = {}
    order = sorted(results, key=lambda r: (_created(r, exported) or _LONG_AGO, r.score))
    for result in order:
        known = exported.get(result.submission)
        people: list[tuple[str, ...]] = [(result.submission,)]
        if known:
            people = [(p.sid, p.email, p.name) for p in known.submitters]
        for keys in people:
            student = roster.find(*keys)
            if student is None:
                remarks.append(
                    f"{pack}, {result.submission}: {' '.join(filter(None, keys))} is not in the "
                    "roster, or is there more than once."
                )
                continue
            if student in owners:
                remarks.append(
                    f"{pack}: {student.name} handed in {owners[student].submission} and "
                    f"{result.submission}; the second counts."
                )
            owners[student] = result
        if unreadable(result):
            remarks.append(f"{pack}, {result.submission}: counts nothing, it could not be read.")
        if result.grader_errors or not result.safe:
            why = "failed in part of it" if result.grader_errors else "ran without full isolation"
            remarks.append(f"{pack}, {result.submission}: not final, because the grader {why}.")
    return owners


def _remark_times(
    config: Config,
    pack: str,
    results: Iterable[Result],
    exported: Mapping[str, Exported],
    remarks: list[str],
) -> None:
    short = config.packs[pack].short
    if config.packs[pack].due is None:
        remarks.append(f"{short}: grading_config.yaml gives no 'due', so nothing counts as late.")
        return
    unknown = {r.submission for r in results if _created(r, exported) is None}
    if unknown:
        remarks.append(
            f"{short}: it is not known when {len(unknown)} submissions were handed in; they count "
            "as in time (give the Gradescope export with --export)."
        )


def read_scores(
    path: Path, shares: Sequence[str], roster: Roster
) -> dict[str, dict[Student, float]]:
    """Scores in percent from a CSV file with a column student and one for each share.

    An empty cell is a missing score.

    Raises:
        TableError: With a sentence for every line that cannot be used.
    """
    scores: dict[str, dict[Student, float]] = {share: {} for share in shares}
    seen: set[Student] = set()
    problems = []
    for record in read_table(path, ("student", *shares)):
        try:
            student = roster.of(record)
            if student in seen:
                raise TableError(f"{record.where}: {student.name} stands twice; remove one line.")
            seen.add(student)
            for share in shares:
                if record[share]:
                    scores[share][student] = record.number(share, 100)
        except TableError as error:
            problems.append(str(error))
    if problems:
        raise TableError("\n".join(problems))
    return scores


def gradebook_csv(config: Config, book: Gradebook) -> str:
    """A line for every student: what counts in percent, late days, the total, what is missing."""
    packs = list(book.homework)
    head: list[object] = [*COLUMNS, *book.weights]
    for pack in packs:
        short = config.packs[pack].short
        head += [f"{short} points", f"{short} days late", f"{short} free days"]
    rows = [[*head, "total", "of", "missing"]]
    for student in book.students:
        row: list[object] = [*student.cells]
        row += [_round(book.percent[share].get(student)) for share in book.weights]
        for pack in packs:
            own = book.homework[pack].get(student)
            row += [own.result.score, own.charge.days, own.charge.free] if own else ["", "", ""]
        possible = sum(book.weights.values())
        rows.append([*row, book.total(student), possible, "; ".join(book.missing(student))])
    return write_table(rows)


def canvas_csv(config: Config, book: Gradebook, roster: Roster) -> str:
    """The points that count, as Canvas imports them.

    An assignment that Canvas has keeps its column's name from the roster (``HW1 (12345)``), where
    its title begins with the pack's short name or title; Canvas asks what to do with another.
    """
    packs = list(book.homework)
    columns = [_assignment(config, pack, roster.columns) for pack in packs]
    possible = [f"{config.packs[pack].points:g}" for pack in packs]
    rows: list[Sequence[object]] = [
        (*COLUMNS, *columns),
        ("    Points Possible", *[""] * (len(COLUMNS) - 1), *possible),
    ]
    for student in book.students:
        own = [book.homework[pack].get(student) for pack in packs]
        rows.append((*student.cells, *(homework.score if homework else "" for homework in own)))
    return write_table(rows)


def _assignment(config: Config, pack: str, columns: Sequence[str]) -> str:
    short, title = config.packs[pack].short, re.escape(config.packs[pack].title)
    number = short.removeprefix("hw")
    name = re.compile(rf"(hw ?{number}\b|homework {number}\b|{title}).* \(\d+\)", re.IGNORECASE)
    return next((column for column in columns if name.fullmatch(column)), short.upper())


def _round(value: float | None) -> float | str:
    return "" if value is None else round(value, 2)
