"""Whatever stands in an export's metadata: submitters and times, or one sentence."""

from datetime import datetime
from pathlib import Path

import pytest
import yaml
from classroom.test_export import METADATA
from hypothesis import given
from hypothesis import strategies as st

from autograder.classroom.roster import roster_of
from autograder.submission import SubmissionError, read_export
from autograder.submission.export import METADATA_NAME, Exported

LINES = METADATA.splitlines()
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(LINES) - 1),
        st.floats(0, 1),
        st.sampled_from([*"-:&*!|>%@`'\"[]{}#?,~<=", "!!", "!ruby/object:", "\n", "  "])
        | st.text(max_size=4),
    ),
    max_size=5,
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.datetimes()
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers() | st.none(), inner, max_size=3)
    ),
    max_leaves=6,
)
PEOPLE = st.lists(
    st.dictionaries(st.sampled_from([":name", ":sid", ":email"]), ANYTHING, max_size=3) | ANYTHING,
    max_size=3,
)
ENTRIES = st.dictionaries(
    st.sampled_from([":submitters", ":created_at", ":score", ":history"]),
    PEOPLE | ANYTHING,
    max_size=4,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export")


def check(folder: Path, data: bytes) -> None:
    (folder / METADATA_NAME).write_bytes(data)
    exported: dict[str, Exported] = {}
    sentence = "read"
    try:
        exported = read_export(folder)
    except SubmissionError as error:
        sentence = str(error)
    assert sentence.isprintable()
    for name, submission in exported.items():
        assert "/" not in name
        assert submission.created_at is None or submission.created_at.tzinfo is not None
        assert isinstance(submission.created_at, datetime | None)
        for person in submission.submitters:
            assert all(isinstance(text, str) for text in (person.name, person.sid, person.email))
    roster_of(exported.values())


@given(edits=EDITS)
def test_edited_metadata(folder: Path, edits: list[tuple[int, float, str]]) -> None:
    lines = list(LINES)
    for number, where, text in edits:
        at = int(where * len(lines[number]))
        lines[number] = lines[number][:at] + text + lines[number][at:]
    check(folder, "\n".join(lines).encode("utf-8", "replace"))


@given(
    entries=st.dictionaries(st.text(max_size=12) | st.integers(), ENTRIES | ANYTHING, max_size=3)
)
def test_made_up_metadata(folder: Path, entries: dict) -> None:
    check(folder, yaml.safe_dump(entries).encode())


@given(
    data=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
def test_any_bytes(folder: Path, data: bytes) -> None:
    check(folder, data)
