"""Q2 against enumeration, counting, ``torch.distributions`` and simulation."""

import math

import pytest
import torch
from likelihood.bayes import NaiveBayes, count_parameters, gaussian_to_logistic
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal

pytestmark = pytest.mark.usefixtures("double")


@pytest.fixture
def model(generator) -> NaiveBayes:
    """Three classes, six pixels, random parameters."""
    model = NaiveBayes(3, 6)
    model.prior = torch.tensor([0.5, 0.2, 0.3])
    model.theta = 0.05 + 0.9 * torch.rand(3, 6, generator=generator)
    return model


def images(num_dims: int) -> Tensor:
    """All binary images, shape (2 ** num_dims, num_dims)."""
    return torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * num_dims)


def table(model: NaiveBayes) -> Tensor:
    """p(x, y) by products, shape (2 ** D, K)."""
    x = images(model.num_dims)[:, None]
    return model.prior * torch.where(x == 1, model.theta, 1 - model.theta).prod(dim=-1)


def test_fit_is_counting():
    x = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 1.0]])
    model = NaiveBayes(3, 2, alpha=0.5)
    model.fit(x, torch.tensor([0, 0, 2, 2]))
    torch.testing.assert_close(model.prior, torch.tensor([2.5, 0.5, 2.5]) / 5.5)
    expected = torch.tensor([[2.5 / 3, 1.5 / 3], [0.5, 0.5], [1.5 / 3, 2.5 / 3]])
    torch.testing.assert_close(model.theta, expected)


@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_fit_maximises_the_penalised_likelihood(generator, alpha):
    """The gradient of log p(data) + alpha * (log pseudo-examples) vanishes at the estimate."""
    x = (torch.rand(30, 4, generator=generator) < 0.4).double()
    y = torch.arange(30) % 3
    model = NaiveBayes(3, 4, alpha=alpha)
    model.fit(x, y)
    logits = model.prior.log().requires_grad_()
    odds = torch.logit(model.theta).requires_grad_()
    bernoulli = torch.distributions.Bernoulli(logits=odds[y])
    data = Categorical(logits=logits).log_prob(y).sum() + bernoulli.log_prob(x).sum()
    on, off = torch.sigmoid(odds).log(), torch.sigmoid(-odds).log()
    penalty = logits.log_softmax(0).sum() + on.sum() + off.sum()
    for gradient in torch.autograd.grad(data + alpha * penalty, [logits, odds]):
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-12, rtol=0)


def test_log_joint_is_the_table_and_sums_to_one(model):
    log_joint = model.log_joint(images(6))
    torch.testing.assert_close(log_joint.exp(), table(model))
    assert math.isclose(log_joint.exp().sum().item(), 1.0)


def test_log_joint_of_certain_pixels():
    model = NaiveBayes(2, 2)
    model.theta = torch.tensor([[0.0, 1.0], [1.0, 0.25]])
    log_joint = model.log_joint(images(2))
    torch.testing.assert_close(log_joint.exp(), table(model))
    assert log_joint[1, 0] == math.log(0.5)
    assert log_joint[0, 0] == -math.inf


def test_posterior_enumerates_every_fill(model):
    """All 3 ** 6 ways in which a pixel is on, off or missing."""
    states = torch.cartesian_prod(*[torch.tensor([0.0, 1.0, math.nan])] * 6)
    observed = ~torch.isnan(states)
    every = images(6)
    agrees = ((every == states[:, None]) | ~observed[:, None]).all(dim=-1)
    joint = agrees.double() @ table(model)
    expected = joint / joint.sum(dim=1, keepdim=True)
    torch.testing.assert_close(model.posterior(states, observed), expected)


def test_posterior_of_nothing_is_the_prior_and_of_everything_is_bayes(model):
    x = images(6)
    nothing = model.posterior(x, torch.zeros_like(x, dtype=torch.bool))
    torch.testing.assert_close(nothing, model.prior.expand(64, 3))
    everything = model.posterior(x, torch.ones_like(x, dtype=torch.bool))
    torch.testing.assert_close(everything, model.log_joint(x).softmax(dim=1))


def test_posterior_does_not_underflow(generator):
    """A pixel that no class can tell from another changes nothing, however many there are."""
    small, large = NaiveBayes(3, 4), NaiveBayes(3, 20_004)
    small.theta = torch.rand(3, 4, generator=generator)
    large.theta = torch.cat([small.theta, torch.full((3, 20_000), 0.3)], dim=1)
    x = (torch.rand(2, 20_004, generator=generator) < 0.5).double()
    observed = torch.ones_like(x, dtype=torch.bool)
    expected = small.posterior(x[:, :4], observed[:, :4])
    torch.testing.assert_close(large.posterior(x, observed), expected, rtol=1e-8, atol=1e-8)


