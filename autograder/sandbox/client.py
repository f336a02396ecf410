"""Run probes on untrusted submissions, from the trusted side.

    with Sandbox(limits) as sandbox:
        with sandbox.session("likelihood", files, probes, submission="key") as session:
            reply = session.run("gmm_log_prob", seed=123)

A session is one question: one confined process with one submission in it. A process that dies
or takes too long costs the probe that it was running; the next one gets a new process. Nothing
that a submission does raises here: it becomes the ``Fault`` of a ``Reply``. ``SandboxError``
means that the grader itself failed.
"""

import marshal
import os
import re
import signal
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from autograder.sandbox import wire
from autograder.sandbox.confine import Confinement
from autograder.sandbox.isolation import Isolation, Tier
from autograder.sandbox.launch import (
    Child,
    ColdServer,
    ForkServer,
    SandboxError,
    Usage,
    await_ready,
)

if TYPE_CHECKING:
    from autograder.sandbox.runner import Fault, Reply

__all__ = ["Limits", "Sandbox", "SandboxError", "Session", "Usage"]

FAULT_KINDS = frozenset(
    {"not_started", "import_failure", "exception", "wrong_device", "no_values", "bad_return"}
    | {"memory_limit"}
)
REPLY_FIELDS = {
    "number": int,
    "values": dict | None,
    "fault": dict | None,
    "mutated": list,
    "random_state": int,
}
FAULT_FIELDS = {"kind": str, "message": str, "exception": str, "frames": list}
FRAME_FIELDS = {"path": str, "line": int, "function": str, "text": str}
SIGNAL_NAMES = {int(known): known.name for known in signal.Signals}
TEXT_LENGTH = 500
EXIT_GRACE = 0.5
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True)
class Limits:
    """What one probe, or one process, may use.

    Attributes:
        probe_seconds: Wall time of one probe, unless ``Session.run`` is given another.
        memory_mb: Data memory beyond what Python and torch hold before student code is loaded.
        reply_mb: Tensor data that one probe may return.
    """

    probe_seconds: float
    memory_mb: int
    reply_mb: int


class Sandbox:
    """Owns the fork server and the tier of isolation. Use as a context manager.

    Args:
        limits: What a probe may use.
        isolation: ``auto`` or the name of a tier (see ``isolation``).
        allow_unsafe: Go on where files cannot be protected; ``tier.safe`` is then False.
        spawn: Start each process by exec instead of forking it.
        hidden: Further files or folders that the self-test must find unreadable.
    """

    def __init__(
        self,
        limits: Limits,
        isolation: str = "auto",
        allow_unsafe: bool = False,
        spawn: bool = False,
        hidden: Sequence[str | Path] = (),
    ) -> None:
        self.limits = limits
        self._choice = (isolation, allow_unsafe, spawn, [str(path) for path in hidden])
        self._isolation: Isolation | None = None

    def start(self) -> Self:
        """Begin to start the fork server and return at once. Done by ``with`` as well."""
        if self._isolation is None:
            self._isolation = Isolation(*self._choice)
        return self

    def close(self) -> None:
        """End every process of the untrusted side."""
        if self._isolation is not None:
            self._isolation.close()
            self._isolation = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def tier(self) -> Tier:
        """The isolation in force; waits until the self-test has passed."""
        self.started().server()
        tier = self.started().tier
        assert tier is not None
        return tier

    def started(self) -> Isolation:
        """The running isolation."""
        if self._isolation is None:
            raise SandboxError("The sandbox is not running; use it in a with statement.")
        return self._isolation

    def session(
        self, package: str, files: Mapping[str, bytes], probes: str, submission: str
    ) -> "Session":
        """A session for one question.

        Args:
            package: The student package's name, for example ``likelihood``.
            files: Sources by path relative to the submission's root.
            probes: Source text of the module of probes.
            submission: Names the submission: sessions with one name share a user id.
        """
        job = {
            "package": package,
            "files": dict(files),
            "probes": _compiled(probes),
            "reply_bytes": self.limits.reply_mb * 2**20,
        }
        return Session(self, job, submission)


