"""What the paths on a command line hand in to a batch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.submission import SubmissionError, find_submissions, submission_id
from autograder.submission.export import METADATA_NAME
from autograder.submission.names import is_junk, show

_NAMED = 3


@dataclass(frozen=True)
class Handed:
    """What was handed in.

    Attributes:
        paths: Submissions, each with a name of its own.
        problems: One sentence for each path, or pair of paths, that is left out.
        remark: A sentence on files that are no submissions, or "".
    """

    paths: tuple[Path, ...]
    problems: tuple[str, ...]
    remark: str


def find_batch(paths: Sequence[Path], package: str) -> Handed:
    """The submissions at ``paths``; what cannot be graded is named, and the rest goes on."""
    found: dict[str, Path] = {}
    problems: list[str] = []
    skipped: list[str] = []
    for path in paths:
        try:
            inside = find_submissions([path], package)
        except SubmissionError as error:
            problems.append(str(error))
            continue
        found |= {os.path.abspath(submission): submission for submission in inside}
        read = {*inside, *(parent for submission in inside for parent in submission.parents)}
        if path not in inside:
            skipped += sorted(
                item.name
                for item in path.iterdir()
                if item not in read and not is_junk(item.name) and item.name != METADATA_NAME
            )
    by_id: dict[str, list[Path]] = {}
    for path in found.values():
        by_id.setdefault(submission_id(path), []).append(path)
    problems += [_clash(name, same) for name, same in by_id.items() if len(same) > 1]
    alone = tuple(same[0] for same in by_id.values() if len(same) == 1)
    return Handed(alone, tuple(problems), _remark(skipped))


def _clash(name: str, paths: list[Path]) -> str:
    named = " and ".join(str(path.parent / show(path.name)) for path in paths)
    return (
        f"{named} would both leave results as '{name}'; "
        "neither is graded: rename one of them or grade them apart."
    )


def _remark(skipped: list[str]) -> str:
    if not skipped:
        return ""
    names = ", ".join(show(name) for name in skipped[:_NAMED])
    more = f" and {len(skipped) - _NAMED} more" if len(skipped) > _NAMED else ""
    return f"{len(skipped)} not read, being no archive and no folder: {names}{more}."
