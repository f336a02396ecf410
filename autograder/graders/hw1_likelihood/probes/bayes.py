"""Experiments on ``likelihood.bayes``."""

import math

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng


def _model(hw: Package, rng: Rng, prior: Tensor, theta: Tensor) -> nn.Module:
    model = rng.module(hw.bayes.NaiveBayes(*theta.shape))
    model.prior, model.theta = prior, theta
    return model


def _random_model(hw: Package, rng: Rng, num_classes: int, num_dims: int) -> nn.Module:
    theta = rng.uniform(num_classes, num_dims, low=0.05, high=0.95)
    return _model(hw, rng, rng.probabilities(num_classes), theta)


def _fitted(hw: Package, rng: Rng, x: Tensor, y: Tensor, num_classes: int, alpha: float) -> dict:
    model = rng.module(hw.bayes.NaiveBayes(num_classes, x.shape[1], alpha=alpha))
    model.fit(x, y)
    return {"prior": model.prior, "theta": model.theta}


def fitted(hw: Package, rng: Rng) -> dict:
    x, y = rng.bernoulli(23, 5, p=0.3), rng.integers(0, 3, 23)
    return _fitted(hw, rng, x, y, 3, 1.0)


def fitted_with_an_empty_class(hw: Package, rng: Rng) -> dict:
    x, y = rng.bernoulli(9, 4, p=0.7), rng.integers(0, 4, 9)
    single = _fitted(hw, rng, x.float(), y, 5, 0.3)
    return {
        **_fitted(hw, rng, x, y, 5, 0.3),
        "keeps_dtype": {name: value.dtype == torch.float32 for name, value in single.items()},
    }


def fitted_without_smoothing(hw: Package, rng: Rng) -> dict:
    x, y = rng.bernoulli(8, 3), rng.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    model = rng.module(hw.bayes.NaiveBayes(3, 3, alpha=0.0))
    model.fit(x, y)
    model.fit(x[:6], y[:6])
    return {"prior": model.prior, "theta": model.theta}


def joint(hw: Package, rng: Rng) -> dict:
    model, x = _random_model(hw, rng, 3, 5), rng.bernoulli(7, 5)
    return {"log_joint": model.log_joint(x), "one": model.log_joint(x[:1])}


def joint_of_a_square(hw: Package, rng: Rng) -> dict:
    return {"log_joint": _random_model(hw, rng, 4, 4).log_joint(rng.bernoulli(4, 4))}


