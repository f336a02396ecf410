"""Public checks of Q2: small cases that can be followed by hand."""

from collections.abc import Callable

import pytest
import torch
from checks import close, tensor
from diffusion import score_matching

MATRIX = tensor([[1, 2], [5, -4]])


def linear(x: torch.Tensor) -> torch.Tensor:
    """s_1 = x_1 + 5 x_2, s_2 = 2 x_1 - 4 x_2: a Jacobian of trace -3."""
    return x @ MATRIX


def gaussian(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """The score of noisy data if all clean data are 0: N(0, sigma^2)."""
    return -x / sigma.reshape(-1, *[1] * (x.dim() - 1)) ** 2


def check_gradient_at_the_variance(loss: Callable, *projections: torch.Tensor) -> None:
    """s(x) = -a x has its minimum at a = 1 / mean(x^2) = 1/4, where the slope in a is 0."""
    a = tensor(0.25).requires_grad_()
    loss(lambda x: -a * x, tensor([[2], [-2]]), *projections).backward()
    message = f"the gradient of {loss.__name__} at the right variance"
    assert a.grad is not None, f"{message}: none reaches the score's parameter"
    close(a.grad, 0, message)


@pytest.mark.part("a")
def test_exact_loss_by_hand() -> None:
    x = tensor([[1, 0], [0, 1], [0, 0]])
    message = "exact_score_matching_loss: trace -3, squared scores 5, 41 and 0"
    close(score_matching.exact_score_matching_loss(linear, x), -3 + 46 / 6, message)
    assert not x.requires_grad, "exact_score_matching_loss: x.requires_grad was changed"


@pytest.mark.part("a")
def test_exact_loss_finds_the_variance() -> None:
    check_gradient_at_the_variance(score_matching.exact_score_matching_loss)


@pytest.mark.part("b")
def test_sliced_loss_by_hand() -> None:
    x, v = tensor([[1, 0]]), tensor([[[1, 1]], [[0, 2]]])
    loss = score_matching.sliced_score_matching_loss
    message = "sliced_score_matching_loss: v.J.v is 4 and -16, v.s is 3 and 4"
    close(loss(linear, x, v), (4 - 16) / 2 + (9 + 16) / 4, message)
    message = "sliced_score_matching_loss, variance reduced: v.J.v is 4 and -16, |s|^2 is 5"
    close(loss(linear, x, v, variance_reduced=True), (4 - 16) / 2 + 5 / 2, message)


@pytest.mark.part("b")
def test_sliced_loss_over_a_basis_is_exact() -> None:
    """The projections +- sqrt(D) e_d have E[v v^T] = I."""
    x = tensor([[1, 0], [3, -2]])
    basis = 2**0.5 * torch.eye(2, dtype=torch.float64)
    v = torch.cat([basis, -basis])[:, None].expand(-1, 2, -1)
    exact = -3 + (5 + (49 + 196)) / 4
    for reduced in (False, True):
        got = score_matching.sliced_score_matching_loss(linear, x, v, reduced)
        message = f"sliced_score_matching_loss over +- sqrt(D) e_d, variance_reduced={reduced}"
        close(got, exact, f"{message}: equal to the exact loss")


@pytest.mark.part("b")
def test_sliced_loss_finds_the_variance() -> None:
    check_gradient_at_the_variance(
        score_matching.sliced_score_matching_loss, tensor([[[1], [1]], [[-1], [-1]]])
    )


@pytest.mark.part("c")
def test_denoising_loss_by_hand() -> None:
    x, eps, sigma = tensor([[1, 0], [2, 2]]), tensor([[1, -1], [0, 2]]), tensor([1, 2])
    loss = score_matching.denoising_score_matching_loss
    message = "denoising_score_matching_loss with the score 0: squared norms 2 and 4 of eps"
    close(loss(lambda y, s: 0 * y, x, sigma, eps), (2 + 4) / 4, message)
    got = loss(lambda y, s: 0 * y, x, sigma, eps, power=0)
    close(got, (2 / 1 + 4 / 4) / 4, f"{message}, unweighted")


@pytest.mark.part("c")
def test_denoising_loss_of_the_right_score_is_zero() -> None:
    eps = torch.randn(3, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    got = score_matching.denoising_score_matching_loss(gaussian, 0 * eps, tensor([0.1, 1, 10]), eps)
    close(got, 0, "denoising_score_matching_loss of images that are all 0, with their exact score")


@pytest.mark.part("c")
def test_denoising_loss_tells_the_level_of_each_example() -> None:
    got = []

    def score(y: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        got.append(sigma.tolist())
        return y

    images = torch.ones(2, 1, 2, 2, dtype=torch.float64)
    score_matching.denoising_score_matching_loss(score, images, tensor([1, 2]), images)
    assert got == [[1.0, 2.0]], (
        "denoising_score_matching_loss: the score is called once, with sigma as it is, shape (B,); "
        f"it got {got}"
    )


@pytest.mark.part("d")
def test_step_sizes_by_hand() -> None:
    got = score_matching.annealed_step_sizes(tensor([4, 2, 1]) / 2, 0.1)
    close(got, [1.6, 0.4, 0.1], "annealed_step_sizes of the levels 2, 1, 1/2 with step 0.1")


@pytest.mark.part("d")
def test_annealed_langevin_by_hand() -> None:
    """alpha = sigma^2 here, so a step along the score -x / sigma^2 takes away half of x."""
    x, sigmas = tensor([[16], [-16]]), tensor([4, 2])
    noise = tensor([[[[1], [0]]], [[[1], [0]]]])
    sample = score_matching.annealed_langevin
    got = sample(gaussian, x, sigmas, noise, 4.0)
    close(got, [[8], [-4]], "annealed_langevin: 16 -> 8 + 4 -> 6 + 2, and -16 -> -8 -> -4")
    got = sample(gaussian, x, sigmas, noise, 4.0, denoise=True)
    close(got, [[0], [0]], "annealed_langevin with denoise: all data are 0, and Tweedie knows")
    scale = tensor(1).requires_grad_()
    got = sample(lambda x, sigma: scale * gaussian(x, sigma), x, sigmas, noise, 4.0)
    assert not got.requires_grad, "annealed_langevin: the result must not require a gradient"
