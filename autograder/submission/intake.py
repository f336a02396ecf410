"""One submission, read from an untrusted zip or folder into memory."""

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.config import Limits
from autograder.submission.entries import (
    MEGABYTE,
    Entry,
    EntryError,
    SubmissionError,
    list_entries,
    list_zip,
    read_file,
)
from autograder.submission.layout import Layout, Parts, find_layout
from autograder.submission.names import (
    ARCHIVE_SUFFIXES,
    collision_key,
    own_name,
    path_problem,
    show,
    split_path,
    submission_id,
)

ANSWERS_FILE = "answers.toml"
"""Name of the file with the answers to written questions."""

_OTHER_BYTES = 2 * MEGABYTE
_DIGESTED = 20_000
"""Files of a folder that its digest is made of."""
_NAMED = 3
"""Files that one note names before it says how many more there are."""


@dataclass(frozen=True)
class Submission:
    """What is graded.

    Attributes:
        id: The archive's or folder's name without suffix, safe as a file name.
        sha256: Of ``files`` and ``others``: equal for equal files, however they were packed.
        files: The ``.py`` files by posix path relative to the folder that holds the package.
        others: Notebooks, and the answers file as ``answers.toml``, by path as above.
        notes: Sentences that the student should read.
    """

    id: str
    sha256: str
    files: dict[str, bytes]
    others: dict[str, bytes]
    notes: tuple[str, ...]


class _Skipped:
    """Files that were passed over, by reason."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, path: str, reason: str) -> None:
        self._names.setdefault(reason, []).append(show(path))

    def notes(self) -> list[str]:
        return [f"Not read: {_enumerate(names)} ({why})." for why, names in self._names.items()]


def read_submission(
    path: Path,
    package: str,
    limits: Limits,
    other_packages: Collection[str] = (),
    modules: Collection[str] = (),
) -> Submission:
    """Read a submission without writing anything to disk and without trusting what it claims.

    Accepts a zip, a pack's folder, a package folder, and modules without a package folder, each
    under any number of top folders. Junk of tools is ignored. A file that cannot be accepted is
    passed over with a note; what makes the whole submission doubtful is refused.

    Args:
        path: The zip or folder.
        package: The name of the pack's package.
        limits: ``archive_mb`` unpacked and ``archive_files``, over everything but junk.
        other_packages: Packages of other packs, to recognise a submission to the wrong one.
        modules: The names of the pack's modules; missing ones are noted.

    Raises:
        SubmissionError: One sentence that says what is wrong, where, and what to do.
    """
    path = Path(path)
    subject = show(own_name(path))
    skipped = _Skipped()
    listed = _within_limits(list_entries(path, limits), subject, limits)
    entries = _readable(listed, skipped)
    sources = [parts for parts in entries if parts[-1].endswith(".py")]
    layout = find_layout(sources, package, modules)
    if layout is None:
        raise SubmissionError(_nothing_found(subject, package, other_packages, listed, skipped))

    relative = _relative(_with_answers(entries, layout, skipped), layout, subject)
    contents = _read(relative, subject, limits, skipped)
    files = {name: data for name, data in contents.items() if name.endswith(".py")}
    others = {name: data for name, data in contents.items() if name not in files}
    return Submission(
        id=submission_id(path),
        sha256=_digest(contents),
        files=files,
        others=others,
        notes=(
            *_layout_notes(layout, submission_id(path)),
            *skipped.notes(),
            *_missing_notes(files, package, modules),
            *(note for name, data in files.items() if (note := _encoding_note(name, data))),
        ),
    )


def raw_digest(path: Path, limits: Limits) -> str:
    """Digest of the bytes that lie at ``path``, whatever `read_submission` makes of them.

    Where it changes, something else was handed in. Of what is larger than any submission may be,
    only names and sizes count.
    """
    folder = os.path.isdir(path)
    digest = hashlib.sha256()
    left = limits.archive_mb * MEGABYTE
    for file in islice(_files_below(path), _DIGESTED) if folder else [path]:
        try:
            data = read_file(file, left, follow_links=not folder)
            size = str(os.lstat(file).st_size)
        except (EntryError, OSError, ValueError) as error:
            data, size = b"", str(error)
        left -= len(data)
        for field in (os.fsencode(os.path.relpath(file, path)), size.encode(), data):
            digest.update(len(field).to_bytes(8, "big"))
            digest.update(field)
    return digest.hexdigest()


def _files_below(folder: Path) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(current, name) for name in sorted(files))


def _within_limits(entries: Iterable[Entry], subject: str, limits: Limits) -> list[Entry]:
    listed: list[Entry] = []
    size = 0
    for entry in entries:
        listed.append(entry)
        size += entry.size
        if len(listed) > limits.archive_files:
            raise SubmissionError(
                f"{subject} holds more than {limits.archive_files} files; "
                "submit the homework's folder only, without data and environments."
            )
        if size > limits.archive_mb * MEGABYTE:
            raise _too_large(subject, limits)
    if not listed:
        raise SubmissionError(f"{subject} holds no files; submit the homework's folder.")
    return listed


def _readable(entries: Iterable[Entry], skipped: _Skipped) -> dict[Parts, list[Entry]]:
    """The files that matter to grading and have harmless paths, by path."""
    readable: dict[Parts, list[Entry]] = {}
    for entry in entries:
        matters = entry.path.endswith((".py", ".ipynb")) or _is_answers(entry.path)
        problem = entry.problem or (path_problem(entry.path) if matters else "")
        if entry.path.lower().endswith(ARCHIVE_SUFFIXES):
            problem = problem or "an archive inside a submission is not opened"
        if _is_misnamed_answers(entry.path):
            problem = problem or f"the answers file must be named {ANSWERS_FILE}; rename it"
        if problem:
            skipped.add(entry.path, problem)
        elif matters:
            readable.setdefault(split_path(entry.path), []).append(entry)
    return readable


def _relative(entries: dict[Parts, list[Entry]], layout: Layout, subject: str) -> dict[str, Entry]:
    """The pack's files by path relative to its root; two of one name are refused."""
    found: dict[str, Entry] = {}
    seen: dict[str, str] = {}
    for parts, same in entries.items():
        name = layout.relative(parts)
        if name is None:
            continue
        first = seen.setdefault(collision_key(name), name)
        if first != name or len(same) > 1:
            raise SubmissionError(
                f"{subject} holds {show(first)} twice (the second as {show(name)}); "
                "keep one of them and pack it again."
            )
        found[name] = same[0]
    return dict(sorted(found.items()))


