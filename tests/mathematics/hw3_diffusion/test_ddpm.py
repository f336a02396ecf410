"""Q4 against Gaussian conditioning, torch.distributions, enumeration and quadrature."""

import math

import pytest
import torch
from diffusion import ddpm
from torch.distributions import Independent, Normal, kl_divergence

pytestmark = pytest.mark.usefixtures("double")


@pytest.fixture
def betas(generator) -> torch.Tensor:
    return torch.rand(7, generator=generator) * 0.6 + 0.05


def test_forward_process_step_by_step(betas, generator):
    """Mean and variance of x_t by recursion over the steps."""
    signal, alpha_bar = torch.tensor(1.0), torch.cumprod(1 - betas, 0)
    variance = torch.tensor(0.0)
    x0, eps = torch.randn(1, 3, generator=generator), torch.randn(1, 3, generator=generator)
    for t, beta in enumerate(betas):
        signal, variance = (1 - beta).sqrt() * signal, (1 - beta) * variance + beta
        got = ddpm.q_sample(x0, torch.tensor([t]), eps, alpha_bar)
        torch.testing.assert_close(got, signal * x0 + variance.sqrt() * eps)


@pytest.mark.parametrize("t", range(7))
def test_posterior_by_conditioning_a_joint_gaussian(betas, generator, t):
    """(x_{t-1}, x_t) given x_0 is a Gaussian with known covariance; condition it on x_t."""
    level = float(torch.cumprod(1 - betas, 0)[t - 1]) if t else 1.0
    alpha = 1 - float(betas[t])
    x0, x_t = torch.randn(2, 3, generator=generator), torch.randn(2, 3, generator=generator)
    var_before = 1 - level
    covariance = math.sqrt(alpha) * var_before
    var_now = alpha * var_before + 1 - alpha
    gain = covariance / var_now
    expected_mean = math.sqrt(level) * x0 + gain * (x_t - math.sqrt(alpha * level) * x0)
    mean, variance = ddpm.q_posterior(x0, x_t, torch.tensor([t, t]), betas)
    torch.testing.assert_close(mean, expected_mean)
    torch.testing.assert_close(variance, torch.full((2,), var_before - gain * covariance))
    if t == 0:
        torch.testing.assert_close(mean, x0)


def test_posterior_by_bayes_rule(betas, generator):
    """log q(y | x_t, x_0) - log q(x_t | y) - log q(y | x_0) does not depend on y."""
    alpha_bar = torch.cumprod(1 - betas, 0)
    t = torch.arange(1, 7)
    x0, x_t = torch.randn(6, 1, generator=generator), torch.randn(6, 1, generator=generator)
    y = torch.linspace(-3, 3, 11)
    mean, variance = ddpm.q_posterior(x0, x_t, t, betas)
    column = [values[:, None] for values in (variance, betas[t], alpha_bar[t - 1])]
    posterior = Normal(mean, column[0].sqrt()).log_prob(y)
    likelihood = Normal((1 - column[1]).sqrt() * y, column[1].sqrt()).log_prob(x_t)
    prior = Normal(column[2].sqrt() * x0, (1 - column[2]).sqrt()).log_prob(y)
    constant = posterior - likelihood - prior
    torch.testing.assert_close(constant, constant[:, :1].expand_as(constant))


def test_everything_works_on_images_as_on_vectors(betas, generator):
    images = [torch.randn(4, 2, 4, 4, generator=generator) for _ in range(3)]
    vectors = [image.flatten(1) for image in images]
    t, alpha_bar = torch.tensor([0, 6, 3, 1]), torch.cumprod(1 - betas, 0)
    noisy = ddpm.q_sample(images[0], t, images[1], alpha_bar)
    flat = ddpm.q_sample(vectors[0], t, vectors[1], alpha_bar)
    torch.testing.assert_close(noisy.flatten(1), flat)
    mean, variance = ddpm.q_posterior(images[0], images[1], t, betas)
    mean_flat, variance_flat = ddpm.q_posterior(vectors[0], vectors[1], t, betas)
    torch.testing.assert_close(mean.flatten(1), mean_flat)
    torch.testing.assert_close(variance, variance_flat)
    weight = torch.rand(4, generator=generator)
    loss = ddpm.simple_loss(lambda x, t: images[2], images[0], t, images[1], weight)
    expected = sum(
        w * (a - b).square().mean() for w, a, b in zip(weight, vectors[1], vectors[2], strict=True)
    )
    torch.testing.assert_close(loss, expected / 4)


