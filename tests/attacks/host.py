"""What an attack could do to the machine that it is graded on, and to the submission after it."""

import os
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OPEN_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")
LEFT = ("torch.py", "sitecustomize.py")
CLOCK_SECONDS = 60.0

HEIR = """
def _look_for_an_inheritance(told):
    import ctypes, os
    libc = ctypes.CDLL(None)
    folders = (*told["open"], os.environ["TMPDIR"], ".")
    names = (told["mark"], *told["left"], "core")
    paths = [f"{folder}/{name}" for folder in folders for name in names]
    found = [path for path in paths if os.path.lexists(path)]
    found += ["shared memory"] * (libc.shmget(told["key"], 0, 0) >= 0)
    found += ["semaphores"] * (libc.semget(told["key"], 0, 0) >= 0)
    found += ["messages"] * (libc.msgget(told["key"], 0) >= 0)
    if found:
        raise RuntimeError(f"left by the submission before: {found}")
"""
"""At the end of a right program: makes it fail where an attack has left something to it."""


class Host:
    """Waits for connections, and tells what has changed on this machine since it last looked."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self._key = 0x50000000 + zlib.crc32(mark.encode()) % 0x10000000
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self._port))
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(f"\0{self.mark}")
        self._unix.listen()
        for listener in (self._tcp, self._udp, self._unix):
            listener.setblocking(False)
        self._clock = _clock()
        self._seen = set(self._left(None))

    def told(self) -> dict[str, object]:
        """What attacks and heirs are told, so that nothing is left to guess."""
        return {
            "mark": self.mark,
            "key": self._key,
            "port": self._port,
            "open": OPEN_FOLDERS,
            "left": LEFT,
        }

    def heir(self) -> bytes:
        """The end of a right program that fails where it finds what an attack has left."""
        return f"{HEIR}\n_look_for_an_inheritance({self.told()})\n".encode()

    def harm(self, uid: int | None) -> list[str]:
        """What has been done since the last call, by an attack that ran as ``uid``."""
        now = set(self._left(uid))
        found = sorted(now - self._seen)
        self._seen |= now
        found += self._reached()
        if abs(_clock() - self._clock) > CLOCK_SECONDS:
            found.append("the clock was set")
        return found

    def close(self) -> None:
        """Stop listening."""
        for listener in (self._tcp, self._udp, self._unix):
            listener.close()

    def _left(self, uid: int | None) -> Iterator[str]:
        """Files, core files and objects of System V that an attack may have left."""
        for folder in OPEN_FOLDERS:
            with suppress(FileNotFoundError), os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        owner = entry.stat(follow_symlinks=False).st_uid
                        own = entry.name in LEFT if uid is None else owner == uid
                        if own or self.mark in entry.name:
                            yield entry.path
        pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
        folders = {"/", *OPEN_FOLDERS}
        if pattern.startswith("/"):
            folders.add(os.path.dirname(pattern))
        for folder in folders:
            for name in ("core", "core.*"):
                yield from map(str, Path(folder).glob(name))
        for kind in ("shm", "sem", "msg"):
            with suppress(FileNotFoundError):
                _, *lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()
                objects = (line.split() for line in lines)
                yield from (f"{kind} {id}" for key, id, *_ in objects if int(key) == self._key)

    def _reached(self) -> list[str]:
        """Connections and messages that came in."""
        reached = []
        for name, wait in (
            ("TCP", self._tcp.accept),
            ("UDP", lambda: self._udp.recv(100)),
            ("an abstract socket", self._unix.accept),
        ):
            with suppress(BlockingIOError):
                while wait():
                    reached.append(f"a message by {name}")
        return reached


def _clock() -> float:
    return time.time() - time.monotonic()
