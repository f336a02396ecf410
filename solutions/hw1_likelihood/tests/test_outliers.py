"""Public checks of Q7: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, tensor
from likelihood import outliers


@pytest.mark.part("a")
def test_p_value_by_hand() -> None:
    train = tensor([-5.0, -4.0, -3.0, -2.0])
    close(
        outliers.rank_p_value(tensor([-9.0, -3.5, 0.0]), train),
        [1 / 5, 3 / 5, 5 / 5],
        "rank_p_value of -9, -3.5 and 0 among -5, -4, -3, -2: none, two and all four are at most "
        "as likely, plus the example itself",
    )


@pytest.mark.part("a")
def test_p_value_counts_ties() -> None:
    close(
        outliers.rank_p_value(tensor([-3.0]), tensor([-3.0, -3.0, -1.0])),
        [3 / 4],
        "rank_p_value of -3 among -3, -3, -1: `<=` counts both ties",
    )


@pytest.mark.part("b")
def test_typicality_by_hand() -> None:
    train = tensor([-8.0, -10.0, -12.0, -14.0])
    batches = tensor([[-10.0, -12.0], [-20.0, -30.0], [-1.0, -3.0]])
    close(
        outliers.typicality_score(batches, train),
        [0.0, 14.0, 9.0],
        "typicality_score of three batches of two, training entropy 11 nats: a typical batch, one "
        "that is too unlikely and one that is too likely",
    )


@pytest.mark.part("b")
def test_typicality_judges_the_batch_as_a_whole() -> None:
    close(
        outliers.typicality_score(tensor([[-1.0, -9.0]]), tensor([-5.0, -5.0, -5.0])),
        [0.0],
        "typicality_score of one batch with log-likelihoods -1 and -9, training entropy 5: their "
        "mean is typical (average first, then take the absolute value)",
    )


@pytest.mark.part("c")
def test_likelihood_ratio_by_hand() -> None:
    close(
        outliers.likelihood_ratio_score(tensor([-10.0, -10.0]), tensor([-30.0, -4.0])),
        [-20.0, 6.0],
        "likelihood_ratio_score with log p = -10: low where the background (-30) explains x worse, "
        "high where it (-4) explains x better",
    )


@pytest.mark.part("c")
def test_complexity_by_hand() -> None:
    close(
        outliers.complexity_score(tensor([-64 * math.log(2)]), torch.tensor([4]), 32),
        [64 / 32 - 4 * 8 / 32],
        "complexity_score of an example of 64 bits under the model, compressed to 4 bytes, with 32 "
        "dimensions: 2 bits/dim minus 1 bit/dim",
    )


@pytest.mark.part("d")
def test_auroc_by_hand() -> None:
    close(
        outliers.auroc(tensor([1.0, 2.0, 3.0]), tensor([2.0, 4.0])),
        (1.5 + 3) / 6,
        "auroc of inliers 1, 2, 3 and outliers 2, 4: the first outlier beats one inlier and ties "
        "with one, the second beats all three, of 6 pairs",
    )


@pytest.mark.part("d")
def test_auroc_of_perfect_and_useless_scores() -> None:
    inliers = tensor([0.1, 0.2, 0.3])
    close(outliers.auroc(inliers, inliers + 1), 1.0, "auroc where every outlier scores higher")
    close(outliers.auroc(inliers, inliers - 1), 0.0, "auroc where every outlier scores lower")
    close(outliers.auroc(inliers * 0, inliers * 0), 0.5, "auroc where all scores are equal")
    endless = tensor([math.inf, math.inf])
    close(outliers.auroc(endless, endless), 0.5, "auroc where all scores are inf: ties as well")
