"""Compare what a submission returned with what the reference returned.

In this order: structure, type, shape, dtype, finiteness, values. The first difference is
reported; its message never contains an expected number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.config import Tolerance

_ATTEMPT = re.compile(r"(no )?[A-Za-z]{1,40} was raised(, but another exception)?")
"""What a probe's ``attempt`` says."""


@dataclass(frozen=True)
class Mismatch:
    """One difference. ``kind`` is structure, shape, dtype, device, finite, gradient or value.

    ``got`` and ``expected`` are for the diagnosis only and are never shown.
    """

    kind: str
    path: str
    message: str
    got: object = None
    expected: object = None


def compare(got: object, expected: object, tolerance: Tolerance, path: str = "") -> Mismatch | None:
    """The first difference between ``got`` and ``expected``, or None if they agree."""
    return next(_differences(got, expected, tolerance, path), None)


def misplaced(got: object, expected: object, path: str = "") -> Mismatch | None:
    """The first place where the reference has a tensor, and ``got`` none of its dtype on meta.

    Inputs are float32 there, where those of the reference were float64.
    """
    name = f"`{path}`" if path else "the result"
    if isinstance(expected, Tensor) and expected.dim() > 0 and not isinstance(got, Tensor):
        return Mismatch(
            "device", path, f"{name} is {_kind(got)}, not a tensor on the inputs' device"
        )
    if isinstance(got, Tensor) and isinstance(expected, Tensor):
        if not got.is_meta:
            return Mismatch("device", path, f"{name} is on device {got.device}, not on the inputs'")
        dtype = torch.float32 if expected.is_floating_point() else expected.dtype
        if got.dtype != dtype:
            message = f"{name} has dtype {_dtype(got.dtype)} for inputs of float32; "
            return Mismatch("dtype", path, f"{message}it must be {_dtype(dtype)}", got, expected)
    children: list[Mismatch | None] = []
    if isinstance(got, dict) and isinstance(expected, dict):
        children = [misplaced(got.get(key), expected[key], key) for key in expected]
    elif isinstance(got, list | tuple) and isinstance(expected, list | tuple):
        pairs = zip(got, expected, strict=False)
        children = [misplaced(a, b, f"{path}[{i}]") for i, (a, b) in enumerate(pairs)]
    return next((child for child in children if child is not None), None)


def _differences(
    got: object, expected: object, tolerance: Tolerance, path: str
) -> Iterator[Mismatch]:
    name = f"`{path}`" if path else "the result"
    if isinstance(expected, Tensor) and isinstance(got, int | float) and expected.dim() == 0:
        if expected.is_floating_point():
            got = torch.tensor(float(got), dtype=expected.dtype)
        else:
            expected = expected.item()
    if isinstance(got, Tensor) and isinstance(expected, int | float) and got.dim() == 0:
        if got.is_meta:
            yield Mismatch("device", path, f"{name} is on device meta: it has no value")
            return
        got = got.item()
    if isinstance(expected, bool | str) or isinstance(got, bool | str):
        if type(got) is not type(expected):
            yield Mismatch("structure", path, f"{name} is {_kind(got)}, not {_kind(expected)}")
        elif got != expected:
            yield Mismatch("value", path, _wrong(got, expected, name), got, expected)
    elif expected is None or got is None:
        if expected is not got:
            yield _missing(got, path, name)
    elif isinstance(expected, dict):
        # An entry of None too many is a parameter of the student's own that nothing flows to.
        if not isinstance(got, dict) or expected.keys() != {
            key for key in got if key in expected or got[key] is not None
        }:
            yield Mismatch(
                "structure", path, f"{name} does not have the entries that it should have"
            )
        else:
            for key, value in expected.items():
                yield from _differences(
                    got[key], value, tolerance, f"{path}.{key}" if path else key
                )
    elif isinstance(expected, list | tuple):
        if not isinstance(got, list | tuple):
            yield Mismatch("structure", path, f"{name} is {_kind(got)}, not several values")
        elif len(got) != len(expected):
            message = f"{name} has {len(got)} items, not {len(expected)}"
            yield Mismatch("structure", path, message, got, expected)
        else:
            for i, value in enumerate(expected):
                yield from _differences(got[i], value, tolerance, f"{path}[{i}]")
    elif isinstance(expected, Tensor):
        if not isinstance(got, Tensor):
            yield Mismatch(
                "structure", path, f"{name} is {_kind(got)}, not a tensor", got, expected
            )
        else:
            yield from _tensor_differences(got, expected, tolerance, path, name)
    elif isinstance(got, int | float) and isinstance(expected, int | float):
        yield from _tensor_differences(
            torch.tensor(float(got), dtype=torch.float64),
            torch.tensor(float(expected), dtype=torch.float64),
            tolerance,
            path,
            name,
        )
    else:
        yield Mismatch("structure", path, f"{name} is {_kind(got)}, not {_kind(expected)}")


