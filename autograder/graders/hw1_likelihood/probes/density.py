"""Experiments on ``likelihood.density``."""

import math

import torch

from autograder.sandbox.probe import Package, Rng, gradients


def histograms(hw: Package, rng: Rng) -> dict:
    x, data = rng.integers(0, 4, 7, 3), rng.integers(0, 4, 11, 3)
    log_prob = hw.density.histogram_log_prob
    return {
        "log_p": log_prob(x, data, levels=4, alpha=0.7),
        "laplace": log_prob(x, data, levels=6, alpha=1.0),
        "one": log_prob(x[:1], data, levels=4, alpha=2.5),
        "one_dimension": log_prob(x[:, :1], data[:, :1], levels=4, alpha=0.1),
    }


def histograms_with_unseen_levels(hw: Package, rng: Rng) -> dict:
    data = rng.tensor([[0, 3], [1, 3], [1, 3], [0, 2], [1, 2]])
    x = rng.tensor([[0, 3], [1, 2], [2, 3], [1, 0], [3, 1]])
    return {
        "smoothed": hw.density.histogram_log_prob(x, data, 5, 0.3),
        "maximum_likelihood": hw.density.histogram_log_prob(x, data, 5, 0.0),
    }


def histograms_without_data(hw: Package, rng: Rng) -> dict:
    x, data = rng.integers(0, 3, 4, 2), rng.integers(0, 3, 0, 2)
    return {"log_p": hw.density.histogram_log_prob(x, data, 3, 0.5)}


def kernels(hw: Package, rng: Rng) -> dict:
    x, data = rng.normal(7, 5), rng.normal(11, 5)
    return {
        "log_p": hw.density.kde_log_prob(x, data, 0.7),
        "wide": hw.density.kde_log_prob(x, data, 2.3),
        "one_point": hw.density.kde_log_prob(x[:1], data, 0.7),
        "one_datum": hw.density.kde_log_prob(x, data[:1], 0.7),
        "one_dimension": hw.density.kde_log_prob(x[:, :1], data[:, :1], 0.4),
        "many_dimensions": hw.density.kde_log_prob(
            rng.normal(2, 400, std=0.01), rng.normal(3, 400, std=0.01), 0.01
        ),
    }


def kernels_far_from_data(hw: Package, rng: Rng) -> dict:
    data = rng.normal(5, 3)
    x = data[:4] + rng.tensor([[0.0], [3.0], [-60.0], [4000.0]])
    return {
        "far": hw.density.kde_log_prob(x, data, 0.5),
        "narrow": hw.density.kde_log_prob(x, data, 0.01),
    }


def kernels_far_from_the_origin(hw: Package, rng: Rng) -> dict:
    x, data = rng.normal(4, 3, mean=1e6, std=0.02), rng.normal(5, 3, mean=1e6, std=0.02)
    return {"log_p": hw.density.kde_log_prob(x, data, 0.01)}


def bits(hw: Package, rng: Rng) -> dict:
    nll = rng.normal(7, mean=300, std=90)
    return {
        "bits": hw.density.bits_per_dim(nll, 48),
        "one": hw.density.bits_per_dim(nll[:1], 48),
        "densities": hw.density.bits_per_dim(rng.normal(3, 2, mean=-40, std=30), 17),
    }


def dequantized(hw: Package, rng: Rng) -> dict:
    x, u = rng.integers(0, 256, 2, 3, 4, 4), rng.uniform(2, 3, 4, 4)
    return {
        "images": hw.density.dequantize(x, u, 256),
        "bytes": hw.density.dequantize(x.to(torch.uint8), u, 256),
        "few_levels": hw.density.dequantize(rng.integers(0, 5, 7, 5), rng.uniform(7, 5), 5),
        "keeps_dtype": hw.density.dequantize(x, u.float(), 256).dtype == torch.float32,
    }


def dequantized_ends(hw: Package, rng: Rng) -> dict:
    x, u = rng.tensor([0, 0, 1, 1]), rng.tensor([0.0, 0.75, 0.0, 0.75])
    return {"binary": hw.density.dequantize(x, u, 2)}


