r"""Q9. Conditional GANs and pix2pix.

A conditional GAN learns p(x | y). The generator is given y, and the discriminator must judge the
*pair*: an image can be perfect and still be an answer to another question. What y is decides how
it enters.

A class label enters by an inner product. With p the data and q the generator, the best logit is

    log p(x, y) / q(x, y) = log p(x) / q(x) + log p(y | x) / q(y | x)

If both class posteriors are softmax regressions on features phi(x), the second term is linear in
phi(x), with one vector per class: the projection discriminator.

An image y enters by concatenation (pix2pix). Source and result have their edges at the same places,
so the generator is a U-Net: what its encoder knows at each resolution skips the bottleneck. An
L1 loss gets the coarse structure right, and blurs wherever several answers are possible; a
discriminator whose logits judge one patch each adds the texture.

Conventions: logits are real numbers without a sigmoid, large means real. Losses are to be
minimised, in nats, scalars of shape (), in the dtype of their inputs. Images are (B, C, H, W) with
values in [-1, 1].
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PairLogits = Callable[[Tensor, Tensor], Tensor]
"""discriminator(source, image): logits (B, 1, H', W') of "image is the real answer to source"."""


class ProjectionDiscriminator(nn.Module):
    r"""Judges pairs of an image and a class label.

    Args:
        num_classes: Number K of classes.
        in_channels: Number C of channels of an image.
        width: Channels of the first convolution; there are Z = 2 * width features.

    Attributes:
        features: Convolutions, (B, C, H, W) -> (B, Z, H/4, W/4), without a last activation.
        linear: ``nn.Linear(Z, 1)``, the unconditional part psi.
        embedding: ``nn.Embedding(K, Z)``, one vector v_k per class.
    """

    def __init__(self, num_classes: int, in_channels: int = 3, width: int = 32) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, width, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, kernel_size=4, stride=2, padding=1),
        )
        self.linear = nn.Linear(2 * width, 1)
        self.embedding = nn.Embedding(num_classes, 2 * width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        r"""Logit of "x is a real example of class y".

            phi(x) = sum_{i, j} relu(features(x))_ij      (B, Z): a sum over positions, not a mean
            f(x, y) = psi(phi(x)) + <v_y, phi(x)>

        with psi = ``linear`` and v = ``embedding``. The inner product is a sum over Z.

        Args:
            x: Images, shape (B, C, H, W), H and W multiples of 4.
            y: Class labels, integers in 0..K-1, shape (B,).

        Returns:
            Logits, shape (B,).

        Source: Miyato and Koyama, "cGANs with projection discriminator", ICLR 2018, equation 3.
        """
        # BEGIN SOLUTION
        phi = F.relu(self.features(x)).sum(dim=(2, 3))
        projection = (self.embedding(y) * phi).sum(dim=1)
        return self.linear(phi).squeeze(1) + projection
        # END SOLUTION


class UNetGenerator(nn.Module):
    r"""Encoder and decoder with a skip connection at every resolution.

    Level l = 1..L works at 1/2^l of the resolution, with c_l = width * 2^(l-1) channels. There are
    neither normalisation nor dropout here.

    Args:
        in_channels: Channels of the source image.
        out_channels: Channels of the result.
        width: Channels c_1 of the first level.
        depth: Number L of levels, at least 1.

    Attributes:
        down: Convolutions d_1, ..., d_L, each halving H and W, ``nn.ModuleList``.
        up: Transposed convolutions *in the order of use*, u_L, ..., u_1, each doubling H and W,
            ``nn.ModuleList``. u_L takes c_L channels, every other u_l takes 2 c_l.
    """

    def __init__(
        self, in_channels: int = 3, out_channels: int = 3, width: int = 32, depth: int = 3
    ) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(depth)]
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1)
            for before, after in zip([in_channels, *channels], channels, strict=False)
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(
                channels[level] if level == depth - 1 else 2 * channels[level],
                channels[level - 1] if level else out_channels,
                kernel_size=4,
                stride=2,
                padding=1,
            )
            for level in reversed(range(depth))
        )

    def forward(self, x: Tensor) -> Tensor:
        r"""Translate images.

            h_1 = d_1(x),            h_l = d_l(leaky_relu(h_{l-1}))    l = 2, ..., L
            g_L = u_L(relu(h_L)),    g_l = u_l(relu([g_{l+1}, h_l]))   l = L-1, ..., 1
            result = tanh(g_1)

        The slope of leaky_relu is 0.2. [g, h] is the concatenation along the channels, the
        decoder's features g first.

        Args:
            x: Source images, shape (B, in_channels, H, W).

        Returns:
            Images with values in (-1, 1), shape (B, out_channels, H, W).

        Raises:
            ValueError: If H or W is not a multiple of 2^L.

        Source: Isola et al., "Image-to-image translation with conditional adversarial networks",
        CVPR 2017, sections 3.2 and 6.1.1, without batch normalisation and dropout.
        """
        if any(size % 2 ** len(self.down) for size in x.shape[2:]):
            raise ValueError(
                f"images of {x.shape[2]} x {x.shape[3]} pixels cannot be halved "
                f"{len(self.down)} times; choose multiples of {2 ** len(self.down)}"
            )
        # BEGIN SOLUTION
        first, *others = self.down
        skips = [first(x)]
        for down in others:
            skips.append(down(F.leaky_relu(skips[-1], 0.2)))
        innermost, *others = self.up
        g = innermost(F.relu(skips.pop()))
        for up in others:
            g = up(F.relu(torch.cat([g, skips.pop()], dim=1)))
        return torch.tanh(g)
        # END SOLUTION


class PatchDiscriminator(nn.Module):
    r"""Judges pairs of a source image and an answer to it, patch by patch (given).

    Each logit sees 22 x 22 pixels of the two images, which are concatenated along the channels.

    Args:
        source_channels: Channels of the source image.
        image_channels: Channels of the answer.
        width: Channels of the first convolution.
    """

    def __init__(self, source_channels: int = 3, image_channels: int = 3, width: int = 32) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(source_channels + image_channels, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 4, padding=1),
        )

    def forward(self, source: Tensor, image: Tensor) -> Tensor:
        """Logits, shape (B, 1, H/4 - 1, W/4 - 1), of two (B, C, H, W) batches."""
        return self.net(torch.cat([source, image], dim=1))


def pix2pix_generator_loss(
    discriminator: PairLogits, source: Tensor, target: Tensor, fake: Tensor, weight: float = 100.0
) -> Tensor:
    r"""What the generator of pix2pix minimises.

        L = - mean log sigmoid(D(source, fake)) + weight * mean | fake - target |

    The first mean is over all patches of all images (of the losses, not of the logits), the second
    over all B C H W entries. The gradient of L reaches ``fake`` through both terms. Loss and
    gradient are exact and finite for logits of any size (+-1e4).

    Args:
        discriminator: D, see :data:`PairLogits`.
        source: Source images, shape (B, C_s, H, W).
        target: The real answers, shape (B, C, H, W).
        fake: What the generator made of ``source``, shape (B, C, H, W).
        weight: lambda in the paper.

    Returns:
        L, shape ().

    Source: Isola et al., 2017, equations 1, 3 and 4, with the non-saturating loss (section 3.3).
    """
    # BEGIN SOLUTION
    adversarial = F.softplus(-discriminator(source, fake)).mean()
    return adversarial + weight * (fake - target).abs().mean()
    # END SOLUTION


def patch_discriminator_loss(
    discriminator: PairLogits, source: Tensor, target: Tensor, fake: Tensor
) -> Tensor:
    r"""What the discriminator of pix2pix minimises.

        L = 1/2 ( - mean log sigmoid(D(source, target)) - mean log(1 - sigmoid(D(source, fake))) )

    The means are over all patches of all images. The factor 1/2 slows the discriminator down.
    ``fake`` is a constant: the gradient of L reaches the parameters of D through both terms, and
    does not reach ``fake``. The loss and its gradients are exact and finite for logits of any size
    (+-1e4).

    Args:
        discriminator: D, see :data:`PairLogits`.
        source: Source images, shape (B, C_s, H, W).
        target: The real answers, shape (B, C, H, W).
        fake: What the generator made of ``source``, shape (B, C, H, W).

    Returns:
        L, shape (); log 2 for a discriminator that says 0 to everything.

    Source: Isola et al., 2017, equation 1 and section 3.3.
    """
    # BEGIN SOLUTION
    real = F.softplus(-discriminator(source, target)).mean()
    generated = F.softplus(discriminator(source, fake.detach())).mean()
    return 0.5 * (real + generated)
    # END SOLUTION