def _wrong(got: object, expected: object, name: str) -> str:
    raised = all(isinstance(it, str) and _ATTEMPT.fullmatch(it) for it in (got, expected))
    return f"{name}: {got}" if raised else f"{name} is wrong"


def _missing(got: object, path: str, name: str) -> Mismatch:
    if got is None:
        return Mismatch(
            "gradient", path, f"{name} is None: nothing was returned, or no gradient reaches it"
        )
    return Mismatch("gradient", path, f"{name} is not None: a gradient flows where it must stop")


def _tensor_differences(
    got: Tensor, expected: Tensor, tolerance: Tolerance, path: str, name: str
) -> Iterator[Mismatch]:
    if got.shape != expected.shape:
        message = f"{name} has shape {tuple(got.shape)}; it must be {tuple(expected.shape)}"
        yield Mismatch("shape", path, message, got, expected)
        return
    if got.dtype != expected.dtype:
        yield Mismatch(
            "dtype",
            path,
            f"{name} has dtype {_dtype(got.dtype)}; it must be {_dtype(expected.dtype)}",
            got,
            expected,
        )
        return
    if got.device != expected.device:
        message = f"{name} is on device {got.device}; it must be on {expected.device}"
        yield Mismatch("device", path, message)
        return
    if got.device.type == "meta" or torch.equal(got, expected):
        return
    got, expected = got.detach(), expected.detach()
    if not got.is_floating_point() and not got.is_complex():
        wrong = int((got != expected).sum())
        if wrong:
            message = f"{name} is wrong in {wrong} of {got.numel()} entries"
            yield Mismatch("value", path, message, got, expected)
        return
    finite = torch.isfinite(expected)
    got_infinite, infinite = got[~finite], expected[~finite]
    agrees = (got_infinite == infinite) | (got_infinite.isnan() & infinite.isnan())
    if not bool(torch.isfinite(got[finite]).all()) or not bool(agrees.all()):
        yield Mismatch("finite", path, _finite_message(got, finite, name), got, expected)
        return
    error = (got - expected)[finite].abs()
    if error.numel() == 0:
        return
    allowed = tolerance.allowed(expected[finite].abs())
    wrong_entries = error > allowed
    if bool(wrong_entries.any()):
        worst = int((error - allowed).argmax())
        count = (
            f", in {int(wrong_entries.sum())} of {got.numel()} entries" if got.numel() > 1 else ""
        )
        message = f"{name} is off by about {_magnitude(error[worst])}{count}, where "
        message += f"{tolerance.rtol:.0e} of the value is allowed"
        yield Mismatch("value", path, message, got, expected)


def _magnitude(error: Tensor) -> str:
    """A power of ten: more digits of an error would be digits of the expected value."""
    return "1" + f"{float(error):.0e}"[1:]


def _finite_message(got: Tensor, finite: Tensor, name: str) -> str:
    nan = int(torch.isnan(got).sum())
    infinite = int(torch.isinf(got).sum())
    if nan:
        return f"{name} contains NaN in {nan} of {got.numel()} entries"
    if infinite and bool(finite.all()):
        return f"{name} is infinite in {infinite} of {got.numel()} entries"
    return f"{name} is infinite where it must be finite, or finite where it must be infinite"


def _kind(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, Tensor):
        return "a tensor"
    if isinstance(value, list | tuple):
        return f"several values ({len(value)})"  # on the wire a tuple became a list
    return f"a {type(value).__name__}"


def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
