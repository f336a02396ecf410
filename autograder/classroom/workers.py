"""The orders of a batch, and who carries them out: this process, or several on this machine."""

import contextlib
import os
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Protocol

from autograder.grading.suite import Suite
from autograder.machine import BatchError
from autograder.sandbox.client import Sandbox
from autograder.submission import Submission

if TYPE_CHECKING:
    from autograder.grading.grader import Grader

ATTEMPTS = 3
"""Processes that may end while they carry out one order, before it is given up."""
_END_SECONDS = 5


@dataclass(frozen=True)
class Order:
    """Something to grade, or to say about a submission that is not graded.

    Attributes:
        name: The submission's id.
        submission: What is graded, or None.
        modules: The questions to grade.
        refused: Why it cannot be read, if that is so.
        failed: Why the grader failed, if that is so.
    """

    name: str
    submission: Submission | None = None
    modules: tuple[str, ...] = ()
    refused: str = ""
    failed: str = ""


@dataclass(frozen=True)
class Terms:
    """How all orders of a batch are carried out.

    Attributes:
        pack: The pack's full name.
        seed: The seed of the class.
        device: ``cpu`` or ``cuda``.
        isolation: How submissions are confined.
        allow_unsafe: Grade without file isolation.
        environment: The versions of Python and torch that the batch was begun with.
        graders: Digest of all that decides a grade.
    """

    pack: str
    seed: int
    device: str
    isolation: str
    allow_unsafe: bool
    environment: str
    graders: str


class Workers(Protocol):
    """Carry out orders.

    Attributes:
        lost: What a future raises when its order was given up because processes ended over it.
    """

    lost: tuple[type[Exception], ...]

    @property
    def capacity(self) -> int:
        """How many orders to hand out before results are waited for."""

    def submit(self, order: Order) -> Future[str]:
        """The result, as JSON, once it is ready."""

    def close(self) -> None:
        """End what was started."""


class ProcessLost(Exception):
    """The processes that carried out an order ended by themselves."""


class Here:
    """This process. The grader is made when the first order comes."""

    lost: tuple[type[Exception], ...] = ()
    capacity = 1

    def __init__(self, suite: Suite, sandbox: Sandbox, terms: Terms) -> None:
        self._made_of = (suite, sandbox, terms.seed, terms.device)
        self._grader: Grader | None = None

    def submit(self, order: Order) -> Future[str]:
        """Carry out ``order`` at once."""
        from autograder.classroom.worker import carry_out
        from autograder.grading.grader import Grader

        self._grader = self._grader or Grader(*self._made_of)
        future: Future[str] = Future()
        future.set_result(carry_out(self._grader, order))
        return future

    def close(self) -> None:
        """Nothing was started."""


class Processes:
    """Processes on this machine, each watched by a thread, which replaces it when it ends."""

    lost: tuple[type[Exception], ...] = (ProcessLost,)

    def __init__(self, terms: Terms, number: int) -> None:
        self.capacity = number + 1  # one order is at hand when a process asks for the next
        self._terms = terms
        self._threads = ThreadPoolExecutor(number)
        self._own = threading.local()
        self._processes: set[_Process] = set()
        self._closing = False

    def submit(self, order: Order) -> Future[str]:
        """Hand ``order`` to the next process that is free."""
        return self._threads.submit(self._carry_out, order)

    def close(self) -> None:
        """End every process, also in the middle of an order."""
        self._closing = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in list(self._processes):
            process.end()
        self._threads.shutdown()

    def _carry_out(self, order: Order) -> str:
        for _ in range(ATTEMPTS):
            process: _Process | None = getattr(self._own, "process", None)
            if process is None:
                process = self._own.process = _Process(self._terms)
                self._processes.add(process)
            if self._closing:  # `close` may have looked before this process was there
                process.end()
                break
            try:
                return process.carry_out(order)
            except (EOFError, OSError):
                self._own.process = None
                self._processes.discard(process)
                if self._closing:
                    break
                process.end()
        raise ProcessLost


class _Process:
    """One grading process, and the channel to it."""

    def __init__(self, terms: Terms) -> None:
        context = get_context("spawn")
        self._channel, theirs = context.Pipe()
        with theirs:
            self._process = context.Process(target=_serve, args=(theirs, terms), daemon=True)
            self._process.start()

    def carry_out(self, order: Order) -> str:
        """The result of ``order``; EOFError or OSError if the process ends."""
        self._channel.send(order)
        result, problem = self._channel.recv()
        if problem:
            raise BatchError(problem)
        return result

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.terminate()
        self._process.join(_END_SECONDS)
        self._process.kill()
        self._process.join()


def _serve(channel: Connection, terms: Terms) -> None:
    """Carry out orders; the main function of a grading process."""
    # Ctrl-C reaches every process of the terminal: the one that was started by hand ends the rest.
    signal.signal(signal.SIGINT, lambda *_: None)
    from autograder.classroom.worker import desk
    from autograder.sandbox.client import SandboxError

    def leave(*_: object) -> None:
        desk.close()
        os._exit(1)

    def leave_with_parent() -> None:
        parent = parent_process()
        assert parent is not None
        parent.join()
        leave()

    signal.signal(signal.SIGTERM, leave)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            order = channel.recv()
            try:
                answer = (desk.carry_out(terms, order), "")
            except (SandboxError, BatchError, OSError) as error:
                answer = ("", str(error))
            except Exception as error:  # no grader could be made; another process cannot either
                answer = ("", f"{type(error).__name__}: {error}")
            channel.send(answer)
    leave()
