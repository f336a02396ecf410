r"""Q1. Density estimation.

A density model assigns a log-probability to every example, and maximum likelihood asks that the
training examples get a high one. The functions of this module do it in four ways: counting
(histograms), averaging bumps around the data (kernel density estimates), mapping data to a space
where a simple density fits (dequantisation and the logit transform), and latent classes (Gaussian
mixtures, fitted by EM). For two distributions p and q over K classes,

    KL(p || q) = sum_k p_k log(p_k / q_k)

measures in nats what is lost when q stands in for p. Maximum likelihood minimises it with the data
as p.

Conventions: a log-density is in nats, one per example, shape (B,), summed over the D dimensions.
An integer level is one of 0..K-1. A mixture has ``logits`` of shape (K,), whose softmax gives the
weights, and ``means`` and ``log_stds`` of shape (K, D): logarithms of standard deviations, not of
variances. All of it stays in log space, so that no probability overflows or vanishes.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def histogram_log_prob(x: Tensor, data: Tensor, levels: int, alpha: float) -> Tensor:
    r"""Log-probability under D independent histograms with additive smoothing.

    Each dimension d has a histogram of its own. With n_dk = #{i : data_id = k} among N training
    examples and K = ``levels``,

        theta_dk = (n_dk + alpha) / (N + alpha K),    log p(x_b) = sum_d log theta_{d, x_bd}

    alpha = 0 is maximum likelihood, under which a level that was never seen has log-probability
    -inf; alpha = 1 is Laplace's rule.

    Args:
        x: Levels of the examples to judge, integers in 0..K-1, shape (B, D).
        data: Levels of the training examples, integers in 0..K-1, shape (N, D). N may be 0 if
            alpha > 0; not every level need occur.
        levels: Number of levels K.
        alpha: Pseudo-count alpha >= 0 that every level gets.

    Returns:
        log p(x) in nats, shape (B,), in torch's default dtype (the inputs are integers). It is the
        logarithm of a probability, not of a density: no bin width enters.

    Source: Murphy, "Probabilistic Machine Learning: An Introduction", 2022, section 4.6.3.
    """
    raise NotImplementedError("Q1a: histogram_log_prob")


def kde_log_prob(x: Tensor, data: Tensor, bandwidth: float) -> Tensor:
    r"""Log-density of a kernel density estimate with Gaussian kernels.

        log p(x) = log 1/N sum_n N(x; x_n, h^2 I)

    A test point may lie thousands of bandwidths from all data: the result is then very negative
    and still finite. Points and data may lie millions of bandwidths from the origin: subtract
    before squaring, because x^2 + y^2 - 2 x y loses all digits there. In hundreds of dimensions h^D
    leaves the range of floating point, and log p(x) does not.

    Args:
        x: Points to judge, shape (B, D).
        data: Training examples x_n, shape (N, D); N and B may differ.
        bandwidth: Standard deviation h > 0 of the kernel in each dimension, in the units of x.

    Returns:
        log p(x) in nats, shape (B,).

    Source: Bishop, "Pattern Recognition and Machine Learning", 2006, section 2.5.1.
    """
    raise NotImplementedError("Q1b: kde_log_prob")


def bits_per_dim(nll: Tensor, num_dims: int) -> Tensor:
    r"""Negative log-likelihood in bits per dimension.

        bits = nll / (D log 2)

    A uniform model of 8-bit pixels costs 8 bits per dimension whatever the size of the image.

    Args:
        nll: Negative log-likelihoods of whole examples in nats, any shape, usually (B,).
        num_dims: Number of dimensions D of one example (for an image C * H * W).

    Returns:
        Bits per dimension, the shape of ``nll``: one value per example, not their mean.

    Source: Theis et al., "A note on the evaluation of generative models", ICLR 2016, section 3.
    """
    raise NotImplementedError("Q1c: bits_per_dim")


def dequantize(x: Tensor, u: Tensor, levels: int) -> Tensor:
    r"""Uniform dequantisation of integer levels.

        y = (x + u) / K

    spreads level k evenly over the bin [k/K, (k+1)/K), so that a density of y has a finite
    maximum likelihood, and floor(K y) gives x back.

    Args:
        x: Levels, integers of any integer dtype in 0..K-1, any shape.
        u: Uniform noise in [0, 1), the shape of x, floating point. It is the only randomness.
        levels: Number of levels K, for example 256 for 8-bit images.

    Returns:
        y in [0, 1), the shape of x, in the dtype of ``u``.

    Source: Theis et al., "A note on the evaluation of generative models", ICLR 2016, section 3.1.
    """
    raise NotImplementedError("Q1c: dequantize")


def logit_transform(x: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    r"""Map the unit cube to the whole space, with the log-determinant of its Jacobian.

        s = alpha + (1 - 2 alpha) x,    y = log(s / (1 - s))

        log|det dy/dx| = sum_d [ log(1 - 2 alpha) - log s_d - log(1 - s_d) ]

    The margin alpha keeps x = 0 and x = 1 finite.

    Args:
        x: Values in [0, 1], shape (B, ...) with one or more further dimensions, such as (B, D),
            (B, T, D) or (B, C, H, W), and in any memory layout (a transposed tensor too).
        alpha: Margin, 0 < alpha < 1/2, the same at both ends.

    Returns:
        y, the shape of x, and log|det dy/dx|, shape (B,), summed over all dimensions but the
        first.

    Source: Dinh et al., "Density estimation using Real NVP", ICLR 2017, section 4.1, with the
    symmetric margin of Papamakarios et al., "Masked autoregressive flow", NeurIPS 2017.
    """
    raise NotImplementedError("Q1d: logit_transform")


def inverse_logit_transform(y: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    r"""Undo :func:`logit_transform`, with the log-determinant of the inverse's own Jacobian.

        s = 1 / (1 + exp(-y)),    x = (s - alpha) / (1 - 2 alpha)

        log|det dx/dy| = sum_d [ log s_d + log(1 - s_d) - log(1 - 2 alpha) ]

    Args:
        y: Any real values, shape (B, ...) as there. The log-determinant is finite and exact even
            where s rounds to 0 or 1 (|y| of several hundred).
        alpha: Margin, 0 < alpha < 1/2.

    Returns:
        x, the shape of y, and log|det dx/dy|, shape (B,), summed over all dimensions but the
        first. x is not clamped: a y from outside the image of :func:`logit_transform` gives an x
        a little outside [0, 1].
    """
    raise NotImplementedError("Q1d: inverse_logit_transform")


def gmm_log_joint(x: Tensor, logits: Tensor, means: Tensor, log_stds: Tensor) -> Tensor:
    r"""Joint log-density of examples and components of a mixture of diagonal Gaussians.

        log p(x, k) = log pi_k + sum_d log N(x_d; mu_kd, sigma_kd^2)

    with pi = softmax(logits) and sigma = exp(log_stds).

    Args:
        x: Points, shape (B, D).
        logits: Unnormalised log-weights, shape (K,); adding a constant changes nothing. They may
            be as large as 1e4.
        means: Means mu, shape (K, D).
        log_stds: Logarithms of the standard deviations sigma, shape (K, D).

    Returns:
        log p(x, k) in nats, shape (B, K); finite wherever sigma^2 and ((x - mu) / sigma)^2 are
        representable. There is no floor under sigma: it may be a millionth.

    Source: Bishop, 2006, section 9.2.
    """
    raise NotImplementedError("Q1e: gmm_log_joint")


def gmm_log_prob(x: Tensor, logits: Tensor, means: Tensor, log_stds: Tensor) -> Tensor:
    r"""Log-density of a mixture of diagonal Gaussians.

        log p(x) = log sum_k p(x, k) = log sum_k pi_k N(x; mu_k, diag(sigma_k^2))

    Finite wherever :func:`gmm_log_joint`, which you may call, is; differentiable with respect to
    all inputs.

    Args:
        x: Points, shape (B, D).
        logits: Unnormalised log-weights, shape (K,).
        means: Means mu, shape (K, D).
        log_stds: Logarithms of the standard deviations sigma, shape (K, D).

    Returns:
        log p(x) in nats, shape (B,).

    Source: Bishop, 2006, equation 9.7.
    """
    raise NotImplementedError("Q1e: gmm_log_prob")


def gmm_sample(
    logits: Tensor, means: Tensor, log_stds: Tensor, u: Tensor, eps: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Ancestral samples of a mixture of diagonal Gaussians from given noise.

    First the component, by inverting its cumulative distribution function, then the point:

        k_b = min { k : pi_0 + ... + pi_k > u_b },    x_b = mu_{k_b} + sigma_{k_b} * eps_b

    with pi = softmax(logits) and sigma = exp(log_stds). Where rounding leaves the whole sum at or
    below u_b, k_b is K - 1.

    Args:
        logits: Unnormalised log-weights, shape (K,). -inf is a weight of zero: that component is
            not drawn, not even by u = 0.
        means: Means mu, shape (K, D).
        log_stds: Logarithms of the standard deviations sigma, shape (K, D).
        u: Uniform noise in [0, 1), shape (B,).
        eps: Standard normal noise, shape (B, D).

    Returns:
        x, shape (B, D), and k, dtype int64, shape (B,).

    Source: Bishop, 2006, section 8.1.2.
    """
    raise NotImplementedError("Q1f: gmm_sample")


