"""Q7 against closed forms, optimal discriminators and finite differences."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli
from vae_gan import gan

# Two distributions over three outcomes, and samples that hold each outcome in proportion.
P = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)
Q = torch.tensor([0.1, 0.3, 0.6], dtype=torch.float64)
REAL = torch.tensor([0, 0, 1, 2])
FAKE = torch.tensor([0, 1, 1, 1, 2, 2, 2, 2, 2, 2])


def best(loss, start: torch.Tensor) -> torch.Tensor:
    """Gradient of ``loss(scores of the outcomes)`` at ``start``."""
    scores = start.clone().requires_grad_()
    (slope,) = torch.autograd.grad(loss(scores[REAL], scores[FAKE]), scores)
    return slope


class Critic(nn.Module):
    def __init__(self, a: torch.Tensor, b: torch.Tensor) -> None:
        super().__init__()
        self.a, self.b = nn.Parameter(a), nn.Parameter(b)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0.5 * ((x @ self.a) * x).sum(dim=1) + x @ self.b

    def slope(self, x: torch.Tensor) -> torch.Tensor:
        return 0.5 * x @ (self.a + self.a.T) + self.b


def test_cross_entropies_of_bernoulli(normal):
    real, fake = 3 * normal(5), 3 * normal(3)
    says_real, says_fake = Bernoulli(logits=real), Bernoulli(logits=fake)
    one, zero = torch.ones(3).double(), torch.zeros(3).double()
    is_real, is_fake = says_fake.log_prob(one).mean(), says_fake.log_prob(zero).mean()
    expected = -says_real.log_prob(torch.ones(5).double()).mean() - is_fake
    torch.testing.assert_close(gan.discriminator_loss(real, fake), expected)
    torch.testing.assert_close(gan.generator_loss_minimax(fake), is_fake)
    torch.testing.assert_close(gan.generator_loss_non_saturating(fake), -is_real)


def test_best_discriminator_is_the_log_ratio_and_measures_js():
    log_ratio = (P / Q).log()
    torch.testing.assert_close(best(gan.discriminator_loss, log_ratio), torch.zeros(3).double())
    middle = (P + Q) / 2
    js = 0.5 * (P * (P / middle).log()).sum() + 0.5 * (Q * (Q / middle).log()).sum()
    loss = gan.discriminator_loss(log_ratio[REAL], log_ratio[FAKE])
    torch.testing.assert_close(loss, 2 * math.log(2) - 2 * js)


def test_generator_gradients_saturate_on_opposite_sides():
    logits = torch.tensor([-1e4, -300, -2, 0, 1, 300, 1e4], dtype=torch.float64)
    logits.requires_grad_()
    (minimax,) = torch.autograd.grad(gan.generator_loss_minimax(logits), logits)
    (flipped,) = torch.autograd.grad(gan.generator_loss_non_saturating(logits), logits)
    torch.testing.assert_close(minimax, -logits.sigmoid() / 7)
    torch.testing.assert_close(flipped, -(-logits).sigmoid() / 7)
    wrong = gan.discriminator_loss(-logits.detach().abs(), logits.detach().abs())
    torch.testing.assert_close(wrong, 2 * torch.nn.functional.softplus(logits.abs()).mean())


def test_least_squares_discriminator_is_the_posterior():
    posterior = P / (P + Q)
    slope = best(lambda *scores: gan.least_squares_losses(*scores)[0], posterior)
    torch.testing.assert_close(slope, torch.zeros(3).double())
    loss, for_generator = gan.least_squares_losses(posterior[REAL], posterior[FAKE])
    torch.testing.assert_close(loss, 0.5 * (P * Q / (P + Q)).sum())
    torch.testing.assert_close(for_generator, 0.5 * (Q * (posterior - 1).square()).sum())


def test_hinge_discriminator_measures_total_variation(normal):
    def loss(scores):
        return gan.hinge_losses(scores[REAL], scores[FAKE])[0]

    lowest = loss((P - Q).sign())
    torch.testing.assert_close(lowest, 2 - (P - Q).abs().sum())
    assert all(loss(2 * normal(3)) >= lowest for _ in range(50))
    assert gan.hinge_losses(P, Q)[1].item() == pytest.approx(-1 / 3)


def test_wasserstein_distance_on_a_line(normal):
    """For x and x + 3 the identity is an optimal 1-Lipschitz critic, and the distance is 3."""
    fake = normal(6)
    real = fake + 3
    loss, for_generator = gan.wgan_losses(real, fake)
    assert loss.item() == pytest.approx(-3)
    torch.testing.assert_close(for_generator, -fake.mean())


def test_penalties_of_a_quadratic_critic(normal):
    critic = Critic(normal(4, 4), normal(4))
    real, fake, u = normal(6, 4), 2 * normal(6, 4), normal(6).sigmoid()
    z = torch.stack([s * x + (1 - s) * g for s, x, g in zip(u, real, fake, strict=True)])
    norms = torch.stack([row.norm() for row in critic.slope(z)])
    expected = 7 * ((norms - 1) ** 2).mean()
    got = gan.gradient_penalty(critic, real, fake, u, 7.0)
    torch.testing.assert_close(got, expected)
    r1 = gan.r1_penalty(critic, real, 3.0)
    expected_r1 = 1.5 * critic.slope(real).square().sum() / 6
    torch.testing.assert_close(r1, expected_r1)
    parameters = list(critic.parameters())
    for value, closed in ((got, expected), (r1, expected_r1)):
        torch.testing.assert_close(
            torch.autograd.grad(value, parameters, retain_graph=True),
            torch.autograd.grad(closed, parameters, retain_graph=True),
        )


def test_penalties_by_finite_differences(normal):
    """A network on images: double differentiation against differences of the penalty."""
    images, u, kernel = normal(2, 2, 3, 3), normal(2).sigmoid(), normal(1, 2, 2, 2)

    def critic_of(weight):
        return lambda x: torch.conv2d(x, weight).tanh().flatten(1).sum(dim=1, keepdim=True)

    def gp(weight):
        return gan.gradient_penalty(critic_of(weight), images, images.flip(0) + 1, u)

    def r1(weight):
        return gan.r1_penalty(critic_of(weight), images)

    for function in (gp, r1):
        assert torch.autograd.gradcheck(function, kernel.clone().requires_grad_())


def test_penalty_where_the_critic_is_flat(normal):
    weight = normal(3).requires_grad_()
    penalty = gan.gradient_penalty(
        lambda x: 0 * (x * weight).sum(dim=1), normal(4, 3), normal(4, 3), normal(4).sigmoid(), 2.5
    )
    assert penalty.item() == 2.5
    assert torch.equal(torch.autograd.grad(penalty, weight)[0], torch.zeros(3).double())


def test_penalties_leave_the_data_alone(normal):
    critic, real, fake = Critic(normal(2, 2), normal(2)), normal(3, 2), normal(3, 2)
    fake.requires_grad_()
    penalty = gan.gradient_penalty(critic, real, fake, torch.full((3,), 0.3).double())
    assert torch.autograd.grad(penalty, fake, allow_unused=True) == (None,)
    gan.r1_penalty(critic, real)
    assert not real.requires_grad


def test_power_iteration_converges_to_the_singular_value(normal):
    weight = normal(3, 2, 2).requires_grad_()
    normalized, u = gan.spectral_normalize(weight, normal(3), 500)
    matrix = weight.reshape(3, 4)
    exact = weight / torch.linalg.matrix_norm(matrix, 2)
    torch.testing.assert_close(normalized, exact)
    left = torch.linalg.svd(matrix.detach()).U[:, 0]
    torch.testing.assert_close(u.abs(), left.abs())
    shares = normal(3, 2, 2)
    torch.testing.assert_close(
        torch.autograd.grad((shares * normalized).sum(), weight),
        torch.autograd.grad((shares * exact).sum(), weight),
    )


def test_power_iteration_by_the_gram_matrix(normal):
    """n steps from u end at (W W^T)^n u / norm, and sigma never exceeds the largest value."""
    weight, u = normal(3, 5), normal(3)
    gram, direction = weight @ weight.T, u
    for steps in (1, 2, 3):
        direction = gram @ direction
        normalized, new_u = gan.spectral_normalize(weight, u, steps)
        torch.testing.assert_close(new_u, direction / direction.norm())
        v = torch.linalg.lstsq(gram, direction).solution @ weight
        sigma = (weight @ v).norm() / v.norm()
        torch.testing.assert_close(normalized, weight / sigma)
        assert sigma <= torch.linalg.matrix_norm(weight, 2) + 1e-12
