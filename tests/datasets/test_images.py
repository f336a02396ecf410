"""Digits, and the images that torchvision reads."""

import builtins
import gzip
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from datasets import DataError, Dataset, Split, load


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

    def test_without_torchvision(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real_import = builtins.__import__

        def without(name: str, *arguments: Any, **options: Any) -> Any:
            if name.startswith("torchvision"):
                raise ImportError(name)
            return real_import(name, *arguments, **options)

        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(DataError, match="cifar10 needs torchvision; pip install torchvision"):
            load("cifar10")
