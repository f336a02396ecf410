"""How far a child can be shut in on this machine, found out by trying.

Tiers, best first:

``bubblewrap``
    Namespaces: no network, no other processes, only the interpreter's files. As root, each
    submission also gets a user id of its own.
``user``
    Root in a container that refuses namespaces: a user id per submission, file modes, and
    Landlock where the kernel has it.
``landlock``
    The same user id; the kernel refuses every file but the interpreter's.
``process``
    Another process, and nothing that hides files. Unsafe.

The first three also install the system-call filter and resource limits. A tier counts as working
once a child confined by it has tried the forbidden acts and was refused each of them.
"""

import contextlib
import dataclasses
import os
import pwd
import shutil
import stat
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

from autograder.sandbox import wire
from autograder.sandbox.confine import (
    Confinement,
    landlock_version,
    seccomp_available,
    undumpable,
)
from autograder.sandbox.launch import (
    START_SECONDS,
    Child,
    ColdServer,
    ForkServer,
    Premises,
    SandboxError,
    ServerDied,
    await_ready,
    bubblewrap,
    environment,
    nvidia_devices,
)

NAMES = ("bubblewrap", "user", "landlock", "process")
DESCRIPTIONS = {
    "bubblewrap": "namespaces by bubblewrap, system-call filter, resource limits",
    "user": "a user id per submission, system-call filter, resource limits",
    "landlock": "Landlock file rules, system-call filter, resource limits",
    "process": "a separate process with resource limits; files are not protected",
}
FIXES = {
    "bubblewrap": "Install bubblewrap (apt install bubblewrap). On Ubuntu 24.04 and later its "
    "AppArmor profile must allow user namespaces (apt install apparmor-profiles, then load "
    "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict).",
    "user": "Run as root, with Python and its packages readable by every user (not below /root), "
    "and the autograder readable by root alone.",
    "landlock": "Use Linux 5.13 or later with landlock among its security modules, "
    "and pip install landlockpy pyseccomp.",
    "process": "",
}
NO_ISOLATION = "No isolation works here."
ASKED_FOR = "The isolation that was asked for does not work here."
SEE_DOCTOR = " `autograder doctor` says what to do."
FIRST_UID, UIDS = 20_000, 40_000


@dataclasses.dataclass(frozen=True)
class Tier:
    """The isolation in force.

    ``safe`` is False when student code could read or write the grader's files; results must
    then be stamped as unsafe. ``weaknesses`` are sentences on what is not prevented.
    """

    name: str
    safe: bool
    weaknesses: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TierReport:
    """Whether a tier works here, why not, and what to do about it."""

    name: str
    works: bool
    reason: str
    fix: str


class TierFailed(Exception):
    """A tier does not work here; the message says why."""


def confinement(
    tier: str, submission: str, memory_mb: int | None, readable: Sequence[str]
) -> Confinement:
    """What a child of ``tier`` gives up. The user id is the submission's own."""
    root = os.geteuid() == 0
    uid = None
    if root and tier in ("bubblewrap", "user"):
        uid = _unused_uid(zlib.crc32(f"{os.getpid()}:{submission}".encode()) % UIDS)
    linux = sys.platform == "linux"
    return Confinement(
        uid=uid,
        drop_capabilities=root and linux and uid is None,
        landlock=tier != "process" and landlock_version() > 0,
        seccomp=linux and seccomp_available(),
        readable=tuple(readable),
        memory_mb=memory_mb,
    )


def _unused_uid(number: int) -> int:
    """A user id that belongs to nobody, the ``number``-th or one soon after it."""
    for offset in range(UIDS):
        uid = FIRST_UID + (number + offset) % UIDS
        try:
            pwd.getpwuid(uid)
        except KeyError:
            return uid
    raise SandboxError(f"Every user id from {FIRST_UID} to {FIRST_UID + UIDS} belongs to somebody.")


def hidden_paths() -> list[str]:
    """Files of this program that no student code may read: the graders and the solutions."""
    package = Path(__file__).resolve().parents[1]
    candidates = [package / "__init__.py", package / "graders", package / "misconceptions"]
    candidates.append(package.parent / "solutions")
    return [str(path) for path in candidates if path.exists()]


