"""Proofs of the reference of Q7, stochastic differential equations, mostly on Gaussian data."""

import math
from itertools import pairwise

import pytest
import torch
from diffusion import sde
from torch import distributions

MEAN, STD = 0.7, 0.4  # of the data


EQUATIONS = pytest.mark.parametrize(
    ("equation", "marginal"),
    [
        (sde.VP(0.1, 6.0), lambda x, t: sde.vp_marginal(x, t, 0.1, 6.0)),
        (sde.VE(0.1, 5.0), lambda x, t: sde.ve_marginal(x, t, 0.1, 5.0)),
    ],
    ids=["VP", "VE"],
)


def moments(marginal, t):
    """Mean and standard deviation of x_t for data N(MEAN, STD^2), both (B, 1)."""
    one = torch.ones(len(t), 1, dtype=t.dtype)
    factor, std = marginal(one, t)
    return MEAN * factor, (factor**2 * STD**2 + std[:, None] ** 2).sqrt()


def score_of(marginal):
    def score(x, t):
        mean, std = moments(marginal, t)
        return (mean - x) / std**2

    return score


@EQUATIONS
def test_marginals_solve_the_moment_equations(equation, marginal):
    """dm/dt = f(m, t) and dV/dt = 2 f'(t) V + g(t)^2, from m = x_0 and V = 0."""
    t = torch.linspace(0.05, 1, 20, dtype=torch.float64).requires_grad_()
    x0 = torch.full((20, 1), 1.3).double()
    mean, std = marginal(x0, t)
    (mean_rate,) = torch.autograd.grad((mean + 0 * t[:, None]).sum(), t, retain_graph=True)
    (variance_rate,) = torch.autograd.grad((std**2).sum(), t)
    t = t.detach()
    slope = equation.drift(torch.ones_like(x0), t)[:, 0]  # linear drifts
    torch.testing.assert_close(mean_rate, slope * mean.detach()[:, 0])
    expected = 2 * slope * std.detach() ** 2 + equation.diffusion(t) ** 2
    torch.testing.assert_close(variance_rate, expected)
    mean, std = marginal(x0[:1], torch.zeros(1).double())
    assert mean.item() == pytest.approx(1.3)
    assert std.item() == 0


@EQUATIONS
def test_reverse_and_flow_keep_the_marginals(equation, marginal):
    """Fokker-Planck: both drifts carry p_t, in two dimensions with correlated data."""
    torch.manual_seed(0)
    covariance = torch.tensor([[1.0, 0.5], [0.5, 0.8]]).double()

    def log_prob(x, t):
        factor, std = marginal(torch.ones(len(t), 1, dtype=t.dtype), t)
        noise = std[:, None, None] ** 2 * torch.eye(2)
        total = factor[..., None] ** 2 * covariance + noise
        center = factor * x.new_tensor([1.0, -1.0])
        return distributions.MultivariateNormal(center, total).log_prob(x)

    def score(x, t):
        return torch.autograd.grad(log_prob(x, t).sum(), x, create_graph=True)[0]

    x = torch.randn(6, 2, dtype=torch.float64).requires_grad_()
    t = torch.linspace(0.2, 0.9, 6, dtype=torch.float64).requires_grad_()
    (rate,) = torch.autograd.grad(log_prob(x, t).sum(), t)

    def transported(drift):
        """-div(drift p) / p = -div drift - drift . score."""
        field = drift(equation, score, x, t)
        rows = [torch.autograd.grad(field[:, d].sum(), x, retain_graph=True)[0] for d in range(2)]
        divergence = rows[0][:, 0] + rows[1][:, 1]
        return -divergence - (field * score(x, t)).sum(dim=1)

    torch.testing.assert_close(transported(sde.probability_flow_drift), rate)
    # The reverse SDE diffuses in reversed time: minus g^2/2 times the Laplacian of p over p.
    gradient = score(x, t)
    rows = [torch.autograd.grad(gradient[:, d].sum(), x, retain_graph=True)[0] for d in range(2)]
    laplacian = rows[0][:, 0] + rows[1][:, 1] + gradient.square().sum(dim=1)
    diffused = transported(sde.reverse_drift) - 0.5 * equation.diffusion(t) ** 2 * laplacian
    torch.testing.assert_close(diffused, rate)


