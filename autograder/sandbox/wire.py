"""The data that crosses between the grader and the sandbox, and nothing but data.

A frame is ``magic | u32 header size | u64 blob size | header | blob``. The header is msgpack and
holds the structure; the bytes of tensors (and of ``bytes`` objects) follow in the blob, in the
order in which the header names them, so that no offset can lie. Values are None, bool, int,
float, str, bytes, list (a tuple becomes a list), dict with str keys, and ``torch.Tensor``.
Nothing is unpickled and no object of another type can be made by a frame.

The header is capped at 256 KiB because structure is what costs the reader: a byte of msgpack can
become an object of a hundred bytes, whereas a byte of the blob stays a byte.

Tensors keep dtype, shape and ``requires_grad``. Tensors on ``meta`` have no bytes and stay on
``meta``; every other device arrives on the CPU.
"""

import ctypes
import math
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec

if TYPE_CHECKING:
    import torch

MAGIC = b"SBX1"
MAX_HEADER = 1 << 18
MAX_BLOB = 16 << 20
MAX_DEPTH = 32
MAX_RANK = 32
MAX_LEAVES = 4096
MAX_ELEMENTS = 1 << 34

_PREFIX = struct.Struct("<4sIQ")
_TENSOR, _BYTES = 1, 2
_INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_FLOATS = {"float16", "bfloat16", "float32", "float64", "complex64", "complex128"}
_DTYPES = {"bool"} | _INTEGERS | _FLOATS


class WireError(Exception):
    """Data that cannot be sent, or a frame that is not well formed. One sentence says why."""


class Drain(Protocol):
    """A second source that is read while a frame is awaited."""

    def fileno(self) -> int: ...

    def read(self) -> bool:
        """Take what there is; False once nothing more can come."""
        ...