class Isolation:
    """Finds the best tier that works and holds the server that serves it.

    Starting returns at once: the server comes up while the caller goes on. ``server()`` waits
    for it and for the self-test.
    """

    def __init__(self, wanted: str, allow_unsafe: bool, cold: bool, hidden: Sequence[str]) -> None:
        if wanted not in ("auto", *NAMES):
            raise SandboxError(
                f"There is no isolation {wanted!r}; choose auto, {', '.join(NAMES)}."
            )
        self.premises = Premises()
        self.tier: Tier | None = None
        self._cold = cold or sys.platform != "linux"
        self._allow_unsafe = allow_unsafe
        self._hidden = [*hidden_paths(), *hidden]
        self._choosing = wanted == "auto"
        self._untried = list(NAMES if self._choosing else (wanted,))
        self._failures: list[str] = []
        self._died: set[str] = set()
        self._server: ForkServer | ColdServer | None = None
        self._wrapped: bool | None = None
        self._trial: Child | None = None
        self._lock = threading.Lock()
        try:
            self._begin_trial()
        except BaseException:
            self.close()
            raise

    def server(self) -> ForkServer | ColdServer:
        """The server of the tier in force, started again if it has died."""
        with self._lock:
            return self._settled_server()

    def _settled_server(self) -> ForkServer | ColdServer:
        while self.tier is None:
            if self._trial is None:
                self._begin_trial()
            name = self._untried[0]
            try:
                weaknesses = self._finish_trial(name)
            except TierFailed as failure:
                self._give_up(name, failure)
            except ServerDied as death:
                self._try_again(name, death)
            else:
                self.tier = Tier(name, name != "process", weaknesses)
        if self._server is None:
            self._start(self.tier.name)
        assert self._server is not None
        return self._server

    def discard_server(self) -> None:
        """End the server; the next call of ``server()`` starts another."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def confinement(self, submission: str, memory_mb: int, cuda: bool = False) -> Confinement:
        """What a child gives up in the tier in force.

        With ``cuda`` it keeps the GPU's devices, and its memory is not limited: the driver
        reserves address space far beyond what it uses.
        """
        assert self.tier is not None
        readable = self.premises.readable()
        if not cuda:
            return confinement(self.tier.name, submission, memory_mb, readable)
        without_limit = confinement(self.tier.name, submission, None, readable)
        return dataclasses.replace(without_limit, devices=nvidia_devices())

    def cold_server(self, cuda: bool) -> ColdServer:
        """A server for children that cannot be forked, in the tier in force."""
        self.server()
        assert self.tier is not None
        return ColdServer(self.premises, self.tier.name == "bubblewrap", cuda)

    def close(self) -> None:
        """End every process and remove the private folder."""
        self.discard_server()
        self.premises.close()

    def _begin_trial(self) -> None:
        """Start the self-test of the first untried tier that is not ruled out beforehand."""
        while self._untried:
            name = self._untried[0]
            try:
                self._rule_out(name)
                self._start(name)
                assert self._server is not None
                give_up = confinement(name, "self-test", None, self.premises.readable())
                self._trial = self._server.spawn(give_up, warm=False)
                test = {
                    "canary": str(self.premises.canary),
                    "hidden": self._hidden,
                    "trusted": os.getpid(),
                }
                with contextlib.suppress(EOFError):  # its death is noticed when it is waited for
                    wire.send(self._trial.channel, wire.encode({"selftest": test}))
                return
            except TierFailed as failure:
                self._give_up(name, failure)
            except ServerDied as death:
                self._try_again(name, death)
        raise self._nothing_works()

    def _give_up(self, name: str, why: Exception) -> None:
        self._untried.remove(name)
        self._failures.append(f"{name}: {why}")

    def _try_again(self, name: str, death: ServerDied) -> None:
        """Let a tier be tried once more: the death of its server says nothing about the tier.

        Where it dies again, no weaker tier is tried in its place.
        """
        self.discard_server()
        if name in self._died:
            self._give_up(name, death)
            self._untried.clear()
        self._died.add(name)

    def _nothing_works(self) -> SandboxError:
        words = NO_ISOLATION if self._choosing else ASKED_FOR
        return SandboxError(f"{words} {' '.join(self._failures)}{SEE_DOCTOR}")

    def _rule_out(self, name: str) -> None:
        """Raise TierFailed when a look is enough to tell that a tier cannot work."""
        if name == "process":
            if not self._allow_unsafe:
                raise TierFailed("it protects no files; --allow-unsafe accepts that.")
            return
        if sys.platform != "linux":
            raise TierFailed("it needs Linux.")
        if not seccomp_available():
            raise TierFailed("libseccomp or its binding pyseccomp is missing.")
        if name == "bubblewrap":
            _try_bubblewrap(self.premises)
        if name == "user" and os.geteuid() != 0:
            raise TierFailed("it needs root.")
        if name == "landlock" and landlock_version() == 0:
            raise TierFailed("the kernel or the package landlockpy does not offer Landlock.")

    def _start(self, name: str) -> None:
        wrapped = name == "bubblewrap"
        if self._server is not None and self._wrapped == wrapped:
            return
        self.discard_server()
        if not self.premises.canary.exists():  # a long batch outlives what sweeps /tmp
            self.premises = Premises()
        self._wrapped = wrapped
        if self._cold:
            self._server = ColdServer(self.premises, wrapped, cuda=False)
        else:
            self._server = ForkServer(self.premises, wrapped)
        if not wrapped and sys.platform == "linux":
            undumpable()

    def _finish_trial(self, name: str) -> tuple[str, ...]:
        """The tier's weaknesses, once its self-test has passed."""
        server, child = self._server, self._trial
        assert server is not None
        assert child is not None
        self._trial = None
        try:
            await_ready(server, child)
        except ServerDied:
            raise
        except SandboxError as error:
            self.discard_server()
            raise TierFailed(str(error)) from error
        try:
            frame = wire.receive(child.channel, time.monotonic() + START_SECONDS)
            found = wire.checked(wire.decode(frame), {"open": dict, "broken": dict})
        except (EOFError, TimeoutError, wire.WireError) as error:
            raise TierFailed(f"its self-test gave no answer: {error}") from error
        finally:
            server.reap(child)
        if found["broken"]:
            act, why = next(iter(found["broken"].items()))
            raise TierFailed(f"a confined program could not {act} ({why}).")
        if found["open"] and name != "process":
            raise TierFailed(f"a confined program could {' and '.join(found['open'])}.")
        return (*(f"Student code can {act}." for act in found["open"]), *_weaknesses(name))


