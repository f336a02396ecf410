"""Q2 against Jacobians, integration by parts and Gaussians in closed form."""

import math

import pytest
import torch
from diffusion.score_matching import (
    annealed_langevin,
    annealed_step_sizes,
    denoising_score_matching_loss,
    exact_score_matching_loss,
    sliced_score_matching_loss,
)
from torch import nn

pytestmark = pytest.mark.usefixtures("double")


def _network(num_dims: int) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(num_dims, 8), nn.Tanh(), nn.Linear(8, num_dims))


def test_exact_loss_by_the_whole_jacobian(generator):
    score, x = _network(4), torch.randn(6, 4, generator=generator)
    jacobian = torch.func.vmap(torch.func.jacfwd(score))(x)
    expected = (jacobian.diagonal(dim1=1, dim2=2).sum(dim=1) + score(x).square().sum(1) / 2).mean()
    loss = exact_score_matching_loss(score, x)
    torch.testing.assert_close(loss, expected)
    parameters = list(score.parameters())
    got, wanted = (torch.autograd.grad(f, parameters) for f in (loss, expected))
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_exact_loss_is_the_distance_to_the_score_up_to_a_constant():
    """Integration by parts, by quadrature: p a mixture of two Gaussians on the line."""
    x = torch.linspace(-12, 12, 4001)[:, None].requires_grad_()
    log_p = torch.logsumexp(
        torch.cat([-((x + 2) ** 2) / 2, math.log(0.5) - (x - 1) ** 2 / 1.0], dim=1), dim=1
    )
    (truth,) = torch.autograd.grad(log_p.sum(), x)
    p = log_p.detach().softmax(dim=0)
    grid = x.detach()

    def gap(score) -> torch.Tensor:
        distance = (p * (score(grid) - truth)[:, 0].square()).sum() / 2
        losses = torch.stack([exact_score_matching_loss(score, row[None]) for row in grid[::20]])
        return distance - (p[::20] / p[::20].sum() * losses).sum()

    constant = (p * truth[:, 0].square()).sum() / 2
    for score in (lambda x: -0.3 * x, lambda x: x.sin() - x):
        torch.testing.assert_close(gap(score), constant, rtol=1e-6, atol=1e-8)


def test_exact_loss_is_least_at_the_covariance_of_the_data(generator):
    """s(x) = -P x: the minimum over P is the inverse of the second moments."""
    x = torch.randn(50, 3, generator=generator) @ torch.randn(3, 3, generator=generator)
    precision = (x.T @ x / 50).inverse().requires_grad_()
    loss = exact_score_matching_loss(lambda x: -x @ precision, x)
    torch.testing.assert_close(
        torch.autograd.grad(loss, precision)[0], torch.zeros(3, 3), atol=1e-10, rtol=0
    )


@pytest.mark.parametrize("reduced", [False, True])
def test_sliced_loss_over_a_basis_is_exact(generator, reduced):
    """v = +- sqrt(D) e_d has E[v v^T] = I exactly."""
    score, x = _network(3), torch.randn(5, 3, generator=generator)
    basis = math.sqrt(3) * torch.cat([torch.eye(3), -torch.eye(3)])
    v = basis[:, None].expand(6, 5, 3)
    loss, exact = (
        sliced_score_matching_loss(score, x, v, reduced),
        exact_score_matching_loss(score, x),
    )
    torch.testing.assert_close(loss, exact)
    parameters = list(score.parameters())
    for one, other in zip(
        torch.autograd.grad(loss, parameters), torch.autograd.grad(exact, parameters), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_sliced_loss_by_the_whole_jacobian(generator):
    score, x = _network(4), torch.randn(3, 4, generator=generator)
    v = torch.randn(2, 3, 4, generator=generator)
    jacobian = torch.func.vmap(torch.func.jacfwd(score))(x)
    curvature = torch.einsum("mbi,bij,mbj->mb", v, jacobian, v)
    projected = torch.einsum("mbi,bi->mb", v, score(x))
    torch.testing.assert_close(
        sliced_score_matching_loss(score, x, v), (curvature + projected**2 / 2).mean()
    )


def test_denoising_loss_by_the_conditional_density(generator):
    """The target is the slope of log N(y; x, sigma^2), by autograd, example by example."""
    x, eps = torch.randn(2, 4, 2, 3, generator=generator)
    sigma = torch.tensor([0.03, 0.5, 2.0, 11.0])
    terms = []
    for b in range(4):
        y = (x[b] + sigma[b] * eps[b]).requires_grad_()
        density = torch.distributions.Normal(x[b], sigma[b]).log_prob(y).sum()
        (target,) = torch.autograd.grad(density, y)
        terms.append(sigma[b] ** 1.5 * ((y.cos() * sigma[b] - target) ** 2).sum() / 2)
    got = denoising_score_matching_loss(
        lambda y, sigma: y.cos() * sigma.reshape(-1, 1, 1), x, sigma, eps, power=1.5
    )
    torch.testing.assert_close(got, torch.stack(terms).mean())


def test_denoising_loss_is_least_at_the_score_of_the_noisy_data(generator):
    """x ~ N(0, 4), sigma = 1: the score of the noisy data is -y/5; -y/4 and -y/6 are worse."""
    x = 2 * torch.randn(100000, 1, generator=generator)
    eps = torch.randn(100000, 1, generator=generator)
    losses = [
        denoising_score_matching_loss(lambda y, s, a=a: -a * y, x, torch.ones(100000), eps)
        for a in (1 / 4, 1 / 5, 1 / 6)
    ]
    assert losses[1] < losses[0] and losses[1] < losses[2]
    # E |s + eps|^2 / 2 at s = -y/5: 1/2 Var(eps | y) = 1/2 * 4/5
    torch.testing.assert_close(losses[1], torch.tensor(0.4), rtol=0.02, atol=0)


def test_step_sizes_keep_signal_to_noise():
    """|alpha s / (2 sqrt(alpha) z)| is the same at all levels if |s| goes like 1 / sigma."""
    sigmas = torch.logspace(1, -2, 10)
    alphas = annealed_step_sizes(sigmas, 2e-5)
    ratio = alphas.sqrt() / sigmas
    torch.testing.assert_close(ratio, ratio[:1].expand(10))
    torch.testing.assert_close(alphas[-1], torch.tensor(2e-5))


def test_annealed_langevin_of_a_gaussian_by_its_variance_recursion(generator):
    """Data N(0, 1): at level sigma, v <- (1 - alpha/2 / (1 + sigma^2))^2 v + alpha, from v = 9."""
    sigmas, step, count = torch.tensor([2.0, 0.7, 0.3]), 0.05, 40000
    variance = 9.0
    for sigma, alpha in zip(
        sigmas.tolist(), [step * (s / 0.3) ** 2 for s in sigmas.tolist()], strict=True
    ):
        for _ in range(4):
            variance = (1 - alpha / 2 / (1 + sigma**2)) ** 2 * variance + alpha
    x = 3 * torch.randn(count, 1, generator=generator)
    noise = torch.randn(3, 4, count, 1, generator=generator)

    def score(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        return -x / (1 + sigma[:, None] ** 2)

    samples = annealed_langevin(score, x, sigmas, noise, step)
    torch.testing.assert_close(samples.var(), torch.tensor(variance), rtol=0.03, atol=0)
    denoised = annealed_langevin(score, x, sigmas, noise, step, denoise=True)
    torch.testing.assert_close(denoised, samples / (1 + 0.3**2))
