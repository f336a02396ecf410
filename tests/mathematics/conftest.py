"""Makes the reference packages of all packs importable; what their tests draw from."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"

sys.path[:0] = [str(path) for path in sorted(SOLUTIONS.iterdir()) if path.is_dir()]


@pytest.fixture
def double() -> Iterator[None]:
    """float64 by default, for modules that compare with formulas to many digits."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def seeded() -> None:
    """The same draws from torch's own generator in every run."""
    torch.manual_seed(0)


@pytest.fixture
def generator() -> torch.Generator:
    """The same draws in every run."""
    return torch.Generator().manual_seed(0)


@pytest.fixture
def normal(generator: torch.Generator) -> Callable[..., Tensor]:
    """Draws float64 tensors of a shape."""
    return lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float64)
