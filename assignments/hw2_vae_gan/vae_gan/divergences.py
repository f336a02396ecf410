r"""Q8. Divergences and two-sample tests.

How far is a generator's distribution q from the data's distribution p? For discrete p and q with
known probabilities, a convex f with f(1) = 0 gives the f-divergence

    D_f(p || q) = sum_k q_k f(p_k / q_k)

With samples only, no ratio can be computed, but the convex conjugate f*(t) = sup_{u >= 0} ut - f(u)
turns the divergence into a maximisation over critics T,

    D_f(p || q) >= E_p[T(x)] - E_q[f*(T(x))],    with equality at T = f'(p / q)

which is what a GAN does. Other answers from samples are two-sample tests (kernel means, or a
classifier's accuracy) and distances between moments or nearest neighbours of learned features.

The f-divergences of this module, all in nats where a logarithm occurs:

    name              f(u)                                     D_f(p || q)
    kl                u log u                                  KL(p || q)
    reverse_kl        -log u                                   KL(q || p)
    js                1/2 (u log u - (u + 1) log((u + 1)/2))   1/2 KL(p || m) + 1/2 KL(q || m)
    pearson           (u - 1)^2                                sum_k (p_k - q_k)^2 / q_k
    hellinger         (sqrt(u) - 1)^2                          sum_k (sqrt(p_k) - sqrt(q_k))^2
    total_variation   1/2 |u - 1|                              1/2 sum_k |p_k - q_k|

with m = (p + q) / 2. Tables in the literature differ by factors of 2; these are meant.
"""

import math

import torch
from torch import Tensor

NAMES = ("kl", "reverse_kl", "js", "pearson", "hellinger", "total_variation")


def generator_f(u: Tensor, name: str) -> Tensor:
    r"""The convex function f of a divergence, from the table at the top of this module.

    At u = 0 it is the limit: 0 for kl, +inf for reverse_kl, (log 2)/2 for js, 1 for pearson and
    hellinger, 1/2 for total_variation.

    Args:
        u: Ratios u = p/q >= 0, any shape.
        name: One of ``NAMES``.

    Returns:
        f(u), the shape of ``u``.

    Raises:
        ValueError: If ``name`` is not one of ``NAMES``.

    Source: Nowozin et al., "f-GAN", NeurIPS 2016, table 1 (where js is scaled in another way), and
    the table in the appendix for total_variation.
    """
    raise NotImplementedError("Q8a: generator_f")


def f_divergence(p: Tensor, q: Tensor, name: str) -> Tensor:
    r"""f-divergence between discrete distributions.

        D_f(p || q) = sum_k q_k f(p_k / q_k)

    Nothing is clipped and no term is left out: where p_k = 0 the term is q_k f(0), and
    reverse_kl is +inf. You may call :func:`generator_f`.

    Args:
        p: Probabilities, rows sum to one, zeros allowed, shape (B, K).
        q: Probabilities, rows sum to one, all positive, shape (B, K).
        name: One of ``NAMES``.

    Returns:
        D_f(p || q), one per row, shape (B,).

    Source: Csiszar, 1967; Nowozin et al., 2016, equation 2.
    """
    raise NotImplementedError("Q8a: f_divergence")


def conjugate_f(t: Tensor, name: str) -> Tensor:
    r"""Convex conjugate of f, where u runs over the non-negative numbers.

        f*(t) = sup_{u >= 0} ( u t - f(u) )

    Work out the formula of each divergence with pen and paper: where f'(u) = t has a solution
    u >= 0, that u attains the supremum. Three things happen elsewhere:

    - kl: there always is a solution.
    - reverse_kl, js, hellinger, total_variation: f grows at most linearly, and the supremum is +inf
      from some t on. At the end of the domain itself, reverse_kl (t = 0) and hellinger (t = 1)
      are +inf, and total_variation (t = 1/2) is finite.
    - pearson, total_variation: below some t the supremum is attained at u = 0 and is -f(0).

    Nothing is clipped or added for safety: just inside the domain the values are exact too.

    Args:
        t: Values of a critic, any real numbers, any shape.
        name: One of ``NAMES``.

    Returns:
        f*(t), the shape of ``t``; +inf outside the domain, never NaN.

    Raises:
        ValueError: If ``name`` is not one of ``NAMES``.

    Source: Nowozin et al., 2016, table 6, for the method (there u may be negative in pearson).
    """
    raise NotImplementedError("Q8b: conjugate_f")


def optimal_critic(ratio: Tensor, name: str) -> Tensor:
    r"""The critic that makes the variational bound tight.

        T(x) = f'(u),    u = p(x) / q(x)

    For total_variation, T = 0 where u = 1.

    Args:
        ratio: u = p(x) / q(x) > 0, any shape.
        name: One of ``NAMES``.

    Returns:
        f'(u), the shape of ``ratio``.

    Raises:
        ValueError: If ``name`` is not one of ``NAMES``.

    Source: Nowozin et al., 2016, equation 5.
    """
    raise NotImplementedError("Q8b: optimal_critic")