@pytest.mark.parametrize("levels", [2, 5, 256])
def test_decoder_is_a_distribution_over_the_levels(levels):
    values = torch.arange(levels)[:, None] * 2 / (levels - 1) - 1
    for mean, variance in ((0.3, 0.02), (-1.4, 0.5), (1.0, 1e-3)):
        log_p = ddpm.decoder_log_prob(
            values, torch.full_like(values, mean), torch.full((levels,), variance), levels
        )
        torch.testing.assert_close(log_p.exp().sum(), torch.tensor(1.0), rtol=0, atol=1e-9)


def test_decoder_by_quadrature():
    """The probability of an inner interval is the integral of the density over it."""
    x0, mean, sigma, half = 0.2, 0.35, 0.3, 1 / 10
    grid = torch.linspace(x0 - half, x0 + half, 20001)
    integral = torch.trapezoid(Normal(mean, sigma).log_prob(grid).exp(), grid)
    log_p = ddpm.decoder_log_prob(
        torch.tensor([[x0]]), torch.tensor([[mean]]), torch.tensor([sigma**2]), 11
    )
    torch.testing.assert_close(log_p.exp()[0], integral)


def test_bound_is_the_divergence_of_two_gaussians(generator):
    means = [torch.randn(3, 2, 4, generator=generator) for _ in range(2)]
    variances = [torch.rand(3, generator=generator) + 0.1 for _ in range(2)]
    q, p = (
        Independent(Normal(mean, variance.sqrt()[:, None, None].expand(3, 2, 4)), 2)
        for mean, variance in zip(means, variances, strict=True)
    )
    x0 = torch.zeros(3, 2, 4)
    terms = ddpm.vlb_term(
        x0, torch.tensor([1, 5, 2]), means[0], variances[0], means[1], variances[1]
    )
    torch.testing.assert_close(terms, kl_divergence(q, p) / (8 * math.log(2)))


def test_uniform_decoder_costs_log2_of_the_levels():
    """A very wide decoder puts half on each end; between them, nothing: K = 2 costs one bit."""
    x0 = torch.tensor([[-1.0, 1.0, 1.0]])
    zero, wide = torch.zeros(1), torch.tensor([1e12])
    term = ddpm.vlb_term(x0, torch.tensor([0]), x0, zero, x0 * 0, wide, 2)
    torch.testing.assert_close(term, torch.tensor([1.0]), rtol=0, atol=1e-5)


def test_bound_holds_for_another_reverse_process():
    """Binary data, T = 1: the terms, averaged over x_1, bound -log p(x) from above."""
    x0, alpha_bar, variance = torch.tensor([[1.0]]), 0.3, torch.tensor([0.4])
    grid = torch.linspace(-9, 9, 4001)[:, None]

    def model_mean(x: torch.Tensor) -> torch.Tensor:
        return 0.7 * x

    decoder = ddpm.decoder_log_prob(
        x0.expand_as(grid), model_mean(grid), variance.expand(len(grid)), 2
    )
    prior, forward = Normal(0.0, 1.0), Normal(math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar))
    weights = forward.log_prob(grid[:, 0]).exp()
    exact = torch.trapezoid((decoder + prior.log_prob(grid[:, 0])).exp(), grid[:, 0]).log()
    terms = ddpm.vlb_term(
        x0.expand_as(grid),
        torch.zeros(len(grid), dtype=torch.int64),
        x0.expand_as(grid),
        torch.zeros(len(grid)),
        model_mean(grid),
        variance.expand(len(grid)),
        2,
    )
    bound = math.log(2) * torch.trapezoid(weights * terms, grid[:, 0])
    bound = bound + kl_divergence(forward, prior)
    assert -exact < bound < -exact + 0.5


