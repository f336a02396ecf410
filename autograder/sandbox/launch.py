"""Start the processes of the untrusted side, and speak to them from the trusted one.

A ``ForkServer`` forks children from a process that holds torch; a ``ColdServer`` starts every
child by exec, which takes seconds, but works where a fork does not (CUDA, macOS). Both give
``Child`` objects with the same behaviour.
"""

import contextlib
import fcntl
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from autograder.sandbox import wire
from autograder.sandbox.confine import Confinement

START_SECONDS = 120.0
REAP_SECONDS = 20.0
PREFIX = "autograder-sandbox-"
SIGNALLED = 128
"""Bubblewrap reports the death of its child by a signal as this plus the signal's number."""
SYSTEM_PATHS = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/localtime",
    "/sys/devices/system/cpu",
)
# Libraries look for a writable folder when they are imported, and there is none; what they create
# while being imported stays, so looking for garbage in it only costs time.
BOOT = """
import gc, os, sys, tempfile
gc.disable()
tempfile.tempdir = os.environ["TMPDIR"]
root, module, function, spec, *readable = sys.argv[1:]
inside = tuple(path.rstrip("/") + "/" for path in readable)
sys.path[:] = [root, *(path for path in sys.path if path.startswith(inside))]
getattr(__import__(module, fromlist=["_"]), function)(spec)
"""


class SandboxError(Exception):
    """The grader itself failed: nothing that a student did, and never a reason to lose points."""


class ServerDied(SandboxError):
    """The fork server ended by itself."""


@dataclass(frozen=True)
class Usage:
    """How a child ended, told by the kernel and not by the child.

    ``status`` is the exit status, or minus the number of the signal that ended it; ``killed``
    says that the grader sent that signal.
    """

    status: int
    killed: bool
    cpu_seconds: float
    memory_mb: float
    pid: int


