"""Expected replies: the probes run on the reference, and on the known mistakes, in this process.

Every reply is computed once and kept: one :class:`Reference` serves a whole class.
"""

import gc
import hashlib
import signal
import warnings
from contextlib import suppress
from functools import cache
from types import ModuleType

import torch

from autograder.grading.outcome import GraderError
from autograder.grading.suite import Suite
from autograder.misconceptions import Misconception, apply_edits
from autograder.sandbox.package import Package, load_package
from autograder.sandbox.runner import Reply, run_probe


class Reference:
    """Replies of the reference and of the misconceptions for one pack and one seed."""

    def __init__(self, suite: Suite, seed: int) -> None:
        torch.set_num_threads(1)
        # Torch stays; looking for garbage in it would be a tenth of the work of a grade.
        gc.freeze()
        self.suite = suite
        self.seed = seed
        self._reference = load_package(suite.pack.package, suite.reference_files, private=True)
        self.prepare = cache(self._prepare)
        self.expected = cache(self._expected)
        self.mistaken = cache(self._mistaken)
        self._probes = cache(self._load_probes)
        self._patched = cache(self._load_patched)

    def _prepare(self, module: str) -> None:
        """Compute the expected replies of a question, as far as they are not known yet.

        What goes wrong here goes wrong again, and is told, where a hidden test asks for it.
        """
        with suppress(Exception):
            for name in self.suite.probe_names(module):
                self.expected(module, name)

    def probe_seed(self, module: str, probe: str) -> int:
        """The seed of one probe, derived from the seed of the class."""
        text = f"{self.seed}/{self.suite.name}/{module}/{probe}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")

    def _expected(self, module: str, probe: str) -> Reply:
        reply = self._run(self._reference, module, probe)
        if reply.fault is None:
            return reply
        if reply.fault.kind == "import_failure":
            what = f"{module}.py of the reference cannot be imported"
        else:
            what = f"the reference fails in the probe {probe} of {module}"
        at = "".join(f" ({frame.path}, line {frame.line})" for frame in reply.fault.frames[-1:])
        raise GraderError(f"{what}: {reply.fault.message}{at}")

    def _mistaken(self, misconception: Misconception, module: str, probe: str) -> Reply:
        return self._run(self._patched(misconception, module), module, probe)

    def _run(self, package: Package, module: str, probe: str) -> Reply:
        seed = self.probe_seed(module, probe)
        with warnings.catch_warnings(action="ignore"):  # a known mistake warns nobody who reads it
            reply = run_probe(self._probes(module), probe, package, seed, "cpu")
        if reply.fault is not None and reply.fault.exception == "KeyboardInterrupt":
            raise KeyboardInterrupt
        if reply.fault is not None and reply.fault.exception == "SystemExit":
            raise SystemExit(128 + signal.SIGTERM)
        return reply

    def _load_probes(self, module: str) -> ModuleType:
        probes = ModuleType("probes")
        try:
            exec(compile(self.suite.probes(module), "probes.py", "exec"), probes.__dict__)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise GraderError(f"probes/{module}.py cannot be loaded: {what}") from error
        return probes

    def _load_patched(self, misconception: Misconception, module: str) -> Package:
        path = self.suite.module_path(module)
        files = dict(self.suite.reference_files)
        source = files[path].decode()
        files[path] = apply_edits(source, misconception.edits, misconception.id).encode()
        return load_package(self.suite.pack.package, files, private=True)
