"""What hidden tests work with: the outcome of a probe on the submission, beside the reference's."""

import re

import torch

from autograder.config import Tolerance, Tolerances, printable
from autograder.grading.compare import Mismatch, compare, misplaced
from autograder.grading.patterns import DTYPE_HINT
from autograder.grading.results import Finding
from autograder.sandbox.rng import Change
from autograder.sandbox.runner import MOVED_TO_CPU, NO_GPU, Fault, Frame, Reply

TEXT_LENGTH = 300
DEVICE_HINT = (
    "A tensor was made on a fixed device. Make new tensors from the inputs: `x.new_zeros(...)`, "
    "`torch.arange(..., device=x.device)`, or register them as buffers."
)
DREW_HINT = (
    "Random numbers were drawn here that the reference does not draw: a function of this homework "
    "draws none by itself, but uses the noise or the uniform numbers that it is given."
)
RUN_BY_IMPORT_HINT = (
    "Code outside functions runs when the module is imported: put what trains or tries things out "
    'into `train.py` or under `if __name__ == "__main__":`.'
)
FAULT_HINTS = {
    "wrong_device": DEVICE_HINT,
    "bad_return": "Check what the function returns: how many values, in which order and type.",
    "import_failure": "The module could not be imported, so nothing in it could be graded.",
    "time_limit": "Look for a loop that does not end, or one over entries that a tensor can do.",
    "memory_limit": "Look for a tensor much larger than its inputs, for example by broadcasting.",
    "crash": "The process ended. Remove calls that end the program, such as exit().",
}
MESSAGE_HINTS = (
    (
        re.escape(MOVED_TO_CPU),
        "The caller goes on where its tensors are: results stay on the device of the inputs.",
    ),
    (
        "ModuleNotFoundError: .*(matplotlib|sklearn|torchvision)",
        "Plots and data belong in `train.py`: grading has torch, numpy and the standard library "
        "only.",
    ),
    (
        "|".join(NO_GPU),
        "There is no GPU where homeworks are graded: follow the device of the inputs instead of "
        "naming one.",
    ),
    (
        "does not require grad",
        "No gradient reaches the inputs or parameters: look for `.item()`, `.detach()`, "
        "`torch.tensor(...)`, `torch.no_grad()` on the way.",
    ),
    (
        "^BdbQuit:",
        "Take `breakpoint()` and `pdb.set_trace()` out: nobody is there to answer a debugger where "
        "homeworks are graded.",
    ),
    (
        "must match the (existing )?size|Sizes of tensors must match|to be equal size|"
        "shapes cannot be multiplied|same reduction dim|size mismatch, got|"
        "Expected size for first two dimensions|same number of elements|"
        "is invalid for input of size|doesn't match the broadcast shape|"
        "does not match the shape of the indexed tensor|does not broadcast with|"
        "Attempting to broadcast|Dimension out of range",
        "Print the shapes of what is combined here. A factor per example, of shape (B,), needs the "
        "shape (B, 1, ...) beside a batch of shape (B, D, ...).",
    ),
    (
        "(?i)same (dtype|datatype|scalar type)|dtypes match|equal to src.dtype|weight dtype|"
        r"expected (scalar type|dtype) \S*(float|double)\S* .*but (found|got)|"
        r"found dtype \S*(float|double)\S* but|input type .* should be the same",
        DTYPE_HINT,
    ),
)
CALL_HINT = (
    "Keep the names and signatures of the stubs; the grader calls them as the docstring says."
)
_CALL = re.compile(
    r"TypeError: .*(missing \d+ required|unexpected keyword|positional arguments? but|"
    r"multiple values for argument)|AttributeError: (module|type object) .*has no attribute"
)
_DEFINED = re.compile(
    "(Syntax|Indentation|Tab|UnicodeDecode|Import|ModuleNotFound|Name|Attribute)Error:"
)
"""What fails in a module that only defines and imports."""

