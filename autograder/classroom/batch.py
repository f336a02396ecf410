"""Grade a class: read what was handed in, grade what is not known yet, keep every result.

A submission whose grade the store holds is not graded again; equal submissions are graded once.
After a change of the graders only the questions that it touches are graded again. A score that
would change though nothing else was handed in, or because a file cannot be read any more, is held
back until somebody has accepted the change.
"""

import hashlib
from collections.abc import Iterable, Set
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autograder.classroom.collect import Handed, few
from autograder.classroom.outputs import Outputs
from autograder.classroom.store import Grade, Standing
from autograder.classroom.version import WRITTEN
from autograder.classroom.workers import ATTEMPTS, Order, Terms, Workers
from autograder.config import Question
from autograder.grading.results import Result
from autograder.grading.suite import Suite
from autograder.machine import BatchError
from autograder.submission import SubmissionError, raw_digest, submission_id
from autograder.submission.export import replaced

_LOOK_AGAIN_SECONDS = 2.0
"""How often the number of workers is looked at while nothing is ready: a cluster's may grow."""


@dataclass(frozen=True)
class Change:
    """A grade in place of one that stands, for what was ``handed`` in."""

    submission: str
    old: Standing
    new: Grade
    handed: str

    @property
    def scores_differ(self) -> bool:
        """Whether the rows that there were have another sum; a new question changes none."""
        before = {row.label for row in self.old.grade.result.rows}
        after = sum(row.score for row in self.new.result.rows if row.label in before)
        return round(after, 2) != self.old.grade.result.score

    @property
    def points_move(self) -> bool:
        """Whether a row that there was has another score, though the sum may be the same."""
        after = {row.label: row.score for row in self.new.result.rows}
        rows = self.old.grade.result.rows
        return any(after.get(row.label, 0.0) != row.score for row in rows)

    def __str__(self) -> str:
        old, new = self.old.grade.result, self.new.result
        return f"{self.submission}: {old.score:g} -> {new.score:g}{self._why()}"

    def _why(self) -> str:
        old, new = self.old.grade.result, self.new.result
        if new.unreadable:
            return f", {' '.join(new.notes)}"
        if self.old.handed != self.handed:
            return ", new archive"
        before = {row.label: row.score for row in old.rows}
        after = {row.label: row.score for row in new.rows}
        rows = ", ".join(
            f"{label} {_points(before.get(label))} -> {_points(after.get(label))}"
            for label in dict.fromkeys((*before, *after))
            if before.get(label) != after.get(label)
        )
        return f" ({rows})"


def _points(score: float | None) -> str:
    return "none" if score is None else f"{score:g}"


class Watch(Protocol):
    """Is told how a batch goes on."""

    def begin(self, name: str) -> None:
        """A submission was handed to the workers."""

    def end(self, name: str, result: Result) -> None:
        """A submission has its result, graded now or before."""


@dataclass
class _Job:
    """One content that is being graded, for one submission or for several equal ones.

    ``names`` has the digest of what each of them was handed in as. Where only the questions
    ``touched`` are graded, the others keep what ``base`` says.
    """

    order: Order
    content: str
    names: dict[str, str]
    base: Grade | None = None
    touched: Set[str] = frozenset()


