"""What a student's answers to written questions say: the file, and one answer of each kind.

Nothing here knows a right answer. Every pack gets a copy of this module, so that its public tests
read ``answers.toml`` exactly as the grader does. Answers are data: expressions are parsed into a
syntax tree of which a few kinds of nodes are permitted, and evaluated in float64.
"""

import ast
import operator
import re
import tomllib
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_FILE_BYTES = 32_000
_LINE_LENGTH = 2_000
_ANSWER_LENGTH = 300
_DEPTH = 40
"""A file of 16 questions has 10 kB, a long expression 100 characters."""

_BINARY: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY: dict[type, Callable[..., Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "log": np.log,
    "ln": np.log,
    "log2": np.log2,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
}
_CONSTANTS = {"pi": np.pi}
_SAME = {
    "^": "**",
    "−": "-",
    "–": "-",
    "·": "*",
    "⋅": "*",
    "∙": "*",
    "×": "*",
    "÷": "/",
    "⁄": "/",
    "²": "**2",
    "³": "**3",
    "√": "sqrt",
    "π": "pi",
    "α": "alpha",
    "ᾱ": "abar",
    "β": "beta",
    "μ": "mu",
    "µ": "mu",
    "σ": "sigma",
}
"""What people write or paste, and what is meant by it."""

_BEFORE = re.compile(r"[\s,;]|->|→|<=?|≤")
_AND = re.compile(r"[\s,;/&+]|\band\b", re.IGNORECASE)
_BRACKETS = re.compile(r"[\s(){}\[\].]+")
_ASSIGNMENT = re.compile(r"""^[ \t]*["']?([\w-]+)["']?[ \t]*=""", re.MULTILINE)


class AnswerError(Exception):
    """An answer, or the file, cannot be read; the message is one sentence for the student."""


@dataclass(frozen=True)
class Answers:
    """The content of an answers file.

    Attributes:
        given: The answers by label; an empty string where nothing is answered, or nothing readable.
        unreadable: Why an answer cannot be read, by label.
        unknown: What else is answered there.
        error: Why the file is no valid TOML where that touches no answer; empty if it is.
        lines: The number of the line in which an answer begins, by label.
    """

    given: dict[str, str]
    unreadable: dict[str, str]
    unknown: tuple[str, ...]
    error: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, label: str) -> str:
        """Where an answer stands, for messages."""
        return f"line {self.lines.get(label, '?')}"


def read_answers(data: bytes, labels: Sequence[str]) -> Answers:
    """The answers in the file to the questions ``labels``.

    Where the file as a whole is no valid TOML, every answer is read by itself, so that a slip in
    one costs no other.

    Args:
        data: The file's content.
        labels: The questions, for example ``["Q8a", "Q8b"]``.

    Raises:
        AnswerError: If nothing in the file can be read.
    """
    text = _decode(data)
    known = {label.lower(): label for label in labels}
    error = ""
    try:
        entries: list[tuple[str, Any]] = list(_parse_toml(text).items())
    except AnswerError as problem:
        error = str(problem)
        entries = list(_read_singly(text))
        if not any(key.lower() in known for key, _ in entries):
            raise
    given = dict.fromkeys(labels, "")
    unreadable: dict[str, str] = {}
    for key, value in entries:
        label = known.get(key.lower())
        if label is None:
            continue
        if isinstance(value, AnswerError):
            unreadable[label] = str(value)
        elif given[label]:
            unreadable[label] = f"{label} is answered twice; keep one answer"
        else:
            given[label] = _as_text(value)
    return Answers(
        given=given | dict.fromkeys(unreadable, ""),
        unreadable=unreadable,
        unknown=tuple(_show(key) for key, _ in entries if key.lower() not in known),
        error="" if unreadable else error,
        lines={
            known[key]: _line(text, match)
            for match in _ASSIGNMENT.finditer(text)
            if (key := match[1].lower()) in known
        },
    )


@dataclass(frozen=True)
class Expression:
    """A formula in named variables.

    Attributes:
        text: The formula in Python's spelling, as it was understood.
    """

    text: str
    _tree: ast.expr

    def at(self, **values: Any) -> np.ndarray:
        """The value in float64; nan or infinite where there is none."""
        with np.errstate(all="ignore"):
            return np.asarray(_evaluate(self._tree, values), dtype=np.float64)


def parse_expression(text: str, variables: Sequence[str] = ()) -> Expression:
    """Read a formula; ``^`` is a power, and what people paste for ``-``, ``*`` and ``/`` will do.

    Args:
        text: For example ``log(sigma) + mu**2/2``.
        variables: The names that may stand in it.

    Raises:
        AnswerError: If it is no formula in these variables.
    """
    if len(text) > _ANSWER_LENGTH:
        raise AnswerError(f"the answer is longer than {_ANSWER_LENGTH} characters; simplify it")
    text = unicodedata.normalize("NFC", text)
    for written, meant in _SAME.items():
        text = text.replace(written, meant)
    text = text.strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of doubtful spellings such as 1if
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise AnswerError(f"{_not_understood(text, error)}; {_permitted(variables)}") from None
    _check(tree, text, variables, _DEPTH)
    return Expression(ast.unparse(tree), tree)


def parse_number(text: str) -> float:
    """A finite number, also written as a fraction or with functions: ``0.375``, ``3/8``.

    Raises:
        AnswerError: If it is no number.
    """
    value = float(parse_expression(text).at())
    if not np.isfinite(value):
        raise AnswerError(f"{_show(text)!r} is no finite number")
    return value


