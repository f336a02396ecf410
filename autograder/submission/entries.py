"""The files of a submission as its zip or folder lists them, before anything is read."""

import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autograder.config import Limits
from autograder.submission.names import is_junk, own_name, safe_id, show

MEGABYTE = 1_000_000

_LISTED = 20_000
"""Names that are looked at, junk included: what bounds the time and memory of a listing."""
_RATIO = 100
_RATIO_MATTERS = MEGABYTE
"""Deflate packs text ten to one; members that unpack far beyond that are bombs, if they are big."""
_CENTRAL_HEADER = b"PK\x01\x02"
_LOCAL_HEADER_SIZE = 30

_OTHER_FORMATS = (
    (0, b"\x1f\x8b", "a gzip (.tar.gz) archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a rar archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"%PDF", "a PDF file"),
)


class SubmissionError(Exception):
    """A submission cannot be graded; the message is one sentence for the student."""


class EntryError(Exception):
    """One file cannot be read; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One file of a submission.

    Attributes:
        path: Its '/'-separated path as the archive or folder gives it.
        size: The bytes it claims to have.
        read: Returns at most the given number of its bytes; raises `EntryError`.
        problem: Why it must not be read, or "".
    """

    path: str
    size: int
    read: Callable[[int], bytes]
    problem: str = ""


def list_entries(path: Path, limits: Limits) -> Iterator[Entry]:
    """The files of the zip or folder at ``path`` that are not junk.

    A folder's own name is the first part of its files' paths, so that a package folder that is
    submitted by itself looks like one inside a pack.

    Raises:
        SubmissionError: Where there is no such file, or it is no zip that can be read safely.
    """
    if os.path.isdir(path):  # unlike Path.is_dir, False for a name that is too long
        return _list_folder(path)
    try:
        data = read_file(path, limits.archive_mb * MEGABYTE + 1, follow_links=True)
    except EntryError as error:
        raise SubmissionError(f"{show(path.name)} cannot be read: {error}.") from None
    if len(data) > limits.archive_mb * MEGABYTE:
        raise SubmissionError(
            f"{show(path.name)} is larger than the {limits.archive_mb} MB that are accepted; "
            "leave out data, checkpoints and environments, and pack it again."
        )
    return list_zip(path.name, data)


def list_zip(name: str, data: bytes) -> Iterator[Entry]:
    """The files of the zip ``data`` that are not junk.

    Raises:
        SubmissionError: Where it is no zip that can be read safely.
    """
    subject = show(name)
    _check_format(name, data)
    # zipfile keeps an object per central header: count them before it does.
    if data.count(_CENTRAL_HEADER) > _LISTED:
        raise _too_many(subject)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception:  # zipfile documents no complete list of what damaged archives raise
        raise SubmissionError(
            f"{subject} is damaged: its list of contents cannot be read; pack it again as a zip."
        ) from None
    members = [member for member in archive.infolist() if not _ignored(_posix(member))]
    _check_overlap(subject, members)
    for member in members:
        path = _posix(member)
        if path.endswith("/"):
            continue
        if member.flag_bits & 0x1:
            raise SubmissionError(
                f"{subject} is encrypted (at {show(path)}); pack it again without a password."
            )
        if member.file_size > max(_RATIO * member.compress_size, _RATIO_MATTERS):
            raise SubmissionError(
                f"{subject} unpacks {show(path)} to more than {_RATIO} times its packed size, "
                "which is refused as a zip bomb; leave that file out."
            )
        read = partial(_read_member, archive, member)
        yield Entry(path, member.file_size, read, _member_problem(member))


def _posix(member: zipfile.ZipInfo) -> str:
    """The member's whole name; some Windows tools separate folders by backslashes."""
    return member.orig_filename.replace("\\", "/")


def _member_problem(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "links are not followed"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "it is not an ordinary file"
    # zipfile unpacks other methods without a bound on memory.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed by an unusual method; pack it as an ordinary zip"
    return ""


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int) -> bytes:
    try:
        with archive.open(member) as file:
            return file.read(size)
    except Exception:  # as above
        raise EntryError("it is damaged in the archive") from None


def _check_format(name: str, data: bytes) -> None:
    subject = show(name)
    if not data:
        raise SubmissionError(f"{subject} is empty (0 bytes); upload it again.")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return
    what = next(
        (what for offset, magic, what in _OTHER_FORMATS if data.startswith(magic, offset)),
        {".ipynb": "a notebook", ".py": "a single Python file"}.get(Path(name).suffix.lower()),
    )
    found = f"is {what}" if what else "is not a zip archive"
    raise SubmissionError(
        f"{subject} {found}; pack the homework's folder as a .zip and submit that."
    )


def _check_overlap(subject: str, members: list[zipfile.ZipInfo]) -> None:
    """Refuse members that share bytes, the trick by which a small zip unpacks to a huge one."""
    end = 0
    for member in sorted(members, key=lambda m: m.header_offset):
        if member.header_offset < end:
            raise SubmissionError(
                f"{subject} is malformed: {show(_posix(member))} overlaps another member; "
                "pack it again with an ordinary zip program."
            )
        end = member.header_offset + _LOCAL_HEADER_SIZE + member.compress_size


def _list_folder(folder: Path) -> Iterator[Entry]:
    top = safe_id(own_name(folder))
    listed = 0
    waiting = [("", folder)]
    while waiting:
        prefix, current = waiting.pop()
        try:
            found = os.scandir(current)
        except OSError as error:
            yield Entry(f"{top}/{prefix}", 0, _unreadable, _reason(error))
            continue
        with found:
            for item in found:
                listed += 1
                if listed > _LISTED:
                    raise _too_many(show(own_name(folder)))
                if is_junk(item.name):
                    continue
                if item.is_dir(follow_symlinks=False):
                    waiting.append((f"{prefix}{item.name}/", Path(item.path)))
                else:
                    yield _file_entry(f"{top}/{prefix}{item.name}", item)


def _file_entry(path: str, item: os.DirEntry[str]) -> Entry:
    if item.is_symlink():
        return Entry(path, 0, _unreadable, "links are not followed")
    try:
        size = item.stat(follow_symlinks=False).st_size
    except OSError as error:
        return Entry(path, 0, _unreadable, _reason(error))
    return Entry(path, size, partial(read_file, Path(item.path)))


def read_file(path: Path, size: int, *, follow_links: bool = False) -> bytes:
    """At most ``size`` bytes of an ordinary file; never blocks on a pipe, never follows a link.

    ``follow_links`` is for a path that whoever starts the grading named: it may be a link.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    if not follow_links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise EntryError("it is not an ordinary file")
            if status.st_nlink > 1 and not follow_links:
                raise EntryError(
                    "it is a hard link to a file that may lie elsewhere; copy the file"
                )
            return file.read(size)
    except (OSError, ValueError) as error:
        raise EntryError(_reason(error)) from None


def _unreadable(size: int) -> bytes:
    raise EntryError("it cannot be read")


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return (text or "it cannot be read").lower()


def _ignored(path: str) -> bool:
    return any(is_junk(part) for part in path.split("/") if part not in ("", ".", ".."))


def _too_many(subject: str) -> SubmissionError:
    return SubmissionError(
        f"{subject} holds more than {_LISTED} files and folders; submit the homework's folder only."
    )
