"""Q7 against loops, exact distributions and models whose answers are known."""

import math

import pytest
import torch
from likelihood.outliers import (
    auroc,
    complexity_score,
    likelihood_ratio_score,
    rank_p_value,
    typicality_score,
)
from sklearn.metrics import roc_auc_score
from torch.distributions import Independent, Normal

pytestmark = pytest.mark.usefixtures("double")


def test_p_value_by_loops(generator):
    train = torch.randint(0, 6, (20,), generator=generator).double()
    tested = torch.randint(-1, 7, (9,), generator=generator).double()
    expected = [(1 + sum(t <= x for t in train.tolist())) / 21 for x in tested.tolist()]
    torch.testing.assert_close(rank_p_value(tested, train), torch.tensor(expected))


def test_p_values_of_inliers_are_uniform():
    """Of N + 1 exchangeable examples, each one left out takes every rank exactly once."""
    examples = torch.tensor([0.3, -1.2, 4.0, 2.5, -7.0])
    p = [
        rank_p_value(examples[i : i + 1], torch.cat([examples[:i], examples[i + 1 :]])).item()
        for i in range(5)
    ]
    assert sorted(p) == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_p_value_is_never_zero_and_bounds_the_error(generator):
    """P(p <= a) <= a for inliers, with and without ties."""
    train = torch.randint(0, 4, (2000,), generator=generator).double()
    tested = torch.randint(0, 4, (2000,), generator=generator).double()
    p = rank_p_value(tested, train)
    assert p.min() >= 1 / 2001
    for a in (0.01, 0.1, 0.3, 0.6):
        assert (p <= a).double().mean() <= a + 0.03
    assert rank_p_value(torch.tensor([-math.inf]), train).item() == 1 / 2001


def test_typicality_by_hand():
    train = torch.tensor([-1.0, -2.0, -6.0])
    batches = torch.tensor([[-3.0, -3.0], [0.0, -6.0], [-5.0, -7.0], [2.0, 0.0]])
    torch.testing.assert_close(typicality_score(batches, train), torch.tensor([0.0, 0, 3, 4]))


def test_typical_set_of_a_gaussian_excludes_its_mode(generator):
    """D = 1000: the mode is the likeliest point and lies D / 2 nats off the entropy."""
    num_dims = 1000
    model = Independent(Normal(torch.zeros(num_dims), torch.ones(num_dims)), 1)
    train = model.log_prob(torch.randn(500, num_dims, generator=generator))
    fresh = model.log_prob(torch.randn(5, 50, num_dims, generator=generator))
    mode = model.log_prob(torch.zeros(1, 1, num_dims))
    assert mode.min() > train.max() + 300
    torch.testing.assert_close(-train.mean(), model.entropy(), rtol=1e-2, atol=0)
    assert typicality_score(fresh, train).max() < 20
    torch.testing.assert_close(
        typicality_score(mode, train), torch.tensor([num_dims / 2]), rtol=1e-2, atol=0
    )
    assert rank_p_value(mode[0], train).item() == 1.0


def test_likelihood_ratio_of_two_gaussians():
    """N(1, 1) against N(0, 1): the log-ratio is x - 1/2."""
    x = torch.linspace(-3, 3, 13)
    score = likelihood_ratio_score(Normal(1.0, 1.0).log_prob(x), Normal(0.0, 1.0).log_prob(x))
    torch.testing.assert_close(score, 0.5 - x)


def test_complexity_of_uniform_bytes_is_zero():
    """A uniform model of D bytes needs 8 D bits; so does a compressor that gains nothing."""
    num_dims = 48
    log_prob = torch.full((3,), -num_dims * math.log(256))
    score = complexity_score(log_prob, torch.tensor([48, 24, 96]), num_dims)
    torch.testing.assert_close(score, torch.tensor([0.0, 4.0, -8.0]))


def test_auroc_by_loops_and_by_scikit_learn(generator):
    for _ in range(5):
        inliers = torch.randint(0, 5, (11,), generator=generator).double()
        outliers = torch.randint(1, 6, (6,), generator=generator).double()
        pairs = [(o > i) + 0.5 * (o == i) for o in outliers.tolist() for i in inliers.tolist()]
        area = auroc(inliers, outliers).item()
        assert math.isclose(area, sum(pairs) / 66)
        labels = [0] * 11 + [1] * 6
        assert math.isclose(area, roc_auc_score(labels, torch.cat([inliers, outliers]).numpy()))


def test_auroc_of_two_gaussians(generator):
    """P(o > i) = Phi(shift / sqrt(2)) for unit normals ``shift`` apart."""
    inliers = torch.randn(3000, generator=generator)
    outliers = torch.randn(2000, generator=generator) + 1.2
    expected = Normal(0.0, 1.0).cdf(torch.tensor(1.2 / math.sqrt(2)))
    torch.testing.assert_close(auroc(inliers, outliers), expected, atol=0.02, rtol=0)


def test_auroc_depends_on_the_order_only(generator):
    inliers, outliers = torch.randn(7, generator=generator), torch.randn(4, generator=generator)
    area = auroc(inliers, outliers)
    torch.testing.assert_close(auroc(inliers.exp(), outliers.exp()), area)
    torch.testing.assert_close(auroc(outliers, inliers), 1 - area)
    swapped = auroc(-outliers, -inliers)
    torch.testing.assert_close(swapped, area)


def test_auroc_of_infinite_scores():
    inf = math.inf
    inliers, outliers = torch.tensor([inf, 0.0, -inf]), torch.tensor([inf, -inf])
    expected = torch.tensor((0.5 + 1 + 1 + 0 + 0 + 0.5) / 6)
    torch.testing.assert_close(auroc(inliers, outliers), expected)