def parse_letters(text: str, kind: str, options: str) -> str:
    """The letters of a choice, a set or an order, in capitals; those of a set sorted.

    Args:
        text: For example ``b``, ``A, C`` or ``C < A < B``.
        kind: ``choice``, ``set`` or ``order``.
        options: The permitted letters.

    Raises:
        AnswerError: If other letters stand there, or too few or too many.
    """
    separator = _BEFORE if kind == "order" else _AND
    letters = _BRACKETS.sub("", separator.sub("", text)).upper()
    shown = f"{_show(text)!r}"
    if kind == "order" and re.search("[>≥]", letters):
        raise AnswerError(f"{shown} goes downwards; write the first one first, with < or commas")
    if not letters or set(letters) - set(options):
        raise AnswerError(f"{shown} is not made of the letters {options[0]} to {options[-1]}")
    if kind == "choice" and len(letters) > 1:
        raise AnswerError(f"{shown} is more than one letter; choose one")
    if kind == "order" and sorted(letters) != sorted(options):
        raise AnswerError(f"{shown} does not name each of {', '.join(options)} once")
    return "".join(sorted(set(letters))) if kind == "set" else letters


def check_answer(text: str, kind: str, options: str = "", variables: Sequence[str] = ()) -> str:
    """How an answer of ``kind`` is understood.

    Raises:
        AnswerError: If it cannot be; the message says how to write it.
    """
    if kind == "number":
        return f"{parse_number(text):.6g}"
    if kind == "expression":
        return parse_expression(text, variables).text
    return (" < " if kind == "order" else ", ").join(parse_letters(text, kind, options))


def _decode(data: bytes) -> str:
    if len(data) > _FILE_BYTES:
        raise AnswerError(
            f"it is larger than {_FILE_BYTES // 1000} kB; keep only the answers in it"
        )
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise AnswerError(
            f"it is not UTF-8: byte 0x{data[error.start]:02x} in line {line}; save it as UTF-8"
        ) from None
    # TOML's dotted keys cost the square of their length.
    lines = (number for number, line in enumerate(text.split("\n"), 1) if len(line) > _LINE_LENGTH)
    if (number := next(lines, None)) is not None:
        raise AnswerError(f"line {number} is longer than {_LINE_LENGTH} characters")
    return text


def _parse_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError(
            f"{_show(str(error))}; every answer stands on a line of its own between quotation "
            'marks, for example Q1a = "B"'
        ) from None


def _read_singly(text: str) -> Iterator[tuple[str, Any]]:
    """Every key with its value, or with the error that it is."""
    matches = list(_ASSIGNMENT.finditer(text))
    ends = [*(match.start() for match in matches), len(text)][1:]
    for match, end in zip(matches, ends, strict=True):
        entry = text[match.start() : end]
        yield match[1], _value(match[1], entry)


def _value(key: str, entry: str) -> Any:
    first = entry.partition("\n")[0]
    for piece in (first, entry):  # what stands below an answer that is complete cannot harm it
        try:
            return tomllib.loads(piece)[key]
        except (ValueError, RecursionError):
            continue
    return AnswerError(
        f"{_show(first.strip())!r} is no valid TOML; "
        f'put the answer between quotation marks: {_show(key)} = "..."'
    )


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _as_text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = repr(value)
    return value.strip() if isinstance(value, str) else f"<{type(value).__name__}>"


def _check(node: ast.expr, text: str, variables: Sequence[str], depth: int) -> None:
    """Refuse everything in a formula but numbers, names, arithmetic and known functions."""
    if depth == 0:
        raise AnswerError("the formula is nested too deep; simplify it")
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.Name(id=name) if name in variables or name in _CONSTANTS:
            return
        case ast.Name(id=name):
            known = ", ".join([*variables, *_CONSTANTS])
            power = "; a power of e is exp(...)" if name == "e" else ""
            raise AnswerError(f"the name {_show(name)!r} is not known here; use {known}{power}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            inner: Sequence[ast.expr] = (left, right)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            inner = (operand,)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            inner = (argument,)
        case ast.Call(func=ast.Name(id=name)) if name not in _FUNCTIONS:
            known = ", ".join(_FUNCTIONS)
            raise AnswerError(
                f"there is no function {_show(name)!r} here; the functions are {known}, "
                "and products need '*'"
            )
        case _:
            piece = ast.get_source_segment(text, node) or text
            raise AnswerError(
                f"{_show(piece)!r} cannot stand in a formula; {_permitted(variables)}"
            )
    for child in inner:
        _check(child, text, variables, depth - 1)


def _not_understood(text: str, error: Exception) -> str:
    """Which part of a text made Python's parser give up."""
    if not isinstance(error, SyntaxError) or error.offset is None:
        return f"{_show(text)!r} is no formula"
    if "closed" in error.msg or "match" in error.msg:
        return f"the brackets of {_show(text)!r} do not pair"
    rest = text[error.offset - 1 :].strip()
    if not rest:
        return f"something is missing at the end of {_show(text)!r}"
    if rest == text:
        return f"{_show(text)!r} is no formula"
    return f"{_show(rest[:30])!r} in {_show(text)!r} is not understood"


def _permitted(variables: Sequence[str]) -> str:
    names = ", ".join([*variables, *_CONSTANTS])
    return (
        f"permitted are numbers (0.5, not 0,5), {names}, + - * / ** (2*x, not 2x), brackets, and "
        f"{', '.join(_FUNCTIONS)} of one argument"
    )


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return _float(value)
        case ast.Name(id=name):
            return np.float64(_CONSTANTS[name]) if name not in values else values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_evaluate(operand, values))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _FUNCTIONS[name](_evaluate(argument, values))
    raise TypeError(f"{type(node).__name__} was let through")


def _float(value: Any) -> np.float64:
    try:
        return np.float64(value)
    except OverflowError:
        return np.float64(np.inf)


def _show(text: str) -> str:
    """A student's text as it may stand in a message."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= 80 else f"{text[:77]}..."