@pytest.mark.parametrize("level", [250, 500, 590])
def test_bound_is_tight_for_the_exact_reverse_process(level):
    """Gaussian data, T = 3: with p(x_{t-1} | x_t) by Bayes' rule the bound is -log p(x0)."""
    betas, num_levels, data_variance = torch.tensor([0.2, 0.4, 0.5]), 1001, 0.3
    half_width = 1 / (num_levels - 1)
    x0 = torch.tensor([[2 * level * half_width - 1]])
    signal, variance = torch.tensor(1.0), torch.tensor(data_variance)
    bound = torch.tensor(0.0)
    for t, beta in enumerate(betas):
        signal = signal * (1 - beta).sqrt()
        before, variance = variance, (1 - beta) * variance + beta
        forward = Normal(signal * x0[0, 0], (1 - signal**2).sqrt())
        x_t = (forward.mean + forward.stddev * torch.linspace(-9, 9, 4001))[:, None]
        steps = torch.full((len(x_t),), t)
        mean_p = (1 - beta).sqrt() * before / variance * x_t
        variance_p = (beta * before / variance).expand(len(x_t))
        terms = ddpm.vlb_term(
            x0.expand_as(x_t),
            steps,
            *ddpm.q_posterior(x0.expand_as(x_t), x_t, steps, betas),
            mean_p,
            variance_p,
            num_levels,
        )
        weights = forward.log_prob(x_t[:, 0]).exp()
        bound = bound + math.log(2) * torch.trapezoid(weights * terms, x_t[:, 0])
    bound = bound + kl_divergence(forward, Normal(0.0, variance.sqrt()))
    data = Normal(0.0, math.sqrt(data_variance))
    exact = (data.cdf(x0 + half_width) - data.cdf(x0 - half_width)).log()[0, 0]
    torch.testing.assert_close(bound, -exact, rtol=0, atol=1e-5)


def test_first_step_spoils_no_gradient(generator):
    x0 = torch.tensor([[-1.0, 1.0], [1.0, 0.0]])
    mean = torch.randn(2, 2, generator=generator).requires_grad_()
    variance = torch.tensor([0.3, 0.2], requires_grad=True)
    inputs = x0, torch.tensor([0, 3]), x0 / 2, torch.tensor([0.0, 0.1])
    assert torch.autograd.gradcheck(lambda m, v: ddpm.vlb_term(*inputs, m, v, 3), (mean, variance))


@pytest.mark.parametrize("t", range(7))
def test_step_draws_from_the_posterior_of_the_implied_data(betas, generator, t):
    alpha_bar = torch.cumprod(1 - betas, 0)
    x_t, eps, noise = (torch.randn(2, 3, generator=generator) for _ in range(3))
    x0 = (x_t - (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()
    mean, variance = ddpm.q_posterior(x0, x_t, torch.tensor([t, t]), betas)
    got = ddpm.p_sample(x_t, t, eps, noise, betas)
    torch.testing.assert_close(got, mean + variance.sqrt()[:, None] * noise)
    got = ddpm.p_sample(x_t, t, eps, noise, betas, variance="beta")
    torch.testing.assert_close(got, mean + (betas[t].sqrt() * noise if t else 0))


@pytest.mark.parametrize(("variance", "of_data"), [("beta", 1.0), ("posterior", 0.0)])
def test_either_variance_is_right_for_one_kind_of_data(betas, variance, of_data):
    """With the best eps, "beta" keeps the marginals of N(0, I), "posterior" those of a point."""
    alpha_bar = torch.cumprod(1 - betas, 0)
    total = of_data * alpha_bar + 1 - alpha_bar
    one, zero = torch.ones(1, 1), torch.zeros(1, 1)
    for t in range(1, 7):
        eps = (1 - alpha_bar[t]).sqrt() / total[t] * one  # E[eps | x_t = 1]
        by_x = ddpm.p_sample(one, t, eps, zero, betas, variance)
        by_noise = ddpm.p_sample(zero, t, zero, one, betas, variance)
        got = by_x.square() * total[t] + by_noise.square()
        torch.testing.assert_close(got, total[t - 1].reshape(1, 1))


def test_chain_is_its_steps(betas, generator):
    noises, x_T = (
        torch.randn(7, 2, 3, generator=generator),
        torch.randn(2, 3, generator=generator),
    )

    def model(x, t):
        assert t.shape == (2,) and t.dtype == torch.int64
        return 0.3 * x + t[:, None]

    for variance in ("posterior", "beta"):
        x = x_T
        for i, t in enumerate((6, 5, 4, 3, 2, 1, 0)):
            x = ddpm.p_sample(x, t, 0.3 * x + t, noises[i], betas, variance)
        torch.testing.assert_close(ddpm.p_sample_loop(model, x_T, noises, betas, variance), x)
