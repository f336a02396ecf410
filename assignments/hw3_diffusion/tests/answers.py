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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


class AnswerError(Exception):
    """An answer, or the file, cannot be read; the message is one sentence for the student."""


@dataclass(frozen=True)
class Answers:
    """The content of an answers file.

    Attributes:
        given: The answers by label; an empty string where nothing is answered.
        unknown: What else is answered there.
    """

    given: dict[str, str]
    unknown: tuple[str, ...]


def read_answers(data: bytes, labels: Sequence[str]) -> Answers:
    """The answers in the file to the questions ``labels``.

    Args:
        data: The file's content.
        labels: The questions, for example ``["Q8a", "Q8b"]``.

    Raises:
        AnswerError: If the file cannot be read as TOML, or answers one question twice.
    """
    table = _parse_toml(data)
    known = {label.lower(): label for label in labels}
    given = dict.fromkeys(labels, "")
    for key, value in table.items():
        label = known.get(key.lower())
        if label is None:
            continue
        if given[label]:
            raise AnswerError(f"{label} is answered twice; keep one answer")
        given[label] = _as_text(value)
    return Answers(given, tuple(_show(key) for key in table if key.lower() not in known))


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
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise AnswerError(
            f"{_show(text)!r} is no formula; write it as in Python, for example "
            "3/8, 2*log(3) or (a - b)**2, with a point in decimal numbers and '*' in products"
        ) from None
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


def _parse_toml(data: bytes) -> dict[str, Any]:
    if len(data) > _FILE_BYTES:
        raise AnswerError(
            f"it is larger than {_FILE_BYTES // 1000} kB; keep only the answers in it"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise AnswerError(
            f"it is not UTF-8: byte 0x{data[error.start]:02x} in line {line}; save it as UTF-8"
        ) from None
    # TOML's dotted keys cost the square of their length.
    lines = (number for number, line in enumerate(text.split("\n"), 1) if len(line) > _LINE_LENGTH)
    if (number := next(lines, None)) is not None:
        raise AnswerError(f"line {number} is longer than {_LINE_LENGTH} characters")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError(
            f"{_show(str(error))}; every answer stands on a line of its own between quotation "
            'marks, for example Q1a = "B"'
        ) from None


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
            raise AnswerError(f"the name {_show(name)!r} is not known here; use {known}")
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
                f"{_show(piece)!r} cannot stand in a formula; use numbers, names, "
                "+ - * / **, brackets and functions of one argument"
            )
    for child in inner:
        _check(child, text, variables, depth - 1)


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
