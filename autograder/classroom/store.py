"""What a class's folder remembers: every grade ever given, and which one stands for whom.

A grade is kept by what decides it: the submission's content, the pack and its seed, the digests
of the graders (one per question), the environment and the device. Which grade stands for which
submission is written apart from that and only ever appended, so that an earlier grade is never
lost. Every change is one transaction of SQLite: a process that is killed leaves the state before
or after it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import ForeignKey, create_engine, event, func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from autograder.grading.results import Result
from autograder.machine import BatchError

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
    pack: Mapped[str]
    content: Mapped[str] = mapped_column(index=True)
    environment: Mapped[str]
    device: Mapped[str]
    graders: Mapped[str]
    result: Mapped[str]
    graded: Mapped[datetime]


class _Entry(_Table):
    __tablename__ = "history"

    number: Mapped[int] = mapped_column(primary_key=True)
    pack: Mapped[str]
    submission: Mapped[str] = mapped_column(index=True)
    grade: Mapped[int] = mapped_column(ForeignKey("grades.number"))
    since: Mapped[datetime]


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


class Store:
    """The store of one folder, for one pack. A new one is made where there is none.

    Raises:
        StoreError: From every method, if the file cannot be read or written.
    """

    def __init__(self, folder: Path, pack: str) -> None:
        self.path = folder / STORE_NAME
        self.pack = pack
        self._engine = create_engine(
            f"sqlite:///{self.path}",
            connect_args={"timeout": _WAIT_SECONDS},
            pool_reset_on_return=None,  # every transaction ends by itself; on a full disk it shows
        )
        event.listen(self._engine, "connect", _survive_power_cuts)
        with self._transaction() as session:
            _Table.metadata.create_all(session.connection())

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
            .where(_Grade.pack == self.pack, _Grade.content == content)
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
            pack=self.pack,
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

    def standing(self, submission: str) -> Grade | None:
        """The grade that stands for ``submission``."""
        wanted = (
            select(_Grade)
            .join(_Entry, _Entry.grade == _Grade.number)
            .where(_Entry.pack == self.pack, _Entry.submission == submission)
            .order_by(_Entry.number.desc())
            .limit(1)
        )
        with self._transaction() as session:
            row = session.scalar(wanted)
            return None if row is None else _read(row)

    def stand(self, submission: str, grade: Grade) -> None:
        """Let ``grade`` stand for ``submission`` from now on."""
        with self._transaction() as session:
            session.add(
                _Entry(
                    pack=self.pack,
                    submission=submission,
                    grade=grade.number,
                    since=datetime.now(UTC),
                )
            )

    def results(self) -> list[Result]:
        """The result that stands for each submission, by name."""
        last = (
            select(func.max(_Entry.number))
            .where(_Entry.pack == self.pack)
            .group_by(_Entry.submission)
        )
        wanted = (
            select(_Entry.submission, _Grade.result)
            .join(_Grade, _Entry.grade == _Grade.number)
            .where(_Entry.number.in_(last))
            .order_by(_Entry.submission)
        )
        with self._transaction() as session:
            return [
                Result.model_validate_json(text).model_copy(update={"submission": name})
                for name, text in session.execute(wanted)
            ]

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except DatabaseError as error:
            raise StoreError(
                f"{self.path} cannot be used: {error.orig}. What is graded is kept: "
                "make the folder usable and run the command again to go on."
            ) from error


def packs_of(folder: Path) -> list[str]:
    """The packs that were graded into ``folder``; none where it has no store."""
    if not (folder / STORE_NAME).is_file():
        return []
    store = Store(folder, "")
    try:
        with store._transaction() as session:
            return list(session.scalars(select(_Class.pack).order_by(_Class.pack)))
    finally:
        store.close()


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
