"""Public checks of Q1, density estimation."""

import math

import pytest
import torch
from checks import close, has_default_dtype, has_shape
from likelihood import density

DATA = torch.tensor([[0, 1], [0, 2], [1, 2], [0, 2]])  # four examples, two dimensions


def grid(low, high, steps):
    """Midpoints of a regular grid, shape (steps, 1), and the width of a cell."""
    width = (high - low) / steps
    return low + width * (torch.arange(steps, dtype=torch.float64)[:, None] + 0.5), width


def mixture():
    """Three components in two dimensions: logits, means, log_stds."""
    logits = torch.tensor([1.0, 0.0, -1.0], dtype=torch.float64)
    means = torch.tensor([[0.0, 0.0], [4.0, 1.0], [-2.0, 3.0]], dtype=torch.float64)
    log_stds = torch.tensor([[0.0, -0.5], [0.3, 0.1], [-1.0, 0.4]], dtype=torch.float64)
    return logits, means, log_stds


@pytest.mark.part("a")
def test_histogram_by_hand():
    x = torch.tensor([[0, 2], [1, 0]])
    got = density.histogram_log_prob(x, DATA, levels=3, alpha=1.0)
    has_shape(got, (2,), "histogram_log_prob of x (2, 2): one log-probability per example")
    expected = torch.tensor([math.log(4 / 7 * 4 / 7), math.log(2 / 7 * 1 / 7)])
    close(
        got,
        expected,
        "histogram_log_prob of x = [[0, 2], [1, 0]], levels = 3, alpha = 1: with the counts "
        "(3, 1, 0) and (0, 1, 3) the probabilities are 4/7 * 4/7 and 2/7 * 1/7; their logarithms "
        "are asked for",
    )


@pytest.mark.part("a")
@pytest.mark.parametrize("alpha", [0.25, 1.0])
def test_histogram_sums_to_one(alpha):
    everything = torch.cartesian_prod(torch.arange(4), torch.arange(4))
    total = density.histogram_log_prob(everything, DATA, levels=4, alpha=alpha).exp().sum().item()
    assert total == pytest.approx(1, abs=1e-5), (
        f"histogram_log_prob: the probabilities of all 16 pairs of 4 levels sum to {total:.4f}, "
        f"not 1, with alpha = {alpha}; see the denominator of theta in the docstring"
    )


@pytest.mark.part("a")
def test_histogram_has_the_default_dtype():
    has_default_dtype(
        lambda: density.histogram_log_prob(DATA, DATA, levels=3, alpha=1.0),
        "histogram_log_prob of integers",
    )


@pytest.mark.part("b")
@pytest.mark.parametrize("bandwidth", [0.3, 1.5])
def test_kde_integrates_to_one(bandwidth):
    data = torch.tensor([[-1.0], [0.5], [2.0]], dtype=torch.float64)
    points, width = grid(-15, 15, 3000)
    got = density.kde_log_prob(points, data, bandwidth)
    has_shape(got, (3000,), "kde_log_prob of x (3000, 1): one log-density per point")
    total = got.exp().sum().item() * width
    assert total == pytest.approx(1, abs=1e-6), (
        f"kde_log_prob: the density of three training examples with bandwidth {bandwidth} "
        f"integrates to {total:.4f}, not 1: check the mean over the kernels and their normalising "
        "constant"
    )


@pytest.mark.part("b")
def test_kde_of_one_example_is_a_gaussian():
    data = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    x = data + torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, -3.0]], dtype=torch.float64)
    got = density.kde_log_prob(x, data, 2.0)
    expected = torch.distributions.Normal(data, 2.0).log_prob(x).sum(dim=1)
    close(
        got,
        expected,
        "kde_log_prob: with one training example and bandwidth 2 the estimate is a Gaussian of "
        "standard deviation 2 in each of 3 dimensions",
    )


@pytest.mark.part("b")
def test_kde_far_away_is_finite():
    got = density.kde_log_prob(torch.full((1, 2), 500.0), torch.zeros(3, 2), 1.0)
    assert torch.isfinite(got).all(), (
        f"kde_log_prob: 500 bandwidths from all data the log-density is {got}; it must be finite, "
        "as the docstring says: stay in log space"
    )


@pytest.mark.part("c")
def test_uniform_bytes_cost_eight_bits():
    num_dims = 3 * 32 * 32
    nll = torch.full((4,), num_dims * math.log(256), dtype=torch.float64)
    got = density.bits_per_dim(nll, num_dims)
    close(
        got,
        torch.full_like(nll, 8.0),
        "bits_per_dim: a uniform model of 256 levels has nll = D log 256 nats for each of 4 "
        "examples, which is 8 bits per dimension for each",
    )