def logits(hw: Package, rng: Rng) -> dict:
    x = rng.uniform(7, 5)
    return {
        "points": hw.density.logit_transform(x, 0.05),
        "one": hw.density.logit_transform(x[:1], 0.2),
        "images": hw.density.logit_transform(rng.uniform(3, 2, 4, 3), 0.01),
        "sequences": hw.density.logit_transform(rng.uniform(4, 2, 3), 0.1),
        "transposed": hw.density.logit_transform(rng.uniform(3, 4, 2).mT, 0.1),
    }


def logits_of_black_and_white(hw: Package, rng: Rng) -> dict:
    x = rng.tensor([[0.0, 1.0, 0.5], [1.0, 1.0, 0.0]])
    return {"ends": hw.density.logit_transform(x, 0.02)}


def inverse_logits(hw: Package, rng: Rng) -> dict:
    y = rng.normal(7, 5, std=2)
    return {
        "points": hw.density.inverse_logit_transform(y, 0.05),
        "one": hw.density.inverse_logit_transform(y[:1], 0.2),
        "images": hw.density.inverse_logit_transform(rng.normal(3, 2, 4, 3), 0.01),
        "sequences": hw.density.inverse_logit_transform(rng.normal(4, 2, 3), 0.1),
        "transposed": hw.density.inverse_logit_transform(rng.normal(3, 4, 2).mT, 0.1),
    }


def inverse_logits_far_out(hw: Package, rng: Rng) -> dict:
    y = rng.tensor([[50.0, -3.0], [-50.0, 6.0], [900.0, -900.0]])
    return {"far": hw.density.inverse_logit_transform(y, 0.03)}


def _mixture(rng: Rng) -> tuple:
    return rng.normal(3), rng.normal(3, 4), rng.normal(3, 4, std=0.5)


def _distant_mixture(rng: Rng) -> tuple:
    """Four components thousands of standard deviations apart, and a point beside each."""
    logits = rng.tensor([2e4, -1e4, 0.0, -3e4]) + rng.normal(4, std=10)
    means = rng.tensor([[-3e3], [-1e3], [1e3], [4e3]]) + rng.normal(4, 4, std=10)
    log_stds = rng.normal(4, 4, std=0.3)
    return means + rng.normal(4, 4), logits, means, log_stds


def joint(hw: Package, rng: Rng) -> dict:
    x, parameters = rng.normal(7, 4), _mixture(rng)
    return {
        "log_joint": hw.density.gmm_log_joint(x, *parameters),
        "one": hw.density.gmm_log_joint(x[:1], *parameters),
    }


def joint_of_narrow_components(hw: Package, rng: Rng) -> dict:
    x, means = rng.normal(4, 3, std=1e-6), rng.normal(2, 3, std=1e-6)
    log_stds = rng.normal(2, 3, mean=-14, std=0.3)
    return {"log_joint": hw.density.gmm_log_joint(x, rng.normal(2), means, log_stds)}


def joint_of_distant_components(hw: Package, rng: Rng) -> dict:
    return {"log_joint": hw.density.gmm_log_joint(*_distant_mixture(rng))}


def mixture(hw: Package, rng: Rng) -> dict:
    x, parameters = rng.normal(7, 4), _mixture(rng)
    return {
        "log_p": hw.density.gmm_log_prob(x, *parameters),
        "one": hw.density.gmm_log_prob(x[:1], *parameters),
        "one_component": hw.density.gmm_log_prob(x, *(value[:1] for value in parameters)),
    }


def mixture_of_distant_components(hw: Package, rng: Rng) -> dict:
    return {"log_p": hw.density.gmm_log_prob(*_distant_mixture(rng))}


def mixture_gradients(hw: Package, rng: Rng) -> dict:
    inputs = [value.clone().requires_grad_() for value in (rng.normal(5, 4), *_mixture(rng))]
    x, logits, means, log_stds = gradients(hw.density.gmm_log_prob(*inputs), inputs)
    return {"x": x, "logits": logits, "means": means, "log_stds": log_stds}


