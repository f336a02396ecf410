"""Handwritten digits of 8x8 pixels, which come with scikit-learn."""

import numpy as np
import torch

from datasets.base import DataError, Dataset, Split

NUM_TRAIN = 1500


def load_digits() -> Dataset:
    """The 1797 test digits of the UCI set "Optical recognition of handwritten digits".

    The split never changes: 1500 digits to train and 297 to test, shuffled, because the file is
    sorted by writer.

    Returns:
        Images, uint8, shape (N, 1, 8, 8), with 17 levels 0..16; labels, int64, shape (N,).

    Raises:
        DataError: Without scikit-learn.

    Source: Alpaydin and Kaynak, 1998, UCI machine learning repository.
    """
    try:
        from sklearn.datasets import load_digits as read
    except ImportError:
        raise DataError("digits come with scikit-learn; pip install scikit-learn") from None
    data = read()
    # RandomState, unlike newer generators, promises the same numbers in all versions.
    order = torch.from_numpy(np.random.RandomState(0).permutation(len(data.target)))
    x = torch.from_numpy(data.images).to(torch.uint8)[order, None]
    y = torch.from_numpy(data.target).to(torch.int64)[order]
    return Dataset(
        name="digits",
        train=Split(x[:NUM_TRAIN], y[:NUM_TRAIN]),
        test=Split(x[NUM_TRAIN:], y[NUM_TRAIN:]),
        levels=17,
        num_classes=10,
    )
