"""Q3 against the linear-Gaussian model, quadrature and Jensen's inequality."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, distributions
from vae_gan import iwae


class LinearGaussian:
    """z ~ N(0, I), x | z ~ N(W z, s^2 I) with orthogonal columns of W, so q can be exact."""

    def __init__(self, x: Tensor) -> None:
        self.x, self.noise_var = x, 0.7
        self.weight = torch.tensor([[1.0, 1.0], [1.0, -1.0], [1.0, 1.0], [1.0, -1.0]]).double()

    def log_likelihood(self, z: Tensor) -> Tensor:
        model = distributions.Normal(z @ self.weight.T, math.sqrt(self.noise_var))
        return model.log_prob(self.x).sum(dim=-1)

    def posterior(self) -> tuple[Tensor, Tensor]:
        precision = 1 + 4 / self.noise_var
        mean = self.x @ self.weight / self.noise_var / precision
        return mean, torch.full_like(mean, -math.log(precision))

    def log_prob(self) -> Tensor:
        cov = self.weight @ self.weight.T + self.noise_var * torch.eye(4, dtype=torch.float64)
        zero = torch.zeros(4, dtype=torch.float64)
        return distributions.MultivariateNormal(zero, cov).log_prob(self.x)


def quadrature(order: int) -> tuple[Tensor, Tensor]:
    """Points (M, 1, 2) and weights (M,) of Gauss and Hermite's rule for two standard normals."""
    points, weights = np.polynomial.hermite_e.hermegauss(order)
    points, weights = torch.from_numpy(points), torch.from_numpy(weights / weights.sum())
    return torch.cartesian_prod(points, points)[:, None], torch.outer(weights, weights).flatten()


def test_log_mean_exp(normal):
    x = normal(4, 5, 6)
    for dim in (0, 1, 2, -1):
        torch.testing.assert_close(iwae.log_mean_exp(x, dim), x.exp().mean(dim=dim).log())
        shifted = iwae.log_mean_exp(x - 1e4, dim)
        torch.testing.assert_close(shifted, x.exp().mean(dim=dim).log() - 1e4)


def test_log_mean_exp_of_zeros():
    x = torch.tensor([[-math.inf, -math.inf], [-math.inf, 3.0]])
    assert iwae.log_mean_exp(x, 1).tolist() == [-math.inf, pytest.approx(3 - math.log(2))]


def test_log_normal_agrees_with_torch(normal):
    x, mean, log_var = normal(3, 7, 5), normal(7, 5), normal(7, 5)
    expected = distributions.Normal(mean, log_var.exp().sqrt()).log_prob(x).sum(dim=-1)
    torch.testing.assert_close(iwae.log_normal(x, mean, log_var), expected)
    zero = torch.zeros(1, 2, dtype=torch.float64)
    narrow = iwae.log_normal(zero, zero, zero - 800)
    assert narrow.item() == pytest.approx(800 - math.log(2 * math.pi))


def test_exact_posterior_has_weights_without_variance(normal):
    model = LinearGaussian(normal(5, 4))
    log_w = iwae.log_weights(*model.posterior(), 3 * normal(8, 5, 2), model.log_likelihood)
    torch.testing.assert_close(log_w, model.log_prob().expand(8, 5))
    for num_samples in (1, 2, 8):
        bound = iwae.iwae_bound(log_w, num_samples)
        torch.testing.assert_close(bound, model.log_prob().mean())


def test_any_posterior_has_weights_whose_mean_is_the_evidence(normal):
    """A wrong q: the mean weight, by quadrature, still is p(x), and the mean log-weight is less by
    the divergence of q from the posterior."""
    model = LinearGaussian(normal(5, 4))
    mean, log_var = model.posterior()
    q = mean + 0.1 * normal(5, 2), log_var + 0.3 + 0.1 * normal(5, 2)
    eps, share = quadrature(60)
    log_w = iwae.log_weights(*q, eps.expand(-1, 5, -1), model.log_likelihood)
    evidence = (log_w + share.log()[:, None]).logsumexp(dim=0)
    torch.testing.assert_close(evidence, model.log_prob())
    gap = distributions.kl_divergence(
        distributions.Normal(q[0], (q[1] / 2).exp()),
        distributions.Normal(mean, (log_var / 2).exp()),
    ).sum(dim=1)
    torch.testing.assert_close(share @ log_w, model.log_prob() - gap)


def test_bound_rises_with_the_samples_of_a_group(normal):
    """Groups of m lie within groups of 2 m, so Jensen's inequality holds draw by draw."""
    log_w = 4 * normal(16, 3) - 900
    bounds = torch.stack([iwae.iwae_bound(log_w, m) for m in (1, 2, 4, 8, 16)])
    assert (bounds.diff() > 0).all()
    torch.testing.assert_close(bounds[0], log_w.mean())
    torch.testing.assert_close(bounds[-1], (log_w + 900).exp().mean(dim=0).log().mean() - 900)


def test_bound_by_loops(normal):
    log_w = normal(6, 4)
    weights = log_w.exp().tolist()
    for m in (1, 2, 3, 6):
        logs = [
            math.log(sum(weights[g + i][b] for i in range(m)) / m)
            for g in range(0, 6, m)
            for b in range(4)
        ]
        assert iwae.iwae_bound(log_w, m).item() == pytest.approx(sum(logs) / len(logs))


def test_bound_needs_whole_groups():
    for num_samples in (4, 5, 12):
        with pytest.raises(ValueError, match="groups"):
            iwae.iwae_bound(torch.zeros(6, 2), num_samples)


def test_gradient_of_the_bound_is_the_normalised_weight(normal):
    log_w = normal(6, 4).requires_grad_()
    (gradient,) = torch.autograd.grad(iwae.iwae_bound(log_w, 6), log_w)
    torch.testing.assert_close(gradient, log_w.detach().softmax(dim=0) / 4)


def test_monte_carlo_kl_finds_the_closed_form(normal):
    """Within four standard errors for each of three pairs of Gaussians."""
    q, p = (normal(3, 2), normal(3, 2)), (normal(3, 2), normal(3, 2))
    z = q[0] + (q[1] / 2).exp() * normal(20_000, 3, 2)
    kl, error = iwae.monte_carlo_kl(iwae.log_normal(z, *q), iwae.log_normal(z, *p))
    exact = distributions.kl_divergence(
        distributions.Normal(q[0], (q[1] / 2).exp()), distributions.Normal(p[0], (p[1] / 2).exp())
    ).sum(dim=1)
    assert ((kl - exact).abs() < 4 * error).all()
    assert (error < 0.1 * exact).all()


def test_standard_error_is_the_spread_of_estimates(normal):
    differences = normal(50, 2000) * 3 + 1
    kl, error = iwae.monte_carlo_kl(differences, 0 * differences)
    torch.testing.assert_close(kl.std(), error.mean(), rtol=0.05, atol=0)
    kl, error = iwae.monte_carlo_kl(differences, differences)
    assert not kl.any() and not error.any()
