"""Q1 against linear algebra, Bayes' rule on grids and torch.distributions."""

import math

import pytest
import torch
from torch import Tensor, distributions
from vae_gan import autoencoder


@pytest.fixture
def model(normal) -> tuple[Tensor, Tensor, Tensor]:
    """W, b and psi with D = 4 and Z = 2."""
    return normal(4, 2), normal(4), normal(4).exp()


def test_forward_treats_every_example_alone(normal):
    net = autoencoder.Autoencoder(12, 3, 8).double()
    x, noise = normal(5, 2, 3, 2), normal(5, 2, 3, 2)
    output, z = net(x, noise)
    for b in range(5):
        code = net.encoder((x[b] + noise[b]).reshape(12))
        torch.testing.assert_close(z[b], code)
        torch.testing.assert_close(output[b].reshape(12), net.decoder(code))
    clean, _ = net(x)
    torch.testing.assert_close(clean, net(x, 0 * x)[0])


def test_losses_are_log_likelihoods_up_to_constants(generator, normal):
    output = 2 * normal(6, 2, 3, 3)
    x = torch.rand(6, 2, 3, 3, generator=generator, dtype=torch.float64)
    constants = {"gaussian": 9 * math.log(2 * math.pi), "laplace": 18 * math.log(2)}
    for kind, family in (("gaussian", distributions.Normal), ("laplace", distributions.Laplace)):
        nll = -family(output, 1.0).log_prob(x).sum() / 6
        got = autoencoder.reconstruction_loss(x, output, kind)
        torch.testing.assert_close(got, nll - constants[kind])
    bits = (x > 0.5).double()
    nll = -distributions.Bernoulli(logits=output).log_prob(bits).sum() / 6
    torch.testing.assert_close(autoencoder.reconstruction_loss(bits, output, "bernoulli"), nll)


def test_bernoulli_loss_is_linear_in_x(normal):
    """Between 0 and 1 it is the expectation over bits that are 1 with probability x."""
    logits, ones = normal(3, 4), torch.ones(3, 4, dtype=torch.float64)
    on, off, between = (
        autoencoder.reconstruction_loss(x * ones, logits, "bernoulli") for x in (1, 0, 0.3)
    )
    torch.testing.assert_close(between, 0.3 * on + 0.7 * off)


@pytest.mark.parametrize("latent_dim", range(6))
def test_pca_is_the_truncated_svd_and_its_error_the_tail(normal, latent_dim):
    data = normal(20, 5) @ normal(5, 5) + 3 * normal(5)
    output = autoencoder.pca_autoencode(data, data, latent_dim)
    u, s, vh = torch.linalg.svd(data - data.mean(dim=0), full_matrices=False)
    truncated = u[:, :latent_dim] * s[:latent_dim] @ vh[:latent_dim]
    torch.testing.assert_close(output, truncated + data.mean(dim=0))
    error = (data - output).square().sum(dim=1).mean()
    torch.testing.assert_close(autoencoder.pca_error_curve(data)[latent_dim], error)


def test_no_linear_autoencoder_is_better_than_pca(normal):
    data = normal(30, 4) @ normal(4, 4) + normal(4)
    curve = autoencoder.pca_error_curve(data)
    assert (curve.diff() <= 0).all()
    centred = data - data.mean(dim=0)
    for _ in range(20):
        codes = centred @ normal(4, 2)
        best_decoder = torch.linalg.lstsq(codes, centred).solution
        assert (centred - codes @ best_decoder).square().sum(dim=1).mean() >= curve[2]


def test_posterior_is_that_of_the_joint_gaussian(normal, model):
    """Condition the joint covariance of (z, x) on x."""
    weight, bias, noise_var = model
    x = normal(7, 4)
    mean, cov = autoencoder.linear_gaussian_posterior(x, *model)
    gain = weight.T @ torch.linalg.inv(weight @ weight.T + noise_var.diag())
    torch.testing.assert_close(mean, (x - bias) @ gain.T)
    torch.testing.assert_close(cov, torch.eye(2, dtype=torch.float64) - gain @ weight)


def test_marginal_agrees_with_torch(normal, model):
    weight, bias, noise_var = model
    x = normal(7, 4)
    expected = distributions.MultivariateNormal(bias, weight @ weight.T + noise_var.diag())
    got = autoencoder.linear_gaussian_log_prob(x, *model)
    torch.testing.assert_close(got, expected.log_prob(x))


def test_bayes_rule_holds_at_every_code(normal, model):
    """log p(x) = log p(z) + log p(x | z) - log p(z | x), whatever z."""
    weight, bias, noise_var = model
    x, z = normal(7, 4), 3 * normal(7, 2)
    mean, cov = autoencoder.linear_gaussian_posterior(x, *model)
    log_joint = distributions.Normal(0.0, 1.0).log_prob(z).sum(dim=1) + distributions.Normal(
        z @ weight.T + bias, noise_var.sqrt()
    ).log_prob(x).sum(dim=1)
    log_posterior = distributions.MultivariateNormal(mean, cov).log_prob(z)
    marginal = autoencoder.linear_gaussian_log_prob(x, *model)
    torch.testing.assert_close(marginal, log_joint - log_posterior)


def test_marginal_is_the_integral_over_codes():
    x, z = torch.tensor([[0.7, -1.0]]), torch.linspace(-10, 10, 4001, dtype=torch.float64)
    weight, bias, noise_var = (
        torch.tensor([[1.5], [-0.4]]),
        torch.tensor([0.2, 0.1]),
        torch.tensor([0.3, 2.0]),
    )
    weight, bias, noise_var, x = (t.double() for t in (weight, bias, noise_var, x))
    likelihood = distributions.Normal(z[:, None] @ weight.T + bias, noise_var.sqrt())
    log_joint = distributions.Normal(0.0, 1.0).log_prob(z) + likelihood.log_prob(x).sum(dim=1)
    expected = log_joint.logsumexp(dim=0) + math.log(20 / 4000)
    got = autoencoder.linear_gaussian_log_prob(x, weight, bias, noise_var)
    torch.testing.assert_close(got, expected[None])
    mean, cov = autoencoder.linear_gaussian_posterior(x, weight, bias, noise_var)
    posterior = log_joint.softmax(dim=0)
    torch.testing.assert_close(mean[0, 0], posterior @ z)
    torch.testing.assert_close(cov[0, 0], posterior @ (z - mean[0, 0]).square())


def test_hundreds_of_dimensions_factorise(normal):
    x, bias = 50 * normal(2, 300), normal(300)
    noise_var = torch.full((300,), 3000.0, dtype=torch.float64)
    got = autoencoder.linear_gaussian_log_prob(x, 0 * normal(300, 2), bias, noise_var)
    expected = distributions.Normal(bias, noise_var.sqrt()).log_prob(x).sum(dim=1)
    torch.testing.assert_close(got, expected)
