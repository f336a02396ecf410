r"""Q6. Latent space.

A generative model with a latent code is worth as much as what can be done with the code. This
module walks through the space (interpolation and traversals), measures whether one latent
dimension stands for one factor of variation (the mutual information gap), and uses the distribution
of the codes to find what is rare in a data set and to show it more often (debiasing).

*Interpolation.* Samples of N(0, I) in Z dimensions lie near the sphere of radius sqrt(Z). The
straight line between two of them passes through the inside, where the decoder has never been;
the arc of the great circle does not.

*Disentanglement.* With the mutual information I(z_j; v) between the discretised latent dimension
z_j and a known factor v, in nats,

    MIG = mean over v of ( I(z_best; v) - I(z_second; v) ) / H(v)

is 1 when every factor is told by one dimension alone, and 0 when two dimensions tell equally much.

Conventions: B pairs of vectors, T values on the way, Z latent dimensions, N examples, V factors.
Bins and levels are integers from 0.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    r"""Linear interpolation between pairs of vectors.

        z[i, n] = (1 - t_n) a_i + t_n b_i

    Args:
        a: Starts (t = 0), shape (B, Z).
        b: Ends (t = 1), shape (B, Z).
        t: Positions, shape (T,), the same for all pairs. Outside of [0, 1] the line goes on.

    Returns:
        Points, shape (B, T, Z).
    """
    # BEGIN SOLUTION
    t = t[:, None]
    return (1 - t) * a[:, None] + t * b[:, None]
    # END SOLUTION


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    r"""Spherical linear interpolation between pairs of vectors.

    With omega in [0, pi] the angle between a_i and b_i,

        z[i, n] = sin((1 - t_n) omega) / sin(omega) a_i + sin(t_n omega) / sin(omega) b_i

    a and b themselves enter, not their directions: between vectors of equal length the length
    stays the same, and the ends are a and b exactly. For a pair with sin(omega) < 1e-3 (almost
    parallel or almost opposite) the result is that of :func:`lerp`, which you may call; for every
    other pair it is the formula above. Never NaN.

    Args:
        a: Starts (t = 0), shape (B, Z), no zero vectors.
        b: Ends (t = 1), shape (B, Z), no zero vectors.
        t: Positions, shape (T,), the same for all pairs. Outside of [0, 1] the arc goes on.

    Returns:
        Points, shape (B, T, Z).

    Source: Shoemake, "Animating rotation with quaternion curves", 1985; White, "Sampling
    generative networks", 2016, section 2.1.
    """
    # BEGIN SOLUTION
    cosine = (F.normalize(a, dim=1) * F.normalize(b, dim=1)).sum(dim=1)
    omega = cosine.clamp(-1, 1).acos()[:, None, None]
    straight = omega.sin() < 1e-3
    sine = torch.where(straight, 1.0, omega.sin())
    t_column = t[:, None]
    arc = ((1 - t_column) * omega).sin() * a[:, None] + (t_column * omega).sin() * b[:, None]
    return torch.where(straight, lerp(a, b, t), arc / sine)
    # END SOLUTION


def traverse(z: Tensor, dims: Tensor, values: Tensor) -> Tensor:
    r"""Grid of latent vectors in which one dimension at a time takes given values.

        out[j, n] = z, but with entry dims[j] replaced by values[n]

    Decoded, row j of the grid shows what latent dimension dims[j] does by itself.

    Args:
        z: The vector to start from, shape (Z,).
        dims: Latent dimensions to vary, in 0..Z-1, int64, shape (J,), in any order.
        values: Values to give them, shape (T,).

    Returns:
        Latent vectors, shape (J, T, Z), in the dtype of ``z``.

    Source: Higgins et al., "beta-VAE", ICLR 2017, figure 1.
    """
    # BEGIN SOLUTION
    chosen = F.one_hot(dims, len(z)).bool()[:, None, :]
    return torch.where(chosen, values[:, None], z)
    # END SOLUTION


def mutual_information(codes: Tensor, factors: Tensor, levels: int) -> Tensor:
    r"""Empirical mutual information between every discrete code and every factor.

    With p the joint frequencies of (code j, factor v) over the N examples,

        I(z_j; v) = sum_{s, r} p(s, r) log( p(s, r) / (p(s) p(r)) )

    where a pair of levels that does not occur adds 0. Nothing is smoothed or clipped.

    Args:
        codes: Discretised latents, integers in 0..levels-1, int64, shape (N, Z).
        factors: Known factors of variation, integers in 0..levels-1, int64, shape (N, V). As
            ``codes`` may be any integers, ``mutual_information(factors, factors, levels)`` has
            the entropies H(v) on its diagonal.
        levels: Bound of both; not every level need occur.

    Returns:
        I(z_j; v) in nats, shape (Z, V), in torch's default dtype (the inputs are integers).

    Source: Cover and Thomas, "Elements of information theory", 2006, equation 2.28.
    """
    # BEGIN SOLUTION
    dtype = torch.get_default_dtype()
    code, factor = F.one_hot(codes, levels).to(dtype), F.one_hot(factors, levels).to(dtype)
    joint = torch.einsum("njs,nvr->jvsr", code, factor) / len(codes)
    independent = joint.sum(dim=3, keepdim=True) * joint.sum(dim=2, keepdim=True)
    terms = torch.xlogy(joint, joint) - torch.xlogy(joint, independent)
    return terms.sum(dim=(2, 3))
    # END SOLUTION


def mutual_information_gap(information: Tensor, entropy: Tensor) -> Tensor:
    r"""Mutual information gap (MIG).

    For each factor v, with z_best the latent dimension of largest information and z_second the
    next one,

        MIG = 1/V sum_v ( I(z_best; v) - I(z_second; v) ) / H(v)

    Args:
        information: I(z_j; v), shape (Z, V), Z >= 2.
        entropy: H(v) > 0, in the same unit, shape (V,).

    Returns:
        A scalar in [0, 1] for true informations and entropies, shape ().

    Source: Chen et al., "Isolating sources of disentanglement in variational autoencoders",
    NeurIPS 2018, equation 6.
    """
    # BEGIN SOLUTION
    best, second = information.topk(2, dim=0).values
    return ((best - second) / entropy).mean()
    # END SOLUTION


def discretize(latents: Tensor, num_bins: int) -> Tensor:
    r"""Bins of equal width between the smallest and the largest value of each dimension.

        bin = floor( K (z - low_j) / (high_j - low_j) ),   low_j = min_i z_ij, high_j = max_i z_ij

    with K = ``num_bins``: a value on an edge belongs to the bin above it, except the largest value,
    which belongs to the last bin, K - 1. A dimension that is constant (a collapsed one) has all
    examples in bin 0; every other one, however narrow, is divided by its own range.

    Args:
        latents: Latent vectors, usually means of q(z | x), shape (N, Z).
        num_bins: Number of bins K of each dimension.

    Returns:
        Bins in 0..K-1, dtype int64, shape (N, Z).
    """
    # BEGIN SOLUTION
    low, high = latents.amin(dim=0), latents.amax(dim=0)
    width = torch.where(high > low, high - low, 1.0)
    bins = (num_bins * ((latents - low) / width)).floor().long()
    return bins.clamp(max=num_bins - 1)
    # END SOLUTION


def resampling_weights(codes: Tensor, num_bins: int, alpha: float) -> Tensor:
    r"""Probabilities with which to draw training examples so that rare ones are seen more often.

    With Q_j(s) the share of the N examples whose code j is s, one histogram per dimension,

        w_i = prod_j 1 / ( Q_j(codes_ij) + alpha ),      weight_i = w_i / sum_k w_k

    The product treats the dimensions as independent. A large alpha makes the weights uniform; a
    small one shows rare examples most often. With hundreds of dimensions the product leaves the
    range of floating point: use logarithms.

    Args:
        codes: Bins, integers in 0..num_bins-1, int64, shape (N, Z), as :func:`discretize` gives.
        num_bins: Number of bins of each dimension.
        alpha: Smoothing, > 0, added to the share (a number between 0 and 1), not to the count.

    Returns:
        Weights, positive, summing to one, shape (N,), in torch's default dtype.

    Source: Amini et al., "Uncovering and mitigating algorithmic bias through learned latent
    structure", AIES 2019, equation 4.
    """
    # BEGIN SOLUTION
    share = F.one_hot(codes, num_bins).sum(dim=0) / len(codes)
    own_share = share.gather(1, codes.T)
    return (own_share + alpha).log().sum(dim=0).neg().softmax(dim=0)
    # END SOLUTION
