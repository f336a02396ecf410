"""The look at the machine after an attack would notice each kind of harm."""

import ctypes
import os
import socket
import time
from pathlib import Path

import pytest
from attacks.host import LEFT, OPEN_FOLDERS, Host

LIBC = ctypes.CDLL(None)


@pytest.fixture
def quiet():
    """A look at this machine before anything is done to it."""
    host = Host(f"test-{os.getpid()}")
    yield host
    host.close()


@pytest.mark.parametrize("folder", OPEN_FOLDERS)
def test_a_file_with_the_attacks_mark_is_noticed_once(quiet, folder):
    path = Path(folder) / quiet.mark
    path.touch()
    try:
        assert quiet.harm(None) == [str(path)]
        assert quiet.harm(None) == []
    finally:
        path.unlink()


def test_a_file_of_the_attacks_user_is_noticed(quiet):
    path = Path("/tmp") / f"owned-{os.getpid()}"
    path.touch()
    uid = 60_000 + os.getpid() % 1000
    try:
        os.chown(path, uid, uid)
    except PermissionError:
        pytest.skip("Only root can give a file away.")
    else:
        assert str(path) in quiet.harm(uid)
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("make", "remove"),
    [
        (lambda key: LIBC.shmget(key, 4096, 0o1600), lambda id: LIBC.shmctl(id, 0, None)),
        (lambda key: LIBC.semget(key, 1, 0o1600), lambda id: LIBC.semctl(id, 0, 0)),
        (lambda key: LIBC.msgget(key, 0o1600), lambda id: LIBC.msgctl(id, 0, None)),
    ],
    ids=["shm", "sem", "msg"],
)
def test_an_object_of_system_v_is_noticed_and_found_by_the_heir(quiet, make, remove, monkeypatch):
    monkeypatch.setenv("TMPDIR", "/nowhere")
    made = make(quiet.told()["key"])
    assert made >= 0
    try:
        assert len(quiet.harm(None)) == 1
        with pytest.raises(RuntimeError, match="left by the submission before"):
            exec(quiet.heir(), {})
    finally:
        remove(made)


@pytest.mark.parametrize("name", ["mark", *LEFT])
def test_an_heir_finds_a_file(quiet, name, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    exec(quiet.heir(), {})
    (tmp_path / (quiet.mark if name == "mark" else name)).touch()
    with pytest.raises(RuntimeError, match="left by the submission before"):
        exec(quiet.heir(), {})


@pytest.mark.parametrize("kind", ["stream", "datagram", "abstract"])
def test_what_reaches_a_listener_is_noticed(quiet, kind):
    port = quiet.told()["port"]
    family = socket.AF_UNIX if kind == "abstract" else socket.AF_INET
    with socket.socket(
        family, socket.SOCK_DGRAM if kind == "datagram" else socket.SOCK_STREAM
    ) as reaching:
        reaching.connect(f"\0{quiet.mark}" if kind == "abstract" else ("127.0.0.1", port))
        reaching.send(b"here")
        assert len(quiet.harm(None)) == 1
    assert quiet.harm(None) == []


def test_a_core_file_is_noticed(quiet):
    path = Path(f"/core.{os.getpid()}")
    try:
        path.touch()
    except PermissionError:
        pytest.skip("Only root can write to the root folder.")
    try:
        assert quiet.harm(None) == [str(path)]
    finally:
        path.unlink()


def test_a_clock_that_was_set_is_noticed(quiet, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert quiet.harm(None) == ["the clock was set"]
