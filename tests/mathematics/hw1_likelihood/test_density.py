"""Proofs of the reference of Q1, density estimation."""

import itertools
import math

import pytest
import torch
from likelihood import density
from torch import distributions


@pytest.fixture
def parameters(normal):
    return normal(4), 2 * normal(4, 3), 0.5 * normal(4, 3)


def torch_mixture(logits, means, log_stds):
    components = distributions.Independent(distributions.Normal(means, log_stds.exp()), 1)
    return distributions.MixtureSameFamily(distributions.Categorical(logits=logits), components)


def jacobian_log_det(function, row):
    """log|det| of the Jacobian of ``function`` at one flattened example."""
    jacobian = torch.autograd.functional.jacobian(function, row.flatten())
    return torch.linalg.slogdet(jacobian).logabsdet


def midpoints(low, high, steps):
    width = (high - low) / steps
    return low + width * (torch.arange(steps, dtype=torch.float64) + 0.5), width


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0, 7.0])
def test_histogram_sums_to_one_over_all_examples(alpha):
    data = torch.tensor([[0, 1, 3], [0, 2, 3], [2, 2, 0], [0, 2, 1], [1, 1, 1]])
    everything = torch.tensor(list(itertools.product(range(4), repeat=3)))
    total = density.histogram_log_prob(everything, data, 4, alpha).exp().sum().item()
    assert total == pytest.approx(1, abs=1e-5)


def test_histogram_is_a_table_of_counts():
    data = torch.tensor([[0, 1], [0, 2], [1, 2], [0, 2]])
    x = torch.tensor([[0, 2], [1, 0], [2, 1]])
    got = density.histogram_log_prob(x, data, 3, 0.5).exp()
    denominator = (4 + 3 * 0.5) ** 2
    expected = torch.tensor([3.5 * 3.5, 1.5 * 0.5, 0.5 * 1.5]) / denominator
    torch.testing.assert_close(got, expected)


def test_unsmoothed_histogram_maximises_the_likelihood():
    data = torch.tensor([[0], [0], [1], [2], [2], [2]])
    best = density.histogram_log_prob(data, data, 3, 0.0).sum()
    entropy = distributions.Categorical(torch.tensor([2 / 6, 1 / 6, 3 / 6])).entropy()
    torch.testing.assert_close(best, -6 * entropy)
    assert best > density.histogram_log_prob(data, data, 3, 0.1).sum()
    assert density.histogram_log_prob(torch.tensor([[3]]), data, 4, 0.0).item() == -math.inf


def test_kde_is_a_mixture_of_gaussians(normal):
    x, data = normal(6, 3), normal(8, 3)
    expected = torch_mixture(
        torch.zeros(8, dtype=torch.float64), data, torch.full_like(data, math.log(0.4))
    )
    torch.testing.assert_close(density.kde_log_prob(x, data, 0.4), expected.log_prob(x))


def test_kde_integrates_to_one(normal):
    line, width = midpoints(-12, 12, 300)
    plane = torch.cartesian_prod(line, line)
    total = density.kde_log_prob(plane, normal(5, 2), 0.5).exp().sum().item() * width**2
    assert total == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_uniform_model_costs_log2_of_levels(levels):
    nll = torch.full((3,), 12 * math.log(levels), dtype=torch.float64)
    expected = torch.full_like(nll, math.log2(levels))
    torch.testing.assert_close(density.bits_per_dim(nll, 12), expected)


def test_dequantised_likelihood_is_a_probability(generator):
    """A piecewise constant density on the bins gives back the probability of the level."""
    levels = 5
    table = torch.tensor([0.1, 0.4, 0.2, 0.25, 0.05], dtype=torch.float64)
    x = torch.arange(levels).repeat(50)
    y = density.dequantize(x, torch.rand(250, generator=generator, dtype=torch.float64), levels)
    assert ((y >= 0) & (y < 1)).all()
    height = table[(y * levels).floor().long()] * levels
    torch.testing.assert_close(height / levels, table[x])


@pytest.mark.parametrize("shape", [(3, 4), (2, 1, 2, 3)])
@pytest.mark.parametrize("alpha", [0.01, 0.2])
def test_logit_log_det_is_that_of_the_jacobian(generator, shape, alpha):
    x = torch.rand(shape, generator=generator, dtype=torch.float64)
    y, log_det = density.logit_transform(x, alpha)
    again, inverse_log_det = density.inverse_logit_transform(y, alpha)
    torch.testing.assert_close(again, x)
    for b in range(shape[0]):
        forward = jacobian_log_det(lambda v: density.logit_transform(v[None], alpha)[0][0], x[b])
        inverse = jacobian_log_det(
            lambda v: density.inverse_logit_transform(v[None], alpha)[0][0], y[b]
        )
        torch.testing.assert_close(log_det[b], forward)
        torch.testing.assert_close(inverse_log_det[b], inverse)


def test_standard_normal_in_logit_space_has_the_mass_of_the_cube():
    """The density N(y) |dy/dx| of x integrates to the normal mass of the cube's image."""
    x, width = midpoints(0, 1, 2000)
    y, log_det = density.logit_transform(x[:, None], 0.1)
    normal = distributions.Normal(torch.zeros((), dtype=torch.float64), 1.0)
    total = (normal.log_prob(y[:, 0]) + log_det).exp().sum() * width
    edge = torch.tensor(math.log(9.0), dtype=torch.float64)
    torch.testing.assert_close(total, normal.cdf(edge) - normal.cdf(-edge), rtol=1e-6, atol=0)


def test_inverse_log_det_far_out_has_its_asymptote():
    y = torch.tensor([[900.0, -800.0]], dtype=torch.float64)
    _, log_det = density.inverse_logit_transform(y, 0.03)
    assert log_det.item() == pytest.approx(-1700 - 2 * math.log(0.94))


