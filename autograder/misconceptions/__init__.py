"""What people get wrong, and what they get right in another way.

A misconception is a small patch to a reference module. It serves twice: a submission whose
outputs equal those of a misconception is told its hint, and ``autograder verify`` grades the
patched reference as a submission, which must lose points, by value, and be named.
An alternative is a patch that keeps the program correct; it must get full marks.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class PatchError(Exception):
    """A patch no longer fits its reference module."""


@dataclass(frozen=True)
class Misconception:
    """A known mistake in one function.

    Attributes:
        id: Unique within the pack, ``function-what-is-wrong``.
        function: ``name`` or ``Class.method`` in the question's module, as in the configuration.
        hint: What a good TA would say to a student who made it; never the corrected line.
        edits: Pairs (old, new); every ``old`` occurs exactly once in the reference module.
    """

    id: str
    function: str
    hint: str
    edits: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Alternative:
    """A correct program written in another way; ``edits`` as in :class:`Misconception`."""

    id: str
    edits: tuple[tuple[str, str], ...]


def apply_edits(source: str, edits: Iterable[tuple[str, str]], what: str) -> str:
    """``source`` with every edit made.

    Raises:
        PatchError: If an ``old`` text does not occur exactly once.
    """
    for old, new in edits:
        if source.count(old) != 1:
            raise PatchError(
                f"{what}: {old!r} occurs {source.count(old)} times in the reference, not once"
            )
        source = source.replace(old, new)
    return source