@cache
def _compiled(probes: str) -> bytes:
    """The code of a module of probes, for an interpreter that is this very one."""
    return marshal.dumps(compile(probes, "probes.py", "exec", dont_inherit=True))


class Session:
    """One submission in one confined process. Use as a context manager, in one thread.

    ``usage`` lists what each process that served the session used, as told by the kernel.
    """

    def __init__(self, sandbox: Sandbox, job: Mapping[str, object], submission: str) -> None:
        self.usage: list[Usage] = []
        self._sandbox = sandbox
        self._job = job
        self._submission = submission
        self._workers: dict[bool, _Worker] = {}
        self._deadly_imports: dict[str, Fault] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session's process and wait until it is gone."""
        for cuda in list(self._workers):
            self._end(cuda)

    def run(
        self, name: str, seed: int, device: str = "cpu", seconds: float | None = None
    ) -> "Reply":
        """Run the probe ``name``.

        Args:
            name: A function of the module of probes.
            seed: Seed of the probe's inputs.
            device: ``cpu``, ``meta`` or ``cuda``.
            seconds: Wall time allowed; the sandbox's limit if None.

        Raises:
            SandboxError: The grader itself failed.
        """
        from autograder.sandbox.runner import Fault, Reply

        limit = self._sandbox.limits.probe_seconds if seconds is None else seconds
        cuda = device.startswith("cuda")
        worker = self._worker(cuda)
        start = time.monotonic()
        try:
            try:
                reply = worker.run(name, seed, device, start + limit, self._deadly_imports)
            finally:
                used = time.monotonic() - start
            return replace(reply, seconds=used)
        except _DeadlyImport as known:
            self._end(cuda)
            return Reply(fault=known.fault, seconds=used)
        except TimeoutError:
            self._end(cuda)
            fault = Fault("time_limit", f"It did not finish within {limit:.3g} s")
        except wire.WireError as error:
            self._end(cuda)
            fault = Fault("malformed_reply", f"Its reply could not be read: {_short(str(error))}")
        except EOFError:
            usage = self._end(cuda, EXIT_GRACE)
            fault = _death(usage)
            if usage.killed:
                used += EXIT_GRACE
        if fault.kind != "malformed_reply":
            if worker.importing:
                what = f"{fault.message} while importing {worker.importing}.py"
                fault = Fault("import_failure", what)
            fault = replace(fault, message=f"{fault.message}.")
        if worker.importing:
            self._deadly_imports[worker.importing] = fault
        return Reply(fault=fault, seconds=used)

    def _worker(self, cuda: bool) -> "_Worker":
        if cuda not in self._workers:
            isolation = self._sandbox.started()
            limits = self._sandbox.limits
            try:
                server = isolation.cold_server(cuda=True) if cuda else isolation.server()
                give_up = isolation.confinement(self._submission, limits.memory_mb, cuda)
                self._workers[cuda] = _Worker(server, give_up, self._job, limits)
            except (SandboxError, EOFError, OSError) as error:
                isolation.discard_server()
                raise SandboxError(f"The grader itself failed: {error}") from error
        return self._workers[cuda]

    def _end(self, cuda: bool, grace: float = 0.0) -> Usage:
        worker = self._workers.pop(cuda)
        try:
            usage = worker.end(grace)
        except (SandboxError, OSError, msgspec.MsgspecError) as error:
            self._sandbox.started().discard_server()
            raise SandboxError(f"The grader itself failed: {error}") from error
        self.usage.append(usage)
        return usage


class _DeadlyImport(Exception):
    """The process is about to import a module whose import has already ended one."""

    def __init__(self, fault: "Fault") -> None:
        super().__init__(fault.message)
        self.fault = fault


