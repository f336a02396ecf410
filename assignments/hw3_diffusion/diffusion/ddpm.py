r"""Q4. Denoising diffusion probabilistic models.

The forward process adds noise, x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) n_t. Its reverse is
not known, but it would be if x_0 were: q(x_{t-1} | x_t, x_0) is a Gaussian, by Bayes' rule. A
network therefore predicts the noise in x_t, which amounts to predicting x_0, and each step of
generation is a draw from the Gaussian that belongs to the prediction.

The variational bound on -log p(x_0) is a sum of such comparisons, one per step, and a last term
KL(q(x_{T-1} | x_0) || N(0, I)) without parameters, nearly 0 for a good schedule; ``vlb_term`` does
not include it. With all weights set to 1 the sum becomes the mean squared error of the predicted
noise, the simple loss.

Conventions: t runs from 0 (least noisy) to T - 1. x_t is the result of step t, x_{t-1} what step t
was applied to, so that the "x_{-1}" of t = 0 is the data, x0, with alpha_bar_{-1} = 1. Data lie in
[-1, 1]. A network is called as ``model(x_t, t)`` with t of shape (B,), dtype int64, and returns its
prediction of the noise eps, shaped like x_t.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Model = Callable[[Tensor, Tensor], Tensor]


def expand(values: Tensor, x: Tensor) -> Tensor:
    """One value per example, (B,), as (B, 1, ..., 1), which broadcasts against x of (B, ...)."""
    return values.reshape(-1, *[1] * (x.dim() - 1))


def q_sample(x0: Tensor, t: Tensor, eps: Tensor, alpha_bar: Tensor) -> Tensor:
    r"""A draw from q(x_t | x_0) as a function of the noise: all steps up to t at once.

        x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps

    Args:
        x0: Data, shape (B, ...), such as (B, D) or (B, C, H, W).
        t: One step per example in 0..T-1, dtype int64, shape (B,). :func:`expand` is there for you.
        eps: Standard normal noise, shape (B, ...).
        alpha_bar: Levels of all steps, shape (T,).

    Returns:
        x_t, shape (B, ...).

    Source: Ho et al., "Denoising diffusion probabilistic models", NeurIPS 2020, equation 4.
    """
    raise NotImplementedError("Q4a: q_sample")


def q_posterior(x0: Tensor, x_t: Tensor, t: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    r"""Mean and variance of q(x_{t-1} | x_t, x_0), what step t of generation imitates.

        mean = sqrt(alpha_bar_{t-1}) beta_t / (1 - alpha_bar_t) x_0
             + sqrt(1 - beta_t) (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t) x_t
        variance = (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t) beta_t

    with alpha_bar_t = prod_{s <= t} (1 - beta_s) and alpha_bar_{-1} = 1: at t = 0 all is certain,
    and the mean is x_0.

    Args:
        x0: Data, shape (B, ...).
        x_t: Noisy data after step t, shape (B, ...).
        t: One step per example in 0..T-1, dtype int64, shape (B,).
        betas: Variances of all steps in (0, 1), shape (T,).

    Returns:
        mean, shape (B, ...), and variance, shape (B,): the same for all entries of an example.

    Source: Ho et al., NeurIPS 2020, equations 6 and 7.
    """
    raise NotImplementedError("Q4b: q_posterior")


def simple_loss(
    model: Model, x_t: Tensor, t: Tensor, eps: Tensor, weight: Tensor | None = None
) -> Tensor:
    r"""Mean squared error of the predicted noise.

        loss = 1/B sum_b weight_b 1/D sum_d ( eps_bd - model(x_t, t)_bd )^2

    where D is the number of entries of one example. The sum over the batch is divided by B,
    whatever the weights are.

    Args:
        model: Called once, as ``model(x_t, t)``.
        x_t: Noisy data that eps led to, shape (B, ...).
        t: One step per example, shape (B,).
        eps: The noise in x_t, shape (B, ...).
        weight: One weight per example, shape (B,); None stands for 1, the simple loss. Others make
            some steps count more, such as min(SNR_t, 5) / SNR_t.

    Returns:
        A scalar, shape (), through which gradients flow to the model.

    Source: Ho et al., NeurIPS 2020, equation 14 (with a mean over entries, as in their code);
    weights of Hang et al., "Efficient diffusion training via min-SNR weighting", ICCV 2023.
    """
    raise NotImplementedError("Q4c: simple_loss")


def decoder_log_prob(x0: Tensor, mean: Tensor, variance: Tensor, num_levels: int = 256) -> Tensor:
    r"""Log-probability of discrete data under a Gaussian: the decoder of step 0.

    Data take the K values -1, -1 + 2 / (K - 1), ..., 1. Each stands for the interval of half-width
    h = 1 / (K - 1) around it; the outermost two reach to -infinity and +infinity:

        p_d = Phi((b_d - mean_d) / sigma) - Phi((a_d - mean_d) / sigma)
        log p(x0) = sum_d log max(p_d, 1e-12)
        a = x0 - h, or -infinity where x0 = -1;    b = x0 + h, or +infinity where x0 = 1

    with the exact cumulative distribution function Phi of N(0, 1).

    Args:
        x0: Data on the K values (up to rounding), shape (B, ...).
        mean: Means, shape (B, ...).
        variance: Variances sigma^2 > 0, shape (B,): the same for all entries of an example.
        num_levels: Number of values K, at least 2.

    Returns:
        Log-probabilities in nats, summed over the entries, shape (B,).

    Source: Ho et al., NeurIPS 2020, equation 13; the bound 1e-12 is from their code.
    """
    raise NotImplementedError("Q4d: decoder_log_prob")


def vlb_term(
    x0: Tensor,
    t: Tensor,
    mean_q: Tensor,
    variance_q: Tensor,
    mean_p: Tensor,
    variance_p: Tensor,
    num_levels: int = 256,
) -> Tensor:
    r"""Term t of the variational bound on -log p(x_0), in bits per dimension.

        L_t = KL( N(mean_q, variance_q I) || N(mean_p, variance_p I) )    for t > 0
        L_t = -log p(x0)                                                  for t = 0

    and the result is L_t / (D ln 2), where D is the number of entries of one example. q is the
    posterior given x_0, p the model. At t = 0 the model's Gaussian is the decoder, whose
    log-probability is :func:`decoder_log_prob` with mean_p and variance_p; you may call it. One
    batch may hold both kinds. variance_q is 0 where t = 0: this must spoil neither the terms nor
    the gradients with respect to mean_p and variance_p, which may be learned.

    Args:
        x0: Data on ``num_levels`` values in [-1, 1], shape (B, ...).
        t: One step per example, dtype int64, shape (B,).
        mean_q: Means of q(x_{t-1} | x_t, x_0), shape (B, ...).
        variance_q: Its variances, shape (B,); 0 where t = 0.
        mean_p: Means of p(x_{t-1} | x_t), shape (B, ...).
        variance_p: Its variances, shape (B,), positive. Which ones (beta_t, the posterior's,
            learned ones) is the caller's choice.
        num_levels: Number of values K of the data.

    Returns:
        Terms in bits per dimension, shape (B,).

    Source: Ho et al., NeurIPS 2020, equation 5; Nichol and Dhariwal, ICML 2021, equations 4 to 6.
    """
    raise NotImplementedError("Q4d: vlb_term")


def p_sample(
    x_t: Tensor,
    t: int,
    eps: Tensor,
    noise: Tensor,
    betas: Tensor,
    variance: Literal["posterior", "beta"] = "posterior",
) -> Tensor:
    r"""One step of generation, from x_t to x_{t-1}.

        mean = ( x_t - beta_t / sqrt(1 - alpha_bar_t) eps ) / sqrt(1 - beta_t)
        x_{t-1} = mean + sigma_t noise,    and x_{-1} = mean at t = 0

    The mean is that of q(x_{t-1} | x_t, x_0) for the x_0 that eps and x_t imply, neither of them
    clipped.

    Args:
        x_t: Where generation stands, shape (B, ...).
        t: The step in 0..T-1, the same for all examples.
        eps: Noise that the model sees in x_t, shape (B, ...).
        noise: Fresh standard normal noise, shape (B, ...); not used at t = 0.
        betas: Variances of all steps, shape (T,).
        variance: "posterior" for sigma_t^2 = (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t) beta_t,
            right if the data are a single point; "beta" for sigma_t^2 = beta_t, right if they are
            N(0, I).

    Returns:
        x_{t-1}, shape (B, ...).

    Source: Ho et al., NeurIPS 2020, equation 11, section 3.2 and algorithm 2.
    """
    raise NotImplementedError("Q4e: p_sample")


def p_sample_loop(
    model: Model,
    x_T: Tensor,
    noises: Tensor,
    betas: Tensor,
    variance: Literal["posterior", "beta"] = "posterior",
) -> Tensor:
    r"""The whole chain, from noise to data: step T - 1 first, step 0 last.

    You may call :func:`p_sample`.

    Args:
        model: Called T times, as ``model(x_t, t)``, with the step for each example: t has shape
            (B,), dtype int64, and is on the device of x_T.
        x_T: Standard normal noise, the input of step T - 1, shape (B, ...).
        noises: Noise of the steps in the order of their use, shape (T, B, ...): noises[0] belongs
            to step T - 1. The last one, of step 0, is not used.
        betas: Variances of all steps, shape (T,).
        variance: As in :func:`p_sample`.

    Returns:
        Generated data, shape (B, ...).

    Source: Ho et al., NeurIPS 2020, algorithm 2.
    """
    raise NotImplementedError("Q4e: p_sample_loop")
