"""Run one probe on one package and say what came of it.

The same function serves the reference in the trusted process and the submission in the
sandbox. Nothing that the package does is allowed to escape as an exception.
"""

import time
import traceback
from dataclasses import dataclass
from types import ModuleType

import torch

from autograder.sandbox.package import Package
from autograder.sandbox.rng import Rng

MESSAGE_LENGTH = 500
WRONG_DEVICE = ("on the same device", "on the expected device", "is on meta", "on device meta")
DTYPES = {"cpu": torch.float64, "meta": torch.float32, "cuda": torch.float32}


@dataclass(frozen=True)
class Frame:
    """One line of the student's own code in a traceback."""

    path: str
    line: int
    function: str
    text: str


@dataclass(frozen=True)
class Fault:
    """Why a probe gave no values.

    ``kind`` is one of not_started, import_failure, exception, wrong_device, bad_return,
    time_limit, memory_limit, crash, malformed_reply.
    """

    kind: str
    message: str
    exception: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What one probe gave: values or a fault, and what was noticed on the way."""

    values: dict[str, object] | None = None
    fault: Fault | None = None
    mutated: tuple[int, ...] = ()
    seconds: float = 0.0


def run_probe(probes: ModuleType, name: str, package: Package, seed: int, device: str) -> Reply:
    """Run ``probes.name(package, Rng(seed, device))`` in the dtype that belongs to ``device``.

    The default dtype is float64 on ``cpu`` and float32 on ``meta`` and ``cuda``.
    """
    torch.set_default_dtype(DTYPES[device])
    if device == "cuda":
        # TF32 keeps ten bits of the mantissa: no more than the tolerance allows.
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.default_generator.manual_seed(0)
    rng = Rng(seed, device)
    start = time.perf_counter()
    try:
        values = getattr(probes, name)(package, rng)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too
        return Reply(fault=_fault(error), seconds=time.perf_counter() - start)
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
    return Reply(values, mutated=tuple(rng.mutated()), seconds=time.perf_counter() - start)


def _fault(error: BaseException) -> Fault:
    frames = _student_frames(error)
    name = type(error).__name__
    message = _first_line(error)
    # Torch raises this too, for what it cannot do on a device; a stub raises it in its own line.
    stub = isinstance(error, NotImplementedError) and frames
    if stub and "NotImplementedError" in frames[-1].text:
        return Fault("not_started", message, name, frames)
    if isinstance(error, SyntaxError | ImportError):
        return Fault("import_failure", f"{name}: {message}", name, frames)
    if isinstance(error, MemoryError) or "can't allocate memory" in message:
        return Fault("memory_limit", "More memory was asked for than is allowed.", name, frames)
    if any(words in message for words in WRONG_DEVICE):
        return Fault("wrong_device", message, name, frames)
    if not frames:
        return Fault("bad_return", f"{name}: {message}", name)
    return Fault("exception", f"{name}: {message}", name, frames)


def _first_line(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:  # a student's __str__ may do anything
        text = "(its message could not be read)"
    return text.strip().partition("\n")[0][:MESSAGE_LENGTH]


def _student_frames(error: BaseException) -> tuple[Frame, ...]:
    """The traceback's lines in files that were loaded from memory: the student's own."""
    entries = [
        Frame(entry.filename, entry.lineno or 0, entry.name, (entry.line or "").strip())
        for entry in traceback.extract_tb(error.__traceback__)
        if not entry.filename.startswith(("/", "<")) and entry.filename != "probes.py"
    ]
    if isinstance(error, SyntaxError) and error.filename:
        line = (error.text or "").strip()
        entries.append(Frame(error.filename, error.lineno or 0, "", line))
    return tuple(entries[-5:])