class _TensorHead(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    dtype: str
    shape: Annotated[
        list[Annotated[int, msgspec.Meta(ge=0, le=MAX_ELEMENTS)]],
        msgspec.Meta(max_length=MAX_RANK),
    ]
    requires_grad: bool
    meta: bool


_head_decoder = msgspec.msgpack.Decoder(_TensorHead)
_size_decoder = msgspec.msgpack.Decoder(Annotated[int, msgspec.Meta(ge=0)])


# ---------------------------------------------------------------------------------- encoding


def encode(value: object, max_blob: int = MAX_BLOB) -> bytes:
    """The frame that carries ``value``.

    Raises:
        WireError: ``value`` holds something that is not data, or is too large or too deep. The
            sentence names the place, for example ``values['kl'] is a numpy.ndarray``.
    """
    blobs: list[bytes] = []
    header = _encode_header(_flatten(value, "", 0, blobs, max_blob))
    blob = b"".join(blobs)
    return _PREFIX.pack(MAGIC, len(header), len(blob)) + header + blob


def _encode_header(tree: object) -> bytes:
    try:
        header = msgspec.msgpack.encode(tree)
    except (OverflowError, ValueError) as error:
        raise WireError(f"The values cannot be sent: {error}.") from None
    if len(header) > MAX_HEADER:
        raise WireError(
            f"The values hold {len(header)} bytes of numbers, strings and containers; at most "
            f"{MAX_HEADER} can be sent. Return tensors instead."
        )
    return header


def _flatten(value: object, path: str, depth: int, blobs: list[bytes], room: int) -> object:
    """``value`` with tensors and bytes replaced by msgpack extensions, their bytes in ``blobs``."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth >= MAX_DEPTH:
        raise WireError(f"{path or 'The value'} is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        return {
            _key(key, path): _flatten(item, _inside(path, key), depth + 1, blobs, room)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            _flatten(item, f"{path}[{i}]", depth + 1, blobs, room) for i, item in enumerate(value)
        ]
    if type(value) is bytes:
        return _leaf(_BYTES, len(value), value, path, blobs, room)
    torch = sys.modules.get("torch")
    if torch is not None and type(value) in (torch.Tensor, torch.nn.Parameter):
        assert isinstance(value, torch.Tensor)
        head = _tensor_head(value, path)
        return _leaf(_TENSOR, head, b"" if head.meta else _tensor_bytes(value), path, blobs, room)
    kind = type(value)
    raise WireError(
        f"{path or 'The value'} is a {kind.__module__}.{kind.__qualname__}; return a torch.Tensor."
    )


def _key(key: object, path: str) -> str:
    if type(key) is not str:
        raise WireError(f"{path or 'The value'} has the key {key!r:.40}; keys must be strings.")
    return key


def _inside(path: str, key: object) -> str:
    return f"{path}[{key!r:.40}]" if path else str(key)[:40]


def _leaf(
    code: int, head: object, data: bytes, path: str, blobs: list[bytes], room: int
) -> msgspec.msgpack.Ext:
    if len(blobs) >= MAX_LEAVES:
        raise WireError(f"{path} is one tensor too many; at most {MAX_LEAVES} can be sent.")
    blobs.append(data)
    size = sum(map(len, blobs))
    if size > room:
        raise WireError(f"{path} brings the values to {size} bytes; at most {room} can be sent.")
    return msgspec.msgpack.Ext(code, msgspec.msgpack.encode(head))


def _tensor_head(tensor: "torch.Tensor", path: str) -> _TensorHead:
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in _DTYPES or str(tensor.layout) != "torch.strided":
        layout = str(tensor.layout).removeprefix("torch.")
        raise WireError(
            f"{path or 'The value'} is a {layout} tensor of {dtype}; return an ordinary dense one."
        )
    shape = list(tensor.shape)
    if len(shape) > MAX_RANK or _extent(shape) > MAX_ELEMENTS:
        raise WireError(f"{path or 'The value'} has the shape {shape}, which is too large.")
    return _TensorHead(dtype, shape, tensor.requires_grad, tensor.is_meta)


def _tensor_bytes(tensor: "torch.Tensor") -> bytes:
    plain = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous()
    return ctypes.string_at(plain.data_ptr(), plain.numel() * plain.element_size())


def _extent(shape: list[int]) -> int:
    """The number of elements, counting empty dimensions as one: bounds every stride."""
    return math.prod(max(size, 1) for size in shape)


# ---------------------------------------------------------------------------------- decoding


def decode(frame: bytes | bytearray, max_blob: int = MAX_BLOB) -> Any:
    """The value that ``frame`` carries.

    Raises:
        WireError: The frame is malformed in any way.
    """
    size = frame_size(frame[: _PREFIX.size], max_blob)
    if len(frame) != size:
        raise WireError(f"The frame has {len(frame)} bytes where {size} were announced.")
    header_end = _PREFIX.size + _PREFIX.unpack_from(frame)[1]
    view = memoryview(frame)
    try:
        tree = _header_decoder.decode(view[_PREFIX.size : header_end])
    except (msgspec.DecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise WireError(f"The header is not valid: {error}.") from None
    except MemoryError:
        raise WireError("The header announces more than the frame can hold.") from None
    blob = _Blob(view[header_end:])
    value = _restore(tree, 0, blob)
    blob.finish()
    return value


def frame_size(prefix: bytes | bytearray, max_blob: int = MAX_BLOB) -> int:
    """The size of the whole frame, read from its first 16 bytes and checked against the caps."""
    if len(prefix) != _PREFIX.size:
        raise WireError(f"The frame ends after {len(prefix)} bytes.")
    magic, header, blob = _PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise WireError("The frame does not begin with the magic bytes.")
    if header > MAX_HEADER:
        raise WireError(f"The header has {header} bytes; at most {MAX_HEADER} are allowed.")
    if blob > max_blob:
        raise WireError(f"The values have {blob} bytes; at most {max_blob} are allowed.")
    return _PREFIX.size + header + blob


class _Leaf:
    """A tensor or bytes object whose content is still in the blob."""

    __slots__ = ("code", "head")

    def __init__(self, code: int, head: memoryview) -> None:
        self.code = code
        self.head = bytes(head)


_header_decoder = msgspec.msgpack.Decoder(ext_hook=_Leaf)


class _Blob:
    """Hands out the blob's bytes in order, each once."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.used = 0
        self.leaves = 0

    def take(self, size: int) -> bytearray:
        self.leaves += 1
        if self.leaves > MAX_LEAVES:
            raise WireError(f"The frame holds more than {MAX_LEAVES} tensors.")
        if size > len(self.data) - self.used:
            raise WireError("A tensor is larger than the bytes that came with it.")
        taken = bytearray(self.data[self.used : self.used + size])
        self.used += size
        return taken

    def finish(self) -> None:
        if self.used != len(self.data):
            raise WireError(f"{len(self.data) - self.used} bytes belong to no tensor.")


def _restore(tree: object, depth: int, blob: _Blob) -> object:
    kind = type(tree)
    if tree is None or kind in (bool, int, float, str):
        return tree
    if depth >= MAX_DEPTH:
        raise WireError(f"The values are nested deeper than {MAX_DEPTH} levels.")
    if kind is list:
        return [_restore(item, depth + 1, blob) for item in tree]  # type: ignore[attr-defined]
    if kind is dict:
        return {
            _restored_key(key): _restore(item, depth + 1, blob)
            for key, item in tree.items()  # type: ignore[attr-defined]
        }
    if isinstance(tree, _Leaf):
        return _restore_leaf(tree, blob)
    raise WireError(f"The header holds a {kind.__name__}, which is not data of this format.")


def _restored_key(key: object) -> str:
    if type(key) is not str:
        raise WireError("A dictionary has a key that is not a string.")
    return key


def _restore_leaf(leaf: _Leaf, blob: _Blob) -> object:
    try:
        if leaf.code == _BYTES:
            return bytes(blob.take(_size_decoder.decode(leaf.head)))
        if leaf.code == _TENSOR:
            return _restore_tensor(_head_decoder.decode(leaf.head), blob)
    except (msgspec.DecodeError, ValueError) as error:
        raise WireError(f"A tensor's description is not valid: {error}.") from None
    raise WireError(f"The header holds an extension of the unknown type {leaf.code}.")


def _restore_tensor(head: _TensorHead, blob: _Blob) -> "torch.Tensor":
    import torch

    if head.dtype not in _DTYPES:
        raise WireError("A tensor has a dtype that cannot be sent.")
    if _extent(head.shape) > MAX_ELEMENTS:
        raise WireError(f"A tensor has the shape {head.shape}, which is too large.")
    dtype = getattr(torch, head.dtype)
    if head.requires_grad and not (dtype.is_floating_point or dtype.is_complex):
        raise WireError(f"A tensor of {head.dtype} claims to require gradients.")
    if head.meta:
        blob.take(0)
        tensor = torch.empty(head.shape, dtype=dtype, device="meta")
    else:
        data = blob.take(math.prod(head.shape) * dtype.itemsize)
        if head.dtype == "bool" and data.translate(None, b"\0\1"):
            raise WireError("A tensor of bool holds bytes other than 0 and 1.")
        flat = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
        tensor = flat.reshape(head.shape)
    return tensor.requires_grad_(head.requires_grad)


# ---------------------------------------------------------------------------------- transport


def send(channel: socket.socket, frame: bytes, deadline: float | None = None) -> None:
    """Send ``frame``.

    ``deadline`` is a reading of ``time.monotonic()``.

    Raises:
        TimeoutError: The deadline passed.
        EOFError: The other side is gone.
    """
    channel.settimeout(None if deadline is None else max(deadline - time.monotonic(), 1e-3))
    try:
        channel.sendall(frame)
    except (BrokenPipeError, ConnectionResetError):
        raise EOFError("The other side is gone.") from None


def receive(
    channel: socket.socket,
    deadline: float | None = None,
    max_blob: int = MAX_BLOB,
    drain: Drain | None = None,
) -> bytearray:
    """Receive one frame, whose announced size is checked before memory is set aside for it.

    ``drain`` is read as well while the frame is awaited, so that its writer never stalls.

    Raises:
        TimeoutError: The deadline passed.
        EOFError: The other side closed the channel.
        WireError: What arrives is not a frame, or is too large.
    """
    wait = _waiter(channel, deadline, drain)
    prefix = bytearray(_PREFIX.size)
    _fill(channel, memoryview(prefix), wait)
    frame = bytearray(frame_size(prefix, max_blob))
    frame[: _PREFIX.size] = prefix
    _fill(channel, memoryview(frame)[_PREFIX.size :], wait)
    return frame


def _fill(channel: socket.socket, buffer: memoryview, wait: Callable[[], None]) -> None:
    while buffer:
        wait()
        try:
            count = channel.recv_into(buffer)
        except ConnectionResetError:
            count = 0
        if count == 0:
            raise EOFError("The other side closed the channel.")
        buffer = buffer[count:]


def _waiter(
    channel: socket.socket, deadline: float | None, drain: Drain | None
) -> Callable[[], None]:
    """A function that returns when ``channel`` can be read, serving ``drain`` meanwhile."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    if drain is not None:
        poll.register(drain, select.POLLIN)

    def wait() -> None:
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError("The deadline passed.")
            ready = {fd for fd, _ in poll.poll(None if left is None else math.ceil(left * 1000))}
            if drain is not None and drain.fileno() in ready and not drain.read():
                poll.unregister(drain)
            if channel.fileno() in ready:
                return

    return wait


def checked(value: object, kinds: Mapping[str, type | UnionType]) -> dict[str, Any]:
    """``value`` if it is a dictionary with exactly the keys of ``kinds``, each of its type.

    Raises:
        WireError: It is anything else.
    """
    if type(value) is not dict or value.keys() != kinds.keys():
        raise WireError(f"The message does not have the fields {', '.join(kinds)}.")
    for key, kind in kinds.items():
        if not isinstance(value[key], kind):
            raise WireError(f"The field {key} of the message has the wrong type.")
    return value
