r"""Q7. GAN losses and penalties.

A generative adversarial network has no likelihood. A discriminator f is trained to tell real
examples from generated ones, and a generator is trained to raise f on what it makes. With the
logistic loss, sigmoid(f(x)) estimates the probability that x is real; the best f is the log-ratio
of the two densities, log p_data(x) - log p_generator(x), so the discriminator measures a
divergence (Jensen-Shannon) that the generator then lowers. Other losses measure other divergences,
and differ most in the gradient that they pass on to the generator when its examples are bad.

The measurement is useful only if the discriminator is smooth. A gradient penalty and spectral
normalisation are two ways to bound how fast f may change.

Conventions: f is a *logit* or score, any real number, with no sigmoid applied; large means real.
Every loss is to be minimised and is a scalar of shape (), in the dtype of its inputs. An average
over real examples runs over N of them, one over generated examples over M, and N and M may differ.
Nothing is detached unless the docstring says so.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    r"""Binary cross-entropy of the discriminator: real examples have label 1, generated ones 0.

        L = - 1/N sum_n log sigmoid(f(x_n)) - 1/M sum_m log(1 - sigmoid(f(g_m)))

    The two averages are added, without a factor 1/2. The loss and its gradients are exact and
    finite for logits of any size (+-300, +-1e4), with no epsilon inside a logarithm.

    Args:
        real_logits: f(x_n) of real examples, shape (N,).
        fake_logits: f(g_m) of generated examples, shape (M,).

    Returns:
        L in nats, shape (); 2 log 2 for a discriminator that says 0 to everything.

    Source: Goodfellow et al., "Generative adversarial nets", NeurIPS 2014, equation 1 (negated).
    """
    # BEGIN SOLUTION
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
    # END SOLUTION


def generator_loss_minimax(fake_logits: Tensor) -> Tensor:
    r"""What the generator minimises in the minimax game.

        L = 1/M sum_m log(1 - sigmoid(f(g_m)))

    Its derivative with respect to f(g_m) is -sigmoid(f(g_m)) / M: it vanishes where the
    discriminator is sure that g_m is not real. The loss and its gradient are exact and finite for
    logits of any size.

    Args:
        fake_logits: f(g_m) of generated examples, shape (M,).

    Returns:
        L in nats, shape (), never positive.

    Source: Goodfellow et al., 2014, equation 1.
    """
    # BEGIN SOLUTION
    return -F.softplus(fake_logits).mean()
    # END SOLUTION


def generator_loss_non_saturating(fake_logits: Tensor) -> Tensor:
    r"""Non-saturating loss of the generator: the labels of generated examples are flipped.

        L = - 1/M sum_m log sigmoid(f(g_m))

    Its derivative with respect to f(g_m) is -sigmoid(-f(g_m)) / M: largest where the discriminator
    is sure that g_m is not real. The loss and its gradient are exact and finite for logits of any
    size.

    Args:
        fake_logits: f(g_m) of generated examples, shape (M,).

    Returns:
        L in nats, shape (), never negative.

    Source: Goodfellow et al., 2014, section 3.
    """
    # BEGIN SOLUTION
    return F.softplus(-fake_logits).mean()
    # END SOLUTION


def least_squares_losses(real_scores: Tensor, fake_scores: Tensor) -> tuple[Tensor, Tensor]:
    r"""Least-squares losses, with targets 1 for real and 0 for generated examples.

        L_D = 1/(2N) sum_n (f(x_n) - 1)^2 + 1/(2M) sum_m f(g_m)^2
        L_G = 1/(2M) sum_m (f(g_m) - 1)^2

    Args:
        real_scores: f(x_n) of real examples, shape (N,).
        fake_scores: f(g_m) of generated examples, shape (M,).

    Returns:
        L_D and L_G, in this order, each of shape ().

    Source: Mao et al., "Least squares generative adversarial networks", ICCV 2017, equation 9.
    """
    # BEGIN SOLUTION
    discriminator = 0.5 * (real_scores - 1).square().mean() + 0.5 * fake_scores.square().mean()
    generator = 0.5 * (fake_scores - 1).square().mean()
    return discriminator, generator
    # END SOLUTION


def hinge_losses(real_scores: Tensor, fake_scores: Tensor) -> tuple[Tensor, Tensor]:
    r"""Hinge losses: the discriminator wants a margin, the generator a high score.

        L_D = 1/N sum_n max(0, 1 - f(x_n)) + 1/M sum_m max(0, 1 + f(g_m))
        L_G = - 1/M sum_m f(g_m)

    Args:
        real_scores: f(x_n) of real examples, shape (N,).
        fake_scores: f(g_m) of generated examples, shape (M,).

    Returns:
        L_D and L_G, in this order, each of shape ().

    Source: Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018,
    equations 16 (negated) and 17.
    """
    # BEGIN SOLUTION
    discriminator = F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean()
    generator = -fake_scores.mean()
    return discriminator, generator
    # END SOLUTION


def wgan_losses(real_scores: Tensor, fake_scores: Tensor) -> tuple[Tensor, Tensor]:
    r"""Wasserstein losses of a critic f and a generator.

        L_D = 1/M sum_m f(g_m) - 1/N sum_n f(x_n)
        L_G = - 1/M sum_m f(g_m)

    For a critic that is 1-Lipschitz, -L_D is at most the Wasserstein distance of the two sets.

    Args:
        real_scores: f(x_n) of real examples, shape (N,).
        fake_scores: f(g_m) of generated examples, shape (M,).

    Returns:
        L_D and L_G, in this order, each of shape ().

    Source: Arjovsky et al., "Wasserstein generative adversarial networks", ICML 2017, algorithm 1.
    """
    # BEGIN SOLUTION
    critic = fake_scores.mean() - real_scores.mean()
    generator = -fake_scores.mean()
    return critic, generator
    # END SOLUTION


def gradient_penalty(
    critic: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    u: Tensor,
    weight: float = 10.0,
) -> Tensor:
    r"""Gradient penalty of WGAN-GP, at random points between real and generated examples.

        z_b = u_b x_b + (1 - u_b) g_b
        P = weight / B sum_b ( || grad f(z_b) ||_2 - 1 )^2

    The norm is over all dimensions of one example together. There is one u_b per example, the same
    for all its dimensions. z is a constant: the gradient of P reaches the parameters of the critic
    (P contains a gradient, and is differentiated again), and neither ``real`` nor ``fake``.

    A critic may be flat at z_b: then || grad f(z_b) || = 0, the term is 1, and it adds zero (not
    NaN) to the gradient of P. There is no epsilon under the root, or at most 1e-12.

    Args:
        critic: f, maps (B, ...) to one score per example, shape (B,) or (B, 1). The score of an
            example depends on that example only.
        real: Real examples x, shape (B, ...) with any number of further dimensions, such as
            (B, D), (B, T, D) or (B, C, H, W).
        fake: Generated examples g, the shape of ``real``.
        u: Uniform noise in [0, 1), shape (B,); u_b = 1 would be the real example.
        weight: lambda in the paper.

    Returns:
        P, shape ().

    Source: Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, equation 3.
    """
    # BEGIN SOLUTION
    share = u.reshape(-1, *[1] * (real.dim() - 1))
    z = (share * real + (1 - share) * fake).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(z).sum(), z, create_graph=True)
    norm = torch.linalg.vector_norm(slope.flatten(1), dim=1)
    return weight * (norm - 1).square().mean()
    # END SOLUTION


def r1_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, gamma: float = 10.0) -> Tensor:
    r"""R1 penalty: the squared slope of the discriminator at real examples.

        P = gamma / 2 * 1/B sum_b || grad f(x_b) ||_2^2

    The norm is over all dimensions of one example together, f is the logit itself (no loss is
    applied to it), and P can be differentiated again, for the parameters of the discriminator.

    Args:
        critic: f, maps (B, ...) to one logit per example, shape (B,) or (B, 1). The logit of an
            example depends on that example only.
        real: Real examples x, shape (B, ...) with any number of further dimensions, a tensor that
            does not require gradients. It is left as it is: afterwards ``real.requires_grad`` is
            still False.
        gamma: Weight of the penalty.

    Returns:
        P, shape ().

    Source: Mescheder et al., "Which training methods for GANs do actually converge?", ICML 2018,
    equation 9.
    """
    # BEGIN SOLUTION
    x = real.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return 0.5 * gamma * slope.flatten(1).square().sum(dim=1).mean()
    # END SOLUTION


def spectral_normalize(weight: Tensor, u: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    r"""Divide a weight by an estimate of its largest singular value.

    The weight is read as a matrix W with one row per output, shape (O, I) with I the product of
    all dimensions but the first. One step of power iteration updates v, then u:

        v = W^T u / || W^T u ||_2,    u = W v / || W v ||_2

    After ``steps`` of them, sigma = u^T W v, with the newest u and v. u and v are constants: the
    gradient of the result flows through W and through W in sigma, but not through the iteration.

    Args:
        weight: Weight of a linear layer (O, I) or of a convolution (O, C, H, W), shape (O, ...).
        u: Start of the iteration, shape (O,), not zero, of any length. It is not changed in place.
        steps: Number of steps, at least 1. In training one is enough, because u is kept from one
            update of the weight to the next.

    Returns:
        weight / sigma, the shape of ``weight``, and the new u of length 1, shape (O,), a constant.

    Source: Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018,
    algorithm 1.
    """
    # BEGIN SOLUTION
    matrix = weight.flatten(1)
    with torch.no_grad():
        for _ in range(steps):
            v = F.normalize(matrix.T @ u, dim=0)
            u = F.normalize(matrix @ v, dim=0)
    sigma = u @ matrix @ v
    return weight / sigma, u
    # END SOLUTION