class Batch:
    """One pack of one class.

    Args:
        suite: What grades it.
        outputs: Its folder.
        terms: How it is graded.
        graders: Digest of the grader of each question, by module.

    Attributes:
        changes: Held back by `run` until `accept`.
        told: A sentence for each score that `run` did change.
        kept: Sentences on grades that stand though nothing was graded for them now.
        failed: Submissions at which the grader itself failed.
        known: How many submissions had their grade before this run.
        equal: Submissions that got the grade of an equal one which this run graded.
    """

    def __init__(
        self, suite: Suite, outputs: Outputs, terms: Terms, graders: dict[str, str]
    ) -> None:
        self.changes: list[Change] = []
        self.told: list[str] = []
        self.kept: list[str] = []
        self.failed: list[str] = []
        self._causes: dict[str, list[str]] = {}
        self.known = 0
        self.equal: list[str] = []
        self._given: set[int] = set()
        self._suite = suite
        self._outputs = outputs
        self._terms = terms
        self._graders = graders

    @property
    def errors(self) -> list[str]:
        """A sentence for each cause for which the grader itself failed, with whom it concerns."""
        return [
            f"{f'{len(names)} submissions ({few(names)})' if names[1:] else few(names)}: {cause}"
            for cause, names in self._causes.items()
        ]

    def drop(self, names: Iterable[str]) -> None:
        """Take submissions out of the class; their history is kept.

        Raises:
            BatchError: If one of them does not stand; then all stay.
        """
        chosen = dict.fromkeys(names)
        standing = self._outputs.store.names()
        for name in chosen:
            if name not in standing:
                raise BatchError(
                    f"No submission '{name}' counts in {self._outputs.folder}; "
                    "give its name as grades.csv has it."
                )
        for name in chosen:
            self._drop(name)

    def run(self, handed: Handed, workers: Workers, watch: Watch) -> None:
        """Grade what was handed in, and keep each result as it comes.

        What an export does not count any more is taken out of the class at the end.

        Raises:
            BatchError: If grading processes cannot do their work at all.
            SandboxError: If they cannot confine submissions.
            StoreError, OSError: If results cannot be written.
        """
        store = self._outputs.store
        store.remember(handed.exported)
        self._grade(handed.paths, workers, watch)
        known = store.exported()
        for name in replaced(known, handed.exported):
            standing = store.standing(name)
            assert standing is not None
            self.told.append(
                f"{name} ({known[name].names}): {standing.grade.result.score:g} "
                "does not count any more, it is not in the export"
            )
            self._drop(name)
        self._remark_kept(handed)

    def _remark_kept(self, handed: Handed) -> None:
        standing = self._outputs.store.names()
        self.kept += [
            f"{name}: the earlier grade stands." for name in sorted(handed.left_out & standing)
        ]
        absent = sorted(standing - handed.names)
        if handed.whole and absent:
            self.kept.append(
                f"From an earlier run, not handed in now, and still counted: {few(absent)} "
                "(--drop NAME takes one out)."
            )

    def _grade(self, paths: Iterable[Path], workers: Workers, watch: Watch) -> None:
        waiting = iter(paths)
        running: dict[Future[str], _Job] = {}
        exhausted = False
        while running or not exhausted:
            while not exhausted and len(running) < workers.capacity:
                path = next(waiting, None)
                if path is None:
                    exhausted = True
                elif job := self._job(path, running.values(), watch):
                    watch.begin(job.order.name)
                    running[workers.submit(job.order)] = job
            done, _ = wait(running, _LOOK_AGAIN_SECONDS, FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                try:
                    text = future.result()
                except workers.lost:
                    job.order, job.base = _given_up(job.order), None
                    running[workers.submit(job.order)] = job
                else:
                    self._finish(job, Result.model_validate_json(text), watch)

    def accept(self) -> None:
        """Let the changes stand."""
        while self.changes:
            change = self.changes.pop()
            self._replace(change.submission, change.new, change.handed)

    def finish(self) -> list[Result]:
        """Write what belongs to the class as a whole; its results, by name."""
        waiting = f"{len(self.changes)} scores would change and stand as they were."
        return self._outputs.finish([waiting] if self.changes else [])

    def _job(self, path: Path, running: Iterable[_Job], watch: Watch) -> _Job | None:
        """What there is to grade for ``path``, if it needs any grading of its own."""
        order = self._read(path)
        handed = raw_digest(path, self._suite.config.limits)
        content = _content(order)
        kept = self._outputs.store.grades(content, self._terms.environment, self._terms.device)
        kept = [grade for grade in kept if self._counts(grade)]
        for grade in kept:
            if grade.graders == self._graders:
                if grade.number in self._given:
                    self.equal.append(order.name)
                else:
                    self.known += 1
                self._settle(order.name, grade, handed, watch)
                return None
        for job in running:
            if job.content == content:
                job.names[order.name] = handed
                self.equal.append(order.name)
                return None
        base = max(kept, key=lambda grade: len(self._same(grade)), default=None)
        if base is not None and order.submission is not None:
            touched = self._graders.keys() - self._same(base)
            if touched and touched != self._graders.keys():
                modules = tuple(module for module in order.modules if module in touched)
                order = Order(order.name, order.submission, modules)
                return _Job(order, content, {order.name: handed}, base, touched)
        return _Job(order, content, {order.name: handed})

    def _read(self, path: Path) -> Order:
        name = submission_id(path)
        try:
            submission = self._suite.read(path)
        except SubmissionError as error:
            return Order(name, refused=str(error))
        modules = tuple(question.module for question in self._suite.pack.assigned)
        return Order(name, submission, modules)

    def _same(self, grade: Grade) -> set[str]:
        """The questions that ``grade`` was given by the graders of now."""
        return {m for m, digest in self._graders.items() if grade.graders.get(m) == digest}

    def _counts(self, grade: Grade) -> bool:
        """Whether a kept grade need not be given again."""
        return not grade.result.errors and (grade.result.safe or self._terms.allow_unsafe)

    def _finish(self, job: _Job, result: Result, watch: Watch) -> None:
        if job.base is not None:
            result = self._merged(job.base.result, result, job.touched)
        store = self._outputs.store
        grade = store.keep(
            job.content, self._terms.environment, result.device, self._graders, result
        )
        self._given.add(grade.number)
        for name, handed in job.names.items():
            self._settle(name, grade, handed, watch)

    def _merged(self, old: Result, new: Result, touched: Set[str]) -> Result:
        """``new`` with the rows of ``old`` for the questions that were not graded again."""
        questions = [
            question
            for question in self._suite.pack.graded
            if (question.module if isinstance(question, Question) else WRITTEN) in touched
        ]
        graded = {question.label(part) for question in questions for part in question.parts}
        before = {row.label: row for row in old.rows}
        rows = tuple(row if row.label in graded else before[row.label] for row in new.rows)
        kept = {"rows": rows, "seconds": old.seconds}
        if not old.safe:
            kept |= {"safe": False, "isolation": old.isolation}
        return new.model_copy(update=kept)

    def _settle(self, name: str, grade: Grade, handed: str, watch: Watch) -> None:
        """Let ``grade`` stand for a submission, unless it would change a score unasked."""
        standing = self._outputs.store.standing(name)
        result = grade.result.model_copy(update={"submission": name})
        if result.errors:
            self.failed.append(name)
            for cause in result.errors:
                self._causes.setdefault(cause, []).append(name)
        if standing is None:
            self._replace(name, grade, handed)
        elif standing.grade.number == grade.number:
            if standing.handed != handed:
                self._outputs.store.stand(name, grade, handed)
            if self._outputs.missing(name):
                self._outputs.write(result)
        else:
            self._change(Change(name, standing, grade, handed))
        watch.end(name, result)

    def _change(self, change: Change) -> None:
        """Make a change, hold it back, or forget it."""
        old, new = change.old.grade.result, change.new.result
        if new.unreadable and not old.unreadable and change.scores_differ:
            self.changes.append(change)
        elif change.old.handed != change.handed or not self._counts(change.old.grade):
            if change.scores_differ:
                self.told.append(str(change))
            self._replace(change.submission, change.new, change.handed)
        elif not new.errors and change.scores_differ:
            self.changes.append(change)
        elif not new.errors:  # a good grade is not given up where the grader fails
            if change.points_move:
                self.told.append(str(change))
            self._replace(change.submission, change.new, change.handed)

    def _replace(self, name: str, grade: Grade, handed: str) -> None:
        # In this order a process that is killed in between has everything written next time.
        self._outputs.write(grade.result.model_copy(update={"submission": name}))
        self._outputs.store.stand(name, grade, handed)

    def _drop(self, name: str) -> None:
        # In this order a process that is killed in between can be told again.
        self._outputs.remove(name)
        self._outputs.store.stand(name, None)


def _content(order: Order) -> str:
    """Digest of all of a submission that its result depends on."""
    if order.submission is None:
        return hashlib.sha256(f"refused\0{order.refused}".encode()).hexdigest()
    notes = "\0".join(order.submission.notes)
    return hashlib.sha256(f"{order.submission.sha256}\0{notes}".encode()).hexdigest()


def _given_up(order: Order) -> Order:
    """What is left to say when processes ended over an order.

    Raises:
        BatchError: If they end over this as well: then it is not the submission.
    """
    if order.failed:
        raise BatchError(
            "The grading processes end by themselves, for lack of memory or of isolation; "
            "run the command again with -j 1 to see why."
        )
    return Order(order.name, failed=f"{ATTEMPTS} processes that graded it ended by themselves.")
