"""Prove the graders of a pack: what they must accept, and what they must catch.

The reference must get everything, blank stubs nothing, every alternative full marks; every
misconception must lose points in its own part only, be caught by value, and be named right.
All of it goes through the same intake-free path as a submission: the sandbox, the hidden tests,
the diagnosis.
"""

from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel, Field

from autograder.config import GradedQuestion, Question, Written
from autograder.grading.grader import Grader
from autograder.grading.results import Row
from autograder.grading.suite import Suite
from autograder.misconceptions import apply_edits
from autograder.release.stubs import make_stub
from autograder.submission import Submission

BY_VALUE = frozenset(
    {
        "structure",
        "shape",
        "dtype",
        "device",
        "wrong_device",
        "finite",
        "gradient",
        "value",
        "mutated",
    }
    | {"property", "answer"}
)


class Marks(BaseModel):
    """A score and its maximum."""

    score: float
    max: float
    lost: tuple[str, ...] = Field(default=(), exclude=True)
    """Why points are missing, one sentence per row."""

    def __str__(self) -> str:
        return "; ".join([f"{self.score:g} of {self.max:g}", *self.lost])


class Caught(BaseModel):
    """What became of one misconception."""

    id: str
    question: int
    caught: bool
    by_value: bool
    named: bool
    spread: tuple[str, ...] = ()


class Accepted(Marks):
    """What became of one correct alternative."""

    id: str


class Verification(BaseModel):
    """The kill matrix of one pack."""

    pack: str
    seed: int
    reference: Marks
    stubs: Marks
    misconceptions: tuple[Caught, ...]
    alternatives: tuple[Accepted, ...]

    def problems(self, share_named: float = 0.95) -> list[str]:
        """What does not hold, one sentence each."""
        found = []
        if self.reference.score != self.reference.max:
            found.append(f"the reference gets {self.reference}")
        if self.stubs.score != 0:
            found.append(f"blank stubs get {self.stubs}")
        for m in self.misconceptions:
            if not m.caught:
                found.append(f"misconception {m.id} gets full marks")
            elif not m.by_value:
                found.append(f"misconception {m.id} is caught by a crash, not by a value")
            if m.spread:
                found.append(f"misconception {m.id} also costs points in {', '.join(m.spread)}")
        named = sum(m.named for m in self.misconceptions)
        if named < share_named * len(self.misconceptions):
            found.append(
                f"only {named} of {len(self.misconceptions)} misconceptions are named right"
            )
        for a in self.alternatives:
            if a.score != a.max:
                found.append(f"alternative {a.id} gets {a}")
        return [f"{problem} (seed {self.seed})" for problem in found]


def count_programs(suite: Suite, questions: Sequence[GradedQuestion]) -> int:
    """How many submissions :func:`verify` grades."""
    programs = sum(
        len(suite.misconceptions(q.module)) + len(suite.alternatives(q.module))
        for q in questions
        if isinstance(q, Question)
    )
    answers = sum(
        len(suite.answer_key[part.id].mistakes) + len(suite.answer_key[part.id].alternatives)
        for q in questions
        if isinstance(q, Written)
        for part in q.parts
    )
    return 2 + programs + answers


def verify(
    grader: Grader,
    questions: Sequence[GradedQuestion],
    on_program: Callable[[str], None] = lambda name: None,
) -> Verification:
    """Grade the reference, the stubs, every misconception and every alternative of questions."""
    suite = grader.suite
    files, answers = suite.reference_files, suite.reference_answers

    def rows_of(
        name: str,
        files: Mapping[str, bytes],
        others: Mapping[str, bytes],
        *graded: GradedQuestion,
    ) -> tuple[Row, ...]:
        on_program(name)
        submission = Submission(
            id=name, sha256=name, files=dict(files), others=dict(others), notes=()
        )
        result = grader.grade(submission, [q for q in graded if isinstance(q, Question)])
        if result.errors:
            raise RuntimeError(f"{name}: the grader failed: {result.errors[0]}")
        labels = {question.label(part) for question in graded for part in question.parts}
        return tuple(row for row in result.rows if row.label in labels)

    stubs = {**files}
    misconceptions = []
    alternatives = []
    for question in (q for q in questions if isinstance(q, Question)):
        path = suite.module_path(question.module)
        source = files[path].decode()
        stubs[path] = make_stub(source, question, path).encode()
        for m in suite.misconceptions(question.module):
            patched = {**files, path: apply_edits(source, m.edits, m.id).encode()}
            part = question.part_of(m.function)
            if part is None:
                raise RuntimeError(f"misconception {m.id}: no part asks for {m.function}")
            rows = rows_of(m.id, patched, {}, question)
            misconceptions.append(_caught(m.id, question.id, question.label(part), rows))
        for a in suite.alternatives(question.module):
            patched = {**files, path: apply_edits(source, a.edits, a.id).encode()}
            marks = _marks(rows_of(a.id, patched, {}, question))
            alternatives.append(Accepted(id=a.id, **dict(marks)))
    for written in (q for q in questions if isinstance(q, Written)):
        for written_part in written.parts:
            key, label = suite.answer_key[written_part.id], written.label(written_part)
            for mistake in key.mistakes:
                others = suite.answers_with(label, mistake.answer)
                rows = rows_of(mistake.id, {}, others, written)
                misconceptions.append(_caught(mistake.id, written.id, label, rows))
            for number, answer in enumerate(key.alternatives, 1):
                id = f"{label}-{number}"
                marks = _marks(rows_of(id, {}, suite.answers_with(label, answer), written))
                alternatives.append(Accepted(id=id, **dict(marks)))
    return Verification(
        pack=suite.name,
        seed=grader.reference.seed,
        reference=_marks(rows_of("reference", files, answers, *questions)),
        stubs=_marks(rows_of("stubs", stubs, {}, *questions)),
        misconceptions=tuple(misconceptions),
        alternatives=tuple(alternatives),
    )


def _marks(rows: tuple[Row, ...]) -> Marks:
    return Marks(
        score=round(sum(row.score for row in rows), 4),
        max=round(sum(row.max_score for row in rows), 4),
        lost=tuple(
            f"{row.label} {row.status}: {finding.check}: {finding.message}"
            for row in rows
            if row.score < row.max_score
            for finding in row.findings[:1]
        ),
    )


def _caught(id: str, question: int, label: str, rows: tuple[Row, ...]) -> Caught:
    lost = [row for row in rows if row.score < row.max_score]
    own = [row for row in lost if row.label == label]
    findings = [finding for row in own for finding in row.findings]
    return Caught(
        id=id,
        question=question,
        caught=bool(own),
        by_value=any(finding.kind in BY_VALUE for finding in findings),
        named={f.misconception for f in findings} - {""} == {id},
        spread=tuple(row.label for row in lost if row not in own),
    )
