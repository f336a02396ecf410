"""Experiments on ``likelihood.outliers``."""

import math

from autograder.sandbox.probe import Package, Rng


def p_values(hw: Package, rng: Rng) -> dict:
    log_prob, train = rng.normal(7, mean=-20, std=3), rng.normal(11, mean=-20, std=3)
    return {"p": hw.outliers.rank_p_value(log_prob, train)}


def p_values_with_ties(hw: Package, rng: Rng) -> dict:
    train = rng.tensor([-3.0, -1.0, -1.0, -1.0, 2.0, 2.0, 5.0])
    log_prob = rng.tensor([-9.0, -3.0, -1.0, 0.0, 2.0, 5.0, 6.0, -2.0])
    return {
        "p": hw.outliers.rank_p_value(log_prob, train),
        "one": hw.outliers.rank_p_value(log_prob[:1], train),
        "impossible": hw.outliers.rank_p_value(rng.tensor([-math.inf, -math.inf]), train),
        "close": hw.outliers.rank_p_value(
            rng.tensor([-1e5, -1e5 + 0.1, -1e5 + 0.2, -1e5 - 0.1]),
            rng.tensor([-1e5 + 0.1, -1e5, -1e5 + 0.2, -1e5 + 0.3, -1e5]),
        ),
    }


def typicality(hw: Package, rng: Rng) -> dict:
    train = rng.normal(11, mean=-30, std=5)
    log_prob = rng.normal(6, 4, mean=-30, std=5) + rng.tensor(
        [[-20.0], [-8.0], [0.0], [1.0], [9.0], [25.0]]
    )
    return {"score": hw.outliers.typicality_score(log_prob, train)}


def typicality_of_single_examples(hw: Package, rng: Rng) -> dict:
    train = rng.normal(5, mean=-3, std=2)
    offsets = rng.tensor([[-15.0], [-6.0], [0.0], [7.0], [16.0]])
    log_prob = rng.keep(rng.normal(5, 1, mean=-3, std=2) + offsets)
    return {"score": hw.outliers.typicality_score(log_prob, train)}


def ratio(hw: Package, rng: Rng) -> dict:
    log_prob, difference = rng.normal(7, mean=-25, std=6), rng.normal(7)
    background = log_prob + difference + rng.tensor([-20.0, -9.0, -2.0, 0.0, 1.0, 7.0, 15.0])
    return {
        "score": hw.outliers.likelihood_ratio_score(log_prob, rng.keep(background)),
        "images": hw.outliers.likelihood_ratio_score(
            rng.normal(5, mean=-2000, std=300), rng.normal(5, mean=-2600, std=300)
        ),
    }


def complexity(hw: Package, rng: Rng) -> dict:
    log_prob = rng.normal(7, mean=-90, std=30)
    return {"score": hw.outliers.complexity_score(log_prob, rng.integers(10, 60, 7), 64)}


def area(hw: Package, rng: Rng) -> dict:
    few, many = rng.normal(5, mean=0.7), rng.normal(9)
    return {"auroc": hw.outliers.auroc(many, few), "reversed": hw.outliers.auroc(few, many)}


def area_with_ties(hw: Package, rng: Rng) -> dict:
    inliers = rng.integers(0, 4, 12) + 0.5 * rng.tensor(1.0)
    outliers = rng.integers(1, 5, 7) + 0.5 * rng.tensor(1.0)
    return {
        "auroc": hw.outliers.auroc(inliers, outliers),
        "all_equal": hw.outliers.auroc(inliers * 0, outliers * 0),
        "close": hw.outliers.auroc(
            rng.tensor([1e5, 1e5 + 0.1, 1e5, 1e5 + 0.2]),
            rng.tensor([1e5 + 0.1, 1e5 + 0.3, 1e5 + 0.2]),
        ),
    }


def area_with_infinite_scores(hw: Package, rng: Rng) -> dict:
    inliers = rng.tensor([0.3, math.inf, -1.0, 2.0, -math.inf])
    outliers = rng.tensor([math.inf, 1.0, math.inf, -2.0, -math.inf, 4.0, 0.3])
    return {"auroc": hw.outliers.auroc(inliers, outliers)}
