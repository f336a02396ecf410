"""The answers to HW3's written questions, by computing what they claim."""

import inspect

import pytest
import torch
from diffusion import energy, flow_matching, score_matching, sde
from diffusion.ddpm import q_posterior
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
def test_stationary_variance_of_langevin(h, s):
    """The variance is unchanged by one step: a linear map of x plus independent noise."""
    variance = HW3.value("c", h=h, s=s)

    def potential(x: torch.Tensor) -> torch.Tensor:
        return x.square().sum(-1) / (2 * s**2)

    one, nothing = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    slope = energy.langevin_step(potential, one, h, nothing).item()
    noise = energy.langevin_step(potential, nothing, h, one).item()
    assert slope**2 * variance + noise**2 == pytest.approx(variance)


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


def test_derivatives_of_the_network():
    """Which references differentiate their network by its input."""
    references = {
        "A": score_matching.exact_score_matching_loss,
        "B": score_matching.denoising_score_matching_loss,
        "C": score_matching.sliced_score_matching_loss,
        "D": sde.hutchinson_trace,
        "E": flow_matching.flow_matching_loss,
        "F": energy.nce_loss,
    }
    differentiates = {
        letter: any(word in inspect.getsource(function) for word in ("autograd.grad", "jvp", "vjp"))
        for letter, function in references.items()
    }
    assert "".join(sorted(k for k, v in differentiates.items() if v)) == HW3.letters("f")


def test_network_evaluations():
    evaluations = {"A": 40 * 2, "B": 30 * 2, "C": 1000, "D": 50}
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
