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
        problems: One sentence for each path, or paths, and for each export, that leave some out.
        remarks: Sentences on what is no submission.
        left_out: Names of submissions that are there and cannot be graded.
        whole: Whether whole folders of submissions or exports were given, and nothing else.
    """

    paths: tuple[Path, ...]
    exported: dict[str, Exported] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()
    whole: bool = False

    @property
    def names(self) -> set[str]:
        """The names of all submissions that are there."""
        return {submission_id(path) for path in self.paths} | self.left_out


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
    left_out: set[str] = set()
    whole = bool(paths)
    for path in paths:
        try:
            here = discover(path, suite.pack.package, leave_out)
            known = {folder: read_export(folder) for folder in here.exports}
        except SubmissionError as error:
            problems.append(str(error))
            whole = False
            continue
        whole = whole and here.submissions != [path]
        found |= {os.path.abspath(submission): submission for submission in here.submissions}
        skipped += here.skipped
        names = {submission_id(submission) for submission in here.submissions}
        for folder, own in known.items():
            exported |= own
            problems += _without_folder(folder, sorted(own.keys() - names))
            left_out |= own.keys() - names
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
            left_out.add(name)
    if skipped:
        remarks.append(f"{_several(skipped)} not read, being no submissions.")
    kept = {name: one for name, one in exported.items() if name not in drop}
    return Handed(tuple(chosen), kept, tuple(problems), tuple(remarks), frozenset(left_out), whole)


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
    return f"{len(names)} ({few(names)})"


def few(names: list[str]) -> str:
    """The first names, and how many more there are."""
    named = ", ".join(show(name) for name in names[:_NAMED])
    return named + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
