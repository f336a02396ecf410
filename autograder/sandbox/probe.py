"""What a probe may use.

A probe is a function ``probe(hw, rng) -> dict`` that runs a small experiment on a student's
package ``hw`` and returns tensors, numbers, strings, lists and dictionaries. It holds inputs
only: no expected value, no check. It is run on the reference in the trusted process and on the
submission inside the sandbox, where a wrong program sees it, and must treat what the student's
functions return as anything at all.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from autograder.sandbox.package import Package
from autograder.sandbox.rng import Rng

__all__ = ["Package", "Rng", "attempt", "gradients", "parameter_gradients", "with_gradients"]


def gradients(output: Tensor, inputs: Sequence[Tensor]) -> list[Tensor | None]:
    """d(sum of ``output``)/d(input) for each input; None where nothing flows."""
    found = torch.autograd.grad(output.sum(), list(inputs), allow_unused=True, retain_graph=True)
    return list(found)


def parameter_gradients(output: Tensor, module: nn.Module) -> dict[str, Tensor | None]:
    """d(sum of ``output``)/d(parameter) by parameter name; None where nothing flows."""
    names, parameters = zip(*module.named_parameters(), strict=True)
    return dict(zip(names, gradients(output, parameters), strict=True))


def with_gradients(rng: Rng, module: nn.Module) -> list[nn.Parameter]:
    """The parameters of ``module``, each given a drawn ``.grad`` as from losses before this one."""
    parameters = list(module.parameters())
    for parameter in parameters:
        parameter.grad = rng.normal(*parameter.shape)
    return parameters


def attempt(expected: type[Exception], function: Callable, *args: object) -> str:
    """Whether ``function(*args)`` raises ``expected`` or a subclass of it, in words."""
    try:
        function(*args)
    except NotImplementedError:  # a stub's, even where its base class RuntimeError is expected
        raise
    except Exception as error:
        if isinstance(error, expected):
            return f"{expected.__name__} was raised"
        return f"no {expected.__name__} was raised, but another exception"
    return f"no {expected.__name__} was raised"
