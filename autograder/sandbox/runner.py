"""Run one probe on one package and say what came of it.

The same function serves the reference in the trusted process and the submission in the
sandbox. Nothing that the package does is allowed to escape as an exception.
"""

import linecache
import time
import traceback
import zlib
from dataclasses import dataclass
from types import ModuleType

import torch

from autograder.sandbox.package import Package
from autograder.sandbox.returned import moves_result_to_cpu
from autograder.sandbox.rng import Rng

MESSAGE_LENGTH = 500
FRAMES = 5
WRONG_DEVICE = (
    "on the same device",
    "in the same device",
    "on the expected device",
    "to be on GPU (",
    "(torch.cuda.",
    "device type for generator",
    "convert cuda",
    "is on meta",
    "on device meta",
    "expected device meta",
)
MOVED_TO_CPU = "What is returned was moved to the CPU."
NO_GPU = (
    "Cannot re-initialize CUDA",
    "not compiled with CUDA",
    "No CUDA GPUs are available",
    "no NVIDIA driver",
    "no CUDA-capable device",
    "object on a CUDA device",
)
"""What torch says to a program that asks for a GPU where there is none."""

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

    ``kind`` is one of not_started, import_failure, exception, wrong_device, no_values, bad_return,
    time_limit, memory_limit, crash, malformed_reply; no_values means that the program asked for
    the values of tensors on ``meta``, which have none.
    """

    kind: str
    message: str
    exception: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What one probe gave: values or a fault, and what was noticed on the way.

    ``mutated`` says what was not left as the probe gave it (see ``Rng.mutated``);
    ``random_state`` is a checksum of the state in which torch's own generator was left.
    """

    values: dict[str, object] | None = None
    fault: Fault | None = None
    mutated: tuple[int, ...] = ()
    random_state: int = 0
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
    torch.autograd.set_detect_anomaly(False)
    rng = Rng(seed, device)
    start = time.perf_counter()
    try:
        values = getattr(probes, name)(package, rng)
        mutated = tuple(rng.mutated())
    except BaseException as error:  # SystemExit and KeyboardInterrupt too
        return Reply(fault=_fault(error, device), seconds=time.perf_counter() - start)
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
    seconds = time.perf_counter() - start
    state = zlib.crc32(torch.default_generator.get_state().numpy().tobytes())
    return Reply(values, mutated=mutated, random_state=state, seconds=seconds)


def _fault(error: BaseException, device: str) -> Fault:
    entries = _student_entries(error)
    frames = _frames(error, entries)
    name = type(error).__name__
    message = _first_line(error)
    # Torch raises this too, for what it cannot do on a device; a stub raises it in its own line.
    stub = isinstance(error, NotImplementedError) and frames
    if stub and "NotImplementedError" in frames[-1].text:
        return Fault("not_started", message, name, frames)
    if isinstance(error, MemoryError) or "can't allocate memory" in message:
        return Fault("memory_limit", "More memory was asked for than is allowed.", name, frames)
    if _importing(error, entries):
        return Fault("import_failure", f"{name}: {message}", name, frames)
    if any(words in message for words in (*WRONG_DEVICE, *NO_GPU)):
        return Fault("wrong_device", message, name, frames)
    if device == "meta" and "meta" in message.lower() and not _own_raise(error, entries):
        if entries and _returns_from_cpu(entries[-1]):
            return Fault("wrong_device", MOVED_TO_CPU, name, frames)
        return Fault("no_values", f"{name}: {message}", name, frames)
    if not frames:
        return Fault("bad_return", f"{name}: {message}", name)
    return Fault("exception", f"{name}: {message}", name, frames)


def _first_line(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:  # a student's __str__ may do anything
        text = "(its message could not be read)"
    return text.strip().partition("\n")[0][:MESSAGE_LENGTH]


def _student_entries(error: BaseException) -> list[traceback.FrameSummary]:
    """The traceback's lines in files that were loaded from memory: the student's own."""
    return [
        entry
        for entry in traceback.extract_tb(error.__traceback__)
        if not entry.filename.startswith(("/", "<")) and entry.filename != "probes.py"
    ]


def _frames(error: BaseException, entries: list[traceback.FrameSummary]) -> tuple[Frame, ...]:
    frames = [
        Frame(entry.filename, entry.lineno or 0, entry.name, (entry.line or "").strip())
        for entry in entries
    ]
    if isinstance(error, SyntaxError) and error.filename:
        line = (error.text or "").strip()
        frames.append(Frame(error.filename, error.lineno or 0, "", line))
    # Of a recursion each line once: the last different ones show the circle.
    return tuple(reversed(list(dict.fromkeys(reversed(frames)))[:FRAMES]))


def _own_raise(error: BaseException, entries: list[traceback.FrameSummary]) -> bool:
    """Whether the student's own statement raised ``error``, and not what it called.

    A line may hold a condition beside its ``raise``: the columns tell which of them was run.
    """
    if not entries or isinstance(error, AssertionError):
        return bool(entries)
    last = entries[-1]
    line = linecache.getline(last.filename, last.lineno or 0).encode()
    return line[last.colno or 0 :].startswith(b"raise")


def _returns_from_cpu(entry: traceback.FrameSummary) -> bool:
    source = "".join(linecache.getlines(entry.filename))
    return moves_result_to_cpu(source, (entry.end_lineno, entry.end_colno))


def _importing(error: BaseException, entries: list[traceback.FrameSummary]) -> bool:
    """Whether a module was being imported, and not a function being run."""
    if not entries:
        return isinstance(error, SyntaxError | ImportError | UnicodeDecodeError)
    return any(entry.name == "<module>" for entry in entries)
