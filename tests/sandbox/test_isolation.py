"""What must be refused is refused by the kernel, in every tier; and the self-test would notice."""

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sandbox import attacks
from sandbox.limits import LIMITS

from autograder.sandbox import isolation
from autograder.sandbox.client import Sandbox, SandboxError, Session
from autograder.sandbox.confine import Confinement
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
    attacker: Session, act: str, targets: dict[str, object]
) -> None:
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
    try:
        with Sandbox(LIMITS, isolation="user") as sandbox, session_of(sandbox, targets) as session:
            assert sandbox.tier.weaknesses
            assert session.run("act", seed=act).values["refused"] is False
            assert left.stat().st_size == 0
            read = attacks.FUNCTIONS.index("read_hidden_tests")
            assert session.run("act", seed=read).values["refused"] is True
            session.close()
            assert not left.exists()
    except SandboxError as error:
        pytest.skip(str(error))


def test_an_unsafe_tier_is_refused_unless_allowed() -> None:
    with pytest.raises(SandboxError, match="protects no files"):
        Sandbox(LIMITS, isolation="process").start()


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(SandboxError, match="choose auto, bubblewrap"):
        Sandbox(LIMITS, isolation="vault").start()


@pytest.mark.parametrize("missing", ["landlock", "seccomp"])
def test_the_self_test_notices_a_hole(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    real = isolation.confinement

    def holey(*args: object) -> Confinement:
        return dataclasses.replace(real(*args), **{missing: False})  # type: ignore[arg-type]

    monkeypatch.setattr(isolation, "confinement", holey)
    with (
        Sandbox(LIMITS, isolation="landlock") as sandbox,
        pytest.raises(SandboxError, match="could"),
    ):
        _ = sandbox.tier


def test_the_self_test_notices_a_hidden_file_that_can_be_read() -> None:
    readable = [os.__file__]
    with Sandbox(LIMITS, hidden=readable) as sandbox:
        for _ in range(2):  # who asks again is told the same
            with pytest.raises(SandboxError, match=r"read .*os\.py"):
                _ = sandbox.tier


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
    sandbox: Sandbox, killings: list[int]
) -> None:
    killings += [1, 2]
    with Sandbox(LIMITS) as shaken:
        for _ in range(2):
            with pytest.raises(SandboxError, match=f"{sandbox.tier.name}: The fork server stopped"):
                _ = shaken.tier


def test_auto_does_without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with Sandbox(LIMITS) as sandbox:
        assert sandbox.tier.name in ("user", "landlock")
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
