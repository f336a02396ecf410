"""A session returns what the student computed, and survives whatever the student does."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from sandbox import attacks
from sandbox.limits import LIMITS

from autograder.sandbox.client import Sandbox, SandboxError, Session

PROBES = """
import torch
def shifted(hw, rng):
    return {"x": rng.normal(3), "y": hw.model.shift(rng.tensor([1.0, 2.0])), "n": 3, "s": ["a"]}
def broken(hw, rng): return {"y": hw.broken.f()}
def nothing(hw, rng): return {}
def meta(hw, rng): return {"y": hw.model.shift(rng.normal(4, 2))}
"""
MODEL = b"import torch\ndef shift(x):\n    print('shifting')\n    return x + 1\n"


def processes_named(name: str) -> list[int]:
    """Processes on this machine with a thread of this name, in whatever namespace they live."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        threads = Path("/proc", process, "task")
        with contextlib.suppress(OSError):  # it has ended
            for thread in os.listdir(threads):
                with contextlib.suppress(OSError):
                    if (threads / thread / "comm").read_bytes().strip() == name.encode():
                        found.append(int(process))
    return found


def files(**modules: bytes) -> dict[str, bytes]:
    return {"pack/__init__.py": b"", "pack/model.py": MODEL} | {
        f"pack/{name}.py": source for name, source in modules.items()
    }


def test_values_come_back(each_sandbox: Sandbox) -> None:
    with each_sandbox.session("pack", files(), PROBES, "one") as session:
        reply = session.run("shifted", seed=5)
        assert reply.fault is None
        assert reply.values is not None
        assert torch.equal(reply.values["y"], torch.tensor([2.0, 3.0], dtype=torch.float64))
        assert (reply.values["n"], reply.values["s"]) == (3, ["a"])
        again = session.run("shifted", seed=5).values
        other = session.run("shifted", seed=6).values
        assert torch.equal(reply.values["x"], again["x"])
        assert not torch.equal(reply.values["x"], other["x"])
        assert session.run("meta", seed=1, device="meta").values["y"].is_meta
    assert [usage.cpu_seconds > 0 for usage in session.usage] == [True]


def test_a_worker_started_by_exec_serves_the_same_protocol(sandbox: Sandbox) -> None:
    with (
        Sandbox(LIMITS, spawn=True) as spawning,
        spawning.session("pack", files(), PROBES, "cold") as session,
    ):
        assert spawning.tier == sandbox.tier
        assert session.run("shifted", seed=5).values["n"] == 3
        assert session.run("shifted", seed=5, seconds=1e-9).fault.kind == "time_limit"
        assert session.run("shifted", seed=5).fault is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_the_graders_failure(sandbox: Sandbox) -> None:
    with (
        sandbox.session("pack", files(), PROBES, "cuda") as session,
        pytest.raises(SandboxError, match=r"CUDA|NVIDIA"),
    ):
        session.run("shifted", seed=5, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_probes_run_on_the_gpu(sandbox: Sandbox) -> None:
    with sandbox.session("pack", files(), PROBES, "cuda") as session:
        values = session.run("shifted", seed=5, device="cuda").values
        assert values["y"].tolist() == [2.0, 3.0]
        assert values["y"].dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("loop", "time_limit", "0.5 s"),
        ("sleep", "time_limit", "0.5 s"),
        ("ignore_signals", "time_limit", "0.5 s"),
        ("partial_frame", "time_limit", "0.5 s"),
        ("leave", "crash", "exit status 0"),
        ("leave_with_status", "crash", "exit status 3"),
        ("unprintable_error", "crash", "exit status 9"),
        ("segfault", "crash", "SIGSEGV"),
        ("abort", "crash", "SIGABRT"),
        ("close_descriptors", "crash", ""),
        ("close_and_wait", "crash", "closed its connection"),
        ("garbage", "malformed_reply", "magic"),
        ("huge_frame", "malformed_reply", "at most"),
        ("forged_frame", "malformed_reply", "fields"),
        ("answer_another_request", "malformed_reply", "another request"),
        ("system_exit", "exception", "SystemExit"),
        ("interrupt", "exception", "KeyboardInterrupt"),
        ("recursion", "exception", "RecursionError"),
        ("subclass", "bad_return", "Agreeable"),
        ("numpy_array", "bad_return", "values['value'] is a numpy.ndarray"),
        ("endless_structure", "bad_return", "nested deeper"),
        ("too_large", "bad_return", "at most 8388608"),
    ],
)
def test_harm_costs_one_probe(sandbox: Sandbox, harm, name: str, kind: str, words: str) -> None:
    seconds = 0.5 if kind == "time_limit" else None
    with harm(sandbox) as session:
        assert session.run("fine", seed=1).fault is None
        fault = session.run(name, seed=1, seconds=seconds).fault
        assert (fault.kind, words in fault.message) == (kind, True), fault
        assert session.run("fine", seed=1).values["value"].tolist() == [0, 1, 2]


