"""Name the likely mistake behind a wrong value."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.config import Part, Tolerance
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
    part: Part,
    observations: Sequence[Observation],
    tolerance: Tolerance,
) -> Explanation | None:
    """The known mistake in one of the part's functions that explains what was observed.

    It must reproduce at least one wrong value. Among several, the one that reproduces most of
    the wrong values, then most of the right ones, is taken.
    """
    best: tuple[tuple[int, int], Explanation] | None = None
    for misconception in reference.suite.misconceptions(module):
        if misconception.function not in part.functions:
            continue
        reproduced = [
            observation
            for observation in observations
            if _same(
                observation.reply,
                reference.mistaken(misconception, module, observation.probe),
                tolerance,
            )
        ]
        wrong = frozenset(o.probe for o in reproduced if not o.right)
        merit = (len(wrong), len(reproduced) - len(wrong))
        if wrong and (best is None or merit > best[0]):
            best = merit, Explanation(misconception, wrong)
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
