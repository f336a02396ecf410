"""File names that strangers chose: which to ignore, which to refuse, how to show them."""

import os
import re
import unicodedata
from pathlib import Path

ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
LONE_SUFFIXES = (".ipynb", ".py")
"""Of files that students hand in by themselves instead of the homework's folder."""

_JUNK = frozenset(
    {"__MACOSX", "__pycache__", "venv", "env", "site-packages", "node_modules"}
    | {"runs", "build", "dist", "Thumbs.db", "desktop.ini"}
)
_JUNK_SUFFIXES = (".pyc", ".pyo", ".egg-info", ".dist-info")
_PERMITTED = re.compile(r"[\w .,+=@()'-]+")
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_PART_LENGTH = 255
_PATH_LENGTH = 1000
_SHOWN = 80


def is_junk(name: str) -> bool:
    """Whether a file or folder of this name is left by a tool and never part of a pack's work."""
    return name.startswith(".") or name in _JUNK or name.endswith(_JUNK_SUFFIXES)


def show(name: str) -> str:
    """``name`` as it may stand in a message: no control characters, no markup, not too long."""
    text = unicodedata.normalize("NFC", name[:_PATH_LENGTH])
    text = "".join(c if c.isalnum() or c in " ._-/+=@()," else "?" for c in text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}...{text[-_SHOWN // 2 :]}"


def safe_id(name: str) -> str:
    """``name`` with everything replaced that is not safe in a file name on any system."""
    text = re.sub(r"[^\w.-]", "_", unicodedata.normalize("NFC", name)).lstrip(".-")
    text = text.encode("utf-8", "ignore")[:120].decode("utf-8", "ignore").rstrip(".")
    return f"_{text}" if not text or _RESERVED.fullmatch(text) else text


def own_name(path: Path) -> str:
    """The last part of ``path`` as given, also where it is '.' or '..'; links are not resolved."""
    return os.path.basename(os.path.abspath(path))


def submission_id(path: Path) -> str:
    """The id of the submission at ``path``: its name without suffix, made safe."""
    name = own_name(path)
    if not os.path.isdir(path):
        if name.lower().endswith(LONE_SUFFIXES):
            name = name.rpartition(".")[0]
        while name.lower().endswith(ARCHIVE_SUFFIXES):
            name = name.rpartition(".")[0]
    return safe_id(name)


def split_path(path: str) -> tuple[str, ...]:
    """The parts of a '/'-separated path, in NFC, without empty ones and '.'.

    Of a path that is too long to be accepted, those of its beginning: to normalise thousands of
    combining marks takes seconds.
    """
    parts = unicodedata.normalize("NFC", path[: _PATH_LENGTH + 1]).split("/")
    return tuple(part for part in parts if part not in ("", "."))


def path_problem(path: str) -> str:
    """Why a file of this path is not read, or "" for a harmless path."""
    if len(path) > _PATH_LENGTH:
        return "the name is too long"
    parts = split_path(path)
    if path.startswith("/") or _DRIVE.match(path):
        return "an absolute path is not accepted"
    if ".." in parts:
        return "a path that leaves the submission is not accepted"
    if any(len(part) > _PART_LENGTH for part in parts):
        return "the name is too long"
    if not all(_PERMITTED.fullmatch(part) for part in parts):
        return "the name has characters that are not accepted"
    return ""


def collision_key(path: str) -> str:
    """Equal for two paths that some file system or Python's import takes for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