def _is_answers(path: str) -> bool:
    return path.rpartition("/")[2].casefold() == ANSWERS_FILE


def _is_misnamed_answers(path: str) -> bool:
    """Whether a browser or editor gave the answers file a name of its own: `answers.toml.txt`."""
    name = path.rpartition("/")[2].casefold()
    return name.startswith("answers") and ".toml" in name and name != ANSWERS_FILE


def _with_answers(
    entries: dict[Parts, list[Entry]], layout: Layout, skipped: _Skipped
) -> dict[Parts, list[Entry]]:
    """``entries`` with the answers file nearest to the package, placed at the pack's root."""

    def rank(parts: Parts) -> tuple[int, bool, Parts]:
        folder, root = parts[:-1], layout.root
        same = [a == b for a, b in zip(folder, root, strict=False)]
        common = (*same, False).index(False)
        return (len(folder) + len(root) - 2 * common, common < len(root), folder)

    places = sorted((parts for parts in entries if _is_answers("/".join(parts))), key=rank)
    placed = {parts: same for parts, same in entries.items() if parts not in places}
    for parts in places:
        if parts[:-1] == places[0][:-1]:
            placed.setdefault((*layout.root, ANSWERS_FILE), []).extend(entries[parts])
        else:
            nearest = show("/".join(places[0]))
            skipped.add("/".join(parts), f"{nearest} lies nearer to the modules and is read")
    return placed


