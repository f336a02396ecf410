"""Which seconds are a submission's own: all but those that its process takes to be ended."""

import time

import pytest

from autograder.sandbox import client
from autograder.sandbox.client import Sandbox, Session
from autograder.sandbox.launch import Child, ForkServer, Usage

PROBES = "def act(hw, rng): return {'y': hw.model.act()}\n"
LONG = 3.0


@pytest.fixture
def slow_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    reap = ForkServer.reap

    def slowly(server: ForkServer, child: Child, grace: float = 0.0) -> Usage:
        time.sleep(LONG)
        return reap(server, child, grace)

    monkeypatch.setattr(ForkServer, "reap", slowly)


def session(sandbox: Sandbox, body: str) -> Session:
    source = f"import os, time\nfrom autograder.sandbox import wire\ndef act():\n    {body}\n"
    files = {"pack/__init__.py": b"", "pack/model.py": source.encode()}
    return sandbox.session("pack", files, PROBES, "time")


def test_reading_a_reply_is_charged(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    decode = client.wire.decode

    def slowly(*arguments: object) -> object:
        time.sleep(0.2)
        return decode(*arguments)

    with session(sandbox, "return 1") as opened:
        assert opened.run("act", seed=1).fault is None
        monkeypatch.setattr(client.wire, "decode", slowly)
        assert opened.run("act", seed=1).seconds >= 0.2


@pytest.mark.parametrize("body", ["time.sleep(99)", "os._exit(0)", "os.write(3, b'x' * 99)"])
def test_the_end_of_a_process_is_not_charged(
    sandbox: Sandbox, slow_to_end: None, body: str
) -> None:
    with session(sandbox, body) as opened:
        reply = opened.run("act", seed=1, seconds=0.5)
        assert reply.fault is not None
        assert reply.seconds < LONG


def test_who_hangs_up_and_stays_is_charged_for_the_wait(sandbox: Sandbox) -> None:
    with session(sandbox, "os.close(3); time.sleep(99)") as opened:
        reply = opened.run("act", seed=1)
        assert reply.fault.kind == "crash"
        assert reply.seconds >= client.EXIT_GRACE


def test_no_word_of_a_child_is_long(sandbox: Sandbox) -> None:
    """What reads messages on the trusted side may take a time that grows with their length."""
    book = "os.write(3, wire.encode({'importing': 'ModuleNotFoundError: ' * 5000})); os._exit(0)"
    with session(sandbox, book) as opened:
        fault = opened.run("act", seed=1).fault
        assert fault.kind == "import_failure"
        assert len(fault.message) < 2 * client.TEXT_LENGTH
