"""What must be refused is refused by the kernel, in every tier; and the self-test would notice."""

import contextlib
import dataclasses
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sandbox import attacks
from sandbox.limits import LIMITS
from sandbox.possible import SAFE, best_tier, obstacle, obstacle_to_other_users

from autograder.config import ROOT
from autograder.sandbox import isolation
from autograder.sandbox.client import Sandbox, SandboxError, Session
from autograder.sandbox.confine import Confinement, landlock_version
from autograder.sandbox.launch import Child, ForkServer

# Harmless only as long as they are refused, or pointless without what they try to escape from.
NOT_TRIED_UNCONFINED = {
    "replace_results",
    "delete_results",
    "trace_parent",
    "raise_limits",
    "signal_everybody",
    "read_grader_memory",
    "read_parent_memory",
    "copy_parent_memory",
    "read_parent_environment",
}
OPEN_TO_EVERY_USER = {"leave_file_in_tmp", "leave_shared_memory", "read_other_submission"}


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Everything an attacker could wish to know."""
    folder = tmp_path_factory.mktemp("grader")
    (folder / "hidden_tests.py").write_text("secret")
    (folder / "results.json").write_text("{}")
    public = tmp_path_factory.mktemp("submissions") / "other.py"
    public.write_text("someone else's solution")
    for path in (public, *public.parents):
        if path.is_relative_to("/tmp/pytest-of-root"):
            path.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield {
            "act": attacks.FUNCTIONS,
            "hidden": str(folder / "hidden_tests.py"),
            "results": str(folder / "results.json"),
            "public": str(public),
            "grader": os.getpid(),
            "port": listener.getsockname()[1],
            "mark": f"left-by-a-student-{os.getpid()}",
        }


def session_of(sandbox: Sandbox, targets: dict[str, object]) -> Session:
    files = {
        "pack/__init__.py": b"",
        "pack/acts.py": attacks.ACTS.encode(),
        "pack/targets.py": f"TEXT = {json.dumps(targets)!r}".encode(),
    }
    return sandbox.session("pack", files, attacks.PROBES_OF_ACTS, "attacker")


@pytest.fixture(scope="module")
def attacker(each_sandbox: Sandbox, targets: dict[str, object]) -> Iterator[Session]:
    with session_of(each_sandbox, targets) as session:
        yield session


@pytest.mark.parametrize("act", attacks.FUNCTIONS)
def test_forbidden_acts_are_refused(
    each_sandbox: Sandbox, attacker: Session, act: str, targets: dict[str, object]
) -> None:
    if each_sandbox.tier.name == "user" and act in OPEN_TO_EVERY_USER and not landlock_version():
        pytest.skip("without Landlock this tier does not refuse it, and says so")
    reply = attacker.run("act", seed=attacks.FUNCTIONS.index(act))
    assert reply.fault is None, reply.fault
    assert reply.values["refused"] is True
    assert Path(str(targets["results"])).read_text() == "{}"


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox that confines nothing."""
    monkeypatch.setattr(isolation, "confinement", lambda *_: Confinement())
    with Sandbox(LIMITS, isolation="process", allow_unsafe=True) as sandbox:
        assert not sandbox.tier.safe
        yield sandbox


def test_the_same_acts_succeed_without_confinement(
    unconfined: Sandbox, targets: dict[str, object]
) -> None:
    refused = {}
    with session_of(unconfined, targets) as session:
        for seed, act in enumerate(attacks.FUNCTIONS):
            if act in NOT_TRIED_UNCONFINED:
                continue
            reply = session.run("act", seed=seed)
            if reply.values is None or reply.values["refused"]:
                refused[act] = reply
    for left in (Path("/tmp"), Path("/dev/shm")):
        with contextlib.suppress(FileNotFoundError):
            (left / str(targets["mark"])).unlink()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            (left / str(targets["mark"])).rmdir()
    Path(str(targets["results"])).write_text("{}")
    if os.geteuid() != 0:
        refused.pop("become_root", None)
        refused.pop("new_namespace", None)
    assert refused.keys() <= {"leave_folder_in_tmp"}


