"""Public checks of Q4: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, tensor
from diffusion import ddpm

BETAS = [0.2, 0.55, 0.5]  # alpha_bar = 0.8, 0.36, 0.18
BETAS_TEXT = "with betas 0.2, 0.55, 0.5 (alpha_bar 0.8, 0.36, 0.18)"


def phi(z: float) -> float:
    """Cumulative distribution function of N(0, 1)."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


@pytest.mark.part("a")
def test_noisy_by_hand() -> None:
    got = ddpm.q_sample(
        tensor([[10.0, 10.0], [10.0, 10.0]]),
        torch.tensor([1, 0]),
        tensor([[5.0, 5.0], [5.0, 5.0]]),
        tensor([0.64, 0.36]),
    )
    close(
        got,
        [[10.0, 10.0], [11.0, 11.0]],
        "q_sample of x_0 = 10 and eps = 5 where alpha_bar is 0.64, 0.36: the first example is at "
        "step 1 (0.6 * 10 + 0.8 * 5), the second at step 0 (0.8 * 10 + 0.6 * 5)",
    )


@pytest.mark.part("b")
def test_posterior_by_hand() -> None:
    mean, variance = ddpm.q_posterior(
        tensor([[1.0], [1.0]]), tensor([[0.0], [3.0]]), torch.tensor([1, 0]), tensor(BETAS)
    )
    message = f"q_posterior {BETAS_TEXT}"
    close(
        mean,
        [[math.sqrt(0.8) * 0.55 / 0.64], [1.0]],
        f"{message}, mean: at t = 1 for x_0 = 1 and x_t = 0, at t = 0 it is x_0",
    )
    close(
        variance,
        [0.2 / 0.64 * 0.55, 0.0],
        f"{message}, variance: (1 - 0.8) / (1 - 0.36) 0.55 at t = 1, and 0 at t = 0",
    )


@pytest.mark.part("b")
def test_posterior_weight_of_x_t() -> None:
    mean, _ = ddpm.q_posterior(tensor([[0.0]]), tensor([[1.0]]), torch.tensor([2]), tensor(BETAS))
    close(mean, [[math.sqrt(0.5) * 0.64 / 0.82]], f"q_posterior {BETAS_TEXT}, x_0 = 0 and x_t = 1")


@pytest.mark.part("c")
def test_loss_by_hand() -> None:
    x_t, eps = tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([[0.0, 0.0], [5.0, 5.0]])
    t = torch.tensor([7, 1])

    def model(x: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        assert torch.equal(x, x_t) and torch.equal(steps, t), "simple_loss must call model(x_t, t)"
        return tensor([[3.0, 1.0], [5.0, 3.0]])

    message = "simple_loss where the errors are (-3, -1) and (0, 2): means of squares 5 and 2"
    close(ddpm.simple_loss(model, x_t, t, eps), 3.5, message)
    weighted = ddpm.simple_loss(model, x_t, t, eps, tensor([0.1, 2.0]))
    close(weighted, (0.5 + 4) / 2, f"{message}, with weights 0.1 and 2, divided by B = 2")


@pytest.mark.part("d")
def test_decoder_by_hand() -> None:
    """Three values -1, 0, 1: the intervals end at -0.5 and 0.5."""
    message = "decoder_log_prob of three values with mean 0.5 and variance 0.25"
    x0, mean, variance = tensor([[-1.0], [0.0], [1.0]]), tensor([[0.5]] * 3), tensor([0.25] * 3)
    got = ddpm.decoder_log_prob(x0, mean, variance, 3)
    close(got.exp(), [phi(-2), 0.5 - phi(-2), 0.5], f"{message}, exponentiated")
    pair = ddpm.decoder_log_prob(x0[1:].T, mean[1:].T, variance[:1], 3)
    close(pair, [math.log(0.5 - phi(-2)) + math.log(0.5)], f"{message}, of an example with two")


@pytest.mark.part("d")
def test_bound_by_hand() -> None:
    zeros = tensor([[0.0, 0.0], [0.0, 0.0]])
    got = ddpm.vlb_term(
        zeros, torch.tensor([4, 0]), zeros, tensor([1.0, 0.0]), zeros + 1, tensor([2.0, 4.0]), 3
    )
    kl = 0.5 * (math.log(2) - 1 + (1 + 1) / 2)
    close(
        got,
        [kl / math.log(2), -math.log2(phi(-0.25) - phi(-0.75))],
        "vlb_term of two examples with two dimensions: KL(N(0, 1) || N(1, 2)) at t = 4, minus the "
        "decoder's log-probability at t = 0, in bits per dimension",
    )


@pytest.mark.part("e")
def test_step_by_hand() -> None:
    x_t, eps, noise, betas = tensor([[1.0]]), tensor([[0.8]]), tensor([[10.0]]), tensor(BETAS)
    mean = (1 - 0.55 / 0.8 * 0.8) / math.sqrt(0.45)
    message = f"p_sample {BETAS_TEXT}, x_t = 1, eps = 0.8, noise = 10"
    close(
        ddpm.p_sample(x_t, 1, eps, noise, betas),
        [[mean + 10 * math.sqrt(0.2 / 0.64 * 0.55)]],
        f"{message}, t = 1 with the posterior's variance",
    )
    close(
        ddpm.p_sample(x_t, 1, eps, noise, betas, variance="beta"),
        [[mean + 10 * math.sqrt(0.55)]],
        f"{message}, t = 1 with the variance beta",
    )
    close(
        ddpm.p_sample(x_t, 0, eps, noise, betas),
        [[(1 - 0.2 / math.sqrt(0.2) * 0.8) / math.sqrt(0.8)]],
        f"{message}, t = 0: no noise",
    )


@pytest.mark.part("e")
def test_chain_that_knows_the_data() -> None:
    """A model that sees the true noise leads to x_0 exactly, whatever the other noise is."""
    x0, alpha_bar, asked = tensor([[2.0, -1.0]] * 3), [0.8, 0.36, 0.18], []

    def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        assert tuple(t.shape) == (3,), f"model must be given t of shape (3,), not {tuple(t.shape)}"
        asked.append(int(t[0]))
        level = alpha_bar[asked[-1]]
        return (x - math.sqrt(level) * x0) / math.sqrt(1 - level)

    generator = torch.Generator().manual_seed(0)
    noises = torch.randn(3, 3, 2, generator=generator, dtype=torch.float64)
    got = ddpm.p_sample_loop(model, noises[0], noises, tensor(BETAS))
    assert asked == [2, 1, 0], f"p_sample_loop of 3 steps: the model was asked at {asked}"
    close(got, x0, "p_sample_loop with a model that knows x_0: the last step must reach it")
