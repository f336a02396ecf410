"""Q3 against closed forms and derivatives."""

import math

import pytest
import torch
from diffusion import schedules
from torch.distributions import Normal

pytestmark = pytest.mark.usefixtures("double")


@pytest.fixture
def pairs(generator):
    """x_0, eps, alpha_bar and x_t of four images, as many as there are pixels in a row."""
    x0, eps = (torch.randn(4, 2, 4, 4, generator=generator) for _ in range(2))
    alpha_bar = torch.tensor([0.05, 0.3, 0.7, 0.99])
    x_t = torch.stack([a**0.5 * x0[i] + (1 - a) ** 0.5 * eps[i] for i, a in enumerate(alpha_bar)])
    return x0, eps, alpha_bar, x_t


def test_linear_schedule_of_the_paper():
    betas = schedules.linear_betas(1000)
    assert (betas[0].item(), betas[-1].item()) == (1e-4, 0.02)
    torch.testing.assert_close(betas.diff(), torch.full((999,), (0.02 - 1e-4) / 999))
    torch.testing.assert_close(betas.sum(), torch.tensor(1000 * (0.02 + 1e-4) / 2))
    assert schedules.alpha_bars(betas)[-1] < 5e-5


@pytest.mark.parametrize("num_steps", [1, 2, 37, 1000])
def test_cosine_schedule_has_the_levels_it_was_made_for(num_steps):
    betas = schedules.cosine_betas(num_steps, offset=0.02, max_beta=1.0)
    assert betas.shape == (num_steps,)
    u = torch.arange(1, num_steps + 1) / num_steps
    f = ((u + 0.02) / 1.02 * math.pi / 2).cos() ** 2
    expected = f / math.cos(0.02 / 1.02 * math.pi / 2) ** 2
    torch.testing.assert_close(schedules.alpha_bars(betas), expected, rtol=1e-9, atol=1e-12)
    clipped = schedules.cosine_betas(num_steps, offset=0.02, max_beta=0.5)
    assert clipped.max() == 0.5 or num_steps == 1


def test_levels_by_loop_and_as_the_variance_of_a_chain(generator):
    betas = torch.rand(9, generator=generator)
    signal, noise = 1.0, 0.0
    for beta, alpha_bar in zip(betas, schedules.alpha_bars(betas), strict=True):
        signal, noise = (1 - beta) ** 0.5 * signal, (1 - beta) * noise + beta
        torch.testing.assert_close(alpha_bar, signal**2)
        torch.testing.assert_close(1 - alpha_bar, noise)
        torch.testing.assert_close(schedules.snr(alpha_bar), signal**2 / noise)


def test_conversions_undo_the_forward_process(pairs):
    x0, eps, alpha_bar, x_t = pairs
    torch.testing.assert_close(schedules.eps_to_x0(x_t, eps, alpha_bar), x0)
    torch.testing.assert_close(schedules.x0_to_eps(x_t, x0, alpha_bar), eps)
    v = schedules.velocity(x0, eps, alpha_bar)
    torch.testing.assert_close(schedules.velocity_to_x0(x_t, v, alpha_bar), x0)
    torch.testing.assert_close(schedules.velocity_to_eps(x_t, v, alpha_bar), eps)


def test_score_is_the_gradient_of_the_log_density(pairs):
    x0, eps, alpha_bar, x_t = pairs
    for i in range(4):
        x = x_t[i].clone().requires_grad_()
        density = Normal(alpha_bar[i].sqrt() * x0[i], (1 - alpha_bar[i]).sqrt())
        (gradient,) = torch.autograd.grad(density.log_prob(x).sum(), x)
        torch.testing.assert_close(schedules.eps_to_score(eps, alpha_bar)[i], gradient)


def test_velocity_is_the_derivative_along_the_ellipse(pairs):
    x0, eps, alpha_bar, _ = pairs
    phi = alpha_bar.sqrt().acos()

    def position(phi):
        phi = phi.reshape(-1, 1, 1, 1)
        return phi.cos() * x0 + phi.sin() * eps

    _, derivative = torch.autograd.functional.jvp(position, phi, torch.ones(4))
    torch.testing.assert_close(schedules.velocity(x0, eps, alpha_bar), derivative)


def test_velocity_determines_everything_at_both_ends():
    x0, eps = torch.tensor([[1.0, 2.0]]), torch.tensor([[-3.0, 0.5]])
    for alpha_bar, x_t in ((torch.zeros(1), eps), (torch.ones(1), x0)):
        v = schedules.velocity(x0, eps, alpha_bar)
        torch.testing.assert_close(schedules.velocity_to_x0(x_t, v, alpha_bar), x0)
        torch.testing.assert_close(schedules.velocity_to_eps(x_t, v, alpha_bar), eps)
