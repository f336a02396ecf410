"""Read from a student's source what becomes of a tensor that is moved to the CPU."""

import ast
from collections.abc import Iterator


def moves_result_to_cpu(source: str, end: tuple[int | None, int | None]) -> bool:
    """Whether a function returns what a call of ``.cpu()`` or ``.to("cpu")`` gives.

    A program that goes on to ``.numpy()`` or ``float(...)`` asks for values instead, and needs
    them on the CPU.

    Args:
        source: The source of the file.
        end: Line, from 1, and column in bytes where the call ends.
    """
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    return any(
        (made.end_lineno, made.end_col_offset) == end and _moves(made)
        for function in functions
        for made in _made(list(ast.walk(function)))
    )


def _made(nodes: list[ast.AST]) -> Iterator[ast.expr]:
    """What a function returns, and what it gives a name that it returns."""
    names = set()
    for node in nodes:
        if isinstance(node, ast.Return) and node.value is not None:
            for part in _parts(node.value):
                yield part
                if isinstance(part, ast.Name):
                    names.add(part.id)
    for node in nodes:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id in names for target in node.targets
        ):
            yield node.value


def _parts(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.Tuple | ast.List):
        for element in value.elts:
            yield from _parts(element)
    elif isinstance(value, ast.Dict):
        for element in value.values:
            yield from _parts(element)
    else:
        yield value


def _moves(made: ast.expr) -> bool:
    text = ast.unparse(made)
    return isinstance(made, ast.Call) and text.endswith((".cpu()", ".to('cpu')"))