@EQUATIONS
def test_flow_maps_gaussian_quantiles_to_each_other(equation, marginal, normal):
    x, times = MEAN + STD * normal(5, 1), torch.linspace(0, 1, 401, dtype=torch.float64)
    end = sde.heun(
        lambda x, t: sde.probability_flow_drift(equation, score_of(marginal), x, t), x, times
    )
    mean, std = moments(marginal, torch.ones(5).double())
    torch.testing.assert_close((end - mean) / std, (x - MEAN) / STD, rtol=0, atol=1e-3)
    back = sde.heun(
        lambda x, t: sde.probability_flow_drift(equation, score_of(marginal), x, t),
        end,
        times.flip(0),
    )
    torch.testing.assert_close(back, x, rtol=0, atol=1e-3)


def test_reverse_sde_recovers_the_data(normal):
    equation, times = sde.VP(0.1, 6.0), torch.linspace(1, 0, 201, dtype=torch.float64)

    def marginal(x, t):
        return sde.vp_marginal(x, t, 0.1, 6.0)

    mean, std = moments(marginal, torch.ones(4000).double())
    x = sde.euler_maruyama(
        lambda x, t: sde.reverse_drift(equation, score_of(marginal), x, t),
        equation.diffusion,
        mean + std * normal(4000, 1),
        times,
        normal(200, 4000, 1),
    )
    assert x.mean().item() == pytest.approx(MEAN, abs=0.03)
    assert x.std().item() == pytest.approx(STD, abs=0.03)


def test_euler_maruyama_of_an_ornstein_uhlenbeck_chain(normal):
    """x <- (1 - h) x + sqrt(2 h) noise is linear: the end is a weighted sum of start and noise."""
    x, noise, h, steps = normal(6, 2), normal(10, 6, 2), 0.1, 10
    times = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    end = sde.euler_maruyama(lambda x, t: -x, lambda t: 0 * t + math.sqrt(2), x, times, noise)
    weights = (1 - h) ** torch.arange(steps - 1, -1, -1).double()
    expected = (1 - h) ** steps * x + math.sqrt(2 * h) * torch.einsum("n,nbd->bd", weights, noise)
    torch.testing.assert_close(end, expected)


def test_heun_is_of_second_order():
    """dx/dt = cos(t) x has the solution exp(sin t)."""
    errors = []
    for steps in (20, 40, 80):
        times = torch.linspace(0, 2, steps + 1, dtype=torch.float64)
        x = sde.heun(lambda x, t: torch.cos(t)[:, None] * x, torch.ones(1, 1).double(), times)
        errors.append(abs(x.item() - math.exp(math.sin(2))))
    for coarse, fine in pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(2, abs=0.2)


def test_trace_is_exact_on_a_basis_and_on_average_over_signs(normal):
    weight, x = normal(3, 3), normal(4, 3)

    def function(x):
        return torch.tanh(x @ weight) + x.square()

    jacobians = torch.stack(
        [torch.autograd.functional.jacobian(lambda z: function(z[None])[0], row) for row in x]
    )
    exact = jacobians.diagonal(dim1=1, dim2=2).sum(dim=1)
    basis = (math.sqrt(3) * torch.eye(3).double())[:, None].expand(3, 4, 3)
    torch.testing.assert_close(sde.hutchinson_trace(function, x, basis), exact)
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0]).double()] * 3)
    signs = signs[:, None].expand(8, 4, 3)
    torch.testing.assert_close(sde.hutchinson_trace(function, x, signs), exact)
    one = normal(1, 4, 3)
    quadratic = torch.einsum("bi,bij,bj->b", one[0], jacobians, one[0])
    torch.testing.assert_close(sde.hutchinson_trace(function, x, one), quadratic)


