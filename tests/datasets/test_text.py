"""Running text over a fixed set of characters."""

from pathlib import Path

import pytest
import torch

from datasets import DataError, load
from datasets.text import CHARACTERS, decode, encode


def test_the_characters_never_change() -> None:
    assert len(CHARACTERS) == 96
    assert "\n" + bytes(range(32, 127)).decode("ascii") == CHARACTERS


def test_encode_and_decode() -> None:
    assert decode(encode(CHARACTERS)) == CHARACTERS
    assert encode("\n ~").tolist() == [0, 1, 95]
    assert encode("").dtype == torch.int64


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“naïve” ‘Café’", "\"naive\" 'Cafe'"),
        ("1–2 — …", "1-2 - ..."),
        ("a\r\nb\tc", "a\nb    c"),
        ("中", "?"),
    ],
)
def test_characters_outside_the_set(text: str, plain: str) -> None:
    assert decode(encode(text)) == plain


def test_help_texts() -> None:
    data = load("text")
    assert data.levels == 96
    for split in (data.train, data.test):
        assert split.x.dtype == torch.int64
        assert split.x.dim() == 1
        assert split.y is None
        assert split.x.min() >= 0
        assert split.x.max() < 96
    assert len(data.train) > 300_000
    assert "?" * 20 not in decode(data.train.x)


def test_file(tmp_path: Path) -> None:
    text = "To be, or not to be.\n" * 100
    path = tmp_path / "hamlet.txt"
    path.write_text(text, "utf-8")
    data = load("text", path=path)
    assert decode(torch.cat([data.train.x, data.test.x])) == text
    assert len(data.test) == 210


def test_file_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.txt cannot be read \(No such file.*give a text"):
        load("text", path=tmp_path / "nothing.txt")


def test_file_with_too_little_text(tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text("too short", "utf-8")
    with pytest.raises(DataError, match="has 9 characters; give at least 1000"):
        load("text", path=path)
