"""What the paths on a command line hand in to a batch."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.classroom.store import STORE_NAME
from autograder.grading.suite import Suite
from autograder.submission import (
    Exported,
    SubmissionError,
    discover,
    raw_digest,
    read_export,
    submission_id,
)
from autograder.submission.names import show

_NAMED = 3


@dataclass(frozen=True)
class Handed:
    """What was handed in.

    Attributes:
        paths: Submissions, each with a name of its own.
        exported: What Gradescope exports say about their submissions, by name.
        problems: One sentence for each path, or paths, that are left out.
        remarks: Sentences on what is no submission.
    """

    paths: tuple[Path, ...]
    exported: dict[str, Exported] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def find_batch(
    paths: Sequence[Path], suite: Suite, output: Path, drop: Collection[str] = ()
) -> Handed:
    """The submissions at ``paths``; what cannot be graded is named, and the rest goes on.

    Args:
        paths: Files and folders.
        suite: What grades them.
        output: Where results go: no submission, wherever it lies.
        drop: Names of submissions that are left out.
    """

    def leave_out(folder: Path) -> bool:
        return folder.resolve() == output.resolve() or (folder / STORE_NAME).is_file()

    found: dict[str, Path] = {}
    exported: dict[str, Exported] = {}
    problems: list[str] = []
    remarks: list[str] = []
    skipped: list[str] = []
    for path in paths:
        try:
            here = discover(path, suite.pack.package, leave_out)
            known = {folder: read_export(folder) for folder in here.exports}
        except SubmissionError as error:
            problems.append(str(error))
            continue
        found |= {os.path.abspath(submission): submission for submission in here.submissions}
        skipped += here.skipped
        names = {submission_id(submission) for submission in here.submissions}
        for folder, own in known.items():
            exported |= own
            remarks += _without_folder(folder, sorted(own.keys() - names))
    by_id: dict[str, list[Path]] = {}
    for path in found.values():
        by_id.setdefault(submission_id(path), []).append(path)
    chosen: list[Path] = []
    for name, same in by_id.items():
        if name in drop:
            continue
        if len(same) == 1 or len({_content(path, suite) for path in same}) == 1:
            chosen.append(same[0])
        else:
            problems.append(_clash(name, same))
    if skipped:
        remarks.append(f"{_several(skipped)} not read, being no submissions.")
    kept = {name: one for name, one in exported.items() if name not in drop}
    return Handed(tuple(chosen), kept, tuple(problems), tuple(remarks))


def _content(path: Path, suite: Suite) -> str:
    """Equal for paths that hold the same work, packed or not."""
    try:
        return suite.read(path).sha256
    except SubmissionError:
        return raw_digest(path, suite.config.limits)


def _clash(name: str, paths: list[Path]) -> str:
    named = " and ".join(str(path.parent / show(path.name)) for path in paths)
    return (
        f"{named} would both leave results as '{name}'; "
        "neither is graded: rename one of them or grade them apart."
    )


def _without_folder(export: Path, names: list[str]) -> list[str]:
    if not names:
        return []
    return [f"{show(str(export))} names {_several(names)} without a folder; export it again."]


def _several(names: list[str]) -> str:
    named = ", ".join(show(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} ({named}{more})"
