"""Grade the written questions: the answers file against the key of the pack.

The right answers stand in ``solutions/<pack>/answers.toml``. The hidden key,
``graders/<pack>/written.py``, says how exactly they must be met and what people get wrong::

    KEY = {
        "a": Key(tolerance=0.002, mistakes=(Mistake("bits-in-nats", "2.02", "..."),)),
        "c": Key(domain={"sigma": (0.4, 2.0)}, alternatives=("-log(sigma)",)),
    }

No program of the student takes part, so nothing of this goes to the sandbox.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from autograder.config import Written, WrittenPart
from autograder.grading.answers import (
    AnswerError,
    Answers,
    check_answer,
    parse_expression,
    parse_letters,
    parse_number,
    read_answers,
)
from autograder.grading.results import GRADER_FAILED, Check, Finding
from autograder.submission import ANSWERS_FILE

POINTS = 32
"""Hidden points at which an expression is compared."""

_EXPRESSION_RTOL = 1e-6
_EXPRESSION_ATOL = 1e-9
_NO_ANSWERS = Answers({}, {}, ())
_NO_FILE = f"There is no {ANSWERS_FILE}: the written questions count as not started."


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer.

    Attributes:
        id: Unique within the pack.
        answer: What is then answered, in any spelling.
        hint: What a good TA would say to who gave it; never the answer.
    """

    id: str
    answer: str
    hint: str


@dataclass(frozen=True)
class Key:
    """How one answer is graded.

    Attributes:
        mistakes: Known wrong answers.
        alternatives: The right answer in other forms.
        tolerance: Of a number: the largest error, relative to the right answer.
        domain: Of an expression: from where to where each variable is drawn.
    """

    mistakes: tuple[Mistake, ...] = ()
    alternatives: tuple[str, ...] = ()
    tolerance: float = 1e-6
    domain: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class AnswerSheet:
    """The key of one pack's written questions, with the right answers and the class's seed."""

    question: Written
    key: Mapping[str, Key]
    right: Mapping[str, str]
    seed: int

    def grade(self, files: Mapping[str, bytes]) -> "Graded":
        """The checks of every written question, by label, for a submission's other files."""
        answers, problem, note = self._read(files)
        checks: dict[str, list[Check]] = {}
        errors = []
        for part in self.question.parts:
            label = self.question.label(part)
            try:
                finding = problem or self._finding(part, label, answers)
            except Exception as error:
                finding = _grader_error(part)
                errors.append(f"{label}: {type(error).__name__}: {error}")
            checks[label] = [_check(label, finding)]
        return Graded(checks, (note,) if note else (), tuple(errors))

    def is_right(self, part: WrittenPart, given: str) -> bool:
        """Whether ``given`` is the right answer, in whatever form.

        Raises:
            AnswerError: If it is no answer of the part's kind.
        """
        return self._same(part, given, self.right[self.question.label(part)])

    def _read(self, files: Mapping[str, bytes]) -> tuple[Answers, Finding | None, str]:
        """The answers, or what is wrong with all of them; and a note for the student."""
        data = files.get(ANSWERS_FILE)
        if data is None:
            finding = Finding(check="", kind="not_started", message="not started")
            return _NO_ANSWERS, finding, _NO_FILE
        labels = [self.question.label(part) for part in self.question.parts]
        try:
            answers = read_answers(data, labels)
        except AnswerError as error:
            message = f"{ANSWERS_FILE} cannot be read: {error}."
            return _NO_ANSWERS, Finding(check="", kind="answers_file", message=message), message
        unknown = ", ".join(answers.unknown[:3])
        notes = [
            f"{ANSWERS_FILE}: {answers.error}." if answers.error else "",
            f"{ANSWERS_FILE} answers {unknown}, which is not asked." if unknown else "",
        ]
        return answers, None, " ".join(filter(None, notes))

    def _finding(self, part: WrittenPart, label: str, answers: Answers) -> Finding | None:
        if label in answers.unreadable:
            message = f"{ANSWERS_FILE}, {answers.place(label)}: {answers.unreadable[label]}."
            return Finding(check=part.title, kind="answer_form", message=message)
        given = answers.given[label]
        if not given:
            return Finding(check="", kind="not_started", message="not answered")
        try:
            if self.is_right(part, given):
                return None
        except AnswerError as error:
            return Finding(check=part.title, kind="answer_form", message=f"{error}.")
        read = check_answer(given, part.kind, part.options, part.variables)
        finding = Finding(check=part.title, kind="answer", message=f"{read} is not right.")
        if part.kind == "expression" and not np.isfinite(self._values(part, given)).all():
            hint = "For some permitted values it is not finite: look at logs, roots and divisors."
            return finding.model_copy(update={"hint": hint})
        for mistake in self.key[part.id].mistakes:
            if self._same(part, given, mistake.answer):
                update = {"hint": mistake.hint, "misconception": mistake.id}
                return finding.model_copy(update=update)
        return finding

    def _same(self, part: WrittenPart, given: str, wanted: str) -> bool:
        key = self.key[part.id]
        if part.kind == "number":
            number, right = parse_number(given), parse_number(wanted)
            return abs(number - right) <= key.tolerance * abs(right)
        if part.kind == "expression":
            a, b = self._values(part, given), self._values(part, wanted)
            return np.allclose(a, b, rtol=_EXPRESSION_RTOL, atol=_EXPRESSION_ATOL)
        first, second = (parse_letters(text, part.kind, part.options) for text in (given, wanted))
        return first == second

    def _values(self, part: WrittenPart, text: str) -> np.ndarray:
        """The values of an expression at the hidden points."""
        label = self.question.label(part)
        digest = hashlib.sha256(f"{self.seed}/written/{label}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest, "big"))
        domain = self.key[part.id].domain
        points = {name: rng.uniform(*domain[name], POINTS) for name in part.variables}
        return np.broadcast_to(parse_expression(text, part.variables).at(**points), POINTS)


@dataclass(frozen=True)
class Graded:
    """The checks by label, sentences for the student, and errors of the grader."""

    checks: dict[str, list[Check]]
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


NO_WRITTEN = Graded({})
"""Of a pack without written questions."""


def grader_failed(question: Written, error: Exception) -> Graded:
    """What becomes of the written questions when their key cannot be used."""
    labels = {question.label(part): _grader_error(part) for part in question.parts}
    checks = {label: [_check(label, finding)] for label, finding in labels.items()}
    told = f"written questions: {type(error).__name__}: {error}"
    return Graded(checks, errors=(told,))


def _grader_error(part: WrittenPart) -> Finding:
    return Finding(check=part.title, kind="grader_error", message=GRADER_FAILED)


def _check(label: str, finding: Finding | None) -> Check:
    if finding is None:
        return Check(part=label, device="cpu", weight=1, outcome="passed")
    if finding.kind == "grader_error":
        return Check(part=label, device="cpu", weight=1, outcome="grader_error", finding=finding)
    return Check(part=label, device="cpu", weight=1, outcome="failed", finding=finding)