@pytest.mark.part("c")
def test_dequantised_levels_come_back():
    generator = torch.Generator().manual_seed(0)
    x = torch.arange(10).repeat(20, 1)
    u = torch.rand(x.shape, generator=generator, dtype=torch.float64)
    y = density.dequantize(x, u, 10)
    assert y.dtype == u.dtype, (
        f"dequantize: u has dtype {u.dtype}, the result {y.dtype}; it must follow u"
    )
    assert ((y >= 0) & (y < 1)).all(), (
        f"dequantize: 10 levels and noise in [0, 1) must give [0, 1); they reach from {y.min()} to "
        f"{y.max()}"
    )
    assert torch.equal((10 * y).floor().long(), x), (
        "dequantize: floor(K y) must give the level back (K = 10)"
    )
    assert torch.allclose(10 * y - x, u), (
        "dequantize: the place within the bin must be the noise u that is given"
    )


@pytest.mark.part("d")
def test_logit_transform_and_back():
    x = torch.linspace(0, 1, 12, dtype=torch.float64).reshape(2, 3, 2)
    y, log_det = density.logit_transform(x, 0.1)
    again, inverse_log_det = density.inverse_logit_transform(y, 0.1)
    for name, value in (("forward", log_det), ("inverse", inverse_log_det)):
        has_shape(value, (2,), f"logit_transform of x (2, 3, 2), {name} log-determinant")
    assert torch.allclose(again, x), f"the inverse of logit_transform gives {again} instead of {x}"
    assert torch.allclose(inverse_log_det, -log_det), (
        f"logit_transform: the log-determinants of a map ({log_det}) and its inverse "
        f"({inverse_log_det}) must cancel"
    )


@pytest.mark.part("d")
def test_logit_transform_in_the_middle():
    y, log_det = density.logit_transform(torch.full((1, 2), 0.5, dtype=torch.float64), 0.1)
    assert torch.allclose(y, torch.zeros_like(y)), (
        f"logit_transform: x = 1/2 is mapped to {y}, not to 0"
    )
    expected = 2 * math.log(0.8 / 0.25)
    assert log_det.item() == pytest.approx(expected), (
        "logit_transform: at x = (1/2, 1/2) with alpha = 0.1, s = 1/2 and dy/dx = 0.8 / (s (1 - "
        f"s)) = 3.2 in both dimensions: expected the log-determinant 2 log 3.2 = {expected:.4f}, "
        f"got {log_det.item():.4f}"
    )


@pytest.mark.part("e")
def test_mixture_integrates_to_one():
    logits, means, log_stds = mixture()
    points, width = grid(-12, 12, 240)
    plane = torch.cartesian_prod(points[:, 0], points[:, 0])
    got = density.gmm_log_prob(plane, logits, means, log_stds)
    has_shape(got, (len(plane),), "gmm_log_prob: one log-density per point")
    total = got.exp().sum().item() * width**2
    assert total == pytest.approx(1, abs=1e-4), (
        f"gmm_log_prob: the mixture integrates to {total:.4f}, not 1"
    )


@pytest.mark.part("e")
def test_joint_of_the_standard_normal():
    x = torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 2.0]], dtype=torch.float64)
    zeros = torch.zeros(2, 3, dtype=torch.float64)
    got = density.gmm_log_joint(x, zeros[:, 0], zeros, zeros)
    has_shape(got, (2, 2), "gmm_log_joint of 2 points under 2 components")
    at_mean = math.log(1 / 2) - 1.5 * math.log(2 * math.pi)
    expected = torch.tensor([[at_mean] * 2, [at_mean - 4.5] * 2], dtype=torch.float64)
    close(
        got,
        expected,
        "gmm_log_joint: two equal standard normals in 3 dimensions, at distance 0 and 3 from the "
        "mean: log 1/2 - 3/2 log 2 pi - r^2/2",
    )


@pytest.mark.part("e")
def test_mixture_with_large_logits_is_finite():
    _, means, log_stds = mixture()
    logits = torch.tensor([1e4, -1e4, 0.0], dtype=torch.float64)
    got = density.gmm_log_prob(100 * means, logits, means, log_stds)
    assert torch.isfinite(got).all(), (
        f"gmm_log_prob: with logits of 1e4 and distant points the log-density is {got}"
    )


