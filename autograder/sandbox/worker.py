"""The confined child: loads one submission and runs probes on it until the grader hangs up.

It says ``ready`` (or why it could not be confined) before any student code is known to it, so
that these words are the grader's own. Everything it says later is a claim.
"""

import gc
import marshal
import os
import socket
import sys
from contextlib import suppress
from dataclasses import asdict
from types import ModuleType

import msgspec

from autograder.sandbox import selftest, wire
from autograder.sandbox.confine import Confinement, ConfinementError, Confiner, detach
from autograder.sandbox.package import Package, load_package
from autograder.sandbox.runner import Fault, Reply, run_probe


def main(
    channel: int, output: int, confinement: Confinement, confiner: Confiner, parent: int
) -> None:
    """Become a confined child that serves ``channel`` and writes what is printed to ``output``."""
    gc.enable()
    server = socket.socket(fileno=detach(output, channel, confiner.descriptor()))
    try:
        confiner.confine(confinement, parent)
    except ConfinementError as error:
        wire.send(server, wire.encode({"failed": str(error)}))
        return
    wire.send(server, wire.encode({"failed": ""}))
    job = wire.decode(wire.receive(server, max_blob=1 << 40))
    if "selftest" in job:
        wire.send(server, wire.encode(selftest.run(**job["selftest"])))
        return
    _serve(server, job)


def main_of_its_own(spec: str) -> None:
    """Entry point of a worker that is started by exec instead of being forked."""
    import torch

    start = msgspec.json.decode(spec)
    if start["cuda"]:
        # The driver is initialised while it may still open devices and start what it needs.
        matrix = torch.ones(8, 8, device="cuda")
        (matrix @ matrix).sum().cpu()
    confinement = msgspec.convert(start["confinement"], Confinement)
    main(
        start["channel"],
        start["output"],
        confinement,
        Confiner(),
        os.getppid() if start["parent"] is None else start["parent"],
    )


class _AnnouncedPackage(Package):
    """A package that tells the grader when the import of a module begins and ends.

    An import that kills the process or never ends is then not tried again for every probe.
    """

    def __init__(self, package: Package, server: socket.socket) -> None:
        super().__init__(package._name, package._importer)
        self._server = server

    def __getattr__(self, module: str) -> ModuleType:
        if f"{self._name}.{module}" in sys.modules:
            return super().__getattr__(module)
        self._announce(module)
        try:
            return super().__getattr__(module)
        finally:
            self._announce("")

    def _announce(self, module: str) -> None:
        wire.send(self._server, wire.encode({"importing": module}))


def _serve(server: socket.socket, job: dict) -> None:
    package = _AnnouncedPackage(load_package(job["package"], job["files"]), server)
    probes = ModuleType("probes")
    exec(marshal.loads(job["probes"]), probes.__dict__)
    while True:
        try:
            request = wire.decode(wire.receive(server))
        except EOFError:
            return
        number = request.pop("number")
        reply = run_probe(probes, package=package, **request)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # a submission may have closed or replaced it
                stream.flush()
        wire.send(server, _encoded(reply, number, job["reply_bytes"]))


def _encoded(reply: Reply, number: int, room: int) -> bytes:
    try:
        return wire.encode({"number": number, **_as_data(reply)}, room)
    except wire.WireError as error:
        refused = Reply(fault=Fault("bad_return", str(error)))
        return wire.encode({"number": number, **_as_data(refused)}, room)


def _as_data(reply: Reply) -> dict:
    """The reply as plain data, its tensors shared and not copied."""
    return {
        "values": reply.values,
        "fault": None if reply.fault is None else asdict(reply.fault),
        "mutated": list(reply.mutated),
        "random_state": reply.random_state,
    }
