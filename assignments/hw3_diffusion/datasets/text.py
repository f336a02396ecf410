"""Running text over a fixed set of characters."""

import unicodedata
from pathlib import Path

import torch
from torch import Tensor

from datasets.base import DataError, Dataset, Split

CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))
"""The newline and the 95 printable characters of ASCII; a token is a place in this string."""

_UNKNOWN = "?"
_MIN_LENGTH = 1000
_TEST_SHARE = 0.1
_INDEX = {character: index for index, character in enumerate(CHARACTERS)}
_REPLACEMENTS = str.maketrans(
    {"\r": "", "\t": "    ", "‘": "'", "’": "'", "“": '"', "”": '"'} | dict.fromkeys("‐‑‒–—−", "-")
)


def encode(text: str) -> Tensor:
    """Tokens of a text.

    Typographic quotes and dashes become plain ones, accents are dropped, and every character that
    is still not one of ``CHARACTERS`` becomes a question mark.

    Returns:
        int64, shape (L,).
    """
    text = unicodedata.normalize("NFKD", text.translate(_REPLACEMENTS))
    text = "".join(c for c in text if not unicodedata.combining(c))
    return torch.tensor([_INDEX.get(c, _INDEX[_UNKNOWN]) for c in text], dtype=torch.int64)


def decode(tokens: Tensor) -> str:
    """The text of tokens, shape (L,)."""
    return "".join(CHARACTERS[token] for token in tokens.tolist())


def load_text(*, path: str | Path | None = None) -> Dataset:
    """A text, of which the last tenth is for testing.

    Args:
        path: A text file in UTF-8. By default the help texts of this Python, ``pydoc_data.topics``:
            450 kB of English with code, a little different in every release.

    Returns:
        Tokens, int64, shape (N,), with 96 levels.

    Raises:
        DataError: If there is no such file, or it holds too little text.
    """
    text = _help_texts() if path is None else _read(Path(path))
    tokens = encode(text)
    if len(tokens) < _MIN_LENGTH:
        raise DataError(f"{path} has {len(tokens)} characters; give at least {_MIN_LENGTH}")
    num_test = int(_TEST_SHARE * len(tokens))
    return Dataset(
        name="text",
        train=Split(tokens[:-num_test]),
        test=Split(tokens[-num_test:]),
        levels=len(CHARACTERS),
    )


def _help_texts() -> str:
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise DataError(
            "this Python comes without pydoc_data.topics; give the path of a text file"
        ) from None
    return "\n".join(topics[name] for name in sorted(topics))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give a text file") from None
