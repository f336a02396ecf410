"""Characters in the fonts that come with matplotlib, rendered at 16x16 pixels.

Two fonts are two domains. Example i shows the same character, moved and resized in the same way, in
every font, so two fonts loaded with one seed are aligned pairs; shuffle one, and they are not.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from datasets.base import DataError, Dataset, Split

FONTS = {
    "sans": "DejaVuSans.ttf",
    "sans bold": "DejaVuSans-Bold.ttf",
    "sans oblique": "DejaVuSans-Oblique.ttf",
    "mono": "DejaVuSansMono.ttf",
    "serif": "DejaVuSerif.ttf",
    "serif bold": "DejaVuSerif-Bold.ttf",
    "serif italic": "DejaVuSerif-Italic.ttf",
    "serif bold italic": "DejaVuSerif-BoldItalic.ttf",
}
"""Names of the fonts, and matplotlib's files."""

CHARACTERS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&@#%$?ßæøþðŋ"
    "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθλμξπρστφχψωБДЖЗИЛЦЧШЪЫЬЭЮЯбвджзилмнтцчшъыьэюя"
)
"""The characters; a label is a position in this string. No two of them look the same."""

SIZE = 16

_TEST_EVERY = 5
_PER_SHEET = 500
_PITCH = 32  # wide enough that no character reaches into the next one's cell
_FONT_SIZE = 13.0
_BASELINE = 4.5
_MAX_SHIFT = 1.0
_MAX_SCALE = 0.08


def load_glyphs(
    *, font: str = "sans", seed: int = 0, num_train: int = 12, num_test: int = 4
) -> Dataset:
    """Render a font.

    Every fifth character is kept for the test: what was learnt must carry over to other letters.

    Args:
        font: One of ``FONTS``.
        seed: Of the shifts, at most one pixel in each direction, and of the sizes, within 8 %. The
            same seed gives the same in every font; torch's global generator is left alone.
        num_train: Number of images of each of the 110 training characters, at least 1.
        num_test: Number of images of each of the 27 test characters, at least 1.

    Returns:
        Images, uint8, shape (N, 1, 16, 16), white on black with 256 levels; labels, int64, shape
        (N,), positions in ``CHARACTERS``.

    Raises:
        DataError: Without matplotlib, for a font that it has not, or if a split would be empty.
    """
    if font not in FONTS:
        raise DataError(f"glyphs has no font {font!r}; choose one of {', '.join(FONTS)}")
    if min(num_train, num_test) < 1:
        raise DataError("glyphs needs at least one image of each character")
    generator = torch.Generator().manual_seed(seed)
    label = torch.arange(len(CHARACTERS))
    is_test = label % _TEST_EVERY == _TEST_EVERY - 1
    train, test = (
        _render(font, label[chosen].repeat(num), generator)
        for chosen, num in ((~is_test, num_train), (is_test, num_test))
    )
    return Dataset("glyphs", train, test, levels=256, num_classes=len(CHARACTERS))


def _render(font: str, labels: Tensor, generator: Generator) -> Split:
    """All images side by side on one canvas of matplotlib's, then cut apart."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.font_manager import FontProperties
        from matplotlib.patches import PathPatch
        from matplotlib.textpath import TextPath
        from matplotlib.transforms import Affine2D
    except ImportError:
        raise DataError("glyphs are drawn by matplotlib; pip install matplotlib") from None
    properties = FontProperties(fname=Path(mpl.get_data_path()) / "fonts" / "ttf" / FONTS[font])
    paths = {
        label: TextPath((0, 0), CHARACTERS[label], size=_FONT_SIZE, prop=properties)
        for label in set(labels.tolist())
    }
    draws = 2 * torch.rand(len(labels), 3, generator=generator) - 1
    images = []
    for some, moves in zip(labels.split(_PER_SHEET), draws.split(_PER_SHEET), strict=True):
        # At one dot per inch, inches are pixels.
        figure = Figure(figsize=(_PITCH * len(some), SIZE), dpi=1)
        for i, (label, (x, y, scale)) in enumerate(zip(some.tolist(), moves.tolist(), strict=True)):
            middle = paths[label].get_extents().intervalx.mean()
            place = Affine2D().translate(-middle, 0).scale(1 + _MAX_SCALE * scale)
            place.translate(_PITCH * (i + 0.5) + _MAX_SHIFT * x, _BASELINE + _MAX_SHIFT * y)
            figure.add_artist(
                PathPatch(paths[label], transform=place, color="black", lw=0, snap=False)
            )
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        ink = 255 - torch.from_numpy(np.array(canvas.buffer_rgba())[..., 0])
        cells = ink.unflatten(1, (-1, _PITCH)).transpose(0, 1)
        margin = (_PITCH - SIZE) // 2
        images.append(cells[:, :, margin : margin + SIZE])
    return Split(torch.cat(images)[:, None], labels)