@pytest.mark.part("f")
def test_samples_without_noise_are_means():
    _, means, log_stds = mixture()
    logits = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64).log()
    u = torch.tensor([0.1, 0.3, 0.69, 0.71, 0.99], dtype=torch.float64)
    x, k = density.gmm_sample(logits, means, log_stds, u, torch.zeros(5, 2, dtype=torch.float64))
    assert k.tolist() == [0, 1, 1, 2, 2], (
        f"gmm_sample: weights (0.2, 0.5, 0.3), u = {u.tolist()}: expected components [0, 1, 1, 2, "
        f"2] by the inverse of the cumulative distribution function, got {k.tolist()}"
    )
    assert torch.equal(x, means[k]), (
        f"gmm_sample: with eps = 0 samples are the means of their components, got {x}"
    )


@pytest.mark.part("f")
def test_sample_of_one_component():
    means, stds = torch.tensor([[1.0, -1.0]]), torch.tensor([[0.5, 4.0]])
    x, _ = density.gmm_sample(
        torch.zeros(1), means, stds.log(), torch.tensor([0.9]), torch.tensor([[2.0, -1.0]])
    )
    expected = torch.tensor([[2.0, -5.0]])
    assert torch.allclose(x, expected), (
        "gmm_sample: mean (1, -1), standard deviations (1/2, 4), eps (2, -1): expected "
        f"{expected}, got {x}"
    )


@pytest.mark.part("g")
def test_em_with_certain_responsibilities():
    x = torch.tensor([[0.0], [2.0], [10.0], [14.0], [18.0]], dtype=torch.float64)
    certain = torch.tensor([[0.0, -2000.0]] * 2 + [[-2000.0, 0.0]] * 3, dtype=torch.float64)
    logits, means, log_stds = density.em_step(x, certain)
    for name, got, expected in (
        ("weights exp(logits)", logits.exp(), [0.4, 0.6]),
        ("means", means[:, 0], [1.0, 14.0]),
        ("variances exp(2 log_stds)", (2 * log_stds[:, 0]).exp(), [1.0, 32 / 3]),
    ):
        assert got.tolist() == pytest.approx(expected), (
            "em_step: examples 0, 2 belong to the first component and 10, 14, 18 to the second, "
            f"beyond doubt: expected {name} {expected}, got {got.tolist()}"
        )


@pytest.mark.part("g")
def test_em_with_equal_components_fits_one_gaussian():
    x = torch.tensor([[1.0, 0.0], [3.0, 4.0], [2.0, -4.0], [6.0, 8.0]], dtype=torch.float64)
    likely = torch.tensor([[-1.0], [-30.0], [0.0], [-900.0]], dtype=torch.float64).expand(4, 3)
    logits, means, log_stds = density.em_step(x, likely)
    assert logits.exp().tolist() == pytest.approx([1 / 3] * 3), (
        "em_step: all components explain each example equally well: expected equal weights, "
        f"got {logits.exp()}"
    )
    assert torch.allclose(means, x.mean(dim=0).expand(3, 2)), (
        "em_step: equal responsibilities make every mean the mean of the data, however likely the "
        f"single examples are: got {means}"
    )
    expected = x.std(dim=0, correction=0).expand(3, 2)
    assert torch.allclose(log_stds.exp(), expected), (
        "em_step: expected the data's standard deviations (divided by N, not N - 1), got "
        f"{log_stds.exp()}"
    )


@pytest.mark.part("h")
def test_kl_by_hand():
    p = torch.tensor([[0.5, 0.5], [1.0, 0.0]], dtype=torch.float64)
    q = torch.tensor([[0.25, 0.75], [0.5, 0.5]], dtype=torch.float64)
    forward, reverse = density.kl_categorical(p, q)
    for got in (forward, reverse):
        has_shape(got, (2,), "kl_categorical of p (2, 2), q (2, 2): one divergence per row")
    expected_forward = [0.5 * math.log(2) + 0.5 * math.log(2 / 3), math.log(2)]
    assert forward.tolist() == pytest.approx(expected_forward), (
        f"kl_categorical: KL(p || q) for p = {p.tolist()}, q = {q.tolist()}: expected "
        f"{expected_forward}, got {forward}"
    )
    expected_reverse = [0.25 * math.log(1 / 2) + 0.75 * math.log(3 / 2), math.inf]
    assert reverse.tolist() == pytest.approx(expected_reverse), (
        f"kl_categorical: KL(q || p) for p = {p.tolist()}, q = {q.tolist()}: expected "
        f"{expected_reverse}, got {reverse}"
    )
