"""Images that are drawn: shapes with captions, and phantoms."""

import pytest
import torch

from datasets import DataError, load
from datasets.shapes import COLORS, KINDS, SIZES, WORDS, caption


@pytest.mark.parametrize("name", ["shapes", "phantoms"])
class TestBoth:
    def test_seed(self, name: str) -> None:
        before = torch.get_rng_state()
        first, again, other = (
            load(name, seed=seed, num_train=20, num_test=5) for seed in (3, 3, 4)
        )
        assert torch.equal(first.train.x, again.train.x)
        assert torch.equal(first.test.x, again.test.x)
        assert not torch.equal(first.train.x, other.train.x)
        assert torch.equal(torch.get_rng_state(), before)

    def test_images_differ(self, name: str) -> None:
        data = load(name, num_train=60, num_test=20)
        x = torch.cat([data.train.x, data.test.x]).flatten(1)
        assert len(x.unique(dim=0)) == len(x)

    def test_impossible(self, name: str) -> None:
        with pytest.raises(DataError, match=f"{name} needs at least one image"):
            load(name, num_test=0)


class TestShapes:
    data = load("shapes", num_train=300, num_test=50)

    def test_shapes(self) -> None:
        for split, num in ((self.data.train, 300), (self.data.test, 50)):
            assert split.x.shape == (num, 3, 16, 16)
            assert split.x.dtype == torch.uint8
            assert split.y is not None
            assert split.y.shape == (num, 5)
            assert split.y.dtype == torch.int64
        assert (self.data.levels, self.data.num_classes) == (256, 0)

    def test_captions_are_true(self) -> None:
        """The ground fills the corners, and the largest part of the rest is of the colour."""
        assert self.data.train.y is not None
        for image, tokens in zip(self.data.train.x, self.data.train.y, strict=True):
            size, color, kind, on, ground = caption(tokens).split()
            assert (size in SIZES, kind in KINDS, on) == (True, True, "on")
            assert image[:, 0, 0].tolist() == list(COLORS[ground])
            pixels = image.flatten(1).T
            rest = pixels[(pixels != image[:, 0, 0]).any(dim=1)]
            colors, counts = rest.unique(dim=0, return_counts=True)
            assert colors[counts.argmax()].tolist() == list(COLORS[color])

    def test_every_word_occurs(self) -> None:
        assert self.data.train.y is not None
        assert set(self.data.train.y.flatten().tolist()) == set(range(len(WORDS)))

    def test_sizes_and_kinds_cover_different_areas(self) -> None:
        assert self.data.train.y is not None
        x, y = self.data.train.x, self.data.train.y
        covered = (x != x[:, :, :1, :1]).any(dim=1).flatten(1).sum(dim=1).double()
        kind_token = {kind: WORDS.index(kind) for kind in KINDS}

        def area(size: str, kind: str) -> float:
            chosen = (y[:, 0] == WORDS.index(size)) & (y[:, 2] == kind_token[kind])
            return covered[chosen].mean().item()

        for kind in KINDS:
            assert area("large", kind) > 1.5 * area("small", kind)
        assert area("large", "square") > area("large", "triangle")
        assert area("large", "circle") > area("large", "cross")


class TestPhantoms:
    data = load("phantoms", num_train=40, num_test=10)

    def test_shapes(self) -> None:
        for split, num in ((self.data.train, 40), (self.data.test, 10)):
            assert split.x.shape == (num, 1, 32, 32)
            assert split.x.dtype == torch.uint8
            assert split.y is None
        assert self.data.levels == 256

    def test_a_bright_skull_around_a_grey_brain(self) -> None:
        x = self.data.train.x[:, 0]
        assert (x[:, [0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
        assert (x.flatten(1) == 230).any(dim=1).all()
        share_of_brain = (x == 90).float().mean(dim=(1, 2))
        assert ((share_of_brain > 0.1) & (share_of_brain < 0.6)).all()

    def test_dark_parts_inside(self) -> None:
        """Darker than the brain, and not at the edge of the image."""
        middle = self.data.train.x[:, 0, 8:24, 8:24]
        assert ((middle > 15) & (middle < 55)).flatten(1).any(dim=1).all()
