"""Digits, and the images that torchvision reads."""

import builtins
import gzip
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from datasets import DataError, Dataset, Split, load
from datasets.glyphs import CHARACTERS, FONTS


class TestDigits:
    def test_shapes(self) -> None:
        data = load("digits")
        for split, num in ((data.train, 1500), (data.test, 297)):
            assert split.x.shape == (num, 1, 8, 8)
            assert split.x.dtype == torch.uint8
            assert split.y is not None
            assert split.y.dtype == torch.int64
            assert split.y.unique().tolist() == list(range(10))
        assert (data.train.x.min(), data.train.x.max()) == (0, 16)
        assert (data.levels, data.num_classes) == (17, 10)

    def test_the_split_never_changes(self) -> None:
        data = load("digits")
        assert data.train.y is not None
        assert data.test.y is not None
        assert data.train.y[:8].tolist() == [2, 8, 2, 6, 6, 7, 1, 9]
        assert data.test.y[:8].tolist() == [2, 2, 9, 8, 8, 3, 6, 0]

    def test_the_splits_are_all_digits_once(self) -> None:
        from sklearn.datasets import load_digits

        data = load("digits")
        every = torch.cat([data.train.x, data.test.x]).flatten(1).tolist()
        assert sorted(every) == sorted(load_digits().data.astype(int).tolist())


class TestRequantize:
    data = Dataset("ramp", Split(torch.arange(17, dtype=torch.uint8)), Split(torch.zeros(1)), 17)

    def test_binary(self) -> None:
        binary = self.data.requantize(2)
        assert binary.levels == 2
        assert binary.train.x.tolist() == [0] * 8 + [1] * 9
        assert binary.train.x.dtype == torch.uint8

    @pytest.mark.parametrize("levels", [3, 5, 16, 17])
    def test_nearest_level(self, levels: int) -> None:
        x = self.data.requantize(levels).train.x
        error = (x / (levels - 1) - self.data.train.x / 16).abs()
        assert error.max() <= 0.5 / (levels - 1) + 1e-6
        assert (x[0], x[-1]) == (0, levels - 1)

    @pytest.mark.parametrize("levels", [0, 1, 18])
    def test_impossible(self, levels: int) -> None:
        with pytest.raises(DataError, match=f"17 levels and cannot be given {levels}"):
            self.data.requantize(levels)

    def test_points_have_no_levels(self) -> None:
        with pytest.raises(DataError, match="moons has 0 levels"):
            load("moons").requantize(2)


def test_rescale() -> None:
    data = load("digits").rescale(-1.0, 1.0)
    for scaled, plain in ((data.train, load("digits").train), (data.test, load("digits").test)):
        assert scaled.x.dtype == torch.float32
        torch.testing.assert_close(scaled.x, plain.x / 8 - 1)
        assert scaled.y is not None
        assert plain.y is not None
        assert torch.equal(scaled.y, plain.y)
    assert data.levels == 17


