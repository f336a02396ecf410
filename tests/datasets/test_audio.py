"""Synthesised sounds."""

import pytest
import torch

from datasets import DataError, load
from datasets.audio import KINDS, LENGTH, SAMPLE_RATE


def test_form() -> None:
    data = load("audio", num_train=40, num_test=10)
    assert data.train.x.shape == (40, 1, LENGTH)
    assert data.test.x.shape == (10, 1, LENGTH)
    assert data.train.x.dtype == torch.float32
    assert data.train.x.abs().max() <= 1
    assert data.train.y is not None and data.train.y.dtype == torch.int64
    assert (data.levels, data.num_classes) == (0, len(KINDS))
    assert set(data.train.y.tolist()) == set(range(len(KINDS)))


def test_the_seed_decides() -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, second = (load("audio", seed=3, num_train=8, num_test=2) for _ in range(2))
    assert torch.equal(first.train.x, second.train.x)
    assert torch.equal(first.test.x, second.test.x)
    assert not torch.equal(first.train.x, load("audio", num_train=8, num_test=2).train.x)
    assert torch.equal(torch.get_rng_state(), state)


def loudest_frequency(x: torch.Tensor) -> torch.Tensor:
    """In Hertz, shape (N,), of pieces of sounds (N, T)."""
    window = torch.hann_window(x.shape[1])
    spectrum = torch.fft.rfft(x * window, n=4 * x.shape[1]).abs()
    return spectrum.argmax(dim=1) * SAMPLE_RATE / (4 * x.shape[1])


def test_what_the_labels_say_can_be_heard() -> None:
    data = load("audio", seed=1, num_train=400, num_test=1)
    assert data.train.y is not None
    x, y = data.train.x[:, 0], data.train.y
    begin, end = loudest_frequency(x[:, : LENGTH // 3]), loudest_frequency(x[:, -LENGTH // 3 :])
    interval = (end / begin).log2()
    tone, rising, falling = (interval[y == k] for k in range(3))
    assert tone.abs().max() < 0.1
    assert rising.min() > 0.2
    assert falling.max() < -0.2


def test_a_chord_has_a_fifth() -> None:
    data = load("audio", seed=2, num_train=200, num_test=1)
    assert data.train.y is not None
    x = data.train.x[data.train.y == KINDS.index("chord"), 0]
    spectrum = torch.fft.rfft(x * torch.hann_window(LENGTH), n=4 * LENGTH).abs()
    low = spectrum.argmax(dim=1)
    # The loudest is one of the two tones: the other lies a fifth above or below it.
    peaks = torch.stack(
        [spectrum[torch.arange(len(x)), (low * r).round().long()] for r in (3 / 2, 2 / 3)]
    )
    assert (peaks.max(dim=0).values > 0.3 * spectrum.amax(dim=1)).double().mean() > 0.9


def test_empty_splits() -> None:
    with pytest.raises(DataError, match="at least one sound"):
        load("audio", num_train=0)
