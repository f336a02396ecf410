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


def find_misconception(
    reference: Reference,
    module: str,
    part: Part,
    observations: Sequence[Observation],
    tolerance: Tolerance,
) -> Misconception | None:
    """The known mistake in one of the part's functions that explains what was observed.

    It must reproduce at least one wrong value. Among several, the one that reproduces most of
    the wrong values, then most of the right ones, is taken.
    """
    best: tuple[tuple[int, int], Misconception] | None = None
    for misconception in reference.suite.misconceptions(module):
        if misconception.function not in part.functions:
            continue
        wrong = right = 0
        for observation in observations:
            mistaken = reference.mistaken(misconception, module, observation.probe)
            if _same(observation.reply, mistaken, tolerance):
                wrong += not observation.right
                right += observation.right
        if wrong and (best is None or (wrong, right) > best[0]):
            best = (wrong, right), misconception
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
