"""What the public tests share: tensors to compare with, and comparisons that say what is wrong."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_SHOWN = 24


def tensor(values: Any) -> Tensor:
    """A float64 tensor, so that rounding explains nothing."""
    return torch.tensor(values, dtype=torch.float64)


def has_shape(got: Any, shape: tuple[int, ...], message: str) -> None:
    """``got`` is a tensor of this shape."""
    __tracebackhide__ = True
    assert got is not None, f"{message}: got None. Does the function end in a `return`?"
    assert isinstance(got, Tensor), f"{message}: got {_kind(got)}, not a tensor"
    assert got.shape == shape, f"{message}: got shape {tuple(got.shape)}, not {tuple(shape)}"


def close(got: Any, expected: Any, message: str, atol: float = 1e-6) -> None:
    """``got`` is a tensor with the shape and the values of ``expected``; any dtype will do.

    Args:
        got: What a student's function returned.
        expected: A tensor, numbers in lists, or a number.
        message: What was called, with what, and what was to be expected of it.
        atol: How far each value may be off.
    """
    __tracebackhide__ = True
    wanted = torch.as_tensor(expected, dtype=torch.float64).detach()
    has_shape(got, wanted.shape, message)
    values = got.detach().double()
    wrong = ~torch.isclose(values, wanted, atol=atol)
    assert not wrong.any(), f"{message}: {_difference(values, wanted, wrong)}"


def has_default_dtype(call: Callable[[], Any], message: str) -> None:
    """What ``call`` returns has torch's default dtype, whatever that is.

    Args:
        call: Calls a student's function, whose inputs say nothing of a dtype.
        message: What was called.
    """
    __tracebackhide__ = True
    before = torch.get_default_dtype()
    try:
        for dtype in (torch.float64, torch.float32):
            torch.set_default_dtype(dtype)
            got = call()
            assert isinstance(got, Tensor), f"{message}: got {_kind(got)}, not a tensor"
            assert got.dtype == dtype, (
                f"{message}: the result has torch's default dtype, which is float32 until somebody "
                f"sets it, and float64 when homeworks are graded; where it is {_dtype(dtype)}, got "
                f"{_dtype(got.dtype)}. Look for `.float()`, `.double()` or `dtype=torch.float32`"
            )
    finally:
        torch.set_default_dtype(before)


def several(got: Any, names: str) -> tuple[Any, ...]:
    """The values that a function returns together; ``names`` has them with commas between."""
    __tracebackhide__ = True
    count = len(names.split(","))
    assert isinstance(got, tuple | list) and len(got) == count, (
        f"return {count} values: {names}; got {_kind(got)}"
    )
    return tuple(got)


def _difference(got: Tensor, expected: Tensor, wrong: Tensor) -> str:
    if got.numel() <= _SHOWN:
        return f"expected {_numbers(expected)}, got {_numbers(got)}"
    first = tuple(wrong.nonzero()[0].tolist())
    return (
        f"{int(wrong.sum())} of {wrong.numel()} values are wrong, the first at index "
        f"{list(first)}: expected {_numbers(expected[first])}, got {_numbers(got[first])}"
    )


def _numbers(values: Tensor) -> str:
    if values.dim() == 0:
        return f"{values.item():.6g}"
    return f"[{', '.join(map(_numbers, values))}]"


def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _kind(got: Any) -> str:
    if isinstance(got, tuple | list):
        return f"{len(got)} values in a {type(got).__name__}"
    return "None" if got is None else f"a value of type {type(got).__name__}"
