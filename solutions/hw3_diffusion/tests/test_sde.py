"""Public checks of Q7: small cases that can be followed by hand, and Gaussian data."""

import math

import pytest
import torch
from checks import close, several, tensor
from diffusion import sde


class Plain:
    """f(x, t) = 3 x and g(t) = 2 (1 + t)."""

    def drift(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return 3 * x

    def diffusion(self, t: torch.Tensor) -> torch.Tensor:
        return 2 * (1 + t)


X, T = tensor([[1.0, -1.0], [2.0, 0.0]]), tensor([0.0, 1.0])


def score(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return -x


@pytest.mark.part("a")
def test_vp_marginal_by_hand():
    """beta(t) = 1 + 2 t has the integral t + t^2: 0, 0.75 and 2."""
    got = sde.vp_marginal(torch.ones(3, 2).double(), tensor([0.0, 0.5, 1.0]), 1.0, 3.0)
    mean, std = several(got, "mean, std")
    factors = [1.0, math.exp(-0.375), math.exp(-1.0)]
    close(
        mean,
        [[m, m] for m in factors],
        "vp_marginal: means of x0 = 1 at t = 0, 0.5, 1, beta from 1 to 3",
    )
    close(
        std, [math.sqrt(1 - m * m) for m in factors], "vp_marginal: standard deviations, shape (B,)"
    )


@pytest.mark.part("a")
def test_ve_marginal_by_hand():
    """sigma(t) from 2 to 8: 2, 4 and 8."""
    got = sde.ve_marginal(torch.ones(3, 2).double(), tensor([0.0, 0.5, 1.0]), 2.0, 8.0)
    mean, std = several(got, "mean, std")
    close(mean, [[1.0, 1.0]] * 3, "ve_marginal: means of x0 = 1: this SDE has no drift")
    close(
        std,
        [0.0, math.sqrt(12.0), math.sqrt(60.0)],
        "ve_marginal: standard deviations for sigma(t) = 2, 4, 8: at t = 0 nothing has been added "
        "yet",
    )


@pytest.mark.part("b")
def test_reverse_drift_by_hand():
    got = sde.reverse_drift(Plain(), score, X, T)
    close(
        got,
        [[7.0, -7.0], [38.0, 0.0]],
        "reverse_drift: f = 3 x, g = 2 and 4, score -x: f - g^2 score",
    )


@pytest.mark.part("b")
def test_euler_maruyama_by_hand():
    """From 1 at t = 1: drift 1 - t is 0, then 0.75; diffusion 2 t is 2, then 0.5."""
    got = sde.euler_maruyama(
        lambda x, t: torch.ones_like(x) * (1 - t)[:, None],
        lambda t: 2 * t,
        tensor([[1.0]]),
        tensor([1.0, 0.25, 0.0]),
        tensor([[[0.1]], [[-1.0]]]),
    )
    first = 1.0 + 2.0 * math.sqrt(0.75) * 0.1
    close(
        got,
        [[first - 0.25 * 0.75 - 0.5 * math.sqrt(0.25)]],
        "euler_maruyama: two steps along times (1, 0.25, 0): h = -0.75 and -0.25, noise 0.1 and "
        "-1, both used",
    )


@pytest.mark.part("b")
def test_euler_maruyama_tells_the_time_of_each_example():
    got = []

    def drift(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        got.append(t.shape)
        return x

    def diffusion(t: torch.Tensor) -> torch.Tensor:
        got.append(t.shape)
        return 1 + t

    sde.euler_maruyama(drift, diffusion, X, T, torch.zeros(1, 2, 2).double())
    assert got == [(2,), (2,)], (
        "euler_maruyama: drift and diffusion are called once per step, with t of shape (B,), here "
        f"(2,); they got {[tuple(shape) for shape in got]}"
    )


@pytest.mark.part("c")
def test_probability_flow_drift_by_hand():
    got = sde.probability_flow_drift(Plain(), score, X, T)
    close(
        got,
        [[5.0, -5.0], [22.0, 0.0]],
        "probability_flow_drift: f = 3 x, g = 2 and 4, score -x: f - g^2 score / 2",
    )


@pytest.mark.part("c")
def test_heun_by_hand():
    """dx/dt = 2 t x from x = 1: slopes 0 and 1, then 2 and 5 with the step 1."""
    got = sde.heun(lambda x, t: 2 * t[:, None] * x, tensor([[1.0]]), tensor([0.0, 0.5, 1.5]))
    x1 = 1 + 0.5 * (0 + 1.0) / 2
    k1 = 2 * 0.5 * x1
    k2 = 2 * 1.5 * (x1 + k1)
    close(got, [[x1 + (k1 + k2) / 2]], "heun: dx/dt = 2 t x along times (0, 0.5, 1.5) from x = 1")


@pytest.mark.part("c")
def test_heun_returns_where_it_came_from():
    x, there = tensor([[1.0, -2.0]]), torch.linspace(0, 1, 201).double()

    def drift(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return torch.sin(x) + t[:, None]

    got = sde.heun(drift, sde.heun(drift, x, there), there.flip(0))
    close(got, x, "heun: 200 steps to t = 1 and back: the steps back are negative", atol=1e-4)


@pytest.mark.part("c")
def test_heun_tells_the_time_of_each_example():
    got = []

    def drift(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        got.append(t.tolist())
        return x

    sde.heun(drift, X, T)
    assert got == [[0.0, 0.0], [1.0, 1.0]], (
        "heun: one step from t = 0 to t = 1 calls the drift at both ends, with the time of each "
        f"of the two examples; it got {got}"
    )


@pytest.mark.part("d")
def test_trace_by_hand():
    """The Jacobian (1 2; 3 4): v = (1, 1) gives 10, v = (1, -1) gives 0, and the trace is 5."""
    matrix, x = tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([[0.3, 0.7]])
    for probes, expected in (
        ([[[1.0, 1.0]]], 10.0),
        ([[[1.0, -1.0]]], 0.0),
        ([[[1.0, 1.0]], [[1.0, -1.0]]], 5.0),
    ):
        got = sde.hutchinson_trace(lambda x: x @ matrix.T, x, tensor(probes))
        close(
            got,
            [expected],
            f"hutchinson_trace: probes {probes} for the Jacobian (1 2; 3 4); mean over the probes",
        )
    assert not got.requires_grad, (
        "hutchinson_trace must come without a graph: requires_grad is True"
    )


@pytest.mark.part("d")
def test_log_prob_of_gaussian_data():
    """dx/dt = a x stretches N(0, e^-2a s^2) into N(0, s^2) in unit time."""
    a, prior_std = 0.4, 2.0
    x, times = tensor([[0.5, -1.0], [2.0, 0.1]]), torch.linspace(0, 1, 101).double()
    probes = tensor([[[1.0, 1.0]] * 2, [[1.0, -1.0]] * 2])
    got = sde.ode_log_prob(lambda x, t: a * x, x, times, probes, prior_std)
    log_prob, end = several(got, "log_prob, x at the end")
    data = torch.distributions.Normal(0.0, prior_std * math.exp(-a))
    close(end, math.exp(a) * x, "ode_log_prob: end of the path of dx/dt = 0.4 x", atol=1e-3)
    close(
        log_prob,
        data.log_prob(x).sum(dim=1),
        "ode_log_prob: log-density of two entries under the flow dx/dt = 0.4 x, whose divergence "
        "is 0.8, with a prior of standard deviation 2",
        atol=1e-3,
    )


@pytest.mark.part("e")
def test_preconditioning_by_hand():
    """sigma = 3 and sigma_data = 4 make a total of 5."""
    got = sde.edm_preconditioning(tensor([3.0]), 4.0)
    for name, value, expected in zip(
        ("c_skip", "c_out", "c_in", "c_noise"),
        several(got, "c_skip, c_out, c_in, c_noise"),
        (16 / 25, 12 / 5, 1 / 5, math.log(3) / 4),
        strict=True,
    ):
        close(value, [expected], f"edm_preconditioning: {name} for sigma = 3, sigma_data = 4")


@pytest.mark.part("e")
def test_denoise_by_hand():
    """The network returns its input plus c_noise, of sigma = 3: x = 5 becomes 1 for it."""
    got = sde.edm_denoise(lambda x, c: x + c[:, None], tensor([[5.0]]), tensor([3.0]), 4.0)
    close(
        got,
        [[16 / 25 * 5 + 12 / 5 * (1 + math.log(3) / 4)]],
        "edm_denoise: x = 5, sigma = 3, sigma_data = 4 and a network that adds c_noise to its "
        "(scaled) input",
    )
