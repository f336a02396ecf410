"""Course totals: homework after the late policy, presentation, project, participation."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from autograder.classroom.derivations import Derivations
from autograder.classroom.late import Charge, Extensions, charge, days_late
from autograder.classroom.roster import COLUMNS, Roster, Student
from autograder.classroom.tables import (
    Record,
    TableError,
    read_table,
    use_lines,
    write_data,
    write_table,
)
from autograder.config import Config
from autograder.grading.results import Result
from autograder.submission import Exported

PROJECT = ("proposal", "progress_report", "final_report")
Scores = Mapping[str, Mapping[Student, float]]
"""Scores in percent by share of the course (``presentation``, ``proposal``, ...), by student."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_CANVAS_NAME = re.compile(r"(.*) \(\d+\)")
"""A column of Canvas: the assignment's title and number."""


@dataclass(frozen=True)
class Homework:
    """One student's homework.

    Attributes:
        result: What was graded automatically, if anything was handed in.
        charge: What the late policy takes from that.
        derivations: Points by id of the derivation, where they count.
        max_score: The maximum, with that of the derivations where they count.
    """

    result: Result | None
    charge: Charge
    derivations: Mapping[str, float]
    max_score: float

    @property
    def score(self) -> float:
        """The points that count: the automatic ones after the late policy, and derivations."""
        automatic = self.result.score * self.charge.factor if self.result else 0.0
        return round(automatic + sum(self.derivations.values()), 2)

    @property
    def percent(self) -> float:
        """What counts, in percent of the homework."""
        return 100 * self.score / self.max_score


