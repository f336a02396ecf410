r"""Q10. CycleGAN: translation without pairs.

Two domains A and B, one set of images from each, and no pairs. A generator G: A -> B that fools a
discriminator of B makes images that look like B, but nothing says which of them answers which
image of A. A second generator F: B -> A is trained to undo the first: F(G(a)) must be a, and
G(F(b)) must be b. Then G cannot forget what it needs on the way back, and a translation that keeps
the content is the easiest way to remember it.

Three details make it work. Generators should leave alone what is in their target domain already
(identity loss). The losses of the discriminators are least-squares losses, half as large as those
of the generators. And the discriminators are shown older generated images as well, from a replay
buffer, so that the two players do not run in circles.

Conventions: ``to_b`` is G and ``to_a`` is F. Images a are (N, C, H, W), images b are (M, C, H, W);
N and M may differ. A discriminator gives scores (N, 1, H', W'), one per patch: 1 for real, 0 for
generated, with no sigmoid applied. Losses are to be minimised, scalars of shape (), in the dtype of
their inputs. "mean" is over all entries of one tensor.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Network = Callable[[Tensor], Tensor]


def cycle_loss(to_b: Network, to_a: Network, a: Tensor, b: Tensor) -> Tensor:
    r"""Whether images come back from the other domain.

        L = mean | F(G(a)) - a | + mean | G(F(b)) - b |

    The two means are added without a factor 1/2. The gradient reaches both generators through both
    terms.

    Args:
        to_b: G, maps images of A to images of B.
        to_a: F, maps images of B to images of A.
        a: Images of A, shape (N, C, H, W).
        b: Images of B, shape (M, C, H, W).

    Returns:
        L, shape ().

    Source: Zhu et al., "Unpaired image-to-image translation using cycle-consistent adversarial
    networks", ICCV 2017, equation 2.
    """
    # BEGIN SOLUTION
    return (to_a(to_b(a)) - a).abs().mean() + (to_b(to_a(b)) - b).abs().mean()
    # END SOLUTION


def identity_loss(to_b: Network, to_a: Network, a: Tensor, b: Tensor) -> Tensor:
    r"""Whether a generator leaves images of its target domain as they are.

        L = mean | G(b) - b | + mean | F(a) - a |

    G makes images of B; given one of B, it has nothing to do.

    Args:
        to_b: G, maps images of A to images of B.
        to_a: F, maps images of B to images of A.
        a: Images of A, shape (N, C, H, W).
        b: Images of B, shape (M, C, H, W).

    Returns:
        L, shape ().

    Source: Zhu et al., 2017, section 5.2.
    """
    # BEGIN SOLUTION
    return (to_b(b) - b).abs().mean() + (to_a(a) - a).abs().mean()
    # END SOLUTION


def generator_objective(
    critic_a: Network,
    critic_b: Network,
    fake_a: Tensor,
    fake_b: Tensor,
    cycle: Tensor,
    identity: Tensor,
    cycle_weight: float = 10.0,
    identity_weight: float = 5.0,
) -> Tensor:
    r"""What the two generators minimise together.

        L = mean (D_B(G(a)) - 1)^2 + mean (D_A(F(b)) - 1)^2
            + cycle_weight * cycle + identity_weight * identity

    There is no factor 1/2. The gradient of L reaches both generated batches.

    Args:
        critic_a: D_A, the discriminator of domain A.
        critic_b: D_B, the discriminator of domain B.
        fake_a: F(b), generated images of A, shape (M, C, H, W).
        fake_b: G(a), generated images of B, shape (N, C, H, W).
        cycle: Result of :func:`cycle_loss`, shape ().
        identity: Result of :func:`identity_loss`, shape ().
        cycle_weight: lambda in the paper.
        identity_weight: The weight of the identity loss itself, 0.5 lambda in the paper. It is not
            multiplied by ``cycle_weight`` again.

    Returns:
        L, shape ().

    Source: Zhu et al., 2017, equation 3 with the least-squares loss of section 4.
    """
    # BEGIN SOLUTION
    adversarial = (critic_b(fake_b) - 1).square().mean() + (critic_a(fake_a) - 1).square().mean()
    return adversarial + cycle_weight * cycle + identity_weight * identity
    # END SOLUTION


def discriminator_objective(critic: Network, real: Tensor, fake: Tensor) -> Tensor:
    r"""What the discriminator of one domain minimises.

        L = 1/2 ( mean (D(real) - 1)^2 + mean D(fake)^2 )

    ``fake`` is a constant: the gradient of L reaches the parameters of D through both terms, and
    does not reach ``fake``.

    Args:
        critic: D, the discriminator of the domain.
        real: Real images of the domain, shape (N, C, H, W).
        fake: Generated ones, shape (M, C, H, W).

    Returns:
        L, shape ().

    Source: Zhu et al., 2017, section 4, where the objective is divided by 2.
    """
    # BEGIN SOLUTION
    return 0.5 * ((critic(real) - 1).square().mean() + critic(fake.detach()).square().mean())
    # END SOLUTION


class ReplayBuffer:
    r"""A history of generated images, to train a discriminator with.

    Args:
        capacity: Largest number K >= 1 of stored images.

    Attributes:
        images: The stored images, (C, H, W) each, a list; empty at first.
    """

    def __init__(self, capacity: int = 50) -> None:
        self.capacity = capacity
        self.images: list[Tensor] = []

    def push_and_sample(self, images: Tensor, u: Tensor) -> Tensor:
        r"""Offer new images to the buffer and get as many back, some of them old.

        The images are taken one after the other, i = 0, ..., B-1; each sees the buffer as the one
        before has left it.

        - While the buffer holds fewer than K images, image i is stored at its end and returned.
          u[i] is not used.
        - Afterwards, if u[i, 0] < 1/2, image i is returned and the buffer stays as it is.
        - If u[i, 0] >= 1/2, image i changes places with the stored image number floor(K u[i, 1]),
          counted from 0 and at most K - 1: the stored image is returned, and image i takes its
          place.

        Images are constants, in the buffer and in the result: neither keeps the graph of the
        generator that made them.

        Args:
            images: Newly generated images, shape (B, C, H, W).
            u: Uniform draws in [0, 1), shape (B, 2); row i belongs to image i.

        Returns:
            Images for the discriminator, shape (B, C, H, W), in the dtype and on the device of
            ``images``; ``requires_grad`` is False.

        Source: Shrivastava et al., "Learning from simulated and unsupervised images through
        adversarial training", CVPR 2017, section 2.3; Zhu et al., 2017, section 4, with K = 50.
        """
        # BEGIN SOLUTION
        returned = []
        for i, image in enumerate(images.detach()):
            if len(self.images) < self.capacity:
                self.images.append(image)
            elif u[i, 0] >= 0.5:
                place = min(int(self.capacity * u[i, 1]), self.capacity - 1)
                self.images[place], image = image, self.images[place]
            returned.append(image)
        return torch.stack(returned)
        # END SOLUTION
