"""The fork server: holds torch, imported once, and forks confined children that have it.

It is started by exec with a clean environment and knows nothing: no path of a test, no seed, no
solution. It obeys one control socket, over which the grader asks for children and has them
ended, and leaves when that socket closes. It stays single-threaded, because neither OpenMP's nor
autograd's threads survive a fork.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import sys

import msgspec

from autograder.sandbox import worker
from autograder.sandbox.confine import Confinement, Confiner, undumpable
from autograder.sandbox.huge_pages import collapse
from autograder.sandbox.warm_up import warm_up

KILL_SECONDS = 10.0
MANY_CHILDREN = 20


def main(spec: str) -> None:
    """Serve the control socket until it closes."""
    import torch

    start = msgspec.json.decode(spec)
    undumpable()
    torch.set_num_threads(1)
    torch.zeros(1)
    Zygote(socket.socket(fileno=start["control"]), Confiner()).serve()


class Zygote:
    """Answers ``spawn`` and ``reap`` requests, warming up while there are none."""

    def __init__(self, control: socket.socket, confiner: Confiner) -> None:
        self.control = control
        self.confiner = confiner
        self.children: dict[int, tuple[int, Confinement]] = {}
        self.spawned = 0
        self.warming = warm_up()
        self.collapsing = collapse()

    def serve(self) -> None:
        self._freeze()
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while True:
            if not poll.poll(0) and (self._warm_one_step() or self._collapse_one_step()):
                continue
            message, descriptors, _, _ = socket.recv_fds(self.control, 1 << 16, 2)
            if not message:
                break
            request = msgspec.json.decode(message)
            if "spawn" in request:
                self._spawn(request, descriptors)
            else:
                usage = self._reap(request["reap"], request["grace"])
                self.control.send(msgspec.json.encode(usage))
        for pid, _ in self.children.values():
            os.kill(pid, signal.SIGKILL)

    def _warm_one_step(self) -> bool:
        """Run the next step of the warm-up; False when all is done."""
        for _ in self.warming:
            self._freeze()
            return True
        return False

    def _collapse_one_step(self) -> bool:
        """Make forks cheaper, once it is plain that many will come; False when all is done."""
        return self.spawned >= MANY_CHILDREN and next(self.collapsing, False) is None

    def _freeze(self) -> None:
        gc.freeze()
        threads = len(os.listdir("/proc/self/task"))
        if threads != 1:
            raise RuntimeError(f"the fork server has {threads} threads and must have one")

    def _spawn(self, request: dict, descriptors: list[int]) -> None:
        confinement = msgspec.convert(request["confinement"], Confinement)
        while request["warm"] and self._warm_one_step():
            pass
        self.confiner.prepare(confinement)
        channel, output = descriptors
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _child(channel, output, confinement, self.confiner, parent)
        os.close(channel)
        os.close(output)
        self.children[request["spawn"]] = pid, confinement
        self.spawned += 1

    def _reap(self, child: int, grace: float) -> dict:
        """End a child, wait until it is gone, and say how it ended and what it used."""
        pid, confinement = self.children.pop(child)
        pidfd = os.pidfd_open(pid)
        killed = not _ended(pidfd, grace)
        if killed:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            if not _ended(pidfd, KILL_SECONDS):
                raise RuntimeError(f"child {pid} outlived SIGKILL by {KILL_SECONDS} s")
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        if confinement.uid is not None and not confinement.landlock:
            _sweep(confinement.uid)
        return {
            "pid": pid,
            "status": os.waitstatus_to_exitcode(status),
            "killed": killed,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "memory_mb": usage.ru_maxrss / 1024,
        }


def _ended(pidfd: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _sweep(uid: int) -> None:
    """Remove the (empty) files that a user id left in folders that are open to all."""
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.stat(follow_symlinks=False).st_uid == uid:
                    os.unlink(entry.path)


def _child(
    channel: int, output: int, confinement: Confinement, confiner: Confiner, parent: int
) -> None:
    """Serve one session in the child, and never return into the fork server's loop."""
    status = 1
    try:
        worker.main(channel, output, confinement, confiner, parent)
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)
