"""Data sets behind one interface: ``load(name, ...)`` returns a :class:`Dataset`.

=============================================== =============================== ==============
name                                            what                            needs
=============================================== =============================== ==============
digits                                          8x8 images, 17 levels           scikit-learn
imbalanced_digits                               the same, one class rare        scikit-learn
glyphs                                          16x16 images, 256 levels        matplotlib
shapes                                          16x16 colour images, captions   nothing
phantoms                                        32x32 images, 256 levels        nothing
moons rings pinwheel gaussians ring spirals     points in the plane             nothing
checkerboard
text                                            Python's help texts, or a file  nothing
audio                                           sounds of 1024 samples          nothing
mnist fashion_mnist cifar10                     images, 256 levels              torchvision
=============================================== =============================== ==============

What is drawn is drawn from a seed; nothing but the last three is ever downloaded.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from datasets.audio import load_audio
from datasets.base import DataError, Dataset, Split
from datasets.digits import load_digits
from datasets.glyphs import load_glyphs
from datasets.imbalanced import load_imbalanced_digits
from datasets.phantoms import load_phantoms
from datasets.shapes import load_shapes
from datasets.text import load_text
from datasets.toys import TOYS, load_toy
from datasets.vision import CLASSES, load_vision

__all__ = ["DOWNLOADED", "IMAGES", "POINTS", "DataError", "Dataset", "Split", "load"]

POINTS = tuple(TOYS)
"""Names of the data sets of points."""

DOWNLOADED = tuple(CLASSES)
"""Names of the data sets that torchvision downloads; they take the option ``root``."""

IMAGES = ("digits", *DOWNLOADED)
"""Names of the data sets of images with ten classes that any model of images can learn from."""

_LOADERS: dict[str, Callable[..., Dataset]] = {
    "digits": load_digits,
    "imbalanced_digits": load_imbalanced_digits,
    "glyphs": load_glyphs,
    "shapes": load_shapes,
    "phantoms": load_phantoms,
    "text": load_text,
    "audio": load_audio,
    **{name: partial(load_toy, name) for name in TOYS},
    **{name: partial(load_vision, name) for name in CLASSES},
}


def load(name: str, **options: Any) -> Dataset:
    """Load a data set.

    Args:
        name: One of the names above.
        options: What the loader of this data set takes: ``seed``, ``num_train`` and ``num_test``
            for points, shapes, phantoms and audio, these and ``font`` for glyphs, ``rare`` and
            ``num_rare`` for imbalanced digits, ``path`` for text, ``root`` for what torchvision
            downloads.

    Raises:
        DataError: For a name or an option that does not exist, or data that cannot be had.
    """
    if name not in _LOADERS:
        raise DataError(f"no data set is called {name!r}; choose one of {', '.join(_LOADERS)}")
    loader = _LOADERS[name]
    known = inspect.signature(loader).parameters
    unknown = options.keys() - known.keys()
    if unknown:
        raise DataError(
            f"{name} has no option {min(unknown)!r}; it takes {', '.join(known) or 'none'}"
        )
    return loader(**options)
