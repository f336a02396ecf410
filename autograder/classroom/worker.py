"""What a grading process does, wherever it runs: orders come in and results go out, as data.

A process holds one grader, with its sandbox and its references, and keeps it from one order to
the next. It loads everything hidden from its own copy of this project, and refuses to grade when
that is not the copy that the batch was begun with.
"""

import platform
import threading
from functools import cache

from autograder.classroom.version import combined, environment, grader_digests
from autograder.classroom.workers import Order, Terms
from autograder.config import Config, load_config
from autograder.grading.grader import Grader
from autograder.grading.suite import Suite
from autograder.machine import BatchError, start_sandbox
from autograder.sandbox.client import Sandbox


def carry_out(grader: Grader, order: Order) -> str:
    """The result of an order, as JSON. Whatever a submission does, it has one."""
    if order.refused:
        result = grader.refuse(order.name, order.refused)
    elif order.submission is None:
        result = grader.failed(order.name, order.failed)
    else:
        questions = [grader.suite.pack.question(module) for module in order.modules]
        try:
            result = grader.grade(order.submission, questions)
        except Exception as error:  # one submission must not end the batch
            result = grader.failed(order.name, f"{type(error).__name__}: {error}")
    return result.model_dump_json()


@cache
def _loaded(pack: str) -> tuple[Config, Suite, str]:
    """The configuration, the suite and the digest of its graders, as this process loaded them.

    They are read once: modules that were imported do not follow later changes of their files.
    """
    config = load_config()
    suite = Suite(pack, config)
    return config, suite, combined(grader_digests(suite))


class _Desk:
    """The grader of this process, and its sandbox."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._terms: Terms | None = None
        self._grader: Grader | None = None
        self._sandbox: Sandbox | None = None

    def carry_out(self, terms: Terms, order: Order) -> str:
        """As `carry_out`, one order at a time; the grader is made when the first one comes."""
        with self._lock:
            if self._terms != terms:
                self.close()
                self._grader = self._open(terms)
                self._terms = terms
            assert self._grader is not None
            return carry_out(self._grader, order)

    def close(self) -> None:
        """End the sandbox, also in the middle of an order."""
        self._terms = self._grader = None
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def _open(self, terms: Terms) -> Grader:
        config, suite, graders = _loaded(terms.pack)
        here = environment()
        if (here, graders) != (terms.environment, terms.graders):
            other = "another state of the graders" if here == terms.environment else here
            raise BatchError(
                f"A worker on {platform.node()} has {other}, not what this batch was begun with "
                f"({terms.environment}); give it the same checkout and environment, and restart it."
            )
        self._sandbox = start_sandbox(config, terms.isolation, terms.allow_unsafe)
        return Grader(suite, self._sandbox, terms.seed, terms.device)


desk = _Desk()
