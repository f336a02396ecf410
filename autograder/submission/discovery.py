"""Which submissions the paths on a command line mean."""

import os
from collections.abc import Iterable
from pathlib import Path

from autograder.submission.entries import SubmissionError
from autograder.submission.export import FOLDER_PREFIX, is_export, is_packed_export
from autograder.submission.names import ARCHIVE_SUFFIXES, is_junk, show


def find_submissions(paths: Iterable[Path], package: str) -> list[Path]:
    """The submissions at ``paths``, in order, each once.

    A file, a pack's folder and a package folder are one submission each. Any other folder is a
    folder of submissions: each archive and each folder in it. A Gradescope export holds one
    folder per submission; exports may lie in a folder together.

    Args:
        paths: Files and folders.
        package: The name of the pack's package.

    Raises:
        SubmissionError: For a path that does not exist or a folder without submissions.
    """
    found = {
        os.path.abspath(submission): submission
        for path in paths
        for submission in _expand(path, package)
    }
    return list(found.values())


def _expand(path: Path, package: str) -> list[Path]:
    if not os.path.exists(path):
        raise SubmissionError(f"{show(str(path))} does not exist; give a zip or a folder.")
    if not path.is_dir():
        if is_packed_export(path):
            raise SubmissionError(
                f"{show(str(path))} is a whole Gradescope export; unpack it and give its folder."
            )
        return [path]
    try:
        inside = sorted(item for item in path.iterdir() if not is_junk(item.name))
    except OSError:
        raise SubmissionError(
            f"{show(str(path))} cannot be opened; check its permissions."
        ) from None
    if is_export(path):
        several = [p for p in inside if p.is_dir() and p.name.startswith(FOLDER_PREFIX)]
    elif _is_submission(inside, package):
        return [path]
    else:
        several = [
            submission
            for p in inside
            if p.is_dir() or p.name.lower().endswith(ARCHIVE_SUFFIXES)
            for submission in (_expand(p, package) if is_export(p) else [p])
        ]
    if not several:
        raise SubmissionError(
            f"{show(str(path))} holds no submissions; give a zip, a homework's folder, "
            "or a folder of these."
        )
    return several


def _is_submission(inside: list[Path], package: str) -> bool:
    if any(item.name == package for item in inside):
        return True
    several = any(item.name.lower().endswith(ARCHIVE_SUFFIXES) for item in inside)
    return not several and any(item.suffix == ".py" for item in inside)
