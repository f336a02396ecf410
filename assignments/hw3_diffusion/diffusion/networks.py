r"""Q9. Networks.

A denoiser is a function of a noisy image and of the time: eps(x, t). Everything in it follows from
these two arguments. The time, one number, is spread over many sines and cosines so that a network
can tell t = 3 from t = 4 as well as from t = 900 (*time embedding*), and it acts everywhere by
scaling and shifting normalised features (*FiLM*, "feature-wise linear modulation", and its
descendant *adaLN*). Convolutions see neighbours, *attention* sees the whole image.

Two ways to put these together are in use. A *U-Net* works on several resolutions: it shrinks the
image, and on the way back up it is handed what it knew on the way down (*skips*). A diffusion
transformer (*DiT*) works on one resolution, on tokens; each of its blocks starts out as the
identity, because the gates of its two branches are initialised to zero.

Conventions: images and feature maps are (B, C, H, W), tokens are (B, L, D). ``emb`` (B, E) is the
embedded time of each example, possibly with a label's embedding added. "scale" always enters as
1 + scale, so that zero means "leave as it is". SiLU is x sigmoid(x).
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def time_embedding(t: Tensor, dim: int, max_period: float = 10000.0) -> Tensor:
    r"""Sines and cosines of the time, at frequencies in geometric progression.

    With D = ``dim`` and frequencies in radians per time step

        omega_i = max_period^(-i / (D/2)),   i = 0, ..., D/2 - 1

    the embedding is all cosines, then all sines:

        emb = [cos(omega_0 t), ..., cos(omega_{D/2-1} t), sin(omega_0 t), ..., sin(omega_{D/2-1} t)]

    The first frequency is 1; the last is max_period^(2/D) times 1 / max_period, so not quite there.

    Args:
        t: Times, shape (B,), integers or floating point (fractions are fine), not rescaled.
        dim: Number of features D, even.
        max_period: Sets the slowest frequency.

    Returns:
        Shape (B, dim), in the dtype of ``t`` if that is floating point, and in torch's default
        dtype if ``t`` holds integers.

    Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.5. Programs differ
    in the order of sines and cosines and in dividing by D/2 or D/2 - 1; this is the form of Nichol
    and Dhariwal, "Improved denoising diffusion probabilistic models", ICML 2021, and of DiT.
    """
    raise NotImplementedError("Q9a: time_embedding")


class ResidualBlock(nn.Module):
    """Two convolutions with a residual connection, modulated by the time.

    Args:
        in_channels: Channels of the input; a multiple of ``groups``.
        out_channels: Channels of the output; a multiple of ``groups``.
        emb_dim: Features E of the embedding.
        groups: Groups of both normalisations.
    """

    def __init__(self, in_channels: int, out_channels: int, emb_dim: int, groups: int = 4) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, in_channels, eps=1e-5)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.film = nn.Linear(emb_dim, 2 * out_channels)
        self.norm2 = nn.GroupNorm(groups, out_channels, eps=1e-5)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        same = in_channels == out_channels
        self.skip = nn.Identity() if same else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        r"""Normalise, activate, convolve; again, with the time in between; add the input.

            h = conv1(silu(norm1(x)))
            scale, shift = the first and the last C_out features of film(silu(emb))
            h = (1 + scale) norm2(h) + shift
            out = skip(x) + conv2(silu(h))

        scale and shift have one number per example and channel, the same at all pixels.

        Args:
            x: Feature maps, shape (B, C_in, H, W).
            emb: Embedded times, shape (B, E).

        Returns:
            Shape (B, C_out, H, W).

        Source: Perez et al., "FiLM", AAAI 2018; Dhariwal and Nichol, "Diffusion models beat GANs
        on image synthesis", NeurIPS 2021, section 3 ("adaptive group normalization").
        """
        raise NotImplementedError("Q9b: ResidualBlock.forward")


class AttentionBlock(nn.Module):
    """Self-attention between all pixels, with a residual connection.

    Args:
        channels: Channels C; a multiple of ``heads`` and of ``groups``.
        heads: Number of heads.
        groups: Groups of the normalisation.
    """

    def __init__(self, channels: int, heads: int = 1, groups: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, channels, eps=1e-5)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        r"""Every pixel asks all pixels, itself included.

        With the L = H W pixels of an image numbered 0..L-1 and d = C / heads,

            a[i, j] = softmax_j( q_i . k_j / sqrt(d) ),   o_i = sum_j a[i, j] v_j
            out = x + self.out([o of head 0, ..., o of the last head])

        The channels of ``self.qkv(self.norm(x))`` hold, in this order, all queries, all keys and
        all values, C channels each. Of each of the three, head h gets the d neighbouring channels
        h d, ..., (h+1) d - 1, and its result takes the same place in the input of ``self.out``.

        Args:
            x: Feature maps, shape (B, C, H, W).

        Returns:
            Shape (B, C, H, W).

        Source: Ho et al., "Denoising diffusion probabilistic models", NeurIPS 2020, appendix B;
        Wang et al., "Non-local neural networks", CVPR 2018.
        """
        raise NotImplementedError("Q9c: AttentionBlock.forward")


class TokenAttention(nn.Module):
    """Multi-head self-attention between tokens (B, L, D); given to you."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


