"""Points in the plane."""

import pytest
import torch

from datasets import POINTS, DataError, load


@pytest.mark.parametrize("name", POINTS)
class TestEveryToy:
    def test_shapes(self, name: str) -> None:
        data = load(name, num_train=50, num_test=7)
        for split, num in ((data.train, 50), (data.test, 7)):
            assert split.x.shape == (num, 2)
            assert split.x.dtype == torch.float32
            assert split.y is not None
            assert split.y.shape == (num,)
            assert split.y.dtype == torch.int64
        assert data.levels == 0

    def test_scale(self, name: str) -> None:
        x = load(name, num_train=20_000).train.x
        torch.testing.assert_close(x.mean(dim=0), torch.zeros(2), atol=0.03, rtol=0)
        torch.testing.assert_close(x.std(dim=0), torch.ones(2), atol=0.05, rtol=0)

    def test_every_part_is_drawn(self, name: str) -> None:
        data = load(name)
        assert data.train.y is not None
        assert data.train.y.unique().tolist() == list(range(data.num_classes))

    def test_seed(self, name: str) -> None:
        first, again, other = (load(name, seed=seed) for seed in (3, 3, 4))
        assert torch.equal(first.train.x, again.train.x)
        assert torch.equal(first.test.x, again.test.x)
        assert not torch.isclose(first.train.x, other.train.x).all(dim=1).any()

    def test_splits_differ(self, name: str) -> None:
        data = load(name)
        exact = "donot_use_mm_for_euclid_dist"
        assert torch.cdist(data.test.x, data.train.x, compute_mode=exact).min() > 0

    def test_the_global_generator_is_left_alone(self, name: str) -> None:
        before = torch.get_rng_state()
        load(name)
        assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["gaussians", "ring"])
def test_labels_tell_the_parts_apart(name: str) -> None:
    """The eight Gaussians lie in eight sectors."""
    split = load(name).train
    sector = (torch.atan2(split.x[:, 1], split.x[:, 0]) / (torch.pi / 4)).round() % 8
    assert (sector == split.y).float().mean() > 0.99


def test_the_ring_is_empty_between_its_parts() -> None:
    x = load("ring").train.x
    angle = torch.atan2(x[:, 1], x[:, 0]) / (torch.pi / 4)
    assert ((angle - angle.round()).abs() < 0.35).all()


def test_an_empty_split() -> None:
    with pytest.raises(DataError, match="rings needs at least one point"):
        load("rings", num_test=0)
