"""Q2 against torch.distributions, numerical integration and models whose answers are known."""

import math

import torch
from torch import Tensor, distributions, nn
from vae_gan import vae


def gaussian(mean: Tensor, log_var: Tensor) -> distributions.Normal:
    return distributions.Normal(mean, log_var.exp().sqrt())


def test_draws_are_those_of_torch(normal):
    """The inverse of the cumulative distribution function at Phi(eps) is the draw."""
    mean, log_var, eps = normal(7, 5), normal(7, 5), normal(3, 7, 5)
    u = distributions.Normal(0.0, 1.0).cdf(eps)
    draws = vae.reparameterize(mean, log_var, eps)
    torch.testing.assert_close(draws, gaussian(mean, log_var).icdf(u))


def test_gradients_of_a_draw(normal):
    mean, log_var, eps = normal(7, 5), normal(7, 5), normal(7, 5)
    by_mean, by_log_var = torch.autograd.functional.jacobian(
        lambda m, v: vae.reparameterize(m, v, eps).sum(), (mean, log_var)
    )
    torch.testing.assert_close(by_mean, torch.ones_like(mean))
    torch.testing.assert_close(by_log_var, (log_var / 2).exp() * eps / 2)


def test_forward_decodes_a_draw_from_the_posterior(normal):
    model = vae.VAE(5, 2, 8).double()
    x, eps = normal(7, 5), normal(7, 2)
    logits, mean, log_var = model(x, eps)
    parameters = model.encoder(x)
    torch.testing.assert_close(torch.cat([mean, log_var], dim=1), parameters)
    model.decoder = nn.Identity()
    draw, *_ = model(x, eps)
    torch.testing.assert_close(draw, parameters[:, :2] + parameters[:, 2:].exp().sqrt() * eps)
    assert logits.shape == (7, 5)


def test_kl_agrees_with_torch(normal):
    q, p = (2 * normal(7, 5), normal(7, 5)), (normal(7, 5), normal(7, 5))
    expected = distributions.kl_divergence(gaussian(*q), gaussian(*p)).sum(dim=1)
    torch.testing.assert_close(vae.kl_diag_gaussians(*q, *p), expected)
    zero = torch.zeros(5, dtype=torch.float64)
    to_prior = vae.kl_standard_normal(*q)
    expected = distributions.kl_divergence(gaussian(*q), gaussian(zero, zero)).sum(dim=1)
    torch.testing.assert_close(to_prior, expected)
    torch.testing.assert_close(vae.kl_diag_gaussians(*q, zero, zero), to_prior)


def test_kl_is_the_integral(normal):
    grid = torch.linspace(-20, 20, 8001, dtype=torch.float64)
    q, p = (normal(1, 1), normal(1, 1)), (normal(1, 1), normal(1, 1))
    log_q, log_p = gaussian(*q).log_prob(grid), gaussian(*p).log_prob(grid)
    integral = (log_q.exp() * (log_q - log_p)).sum(dim=1) * 40 / 8000
    torch.testing.assert_close(vae.kl_diag_gaussians(*q, *p), integral)


def test_kl_vanishes_only_for_equal_gaussians(normal):
    q = normal(50, 3), normal(50, 3)
    torch.testing.assert_close(vae.kl_diag_gaussians(*q, *q), torch.zeros(50, dtype=torch.float64))
    assert (vae.kl_diag_gaussians(*q, q[0], q[1] + 0.1) > 0).all()
    assert (vae.kl_standard_normal(*q) > 0).all()


def test_kl_does_not_depend_on_units(normal):
    """Scaling q and p together, even to variances of e^-800, changes nothing."""
    mean_q, log_var_q, mean_p, log_var_p = (normal(6, 3) for _ in range(4))
    expected = vae.kl_diag_gaussians(mean_q, log_var_q, mean_p, log_var_p)
    for shift in (-800.0, 600.0):
        scale = math.exp(shift / 2)
        scaled = (mean_q * scale, log_var_q + shift, mean_p * scale, log_var_p + shift)
        torch.testing.assert_close(vae.kl_diag_gaussians(*scaled), expected)


def test_negative_elbo_is_a_log_likelihood_and_a_divergence(normal):
    logits, kl = normal(6, 2, 3, 3), normal(6).exp()
    x = (normal(6, 2, 3, 3) > 0).double()
    loss, reconstruction, mean_kl = vae.negative_elbo(x, logits, kl)
    nll = -distributions.Bernoulli(logits=logits).log_prob(x).flatten(1).sum(dim=1)
    torch.testing.assert_close(reconstruction, nll.mean())
    torch.testing.assert_close(mean_kl, kl.mean())
    torch.testing.assert_close(loss, (nll + kl).mean())


def test_elbo_is_below_the_evidence_and_lower_for_a_wrong_width(normal):
    """One latent, five pixels: evidence and expectation by quadrature over eps and z."""
    z = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    log_width = math.log(24 / 4000)
    weight, x = 2 * normal(1, 5), (normal(1, 5) > 0).double()
    prior = distributions.Normal(0.0, 1.0).log_prob(z)
    likelihood = distributions.Bernoulli(logits=z[:, None] @ weight).log_prob(x).sum(dim=1)
    evidence = (prior + likelihood).logsumexp(dim=0) + log_width
    posterior = (prior + likelihood).softmax(dim=0)
    mean = posterior @ z
    best_log_var = (posterior @ (z - mean).square()).log()
    gaps = []
    for log_var in (best_log_var - 1, best_log_var, best_log_var + 1):
        q = mean.reshape(1, 1), log_var.reshape(1, 1)
        codes = vae.reparameterize(*q, z[:, None, None])[:, 0]
        kl = vae.kl_standard_normal(*q).expand(1)
        losses = [vae.negative_elbo(x, code[None] @ weight, kl)[0] for code in codes[::10]]
        share = prior[::10].softmax(dim=0)
        gaps.append((evidence + share @ torch.stack(losses)).item())
    assert min(gaps) == gaps[1] > 0


def test_beta_vae_is_the_negative_elbo_for_beta_one(normal):
    reconstruction, kl = normal(7).exp(), normal(7).exp()
    loss = vae.beta_vae_loss(reconstruction, kl, 1.0)
    torch.testing.assert_close(loss, (reconstruction + kl).mean())
    for capacity in (0.1, 50.0):
        loss = vae.beta_vae_loss(reconstruction, kl, 3.0, capacity)
        expected = reconstruction.mean() + 3 * abs(kl.mean() - capacity)
        torch.testing.assert_close(loss, expected)


def test_active_units_of_a_linear_gaussian_posterior(normal):
    """For x = w z + noise the posterior mean has variance w^2 / (w^2 + psi), 0 for unused codes."""
    count, weight, noise_var = 100_000, torch.tensor([3.0, 1.0, 0.1, 0.0]), 0.5
    z, noise = normal(count, 4), normal(count, 4)
    x = z * weight + math.sqrt(noise_var) * noise
    mean = x * weight / (weight.square() + noise_var)
    activity, active = vae.active_units(mean)
    expected = (weight.square() / (weight.square() + noise_var)).double()
    torch.testing.assert_close(activity, expected, rtol=0.02, atol=1e-12)
    assert active.tolist() == [True, True, True, False]


def test_activity_ignores_an_offset(normal):
    mean = normal(9, 3)
    activity, _ = vae.active_units(mean)
    torch.testing.assert_close(vae.active_units(mean + 100)[0], activity)
    by_hand = torch.stack([(c - c.mean()).square().sum() / 9 for c in mean.T])
    torch.testing.assert_close(activity, by_hand)