def test_samples_have_the_probabilities_of_their_class(model, generator):
    y = torch.arange(3).repeat_interleave(20_000)
    x = model.sample_class(y, torch.rand(60_000, 6, generator=generator))
    assert set(x.unique().tolist()) == {0.0, 1.0}
    frequencies = x.view(3, 20_000, 6).mean(dim=1)
    torch.testing.assert_close(frequencies, model.theta, atol=0.02, rtol=0)


def test_samples_of_certain_pixels():
    model = NaiveBayes(2, 2)
    model.theta = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    u = torch.tensor([[0.0, 0.0], [1 - 2**-53, 1 - 2**-53]])
    for y, expected in ((0, [0.0, 1.0]), (1, [1.0, 0.0])):
        assert model.sample_class(torch.tensor([y, y]), u).tolist() == [expected, expected]


def test_impute_is_the_conditional_mean_by_enumeration(model):
    states = torch.cartesian_prod(*[torch.tensor([0.0, 1.0, math.nan])] * 6)
    observed = ~torch.isnan(states)
    every = images(6)
    agrees = ((every == states[:, None]) | ~observed[:, None]).all(dim=-1)
    weights = agrees.double() * table(model).sum(dim=1)
    expected = weights @ every / weights.sum(dim=1, keepdim=True)
    before = states.clone()
    torch.testing.assert_close(model.impute(states, observed), expected)
    torch.testing.assert_close(states, before, equal_nan=True)


def test_logistic_is_the_gaussian_posterior(generator):
    prior = torch.tensor([0.1, 0.5, 0.15, 0.25])
    means = torch.randn(4, 3, generator=generator)
    factor = torch.randn(3, 3, generator=generator)
    covariance = factor @ factor.T + 0.5 * torch.eye(3)
    x = 3 * torch.randn(50, 3, generator=generator)
    classes = MultivariateNormal(means, covariance)
    log_joint = classes.log_prob(x[:, None]) + prior.log()
    weight, bias = gaussian_to_logistic(prior, means, covariance)
    torch.testing.assert_close(x @ weight.T + bias, log_joint - log_joint[:, :1])
    mixture = MixtureSameFamily(Categorical(prior), classes)
    log_posterior = log_joint - mixture.log_prob(x)[:, None]
    torch.testing.assert_close((x @ weight.T + bias).log_softmax(dim=1), log_posterior)


def test_logistic_by_hand():
    """Means 0 and 2, variance 4: the boundary of equal classes is half-way, at 1."""
    half = torch.tensor([0.5, 0.5])
    means, variance = torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0]])
    weight, bias = gaussian_to_logistic(half, means, variance)
    torch.testing.assert_close(weight, torch.tensor([[0.0], [0.5]]))
    torch.testing.assert_close(bias, torch.tensor([0.0, -0.5]))


@pytest.mark.parametrize("num_levels", [2, 3])
@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_counts_are_the_sizes_of_the_tables(order, num_levels):
    """Write every table of conditional probabilities down, and drop one column of each."""
    num_dims, num_classes = 4, 3
    sizes = [torch.ones(num_classes)[:-1].numel()]
    for d in range(num_dims):
        parents = [num_levels] * len(range(max(0, d - order), d))
        sizes.append(torch.ones(num_classes, *parents, num_levels)[..., :-1].numel())
    assert count_parameters(num_dims, num_classes, order, num_levels) == sum(sizes)


def test_counts_at_both_ends():
    assert count_parameters(64, 10) == 9 + 640
    assert count_parameters(64, 10, order=63) == 10 * 2**64 - 1
    assert count_parameters(5, 1, order=4, num_levels=4) == 4**5 - 1


def test_count_of_naive_bayes_is_the_rank_of_its_family(generator):
    """The Jacobian of the table in (prior, theta) has as many independent directions."""
    logits, theta = torch.randn(1, generator=generator), torch.rand(2, 3, generator=generator)

    def table_of(logits: Tensor, theta: Tensor) -> Tensor:
        prior = torch.cat([logits, torch.zeros(1)]).softmax(dim=0)
        x = images(3)[:, None]
        return prior * torch.where(x == 1, theta, 1 - theta).prod(dim=-1)

    jacobian = torch.autograd.functional.jacobian(table_of, (logits, theta))
    flat = torch.cat([part.reshape(16, -1) for part in jacobian], dim=1)
    assert torch.linalg.matrix_rank(flat) == count_parameters(3, 2)


def test_a_model_with_one_class_is_independent_pixels(generator):
    model = NaiveBayes(1, 5)
    model.theta = torch.rand(1, 5, generator=generator)
    bernoulli = Independent(torch.distributions.Bernoulli(model.theta[0]), 1)
    torch.testing.assert_close(model.log_joint(images(5))[:, 0], bernoulli.log_prob(images(5)))