def samples(hw: Package, rng: Rng) -> dict:
    logits, means, log_stds = rng.normal(4), rng.normal(4, 3, std=3), rng.normal(4, 3, std=0.5)
    u = (rng.permutation(11) + rng.uniform(11, low=0.1, high=0.9)) / 11
    eps = rng.normal(11, 3)
    return {
        "samples": hw.density.gmm_sample(logits, means, log_stds, u, eps),
        "one": hw.density.gmm_sample(logits, means, log_stds, u[:1], eps[:1]),
    }


def samples_with_zero_weights(hw: Package, rng: Rng) -> dict:
    means, log_stds = rng.normal(4, 2), rng.normal(4, 2, std=0.5)
    u, eps = rng.tensor([0.0, 0.3, 0.7, 0.98]), rng.normal(4, 2)
    one = rng.tensor([3e4, -2e4, 4e4, 1e4])
    some = rng.tensor([-math.inf, 0.4, -math.inf, 0.1])
    return {
        "one_component": hw.density.gmm_sample(one, means, log_stds, u, eps),
        "two_components": hw.density.gmm_sample(some, means, log_stds, u, eps),
    }


def samples_on_the_boundary(hw: Package, rng: Rng) -> dict:
    means, log_stds, eps = rng.normal(10, 2), rng.normal(10, 2, std=0.5), rng.normal(4, 2)
    four, ten = rng.tensor([0.0] * 4), rng.tensor([0.0] * 10)
    quarters, last = rng.tensor([0.25, 0.0, 0.75, 0.5]), rng.tensor([1 - 2**-53])
    return {
        "quarters": hw.density.gmm_sample(four, means[:4], log_stds[:4], quarters, eps),
        "last": hw.density.gmm_sample(ten, means, log_stds, last, eps[:1]),
    }


def em(hw: Package, rng: Rng) -> dict:
    return {"step": hw.density.em_step(rng.normal(9, 3), rng.normal(9, 4, std=1.5))}


def em_with_unlikely_rows(hw: Package, rng: Rng) -> dict:
    offsets = rng.tensor([[-1000.0], [0.0], [-900.0], [-20.0], [800.0], [-2.0]])
    return {"step": hw.density.em_step(rng.normal(6, 2), rng.normal(6, 3) + offsets)}


def em_of_narrow_data(hw: Package, rng: Rng) -> dict:
    x = rng.normal(8, 2, mean=3, std=1e-6)
    return {"step": hw.density.em_step(x, rng.normal(8, 3))}


def em_with_one_component(hw: Package, rng: Rng) -> dict:
    x = rng.normal(6, 2, mean=3, std=2)
    return {"step": hw.density.em_step(x, rng.normal(6, 1, mean=-40, std=20))}


def divergences(hw: Package, rng: Rng) -> dict:
    p, q = rng.probabilities(7, 5), rng.probabilities(7, 5)
    return {
        "kl": hw.density.kl_categorical(p, q),
        "one": hw.density.kl_categorical(p[:1], q[:1]),
        "equal": hw.density.kl_categorical(p, p),
    }


def divergences_with_zeros(hw: Package, rng: Rng) -> dict:
    p = rng.tensor([[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.5, 0.0], [1.0, 0.0, 0.0, 0.0]])
    q = rng.tensor([[0.25, 0.25, 0.5, 0.0], [0.4, 0.2, 0.3, 0.1], [0.0, 1.0, 0.0, 0.0]])
    tiny = rng.tensor([[0.5, 0.5, 1e-20], [1e-20, 0.25, 0.75]])
    other = rng.tensor([[1e-20, 0.4, 0.6], [0.3, 0.7, 1e-20]])
    return {
        "kl": hw.density.kl_categorical(p, q),
        "tiny": hw.density.kl_categorical(tiny, other),
    }
