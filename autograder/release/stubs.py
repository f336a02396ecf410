"""Reference modules without their solutions.

What lies between the lines ``# BEGIN SOLUTION`` and ``# END SOLUTION`` becomes one ``raise
NotImplementedError("Q3c: MADE.log_prob")``. Everything else stays as it is, the imports too: a
student is told what the reference needed. Each function that the configuration names holds exactly
one such block, so that a stub raises once and says which part it is.
"""

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from autograder.config import Question

BEGIN = "# BEGIN SOLUTION"
END = "# END SOLUTION"

_MARKER = re.compile(r"\b(BEGIN|END)[ _-]?SOLUTION\b", re.IGNORECASE)

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class ReleaseError(Exception):
    """A pack cannot be released; the message names the file, the line and what to do."""


@dataclass(frozen=True)
class Block:
    """A solution: the numbers (from 1) of the lines that hold its two markers."""

    begin: int
    end: int


def has_marker(text: str) -> bool:
    """Whether ``text`` holds a solution marker, well written or not."""
    return _MARKER.search(text) is not None


def find_blocks(source: str, path: str) -> list[Block]:
    """The solution blocks of a file, in order.

    Raises:
        ReleaseError: For a marker that is misspelt, shares its line, or has no partner.
    """
    blocks: list[Block] = []
    begin: int | None = None
    for number, line in enumerate(source.splitlines(), 1):
        if not has_marker(line):
            continue
        if line.strip() == BEGIN and begin is None:
            begin = number
        elif line.strip() == END and begin is not None:
            blocks.append(Block(begin, number))
            begin = None
        elif line.strip() == BEGIN:
            raise ReleaseError(f"{path}, line {number}: line {begin} begins a solution too; end it")
        elif line.strip() == END:
            raise ReleaseError(f"{path}, line {number}: no solution begins above; add '{BEGIN}'")
        else:
            raise ReleaseError(
                f"{path}, line {number}: a marker stands alone on its line, as '{BEGIN}' or '{END}'"
            )
    if begin is not None:
        raise ReleaseError(f"{path}, line {begin}: this solution does not end; add '{END}'")
    return blocks


def make_stub(source: str, question: Question, path: str) -> str:
    """The module that students get for a question's reference module.

    Args:
        source: The reference module.
        question: The question, whose parts name the functions with solutions.
        path: Where ``source`` is from, for messages.

    Raises:
        ReleaseError: Where markers and configuration do not agree, or a block cannot be cut out.
    """
    tree = _parse(source, path)
    functions = dict(_functions(tree))
    labels = {name: question.label(part) for part in question.parts for name in part.functions}
    owners: dict[str, Block] = {}
    for block in find_blocks(source, path):
        owner = _owner(block, functions, path)
        if owner in owners:
            raise ReleaseError(
                f"{path}, line {block.begin}: {owner} has a solution in line "
                f"{owners[owner].begin} already; a function has one"
            )
        if owner not in labels:
            raise ReleaseError(
                f"{path}, line {block.begin}: no part of question {question.id} asks for {owner}; "
                "add it to grading_config.yaml or remove the markers"
            )
        owners[owner] = block
    for name, label in labels.items():
        if name not in owners:
            raise ReleaseError(
                f"{_where(path, functions.get(name))}: {label} asks for {name}, "
                f"and there is no function {name} with solution markers; add '{BEGIN}'"
            )

    lines = source.splitlines(keepends=True)
    for name, block in reversed(owners.items()):
        indent = lines[block.begin - 1].partition("#")[0]
        message = f"{labels[name]}: {name}"
        lines[block.begin - 1 : block.end] = [f'{indent}raise NotImplementedError("{message}")\n']
    stub = "".join(lines)
    if _skeleton(_parse(stub, f"{path} without its solutions"), owners) != _skeleton(tree, owners):
        raise ReleaseError(
            f"{path}: cutting the solutions out takes other code away; markers enclose whole "
            "statements of one function, below its docstring, and are indented as these are"
        )
    return stub


def _where(path: str, function: _Function | None) -> str:
    return path if function is None else f"{path}, line {function.lineno}"


def _parse(source: str, path: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise ReleaseError(f"{path}, line {error.lineno}: not valid Python: {error.msg}") from None


def _functions(
    node: ast.Module | ast.ClassDef, prefix: str = ""
) -> Iterator[tuple[str, _Function]]:
    """Module-level functions and methods by qualified name."""
    for child in node.body:
        if isinstance(child, _Function):
            yield f"{prefix}{child.name}", child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")


def _owner(block: Block, functions: dict[str, _Function], path: str) -> str:
    """The function whose statements a block holds."""
    where = f"{path}, line {block.begin}"
    for name, function in functions.items():
        lines = {node.lineno for node in ast.walk(function) if isinstance(node, ast.stmt)}
        if function.lineno < block.begin <= max(lines):
            if lines.isdisjoint(range(block.begin, block.end)):
                raise ReleaseError(f"{where}: the solution of {name} holds no statement")
            return name
    raise ReleaseError(f"{where}: this solution does not begin inside a function's body")


def _skeleton(tree: ast.Module, owners: Collection[str]) -> str:
    """Everything but the bodies of the functions ``owners``: signatures and docstrings too."""
    for name, function in _functions(tree):
        if name in owners:
            has_docstring = ast.get_docstring(function) is not None
            function.body = function.body[:has_docstring]
    return ast.dump(tree)
