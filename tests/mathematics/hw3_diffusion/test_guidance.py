"""Proofs of the reference of Q6, guidance."""

import pytest
import torch
from diffusion import guidance
from torch import distributions


def test_labels_are_dropped_with_probability_p_and_independently():
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(4).repeat(10_000)
    u = torch.rand(y.shape, generator=generator, dtype=torch.float64)
    dropped = guidance.drop_labels(y, u, 0.2, 9)
    assert set(dropped.unique().tolist()) == {0, 1, 2, 3, 9}
    assert torch.equal(dropped[dropped != 9], y[dropped != 9])
    for label in range(4):
        rate = (dropped[y == label] == 9).double().mean().item()
        assert rate == pytest.approx(0.2, abs=0.02)
    both = ((dropped[:-1] == 9) & (dropped[1:] == 9)).double().mean().item()
    assert both == pytest.approx(0.04, abs=0.01)


@pytest.mark.parametrize("w", [0.0, 1.0, 3.5])
def test_guided_gaussian_has_the_score_of_the_tilted_density(normal, w):
    """eps of N(mean_y, var_y) and of N(0, 2): the guided one belongs to p(x) p(y | x)^w."""
    means, variances = torch.tensor([1.0, -2.0, 0.0]).double(), torch.tensor([0.5, 1.5, 2.0])
    std = 0.6

    def log_prob(x, y):
        return distributions.Normal(means[y, None], variances.double()[y, None].sqrt()).log_prob(x)

    def model(x, t, y):
        return std * (x - means[y, None]) / variances.double()[y, None]

    y, x = torch.tensor([0, 1, 0]), normal(3, 2).requires_grad_()
    none = torch.full_like(y, 2)
    tilted = log_prob(x, none) + w * (log_prob(x, y) - log_prob(x, none))
    (score,) = torch.autograd.grad(tilted.sum(), x)
    eps = guidance.classifier_free_guidance(model, x.detach(), torch.zeros(3).long(), y, 2, w)
    torch.testing.assert_close(eps, -std * score)


def test_classifier_score_of_a_linear_classifier(normal):
    """grad log softmax(W x)_y = W_y - sum_k p_k W_k."""
    weight, x, y = normal(4, 6), normal(5, 2, 3), torch.tensor([0, 3, 1, 1, 2])
    scores = guidance.classifier_score(lambda x, t: x.flatten(1) @ weight.T, x, torch.ones(5), y)
    p = torch.softmax(x.flatten(1) @ weight.T, dim=1)
    torch.testing.assert_close(scores.flatten(1), weight[y] - p @ weight)


def test_classifier_score_by_finite_differences(normal):
    weight, t, y = normal(3, 4), torch.tensor([0, 2]), torch.tensor([2, 0])

    def classifier(x, t):
        return torch.tanh(x @ weight.T) * (1 + t[:, None])

    x, h = normal(2, 4), 1e-5
    score = guidance.classifier_score(classifier, x, t, y)
    for d in range(4):
        step = h * torch.eye(4, dtype=x.dtype)[d]
        above, below = (
            torch.log_softmax(classifier(z, t), dim=1)[range(2), y] for z in (x + step, x - step)
        )
        torch.testing.assert_close(score[:, d], (above - below) / (2 * h), rtol=1e-6, atol=1e-8)


def test_two_gaussians_with_the_bayes_classifier(normal):
    """Unconditional noise of a mixture, guided by its exact classifier: the noise of one part."""
    means, alpha_bar = normal(3, 2), torch.tensor([0.9, 0.5, 0.1, 0.02]).double()
    x, y = normal(4, 2), torch.tensor([1, 0, 2, 2])
    centers = alpha_bar.sqrt()[:, None, None] * means  # data N(mean_k, 1) keep variance 1

    def classifier(x, t):
        return -0.5 * (x[:, None] - centers).square().sum(dim=2)

    p = torch.softmax(classifier(x, None), dim=1)
    std = (1 - alpha_bar).sqrt()[:, None]
    eps = -std * (torch.einsum("bk,bkd->bd", p, centers) - x)
    score = guidance.classifier_score(classifier, x, None, y)
    guided = guidance.classifier_guidance(eps, score, alpha_bar, 1.0)
    torch.testing.assert_close(guided, std * (x - centers[range(4), y]))
