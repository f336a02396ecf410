"""The codec carries data faithfully and refuses everything else."""

import contextlib
import math
import socket
import struct
import time
import tracemalloc
from collections import OrderedDict

import msgspec
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox import wire
from autograder.sandbox.wire import WireError, decode, encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
DTYPES = [getattr(torch, name) for name in sorted(wire._DTYPES)]


@given(DATA)
def test_plain_data_round_trips(value: object) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (2, 3), (1, 1, 5)], ids=str)
def test_tensors_round_trip(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = (torch.arange(math.prod(shape)).reshape(shape) % 2).to(dtype)
    back = decode(encode({"x": tensor}))["x"]
    assert type(back) is torch.Tensor
    assert (back.dtype, back.shape) == (dtype, tensor.shape)
    assert torch.equal(back.to(torch.complex128), tensor.to(torch.complex128))


def test_special_values_views_and_flags_survive() -> None:
    base = torch.tensor([[1.0, float("nan")], [-0.0, float("inf")]], dtype=torch.float64)
    assert torch.equal(decode(encode(base)).view(torch.int64), base.view(torch.int64))
    assert torch.equal(
        decode(encode(torch.arange(6).reshape(2, 3).T)), torch.arange(6).reshape(2, 3).T
    )
    conjugate = torch.tensor([1 + 2j]).conj()
    assert torch.equal(decode(encode(conjugate)), conjugate)
    assert decode(encode(torch.zeros(2, requires_grad=True))).requires_grad
    assert type(decode(encode(torch.nn.Parameter(torch.ones(2))))) is torch.Tensor
    assert decode(encode(OrderedDict(a=(1, 2)))) == {"a": [1, 2]}


def test_meta_tensors_keep_their_shape_and_send_no_bytes() -> None:
    frame = encode(torch.empty(1 << 14, 1 << 14, device="meta"))
    assert len(frame) < 100
    back = decode(frame)
    assert (back.device.type, tuple(back.shape)) == ("meta", (1 << 14, 1 << 14))


def test_decoded_tensors_share_no_memory() -> None:
    tensor = torch.zeros(3)
    one, two = decode(encode([tensor, tensor]))
    one += 1
    assert two.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"values": {"kl": torch.zeros(1).numpy()}}, "values['kl'] is a numpy.ndarray"),
        ({"values": {"kl": [1.0, {2, 3}]}}, "values['kl'][1] is a builtins.set"),
        (torch.zeros(1).as_subclass(type("Sneaky", (torch.Tensor,), {})), "Sneaky"),
        ({1: 2}, "keys must be strings"),
        (2**64, "cannot be sent"),
        ("\ud800", "cannot be sent"),
        (torch.eye(2).to_sparse(), "sparse"),
        (torch.zeros([1] * 40), "too large"),
        ([[]] * 2_000_000, "Return tensors instead"),
        ([torch.zeros(1)] * 5000, "one tensor too many"),
        (torch.zeros(1 << 23), "at most"),
        (lambda: None, "function"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_data_is_named(value: object, words: str) -> None:
    with pytest.raises(WireError) as caught:
        encode(value)
    assert words in str(caught.value)


def test_a_cycle_is_refused() -> None:
    cycle: list = []
    cycle.append(cycle)
    with pytest.raises(WireError, match="nested deeper"):
        encode(cycle)


def frame_of(header: bytes, blob: bytes = b"") -> bytes:
    return struct.pack("<4sIQ", b"SBX1", len(header), len(blob)) + header + blob


def tensor_frame(head: object, blob: bytes = b"", code: int = 1) -> bytes:
    extension = msgspec.msgpack.Ext(code, msgspec.msgpack.encode(head))
    return frame_of(msgspec.msgpack.encode(extension), blob)


MALFORMED = {
    "empty": b"",
    "short": b"SBX1",
    "magic": b"PKL1" + bytes(12),
    "pickle": b"\x80\x04\x95" + bytes(40),
    "header over the cap": struct.pack("<4sIQ", b"SBX1", 1 << 31, 0),
    "blob over the cap": struct.pack("<4sIQ", b"SBX1", 0, 1 << 62),
    "no header": frame_of(b""),
    "trailing header": frame_of(b"\xc0\xc0"),
    "truncated": frame_of(b"\x93\x01"),
    "array of 2**32-1": frame_of(b"\xdd\xff\xff\xff\xff"),
    "map of 2**32-1": frame_of(b"\xdf\xff\xff\xff\xff"),
    "string of 2**32-1": frame_of(b"\xdb\xff\xff\xff\xff"),
    "deep arrays": frame_of(b"\x91" * 100_000 + b"\xc0"),
    "deep maps": frame_of(b"\x81\xa1a" * 100_000 + b"\xc0"),
    "40 levels": frame_of(b"\x91" * 40 + b"\xc0"),
    "bad utf-8": frame_of(b"\xa2\xff\xfe"),
    "raw bytes": frame_of(b"\xc4\x01a"),
    "timestamp": frame_of(b"\xd6\xff\x00\x00\x00\x00"),
    "integer key": frame_of(b"\x81\x01\x02"),
    "array as key": frame_of(b"\x81\x91\x01\x02"),
    "unknown extension": tensor_frame(1, code=9),
    "orphan bytes": frame_of(b"\xc0", b"abc"),
    "unknown dtype": tensor_frame(["float128", [1], False, False], bytes(16)),
    "dunder dtype": tensor_frame(["__class__", [1], False, False], bytes(16)),
    "negative size": tensor_frame(["float32", [-1], False, False], bytes(4)),
    "huge size": tensor_frame(["float32", [2**62], False, False], bytes(4)),
    "huge empty": tensor_frame(["float32", [0, 2**33, 2**33], False, False]),
    "huge meta": tensor_frame(["float32", [2**30, 2**30], False, True]),
    "product overflow": tensor_frame(["float32", [2**33, 2**33], False, False]),
    "rank 100": tensor_frame(["float32", [1] * 100, False, False], bytes(4)),
    "bool as size": tensor_frame(["float32", [True], False, False], bytes(4)),
    "float as size": tensor_frame(["float32", [1.0], False, False], bytes(4)),
    "too few bytes": tensor_frame(["float32", [2], False, False], bytes(4)),
    "too many bytes": tensor_frame(["float32", [1], False, False], bytes(8)),
    "bool byte 7": tensor_frame(["bool", [2], False, False], b"\x01\x07"),
    "gradient of integers": tensor_frame(["int64", [1], True, False], bytes(8)),
    "missing field": tensor_frame(["float32", [1], False], bytes(4)),
    "extra field": tensor_frame(["float32", [1], False, False, 1], bytes(4)),
    "negative bytes": tensor_frame(-1, code=2),
    "bytes beyond the blob": tensor_frame(10, b"abc", code=2),
    "many empty tensors": frame_of(
        b"\xdc\x20\x00" + msgspec.msgpack.encode(msgspec.msgpack.Ext(2, b"\x00")) * 8192
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_frames_are_refused(name: str) -> None:
    with pytest.raises(WireError):
        decode(MALFORMED[name])


SEEDS = [
    encode({"values": {"x": torch.zeros(3), "y": [1, 2.5, "s", None, True]}, "fault": None}),
    encode([torch.ones(2, 2, dtype=torch.bool), torch.empty(3, device="meta"), b"bytes"]),
    encode({"a": {"b": {"c": torch.zeros(0, 4)}}}),
]


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    st.integers(-20, 5),
)
def test_mutated_frames_raise_nothing_but_wire_errors(
    frame: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    mutated = bytearray(frame[:cut] if cut < 0 else frame)
    for position, byte in changes:
        mutated[position % len(mutated)] = byte
    with contextlib.suppress(WireError):
        decode(bytes(mutated))


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=32))
def test_arbitrary_headers_raise_nothing_but_wire_errors(header: bytes, blob: bytes) -> None:
    with contextlib.suppress(WireError):
        decode(frame_of(header, blob))


@pytest.mark.parametrize("filling", [b"\x80", b"\x90", b"\xc7\x00\x01", b"\xa0"], ids=repr)
def test_the_worst_header_costs_bounded_memory(filling: bytes) -> None:
    count = (wire.MAX_HEADER - 5) // len(filling)
    frame = frame_of(b"\xdd" + count.to_bytes(4, "big") + filling * count)
    tracemalloc.start()
    with contextlib.suppress(WireError):
        decode(frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6


def test_frames_cross_a_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, encode({"a": torch.ones(100)}))
        wire.send(ours, encode("second"))
        assert decode(wire.receive(theirs))["a"].sum() == 100
        assert decode(wire.receive(theirs)) == "second"
        with pytest.raises(TimeoutError):
            wire.receive(theirs, time.monotonic() + 0.02)
        ours.sendall(b"SBX1\x05")
        with pytest.raises(TimeoutError):
            wire.receive(theirs, time.monotonic() + 0.02)


def test_a_closed_socket_is_the_end() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(encode(1)[:10])
        ours.close()
        with pytest.raises(EOFError):
            wire.receive(theirs)
        with pytest.raises(EOFError):
            wire.send(theirs, encode(1))


def test_an_announced_size_over_the_cap_is_refused_before_it_is_read() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(struct.pack("<4sIQ", b"SBX1", 10, 1000))
        with pytest.raises(WireError, match="at most 999"):
            wire.receive(theirs, max_blob=999)
