"""The late policy: how late a submission is, and what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

from autograder.classroom.roster import Roster, Student
from autograder.classroom.tables import Record, TableError, read_table, use_lines
from autograder.config import Config, LatePolicy

Extensions = dict[tuple[Student, str], float]
"""Further days, by student and full name of the pack."""
_MOST_DAYS = 365


@dataclass(frozen=True)
class Charge:
    """What one submission costs: days late, those of them that are free, the share that counts."""

    days: int = 0
    free: int = 0
    factor: float = 1.0


def days_late(
    policy: LatePolicy, created: datetime | None, due: datetime | None, extension: float = 0.0
) -> int:
    """Started days after the deadline; 0 where a time is not known.

    The deadline is ``due``, moved by ``extension`` days, and by the grace period.
    """
    if created is None or due is None:
        return 0
    late = created - due - timedelta(days=extension, minutes=policy.grace_minutes)
    return max(0, ceil(late / timedelta(days=1)))


def charge(policy: LatePolicy, days: Sequence[int]) -> list[Charge]:
    """What a student's submissions cost, given how many days late each is, in time order.

    Free days are used as they come. What is later than ``max_days`` counts nothing and uses none.
    """
    left = policy.late_days
    charges = []
    for late in days:
        if late > policy.max_days:
            charges.append(Charge(late, 0, 0.0))
            continue
        free = min(late, left)
        left -= free
        lost = policy.percent_per_day * (late - free) / 100
        charges.append(Charge(late, free, max(0.0, 1 - lost)))
    return charges


def read_extensions(path: Path, config: Config, roster: Roster) -> Extensions:
    """Extensions from a CSV file with the columns student, pack, days.

    Raises:
        TableError: With a sentence for every line that cannot be used.
    """
    extensions: Extensions = {}

    def use(record: Record) -> None:
        key = roster.of(record), config.pack_name(record["pack"])
        if key in extensions:
            raise TableError(f"{record.where}: this extension stands twice; remove one.")
        extensions[key] = record.number("days", _MOST_DAYS)

    use_lines(read_table(path, ("student", "pack", "days")), use)
    return extensions
