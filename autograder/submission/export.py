"""A bulk export of Gradescope: whose the submissions are, and when they were handed in.

An export is a folder with ``submission_metadata.yml`` and one folder for each submission that
counts. Earlier submissions of a student stand in that file only, under ``:history``, without
their files; they are not graded.
"""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from autograder.submission.entries import SubmissionError
from autograder.submission.names import own_name, safe_id, show

METADATA_NAME = "submission_metadata.yml"
FOLDER_PREFIX = "submission_"


@dataclass(frozen=True)
class Submitter:
    """One student of a group; a field that Gradescope does not know is ""."""

    name: str
    sid: str
    email: str

    @property
    def key(self) -> str:
        """What tells this student from others, as far as it is known."""
        return self.email or self.sid or self.name

    @property
    def known(self) -> str:
        """The name, or else what is known."""
        return self.name or self.key


@dataclass(frozen=True)
class Exported:
    """Who handed in one submission, and when (None where that is not known).

    ``source`` is the same for all exports of one assignment, unless their folders were renamed.
    """

    submitters: tuple[Submitter, ...]
    created_at: datetime | None
    source: str = ""

    @property
    def names(self) -> str:
        """The submitters, as one text."""
        return "; ".join(person.known for person in self.submitters)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads what Ruby writes: its own types as plain values."""


def _plain(loader: Any, tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _plain)


def is_export(folder: Path) -> bool:
    """Whether ``folder`` is an unpacked bulk export."""
    return (folder / METADATA_NAME).is_file()


def is_packed_export(path: Path) -> bool:
    """Whether the file at ``path`` is a bulk export that was not unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception:  # zipfile documents no complete list of what damaged archives raise
        return False
    return any(name.split("/", 1)[-1] == METADATA_NAME for name in names)


def read_export(folder: Path) -> dict[str, Exported]:
    """The submissions of an export, by id.

    Raises:
        SubmissionError: If the folder is no export, or its metadata cannot be read.
    """
    path = folder / METADATA_NAME
    try:
        data = yaml.load(path.read_bytes(), _Loader)
    except FileNotFoundError:
        raise SubmissionError(
            f"{show(str(folder))} holds no {METADATA_NAME}; give the folder of a Gradescope export."
        ) from None
    except (OSError, ValueError, yaml.YAMLError):
        data = None
    if not isinstance(data, dict):
        raise SubmissionError(f"{show(str(path))} cannot be read; export the submissions again.")
    name = own_name(folder)
    numbered = re.match(r"assignment_\d+", name)
    source = numbered[0] if numbered else name
    return {safe_id(str(name)): _exported(entry, source) for name, entry in data.items()}


def replaced(known: Mapping[str, Exported], given: Mapping[str, Exported]) -> list[str]:
    """The submissions of ``known`` that the exports ``given`` do not count any more.

    Gradescope numbers every hand-in anew: an earlier one of the same student, or one that the
    same assignment does not hold any more, is not in the next export.
    """
    sources = {one.source for one in given.values()}
    people = {person.key for one in given.values() for person in one.submitters} - {""}
    return [
        name
        for name, one in known.items()
        if name not in given
        and (one.source in sources or people & {person.key for person in one.submitters})
    ]


def _exported(entry: object, source: str) -> Exported:
    fields: Mapping = entry if isinstance(entry, dict) else {}
    people = fields.get(":submitters")
    submitters = (p for p in (people if isinstance(people, list) else ()) if isinstance(p, dict))
    return Exported(
        tuple(
            Submitter(*(str(person.get(key) or "") for key in (":name", ":sid", ":email")))
            for person in submitters
        ),
        _time(fields.get(":created_at")),
        source,
    )


def _time(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
