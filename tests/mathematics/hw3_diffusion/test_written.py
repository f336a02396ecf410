"""The answers to HW3's written questions, by computing what they claim."""

from collections.abc import Callable

import pytest
import torch
from diffusion import energy, flow_matching, score_matching, sde
from diffusion.ddim import ddim_sample, time_pairs
from diffusion.ddpm import p_sample_loop, q_posterior
from diffusion.guidance import classifier_free_guidance
from diffusion.inverse_problems import Downsample, ddnm_project
from written_answers import Answers

HW3 = Answers("hw3")


def test_posterior_variance():
    """The joint Gaussian of the noisy images at t = 1 and t = 2, given the clean one."""
    variance, step = 1 - 0.9 * 0.8, 0.3
    cov = torch.tensor(
        [
            [variance, 0.7**0.5 * variance],
            [0.7**0.5 * variance, 0.7 * variance + step],
        ]
    )
    expected = (cov[0, 0] - cov[0, 1] ** 2 / cov[1, 1]).item()
    assert HW3.number("a") == pytest.approx(expected, rel=1e-3)
    image, betas = torch.zeros(1, 1, 1, 1), torch.tensor([0.1, 0.2, 0.3])
    _, variance = q_posterior(image, image, torch.tensor([2]), betas)
    assert variance.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("x", "abar", "s"), [(0.7, 0.2, 1.5), (-2.0, 0.9, 0.4)])
def test_best_denoiser(x, abar, s):
    """E[x_0 | x] by quadrature."""
    x0 = torch.linspace(-15, 15, 300_001, dtype=torch.float64)
    log_joint = -(x0**2) / (2 * s**2) - (x - abar**0.5 * x0) ** 2 / (2 * (1 - abar))
    weights = (log_joint - log_joint.max()).exp()
    expected = (weights * x0).sum() / weights.sum()
    assert HW3.value("b", x=x, abar=abar, s=s) == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize(("h", "s"), [(0.5, 0.8), (0.1, 1.6)])
def test_variance_after_one_step_of_langevin(h, s):
    """The step is a linear map of x plus independent noise; x has the variance s^2."""

    def potential(x: torch.Tensor) -> torch.Tensor:
        return x.square().sum(-1) / (2 * s**2)

    one, nothing = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    slope = energy.langevin_step(potential, one, h, nothing).item()
    noise = energy.langevin_step(potential, nothing, h, one).item()
    assert slope**2 * s**2 + noise**2 == pytest.approx(HW3.value("c", h=h, s=s))


def test_mean_of_the_guided_density():
    """The mixed score is zero at the mean, as it is of a Gaussian."""

    def score(x: torch.Tensor, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.where(y[:, None] == 1, -(x - 1) / 0.5, -x)

    mean = torch.tensor([[HW3.number("d")]], dtype=torch.float64)
    label = torch.tensor([1])
    mixed = classifier_free_guidance(score, mean, label, label, null_label=0, w=3.0)
    assert mixed.item() == pytest.approx(0, abs=1e-12)


def test_ode_and_sde_have_the_same_variance_on_the_way():
    """VE diffusion of N(0, 1) data with dsigma^2/dt = 1, both integrated backwards from t = 3."""
    steps, end = 30_000, 3.0
    dt = end / steps
    ode = stochastic = 1 + end
    for i in range(steps):
        variance = 1 + end - i * dt
        ode *= (1 - dt / (2 * variance)) ** 2
        stochastic = stochastic * (1 - dt / variance) ** 2 + dt
        assert ode == pytest.approx(variance - dt, rel=1e-3)
        assert stochastic == pytest.approx(variance - dt, rel=1e-3)
    assert HW3.letters("e") == "A"


def works_without_slopes(compute: Callable[[Callable], object]) -> bool:
    """Whether ``compute`` can do with a network that is a constant in its input."""

    def network(x: torch.Tensor, *t: torch.Tensor) -> torch.Tensor:
        return weight * torch.sin(x.detach())

    weight = torch.ones(2, requires_grad=True)
    try:
        compute(network)
    except RuntimeError as error:
        if "not have been used in the graph" not in str(error):
            raise
        return False
    return True


def test_derivatives_of_the_network():
    """Which references need the slope of their network in its input."""
    x, y, t = torch.randn(3, 3, 2, generator=torch.Generator().manual_seed(0)).unbind()
    t, times, v = t[:, 0].square(), torch.tensor([0.0, 1.0]), y[None]
    references = {
        "A": lambda f: score_matching.exact_score_matching_loss(f, x),
        "B": lambda f: score_matching.denoising_score_matching_loss(f, x, t, y),
        "C": lambda f: score_matching.sliced_score_matching_loss(f, x, v),
        "D": lambda f: sde.ode_log_prob(f, x, times, v, 1.0),
        "E": lambda f: flow_matching.flow_matching_loss(f, x, y, t),
        "F": lambda f: energy.nce_loss(
            lambda x: f(x).sum(dim=1), torch.zeros(()), lambda x: x.sum(dim=1), x, y
        ),
    }
    differentiate = {k for k, compute in references.items() if not works_without_slopes(compute)}
    assert "".join(sorted(differentiate)) == HW3.letters("f")


def test_network_evaluations():
    """The calls of a network that counts the images it is shown."""
    shown = []

    def network(x: torch.Tensor, *conditions: torch.Tensor) -> torch.Tensor:
        shown.append(len(x))
        return torch.zeros_like(x)

    def guided(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return classifier_free_guidance(network, x, t, t, null_label=0, w=2.0)

    x, betas = torch.zeros(3, 1), torch.full((1000,), 0.01)
    alpha_bar, noises = torch.cumprod(1 - betas, 0), torch.zeros(1000, 3, 1)
    samplers = {
        "A": lambda: ddim_sample(guided, x, time_pairs(1000, 40), alpha_bar),
        "B": lambda: flow_matching.heun_sample(network, x, 30),
        "C": lambda: p_sample_loop(network, x, noises, betas),
        "D": lambda: flow_matching.euler_sample(network, x, 50),
    }
    evaluations = {}
    for letter, sample in samplers.items():
        shown.clear()
        sample()
        evaluations[letter] = sum(shown) / len(x)
    assert list(HW3.letters("g")) == sorted(evaluations, key=evaluations.get)


def test_the_projection_is_consistent_whatever_it_is_given():
    draw = torch.Generator().manual_seed(0)
    operator = Downsample(2)
    truth = torch.randn(2, 3, 4, 4, generator=draw, dtype=torch.float64)
    x0 = torch.randn(2, 3, 4, 4, generator=draw, dtype=torch.float64)
    projected = ddnm_project(x0, operator.forward(truth), operator)
    torch.testing.assert_close(operator.forward(projected), operator.forward(truth))
    assert not torch.allclose(projected, truth)
    assert HW3.letters("h") == "D"
