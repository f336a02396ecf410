"""A device that is not there: its tensors have values, which the CPU keeps and computes with.

It stands in for a GPU where there is none. As on a GPU, tensors of two devices do not mix, nothing
is made on the device unasked, generators of the CPU draw nothing on it, and ``numpy`` cannot read
it; numbers, CPU indices and CPU tensors without dimensions are welcome.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "fake"
MIXED = "Expected all tensors to be on the same device, but found at least two devices, {} and {}!"
aten = torch.ops.aten
COPIES = (aten.copy_.default, aten._to_copy.default)
INDEXING = (
    aten.index.Tensor,
    aten.index_put_.default,
    aten.index_put.default,
    aten._index_put_impl_.default,
)


class FakeTensor(Tensor):
    """A tensor on the device; ``raw`` has its values."""

    raw: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, raw: Tensor) -> "FakeTensor":
        tensor = Tensor._make_wrapper_subclass(
            cls,
            raw.shape,
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            device=torch.device(NAME, 0),
        )
        tensor.raw = raw
        return tensor

    # What torch does to a tensor without any operation that could be intercepted.
    def tolist(self) -> object:
        return self.raw.tolist()

    @property
    def data(self) -> Tensor:
        return self.detach()

    @data.setter
    def data(self, values: "FakeTensor") -> None:
        self.raw = values.raw

    @classmethod
    def __torch_dispatch__(
        cls, operation: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        return _compute(operation, args, kwargs or {})


class _Device(TorchDispatchMode):
    """Sees what is made on the device, or brought to it, from nothing that is there yet."""

    def __torch_dispatch__(
        self, operation: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        return _compute(operation, args, kwargs or {})


def _compute(operation: Callable, args: tuple, kwargs: dict) -> object:
    """Do on the CPU what is asked of this device, or refuse as a GPU would."""
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    ours = any(isinstance(tensor, FakeTensor) for tensor in tensors)
    asked = kwargs.get("device")
    if ours and operation not in COPIES:
        _refuse_mixed(operation, tensors)
    stays = ours if asked is None else torch.device(asked).type == NAME
    if stays and kwargs.get("generator") is not None:
        raise RuntimeError(f"Expected a '{NAME}' device type for generator but found 'cpu'")
    if asked is not None and stays:
        kwargs = {**kwargs, "device": "cpu"}
    raw_args, raw_kwargs = tree_map_only(FakeTensor, lambda tensor: tensor.raw, (args, kwargs))
    result = operation(*raw_args, **raw_kwargs)
    if operation is aten.copy_.default:
        return args[0]
    if not stays:
        return result
    result = tree_map_only(Tensor, FakeTensor, result)
    return return_and_correct_aliasing(operation, args, kwargs, result) if ours else result


def _refuse_mixed(operation: Callable, tensors: list[Tensor]) -> None:
    if operation in INDEXING and isinstance(tensors[0], FakeTensor):
        return
    for tensor in tensors:
        if not isinstance(tensor, FakeTensor) and tensor.dim() > 0:
            raise RuntimeError(MIXED.format(f"{NAME}:0", tensor.device))


def _empty_strided(size: list[int], stride: list[int], **options: object) -> Tensor:
    return FakeTensor(torch.empty_strided(size, stride, dtype=options.get("dtype"), device="cpu"))


def _copy_from(source: Tensor, target: FakeTensor, non_blocking: bool = False) -> Tensor:
    target.raw.copy_(source)
    return target


@cache
def _registered() -> torch.library.Library:
    """What torch asks of a device below all that can be intercepted, as for lists of numbers."""
    _setup_privateuseone_for_python_backend(NAME)
    library = torch.library.Library("aten", "IMPL")
    library.impl("empty_strided", _empty_strided, "PrivateUse1")
    library.impl("_copy_from", _copy_from, "PrivateUse1")
    return library


@contextmanager
def fake_device() -> Iterator[str]:
    """The name of the device, which is there inside of this context."""
    _registered()
    with _Device():
        yield NAME