def survey() -> list[TierReport]:
    """Try every tier on this machine."""
    reports = []
    for name in NAMES:
        works, reason = True, DESCRIPTIONS[name]
        try:
            isolation = Isolation(name, allow_unsafe=True, cold=False, hidden=())
            try:
                isolation.server()
            finally:
                isolation.close()
        except SandboxError as error:
            works = False
            reason = str(error).removeprefix(f"{ASKED_FOR} {name}: ").removesuffix(SEE_DOCTOR)
        reports.append(TierReport(name, works, reason, "" if works else _fix(name, reason)))
    return reports


def _fix(name: str, reason: str) -> str:
    """What to do about a tier that does not work."""
    if not any(error in reason for error in ("ImportError", "ModuleNotFoundError", "Permission")):
        return FIXES[name]
    places = [Path(os.path.realpath(path)) for path in (sys.base_prefix, sys.prefix)]
    ways = dict.fromkeys(way for place in places for way in (*reversed(place.parents), place))
    closed = [str(way) for way in ways if not way.stat().st_mode & stat.S_IXOTH]
    if closed and name in ("bubblewrap", "user") and os.geteuid() == 0:
        return (
            f"Confined programs cannot read Python's packages: others cannot enter {closed[0]}. "
            "Install Python and a new environment where they can, for example below /opt."
        )
    return (
        "Confined programs cannot read all of Python's packages: install them in the environment "
        f"{sys.prefix} itself (pip install -e .), readable by every user."
    )


def _try_bubblewrap(premises: Premises) -> None:
    if shutil.which("bwrap") is None:
        raise TierFailed("bwrap is not installed.")
    command = [*bubblewrap(premises.readable()), "--", sys.executable, "-I", "-S", "-c", "pass"]
    try:
        done = subprocess.run(
            command,
            env=environment(premises.root),
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TierFailed("bwrap did not start within 10 s.") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise TierFailed(f"bwrap failed: {lines[-1]}.")


def _weaknesses(name: str) -> tuple[str, ...]:
    if name == "user" and landlock_version() == 0:
        return ("Without Landlock, student code can read files that every user may read.",)
    return ()