def test_what_a_submission_tells_is_short_and_printable(sandbox: Sandbox, harm) -> None:
    with harm(sandbox) as session:
        fault = session.run("tell_much", seed=1).fault
    assert fault.kind == "exception", fault
    assert 1 <= len(fault.frames) <= 5
    told = [fault.message, fault.exception]
    told += [text for frame in fault.frames for text in (frame.path, frame.function, frame.text)]
    assert {(text[:5], len(text)) for text in told} == {("red x", 500)}


def test_random_numbers_of_a_probe_do_not_depend_on_the_probes_before(
    sandbox: Sandbox, harm
) -> None:
    with harm(sandbox) as session:
        first, second = (session.run("draw", seed=1).values["value"] for _ in range(2))
    assert torch.equal(first, second)


def test_each_submission_has_a_user_of_its_own(each_sandbox: Sandbox, harm) -> None:
    if os.geteuid() != 0 or each_sandbox.tier.name == "landlock":
        pytest.skip("only root gives submissions users of their own, and not in this tier")
    users = []
    for submission in ("ann", "bob", "ann"):
        with harm(each_sandbox, submission) as session:
            users.append(session.run("user", seed=1).values["value"])
    assert users[0] == users[2] != users[1]
    assert 0 not in users


@pytest.mark.parametrize("name", ["memory_bomb", "bytes_bomb"])
def test_memory_is_limited(sandbox: Sandbox, harm, name: str) -> None:
    with harm(sandbox) as session:
        assert session.run(name, seed=1).fault.kind == "memory_limit"
        assert session.run("fine", seed=1).fault is None
    assert max(usage.memory_mb for usage in session.usage) < 1500


def test_threads_are_limited_and_do_not_stop_the_next_probe(sandbox: Sandbox, harm) -> None:
    with harm(sandbox) as session:
        assert session.run("thread_bomb", seed=1).fault.kind == "exception"
        session.run("background_thread", seed=1)
        assert session.run("fine", seed=1).fault is None


def test_threads_and_late_imports_work(each_sandbox: Sandbox, harm) -> None:
    with harm(each_sandbox) as session:
        assert session.run("threads_work", seed=1).values == {"value": 300}
        assert session.run("lazy_imports", seed=1).values == {"value": "imported"}


def test_a_flood_of_output_does_not_stall_its_writer(sandbox: Sandbox, harm) -> None:
    with harm(sandbox) as session:
        assert session.run("output_bomb", seed=1).fault is None


IMPORTS = {
    "loop": b"while True: pass",
    "leave": b"import os; os._exit(0)",
    "segfault": b"import ctypes; ctypes.string_at(0)",
}


@pytest.mark.parametrize("name", ["loop", "leave"])
def test_an_import_that_kills_is_tried_once_and_reported_by_every_probe(
    sandbox: Sandbox, name: str
) -> None:
    submission = files(broken=IMPORTS[name])
    with sandbox.session("pack", submission, PROBES, "imports") as session:
        first = session.run("broken", seed=1, seconds=0.5)
        assert first.fault.kind == "import_failure"
        assert "while importing broken.py" in first.fault.message
        # Without the memory of the first death this one would be given its full time.
        assert session.run("broken", seed=1, seconds=10_000).fault == first.fault
        assert session.run("shifted", seed=1).fault is None
        assert session.run("nothing", seed=1).values == {}


def test_exceptions_at_import_leave_other_modules_alone(sandbox: Sandbox) -> None:
    submission = files(broken=b"def f(:\n")
    with sandbox.session("pack", submission, PROBES, "imports") as session:
        assert session.run("broken", seed=1).fault.kind == "import_failure"
        assert session.run("shifted", seed=1).fault is None
    assert len(session.usage) == 1


