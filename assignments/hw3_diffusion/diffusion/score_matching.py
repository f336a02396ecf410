r"""Q2. Score matching.

The score of a density is its slope, s(x) = grad log p(x). A constant in front of p does not change
it, so an unnormalised model has the same score as the normalised one, and a network may output the
score itself. Fitting it by least squares, E |s(x) - grad log p_data(x)|^2, needs the unknown score
of the data; the losses of this module have the same minimum and do not:

* *exact* (Hyvärinen): integrate the cross term by parts; the trace of a Jacobian remains;
* *sliced*: estimate that trace from random projections, at the price of one backward pass each;
* *denoising*: match the score of noisy data, whose conditional score -eps / sigma is known.

A score that was learned at many noise levels gives samples by *annealed* Langevin dynamics.

Conventions: a ``score`` is a function of x with values shaped like x; it treats the examples of a
batch independently and depends on every x (no constant networks). A noise-conditional score is
called as ``score(x, sigma)`` with ``sigma`` of shape (B,), the standard deviation of the noise in
each example. Losses can be trained on: their gradients reach the parameters of the score.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Score = Callable[[Tensor], Tensor]
ConditionalScore = Callable[[Tensor, Tensor], Tensor]


def exact_score_matching_loss(score: Score, x: Tensor) -> Tensor:
    r"""Exact (implicit) score matching.

        loss = 1/B sum_b ( tr J(x_b) + 1/2 |s(x_b)|^2 ),    J_ij = d s_i / d x_j

    It equals half the mean squared distance to the score of the data up to a constant, so it may
    be negative. The trace costs one backward pass per dimension.

    Args:
        score: s, from (B, D) to (B, D). The ``.grad`` of its parameters is left alone.
        x: Data, shape (B, D). Its ``requires_grad`` is left alone.

    Returns:
        The loss, shape ().

    Source: Hyvärinen, "Estimation of non-normalized statistical models by score matching", JMLR
    2005, theorem 1.
    """
    raise NotImplementedError("Q2a: exact_score_matching_loss")


def sliced_score_matching_loss(
    score: Score, x: Tensor, v: Tensor, variance_reduced: bool = False
) -> Tensor:
    r"""Sliced score matching with M given projections of every example.

        loss = 1/(M B) sum_mb ( v_mb.J(x_b).v_mb + 1/2 (v_mb.s(x_b))^2 )

    If E[v v^T] = I, the mean over v is the exact loss, and one backward pass per projection does,
    whatever D is. Because E (v.s)^2 = |s|^2 is then known, the second term need not be estimated:
    with ``variance_reduced`` it is 1/2 |s(x_b)|^2. The projections are used as they are given,
    of whatever length.

    Args:
        score: s, from (B, D) to (B, D). The ``.grad`` of its parameters is left alone.
        x: Data, shape (B, D). Its ``requires_grad`` is left alone.
        v: Projections, shape (M, B, D).
        variance_reduced: Whether the second term is exact.

    Returns:
        The loss, shape ().

    Source: Song et al., "Sliced score matching: a scalable approach to density and score
    estimation", UAI 2019, section 3.
    """
    raise NotImplementedError("Q2b: sliced_score_matching_loss")


def denoising_score_matching_loss(
    score: ConditionalScore, x: Tensor, sigma: Tensor, eps: Tensor, power: float = 2.0
) -> Tensor:
    r"""Denoising score matching at a noise level per example.

        loss = 1/B sum_b sigma_b^power * 1/2 | s(y_b, sigma_b) + eps_b / sigma_b |^2
        y_b = x_b + sigma_b * eps_b

    -eps / sigma is the score of N(y; x, sigma^2 I) at y; the best network predicts its mean given
    y, the score of the noisy data. Squared norms sum over all of an example's entries. They grow
    like 1 / sigma^2; the weight with power = 2 makes all levels count the same, and power = 0 is
    the unweighted loss.

    Args:
        score: s, called once as score(y, sigma) with y shaped like x and sigma of shape (B,).
        x: Clean data, shape (B, ...).
        sigma: Standard deviations of the noise, positive, shape (B,).
        eps: Standard normal noise, shaped like x.
        power: Exponent of sigma in the weight.

    Returns:
        The loss, shape ().

    Source: Vincent, "A connection between score matching and denoising autoencoders", 2011; Song
    and Ermon, "Generative modeling by estimating gradients of the data distribution", NeurIPS
    2019, equations 5 and 6.
    """
    raise NotImplementedError("Q2c: denoising_score_matching_loss")


def annealed_step_sizes(sigmas: Tensor, step: float) -> Tensor:
    r"""Step sizes of annealed Langevin dynamics.

        alpha_i = step * sigma_i^2 / sigma_L^2

    so that signal and noise of a step keep their proportion at all levels; the last and smallest
    level sigma_L is walked with ``step`` itself.

    Args:
        sigmas: Noise levels sigma_1 > ... > sigma_L > 0, shape (L,), largest first.
        step: Step size at the last level.

    Returns:
        alpha, shape (L,).

    Source: Song and Ermon, NeurIPS 2019, algorithm 1, line 3.
    """
    raise NotImplementedError("Q2d: annealed_step_sizes")


def annealed_langevin(
    score: ConditionalScore,
    x: Tensor,
    sigmas: Tensor,
    noise: Tensor,
    step: float,
    denoise: bool = False,
) -> Tensor:
    r"""Sample by annealed Langevin dynamics.

    For each level i = 1..L in turn, T steps that continue from where the last level ended:

        x <- x + alpha_i/2 * s(x, sigma_i) + sqrt(alpha_i) * z

    with alpha_i of :func:`annealed_step_sizes`, which you may call, and z = noise[i-1, t-1] in step
    t = 1..T. With ``denoise``, one more step without noise removes what noise remains:

        x <- x + sigma_L^2 * s(x, sigma_L)

    No graph is built: the result does not require a gradient.

    Args:
        score: s, called once per step, as score(x, sigma) with sigma of shape (B,), all equal to
            sigma_i.
        x: Starting points, shape (B, ...).
        sigmas: Noise levels, shape (L,), largest first.
        noise: Standard normal noise z, shape (L, T, B, ...).
        step: Step size at the last level.
        denoise: Whether to end with the mean of x given its noisy version (Tweedie's formula).

    Returns:
        Samples, shaped like x.

    Source: Song and Ermon, NeurIPS 2019, algorithm 1; the last step: Song and Ermon, "Improved
    techniques for training score-based generative models", NeurIPS 2020.
    """
    raise NotImplementedError("Q2d: annealed_langevin")