def test_a_user_of_its_own_leaves_nothing_behind_without_landlock(
    monkeypatch: pytest.MonkeyPatch, targets: dict[str, object]
) -> None:
    monkeypatch.setattr(isolation, "landlock_version", lambda: 0)
    monkeypatch.setattr(isolation, "hidden_paths", list)  # this repository need not be private
    act = attacks.FUNCTIONS.index("leave_file_in_tmp")
    left = Path("/tmp") / str(targets["mark"])
    if why := obstacle_to_other_users():
        pytest.skip(why)
    with Sandbox(LIMITS, isolation="user") as sandbox, session_of(sandbox, targets) as session:
        assert sandbox.tier.weaknesses
        assert session.run("act", seed=act).values["refused"] is False
        assert left.stat().st_size == 0
        read = attacks.FUNCTIONS.index("read_hidden_tests")
        assert session.run("act", seed=read).values["refused"] is True
        session.close()
        assert not left.exists()


@pytest.mark.parametrize("root", [True, False])
@pytest.mark.parametrize("offered", [1, 0])
@pytest.mark.parametrize(
    ("tier", "own_user", "no_capabilities", "landlock"),
    [
        ("bubblewrap", True, False, True),
        ("user", True, False, True),
        ("landlock", False, True, True),
        ("process", False, True, False),
    ],
)
def test_a_child_gives_up_what_its_tier_promises(
    monkeypatch: pytest.MonkeyPatch,
    root: bool,
    offered: int,
    tier: str,
    own_user: bool,
    no_capabilities: bool,
    landlock: bool,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(isolation, "landlock_version", lambda: offered)
    monkeypatch.setattr(isolation, "seccomp_available", lambda: True)
    given = isolation.confinement(tier, "ann", 512, ["/usr"])
    assert (given.uid is not None) == (root and own_user)
    assert given.drop_capabilities == (root and no_capabilities)
    assert given.landlock == (landlock and offered > 0)
    assert given.seccomp
    assert (given.readable, given.memory_mb) == (("/usr",), 512)


def test_nobody_who_exists_lends_a_submission_their_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    people: set[int] = set()

    def getpwuid(uid: int) -> str:
        if uid not in people:
            raise KeyError(uid)
        return "a person"

    def user() -> int:
        uid = isolation.confinement("user", "ann", None, ()).uid
        assert uid is not None
        return uid

    monkeypatch.setattr(pwd, "getpwuid", getpwuid)
    first, last = isolation.FIRST_UID, isolation.FIRST_UID + isolation.UIDS - 1
    for _ in range(3):
        assert user() == user()
        assert first <= user() <= last
        assert user() not in people
        people.add(user())
    people.update(range(first + 1, last + 1))
    assert user() == first
    people.add(first)
    with pytest.raises(SandboxError, match="belongs to somebody"):
        user()


SELF_TEST = """
import json, os, sys
from autograder.sandbox import selftest
print(json.dumps(selftest.run(*json.loads(sys.argv[1]), os.getpid())))
"""


def test_the_self_test_tries_every_forbidden_act(tmp_path: Path) -> None:
    canary, hidden = tmp_path / "canary", tmp_path / "hidden"
    canary.touch()
    hidden.mkdir()
    paths = json.dumps([str(canary), [str(hidden), str(canary)]])
    done = subprocess.run(
        [sys.executable, "-c", SELF_TEST, paths], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    found = json.loads(done.stdout)
    assert found["open"].keys() == {
        "read a file of the grader",
        "write a file of the grader",
        "create a file beside the grader's",
        "open a socket",
        "start a process",
        "execute a program",
        "signal the grader",
        "read the grader's memory",
        *(["become root"] if os.geteuid() == 0 else []),
        f"read {hidden}",
        f"read {canary}",
    }
    assert found["broken"] == {}


def test_an_unsafe_tier_is_refused_unless_allowed() -> None:
    with pytest.raises(SandboxError, match="protects no files"):
        Sandbox(LIMITS, isolation="process").start()


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(SandboxError, match="choose auto, bubblewrap"):
        Sandbox(LIMITS, isolation="vault").start()


@pytest.mark.parametrize("missing", ["landlock", "seccomp"])
def test_the_self_test_notices_a_hole(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    tier = "landlock" if missing == "landlock" else sandbox.tier.name
    if why := obstacle(tier):
        pytest.skip(f"{tier}: {why}")
    real = isolation.confinement

    def holey(*args: object) -> Confinement:
        return dataclasses.replace(real(*args), **{missing: False})  # type: ignore[arg-type]

    monkeypatch.setattr(isolation, "confinement", holey)
    with (
        Sandbox(LIMITS, isolation=tier) as holed,
        pytest.raises(SandboxError, match=r"a confined program could (?!not)"),
    ):
        _ = holed.tier


def test_the_self_test_notices_a_hidden_file_that_can_be_read(sandbox: Sandbox) -> None:
    readable = [os.__file__]
    with Sandbox(LIMITS, isolation=sandbox.tier.name, hidden=readable) as holed:
        for _ in range(2):  # who asks again is told the same
            with pytest.raises(SandboxError, match=r"read .*os\.py"):
                _ = holed.tier


def _kill(server: ForkServer) -> None:
    """End a server that may still be starting: a bubblewrap's child would outlive it."""
    around = psutil.Process(server.pid)
    while not (inside := around.children(recursive=True)):
        time.sleep(0.001)
    for process in (*inside, around):
        with contextlib.suppress(psutil.NoSuchProcess):  # the first takes the others with it
            process.kill()


@pytest.fixture
def killings(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[int]:
    """The fork servers that are still to be killed while they are tested, each an entry."""
    left: list[int] = []
    ready, send = isolation.await_ready, isolation.wire.send

    def send_unless_killed(*message: object) -> None:
        if not left:  # so that no self-test is over before its server is killed
            send(*message)

    def await_ready(server: ForkServer, child: Child) -> None:
        if request.param == "in the self-test":
            ready(server, child)
        if left:
            left.pop()
            _kill(server)
        if request.param == "before the self-test":
            ready(server, child)

    monkeypatch.setattr(isolation, "await_ready", await_ready)
    monkeypatch.setattr(isolation.wire, "send", send_unless_killed)
    return left


each_moment = pytest.mark.parametrize(
    "killings", ["before the self-test", "in the self-test"], indirect=True
)


@each_moment
def test_a_fork_server_that_dies_while_it_is_tested_is_replaced(
    sandbox: Sandbox, killings: list[int]
) -> None:
    killings.append(1)
    with Sandbox(LIMITS) as shaken:
        assert shaken.tier == sandbox.tier
    assert not killings


@each_moment
def test_a_fork_server_that_dies_again_is_no_reason_for_a_weaker_tier(
    sandbox: Sandbox, killings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    working = isolation.NAMES[isolation.NAMES.index(sandbox.tier.name) :]
    monkeypatch.setattr(isolation, "NAMES", working)
    killings += [1, 2]
    with Sandbox(LIMITS, allow_unsafe=True) as shaken:
        for _ in range(2):
            with pytest.raises(SandboxError, match=f"{sandbox.tier.name}: The fork server stopped"):
                _ = shaken.tier


def test_auto_does_without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = best_tier("user", "landlock")
    if expected is None:
        pytest.skip(f"user: {obstacle('user')}; landlock: {obstacle('landlock')}")
    monkeypatch.setenv("PATH", "/nonexistent")
    with Sandbox(LIMITS) as sandbox:
        assert sandbox.tier.name == expected
        assert sandbox.tier.safe


def test_bubblewrap_is_tried_as_it_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: Sandbox
) -> None:
    if sandbox.tier.name != "bubblewrap":
        pytest.skip("bubblewrap does not work here")
    calls, program = tmp_path / "calls", tmp_path / "bwrap"
    real = shutil.which("bwrap")
    program.write_text(f'#!/bin/sh\necho "$0 $HOME" >> {calls}\nexec {real} "$@"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with Sandbox(LIMITS) as found_elsewhere:
        assert found_elsewhere.tier == sandbox.tier
    tried, run = calls.read_text("utf-8").splitlines()
    assert tried == run == f"{program} /"


def test_survey_reports_every_tier() -> None:
    reports = {report.name: report for report in isolation.survey()}
    assert list(reports) == list(isolation.NAMES)
    assert reports["process"].works
    assert all(report.works or (report.reason and report.fix) for report in reports.values())
    assert [name for name in SAFE if reports[name].works] == [n for n in SAFE if not obstacle(n)]
