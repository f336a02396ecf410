"""Whatever bytes arrive, intake answers with a submission or with one sentence."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.config import load_config
from autograder.submission import Submission, SubmissionError, read_submission

LIMITS = load_config().limits.model_copy(update={"archive_mb": 1})
MEMORY = 16_000_000

PATHS = st.text(st.one_of(st.sampled_from("./\\:~"), st.characters()), min_size=1, max_size=40).map(
    lambda text: f"{text}.py"
)
MEMBERS = st.lists(st.tuples(PATHS, st.binary(max_size=200)), max_size=6, unique_by=lambda m: m[0])
EDITS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12)


def pack(members: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [("likelihood/density.py", b"x = 1\n" * 50), *members]:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            archive.writestr(info, data)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "x.zip"


def check(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    tracemalloc.start()
    try:
        result: Submission | SubmissionError = read_submission(
            path, "likelihood", LIMITS, ("vae_gan",), ("density",)
        )
    except SubmissionError as error:
        result = error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MEMORY
    sentences = [str(result)] if isinstance(result, SubmissionError) else result.notes
    assert all(sentence.isprintable() and "<" not in sentence for sentence in sentences)
    if isinstance(result, Submission):
        for name in (*result.files, *result.others):
            assert not name.startswith("/")
            assert ".." not in name.split("/")
            assert "\\" not in name


@given(prefix=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06"]), rest=st.binary(max_size=500))
def test_random_bytes(path: Path, prefix: bytes, rest: bytes) -> None:
    check(path, prefix + rest)


@given(members=MEMBERS)
def test_random_names(path: Path, members: list[tuple[str, bytes]]) -> None:
    try:
        data = pack(members)
    except (ValueError, UnicodeEncodeError):
        return
    check(path, data)


@given(members=MEMBERS.filter(lambda m: all(n.isprintable() for n, _ in m)), edits=EDITS)
def test_mutated_zip(
    path: Path, members: list[tuple[str, bytes]], edits: list[tuple[float, int]]
) -> None:
    data = bytearray(pack(members))
    for where, value in edits:
        data[int(where * len(data))] = value
    check(path, bytes(data))


@given(edits=EDITS, cut=st.floats(0, 1))
def test_mutated_directory(path: Path, edits: list[tuple[float, int]], cut: float) -> None:
    """Mutations that strike the headers, where the sizes and offsets are."""
    data = bytearray(pack([("likelihood/flows.py", b"y = 2\n")]))
    start = data.index(b"PK\x01\x02")
    for where, value in edits:
        data[start + int(where * (len(data) - start))] = value
    check(path, bytes(data[: max(1, int(len(data) * max(cut, 0.5)))]))
