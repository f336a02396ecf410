"""Which submissions the paths on a command line mean."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.submission.entries import SubmissionError
from autograder.submission.export import (
    FOLDER_PREFIX,
    METADATA_NAME,
    is_export,
    is_packed_export,
)
from autograder.submission.names import ARCHIVE_SUFFIXES, is_junk, show


@dataclass
class Found:
    """What lies at a path.

    Attributes:
        submissions: In order.
        exports: The Gradescope exports among the folders.
        skipped: Names of what is no submission.
    """

    submissions: list[Path] = field(default_factory=list)
    exports: list[Path] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def find_submissions(paths: Iterable[Path], package: str) -> list[Path]:
    """The submissions at ``paths``, in order, each once.

    Raises:
        SubmissionError: As `discover`.
    """
    found = {
        os.path.abspath(submission): submission
        for path in paths
        for submission in discover(path, package).submissions
    }
    return list(found.values())


def discover(
    path: Path, package: str, leave_out: Callable[[Path], bool] = lambda folder: False
) -> Found:
    """What lies at ``path``.

    A file, a pack's folder and a package folder are one submission each. Any other folder is a
    folder of submissions: each archive and each folder in it. Where one of these holds several
    archives or several packages, they are sections: folders of submissions themselves. A
    Gradescope export holds one folder per submission; exports may lie in a folder together.

    Args:
        path: A file or folder.
        package: The name of the pack's package.
        leave_out: Whether a folder is none to look into.

    Raises:
        SubmissionError: For a path that does not exist or a folder without submissions.
    """
    found = Found()
    if not os.path.exists(path):
        raise SubmissionError(f"{show(str(path))} does not exist; give a zip or a folder.")
    if not path.is_dir():
        if is_packed_export(path):
            raise SubmissionError(
                f"{show(str(path))} is a whole Gradescope export; unpack it and give its folder."
            )
        found.submissions.append(path)
    elif not is_export(path) and _is_submission(_inside(path), package):
        found.submissions.append(path)
    else:
        _look_into(path, package, leave_out, found, depth=1)
    if not found.submissions:
        raise SubmissionError(
            f"{show(str(path))} holds no submissions; give a zip, a homework's folder, "
            "or a folder of these."
        )
    return found


def _look_into(
    folder: Path, package: str, leave_out: Callable[[Path], bool], found: Found, depth: int
) -> None:
    """Add what a folder of submissions holds; sections are looked for ``depth`` levels down."""
    inside = [] if leave_out(folder) else _inside(folder)
    if is_export(folder):
        found.exports.append(folder)
        own = [p for p in inside if p.is_dir() and p.name.startswith(FOLDER_PREFIX)]
        found.submissions += own
        found.skipped += [p.name for p in inside if p not in own and p.name != METADATA_NAME]
        return
    folders = [p for p in inside if p.is_dir() and not leave_out(p)]
    sections = depth and any(_is_section(p, package) for p in folders)
    for item in inside:
        if item in folders:
            if is_export(item) or (sections and _may_be_section(item, package)):
                _look_into(item, package, leave_out, found, depth - 1)
            else:
                found.submissions.append(item)
        elif _is_archive(item) and not item.is_dir():
            found.submissions.append(item)
        else:
            found.skipped.append(item.name)


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(item for item in folder.iterdir() if not is_junk(item.name))
    except OSError:
        raise SubmissionError(
            f"{show(str(folder))} cannot be opened; check its permissions."
        ) from None


def _is_section(folder: Path, package: str) -> bool:
    """Whether a folder among others holds several submissions."""
    archives, packages = _count(folder, package)
    return archives > 1 or packages > 1


def _may_be_section(folder: Path, package: str) -> bool:
    """Whether a folder beside sections holds any submission."""
    archives, packages = _count(folder, package)
    return archives + packages > 0


def _count(folder: Path, package: str) -> tuple[int, int]:
    """The archives and the folders with a package in ``folder``; none if it is a submission."""
    try:
        inside = _inside(folder)
        if _is_submission(inside, package):
            return 0, 0
        folders = [item for item in inside if item.is_dir()]
        return (
            sum(_is_archive(item) for item in inside if item not in folders),
            sum(_holds_package(item, package) for item in folders),
        )
    except SubmissionError:  # it cannot be opened: what grades it says so
        return 0, 0


def _holds_package(folder: Path, package: str) -> bool:
    """Whether the package lies in ``folder``, or in a folder in it."""
    return any(
        (item / package).is_dir()
        for item in (folder, *(inner for inner in _inside(folder) if inner.is_dir()))
    )


def _is_archive(path: Path) -> bool:
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def _is_submission(inside: list[Path], package: str) -> bool:
    if any(item.name == package for item in inside):
        return True
    several = any(_is_archive(item) for item in inside)
    return not several and any(item.suffix == ".py" for item in inside)
