"""What hidden tests work with: the outcome of a probe on the submission, beside the reference's."""

import math
from collections.abc import Callable
from typing import Any, NoReturn

import torch

from autograder.config import Tolerance, Tolerances
from autograder.grading.compare import Mismatch, compare, same_structure
from autograder.grading.results import Finding
from autograder.sandbox.runner import Fault, Frame, Reply

FRAMES = 5
TEXT_LENGTH = 300
DEVICE_HINT = (
    "A tensor was made on a fixed device. Make new tensors from the inputs: `x.new_zeros(...)`, "
    "`torch.arange(..., device=x.device)`, or register them as buffers."
)
FAULT_HINTS = {
    "wrong_device": DEVICE_HINT,
    "bad_return": "Check what the function returns: how many values, in which order and type.",
    "import_failure": "The module could not be imported, so nothing in it could be graded.",
    "time_limit": "Look for a loop that does not end, or one over entries that a tensor can do.",
    "memory_limit": "Look for a tensor much larger than its inputs, for example by broadcasting.",
    "crash": "The process ended. Remove calls that end the program, such as exit().",
}
MUTATED = (
    "an input was changed in place; the caller still needs it: replace `x += ...`, `x[...] = ...`, "
    "`x.clamp_()` on an argument by an expression that makes a new tensor"
)


class CheckFailed(Exception):
    """The submission does not pass a hidden check; the finding says why."""

    def __init__(
        self,
        kind: str,
        message: str,
        hint: str = "",
        mismatch: Mismatch | None = None,
        lines: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.finding = Finding(check="", kind=kind, message=message, hint=hint, lines=lines)
        self.mismatch = mismatch


class SameAsOnCpu(CheckFailed):
    """A check on another device fails only because the check on the CPU failed."""


class GraderError(Exception):
    """The grader itself failed; the student must not pay for it."""


def fail(message: str, hint: str = "") -> NoReturn:
    """Fail a check because a property does not hold."""
    raise CheckFailed("property", message, hint)


class Outcome:
    """A probe's reply from the submission, and the reference's."""

    def __init__(self, reply: Reply, reference: Reply, device: str, tolerances: Tolerances) -> None:
        if reference.values is None:
            raise GraderError(f"the reference failed a probe: {reference.fault}")
        self.reply = reply
        self.device = device
        self._reference = reference
        self._tolerances = tolerances

    @property
    def expected(self) -> dict:
        """What the reference returned."""
        assert self._reference.values is not None
        return self._reference.values

    @property
    def values(self) -> dict:
        """What the submission returned, in the reference's structure, types, shapes and dtypes.

        Raises:
            CheckFailed: If the probe gave a fault, or values of another form.
        """
        values = self._values()
        self._raise(same_structure(values, self.expected))
        return _in_form_of(values, self.expected)

    def matches(self, tolerance: str = "value") -> None:
        """Every value equals the reference's within a tolerance of the configuration.

        On ``meta`` only the devices and shapes are compared; a program that cannot run without
        values (it looks at the data) is not blamed for it.

        Raises:
            CheckFailed: With the first difference.
        """
        if self.device == "meta":
            self._on_right_device()
            return
        self._raise(self.mismatch(tolerance))
        if set(self.reply.mutated) - set(self._reference.mutated):
            raise CheckFailed("mutated", MUTATED)

    def mismatch(self, tolerance: str = "value") -> Mismatch | None:
        """The first difference to the reference, if any."""
        values: object = self._values()
        expected: object = self.expected
        chosen: Tolerance = getattr(self._tolerances, tolerance)
        if self.device == "cuda":
            values, expected = _to_float32(values), _to_float32(expected)
            single = self._tolerances.float32
            chosen = Tolerance(rtol=single.rtol, atol=single.atol * max(_largest(expected), 1e-3))
        return compare(values, expected, chosen)

    def _on_right_device(self) -> None:
        fault = self.reply.fault
        if fault is not None and fault.kind != "wrong_device":
            return
        self._raise(compare(self._values(), _on_meta(self.expected), self._tolerances.value))

    def _values(self) -> dict:
        fault = self.reply.fault
        if fault is not None:
            raise CheckFailed(
                fault.kind, _sentence(fault), FAULT_HINTS.get(fault.kind, ""), lines=_lines(fault)
            )
        if self.reply.values is None:
            raise GraderError("the sandbox gave neither values nor a fault")
        return self.reply.values

    @staticmethod
    def _raise(mismatch: Mismatch | None) -> None:
        if mismatch is not None:
            hint = DEVICE_HINT if mismatch.kind == "device" else ""
            raise CheckFailed(mismatch.kind, mismatch.message, hint, mismatch)


def _map_tensors(value: object, function: Callable[[torch.Tensor], torch.Tensor]) -> object:
    """``value`` with ``function`` applied to every tensor in it."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, dict):
        return {key: _map_tensors(item, function) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_map_tensors(item, function) for item in value]
    return value


def _in_form_of(value: Any, expected: object) -> Any:
    """``value``, equal in structure, with numbers for tensors or tensors for numbers replaced."""
    if isinstance(expected, dict):
        return {key: _in_form_of(value[key], item) for key, item in expected.items()}
    if isinstance(expected, list | tuple):
        return [_in_form_of(*pair) for pair in zip(value, expected, strict=True)]
    if isinstance(expected, torch.Tensor):
        return torch.as_tensor(value, dtype=expected.dtype).detach()
    return value.item() if isinstance(value, torch.Tensor) else value


def _on_meta(value: object) -> object:
    return _map_tensors(value, lambda tensor: tensor.detach().to("meta"))


def _to_float32(value: object) -> object:
    def convert(tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor.detach().cpu()
        return tensor.float() if tensor.is_floating_point() else tensor

    return _map_tensors(value, convert)


def _largest(value: object) -> float:
    if isinstance(value, torch.Tensor):
        if not value.is_floating_point():
            return 0.0
        finite = value[torch.isfinite(value)]
        return float(finite.abs().max()) if finite.numel() else 0.0
    if isinstance(value, dict):
        return max(map(_largest, value.values()), default=0.0)
    if isinstance(value, list | tuple):
        return max(map(_largest, value), default=0.0)
    return float(abs(value)) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _sentence(fault: Fault) -> str:
    return "not started" if fault.kind == "not_started" else printable(fault.message)


def _lines(fault: Fault) -> tuple[str, ...]:
    return tuple(printable(_line(frame)) for frame in fault.frames[-FRAMES:])


def _line(frame: Frame) -> str:
    where = f" in {frame.function}" if frame.function else ""
    return f"{frame.path}:{frame.line}{where}: {frame.text}"


def printable(text: str) -> str:
    """Untrusted text on one line, shortened, with nothing that a terminal could obey."""
    return "".join(c if c.isprintable() else " " for c in text)[:TEXT_LENGTH]