class DiTBlock(nn.Module):
    """A transformer block whose normalisations and branches are steered by the time (adaLN-zero).

    ``self.modulation`` starts at zero, so that a new block is the identity, whatever its other
    parameters are.

    Args:
        width: Features D of a token.
        heads: Heads of the attention.
        emb_dim: Features E of the embedding.
        attention: Used in place of :class:`TokenAttention` if given; maps (B, L, D) to (B, L, D).
    """

    def __init__(
        self, width: int, heads: int, emb_dim: int, attention: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.attention = TokenAttention(width, heads) if attention is None else attention
        self.norm2 = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.modulation = nn.Linear(emb_dim, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        r"""Two residual branches, each with shift, scale and gate.

        modulation(silu(emb)) holds six vectors of D features per example, in this order:
        shift_1, scale_1, gate_1 for the attention, shift_2, scale_2, gate_2 for the MLP.

            h   = x + gate_1 attention( (1 + scale_1) norm1(x) + shift_1 )
            out = h + gate_2 mlp( (1 + scale_2) norm2(h) + shift_2 )

        All tokens of an example share the six vectors.

        Args:
            x: Tokens, shape (B, L, D).
            emb: Embedded times, shape (B, E).

        Returns:
            Shape (B, L, D).

        Source: Peebles and Xie, "Scalable diffusion models with transformers", ICCV 2023, section
        3.2, figure 3.
        """
        raise NotImplementedError("Q9d: DiTBlock.forward")


class UNet(nn.Module):
    """A U-Net that predicts the noise.

    All lists are indexed by the level: 0 is the full resolution, each further level has half the
    height and width, and ``widths[level]`` channels. With n levels, ``down`` and ``up`` have n
    blocks; ``downsample[level]`` leads from ``level`` to ``level + 1`` and ``upsample[level]`` from
    ``level + 1`` to ``level`` (n - 1 of each).

    Args:
        channels: Channels C of the image.
        widths: Channels of each level; multiples of 4.
        emb_dim: Features E of the embedding, even.
        embedding: Called as ``embedding(t, emb_dim)``, gives (B, E).
        block: Called as ``block(in_channels, out_channels, emb_dim)``, gives a module that maps
            (B, in_channels, H, W) and (B, E) to (B, out_channels, H, W).
        attention: Called as ``attention(channels)``, gives a module that maps
            (B, channels, H, W) to the same shape.
    """

    def __init__(
        self,
        channels: int,
        widths: Sequence[int],
        emb_dim: int,
        embedding: Callable[[Tensor, int], Tensor] = time_embedding,
        block: Callable[[int, int, int], nn.Module] = ResidualBlock,
        attention: Callable[[int], nn.Module] = AttentionBlock,
    ) -> None:
        super().__init__()
        self.emb_dim = emb_dim
        self.embedding = embedding
        self.embed = nn.Sequential(
            nn.Linear(emb_dim, emb_dim), nn.SiLU(), nn.Linear(emb_dim, emb_dim)
        )
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(block(width, width, emb_dim) for width in widths)
        self.downsample = nn.ModuleList(
            nn.Conv2d(fine, coarse, 3, stride=2, padding=1) for fine, coarse in pairwise(widths)
        )
        self.middle1 = block(widths[-1], widths[-1], emb_dim)
        self.middle_attention = attention(widths[-1])
        self.middle2 = block(widths[-1], widths[-1], emb_dim)
        self.up = nn.ModuleList(block(2 * width, width, emb_dim) for width in widths)
        self.upsample = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(coarse, fine, 3, padding=1))
            for fine, coarse in pairwise(widths)
        )
        self.norm = nn.GroupNorm(4, widths[0], eps=1e-5)
        self.out = nn.Conv2d(widths[0], channels, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        r"""Down, through the middle, and up again with the skips.

            emb = embed(embedding(t, emb_dim))            used by all blocks
            h = stem(x)
            for level = 0, ..., n-1:                       down
                h = down[level](h, emb);  skip[level] = h
                h = downsample[level](h)                   except on the last level
            h = middle2(middle_attention(middle1(h, emb)), emb)
            for level = n-1, ..., 0:                       up
                h = up[level]([h, skip[level]], emb)
                h = upsample[level - 1](h)                 except on level 0
            out = self.out(silu(norm(h)))

        The square bracket joins channels: those of h first, those of the skip second.

        Args:
            x: Noisy images, shape (B, C, H, W); H and W are multiples of 2^(n-1).
            t: Times, shape (B,), as ``self.embedding`` wants them.

        Returns:
            Predicted noise, shape (B, C, H, W).

        Source: Ronneberger et al., "U-Net", MICCAI 2015; Ho et al., "Denoising diffusion
        probabilistic models", NeurIPS 2020, appendix B.
        """
        raise NotImplementedError("Q9e: UNet.forward")
