"""Name the likely mistake behind a wrong value."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from autograder.config import Tolerance
from autograder.grading.compare import compare
from autograder.grading.reference import Reference
from autograder.misconceptions import Misconception
from autograder.sandbox.runner import Reply


@dataclass(frozen=True)
class Observation:
    """What one probe gave on the submission, on the CPU, and whether it was right."""

    probe: str
    reply: Reply
    right: bool


@dataclass(frozen=True)
class Explanation:
    """A known mistake, and the probes whose wrong values it reproduces."""

    misconception: Misconception
    probes: frozenset[str]


def find_misconception(
    reference: Reference,
    module: str,
    functions: Collection[str],
    observations: Sequence[Observation],
    tolerance: Tolerance,
) -> Explanation | None:
    """The known mistake in one of ``functions`` that explains what was observed.

    It must reproduce at least one wrong value. Among several, the one that reproduces most of
    the wrong values, then most of the right ones, is taken.
    """
    wrong = [observation for observation in observations if not observation.right]
    right = [observation for observation in observations if observation.right]

    def reproduced(known: Misconception, among: Sequence[Observation]) -> frozenset[str]:
        return frozenset(
            seen.probe
            for seen in among
            if _same(seen.reply, reference.mistaken(known, module, seen.probe), tolerance)
        )

    best: tuple[tuple[int, int], Explanation] | None = None
    for misconception in reference.suite.misconceptions(module):
        if misconception.function not in functions:
            continue
        explained = reproduced(misconception, wrong)
        if not explained or (best is not None and len(explained) < best[0][0]):
            continue
        merit = (len(explained), len(reproduced(misconception, right)))
        if best is None or merit > best[0]:
            best = merit, Explanation(misconception, explained)
        if merit == (len(wrong), len(right)):
            break
    return best[1] if best else None


def _same(reply: Reply, mistaken: Reply, tolerance: Tolerance) -> bool:
    if reply.values is None or mistaken.values is None:
        return (
            reply.fault is not None
            and mistaken.fault is not None
            and reply.fault.kind == mistaken.fault.kind == "exception"
            and reply.fault.message == mistaken.fault.message
        )
    return (
        bool(reply.mutated) == bool(mistaken.mutated)
        and compare(reply.values, mistaken.values, tolerance) is None
    )