def test_global_state_does_not_reach_the_next_session(sandbox: Sandbox, harm) -> None:
    with harm(sandbox) as session:
        session.run("poison", seed=1)
        assert session.run("state", seed=1).values != {"value": [False, False]}
    with harm(sandbox) as session:
        assert session.run("state", seed=1).values == {"value": [False, False]}
        assert session.run("fine", seed=1).values["value"].dtype == torch.float64


def test_nothing_is_inherited(each_sandbox: Sandbox, harm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_GRADER", "1")
    with harm(each_sandbox) as session:
        assert session.run("descriptors", seed=1).values == {"value": [0, 1, 2, 3]}
        found = session.run("environment", seed=1).values["value"]
    assert "SECRET_OF_THE_GRADER" not in found
    assert not {"SSH_AUTH_SOCK", "PYTHONPATH", "VIRTUAL_ENV"} & found.keys()


@pytest.mark.parametrize("name", ["name_process", "name_process_and_loop"])
def test_no_process_is_left(each_sandbox: Sandbox, harm, name: str) -> None:
    mark = attacks.mark_of(os.getpid())
    with harm(each_sandbox) as session:
        reply = session.run(name, seed=1, seconds=0.5 if "loop" in name else None)
        alive = 0 if "loop" in name else 1
        assert len(processes_named(mark)) == alive, reply
    assert processes_named(mark) == []


def test_several_sessions_at_once(sandbox: Sandbox, harm) -> None:
    with harm(sandbox, "a") as one, harm(sandbox, "b") as two:
        assert one.run("loop", seed=1, seconds=0.2).fault.kind == "time_limit"
        assert two.run("fine", seed=1).fault is None
        assert one.run("fine", seed=1).fault is None


def kill_server_and_run(sandbox: Sandbox, session: Session) -> None:
    assert session.run("fine", seed=1).fault is None
    server = sandbox.started().server().pid
    os.kill(server, signal.SIGKILL)
    os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)
    try:
        session.run("sleep", seed=1)
    finally:
        session.close()


def test_a_dead_fork_server_is_the_graders_failure_and_is_replaced(harm) -> None:
    with Sandbox(LIMITS, isolation="process", allow_unsafe=True) as sandbox:  # it works anywhere
        with pytest.raises(SandboxError, match="grader itself failed"):
            kill_server_and_run(sandbox, harm(sandbox))
        with harm(sandbox) as session:
            assert session.run("fine", seed=1).fault is None


GRADER = """
import sys
from autograder.sandbox.client import Sandbox
from sandbox import attacks
from sandbox.limits import LIMITS

files = {"pack/__init__.py": b"", "pack/harm.py": attacks.HARM.encode()}
with Sandbox(LIMITS, isolation=sys.argv[1], spawn=sys.argv[2] == "cold") as sandbox:
    print(sandbox.started().premises.folder, flush=True)
    with sandbox.session("pack", files, attacks.PROBES_OF_HARM, "harm") as session:
        session.run("name_process_and_loop", seed=1, seconds=1000)
"""


def wait_until(grader: int, alive: bool) -> bool:
    """Whether a grader's marked process is there (or gone) before long."""
    for _ in range(600):
        if bool(processes_named(attacks.mark_of(grader))) == alive:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("start", ["forked", "cold"])
def test_nothing_outlives_a_killed_grader(each_sandbox: Sandbox, start: str) -> None:
    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parents[1])])
    command = [sys.executable, "-c", GRADER, each_sandbox.tier.name, start]
    environment = os.environ | {"PYTHONPATH": paths}
    grader = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert wait_until(grader.pid, alive=True)
    finally:
        grader.kill()
        shutil.rmtree(grader.communicate()[0].strip())
    assert wait_until(grader.pid, alive=False)


def test_closing_the_sandbox_ends_a_session_that_was_left_open(sandbox: Sandbox, harm) -> None:
    closed = Sandbox(LIMITS, isolation=sandbox.tier.name).start()
    harm(closed).run("name_process", seed=1)
    assert len(processes_named(attacks.mark_of(os.getpid()))) == 1
    closed.close()
    assert wait_until(os.getpid(), alive=False)
