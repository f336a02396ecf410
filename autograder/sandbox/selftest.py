"""Try, from inside a confined child, what must be impossible and what must be possible.

The attempts are real ones: the tier is what the kernel enforces here and now, not what was asked
for. Each function raises OSError when the kernel refuses.
"""

import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial


def run(canary: str, hidden: Sequence[str], trusted: int) -> dict[str, dict[str, str]]:
    """Run every attempt.

    Args:
        canary: A file of the grader, in a folder of its own.
        hidden: Files and folders that must not be readable.
        trusted: Process id of the grader.

    Returns:
        ``open`` maps each forbidden act that succeeded to a few words on it; ``broken`` maps each
        necessary act that failed to the error.
    """
    forbidden: dict[str, Callable[[], object]] = {
        "read a file of the grader": lambda: open(canary).close(),
        "write a file of the grader": lambda: open(canary, "a").close(),
        "create a file beside the grader's": lambda: open(canary + ".new", "w").close(),
        "open a socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
        "start a process": _fork,
        "execute a program": _execute,
        "signal the grader": lambda: os.kill(trusted, 0),
        "read the grader's memory": lambda: open(f"/proc/{trusted}/mem", "rb").close(),
        "become root": _become_root,
        **{f"read {path}": partial(_read, path) for path in hidden},
    }
    necessary: dict[str, Callable[[], object]] = {
        "import a module of the standard library": lambda: __import__("colorsys"),
        "import numpy.fft": _numpy,
        "read the source of a library": _source,
        "start a thread": _thread,
        "open the null device": lambda: open(os.devnull, "w").close(),
    }
    return {
        "open": {name: "it succeeded" for name, act in forbidden.items() if not _refusal(act)},
        "broken": {name: why for name, act in necessary.items() if (why := _refusal(act))},
    }


def _refusal(act: Callable[[], object]) -> str:
    try:
        act()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _read(path: str) -> None:
    if os.path.isdir(path):
        os.listdir(path)
    else:
        open(path, "rb").close()


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _execute() -> None:
    # The filter refuses before the kernel looks for the file: not found means it would have run.
    try:
        os.execv("/nonexistent", ["nonexistent"])
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def _become_root() -> None:
    os.setresuid(0, 0, 0)
    if os.geteuid() == 0:
        os.setgroups([0])


def _numpy() -> None:
    try:
        import numpy
    except ModuleNotFoundError:
        return
    numpy.fft.fft(numpy.zeros(4))


def _source() -> None:
    import inspect

    import torch

    inspect.getsource(torch.nn.Linear)


def _thread() -> None:
    thread = threading.Thread(target=signal.getsignal, args=(signal.SIGINT,))
    thread.start()
    thread.join()
