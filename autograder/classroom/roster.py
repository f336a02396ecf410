"""Who takes the course, and by which names Canvas, Gradescope and files call them."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from autograder.classroom.tables import Record, TableError, read_table
from autograder.submission import Exported, Submitter

COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
"""What Canvas writes and reads."""
_POSSIBLE = "points possible"
_NO_STUDENTS = (_POSSIBLE, "student, test", "test student")
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
        possible: What Canvas has as the points possible, by column.
        source: Where the students come from, in the words of a message.
    """

    def __init__(
        self,
        students: Iterable[Student],
        columns: Iterable[str] = (),
        possible: Mapping[str, str] = MappingProxyType({}),
        source: str = "the roster",
    ) -> None:
        self.students = tuple(students)
        self.columns = tuple(columns)
        self.possible = possible
        self.source = source
        self._by_key = _index((key, student) for student in self.students for key in _keys(student))
        self._by_name = _index((n, student) for student in self.students for n in _names(student))
        self._by_sid = _index((_exact(student.user_id), student) for student in self.students)
        self._by_login = _index((_exact(student.login), student) for student in self.students)
        self._by_email = _index(
            (address, student) for student in self.students for address in _addresses(student)
        )

    def find(self, name: str) -> Student | None:
        """The student whom a table of the course or a file calls ``name``.

        That is an id, a login, an address or a full name.
        """
        return self._by_key.get(_key(name))

    def named(self, name: str) -> Student:
        """The student whom ``name`` calls, as `find`.

        Raises:
            TableError: If that is nobody, or not only one; the message is a sentence.
        """
        student = self.find(name)
        if student is None:
            several = _key(name) in self._by_key
            who = "several students" if several else "no student"
            raise TableError(
                f"{who} of {self.source} {'are' if several else 'is'} called '{name}'."
            )
        return student

    def owner(self, person: Submitter, domain: str) -> Student:
        """The student who handed in something on Gradescope.

        The sid is compared with the SIS id only, since Canvas numbers students on its own; then
        the whole address; and only then the login with the address's local part, where its domain
        is that of the class and the name agrees. A name alone counts where nothing else is known.

        Args:
            person: As Gradescope knows the student.
            domain: The domain of the class's addresses (see `usual_domain`).

        Raises:
            TableError: If this is nobody, or not certainly one; the message is a sentence.
        """
        named = self._by_name.get(_key(person.name))
        told = {
            "sid": self._by_sid.get(_exact(person.sid)),
            "address": self._by_email.get(_exact(person.email)),
            "name": named,
        }
        known = {what: student for what, student in told.items() if student is not None}
        if len(set(known.values())) > 1:
            means = ", ".join(f"the {what} is that of {s.name}" for what, s in known.items())
            raise TableError(
                f"{_called(person)} could be several students: {means}; correct the roster or the "
                "export."
            )
        local, _, own_domain = _exact(person.email).partition("@")
        login = self._by_login.get(local) if domain and own_domain == domain else None
        alone = named if not (person.sid or person.email) else None
        agreed = login if login == named else None
        student = told["sid"] or told["address"] or agreed or alone
        if student is None:
            twice = _exact(person.sid) in self._by_sid or _exact(person.email) in self._by_email
            if not (person.sid or person.email):
                twice = _key(person.name) in self._by_name
            if twice:
                raise TableError(
                    f"{_called(person)} is in {self.source} more than once; correct {self.source}."
                )
            raise TableError(f"{_called(person)} is not in {self.source} by SIS id or address.")
        return student

    def usual_domain(self, people: Iterable[Submitter]) -> str:
        """The domain that the roster's addresses have in common, or else most of ``people``'s."""
        own = {a.partition("@")[2] for s in self.students for a in _addresses(s)}
        if own:
            return own.pop() if len(own) == 1 else ""
        domains = Counter(_exact(p.email).partition("@")[2] for p in people if "@" in p.email)
        return domains.most_common(1)[0][0] if domains else ""

    def of(self, record: Record) -> Student:
        """The student of a line of a table.

        Raises:
            TableError: If there is none.
        """
        try:
            return self.named(record["student"])
        except TableError as error:
            raise TableError(f"{record.where}: {error} Write an id or a login.") from None


def read_roster(path: Path) -> Roster:
    """The roster in a CSV file: the gradebook that Canvas exports, or one with its columns.

    Raises:
        TableError: If it cannot be read, or names nobody.
    """
    records = read_table(path, ("Student", "SIS Login ID"))
    students = [
        Student(*(record[column] for column in (*COLUMNS, "Email")))
        for record in records
        # Canvas writes a line without a student on how grades are posted.
        if record["Student"] and record["Student"].lower() not in _NO_STUDENTS
    ]
    if not students:
        raise TableError(f"{path} names no students; export the gradebook of Canvas again.")
    possible = next((r.values for r in records if r["Student"].lower() == _POSSIBLE), {})
    return Roster(students, records[0].values, possible)


def roster_of(exported: Iterable[Exported]) -> Roster:
    """Everybody who handed in something, where there is no other roster."""
    people = {person.key: person for one in exported for person in one.submitters}
    students = (
        Student(p.name, user_id=p.sid, login=p.email.partition("@")[0], email=p.email)
        for p in people.values()
    )
    in_order = sorted(students, key=lambda s: (s.name, s.email, s.user_id))
    return Roster(in_order, source="the Gradescope export")


def _index(pairs: Iterable[tuple[str, Student]]) -> dict[str, Student | None]:
    """Students by key; a key of two students means neither."""
    index: dict[str, Student | None] = {}
    for key, student in pairs:
        if key:
            index[key] = student if index.get(key, student) == student else None
    return index


def _keys(student: Student) -> set[str]:
    own = (student.id, student.user_id, student.login, student.email)
    return {*map(_key, own), *_names(student)}


def _names(student: Student) -> set[str]:
    family, comma, given = student.name.partition(",")
    return {_key(student.name), _key(f"{given} {family}" if comma else "")}


def _addresses(student: Student) -> set[str]:
    return {_exact(text) for text in (student.email, student.login) if "@" in text}


def _called(person: Submitter) -> str:
    return " ".join(filter(None, (person.name, person.sid, person.email))) or "somebody"


def _exact(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _key(name: str) -> str:
    """``name`` in lower case with one underscore for all that is no letter and no digit."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "_".join("".join(c if c.isalnum() else " " for c in text).split())
