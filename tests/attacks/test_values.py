"""Whatever shape, type or value comes back, comparing and explaining it does not fail."""

import pytest
from attacks.conftest import Arena

# Put at the end of a right program: passes what leaves the module through ``twist``.
TWISTED = """
def _twist_results():
    import functools, inspect, torch
    depth = 0

    def twist(value):
        return {expression}

    def twisted(value):
        if isinstance(value, torch.Tensor):
            return twist(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(twisted, value))
        if isinstance(value, list | tuple):
            return type(value)(map(twisted, value))
        return value

    def wrapped(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            nonlocal depth
            depth += 1
            try:
                value = function(*args, **kwargs)
            finally:
                depth -= 1
            return value if depth else twisted(value)
        return call

    own = [thing for thing in globals().values() if getattr(thing, "__module__", "") == __name__]
    for holder in (None, *filter(inspect.isclass, own)):
        names = vars(holder) if holder else globals()
        for name, function in list(names.items()):
            if inspect.isfunction(function) and function in own + list(names.values()):
                if not name.startswith("_") and function.__module__ == __name__:
                    setattr(holder, name, wrapped(function)) if holder else names.update(
                        {{name: wrapped(function)}})

_twist_results()
"""
TWISTS = {
    "flat": "value.flatten()",
    "column": "value.unsqueeze(-1)",
    "row": "value.unsqueeze(0)",
    "sum": "value.sum()",
    "empty": "value[..., :0] if value.dim() else value.new_zeros(0)",
    "square": "value.new_zeros(3, 3)",
    "transposed": "value.transpose(0, -1) if value.dim() else value + 1",
    "transposed_float32": "value.transpose(-2, -1).float() if value.dim() > 1 else value.float()",
    "transposed_on_meta": "value.mT.to('meta') if value.dim() > 1 else value.to('meta')",
    "transposed_complex": "value.mT.to(torch.complex128) if value.dim() > 1 else value * 1j",
    "float32": "value.float()",
    "bfloat16": "value.bfloat16()",
    "complex": "value.to(torch.complex128)",
    "integer": "value.long()",
    "uint64": "value.to(torch.uint64)",
    "boolean": "value.bool()",
    "meta": "value.to('meta')",
    "not_a_number": "value * float('nan')",
    "infinite": "value + float('inf')",
    "huge": "value + 1.7e308",
    "tiny": "value * 5e-324",
    "wrong": "value * 1.001 + 1e-3 if value.is_floating_point() else value.logical_not()",
    "negative": "-value if value.dtype != torch.bool else ~value",
    "list": "[value, value]",
    "numbers": "value.tolist() if not value.is_meta else 0.0",
    "large_numbers": "2**64 - 1",
    "nothing": "None",
    "true": "True",
    "text": "'passed'",
    "dictionary": "{'value': value}",
}
ON_META_ONLY = ("flat", "square", "transposed", "transposed_float32", "complex", "list", "text")


def twisted(arena: Arena, expression: str) -> dict[str, bytes]:
    """The reference with the results of every module twisted."""
    text = TWISTED.format(expression=expression).encode()
    return {
        path: source + text if path != "likelihood/__init__.py" else source
        for path, source in arena.reference.items()
    }


def test_a_twist_that_changes_nothing_costs_nothing(arena):
    result = arena.grade(twisted(arena, "value"))
    assert result.score == result.max_score


@pytest.mark.parametrize("name", TWISTS)
def test_results_of_another_form_cost_points_and_do_not_crash_the_grader(arena, name):
    result = arena.grade(twisted(arena, TWISTS[name]))
    assert result.errors == ()
    assert "grader_error" not in {row.status for row in result.rows}
    assert result.score < result.max_score / 2
    assert arena.secrets_in(arena.outputs(result)) == []


@pytest.mark.parametrize("name", ON_META_ONLY)
def test_results_of_another_form_on_meta_do_not_crash_the_grader(arena, name):
    result = arena.grade(twisted(arena, f"({TWISTS[name]}) if value.is_meta else value"))
    assert result.errors == ()
    assert "grader_error" not in {row.status for row in result.rows}
    assert result.score > result.max_score / 2
