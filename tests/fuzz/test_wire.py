"""Whatever bytes a confined child sends: data, or a `WireError`, and never a changed grader."""

import tracemalloc

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.sandbox import wire
from autograder.sandbox.client import FAULT_KINDS, TEXT_LENGTH, _reply
from autograder.sandbox.runner import FRAMES, Reply

MEMORY = 64_000_000
NUMBER = 7
BLOB = 1 << 16

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
HEADS = st.tuples(
    st.sampled_from(["float32", "float64", "bool", "int64", "complex128", "uint8", "object"])
    | st.text(max_size=9),
    st.lists(st.integers(0, 9) | st.integers(-(2**40), 2**63 - 1), max_size=6),
    st.booleans() | st.integers(0, 1),
    st.booleans(),
).map(list)
EXTENSIONS = st.builds(
    msgspec.msgpack.Ext,
    st.integers(0, 4) | st.integers(-128, 127),
    st.binary(max_size=12) | HEADS.map(msgspec.msgpack.encode),
)
HEADERS = st.recursive(
    PLAIN | EXTENSIONS | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=10,
)
REPLY = {
    "number": NUMBER,
    "values": {"x": torch.arange(6.0).reshape(2, 3), "y": [True, "s", 1.5]},
    "fault": None,
    "mutated": [0],
    "random_state": 5,
}
EXCUSE = {"kind": "exception", "message": "m", "exception": "e", "frames": []}
GOOD = [
    wire.encode(REPLY),
    wire.encode({"importing": "density"}),
    wire.encode([torch.ones(2, dtype=torch.bool), torch.empty(3, device="meta"), b"bytes"]),
]
EDITS = st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), max_size=10)
WORDS = st.text() | st.sampled_from(["\x1b[31mred", "\x1b]0;title\a", "long " * 200])


@st.composite
def nearly(draw: st.DrawFn, **fields: st.SearchStrategy) -> dict[str, object]:
    """A dictionary with ``fields``, of which one may be anything else."""
    message = draw(st.fixed_dictionaries(fields))
    wrong = draw(st.none() | st.sampled_from(sorted(fields)))
    return message if wrong is None else {**message, wrong: draw(PLAIN)}


FRAME = nearly(path=WORDS, line=st.integers(-(2**63), 2**64 - 1), function=WORDS, text=WORDS)
FAULT = nearly(
    kind=st.sampled_from(sorted(FAULT_KINDS)),
    message=WORDS,
    exception=WORDS,
    frames=st.lists(FRAME, max_size=2 * FRAMES),
)
REPORT = {
    "number": st.just(NUMBER),
    "mutated": st.lists(st.integers(0, 9), max_size=3),
    "random_state": st.integers(0, 2**32 - 1),
}
VALUES = st.dictionaries(st.text(max_size=5), PLAIN, max_size=3)
REPLIES = nearly(values=VALUES, fault=st.none(), **REPORT) | nearly(
    values=st.none(), fault=FAULT, **REPORT
)


def frame_of(header: bytes, blob: bytes) -> bytes:
    sizes = len(header).to_bytes(4, "little") + len(blob).to_bytes(8, "little")
    return GOOD[0][:4] + sizes + header + blob


def check(frame: bytes) -> None:
    dtype = torch.get_default_dtype()
    tracemalloc.start()
    try:
        value = wire.decode(frame, BLOB)
    except wire.WireError:
        return
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MEMORY
        assert torch.get_default_dtype() == dtype
    # What was let in is data, and can be sent again.
    assert wire.encode(value)


@given(st.sampled_from(GOOD), EDITS, st.integers(-20, 5))
def test_mutated_frames(frame: bytes, edits: list[tuple[int, int]], cut: int) -> None:
    mutated = bytearray(frame[:cut] if cut < 0 else frame)
    for position, byte in edits:
        mutated[position % len(mutated)] = byte
    check(bytes(mutated))


@given(HEADERS, st.binary(max_size=64))
def test_made_up_headers(header: object, blob: bytes) -> None:
    try:
        check(frame_of(msgspec.msgpack.encode(header), blob))
    except UnicodeEncodeError:  # of a made-up string that is no text
        return


@given(st.binary(max_size=300), st.binary(max_size=64))
def test_random_headers(header: bytes, blob: bytes) -> None:
    check(frame_of(header, blob))


def test_a_good_reply_is_accepted() -> None:
    decoded = wire.decode(GOOD[0], BLOB)
    reply = _reply(decoded, NUMBER)
    assert reply.values is not None
    assert torch.equal(reply.values["x"], REPLY["values"]["x"])
    assert (reply.fault, reply.mutated, reply.random_state) == (None, (0,), 5)


@pytest.mark.parametrize(
    "changed",
    [
        {"number": NUMBER + 1},
        {"number": str(NUMBER)},
        {"values": None},
        {"values": [1]},
        {"fault": EXCUSE},
        {"mutated": None},
        {"mutated": ["0"]},
        {"random_state": 5.0},
        {"score": 100},
        {"values": None, "fault": {**EXCUSE, "kind": "grader_error"}},
        {"values": None, "fault": {**EXCUSE, "message": 5}},
        {"values": None, "fault": {**EXCUSE, "frames": [{}]}},
    ],
    ids=str,
)
def test_a_reply_with_one_thing_wrong_is_refused(changed: dict[str, object]) -> None:
    assert _reply({**REPLY, "values": None, "fault": EXCUSE}, NUMBER).fault is not None
    with pytest.raises(wire.WireError):
        _reply({**REPLY, **changed}, NUMBER)


@given(REPLIES | PLAIN)
def test_made_up_replies(message: object) -> None:
    try:
        reply = _reply(message, NUMBER)
    except wire.WireError:
        return
    assert isinstance(reply, Reply)
    assert isinstance(message, dict)
    assert message["number"] == NUMBER
    assert (reply.values is None) != (reply.fault is None)
    assert all(type(position) is int for position in reply.mutated)
    assert isinstance(reply.random_state, int)
    if reply.fault is not None:
        assert reply.fault.kind in FAULT_KINDS
        assert len(reply.fault.frames) <= FRAMES
        words = [reply.fault.message, reply.fault.exception]
        for frame in reply.fault.frames:
            assert isinstance(frame.line, int)
            words += [frame.path, frame.function, frame.text]
        assert all(len(text) <= TEXT_LENGTH and "\x1b" not in text for text in words)
