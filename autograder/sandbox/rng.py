"""Inputs of a probe, drawn from a seed that only the grader knows.

Every draw is made on the CPU in float64 and then moved, so that one seed gives one
experiment on every device. On ``meta`` the tensors have shapes and no values.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)


class Rng:
    """Draws tensors on ``device`` in the default dtype.

    Tensors that it returned are remembered, so that the runner can tell whether the student's
    code changed one of them in place.
    """

    def __init__(self, seed: int, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.seed = seed
        self.drawn: list[tuple[Tensor, Tensor]] = []
        self._modules = 0
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
        self.drawn.append((derived, derived.detach().clone()))
        return derived

    def module(self, module: AnyModule, scale: float = 0.5) -> AnyModule:
        """Move ``module`` to this device and overwrite every parameter with Gaussian draws.

        Parameters get ``scale * N(0, 1)``, drawn from the seed, the module's number in the probe
        and the parameter's name, so that neither their order nor an additional parameter changes
        the others. Buffers are kept.
        """
        self._modules += 1
        module = module.to(device=self.device)
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                digest = hashlib.sha256(f"{self.seed}/{self._modules}/{name}".encode()).digest()
                own = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
                values = torch.randn(parameter.shape, dtype=torch.float64, generator=own)
                parameter.copy_(scale * values)
        return module

    def _draw(self, kind: str, shape: tuple[int, ...]) -> Tensor:
        draw = torch.randn if kind == "normal" else torch.rand
        return draw(shape, dtype=torch.float64, generator=self._generator)

    def _give(self, values: Tensor) -> Tensor:
        dtype = torch.get_default_dtype() if values.is_floating_point() else values.dtype
        given = values.to(device=self.device, dtype=dtype)
        self.drawn.append((given, given.clone()))
        return given

    def mutated(self) -> list[int]:
        """Positions, in order of drawing, of tensors that were changed in place."""
        return [i for i, pair in enumerate(self.drawn) if not _same(*pair)]


def _same(now: Tensor, before: Tensor) -> bool:
    if now.is_meta:
        return True
    return now.shape == before.shape and bool(
        ((now == before) | (now != now) & (before != before)).all()
    )
