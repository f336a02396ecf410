r"""Q5. VQ-VAE.

The latent of a VQ-VAE is discrete: at every position the encoder's vector z is replaced by the
nearest of K codes e_1, ..., e_K, and the decoder sees only which one it was. Choosing the nearest
is piecewise constant and has no useful gradient, so three devices make it trainable: the
*straight-through* estimator hands the decoder's gradient to the encoder as if nothing had been
replaced; a *codebook loss* (or a running average) moves the codes to the vectors that chose them;
and a *commitment loss* keeps the vectors near their codes:

    loss = ||sg[z] - e||^2 + beta ||z - sg[e]||^2          (sg: no gradient passes)

Both terms have the same value; they differ in who learns from them.

Conventions: the encoder gives maps z of shape (B, Z, H, W), with one vector of Z numbers at each of
the H x W positions, *channels second*; ``codebook`` has shape (K, Z), one code per row; ``indices``
are in 0..K-1, int64, shape (B, H, W). A squared distance is summed over the Z dimensions.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def nearest_code(z: Tensor, codebook: Tensor) -> Tensor:
    r"""Index of the code that is nearest to the vector at each position.

        k[b, h, w] = argmin_k ||z[b, :, h, w] - codebook[k]||^2

    the smallest such k where several codes are equally near.

    Args:
        z: Maps, shape (B, Z, H, W).
        codebook: Codes, shape (K, Z), of any lengths.

    Returns:
        Indices, dtype int64, shape (B, H, W).

    Source: van den Oord et al., "Neural discrete representation learning", NeurIPS 2017,
    equation 1.
    """
    raise NotImplementedError("Q5a: nearest_code")


def quantize(z: Tensor, codebook: Tensor, indices: Tensor) -> Tensor:
    r"""Replace each vector by its code, with the straight-through gradient.

    Forward, the result at (b, :, h, w) is codebook[indices[b, h, w]]. Backward, it behaves as
    the identity in z:

        d output / d z = 1,    d output / d codebook = 0

    The decoder thus teaches the encoder; the codes learn from their own loss only.

    Args:
        z: Maps, shape (B, Z, H, W).
        codebook: Codes, shape (K, Z).
        indices: Any indices in 0..K-1 (not necessarily the nearest), int64, shape (B, H, W).

    Returns:
        Quantised maps, shape (B, Z, H, W).

    Source: van den Oord et al., 2017, section 3.2; Bengio et al., "Estimating or propagating
    gradients through stochastic neurons for conditional computation", 2013.
    """
    raise NotImplementedError("Q5b: quantize")


def vq_loss(
    z: Tensor, codebook: Tensor, indices: Tensor, beta: float
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Codebook and commitment losses.

    With e the code of each vector and means over all B H W vectors,

        codebook_loss   = mean ||sg[z] - e||^2      moves the codes, never the encoder
        commitment_loss = mean ||z - sg[e]||^2      moves the encoder, never the codes
        loss            = codebook_loss + beta commitment_loss

    Args:
        z: Maps, shape (B, Z, H, W).
        codebook: Codes, shape (K, Z).
        indices: Any indices in 0..K-1 (not necessarily the nearest), int64, shape (B, H, W).
        beta: Weight of the commitment loss, >= 0; 0.25 in the paper.

    Returns:
        loss, codebook_loss, commitment_loss: three scalars, shape (). The last one without beta.

    Source: van den Oord et al., 2017, equation 3, second and third term. Many programs average
    over the Z dimensions too; here, as in the paper, a squared distance is a sum over them.
    """
    raise NotImplementedError("Q5c: vq_loss")


def ema_update(
    counts: Tensor, sums: Tensor, z: Tensor, indices: Tensor, decay: float, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Move the codes to running averages of the vectors that chose them.

    This replaces the codebook loss. With n_k the number of vectors of this batch that chose code
    k, and s_k their sum,

        N_k <- decay N_k + (1 - decay) n_k
        m_k <- decay m_k + (1 - decay) s_k
        e_k = m_k / N'_k,    N'_k = N (N_k + eps) / (N + K eps),    N = sum_k N_k

    where N_k on the right of the last line are the new ones. The smoothing of N'_k keeps the
    division safe for a code that nobody chooses; it leaves the total N as it is.

    Args:
        counts: Running counts N_k >= 0, shape (K,).
        sums: Running sums m_k, shape (K, Z).
        z: Maps, shape (B, Z, H, W); may require gradients.
        indices: Indices in 0..K-1, int64, shape (B, H, W). Some codes may not occur.
        decay: Between 0 and 1; 0.99 in the paper.
        eps: Pseudo-count > 0, usually 1e-5.

    Returns:
        The new counts (K,), sums (K, Z) and codebook (K, Z), as new tensors without gradients:
        ``requires_grad`` is False. The arguments are not changed. The counts and sums returned
        are the unsmoothed ones.

    Source: van den Oord et al., 2017, appendix A.1, with the smoothing of its authors' program.
    """
    raise NotImplementedError("Q5d: ema_update")


def perplexity(indices: Tensor, num_codes: int) -> Tensor:
    r"""How many codes are in use, in effect.

        perplexity = exp( -sum_k p_k log p_k )

    where p_k is the share of code k among all entries of ``indices``, and 0 log 0 = 0. It is K
    when all codes are equally frequent and 1 when a single one is used; a low value reveals a
    collapsed codebook.

    Args:
        indices: Indices in 0..num_codes-1, int64, any shape, usually (B, H, W).
        num_codes: Number of codes K. Some may not occur.

    Returns:
        A scalar in [1, K], shape (), in torch's default dtype (the input is integers).
    """
    raise NotImplementedError("Q5e: perplexity")


class VectorQuantizer(nn.Module):
    """The bottleneck of a VQ-VAE, put together from the functions above.

    Attributes:
        codebook: Codes, a parameter of shape (K, Z).
        beta: Weight of the commitment loss.
    """

    def __init__(self, num_codes: int, num_dims: int, beta: float = 0.25) -> None:
        super().__init__()
        self.codebook = nn.Parameter(torch.randn(num_codes, num_dims))
        self.beta = beta

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantised maps (B, Z, H, W), the loss () and the indices (B, H, W) of z (B, Z, H, W)."""
        indices = nearest_code(z, self.codebook)
        loss, _, _ = vq_loss(z, self.codebook, indices, self.beta)
        return quantize(z, self.codebook, indices), loss, indices
