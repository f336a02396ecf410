"""Digits of which one is rare to learn from, as groups of people are in many data sets."""

from dataclasses import replace

import torch

from datasets.base import DataError, Dataset, Split
from datasets.digits import load_digits


def load_imbalanced_digits(*, rare: int = 8, num_rare: int = 10) -> Dataset:
    """The digits, with all but a few of one class taken out of the training examples.

    Args:
        rare: The rare class, 0..9.
        num_rare: How many of its training examples, the first ones, stay.

    Returns:
        As ``load("digits")``, but with fewer training examples; the test examples are the same.

    Raises:
        DataError: If there is no such class, or it has not so many examples.
    """
    digits = load_digits()
    x, y = digits.train.x, digits.train.y
    assert y is not None
    if rare not in range(digits.num_classes):
        raise DataError(f"imbalanced_digits has no class {rare}; choose one from 0 to 9")
    is_rare = y == rare
    if not 0 <= num_rare <= is_rare.sum():
        raise DataError(
            f"imbalanced_digits cannot keep {num_rare} examples of class {rare}; "
            f"choose a number from 0 to {is_rare.sum()}"
        )
    kept = ~is_rare | (torch.cumsum(is_rare, dim=0) <= num_rare)
    return replace(digits, name="imbalanced_digits", train=Split(x[kept], y[kept]))