EXCUSED_ON_META = ("no_values", "time_limit")
NOT_COMPARABLE = "what was returned could not be compared with what is expected"
NOT_LEFT = {
    Change.VALUES: (
        "an input was changed in place; the caller still needs it: replace `x += ...`, "
        "`x[...] = ...`, `x.clamp_()` on an argument by an expression that makes a new tensor"
    ),
    Change.REQUIRES_GRAD: (
        "`requires_grad` of an input was changed and left so; the tensor belongs to the caller: "
        "ask for gradients of a tensor of your own"
    ),
    Change.FROZEN: (
        "`requires_grad` of a network's parameters was changed and left so; the caller still "
        "trains it: set it back, or keep gradients from flowing there in another way"
    ),
    Change.MODE: (
        "a network was left in another mode than it came in: `eval()` and `train()` stay in force "
        "until they are undone"
    ),
    Change.GRAD_MODE: (
        "gradients were left turned off for all that follows: what turns them off must end with "
        "the function, as a `with` statement or a decorator does"
    ),
}
"""What to say of each change of what belongs to the caller."""


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
    """A check on another device is not run because the same check failed on the CPU."""

    def __init__(self) -> None:
        super().__init__("value", "failed on the CPU already")


class GraderError(Exception):
    """The grader itself failed; the student must not pay for it."""


class Outcome:
    """A probe's reply from the submission, and the reference's."""

    def __init__(self, reply: Reply, reference: Reply, device: str, tolerances: Tolerances) -> None:
        assert reference.values is not None
        self.reply = reply
        self.device = device
        self._expected = reference.values
        self._mutates = set(reference.mutated)
        self._random_state = reference.random_state
        self._tolerances = tolerances

    def matches(self, tolerance: str = "value") -> None:
        """Every value equals the reference's within a tolerance of the configuration.

        On ``meta``, where inputs are float32, only devices and dtypes are compared; a program that
        cannot run without values (it looks at the data), or not in time, is not blamed for it.

        Raises:
            CheckFailed: With the first difference.
        """
        fault = self.reply.fault
        if self.device == "meta" and fault is not None and fault.kind in EXCUSED_ON_META:
            return
        if fault is not None:
            raise CheckFailed(fault.kind, _sentence(fault), _hint(fault), lines=_lines(fault))
        if self.reply.values is None:
            raise GraderError("the sandbox gave neither values nor a fault")
        chosen: Tolerance = getattr(self._tolerances, tolerance)
        try:
            mismatch = self._mismatch(self.reply.values, chosen)
        except MemoryError:
            raise
        except Exception as error:  # whatever values do to the comparison is the submission's fault
            raise CheckFailed("bad_return", NOT_COMPARABLE, FAULT_HINTS["bad_return"]) from error
        if mismatch is not None:
            raise CheckFailed(mismatch.kind, mismatch.message, self._hint(mismatch), mismatch)
        changes = [Change.of(number) for number in set(self.reply.mutated) - self._mutates]
        if changes:
            raise CheckFailed("mutated", NOT_LEFT[min(changes)])

    def _hint(self, mismatch: Mismatch) -> str:
        if mismatch.kind == "device":
            return DEVICE_HINT
        return "" if self.reply.random_state == self._random_state else DREW_HINT

    def _mismatch(self, values: dict, tolerance: Tolerance) -> Mismatch | None:
        if self.device == "meta":
            return misplaced(values, self._expected)
        if self.device == "cuda":
            return compare(values, _to_float32(self._expected), self._tolerances.float32)
        return compare(values, self._expected, tolerance)


def _to_float32(value: object) -> object:
    if isinstance(value, torch.Tensor):
        return value.detach().float() if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _to_float32(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_float32(item) for item in value]
    return value


def _sentence(fault: Fault) -> str:
    return "not started" if fault.kind == "not_started" else _short(fault.message)


def _hint(fault: Fault) -> str:
    """What a message says of its cause comes before what its kind alone tells."""
    for words, hint in MESSAGE_HINTS:
        if re.search(words, fault.message):
            return hint
    # Without a line of the student's own it was the grader's call that failed.
    if fault.kind == "bad_return" and _CALL.match(fault.message):
        return CALL_HINT
    if fault.kind == "import_failure" and not _DEFINED.match(fault.message):
        return RUN_BY_IMPORT_HINT
    return FAULT_HINTS.get(fault.kind, "")


def _lines(fault: Fault) -> tuple[str, ...]:
    return tuple(_short(_line(frame)) for frame in fault.frames)


def _line(frame: Frame) -> str:
    where = f" in {frame.function}" if frame.function else ""
    return f"{frame.path}:{frame.line}{where}: {frame.text}"


def _short(text: str) -> str:
    return printable(text)[:TEXT_LENGTH]