def em_step(x: Tensor, log_joint: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""One step of expectation maximisation for a mixture of diagonal Gaussians.

    E step: the responsibilities under the current parameters, which enter through log p(x_n, k)
    as :func:`gmm_log_joint` computes it,

        r_nk = p(k | x_n) = p(x_n, k) / sum_j p(x_n, j)

    M step: with N_k = sum_n r_nk, the new parameters

        pi_k = N_k / N,    mu_kd = 1/N_k sum_n r_nk x_nd,
        sigma_kd^2 = 1/N_k sum_n r_nk (x_nd - mu_kd)^2     (mu is the new mean)

    A step never lowers the likelihood sum_n log p(x_n). There is no floor under sigma and no prior.
    sigma may be a millionth of mu: use the deviations as written, because the mean of x^2 minus
    mu^2 loses all digits there.

    Args:
        x: Training examples, shape (N, D).
        log_joint: log p(x_n, k), shape (N, K). Any real values: the rows may lie hundreds or
            thousands of nats apart.

    Returns:
        logits, shape (K,): log pi_k, normalised (their exponentials sum to one);
        means, shape (K, D): mu;
        log_stds, shape (K, D): log sigma.

    Source: Bishop, 2006, equations 9.23 to 9.26, with diagonal covariances.
    """
    raise NotImplementedError("Q1g: em_step")


def kl_categorical(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    r"""Forward and reverse Kullback-Leibler divergence between categorical distributions.

        forward = KL(p || q) = sum_k p_k log(p_k / q_k),    reverse = KL(q || p)

    A term whose first distribution is 0 is 0 (also 0 log 0/0); a term p_k log(p_k / 0) with
    p_k > 0 is +inf. Nothing is clipped: 1e-20 is a probability like any other.

    Args:
        p: Probabilities of the data, rows sum to one, zeros allowed, shape (B, K).
        q: Probabilities of the model, likewise, shape (B, K).

    Returns:
        KL(p || q) and KL(q || p) in nats, each of shape (B,).

    Source: Bishop, 2006, equation 1.113; Murphy, 2022, section 6.2.6.
    """
    raise NotImplementedError("Q1h: kl_categorical")