@EQUATIONS
def test_likelihood_of_gaussian_data(equation, marginal, normal):
    """The ODE's likelihood is the data's; the prior is N(0, std^2) once the mean is taken away."""
    x = STD * normal(5, 2)
    factor, noise_std = marginal(torch.ones(1, 1).double(), torch.ones(1).double())
    prior_std = math.sqrt(factor.item() ** 2 * STD**2 + noise_std.item() ** 2)

    def score(x, t):
        _, std = moments(marginal, t)
        return -x / std**2

    log_prob, _ = sde.ode_log_prob(
        lambda x, t: sde.probability_flow_drift(equation, score, x, t),
        x,
        torch.linspace(0, 1, 301, dtype=torch.float64),
        (math.sqrt(2) * torch.eye(2).double())[:, None].expand(2, 5, 2),
        prior_std,
    )
    expected = distributions.Normal(0.0, STD).log_prob(x).sum(dim=1)
    torch.testing.assert_close(log_prob, expected, rtol=0, atol=2e-3)


def test_likelihood_integrates_to_one():
    x = torch.linspace(-8, 8, 801, dtype=torch.float64)[:, None]
    log_prob, _ = sde.ode_log_prob(
        lambda x, t: torch.sin(x) + t[:, None],
        x,
        torch.linspace(0, 1, 41, dtype=torch.float64),
        torch.ones(1, 801, 1).double(),
        1.5,
    )
    assert (log_prob.exp().sum() * 0.02).item() == pytest.approx(1, abs=1e-3)


def test_preconditioning_gives_unit_variances_and_the_least_amplification():
    """Appendix B.6: unit input, unit target, and c_skip such that c_out is least."""
    sigma, data = torch.tensor([0.01, 0.3, 2.0, 50.0]).double(), 0.5
    c_skip, c_out, c_in, c_noise = sde.edm_preconditioning(sigma, data)
    torch.testing.assert_close(c_in**2 * (sigma**2 + data**2), torch.ones(4).double())
    target = ((1 - c_skip) ** 2 * data**2 + c_skip**2 * sigma**2) / c_out**2
    torch.testing.assert_close(target, torch.ones(4).double())
    for other in (c_skip + 0.01, c_skip - 0.01):
        assert ((1 - other) ** 2 * data**2 + other**2 * sigma**2 > c_out**2).all()
    torch.testing.assert_close((4 * c_noise).exp(), sigma)


def test_a_network_of_zeros_is_the_best_linear_denoiser(normal):
    """For Gaussian data the posterior mean of the data is c_skip x."""
    x, sigma = normal(3, 2, 2), torch.tensor([0.1, 1.0, 7.0]).double()
    got = sde.edm_denoise(lambda x, c: torch.zeros_like(x), x, sigma, 0.5)
    precision = 1 / 0.5**2 + 1 / sigma**2
    torch.testing.assert_close(got, x * (1 / sigma**2 / precision)[:, None, None])


def test_a_network_can_return_the_data_from_the_scaled_input(normal):
    """F = (data - c_skip x) / c_out, with x recovered from the network's own input."""
    data, sigma = normal(3, 2), torch.tensor([0.2, 1.0, 4.0]).double()
    x = data + sigma[:, None] * normal(3, 2)
    c_skip, c_out, c_in, _ = (c[:, None] for c in sde.edm_preconditioning(sigma, 0.5))

    def network(scaled, c_noise):
        torch.testing.assert_close((4 * c_noise).exp(), sigma)
        return (data - c_skip * scaled / c_in) / c_out

    torch.testing.assert_close(sde.edm_denoise(network, x, sigma, 0.5), data)