def test_mixture_agrees_with_torch(normal, parameters):
    x = normal(7, 3)
    expected = torch_mixture(*parameters)
    torch.testing.assert_close(density.gmm_log_prob(x, *parameters), expected.log_prob(x))
    posterior = density.gmm_log_joint(x, *parameters).softmax(dim=1)
    torch.testing.assert_close(posterior.sum(dim=1), torch.ones(7, dtype=torch.float64))
    log_likelihood = expected.component_distribution.log_prob(x[:, None, :])
    log_joint = log_likelihood + expected.mixture_distribution.logits
    torch.testing.assert_close(density.gmm_log_joint(x, *parameters), log_joint)


def test_mixture_of_distant_components_is_the_nearest_one():
    logits = torch.tensor([2e4, -1e4], dtype=torch.float64)
    means = torch.tensor([[0.0], [5e3]], dtype=torch.float64)
    got = density.gmm_log_prob(means, logits, means, torch.zeros_like(means))
    peak = -0.5 * math.log(2 * math.pi)
    expected = torch.tensor([peak, -3e4 + peak], dtype=torch.float64)
    torch.testing.assert_close(got, expected)


def test_samples_invert_the_cdf(parameters):
    logits, means, log_stds = parameters
    weights = logits.softmax(dim=0)
    u = (torch.arange(20000, dtype=torch.float64) + 0.5) / 20000
    x, k = density.gmm_sample(logits, means, log_stds, u, torch.zeros(20000, 3))
    frequencies = k.bincount(minlength=4) / 20000
    torch.testing.assert_close(frequencies.double(), weights, rtol=0, atol=1e-4)
    assert (k.diff() >= 0).all()
    torch.testing.assert_close(x, means[k])


def test_samples_have_the_moments_of_the_mixture(generator, normal, parameters):
    count = 200_000
    u = torch.rand(count, generator=generator, dtype=torch.float64)
    x, _ = density.gmm_sample(*parameters, u, normal(count, 3))
    mixture = torch_mixture(*parameters)
    torch.testing.assert_close(x.mean(dim=0), mixture.mean, rtol=0, atol=0.03)
    torch.testing.assert_close(x.var(dim=0), mixture.variance, rtol=0.03, atol=0)


def test_component_of_weight_zero_is_never_drawn():
    logits = torch.tensor([-math.inf, 0.0, -math.inf])
    u = torch.tensor([0.0, 0.5, 1 - 2**-20])
    _, k = density.gmm_sample(logits, torch.zeros(3, 1), torch.zeros(3, 1), u, torch.zeros(3, 1))
    assert k.tolist() == [1, 1, 1]


def test_em_equals_a_hand_table():
    """Three points and two components with responsibilities 3/4, 1/2, 1/4 for the first."""
    x = torch.tensor([[0.0], [2.0], [4.0]], dtype=torch.float64)
    first = torch.tensor([3 / 4, 1 / 2, 1 / 4], dtype=torch.float64)
    log_joint = torch.stack([first, 1 - first], dim=1).log() + torch.tensor([[-700.0], [3], [-9]])
    logits, means, log_stds = density.em_step(x, log_joint)
    expected = torch.tensor([[4 / 3], [8 / 3]], dtype=torch.float64)
    torch.testing.assert_close(logits.exp(), torch.full((2,), 0.5, dtype=torch.float64))
    torch.testing.assert_close(means, expected)
    # E[x^2] = (1/2 * 4 + 1/4 * 16) / 1.5 = 4 and, for the other, (1/2 * 4 + 3/4 * 16) / 1.5 = 28/3
    second_moment = torch.tensor([[4.0], [28 / 3]], dtype=torch.float64)
    torch.testing.assert_close((2 * log_stds).exp(), second_moment - expected**2)


def test_em_never_lowers_the_likelihood(normal):
    x = torch.cat([normal(40, 3) * 0.5, normal(30, 3) + 3])
    zeros = torch.zeros(3, 3, dtype=torch.float64)
    parameters = zeros[0], x[[0, 20, 50]], zeros
    before = -math.inf
    for _ in range(30):
        log_joint = density.gmm_log_joint(x, *parameters)
        after = log_joint.logsumexp(dim=1).sum().item()
        assert after >= before - 1e-9
        before, parameters = after, density.em_step(x, log_joint)


def test_em_maximises_the_expected_log_joint(normal, parameters):
    """The gradient of sum r log p(x, k) vanishes at the new parameters."""
    x = normal(50, 3)
    log_joint = density.gmm_log_joint(x, *parameters)
    new = [value.requires_grad_() for value in density.em_step(x, log_joint)]
    objective = (log_joint.softmax(dim=1) * density.gmm_log_joint(x, *new)).sum()
    for gradient in torch.autograd.grad(objective, new):
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-9)


def test_kl_agrees_with_torch(normal):
    p, q = normal(6, 5).softmax(dim=1), normal(6, 5).softmax(dim=1)
    forward, reverse = density.kl_categorical(p, q)
    one, other = distributions.Categorical(p), distributions.Categorical(q)
    torch.testing.assert_close(forward, distributions.kl_divergence(one, other))
    torch.testing.assert_close(reverse, distributions.kl_divergence(other, one))


def test_kl_with_zeros_by_hand():
    p = torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    q = torch.tensor([[0.25, 0.25, 0.5], [0.0, 1.0, 0.0]], dtype=torch.float64)
    forward, reverse = density.kl_categorical(p, q)
    assert forward.tolist() == [pytest.approx(math.log(2)), math.inf]
    assert reverse.tolist() == [math.inf, math.inf]
    same, _ = density.kl_categorical(p, p)
    assert same.tolist() == [0, 0]
