"""Proofs of the reference of Q4, mixture prior and conditional VAE."""

import math

import pytest
import torch
from torch import distributions
from vae_gan import mixture_prior


def torch_mixture(logits, means, log_vars):
    normals = distributions.Normal(means, (0.5 * log_vars).exp())
    components = distributions.Independent(normals, 1)
    return distributions.MixtureSameFamily(distributions.Categorical(logits=logits), components)


def diagonal(mean, log_var):
    return distributions.Independent(distributions.Normal(mean, (0.5 * log_var).exp()), 1)


def bernoulli(logits):
    return distributions.Independent(
        distributions.Bernoulli(logits=logits, validate_args=False), 1, validate_args=False
    )


def test_prior_agrees_with_torch(normal):
    parameters = normal(4), 2 * normal(4, 3), 0.5 * normal(4, 3)
    z = normal(2, 7, 3)
    expected = torch_mixture(*parameters).log_prob(z)
    torch.testing.assert_close(mixture_prior.gmm_log_prior(z, *parameters), expected)


def test_prior_integrates_to_one(normal):
    line = torch.linspace(-14, 14, 281, dtype=torch.float64)
    plane = torch.cartesian_prod(line, line)
    log_p = mixture_prior.gmm_log_prior(plane, normal(3), 2 * normal(3, 2), 0.3 * normal(3, 2))
    assert log_p.exp().sum().item() * 0.1**2 == pytest.approx(1, abs=1e-6)


def test_prior_far_out_is_that_of_the_nearest_component():
    z = torch.tensor([[1e4, 0.0]], dtype=torch.float64)
    means = torch.tensor([[0.0, 0.0], [1e3, 0.0]], dtype=torch.float64)
    got = mixture_prior.gmm_log_prior(z, torch.zeros(2).double(), means, 0 * means)
    assert got.item() == pytest.approx(-0.5 * 9e3**2 - math.log(2 * math.pi) - math.log(2))


def test_prior_of_a_variance_that_rounds_to_zero():
    mean, log_var = torch.ones(1, 2).double(), torch.full((1, 2), -800.0).double()
    got = mixture_prior.gmm_log_prior(mean, torch.zeros(1).double(), mean, log_var)
    assert got.item() == pytest.approx(800 - math.log(2 * math.pi))


def test_gmvae_terms_agree_with_torch(normal):
    x, mean, log_var, eps = (
        normal(5, 6).sigmoid(),
        normal(5, 3),
        0.7 * normal(5, 3),
        normal(4, 5, 3),
    )
    prior, weight = torch_mixture(normal(2), normal(2, 3), 0.5 * normal(2, 3)), normal(3, 6)
    bound, reconstruction, kl = mixture_prior.gmvae_negative_elbo(
        x, mean, log_var, eps, lambda z: z @ weight, prior.log_prob
    )
    z = mean + (0.5 * log_var).exp() * eps
    torch.testing.assert_close(reconstruction, -bernoulli(z @ weight).log_prob(x).mean())
    expected = (diagonal(mean, log_var).log_prob(z) - prior.log_prob(z)).mean()
    torch.testing.assert_close(kl, expected)
    torch.testing.assert_close(bound, reconstruction + kl)


def test_gmvae_kl_has_the_closed_form_as_its_mean(generator):
    """Averaged over Gauss-Hermite nodes (an exact integral), for a Gaussian prior."""
    nodes, weights = torch.tensor(
        [[-math.sqrt(3), 0.0, math.sqrt(3)], [1 / 6, 2 / 3, 1 / 6]], dtype=torch.float64
    )
    mean, log_var = torch.tensor([[0.7]]).double(), torch.tensor([[-0.4]]).double()
    prior_mean, prior_log_var = torch.tensor([-1.0]).double(), torch.tensor([0.9]).double()
    prior = diagonal(prior_mean, prior_log_var)
    each = [
        mixture_prior.gmvae_negative_elbo(
            mean, mean, log_var, node.reshape(1, 1, 1), lambda z: z, prior.log_prob
        )[2]
        for node in nodes
    ]
    expected = distributions.kl_divergence(diagonal(mean, log_var), prior)[0]
    torch.testing.assert_close((torch.stack(each) * weights).sum(), expected)


def test_gmvae_bounds_the_evidence(normal):
    """-log p(x) by numerical integration lies below nelbo averaged over the noise."""
    weight, bias = normal(1, 4), normal(4)
    parameters = normal(2), torch.tensor([[-2.0], [1.0]]).double(), normal(2, 1) * 0.3
    x = torch.tensor([[1.0, 0.0, 1.0, 1.0]], dtype=torch.float64)
    line = torch.linspace(-15, 15, 3001, dtype=torch.float64)[:, None]
    log_joint = bernoulli(line @ weight + bias).log_prob(x) + torch_mixture(*parameters).log_prob(
        line
    )
    evidence = torch.trapezoid(log_joint.exp(), line[:, 0]).log()
    bound, _, _ = mixture_prior.gmvae_negative_elbo(
        x,
        normal(1, 1),
        normal(1, 1),
        normal(4000, 1, 1),
        lambda z: z @ weight + bias,
        lambda z: mixture_prior.gmm_log_prior(z, *parameters),
    )
    assert bound.item() > -evidence.item()


class Networks:
    def __init__(self, normal):
        self.to_q, self.to_prior = normal(2, 9, 3), normal(2, 3, 3)
        self.to_x = normal(6, 6)

    def encode(self, x, c):
        return tuple(torch.cat([x, c], dim=1) @ self.to_q)

    def prior(self, c):
        return tuple(c @ self.to_prior)

    def decode(self, z, c):
        return torch.cat([z, c], dim=1) @ self.to_x


def test_cvae_terms_agree_with_torch(normal):
    nets, x, eps = Networks(normal), normal(5, 6).sigmoid(), normal(5, 3)
    y = torch.tensor([2, 0, 2, 2, 1])
    c = torch.eye(3, dtype=torch.float64)[y]
    bound, reconstruction, kl = mixture_prior.cvae_negative_elbo(
        x, y, eps, 3, nets.encode, nets.prior, nets.decode
    )
    q, p = diagonal(*nets.encode(x, c)), diagonal(*nets.prior(c))
    torch.testing.assert_close(kl, distributions.kl_divergence(q, p).mean())
    mean, log_var = nets.encode(x, c)
    logits = nets.decode(mean + (0.5 * log_var).exp() * eps, c)
    torch.testing.assert_close(reconstruction, -bernoulli(logits).log_prob(x).mean())
    torch.testing.assert_close(bound, reconstruction + kl)


def test_cvae_samples_have_the_frequencies_of_the_model(generator, normal):
    """Frequency of a pixel against the integral of sigmoid over the prior of its class."""
    count = 40_000
    eps = torch.randn(count, 1, generator=generator, dtype=torch.float64)
    u = torch.rand(count, 1, generator=generator, dtype=torch.float64)
    table = torch.tensor([[0.0, 1.0], [0.0, math.log(4.0)]], dtype=torch.float64)[:, :, None]
    x = mixture_prior.cvae_sample(
        torch.ones(count, dtype=torch.int64), eps, u, 2, lambda c: tuple(c @ table), lambda z, c: z
    )
    line = torch.linspace(-15, 17, 4001, dtype=torch.float64)
    density = distributions.Normal(1.0, 2.0).log_prob(line).exp()
    expected = torch.trapezoid(density * line.sigmoid(), line).item()
    assert x.mean().item() == pytest.approx(expected, abs=0.01)
