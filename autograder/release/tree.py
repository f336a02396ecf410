"""The files below a folder that people wrote."""

from collections.abc import Iterator
from pathlib import Path

from autograder.submission.names import is_junk


def files_in(folder: Path) -> Iterator[Path]:
    """All files below ``folder``, sorted, without what tools leave behind."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(map(is_junk, path.relative_to(folder).parts)):
            yield path
