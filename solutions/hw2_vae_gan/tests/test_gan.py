"""Public checks of Q7: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, has_shape, several, tensor
from vae_gan import gan


def linear_critic(weight: torch.Tensor):
    """f(x) = <weight, x> for images: its gradient is ``weight`` everywhere."""
    return lambda x: (x * weight).flatten(1).sum(dim=1)


@pytest.mark.part("a")
def test_discriminator_loss_by_hand() -> None:
    real, fake = tensor([0.0, math.log(3)]), tensor([0.0, math.log(3), math.log(7)])
    expected = -math.log(1 / 2 * 3 / 4) / 2 - math.log(1 / 2 * 1 / 4 * 1 / 8) / 3
    close(
        gan.discriminator_loss(real, fake),
        expected,
        "discriminator_loss of two real logits (probabilities 1/2, 3/4) and three generated ones "
        "(1/2, 3/4, 7/8): the average over two plus the average over three",
    )


@pytest.mark.part("a")
def test_generator_losses_by_hand() -> None:
    fake = tensor([0.0, math.log(3), math.log(7)])
    close(
        gan.generator_loss_minimax(fake),
        math.log(1 / 2 * 1 / 4 * 1 / 8) / 3,
        "generator_loss_minimax for probabilities 1/2, 3/4, 7/8: average log(1 - probability)",
    )
    close(
        gan.generator_loss_non_saturating(fake),
        -math.log(1 / 2 * 3 / 4 * 7 / 8) / 3,
        "generator_loss_non_saturating for probabilities 1/2, 3/4, 7/8: minus the average of "
        "log(probability)",
    )


@pytest.mark.part("a")
def test_large_logits() -> None:
    low, high = tensor([-900.0]), tensor([900.0])
    close(gan.discriminator_loss(low, high), 1800.0, "discriminator_loss(-900, 900), all wrong")
    close(gan.generator_loss_minimax(high), -900.0, "generator_loss_minimax(900)")
    close(gan.generator_loss_non_saturating(low), 900.0, "generator_loss_non_saturating(-900)")


@pytest.mark.part("b")
def test_least_squares_by_hand() -> None:
    loss_d, loss_g = several(
        gan.least_squares_losses(tensor([1.0, 3.0]), tensor([0.0, 2.0, -2.0])),
        "L_D, L_G",
    )
    close(
        loss_d,
        4 / (2 * 2) + 8 / (2 * 3),
        "least_squares_losses: L_D for real scores 1, 3 (squared errors 0, 4) and generated ones "
        "0, 2, -2 (0, 4, 4)",
    )
    close(
        loss_g,
        11 / (2 * 3),
        "least_squares_losses: L_G for generated scores 0, 2, -2 (squared errors 1, 1, 9)",
    )


@pytest.mark.part("b")
def test_hinge_by_hand() -> None:
    loss_d, loss_g = several(
        gan.hinge_losses(tensor([5.0, 0.5, -1.0]), tensor([-5.0, 1.0])), "L_D, L_G"
    )
    close(
        loss_d,
        (0 + 0.5 + 2) / 3 + (0 + 2) / 2,
        "hinge_losses: L_D for real scores 5, 0.5, -1 (hinges 0, 0.5, 2) and generated ones -5, 1 "
        "(hinges 0, 2)",
    )
    close(loss_g, 2.0, "hinge_losses: L_G for generated scores -5 and 1: minus their average")


@pytest.mark.part("c")
def test_wasserstein_by_hand() -> None:
    loss_d, loss_g = several(
        gan.wgan_losses(tensor([3.0, 5.0]), tensor([1.0, 2.0, 6.0])), "L_D, L_G"
    )
    close(loss_d, 3.0 - 4.0, "wgan_losses: L_D for real scores 3, 5 and generated ones 1, 2, 6")
    close(loss_g, -3.0, "wgan_losses: L_G for generated scores 1, 2, 6")


@pytest.mark.part("c")
def test_penalty_of_a_linear_critic() -> None:
    weight = tensor([[[1.0, 2.0], [0.0, 2.0]], [[4.0, 0.0], [0.0, 0.0]]]).requires_grad_()
    real, fake = torch.ones(3, 2, 2, 2).double(), torch.zeros(3, 2, 2, 2).double()
    penalty = gan.gradient_penalty(
        linear_critic(weight), real, fake, tensor([0.1, 0.5, 0.9]), weight=2.0
    )
    close(
        penalty,
        2.0 * (5 - 1) ** 2,
        "gradient_penalty on images (3, 2, 2, 2) of a linear critic whose gradient has norm 5, "
        "weight 2: one norm per example, over channels and pixels together",
    )
    assert penalty.requires_grad, (
        "gradient_penalty depends on the critic's parameters, but cannot be differentiated for "
        "them: it contains a gradient that was computed without a graph of its own"
    )
    (slope,) = torch.autograd.grad(penalty, weight)
    close(
        slope,
        (2.0 * 2 * (5 - 1) / 5 * weight.detach()).tolist(),
        "derivative of gradient_penalty for the weights w of a linear critic, |w| = 5, weight 2",
    )


@pytest.mark.part("c")
def test_penalty_between_real_and_generated() -> None:
    real, fake = tensor([[3.0, 4.0], [0.0, 2.0]]), tensor([[0.0, 0.0], [6.0, 8.0]])
    penalty = gan.gradient_penalty(
        lambda x: 0.5 * x.square().sum(dim=1, keepdim=True), real, fake, tensor([1.0, 0.0]), 1.0
    )
    close(
        penalty,
        ((5 - 1) ** 2 + (10 - 1) ** 2) / 2,
        "gradient_penalty of f(x) = |x|^2 / 2, whose gradient is x: u = (1, 0) puts the first "
        "point on the real example (norm 5), the second on the generated one (norm 10)",
    )


@pytest.mark.part("d")
def test_r1_by_hand() -> None:
    weight = tensor([[[1.0, 2.0], [0.0, 2.0]], [[4.0, 0.0], [0.0, 0.0]]]).requires_grad_()
    real = torch.ones(3, 2, 2, 2).double()
    penalty = gan.r1_penalty(linear_critic(weight), real, gamma=4.0)
    close(
        penalty,
        4.0 / 2 * 25,
        "r1_penalty on images (3, 2, 2, 2) of a linear critic whose gradient has norm 5, gamma 4",
    )
    assert penalty.requires_grad, (
        "r1_penalty cannot be differentiated for the critic's parameters: it contains a gradient "
        "that was computed without a graph of its own"
    )
    assert not real.requires_grad, "r1_penalty left `requires_grad` switched on in its input"


@pytest.mark.part("e")
def test_spectral_normalization_of_a_diagonal_matrix() -> None:
    weight, u = tensor([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]]), tensor([2.0, 0.0])
    normalized, new_u = gan.spectral_normalize(weight, u, 1)
    close(
        new_u,
        [1.0, 0.0],
        "spectral_normalize of diag(3, 4) from u = (2, 0), new u: a left singular vector stays, "
        "with length 1",
    )
    close(
        normalized,
        (weight / 3).tolist(),
        "spectral_normalize of diag(3, 4) from u = (2, 0): power iteration stays on the singular "
        "value 3, on whose vector it starts",
    )
    close(
        u,
        [2.0, 0.0],
        "spectral_normalize: the u that was given, afterwards: it must not be changed",
    )


@pytest.mark.part("e")
def test_spectral_norm_becomes_one() -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(4, 3, 2, 2, generator=generator, dtype=torch.float64)
    normalized, u = gan.spectral_normalize(weight, torch.ones(4).double(), 300)
    has_shape(normalized, weight.shape, "spectral_normalize of a weight (4, 3, 2, 2)")
    close(
        torch.linalg.matrix_norm(normalized.reshape(4, 12), 2),
        1.0,
        "spectral_normalize: largest singular value of a (4, 3, 2, 2) weight, read as a 4 x 12 "
        "matrix, after 300 steps",
    )
    close(u.norm(), 1.0, "spectral_normalize: length of the new u")