def joint_with_certain_pixels(hw: Package, rng: Rng) -> dict:
    theta = rng.tensor([[0.0, 1.0, 0.3], [0.4, 1.0, 0.0], [1.0, 0.2, 0.7]])
    x = rng.tensor([[0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    return {"log_joint": _model(hw, rng, rng.probabilities(3), theta).log_joint(x)}


def class_posterior(hw: Package, rng: Rng) -> dict:
    model, x = _random_model(hw, rng, 3, 6), rng.bernoulli(8, 6)
    observed = rng.mask(8, 6, p=0.6)
    every, no = rng.tensor([[True] * 6] * 8), rng.tensor([[False] * 6] * 8)
    return {
        "some": model.posterior(x, observed),
        "every": model.posterior(x, every),
        "no": model.posterior(x, no),
    }


def class_posterior_with_nan(hw: Package, rng: Rng) -> dict:
    model, x = _random_model(hw, rng, 4, 5), rng.bernoulli(5, 5)
    observed = rng.tensor(
        [
            [True, False, True, True, True],
            [True, True, False, False, True],
            [False, True, True, True, False],
            [True, False, False, True, False],
            [False, False, True, False, False],
        ]
    )
    return {"posterior": model.posterior(torch.where(observed, x, math.nan), observed)}


def class_posterior_with_certain_pixels(hw: Package, rng: Rng) -> dict:
    """Forty pixels speak for the classes that the first three pixels rule out."""
    theta = torch.cat(
        [
            rng.tensor([[0.0, 1.0, 0.3], [0.4, 1.0, 0.0], [1.0, 0.2, 0.7]]),
            rng.tensor([[0.9] * 40, [0.8] * 40, [0.1] * 40]),
        ],
        dim=1,
    )
    first = [[1.0, 1.0, 1.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 1.0]]
    x = rng.tensor([row + [1.0] * 40 for row in first])
    seen = [
        [True] * 43,
        [True] * 4 + [False] * 39,
        [False, True, True, True] + [False] * 39,
        [False, False, True] + [False] * 40,
        [False] * 43,
    ]
    model = _model(hw, rng, rng.probabilities(3), theta)
    return {"posterior": model.posterior(x, rng.tensor(seen))}


def class_posterior_of_many_pixels(hw: Package, rng: Rng) -> dict:
    theta = torch.cat([rng.uniform(3, 4, low=0.2, high=0.8), rng.tensor([[0.4] * 1996] * 3)], dim=1)
    model = _model(hw, rng, rng.probabilities(3), theta)
    x, observed = rng.bernoulli(2, 2000), rng.mask(2, 2000, p=0.9)
    uneven = rng.tensor([[True] * 2000, [True] * 3 + [False] * 1997])
    return {"posterior": model.posterior(x, observed), "uneven": model.posterior(x, uneven)}


def samples(hw: Package, rng: Rng) -> dict:
    model, y, u = _random_model(hw, rng, 3, 5), rng.integers(0, 3, 9), rng.uniform(9, 5)
    square = _random_model(hw, rng, 4, 4)
    order = rng.tensor([2, 0, 3, 2])
    return {
        "x": model.sample_class(y, u),
        "one": model.sample_class(y[:1], u[:1]),
        "square": square.sample_class(order, rng.uniform(4, 4)),
    }


def samples_on_the_boundary(hw: Package, rng: Rng) -> dict:
    theta = rng.tensor([[0.0, 1.0, 0.5, 0.25], [0.5, 0.0, 1.0, 0.75]])
    u = rng.tensor([[0.0, 0.875, 0.5, 0.125], [0.25, 0.0, 0.0, 0.75], [0.5, 0.0, 0.875, 0.5]])
    model = _model(hw, rng, rng.probabilities(2), theta)
    return {"x": model.sample_class(rng.tensor([0, 1, 1]), u)}


def imputed(hw: Package, rng: Rng) -> dict:
    """Pixel 0 tells two pairs of classes apart; within a pair what is observed says nothing."""
    sure, pair = [[1 - 1e-10]] * 2 + [[1e-10]] * 2, [0, 0, 1, 1]
    common, own = rng.uniform(2, 2)[pair], rng.uniform(4, 3)
    model = _model(
        hw,
        rng,
        rng.tensor([0.2, 0.3, 0.1, 0.4]),
        torch.cat([rng.tensor(sure), common, own], dim=1),
    )
    first, second = rng.tensor([0.4, 0.6, 0.0, 0.0]), rng.tensor([0.0, 0.0, 0.2, 0.8])
    model.posterior = lambda x, observed: torch.where((observed & (x == 1))[:, :1], first, second)
    telling = rng.tensor([[1.0], [0.0], [1.0], [1.0], [0.0], [0.0]])
    x = rng.keep(torch.cat([telling, rng.bernoulli(6, 5)], dim=1))
    observed = rng.tensor(
        [
            [True, True, True, False, False, False],
            [True, False, True, False, False, False],
            [True, True, False, False, False, False],
            [True, False, False, False, False, False],
            [True, True, True, False, False, False],
            [True, True, True, True, True, True],
        ]
    )
    return {
        "x": model.impute(x, observed),
        "nan": model.impute(torch.where(observed, x, math.nan), observed),
    }


def logistic(hw: Package, rng: Rng) -> dict:
    factor = rng.normal(4, 4)
    covariance = factor @ factor.T / 4 + 0.5 * torch.eye(4, device=rng.device)
    weight, bias = hw.bayes.gaussian_to_logistic(
        rng.probabilities(3), rng.normal(3, 4, mean=0.5), covariance
    )
    return {"weight": weight, "bias": bias}


def logistic_of_two_classes(hw: Package, rng: Rng) -> dict:
    covariance = rng.tensor([[2.0, 0.6], [0.6, 0.5]])
    weight, bias = hw.bayes.gaussian_to_logistic(
        rng.tensor([0.2, 0.8]), rng.normal(2, 2, mean=-1.0), covariance
    )
    return {"weight": weight, "bias": bias}


def counts(hw: Package, rng: Rng) -> dict:
    count = hw.bayes.count_parameters
    return {
        "naive": [count(5, 3), count(64, 10), count(1, 4)],
        "levels": [count(5, 3, 0, 4), count(6, 2, 2, 3)],
        "chain": [count(7, 3, 1), count(7, 3, 2), count(9, 1, 3)],
        "full": [count(4, 3, 3), count(4, 3, 9), count(3, 2, 2, 5)],
        "last_digits": [count(27, 3, 26) % 997, count(75, 3, 70) % 997, count(50, 3, 40, 3) % 997],
    }
