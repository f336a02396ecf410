r"""Q1. Energy-based models.

An energy gives every point a number, low where data are, and with it a density up to a constant:

    p(x) = exp(-E(x)) / Z,    Z = int exp(-E(x)) dx

Any network with one output will do for E, because nothing has to integrate to one. The price is Z,
which nobody can compute in more than a few dimensions. The functions of this module are the known
ways around it: sampling needs only the slope of E (Langevin) or its differences (Metropolis);
maximum likelihood needs only samples (contrastive divergence); a classifier that tells data from
noise finds Z on the way (noise-contrastive estimation); and a softmax classifier has an energy
in it already (JEM).

Conventions: an ``energy`` is a function of x, shape (B, ...), with one value per example, of shape
(B,) or (B, 1): both occur in practice, and every function here takes either. It treats the examples
of a batch independently. Binary units are 0 or 1, in floating point. Logarithms are natural.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Energy = Callable[[Tensor], Tensor]


def langevin_step(energy: Energy, x: Tensor, step: float, noise: Tensor) -> Tensor:
    r"""One step of unadjusted Langevin dynamics.

        x' = x - step/2 * grad E(x) + sqrt(step) * noise

    Repeated with small steps it leads to samples of exp(-E)/Z, and never needs Z.

    The step is no part of any training graph: the result does not require a gradient, whatever x
    and the energy's parameters do; the ``.grad`` of x and of the parameters is left alone, as is
    ``x.requires_grad``. It also works inside ``torch.no_grad()``.

    Args:
        energy: E, with values of shape (B,) or (B, 1).
        x: The present points, shape (B, ...).
        step: Step size, positive: the variance of the noise that is added.
        noise: Standard normal noise, shaped like x.

    Returns:
        The next points x', shaped like x.

    Source: Welling and Teh, "Bayesian learning via stochastic gradient Langevin dynamics",
    ICML 2011, equation 3, with U = E.
    """
    # BEGIN SOLUTION
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(energy(x).sum(), x)
    return x.detach() - step / 2 * slope + math.sqrt(step) * noise
    # END SOLUTION


def mala_log_acceptance(energy: Energy, x: Tensor, proposal: Tensor, step: float) -> Tensor:
    r"""Logarithm of the Metropolis-Hastings ratio for a Langevin proposal (MALA).

    :func:`langevin_step` proposes x' from q(x' | x) = N(x - step/2 * grad E(x), step * I), which
    makes an error for every step above zero. Accepting x' with probability min(1, r) removes it:

        log r = E(x) - E(x') + log q(x | x') - log q(x' | x)

    The result is log r itself, not cut off at 0, so that swapping x and x' changes its sign.
    Constants of q cancel. It does not require a gradient; the ``.grad`` of the energy's parameters
    is left alone. Works inside ``torch.no_grad()``.

    Args:
        energy: E, with values of shape (B,) or (B, 1).
        x: The present points, shape (B, ...).
        proposal: The proposed points x', shaped like x; any points, also far ones.
        step: Step size of the proposal, as in :func:`langevin_step`.

    Returns:
        log r, shape (B,).

    Source: Roberts and Tweedie, "Exponential convergence of Langevin distributions and their
    discrete approximations", Bernoulli 1996, section 1.4.
    """
    # BEGIN SOLUTION
    with torch.enable_grad():
        x, proposal = x.detach().requires_grad_(), proposal.detach().requires_grad_()
        before, after = energy(x).reshape(-1), energy(proposal).reshape(-1)
        slope, proposal_slope = torch.autograd.grad((before + after).sum(), (x, proposal))
    there = (proposal - x + step / 2 * slope).square().flatten(1).sum(dim=1)
    back = (x - proposal + step / 2 * proposal_slope).square().flatten(1).sum(dim=1)
    return (before - after + (there - back) / (2 * step)).detach()
    # END SOLUTION


def metropolis_select(x: Tensor, proposal: Tensor, log_ratio: Tensor, u: Tensor) -> Tensor:
    r"""The next state of a Metropolis-Hastings chain, from given uniforms.

        x' = proposal    where log u < log_ratio,    x elsewhere

    Every example decides for itself. A ratio of zero (``log_ratio`` = -inf) rejects for every u,
    u = 0 included. A rejected proposal may hold anything, infinities and NaN included, and leaves
    no trace.

    Args:
        x: The present points, shape (B, ...).
        proposal: The proposed points, shaped like x.
        log_ratio: Logarithms of the acceptance ratios, shape (B,); above 0 means certain
            acceptance, and exp(log_ratio) may overflow.
        u: Uniform numbers in [0, 1), shape (B,).

    Returns:
        The chosen points, shaped like x.
    """
    # BEGIN SOLUTION
    accepted = u.log() < log_ratio
    return torch.where(accepted.reshape(-1, *[1] * (x.dim() - 1)), proposal, x)
    # END SOLUTION


def contrastive_divergence_loss(
    energy: Energy, data: Tensor, samples: Tensor, regularization: float = 0.0
) -> Tensor:
    r"""Loss whose gradient is that of the negative log-likelihood.

        loss = 1/N sum_n E(x_n) - 1/M sum_m E(y_m)
               + regularization * ( 1/N sum_n E(x_n)^2 + 1/M sum_m E(y_m)^2 )

    with data x and samples y of the model. The samples are constants: the gradient reaches the
    energy's parameters through E(y) and never runs back through y into the chain that made them.
    The last term (regularization > 0) keeps energies near zero, which the first two leave free to
    drift.

    Args:
        energy: E, with values of shape (B,) or (B, 1).
        data: Data, shape (N, ...).
        samples: Samples of the model, shape (M, ...); M may differ from N.
        regularization: Weight of the squared energies.

    Returns:
        The loss, shape (). Its value says nothing about the likelihood; its gradient does.

    Source: Hinton, "Training products of experts by minimizing contrastive divergence", 2002; Du
    and Mordatch, "Implicit generation and modeling with energy based models", NeurIPS 2019,
    sections 3 and 4.
    """
    # BEGIN SOLUTION
    low, high = energy(data), energy(samples.detach())
    penalty = low.square().mean() + high.square().mean()
    return low.mean() - high.mean() + regularization * penalty
    # END SOLUTION


def rbm_free_energy(v: Tensor, weight: Tensor, b: Tensor, c: Tensor) -> Tensor:
    r"""Free energy of the visible units of a restricted Boltzmann machine.

    The energy of visible units v and hidden units h, all 0 or 1, is

        E(v, h) = -b.v - c.h - v.W.h

    and summing over the 2^H states of h leaves

        F(v) = -log sum_h exp(-E(v, h)) = -b.v - sum_j log(1 + exp(c_j + (v.W)_j))

    Args:
        v: Visible units, shape (B, D).
        weight: W, shape (D, H).
        b: Biases of the visible units, shape (D,).
        c: Biases of the hidden units, shape (H,). Parameters as large as 1e4 occur.

    Returns:
        F(v), shape (B,).

    Source: Hinton, "A practical guide to training restricted Boltzmann machines", 2012,
    section 16.1.
    """
    # BEGIN SOLUTION
    return -v @ b - F.softplus(v @ weight + c).sum(dim=1)
    # END SOLUTION


def rbm_log_partition(weight: Tensor, b: Tensor, c: Tensor) -> Tensor:
    r"""Log partition function of a small restricted Boltzmann machine, by enumeration.

        log Z = log sum_v exp(-F(v)),    v over all 2^D states in {0, 1}^D

    With it, log p(v) = -F(v) - log Z is a normalised log-probability. You may call
    :func:`rbm_free_energy`. The parameters' gradients flow through the result.

    Args:
        weight: W, shape (D, H), with D at most 12.
        b: Biases of the visible units, shape (D,).
        c: Biases of the hidden units, shape (H,). Parameters as large as 1e4 occur.

    Returns:
        log Z, shape ().
    """
    # BEGIN SOLUTION
    bits = torch.arange(len(b), device=b.device)
    states = torch.arange(2 ** len(b), device=b.device)[:, None] >> bits & 1
    return (-rbm_free_energy(states.to(b.dtype), weight, b, c)).logsumexp(dim=0)
    # END SOLUTION


def nce_loss(energy: Energy, c: Tensor, log_noise: Energy, data: Tensor, noise: Tensor) -> Tensor:
    r"""Noise-contrastive estimation: learn a density by telling data from noise.

    The model is log p(x) = -E(x) + c, where c, a parameter like any other, takes the place of
    -log Z. Among N data and M = nu * N noise examples, the probability that x is one of the data is

        h(x) = p(x) / (p(x) + nu * q(x)) = sigmoid(log p(x) - log q(x) - log nu),    nu = M/N

    and the loss is the logistic regression of the two kinds, per example of the data:

        loss = -1/N ( sum_n log h(x_n) + sum_m log(1 - h(y_m)) )

    At its minimum p is the density of the data, normalised: c = -log Z comes out by itself. The
    loss stays finite, and right, for energies of 1e4.

    Args:
        energy: E, with values of shape (B,) or (B, 1).
        c: Minus the log-normaliser, shape ().
        log_noise: log q, the log-density of the noise, values of shape (B,).
        data: Data x, shape (N, ...).
        noise: Draws y from q, shape (M, ...); M may differ from N.

    Returns:
        The loss, shape ().

    Source: Gutmann and Hyvärinen, "Noise-contrastive estimation of unnormalized statistical
    models", JMLR 2012, section 2.2, with the sign turned to make it a loss.
    """
    # BEGIN SOLUTION
    log_nu = math.log(len(noise) / len(data))
    data_logits = -energy(data).reshape(-1) + c - log_noise(data) - log_nu
    noise_logits = -energy(noise).reshape(-1) + c - log_noise(noise) - log_nu
    return (F.softplus(-data_logits).sum() + F.softplus(noise_logits).sum()) / len(data)
    # END SOLUTION


def jem_energy(logits: Tensor) -> Tensor:
    r"""The energy that a softmax classifier gives to its input.

    Read the logits f_k(x) of a classifier as unnormalised joint log-densities,
    p(x, y = k) = exp(f_k(x)) / Z. The posterior is the usual softmax, and summing over the classes
    gives p(x) = exp(-E(x)) / Z with

        E(x) = -log sum_k exp(f_k(x))

    A constant that is added to all logits changes no posterior and does change E.

    Args:
        logits: f_k(x), shape (B, K); entries may lie at plus or minus 1e4.

    Returns:
        E, shape (B,).

    Source: Grathwohl et al., "Your classifier is secretly an energy based model and you should
    treat it like one", ICLR 2020, section 3.
    """
    # BEGIN SOLUTION
    return -logits.logsumexp(dim=1)
    # END SOLUTION


def jem_loss(logits: Tensor, labels: Tensor, sample_logits: Tensor) -> Tensor:
    r"""Loss of a classifier that is trained as a joint model of inputs and labels.

    log p(x, y) = log p(y | x) + log p(x). The first term is exact; the gradient of the second needs
    samples of the model:

        loss = 1/N sum_n -log p(y_n | x_n) + 1/N sum_n E(x_n) - 1/M sum_m E(sample_m)

    You may call :func:`jem_energy`. Gradients reach both arguments.

    Args:
        logits: Logits of the data, shape (N, K).
        labels: Classes of the data in 0..K-1, int64, shape (N,).
        sample_logits: Logits of samples of the model, which have no labels, shape (M, K); M may
            differ from N.

    Returns:
        The loss, shape ().

    Source: Grathwohl et al., ICLR 2020, section 3.
    """
    # BEGIN SOLUTION
    contrast = jem_energy(logits).mean() - jem_energy(sample_logits).mean()
    return F.cross_entropy(logits, labels) + contrast
    # END SOLUTION
