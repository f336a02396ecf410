r"""Q7. Outlier detection with likelihoods.

A density model gives every example a log-likelihood. It is tempting to call examples with a low
likelihood outliers, and wrong: a standard normal in D = 1000 dimensions is densest at the origin,
where no sample ever lands, because almost all of its mass lies near the radius sqrt(D). The
functions of this module are three ways out: compare with the *rank* among training examples,
measure the distance to the *typical set*, or divide by what *any* model would find easy.

Conventions: log-likelihoods are in nats, one per example, shape (B,). A score is large for an
outlier.
"""

import math

import torch
from torch import Tensor


def rank_p_value(log_prob: Tensor, train_log_prob: Tensor) -> Tensor:
    r"""Rank p-value of a log-likelihood among training examples (PixelDefend).

    Under the hypothesis that x is drawn like the N training examples, its rank among them is
    uniform, and

        p(x) = (1 + #{i : log p(x_i) <= log p(x)}) / (N + 1)

    is a valid p-value: small when nearly all training examples are more likely than x.

    Args:
        log_prob: Log-likelihoods of the examples to test, shape (B,); -inf is permitted.
        train_log_prob: Log-likelihoods of the training examples, shape (N,). Ties count; only
            equal numbers tie, however large and close the others are.

    Returns:
        p-values in [1/(N+1), 1], shape (B,), in the dtype of ``log_prob``.

    Source: Song et al., "PixelDefend", ICLR 2018, section 3.2, with one added to the numerator
    and the denominator for the tested example itself.
    """
    raise NotImplementedError("Q7a: rank_p_value")


def typicality_score(log_prob: Tensor, train_log_prob: Tensor) -> Tensor:
    r"""Distance of a batch from the typical set of the model.

    The entropy of the model is estimated from training examples, and a batch is judged as a
    whole:

        score = | -1/B sum_b log p(x_b) - H |,   H = -1/N sum_i log p(x_i)

    Batches that are too likely are as suspicious as those that are not likely enough.

    Args:
        log_prob: Log-likelihoods of M batches of B examples, shape (M, B).
        train_log_prob: Log-likelihoods of the training examples, shape (N,).

    Returns:
        One score per batch in nats, shape (M,), never negative.

    Source: Nalisnick et al., "Detecting out-of-distribution inputs to deep generative models
    using typicality", 2019, equation 3.
    """
    raise NotImplementedError("Q7b: typicality_score")


def likelihood_ratio_score(log_prob: Tensor, background_log_prob: Tensor) -> Tensor:
    r"""Minus the log-ratio of a model to a background model.

        score = -(log p(x) - log p_0(x))

    The background model p_0, trained on perturbed data, explains what is easy about any input
    (smooth areas, a dark border); what remains is what is specific to the training data.

    Args:
        log_prob: log p(x), shape (B,).
        background_log_prob: log p_0(x), shape (B,).

    Returns:
        Scores in nats, shape (B,); large for an outlier.

    Source: Ren et al., "Likelihood ratios for out-of-distribution detection", NeurIPS 2019,
    equation 3.
    """
    raise NotImplementedError("Q7c: likelihood_ratio_score")


def complexity_score(log_prob: Tensor, compressed_bytes: Tensor, num_dims: int) -> Tensor:
    r"""Negative log-likelihood minus input complexity, in bits per dimension.

        score = -log_2 p(x) / D - L(x) / D

    where L(x) is the length in bits of x after a general-purpose compressor: a universal model
    in the place of the background model.

    Args:
        log_prob: log p(x) in nats, shape (B,).
        compressed_bytes: Compressed sizes in bytes (8 bits each), integers, shape (B,).
        num_dims: Number of dimensions D of one example.

    Returns:
        Scores in bits per dimension, shape (B,), in the dtype of ``log_prob``; large for an
        outlier.

    Source: Serra et al., "Input complexity and out-of-distribution detection with likelihood-based
    generative models", ICLR 2020, equation 1.
    """
    raise NotImplementedError("Q7c: complexity_score")


def auroc(inlier_scores: Tensor, outlier_scores: Tensor) -> Tensor:
    r"""Area under the ROC curve of a score that should be larger for outliers.

    It equals the probability that a random outlier scores higher than a random inlier, ties
    counted one half:

        AUROC = 1/(N M) sum_{n, m} ( 1[o_m > i_n] + 1/2 1[o_m = i_n] )

    Only the order of the scores matters, and only equal numbers tie. A score may be infinite (an
    example to which the model gives probability zero); two infinite scores of the same sign tie.

    Args:
        inlier_scores: Scores i_n of inliers, shape (N,).
        outlier_scores: Scores o_m of outliers, shape (M,); M and N may differ.

    Returns:
        A scalar in [0, 1], shape (), in the dtype of ``inlier_scores``; 1 when every outlier
        scores higher than every inlier.

    Source: Mann and Whitney, 1947; Fawcett, "An introduction to ROC analysis", 2006.
    """
    raise NotImplementedError("Q7d: auroc")