def write_mnist(root: Path, images: torch.Tensor, labels: torch.Tensor) -> None:
    """Files in the format of MNIST: both splits alike."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for split in ("train", "t10k"):
        header = struct.pack(">4i", 0x803, *images.shape)
        (folder / f"{split}-images-idx3-ubyte").write_bytes(header + images.numpy().tobytes())
        header = struct.pack(">2i", 0x801, len(labels))
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(header + labels.numpy().tobytes())


class TestTorchvision:
    images = torch.arange(3 * 28 * 28).reshape(3, 28, 28).to(torch.uint8)
    labels = torch.tensor([3, 1, 4], dtype=torch.uint8)

    def check(self, data: Dataset) -> None:
        assert torch.equal(data.test.x, self.images[:, None])
        assert data.test.y is not None
        assert data.test.y.dtype == torch.int64
        assert data.test.y.tolist() == [3, 1, 4]
        assert (data.levels, data.num_classes) == (256, 10)

    def test_root(self, tmp_path: Path) -> None:
        pytest.importorskip("torchvision")
        write_mnist(tmp_path, self.images, self.labels)
        self.check(load("mnist", root=tmp_path))

    def test_environment_variable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("torchvision")
        write_mnist(tmp_path, self.images, self.labels)
        monkeypatch.setenv("DGM_DATA", str(tmp_path))
        self.check(load("mnist"))

    def test_files_that_cannot_be_had(self, tmp_path: Path) -> None:
        """The folder's place is taken by a file, so that nothing can be downloaded into it."""
        pytest.importorskip("torchvision")
        root = tmp_path / "file"
        with gzip.open(root, "wb") as stream:
            stream.write(b"not a folder")
        with pytest.raises(DataError, match=r"mnist is not complete in .*file and could not be"):
            load("mnist", root=root)

    def test_damaged_files(self, tmp_path: Path) -> None:
        pytest.importorskip("torchvision")
        write_mnist(tmp_path, self.images, self.labels)
        path = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(DataError, match=r"mnist is not complete in .*; delete what there is"):
            load("mnist", root=tmp_path)

    def test_without_torchvision(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real_import = builtins.__import__

        def without(name: str, *arguments: Any, **options: Any) -> Any:
            if name.startswith("torchvision"):
                raise ImportError(name)
            return real_import(name, *arguments, **options)

        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(DataError, match="cifar10 needs torchvision; pip install torchvision"):
            load("cifar10")


class TestGlyphs:
    def test_shapes(self) -> None:
        data = load("glyphs", num_train=2, num_test=1)
        for split, num in ((data.train, 2 * 110), (data.test, 27)):
            assert split.x.shape == (num, 1, 16, 16)
            assert split.x.dtype == torch.uint8
            assert split.y is not None
            assert split.y.shape == (num,)
            assert split.y.dtype == torch.int64
        assert data.levels == 256
        assert data.num_classes == len(CHARACTERS) == len(set(CHARACTERS))

    def test_every_image_shows_something(self) -> None:
        for font in FONTS:
            x = load("glyphs", font=font, num_train=1, num_test=1).train.x
            assert (x.flatten(1).amax(dim=1) > 150).all()

    def test_characters_differ(self) -> None:
        """Without shifts to tell them apart they would be the same if they looked the same."""
        x = load("glyphs", num_train=1, num_test=1).train.x.flatten(1)
        assert len(x.unique(dim=0)) == len(x)

    def test_test_characters_are_not_trained_on(self) -> None:
        data = load("glyphs", num_train=2, num_test=1)
        assert data.train.y is not None
        assert data.test.y is not None
        assert not set(data.train.y.tolist()) & set(data.test.y.tolist())

    def test_two_fonts_are_pairs(self) -> None:
        """Same labels; and a bolder glyph covers most of what the thin one covers."""
        thin, bold = (load("glyphs", font=f, num_train=2).train for f in ("sans", "sans bold"))
        assert thin.y is not None
        assert bold.y is not None
        assert torch.equal(thin.y, bold.y)
        assert not torch.equal(thin.x, bold.x)
        overlap = torch.minimum(thin.x, bold.x).float().mean() / thin.x.float().mean()
        other = torch.minimum(thin.x, bold.x.roll(1, 0)).float().mean() / thin.x.float().mean()
        assert overlap > 0.8 > other + 0.2

    def test_seed(self) -> None:
        before = torch.get_rng_state()
        first, again, other = (load("glyphs", seed=seed, num_train=2) for seed in (3, 3, 4))
        assert torch.equal(first.train.x, again.train.x)
        assert torch.equal(first.test.x, again.test.x)
        assert not torch.equal(first.train.x, other.train.x)
        assert torch.equal(torch.get_rng_state(), before)

    def test_shifts(self) -> None:
        """The images of one character differ."""
        data = load("glyphs", num_train=3)
        assert data.train.y is not None
        assert len(data.train.x[data.train.y == 0].unique(dim=0)) == 3

    def test_impossible(self) -> None:
        with pytest.raises(DataError, match=r"no font 'comic'; choose one of sans, sans bold"):
            load("glyphs", font="comic")
        with pytest.raises(DataError, match="at least one image of each character"):
            load("glyphs", num_test=0)


class TestImbalancedDigits:
    def test_one_class_is_rare(self) -> None:
        plain, data = load("digits"), load("imbalanced_digits", rare=3, num_rare=7)
        assert plain.train.y is not None
        assert data.train.y is not None
        expected = plain.train.y.bincount()
        expected[3] = 7
        assert torch.equal(data.train.y.bincount(), expected)
        assert torch.equal(data.test.x, plain.test.x)
        kept = plain.train.x[plain.train.y != 3]
        assert torch.equal(data.train.x[data.train.y != 3], kept)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"rare": 10}, "has no class 10"),
            ({"rare": 3, "num_rare": 999}, "cannot keep 999 examples of class 3"),
            ({"num_rare": -1}, "cannot keep -1"),
        ],
    )
    def test_impossible(self, options: dict[str, int], message: str) -> None:
        with pytest.raises(DataError, match=message):
            load("imbalanced_digits", **options)
