"""What a class's folder remembers: every grade ever given, and which one stands for whom.

A folder belongs to one pack and one seed. A grade is kept by what decides it: the submission's
content, the digests of the graders (one per question), the environment and the device. Which
grade stands for which submission, if any, is written apart from that and only ever appended, so
that an earlier grade is never lost. Every change is one transaction of SQLite: a process that is
killed leaves the state before or after it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, ForeignKey, create_engine, event, func, select
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from autograder.config import Config
from autograder.grading.results import Result
from autograder.machine import BatchError
from autograder.submission import Exported, Submitter

_SQLITE = b"SQLite format 3\0"
STORE_NAME = "store.sqlite"
_WAIT_SECONDS = 60
"""How long a change waits for another process that writes to the same store."""


class StoreError(BatchError):
    """The store cannot be read or written; the message says which and why."""


class _Table(DeclarativeBase):
    pass


class _Class(_Table):
    __tablename__ = "classes"

    pack: Mapped[str] = mapped_column(primary_key=True)
    seed: Mapped[str]  # 128 bits, more than an integer column holds


class _Grade(_Table):
    __tablename__ = "grades"

    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str] = mapped_column(index=True)
    environment: Mapped[str]
    device: Mapped[str]
    graders: Mapped[str]
    result: Mapped[str]
    graded: Mapped[datetime]


class _Entry(_Table):
    __tablename__ = "history"

    number: Mapped[int] = mapped_column(primary_key=True)
    submission: Mapped[str] = mapped_column(index=True)
    grade: Mapped[int | None] = mapped_column(ForeignKey("grades.number"))
    handed: Mapped[str]
    since: Mapped[datetime]


class _Exported(_Table):
    __tablename__ = "exported"

    submission: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    submitters: Mapped[str]
    created_at: Mapped[str | None]  # with its time zone, which SQLite's own dates drop


@dataclass(frozen=True)
class Grade:
    """A kept grade.

    Attributes:
        number: Its number in the store.
        content: Digest of what was graded.
        environment: The versions of Python and torch.
        device: The device that was asked for.
        graders: Digest of the grader of each question, by module.
        result: What came of it.
    """

    number: int
    content: str
    environment: str
    device: str
    graders: Mapping[str, str]
    result: Result


@dataclass(frozen=True)
class Standing:
    """The grade that stands for a submission, and the digest of the bytes it was handed in as."""

    grade: Grade
    handed: str


class Store:
    """The store of one folder.

    Args:
        folder: A folder that exists.
        pack: The pack that is graded into it, where a new store is made if there is none; by
            default the one that was.

    Raises:
        BatchError: If it is another pack's.
        StoreError: If there is none; from every method, if the file cannot be read or written.
    """

    def __init__(self, folder: Path, pack: str = "") -> None:
        self.path = folder / STORE_NAME
        nothing = StoreError(
            f"{folder} holds no results; give a folder that `autograder grade -o` has written."
        )
        if not pack and not self.path.is_file():
            raise nothing
        self._engine = create_engine(
            URL.create("sqlite", database=str(self.path)),
            connect_args={"timeout": _WAIT_SECONDS},
            pool_reset_on_return=None,  # every transaction ends by itself; on a full disk it shows
        )
        event.listen(self._engine, "connect", _survive_power_cuts)
        with self._transaction() as session:
            _Table.metadata.create_all(session.connection())
            known = session.scalar(select(_Class.pack))
        self.pack = pack or known or ""
        if not self.pack:
            raise nothing
        if known not in (None, self.pack):
            self.close()
            raise BatchError(
                f"{folder} holds the grades of {known}; choose another folder for {self.pack}."
            )

    def seed(self, proposed: int) -> int:
        """The seed of the class: the one it was begun with, or else ``proposed`` from now on."""
        with self._transaction() as session:
            known = session.get(_Class, self.pack)
            if known is None:
                known = _Class(pack=self.pack, seed=str(proposed))
                session.add(known)
            return int(known.seed)

    def grades(self, content: str, environment: str, device: str) -> list[Grade]:
        """The grades of one content, newest first."""
        wanted = (
            select(_Grade)
            .where(_Grade.content == content)
            .where(_Grade.environment == environment, _Grade.device == device)
            .order_by(_Grade.number.desc())
        )
        with self._transaction() as session:
            return [_read(row) for row in session.scalars(wanted)]

    def keep(
        self,
        content: str,
        environment: str,
        device: str,
        graders: Mapping[str, str],
        result: Result,
    ) -> Grade:
        """Add a grade; it stands for nobody yet."""
        row = _Grade(
            content=content,
            environment=environment,
            device=device,
            graders=json.dumps(graders, sort_keys=True),
            result=result.model_dump_json(),
            graded=datetime.now(UTC),
        )
        with self._transaction() as session:
            session.add(row)
            session.flush()
            return _read(row)

    def standing(self, submission: str) -> Standing | None:
        """What stands for ``submission``."""
        wanted = (
            select(_Entry.handed, _Grade)
            .outerjoin(_Grade, _Entry.grade == _Grade.number)
            .where(_Entry.submission == submission)
            .order_by(_Entry.number.desc())
            .limit(1)
        )
        with self._transaction() as session:
            handed, row = session.execute(wanted).one_or_none() or ("", None)
            return None if row is None else Standing(_read(row), handed)

    def stand(self, submission: str, grade: Grade | None, handed: str = "") -> None:
        """Let ``grade``, or nothing, stand for ``submission`` from now on.

        ``handed`` is the digest of the bytes that were handed in.
        """
        with self._transaction() as session:
            session.add(
                _Entry(
                    submission=submission,
                    grade=None if grade is None else grade.number,
                    handed=handed,
                    since=datetime.now(UTC),
                )
            )

    def results(self) -> list[Result]:
        """The result that stands for each submission, by name."""
        wanted = (
            select(_Entry.submission, _Grade.result)
            .join(_Grade, _Entry.grade == _Grade.number)
            .where(_Entry.number.in_(_LAST))
            .order_by(_Entry.submission)
        )
        with self._transaction() as session:
            return [
                Result.model_validate_json(text).model_copy(update={"submission": name})
                for name, text in session.execute(wanted)
            ]

    def names(self) -> set[str]:
        """The submissions that have a grade."""
        wanted = (
            select(_Entry.submission)
            .where(_Entry.number.in_(_LAST))
            .where(_Entry.grade.is_not(None))
        )
        with self._transaction() as session:
            return set(session.scalars(wanted))

    def graders(self) -> int:
        """How many different graders gave the grades that stand."""
        wanted = (
            select(func.count(_Grade.graders.distinct()))
            .join(_Entry, _Entry.grade == _Grade.number)
            .where(_Entry.number.in_(_LAST))
        )
        with self._transaction() as session:
            return session.scalar(wanted) or 0

    def remember(self, exported: Mapping[str, Exported]) -> None:
        """Keep who handed in which submission, and when, as an export says."""
        with self._transaction() as session:
            for submission, one in exported.items():
                people = json.dumps([asdict(person) for person in one.submitters])
                time = one.created_at and one.created_at.isoformat()
                session.merge(
                    _Exported(
                        submission=submission,
                        source=one.source,
                        submitters=people,
                        created_at=time,
                    )
                )

    def exported(self) -> dict[str, Exported]:
        """Who handed in the submissions that stand and came from exports, and when."""
        wanted = select(_Exported).join(
            _Entry,
            (_Entry.submission == _Exported.submission)
            & _Entry.number.in_(_LAST)
            & _Entry.grade.is_not(None),
        )
        with self._transaction() as session:
            return {row.submission: _exported(row) for row in session.scalars(wanted)}

    def submitters(self, submission: str) -> tuple[Submitter, ...]:
        """Who handed in ``submission``, where an export says it."""
        with self._transaction() as session:
            row = session.get(_Exported, submission)
            return () if row is None else _exported(row).submitters

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except DatabaseError as error:
            broken = not isinstance(error, OperationalError)  # as a full disk or a lock is
            cure = " Restore a copy of it, or move it away to begin anew." if broken else ""
            raise StoreError(f"{self.path} cannot be used: {error.orig}.{cure}") from error


def is_begun(folder: Path) -> bool:
    """Whether ``folder`` has a store, and it is a database."""
    path = folder / STORE_NAME
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def read_results(config: Config, folders: Iterable[Path]) -> dict[str, list[Result]]:
    """The results in the stores of ``folders``, by full name of the pack.

    Raises:
        StoreError: If a folder has no store, or one of a pack that the configuration lacks.
    """
    results: dict[str, list[Result]] = {}
    for folder in folders:
        store = Store(folder)
        try:
            if store.pack not in config.packs:
                raise StoreError(
                    f"{folder} holds the grades of {store.pack}, which the configuration lacks."
                )
            results.setdefault(store.pack, []).extend(store.results())
        finally:
            store.close()
    return results


_LAST = select(func.max(_Entry.number)).group_by(_Entry.submission)
"""The last entry about each submission."""


def _exported(row: _Exported) -> Exported:
    return Exported(
        tuple(Submitter(**person) for person in json.loads(row.submitters)),
        datetime.fromisoformat(row.created_at) if row.created_at else None,
        row.source,
    )


def _read(row: _Grade) -> Grade:
    return Grade(
        row.number,
        row.content,
        row.environment,
        row.device,
        json.loads(row.graders),
        Result.model_validate_json(row.result),
    )


def _survive_power_cuts(connection, record: object) -> None:
    connection.execute("PRAGMA synchronous = FULL")
