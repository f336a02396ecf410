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
from autograder.submission.names import (
    ARCHIVE_SUFFIXES,
    LONE_SUFFIXES,
    is_junk,
    show,
    submission_id,
)


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
    folder of submissions: each archive and each folder in it, and each lone module or notebook
    that none of these is named like, so that whoever handed it in is told. Where every folder in
    it holds several archives or packages, they are sections: folders of submissions themselves. A
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
    # What one student hands in must not change what the others' folders are taken for.
    nested = depth > 0 and bool(folders) and all(_holds_several(p, package) for p in folders)
    packed = {p for p in inside if _is_archive(p) and not p.is_dir()}
    ids = {submission_id(p) for p in (*folders, *packed)}
    for item in inside:
        if nested and item in folders:
            _look_into(item, package, leave_out, found, depth - 1)
        elif item in packed or item in folders:
            found.submissions.append(item)
        elif _is_lone(item) and submission_id(item) not in ids:
            ids.add(submission_id(item))
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


def _holds_several(folder: Path, package: str) -> bool:
    """Whether a folder is an export, or a section: a folder of several submissions."""
    try:
        inside = _inside(folder)
        if is_export(folder):
            return any(p.is_dir() and p.name.startswith(FOLDER_PREFIX) for p in inside)
        return not _is_submission(inside, package) and _count(inside, package) > 1
    except SubmissionError:  # it cannot be opened: what grades it says so
        return False


def _count(inside: Iterable[Path], package: str) -> int:
    """How many of ``inside`` are archives, or folders with a package in them."""
    return sum(_holds_package(p, package) if p.is_dir() else _is_archive(p) for p in inside)


def _holds_package(folder: Path, package: str) -> bool:
    """Whether the package lies in ``folder``, or in a folder in it."""
    return any(
        (item / package).is_dir()
        for item in (folder, *(inner for inner in _inside(folder) if inner.is_dir()))
    )


def _is_archive(path: Path) -> bool:
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def _is_lone(path: Path) -> bool:
    return path.name.lower().endswith(LONE_SUFFIXES) and path.is_file()


def _is_submission(inside: list[Path], package: str) -> bool:
    """Whether a folder with ``inside`` is one submission, and not a folder of several."""
    if any(p.name == package and p.is_dir() and _has_modules(p) for p in inside):
        return _count(inside, package) < 2
    return not _count(inside, package) and _any_module(inside)


def _has_modules(folder: Path) -> bool:
    return _any_module(_inside(folder))


def _any_module(inside: Iterable[Path]) -> bool:
    return any(item.suffix == ".py" and item.is_file() for item in inside)