def _read(
    entries: dict[str, Entry], subject: str, limits: Limits, skipped: _Skipped
) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    left = limits.archive_mb * MEGABYTE
    for name, entry in entries.items():
        cap = left if name.endswith(".py") else min(left, _OTHER_BYTES)
        try:
            data = entry.read(cap + 1)
        except EntryError as error:
            skipped.add(name, str(error))
            continue
        if len(data) > left:
            raise _too_large(subject, limits)
        if len(data) > cap:
            skipped.add(name, f"it is larger than {_OTHER_BYTES // MEGABYTE} MB")
            continue
        left -= len(data)
        contents[name] = data
    return contents


def _digest(contents: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in contents.items():
        for field in (name.encode(), data):
            digest.update(len(field).to_bytes(8, "big"))
            digest.update(field)
    return digest.hexdigest()


def _nothing_found(
    subject: str,
    package: str,
    other_packages: Collection[str],
    entries: list[Entry],
    skipped: _Skipped,
) -> str:
    folders = {part for entry in entries for part in split_path(entry.path)[:-1]}
    wrong = sorted(folders & set(other_packages))
    if wrong:
        return (
            f"{subject} holds {wrong[0]}/, which belongs to another homework; "
            f"submit the one with the folder {package}/ here."
        )
    expected = f"{subject} has no folder {package}/ with Python modules"
    suffixes = {Path(entry.path).suffix.lower() for entry in entries}
    for entry in entries:
        if damage := _damage(entry):
            return damage
    if suffixes & set(ARCHIVE_SUFFIXES):
        return f"{expected}, but an archive inside; unpack that one and submit what it holds."
    if ".ipynb" in suffixes:
        return f"{expected}, but a notebook; the modules are graded, submit the homework's folder."
    for note in skipped.notes():
        return f"{expected}; {note[:1].lower()}{note[1:]}"
    return f"{expected}; submit the homework's folder, packed as a .zip."


def _damage(entry: Entry) -> str:
    """Why a zip inside a submission cannot be opened: Gradescope leaves such a one as it is."""
    name = entry.path.rpartition("/")[2]
    if entry.problem or not name.lower().endswith(".zip"):
        return ""
    try:
        for _ in list_zip(name, entry.read(entry.size)):
            pass
    except (SubmissionError, EntryError) as error:
        return str(error)
    return ""


def _layout_notes(layout: Layout, top: str) -> list[str]:
    """Which folder is graded; equal for equal submissions, whose own names are the ``top``."""
    graded = layout.root if layout.loose else (*layout.root, layout.package)
    shown, *others = (
        show("/".join(folder[folder[:1] == (top,) :])) or "the top folder"
        for folder in (graded, *layout.copies)
    )
    passed_over = _enumerate(others)
    if layout.loose and others:
        return [
            f"There is no folder {layout.package}/, and modules lie in more than one folder: "
            f"{shown} is graded, not {passed_over}."
        ]
    if layout.loose:
        return [f"There is no folder {layout.package}/; the modules were read from {shown}."]
    if others:
        return [f"There is more than one {layout.package}/: {shown} is graded, not {passed_over}."]
    return []


def _missing_notes(files: dict[str, bytes], package: str, modules: Collection[str]) -> list[str]:
    notes = []
    for module in modules:
        if {f"{package}/{module}.py", f"{package}/{module}/__init__.py"} & files.keys():
            continue
        alike = re.compile(rf"{package}/{module}(?!\w)[^/]*\.py", re.IGNORECASE)
        found = [show(name) for name in files if alike.fullmatch(name)]
        advice = f"; not read for it: {_enumerate(found)} (rename it to {module}.py)"
        notes.append(f"The module {package}/{module}.py is missing{advice if found else ''}.")
    return notes


def _encoding_note(name: str, data: bytes) -> str:
    """Python may refuse such a file; it is kept, so that only its own question is lost."""
    if (nul := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, nul) + 1
        return f"{show(name)} has a NUL byte in line {line}; save it as UTF-8 text."
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        return f"{show(name)} is not UTF-8: byte 0x{byte:02x} in line {line}; save it as UTF-8."
    return ""


def _enumerate(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _too_large(subject: str, limits: Limits) -> SubmissionError:
    return SubmissionError(
        f"{subject} is larger than {limits.archive_mb} MB when unpacked; "
        "leave out data, checkpoints and environments."
    )
