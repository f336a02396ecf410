"""Short sounds, synthesised from a seed."""

import math

import torch
from torch import Generator, Tensor

from datasets.base import DataError, Dataset, Split

SAMPLE_RATE = 8000
"""Samples per second."""

LENGTH = 1024
"""Samples per sound: about an eighth of a second."""

KINDS = ("tone", "rising chirp", "falling chirp", "chord")
"""What the labels stand for."""

_LOWEST, _HIGHEST = 200.0, 1200.0
"""Hertz; no overtone comes near SAMPLE_RATE / 2, from where on frequencies are taken for others."""
_GLIDE = 1.5
"""A chirp ends this factor above or below where it begins."""
_FIFTH = 3 / 2
_NOISE = 0.005


def load_audio(*, seed: int = 0, num_train: int = 2000, num_test: int = 500) -> Dataset:
    """Synthesise sounds: a tone, a chirp up or down, or a chord of two tones a fifth apart.

    With random pitch f, phase, loudness a and decay, in a little noise:

        x(t) = a exp(-decay t) (sin phi(t) + sin(2 phi(t)) / 2) / 1.5,    phi'(t) = 2 pi f(t)

    The frequency f(t) is constant, or moves at a constant number of octaves per second.

    Args:
        seed: The same seed gives the same sounds; torch's global generator is left alone.
        num_train: Number of sounds to train with, at least 1.
        num_test: Number of sounds to test with, at least 1.

    Returns:
        Sounds at 8 kHz, float32, shape (N, 1, 1024), with values in [-1, 1]; labels, int64, shape
        (N,), which say where in ``KINDS`` a sound belongs.

    Raises:
        DataError: If a split would be empty.
    """
    if min(num_train, num_test) < 1:
        raise DataError("audio needs at least one sound to train and to test with")
    generator = torch.Generator().manual_seed(seed)
    train, test = (_draw(num, generator) for num in (num_train, num_test))
    return Dataset("audio", train, test, num_classes=len(KINDS))


def _draw(num: int, generator: Generator) -> Split:
    y = torch.randint(len(KINDS), (num,), generator=generator)
    pitch, phase, loudness, decay = torch.rand(4, num, 1, generator=generator, dtype=torch.float64)
    frequency = _LOWEST * (_HIGHEST / _LOWEST) ** pitch
    phase = 2 * math.pi * phase
    # float64, because a phase of some hundred radians has lost its digits in float32.
    t = torch.arange(LENGTH, dtype=torch.float64) / SAMPLE_RATE
    rate = (
        math.log(_GLIDE) * SAMPLE_RATE / LENGTH * ((y == 1).double() - (y == 2).double())[:, None]
    )
    # The integral of exp(rate t), which is t itself where the frequency stays.
    glided = torch.where(rate == 0, t, torch.expm1(rate * t) / torch.where(rate == 0, 1.0, rate))
    angle = 2 * math.pi * frequency * glided
    sound = _with_overtone(angle + phase)
    chord = (sound + _with_overtone(_FIFTH * angle + phase)) / 2
    sound = torch.where((y == 3)[:, None], chord, sound)
    envelope = (0.4 + 0.55 * loudness) * torch.exp(-10 * decay * t)
    noise = _NOISE * torch.randn(sound.shape, generator=generator, dtype=torch.float64)
    x = (envelope * sound + noise).clamp(-1, 1)
    return Split(x[:, None].float(), y)


def _with_overtone(angle: Tensor) -> Tensor:
    return (angle.sin() + (2 * angle).sin() / 2) / 1.5
