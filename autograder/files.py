"""Files that are never seen half written."""

import contextlib
import io
import json
import os
import stat
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

_TIMESTAMP = (2000, 1, 1, 0, 0, 0)
"""Of everything in a zip; ZIP's first day, in 1980, is before it in some time zones."""

_UNIX = 3


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` under another name and rename it: ``path`` is old or new, never torn.

    A link or a device, such as /dev/stdout, is written to and not replaced.

    Raises:
        OSError: About ``path``, whichever step fails.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            path.write_bytes(data)
            return
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text in the same way."""
    write_bytes(path, text.encode())


def write_json(path: Path, data: object) -> None:
    """Write JSON in the same way; NaN and infinities are refused."""
    write_text(path, json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False))


def write_zip(
    path: Path,
    members: Mapping[str, bytes],
    executable: Collection[str] = (),
    compression: int = zipfile.ZIP_DEFLATED,
) -> None:
    """Write a zip in the same way, in a folder that is made if need be.

    The same members give the same bytes whenever it is written; with ``zipfile.ZIP_STORED``
    wherever it is, too, since implementations of deflate differ in what they write.

    Args:
        path: Where the zip is written.
        members: What is in the files, by name.
        executable: Names of those that can be run.
        compression: A method of ``zipfile``.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in sorted(members.items()):
            info = zipfile.ZipInfo(name, _TIMESTAMP)
            info.create_system = _UNIX
            info.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(info, data, compression)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, buffer.getvalue())


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