class _Worker:
    """One confined process that holds one submission."""

    def __init__(
        self,
        server: ForkServer | ColdServer,
        confinement: Confinement,
        job: Mapping[str, object],
        limits: Limits,
    ) -> None:
        self.importing = ""
        self._server = server
        self._blob = limits.reply_mb * 2**20
        self._number = 0
        self._child: Child = server.spawn(confinement)
        self._drain = _Drain(self._child.output)
        await_ready(server, self._child)
        wire.send(self._child.channel, wire.encode(job, max_blob=1 << 40))

    def run(
        self,
        name: str,
        seed: int,
        device: str,
        deadline: float,
        deadly: Mapping[str, "Fault"],
    ) -> "Reply":
        """Run one probe; raises TimeoutError, EOFError, WireError or _DeadlyImport."""
        self._number += 1
        request = {"number": self._number, "name": name, "seed": seed, "device": device}
        channel = self._child.channel
        wire.send(channel, wire.encode(request), deadline)
        while True:
            frame = wire.receive(channel, deadline, self._blob, self._drain)
            try:
                message = wire.decode(frame, self._blob)
                if type(message) is not dict or "importing" not in message:
                    return _reply(message, self._number)
                self.importing = _short(wire.checked(message, {"importing": str})["importing"])
            except wire.WireError:
                raise
            except Exception as error:  # what a reply does to its reader is the submission's fault
                raise wire.WireError(type(error).__name__) from error
            if self.importing in deadly:
                raise _DeadlyImport(deadly[self.importing])

    def end(self, grace: float) -> Usage:
        """End the process and wait until it is gone."""
        return self._server.reap(self._child, grace)


@dataclass(frozen=True)
class _Drain:
    """Throws away what is written to a pipe, so that its writer never stalls."""

    descriptor: int

    def fileno(self) -> int:
        return self.descriptor

    def read(self) -> bool:
        """Read what the pipe holds now, at most one pipe's capacity."""
        try:
            return bool(os.read(self.descriptor, 1 << 16))
        except BlockingIOError:
            return True


def _printable(text: str) -> str:
    """``text`` without escape sequences and without characters that control the display."""
    plain = _ESCAPE_SEQUENCE.sub("", text)
    return "".join(c for c in plain if c in "\n\t" or unicodedata.category(c)[0] != "C")


def _reply(message: object, number: int) -> "Reply":
    """The reply that ``message`` claims to be, with every field checked."""
    from autograder.sandbox.runner import FRAMES, Fault, Frame, Reply

    fields = wire.checked(message, REPLY_FIELDS)
    if fields["number"] != number:
        raise wire.WireError("It answers another request.")
    if (fields["values"] is None) == (fields["fault"] is None):
        raise wire.WireError("It does not hold either values or a fault.")
    if not all(type(position) is int for position in fields["mutated"]):
        raise wire.WireError("The field mutated of the message has the wrong type.")
    fault = None
    if fields["fault"] is not None:
        told = wire.checked(fields["fault"], FAULT_FIELDS)
        if told["kind"] not in FAULT_KINDS:
            raise wire.WireError("It holds a fault of an unknown kind.")
        frames = [wire.checked(frame, FRAME_FIELDS) for frame in told["frames"][:FRAMES]]
        fault = Fault(
            told["kind"],
            _short(told["message"]),
            _short(told["exception"]),
            tuple(
                Frame(_short(f["path"]), f["line"], _short(f["function"]), _short(f["text"]))
                for f in frames
            ),
        )
    mutated, random_state = tuple(fields["mutated"]), fields["random_state"]
    return Reply(fields["values"], fault, mutated, random_state)


def _short(text: str) -> str:
    return _printable(text)[:TEXT_LENGTH]


def _death(usage: Usage) -> "Fault":
    """The fault that belongs to how a process ended."""
    from autograder.sandbox.runner import Fault

    if usage.killed:
        return Fault("crash", "The program closed its connection to the grader")
    if usage.status == -signal.SIGKILL:
        return Fault("memory_limit", "The system ended the program, most likely for its memory")
    if usage.status < 0:
        name = SIGNAL_NAMES.get(-usage.status, f"signal {-usage.status}")
        return Fault("crash", f"The program crashed with {name}")
    return Fault("crash", f"The program ended itself with exit status {usage.status}")