class Premises:
    """A private folder with what the untrusted side may see of this program: this package alone.

    Every file that holds a secret stays outside, so that one read-only folder can be shown to
    confined processes instead of the repository. The folder is locked while it is in use, and those
    that graders have left because they were killed are removed.

    Raises:
        SandboxError: The folder cannot be written.
    """

    def __init__(self) -> None:
        try:
            _sweep()
            self.folder, lock = _locked_folder()
        except OSError as error:
            raise _not_written(error) from error
        self.close = weakref.finalize(self, _remove, self.folder, lock)
        self.root = self.folder / "visible"
        self.private = self.folder / "private"
        self.canary = self.private / "canary"
        try:
            self._furnish()
        except OSError as error:
            self.close()
            raise _not_written(error) from error

    def _furnish(self) -> None:
        source = Path(__file__).parent
        package = self.root / "autograder"
        shutil.copytree(source, package / "sandbox")
        (package / "__init__.py").touch()
        (self.root / "empty").mkdir()
        for path in (self.root, *self.root.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        self.folder.chmod(0o711)
        self.private.mkdir(mode=0o700)
        self.canary.write_text("A sandbox in which this can be read is not one.\n")

    def readable(self) -> tuple[str, ...]:
        """Files and folders that a process needs to run Python, torch and this package."""
        wanted = {*SYSTEM_PATHS, sys.prefix, sys.base_prefix, str(self.root)}
        wanted |= {os.path.realpath(path) for path in wanted}
        wanted = {path for path in wanted if os.path.exists(path)}
        folders = {f"{path}/" for path in wanted if not os.path.islink(path)}
        return tuple(sorted(path for path in wanted if not path.startswith(tuple(folders))))

    def command(self, module: str, function: str, spec: dict) -> list[str]:
        """The command line that runs ``module.function(spec)`` with nothing inherited."""
        text = msgspec.json.encode(spec).decode()
        options = ["-I", "-B", "-X", "utf8", "-W", "ignore", "-c", BOOT]
        return [
            sys.executable, *options, str(self.root), module, function, text, *self.readable()
        ]  # fmt: skip


def _locked_folder() -> tuple[Path, int]:
    """A new private folder and the descriptor of its lock, which the kernel drops at our death."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Before it is locked, another process that starts now may remove it.
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with contextlib.suppress(OSError):  # without locks on this file system none is removed
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _sweep() -> None:
    """Remove this user's folders that no process holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _remove(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _not_written(error: OSError) -> SandboxError:
    why = error.args[0][0][2] if isinstance(error, shutil.Error) else error
    return SandboxError(
        f"The sandbox's private folder could not be written: {why}. Free some space there, or name "
        "another folder in the environment variable TMPDIR."
    )


def environment(root: Path) -> dict[str, str]:
    """The whole environment of the untrusted side."""
    empty = str(root / "empty")
    return {
        "TMPDIR": empty,
        "TORCHINDUCTOR_CACHE_DIR": empty,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/",
        "USER": "student",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_CACHE_DISABLE": "1",
    }


def bubblewrap(readable: Sequence[str], devices: Sequence[str] = ()) -> list[str]:
    """The start of a command line that runs the rest in namespaces of its own, all read-only."""
    program = shutil.which("bwrap") or "bwrap"  # what runs it searches the untrusted side's PATH
    arguments = [program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    arguments += ["--unshare-cgroup-try", "--new-session"]
    if os.geteuid() != 0:
        arguments += ["--unshare-user"]
    # bwrap makes missing parents for itself alone; children with other user ids must pass too.
    parents = {parent for path in (*readable, "/dev/null") for parent in Path(path).parents[:-1]}
    for parent in sorted(map(str, parents)):
        if not any(parent == path or parent.startswith(f"{path}/") for path in readable):
            arguments += ["--perms", "0755", "--dir", parent]
    for path in readable:
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        else:
            arguments += ["--ro-bind", path, path]
    arguments += ["--proc", "/proc"]
    for device in ("/dev/null", "/dev/urandom", "/dev/random", *devices):
        arguments += ["--dev-bind", device, device]
    return [*arguments, "--remount-ro", "/", "--chdir", "/"]


def nvidia_devices() -> tuple[str, ...]:
    """The device files of NVIDIA GPUs."""
    return tuple(str(path) for path in Path("/dev").glob("nvidia*") if path.is_char_device())


class _Process:
    """A process of the untrusted side that was started by exec, perhaps inside bubblewrap."""

    def __init__(
        self,
        premises: Premises,
        command: Sequence[str],
        descriptors: Sequence[int],
        log: str,
        wrap: Sequence[str] = (),
    ) -> None:
        self._log = premises.private / log
        self._info: int | None = None
        passed = list(descriptors)
        if wrap:
            self._info, write = os.pipe()
            command = [*wrap, "--info-fd", str(write), "--", *command]
            passed.append(write)
        with self._log.open("wb") as errors:
            self.popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=environment(premises.root),
                cwd="/",
                pass_fds=passed,
                start_new_session=True,
            )
        if self._info is not None:
            os.close(write)

    def kill(self) -> None:
        """End the process and everything that it started."""
        if self._info is not None:
            # The first process of the namespace: with it dies everything inside.
            with contextlib.suppress(msgspec.DecodeError, KeyError, ProcessLookupError):
                first = msgspec.json.decode(os.read(self._info, 4096))["child-pid"]
                os.kill(first, signal.SIGKILL)
            os.close(self._info)
            self._info = None
        # Where bubblewrap fails before its child is set up, the child waits for it for ever.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)

    def complaint(self) -> str:
        """The last line that it wrote to its standard error."""
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else f"exit status {self.popen.poll()}"


class Child:
    """One confined process, seen from the trusted side: a channel, its output, and its end."""

    def __init__(self, channel: socket.socket, output: int) -> None:
        self.channel = channel
        self.output = output

    def close(self) -> None:
        self.channel.close()
        os.close(self.output)


def _pipes() -> tuple[Child, socket.socket, int]:
    """A child's trusted ends, and the ends that the child itself gets."""
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    os.set_blocking(read, False)
    return Child(ours, read), theirs, write


class ForkServer:
    """The zygote, seen from the trusted side. Safe to use from several threads."""

    def __init__(self, premises: Premises, wrapped: bool) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._children: dict[Child, int] = {}
        readable = premises.readable()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            spec = {"control": theirs.fileno(), "readable": readable}
            self._process = _Process(
                premises,
                premises.command("autograder.sandbox.zygote", "main", spec),
                [theirs.fileno()],
                "zygote.log",
                bubblewrap(readable) if wrapped else (),
            )

    def spawn(self, confinement: Confinement, warm: bool = True) -> Child:
        """Ask for a child. Returns at once; the child speaks when it is ready.

        Args:
            confinement: What the child gives up.
            warm: Fork only after the fork server has imported all that it is going to.
        """
        child, theirs, write = _pipes()
        number = next(self._numbers)
        request = {"spawn": number, "warm": warm, "confinement": asdict(confinement)}
        with theirs, self._lock:
            try:
                socket.send_fds(
                    self._control, [msgspec.json.encode(request)], [theirs.fileno(), write]
                )
            except OSError as error:
                child.close()
                raise self._failure(error) from error
            finally:
                os.close(write)
        self._children[child] = number
        return child

    def reap(self, child: Child, grace: float = 0.0) -> Usage:
        """End ``child``, after ``grace`` seconds to end by itself; wait until it is gone."""
        request = {"reap": self._children.pop(child), "grace": grace}
        child.close()
        with self._lock:
            try:
                self._control.settimeout(REAP_SECONDS + START_SECONDS)
                self._control.send(msgspec.json.encode(request))
                answer = self._control.recv(1 << 16)
            except OSError as error:
                raise self._failure(error) from error
        if not answer:
            raise self._failure("it closed its control socket")
        return msgspec.json.decode(answer, type=Usage)

    @property
    def pid(self) -> int:
        """Process id of the server, or of the bubblewrap around it."""
        return self._process.popen.pid

    def complaint(self) -> str:
        """What the process last wrote about its own failure."""
        return self._process.complaint()

    def close(self) -> None:
        """End the server and, with it, every child."""
        self._control.close()
        self._process.kill()
        self._process.popen.wait()

    def _failure(self, why: object) -> ServerDied:
        time.sleep(0.05)  # lets the last words reach the log
        return ServerDied(f"The fork server stopped: {why} ({self._process.complaint()}).")


class ColdServer:
    """Starts every child by exec."""

    def __init__(self, premises: Premises, wrapped: bool, cuda: bool) -> None:
        self._premises = premises
        self._wrapped = wrapped
        self._cuda = cuda
        self._processes: dict[Child, _Process] = {}
        self._complaint = ""
        self._numbers = itertools.count()

    def spawn(self, confinement: Confinement, warm: bool = True) -> Child:
        """Start a child. Returns at once; the child speaks when it is ready."""
        child, theirs, write = _pipes()
        wrap: list[str] = []
        if self._wrapped:
            wrap = bubblewrap(self._premises.readable(), confinement.devices)
            wrap.append("--die-with-parent")
        with theirs:
            spec = {
                "channel": theirs.fileno(),
                "output": write,
                "cuda": self._cuda,
                "confinement": asdict(confinement),
                "parent": None if self._wrapped else os.getpid(),
            }
            self._processes[child] = _Process(
                self._premises,
                self._premises.command("autograder.sandbox.worker", "main_of_its_own", spec),
                [theirs.fileno(), write],
                f"worker-{next(self._numbers)}.log",
                wrap,
            )
        os.close(write)
        return child

    def reap(self, child: Child, grace: float = 0.0) -> Usage:
        """End ``child``, after ``grace`` seconds to end by itself; wait until it is gone."""
        process = self._processes.pop(child)
        child.close()
        deadline = time.monotonic() + grace
        pid = process.popen.pid
        done, status, usage = os.wait4(pid, os.WNOHANG)
        while not done and time.monotonic() < deadline:
            time.sleep(0.01)
            done, status, usage = os.wait4(pid, os.WNOHANG)
        process.kill()
        if not done:
            _, status, usage = os.wait4(pid, 0)
        self._complaint = process.complaint()
        process.popen.returncode = os.waitstatus_to_exitcode(status)
        if self._wrapped and process.popen.returncode > SIGNALLED:
            process.popen.returncode = SIGNALLED - process.popen.returncode
        scale = 1024 if sys.platform == "linux" else 1024 * 1024
        cpu = usage.ru_utime + usage.ru_stime
        return Usage(process.popen.returncode, not done, cpu, usage.ru_maxrss / scale, pid)

    def complaint(self) -> str:
        """What the child that was reaped last wrote about its own failure."""
        return self._complaint

    def close(self) -> None:
        """End every child."""
        for child in list(self._processes):
            self.reap(child)


def await_ready(server: ForkServer | ColdServer, child: Child) -> None:
    """Wait until ``child`` is confined.

    Raises:
        SandboxError: It could not be started or confined.
    """
    try:
        frame = wire.receive(child.channel, time.monotonic() + START_SECONDS)
        failed = wire.checked(wire.decode(frame), {"failed": str})["failed"]
    except (EOFError, TimeoutError, wire.WireError) as error:
        server.reap(child)
        raise SandboxError(f"A worker did not start: {error} {server.complaint()}") from error
    if failed:
        server.reap(child)
        raise SandboxError(f"A worker could not be confined: {failed}.")