def variational_bound(critic_p: Tensor, critic_q: Tensor, name: str) -> Tensor:
    r"""Estimate of the lower bound on an f-divergence from two samples.

        1/N sum_n T(x_n) - 1/M sum_m f*(T(y_m)),    x_n ~ p, y_m ~ q

    It is differentiable with respect to both arguments. You may call :func:`conjugate_f`.

    Args:
        critic_p: T(x_n) for the sample of p, shape (N,).
        critic_q: T(y_m) for the sample of q, shape (M,); M and N may differ.
        name: One of ``NAMES``.

    Returns:
        The estimate, shape (); -inf if some T(y_m) lies outside the domain of f*.

    Source: Nguyen, Wainwright and Jordan, 2010; Nowozin et al., 2016, equation 4.
    """
    raise NotImplementedError("Q8b: variational_bound")


def mmd2_unbiased(x: Tensor, y: Tensor, bandwidth: float) -> Tensor:
    r"""Unbiased estimate of the squared maximum mean discrepancy with a Gaussian kernel.

        k(a, b) = exp( -||a - b||^2 / (2 h^2) )

        MMD^2 = 1/(N (N - 1)) sum_{i != j} k(x_i, x_j) + 1/(M (M - 1)) sum_{i != j} k(y_i, y_j)
                - 2/(N M) sum_{i, j} k(x_i, y_j)

    i != j refers to positions in the sample: two equal points at different positions count. The
    estimate can be negative, and is differentiable with respect to x and y.

    Args:
        x: Sample of p, shape (N, D), N >= 2.
        y: Sample of q, shape (M, D), M >= 2; M and N may differ.
        bandwidth: h > 0, in the units of x.

    Returns:
        The estimate, shape ().

    Source: Gretton et al., "A kernel two-sample test", JMLR 2012, equation 3.
    """

    raise NotImplementedError("Q8c: mmd2_unbiased")


def c2st_accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Accuracy of a classifier that tells two samples apart, on examples held out from training.

        accuracy = 1/n sum_i 1[ 1[logit_i > 0] = label_i ]

    A logit of exactly 0 predicts label 0. This is also how a deep-fake detector is judged.

    Args:
        logits: Log-odds of label 1, shape (n,).
        labels: 1 for an example of p (real), 0 for one of q (generated), integers, shape (n,).

    Returns:
        A scalar in [0, 1], shape (), in the dtype of ``logits``. Below 1/2 it stays below 1/2.

    Source: Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017, equation 2.
    """
    raise NotImplementedError("Q8d: c2st_accuracy")


def c2st_p_value(accuracy: Tensor, num_test: int) -> Tensor:
    r"""p-value of a classifier two-sample test, by the normal approximation.

    If p = q and the n test examples are balanced, no classifier does better than guessing, and its
    accuracy is about N(1/2, 1/(4n)). The p-value is the probability of an accuracy at least as
    high as the one observed,

        p-value = 1 - Phi( (accuracy - 1/2) / sqrt(1/(4n)) )

    with the standard normal distribution function Phi; one-sided, no continuity correction.

    Args:
        accuracy: Observed accuracies in [0, 1], any shape.
        num_test: Number n of test examples.

    Returns:
        p-values in [0, 1], the shape of ``accuracy``; 1/2 for an accuracy of 1/2.

    Source: Lopez-Paz and Oquab, 2017, section 3.1.
    """
    raise NotImplementedError("Q8d: c2st_p_value")


def frechet_distance(mean1: Tensor, cov1: Tensor, mean2: Tensor, cov2: Tensor) -> Tensor:
    r"""Squared Frechet (2-Wasserstein) distance between two Gaussians.

        d^2 = ||m_1 - m_2||^2 + tr( S_1 + S_2 - 2 (S_1 S_2)^{1/2} )

    Of features of an Inception network this is the FID. The square root is that of a matrix, and
    S_1 and S_2 do not commute in general: the handout says how its trace is found.

    The covariances may be singular (fewer samples than features), which must not give NaN. Nothing
    is added to the diagonal.

    Args:
        mean1: Mean m_1, shape (D,).
        cov1: Covariance S_1, symmetric and positive semi-definite, shape (D, D).
        mean2: Mean m_2, shape (D,).
        cov2: Covariance S_2, likewise, shape (D, D).

    Returns:
        d^2 (no square root is taken), shape ().

    Source: Dowson and Landau, 1982; Heusel et al., "GANs trained by a two time-scale update rule",
    NeurIPS 2017, equation 6.
    """
    raise NotImplementedError("Q8e: frechet_distance")


def precision_recall(real: Tensor, fake: Tensor, k: int) -> tuple[Tensor, Tensor]:
    r"""k-nearest-neighbour precision and recall of a generator.

    Around every point of a sample lies a ball that just reaches the point's k-th nearest neighbour
    in the same sample, not counting the point itself. The union of the balls stands for the
    support of the distribution.

        precision = share of the fake points that lie in at least one ball of a real point
        recall    = share of the real points that lie in at least one ball of a fake point

    Distances are Euclidean, and a point on the surface of a ball lies in it (<=). "Itself" means
    its position in the sample: an equal point at another position is a neighbour, at distance 0.

    Args:
        real: Features of N real examples, shape (N, D).
        fake: Features of M generated examples, shape (M, D); M and N may differ.
        k: Which neighbour sets the radius, 1 <= k < min(N, M).

    Returns:
        precision and recall, each of shape (), in the dtype of ``real``.

    Source: Kynkaanniemi et al., "Improved precision and recall metric for assessing generative
    models", NeurIPS 2019, equations 1 and 2.
    """

    raise NotImplementedError("Q8f: precision_recall")
