"""Files that are never seen half written."""

import contextlib
import json
import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write ``text`` under another name and rename it: ``path`` is old or new, never torn.

    Raises:
        OSError: About ``path``, whichever step fails.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, "utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def remove_partial(folder: Path) -> None:
    """Remove what processes that were killed while they wrote have left in ``folder``."""
    for path in folder.glob(".*.*"):
        writer = path.suffix.removeprefix(".")
        if writer.isdecimal() and not _runs(int(writer)):
            path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


def write_json(path: Path, data: object) -> None:
    """Write JSON in the same way; NaN and infinities are refused."""
    write_text(path, json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False))
