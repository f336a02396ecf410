"""Make operations on ``meta`` as fast as they can be.

Torch registers Python functions for ``meta`` over its own compiled ones, and an elementwise
operation then takes 100 microseconds instead of one: more than everything else that grading a
submission costs. Both check that their arguments are on one device; matrix products, for which
torch checks nothing on ``meta``, do so on a GPU only.
"""

import torch

_ELEMENTWISE = """
    add sub rsub mul div remainder pow neg abs sgn sign reciprocal floor maximum minimum
    exp expm1 log log1p xlogy sqrt rsqrt sin cos sinh cosh tanh erf sigmoid
    clamp clamp_min clamp_max softplus silu gelu relu leaky_relu
    eq ne lt le gt ge isnan bitwise_and bitwise_or bitwise_not
    sum mean var std all any cumsum cumprod tril triu _softmax _log_softmax
    tanh_backward sigmoid_backward softplus_backward silu_backward gelu_backward
    threshold_backward _softmax_backward_data _log_softmax_backward_data
"""


def use_native_kernels() -> None:
    """Take torch's Python functions for elementwise operations on ``meta`` out of the way.

    A library of registrations can only be emptied as a whole, so the others are registered
    again. A version of torch that keeps them elsewhere stays as it is: slower, and as right.
    """
    registrations = getattr(torch, "_meta_registrations", None)
    tables = getattr(getattr(torch, "_decomp", None), "global_decomposition_table", {})
    library = getattr(registrations, "_meta_lib_dont_use_me_use_register_meta", None)
    registered: set[str] = getattr(library, "_op_impls", set())
    if library is None or not registered:
        return
    functions = {
        operation.name(): (operation, function)
        for kind in ("pre_autograd", "post_autograd", "meta")
        for operation, function in tables.get(kind, {}).items()
        if isinstance(operation, torch._ops.OpOverload)
    }
    names = {f"{space}::{name}" for space, name, _ in (key.split("/") for key in registered)}
    if not names <= functions.keys():
        return
    library._destroy()
    again = torch.library.Library("aten", "IMPL", "Meta")
    for name in names:
        if not (_is_elementwise(name) and _has_native_kernel(name)):
            again.impl(*functions[name])
    torch._meta_registrations._meta_lib_dont_use_me_use_register_meta = again


def _is_elementwise(name: str) -> bool:
    return name.removeprefix("aten::").partition(".")[0] in _ELEMENTWISE.split()


def _has_native_kernel(name: str) -> bool:
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(name, "Meta"))