@dataclass
class Gradebook:
    """The grades of a course so far.

    Attributes:
        students: In the order of the roster.
        weights: The shares that are given so far, in percent of the course, by name.
        open: The shares of which nothing is given yet.
        homework: By full name of the pack, by student.
        percent: By share, by student; a student without a value has not got one.
        have: Who has what: students by share, and by derivation (``hw1 d1``) where these count.
        remarks: What a TA should settle, one sentence each.
    """

    students: Sequence[Student]
    weights: dict[str, float]
    open: list[str]
    homework: dict[str, dict[Student, Homework]]
    percent: dict[str, dict[Student, float]]
    have: dict[str, Set[Student]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def total(self, student: Student) -> float:
        """Percent of the course that the student has; what is missing counts nothing."""
        shares = self.weights.items()
        return round(sum(w * self.percent[s].get(student, 0.0) / 100 for s, w in shares), 2)

    def missing(self, student: Student) -> list[str]:
        """The shares and derivations that others have and this student has not."""
        return [name for name, students in self.have.items() if student not in students]


def make_gradebook(
    config: Config,
    results: Mapping[str, Sequence[Result]],
    roster: Roster,
    exported: Mapping[str, Exported] | None = None,
    scores: Scores | None = None,
    extensions: Extensions | None = None,
    derivations: Derivations | None = None,
) -> Gradebook:
    """Gather the grades of a course.

    A homework is worth (automatic score after the late policy + points of its derivations) of
    (automatic maximum + maximum of its derivations). Where no derivation of a pack is graded yet,
    its automatic points count alone.

    Args:
        config: The course.
        results: The results of each pack, by its full name.
        roster: The students.
        exported: Who handed in a submission and when, by its id; one that does not stand there
            belongs to the student after whom it is named, and was in time.
        scores: What was graded elsewhere.
        extensions: Moved deadlines.
        derivations: Points for derivations.
    """
    exported, scores = exported or {}, scores or {}
    extensions, derivations = extensions or {}, derivations or {}
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
    with_derivations = _with_derivations(config, packs, derivations, book.remarks)

    def late(student: Student, pack: str, result: Result) -> int:
        created, due = _created(result, exported), config.packs[pack].due
        return days_late(config.course.late, created, due, extensions.get((student, pack), 0.0))

    chosen: dict[str, dict[Student, Result]] = {}
    for pack in packs:
        owned = _owned(config, pack, results[pack], roster, exported, book.remarks)
        chosen[pack] = {
            student: _choose(
                f"{names[pack]}: {student.name}",
                [(result, late(student, pack, result)) for result in own],
                config.course.late.max_days,
                book.remarks,
            )
            for student, own in owned.items()
        }
        _remark_times(config, pack, chosen[pack].values(), exported, book.remarks)
    charges: dict[tuple[Student, str], Charge] = {}
    for student in roster.students:
        handed = {pack: chosen[pack][student] for pack in packs if student in chosen[pack]}
        days = {pack: late(student, pack, result) for pack, result in handed.items()}
        # What cannot be read counts nothing, and uses no free days.
        read = [pack for pack, result in handed.items() if not result.unreadable]
        costs = charge(config.course.late, [days[pack] for pack in read])
        charges |= {(student, pack): Charge(n, 0, 0.0) for pack, n in days.items()}
        charges |= {(student, pack): cost for pack, cost in zip(read, costs, strict=True)}
    book.remarks += sorted(
        f"{names[pack]}: {student.name}: {_days(cost.days)} late, of which {cost.free} free: "
        f"{100 * cost.factor:g} % counts."
        for (student, pack), cost in charges.items()
        if cost.factor < 1 and chosen[pack][student].score
    )

    by_hand: dict[str, Set[Student]] = {}
    for pack in packs:
        short, counted = names[pack], config.packs[pack].derivations
        counted = counted if pack in with_derivations else ()
        most = sum(derivation.points for derivation in counted)
        homework: dict[Student, Homework] = {}
        for student in roster.students:
            result, points = chosen[pack].get(student), derivations.get((student, pack), {})
            if result or points:
                automatic = result.max_score if result else config.packs[pack].points
                cost = charges.get((student, pack), Charge())
                homework[student] = Homework(result, cost, points, automatic + most)
        book.homework[pack] = homework
        book.percent[short] = {student: one.percent for student, one in homework.items()}
        for derivation in counted:
            by_hand[f"{short} {derivation.id}"] = {
                student for student, one in homework.items() if derivation.id in one.derivations
            }
    graded = {names[pack]: chosen[pack].keys() for pack in packs}
    shares = {share: graded.get(share, book.percent[share].keys()) for share in book.weights}
    book.have = {**shares, **by_hand}
    return book


def _with_derivations(
    config: Config, packs: Sequence[str], derivations: Derivations, remarks: list[str]
) -> set[str]:
    """The packs whose derivations count: those of which at least one is graded."""
    graded = {pack for (_, pack), points in derivations.items() if points}
    for pack in packs:
        if config.packs[pack].derivations and pack not in graded:
            remarks.append(
                f"{config.packs[pack].short}: no points for derivations are given, so the "
                "automatic points count alone (give a table with --derivations)."
            )
    remarks += [
        f"{config.packs[pack].short}: points for derivations are given, but no results of grade; "
        "they count nothing yet."
        for pack in sorted(graded - set(packs))
    ]
    return graded


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


def named_after(config: Config, pack: str, submission: str) -> str:
    """The student in the name of a submission: `submit.py` puts that of the pack before it."""
    for name in (pack, config.packs[pack].short):
        submission = submission.removeprefix(f"{name}-") or submission
    return submission


def _days(number: int) -> str:
    return f"{number} day{'s' if number != 1 else ''}"


def _owned(
    config: Config,
    pack: str,
    results: Sequence[Result],
    roster: Roster,
    exported: Mapping[str, Exported],
    remarks: list[str],
) -> dict[Student, list[Result]]:
    """Each student's results, in the order in which they were handed in."""
    owned: dict[Student, list[Result]] = {}
    said: list[str] = []
    # The same folder may have been given twice.
    distinct = {(r.submission, r.model_dump_json()): r for r in results}.values()
    known = [one for r in distinct if (one := exported.get(r.submission))]
    domain = roster.usual_domain(person for one in known for person in one.submitters)
    for result in sorted(distinct, key=lambda r: (_created(r, exported) or _LONG_AGO, r.score)):
        where = f"{config.packs[pack].short}, {result.submission}:"
        reasons: list[str] = []
        if one := exported.get(result.submission):
            for person in one.submitters:
                try:
                    own = owned.setdefault(roster.owner(person, domain), [])
                except TableError as error:
                    reasons.append(str(error))
                else:
                    if result not in own:  # one student may stand twice in a group
                        own.append(result)
        else:
            try:
                student = roster.named(named_after(config, pack, result.submission))
                owned.setdefault(student, []).append(result)
            except TableError as error:
                reasons.append(str(error))
        if result.unreadable:
            reasons.append("counts nothing, it could not be read.")
        if result.grader_errors or not result.safe:
            why = "failed in part of it" if result.grader_errors else "ran without full isolation"
            reasons.append(f"not final, because the grader {why}.")
        if reasons:
            said.append(f"{where} {'; '.join(reason.rstrip('.') for reason in reasons)}.")
    remarks += sorted(said)
    return owned


def _choose(
    who: str, handed: Sequence[tuple[Result, int]], max_days: int, remarks: list[str]
) -> Result:
    """Of results and their days late, the one that counts.

    That is the last, but for what is unreadable or too late where there is anything else.
    """
    counting = [r for r, days in handed if days <= max_days and not r.unreadable]
    last = counting[-1] if counting else handed[-1][0]
    if len(handed) > 1:
        values = ", ".join(f"{r.submission} ({_value(r, days, max_days)})" for r, days in handed)
        remarks.append(f"{who} handed in {values}; {last.submission} counts.")
    return last


def _value(result: Result, days: int, max_days: int) -> str:
    points = "unreadable" if result.unreadable else f"{result.score:g} points"
    return f"{points}, too late" if days > max_days else points


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

    def use(record: Record) -> None:
        student = roster.of(record)
        if student in seen:
            raise TableError(f"{record.where}: {student.name} stands twice; remove one line.")
        seen.add(student)
        for share in shares:
            if record[share]:
                scores[share][student] = record.number(share, 100)

    use_lines(read_table(path, ("student", *shares)), use)
    return scores


def gradebook_csv(config: Config, book: Gradebook) -> str:
    """A line for every student: what counts in percent, late days, the total, what is missing."""
    packs = list(book.homework)
    head: list[object] = [*COLUMNS, *book.weights]
    derivations = {pack: _counted(config, book, pack) for pack in packs}
    for pack in packs:
        short = config.packs[pack].short
        columns = ("points", *derivations[pack], "days late", "free days")
        head += [f"{short} {column}" for column in columns]
    rows = [[*head, "total", "of", "missing"]]
    for student in book.students:
        row: list[object] = [*student.cells]
        row += [_round(book.percent[share].get(student)) for share in book.weights]
        for pack in packs:
            own = book.homework[pack].get(student)
            by_hand = [own.derivations.get(d, "") if own else "" for d in derivations[pack]]
            if own and own.result:
                row += [own.result.score, *by_hand, own.charge.days, own.charge.free]
            else:
                row += ["", *by_hand, "", ""]
        possible = sum(book.weights.values())
        rows.append([*row, book.total(student), possible, "; ".join(book.missing(student))])
    return write_table(rows)


def _counted(config: Config, book: Gradebook, pack: str) -> list[str]:
    """The ids of the derivations of a pack that count."""
    own = config.packs[pack]
    return [d.id for d in own.derivations if f"{own.short} {d.id}" in book.have]


def canvas_csv(
    config: Config,
    book: Gradebook,
    roster: Roster,
    assignments: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The points that count, as Canvas imports them.

    An assignment that Canvas has keeps its column's name from the roster (``HW1 (12345)``): the
    one in ``assignments``, by full name of the pack, or the one whose title is the pack's, or
    begins with its title or short name. Canvas asks what to do with a name that it does not know.

    Raises:
        TableError: If several columns could be meant, or the one named is not there.
    """
    possible = _possible(config, book, roster, assignments)
    rows: list[Sequence[object]] = [
        (*COLUMNS, *possible),
        ("    Points Possible", *[""] * (len(COLUMNS) - 1), *possible.values()),
    ]
    for student in book.students:
        own = [homework.get(student) for homework in book.homework.values()]
        rows.append((*student.cells, *(homework.score if homework else "" for homework in own)))
    return write_data(rows)


def canvas_remarks(
    config: Config,
    book: Gradebook,
    roster: Roster,
    assignments: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """A sentence for each assignment that has other points possible in Canvas than it must have.

    Raises:
        TableError: As `canvas_csv`.
    """
    return [
        f"'{column}' has {roster.possible[column]} points possible in Canvas and must have "
        f"{points}; change the assignment there before you import."
        for column, points in _possible(config, book, roster, assignments).items()
        if not _same_number(roster.possible.get(column) or points, points)
    ]


def _same_number(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _possible(
    config: Config, book: Gradebook, roster: Roster, assignments: Mapping[str, str]
) -> dict[str, str]:
    """The points possible in each column of Canvas, in the order of the homeworks."""
    possible: dict[str, str] = {}
    for pack in book.homework:
        column = _assignment(config, pack, roster.columns, assignments)
        if column in possible:
            raise TableError(
                f"Two homeworks would go into '{column}' of Canvas; give --assignment."
            )
        own, counted = config.packs[pack], _counted(config, book, pack)
        points = own.points + sum(d.points for d in own.derivations if d.id in counted)
        possible[column] = f"{points:g}"
    return possible


def _assignment(
    config: Config, pack: str, columns: Sequence[str], assignments: Mapping[str, str]
) -> str:
    """The column of Canvas for a pack."""
    short, title = config.packs[pack].short, re.escape(config.packs[pack].title)
    own = {column: name[1] for column in columns if (name := _CANVAS_NAME.fullmatch(column))}
    if wanted := assignments.get(pack):
        if columns and wanted not in own and wanted not in own.values():
            raise TableError(f"The roster has no column '{wanted}'; export it from Canvas again.")
        found = [column for column in own if wanted in (column, own[column])]
    else:
        number = rf"(?:hw ?|homework ){short.removeprefix('hw')}\b"
        # The name that says most about the pack decides, if there is one.
        for pattern in (rf"(?:{number}\W*)?{title}", rf"(?:{number}|{title}\b).*"):
            found = [c for c in own if re.fullmatch(pattern, own[c], re.IGNORECASE)]
            if found:
                break
    if len(found) > 1:
        names = ", ".join(f"'{column}'" for column in found)
        raise TableError(
            f"{short} could be any of these columns of Canvas: {names}; "
            f'choose with --assignment {short}="{found[0]}".'
        )
    return found[0] if found else wanted or short.upper()


def _round(value: float | None) -> float | str:
    return "" if value is None else round(value, 2)
