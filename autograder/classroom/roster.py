"""Who takes the course, and by which names Canvas, Gradescope and files call them."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.tables import Record, TableError, read_table
from autograder.submission import Exported

COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
"""What Canvas writes and reads."""
_NO_STUDENTS = ("points possible", "student, test", "test student")
"""Lines of a Canvas export that are about nobody."""


@dataclass(frozen=True)
class Student:
    """One student: the columns of Canvas, and an address."""

    name: str
    id: str = ""
    user_id: str = ""
    login: str = ""
    section: str = ""
    email: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The values of `COLUMNS`."""
        return self.name, self.id, self.user_id, self.login, self.section


class Roster:
    """The students of a course.

    Attributes:
        students: In the order of the file.
        columns: The columns of the file, of which some may be assignments in Canvas.
    """

    def __init__(self, students: Iterable[Student], columns: Iterable[str] = ()) -> None:
        self.students = tuple(students)
        self.columns = tuple(columns)
        self._by_key: dict[str, Student | None] = {}
        for student in self.students:
            for key in _keys(student):
                # A name that two students have names neither.
                same = self._by_key.get(key, student) == student
                self._by_key[key] = student if same else None

    def find(self, *names: str) -> Student | None:
        """The student whom the first of ``names`` that is known means.

        A name is an id, a login, an address (or what stands before its @), or a full name.
        """
        tried = (key for name in names for key in (_key(name), _key(_local(name))))
        return next((student for key in tried if (student := self._by_key.get(key))), None)

    def of(self, record: Record) -> Student:
        """The student of a line of a table.

        Raises:
            TableError: If there is none.
        """
        student = self.find(record["student"])
        if student is None:
            raise TableError(
                f"{record.where}: no student, or more than one, is called "
                f"'{record['student']}'; write an id or a login of the roster."
            )
        return student


def read_roster(path: Path) -> Roster:
    """The roster in a CSV file: the gradebook that Canvas exports, or one with its columns.

    Raises:
        TableError: If it cannot be read, or names nobody.
    """
    records = read_table(path, ("Student", "SIS Login ID"))
    students = [
        Student(*(record[column] for column in (*COLUMNS, "Email")))
        for record in records
        if record["Student"].lower() not in _NO_STUDENTS
    ]
    if not students:
        raise TableError(f"{path} names no students; export the gradebook of Canvas again.")
    return Roster(students, records[0].values)


def roster_of(exported: Iterable[Exported]) -> Roster:
    """Everybody who handed in something, where there is no other roster."""
    people = {person for one in exported for person in one.submitters}
    students = (
        Student(p.name, user_id=p.sid, login=_local(p.email), email=p.email) for p in people
    )
    return Roster(sorted(students, key=lambda s: (s.name, s.email, s.user_id)))


def _keys(student: Student) -> set[str]:
    family, comma, given = student.name.partition(",")
    names = (student.id, student.user_id, student.login, student.email, student.name)
    spoken = f"{given} {family}" if comma else ""
    return {_key(name) for name in (*names, _local(student.email), spoken)} - {""}


def _local(name: str) -> str:
    return name.partition("@")[0]


def _key(name: str) -> str:
    """``name`` in lower case with one underscore for all that is no letter and no digit."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "_".join("".join(c if c.isalnum() else " " for c in text).split())
