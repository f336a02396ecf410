"""Grade references with their probes run in this process, where the GPU, or its stand-in, is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_map_only

from autograder.grading.hidden_tests import HiddenTests
from autograder.grading.plugin import GradingPlugin
from autograder.grading.reference import Reference
from autograder.grading.results import Finding
from autograder.grading.suite import Suite
from autograder.sandbox import runner
from autograder.sandbox.package import Package, load_package
from autograder.sandbox.runner import Reply, run_probe
from autograder.sandbox.wire import decode, encode


@dataclass
class Session:
    """Runs the probes of one question here, and sends the replies as a worker does."""

    probes: ModuleType
    package: Package
    cuda: str

    def run(self, probe: str, *, seed: int, device: str, seconds: float) -> Reply:
        """Run one probe; what is asked for on a GPU runs on ``self.cuda``, in float32."""
        with pytest.MonkeyPatch.context() as patch:
            if device == "cuda":
                device = self.cuda
                patch.setitem(runner.DTYPES, device, torch.float32)
            reply = run_probe(self.probes, probe, self.package, seed, device)
        to_cpu = device not in ("cpu", "meta")
        arrived = tree_map_only(Tensor, Tensor.cpu, reply.values) if to_cpu else reply.values
        values = None if arrived is None else decode(encode(arrived))
        return replace(reply, values=values)


def findings_on(
    suite: Suite, cuda: str, seed: int, module: str | None = None, source: str = ""
) -> tuple[list[Finding], list[str]]:
    """Why the reference fails hidden tests on any device, and errors of the grader.

    ``cuda`` is the GPU, or what stands in for it. With ``module``, only that question is graded,
    and ``source`` in the place of the reference.
    """
    files, questions = dict(suite.reference_files), list(suite.pack.assigned)
    if module is not None:
        files[suite.module_path(module)] = source.encode()
        questions = [suite.pack.question(module)]
    package = load_package(suite.pack.package, files, private=True)

    @contextmanager
    def open_session(module: str) -> Iterator[Session]:
        probes = ModuleType("probes")
        exec(compile(suite.probes(module), "probes.py", "exec"), probes.__dict__)
        yield Session(probes, package, cuda)

    plugin = GradingPlugin(Reference(suite, seed), ("cpu", "meta", "cuda"))
    plugin.begin(open_session, questions)
    HiddenTests(suite, plugin).run(questions)
    package.close()
    assert plugin.complete
    return [finding for row in plugin.rows() for finding in row.findings], plugin.errors
