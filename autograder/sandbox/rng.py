"""Inputs of a probe, drawn from a seed that only the grader knows.

Every draw is made on the CPU in float64 and then moved, so that one seed gives one
experiment on every device. On ``meta`` the tensors have shapes and no values.
"""

import hashlib
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)


class Change(IntEnum):
    """What was not left as a probe gave it."""

    VALUES = 0
    REQUIRES_GRAD = 1
    FROZEN = 2
    MODE = 3
    GRAD_MODE = 4

    def at(self, position: int) -> int:
        """One number for this change of the thing that was given at ``position``."""
        return position * len(Change) + self

    @classmethod
    def of(cls, number: int) -> "Change":
        """The change that ``at`` made a number of."""
        return cls(number % len(cls))


class _Given(NamedTuple):
    """A module, and in which state it was given."""

    requires_grad: list[tuple[Tensor, bool]]
    training: list[tuple[nn.Module, bool]]


class Rng:
    """Draws tensors on ``device`` in the default dtype.

    What it returned is remembered, so that the runner can tell whether the student's code changed
    a tensor in place or left a module in another state.
    """

    def __init__(self, seed: int, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.seed = seed
        self.drawn: list[tuple[Tensor, Tensor]] = []
        self._modules: list[_Given] = []
        self._generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int, mean: float = 0.0, std: float = 1.0) -> Tensor:
        """Gaussian draws, shape ``shape``."""
        return self._give(mean + std * self._draw("normal", shape))

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Uniform draws on [low, high), shape ``shape``."""
        return self._give(low + (high - low) * self._draw("uniform", shape))

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Integers in low..high-1, dtype int64, shape ``shape``."""
        values = torch.randint(low, high, shape, generator=self._generator)
        return self._give(values)

    def bernoulli(self, *shape: int, p: float = 0.5) -> Tensor:
        """Zeros and ones in the default dtype; 1 with probability ``p``."""
        return self._give((self._draw("uniform", shape) < p).double())

    def mask(self, *shape: int, p: float = 0.5) -> Tensor:
        """Booleans; True with probability ``p``."""
        return self._give(self._draw("uniform", shape) < p)

    def probabilities(self, *shape: int) -> Tensor:
        """Strictly positive rows that sum to one over the last dimension."""
        return self._give(torch.softmax(self._draw("normal", shape), dim=-1))

    def permutation(self, n: int) -> Tensor:
        """A random order of 0..n-1, dtype int64, shape (n,)."""
        return self._give(torch.randperm(n, generator=self._generator))

    def tensor(self, values: Sequence | float | int, dtype: torch.dtype | None = None) -> Tensor:
        """Fixed values, placed like drawn ones."""
        return self._give(torch.tensor(values, dtype=dtype))

    def keep(self, derived: Tensor) -> Tensor:
        """Remember a tensor made from drawn ones, so that a change in place is noticed."""
        self._remember(derived)
        return derived

    def module(self, module: AnyModule, scale: float = 0.5) -> AnyModule:
        """Move ``module`` to this device and overwrite every parameter with Gaussian draws.

        Parameters get ``scale * N(0, 1)``, drawn from the seed, the module's number in the probe
        and the parameter's name, so that neither their order nor an additional parameter changes
        the others. Buffers are kept. Torch's own generator is as it was before it was drawn from.
        """
        number = len(self._modules) + 1
        module = module.to(device=self.device)
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                digest = hashlib.sha256(f"{self.seed}/{number}/{name}".encode()).digest()
                own = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
                values = torch.randn(parameter.shape, dtype=torch.float64, generator=own)
                parameter.copy_(scale * values)
        torch.default_generator.manual_seed(0)  # what it was made with is overwritten
        self._modules.append(
            _Given(
                [(parameter, parameter.requires_grad) for parameter in module.parameters()],
                [(layer, layer.training) for layer in module.modules()],
            )
        )
        return module

    def _draw(self, kind: str, shape: tuple[int, ...]) -> Tensor:
        draw = torch.randn if kind == "normal" else torch.rand
        return draw(shape, dtype=torch.float64, generator=self._generator)

    def _give(self, values: Tensor) -> Tensor:
        dtype = torch.get_default_dtype() if values.is_floating_point() else values.dtype
        given = values.to(device=self.device, dtype=dtype)
        self._remember(given)
        return given

    def _remember(self, given: Tensor) -> None:
        before = given.detach().clone().requires_grad_(given.requires_grad)
        self.drawn.append((given, before))

    def mutated(self) -> list[int]:
        """What was not left as it was given: a number per :class:`Change` and position.

        Tensors, and modules, count in the order in which they were given.
        """
        return list(self._changes())

    def _changes(self) -> Iterator[int]:
        if not torch.is_grad_enabled():
            yield Change.GRAD_MODE.at(0)
        for position, (now, before) in enumerate(self.drawn):
            if not _same(now, before):
                yield Change.VALUES.at(position)
            if now.requires_grad != before.requires_grad:
                yield Change.REQUIRES_GRAD.at(position)
        for position, given in enumerate(self._modules):
            if any(parameter.requires_grad != before for parameter, before in given.requires_grad):
                yield Change.FROZEN.at(position)
            if any(layer.training != before for layer, before in given.training):
                yield Change.MODE.at(position)


def _same(now: Tensor, before: Tensor) -> bool:
    if now.is_meta:
        return True
    return now.shape == before.shape and bool(
        ((now == before) | (now != now) & (before != before)).all()
    )
