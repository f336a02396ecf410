"""Whatever bytes a confined child sends: data, or a `WireError`, and never a changed grader."""

import tracemalloc

import msgspec
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.sandbox import wire
from autograder.sandbox.client import _reply
from autograder.sandbox.runner import Reply

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
GOOD = [
    wire.encode(
        {
            "number": NUMBER,
            "values": {"x": torch.arange(6.0).reshape(2, 3), "y": [True, "s", 1.5]},
            "fault": None,
            "mutated": [0],
        }
    ),
    wire.encode({"importing": "density"}),
    wire.encode([torch.ones(2, dtype=torch.bool), torch.empty(3, device="meta"), b"bytes"]),
]
EDITS = st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), max_size=10)
FAULTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["exception", "crash", "not_started"]) | st.text(max_size=5),
        "message": st.text() | PLAIN,
        "exception": st.text() | st.none(),
        "frames": st.lists(
            st.fixed_dictionaries(
                {
                    "path": st.text() | st.integers(),
                    "line": st.integers(-(2**63), 2**64 - 1) | st.text(max_size=3),
                    "function": st.text(),
                    "text": st.text(),
                }
            )
            | PLAIN,
            max_size=7,
        )
        | PLAIN,
    }
)
MESSAGES = st.fixed_dictionaries(
    {
        "number": st.just(NUMBER) | PLAIN,
        "values": st.none() | st.dictionaries(st.text(max_size=5), PLAIN, max_size=3) | PLAIN,
        "fault": st.none() | FAULTS | PLAIN,
        "mutated": st.lists(st.integers(0, 9), max_size=3) | PLAIN,
    }
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


@given(MESSAGES | PLAIN)
def test_made_up_replies(message: object) -> None:
    try:
        reply = _reply(message, NUMBER)
    except wire.WireError:
        return
    assert isinstance(reply, Reply)
    assert (reply.values is None) != (reply.fault is None)
    if reply.fault is not None:
        words = [reply.fault.message, *(frame.text for frame in reply.fault.frames)]
        assert all(len(text) <= 500 and "\x1b" not in text for text in words)
