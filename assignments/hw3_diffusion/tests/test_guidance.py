"""Public checks of Q6: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, tensor
from diffusion import guidance


def model(x: torch.Tensor, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Predicts 10 y + t in every entry."""
    return torch.zeros_like(x) + (10.0 * y + t)[:, None]


@pytest.mark.part("a")
def test_drop_labels_by_hand():
    y, u = torch.tensor([4, 1, 0, 2]), tensor([0.9, 0.1, 0.05, 0.3])
    got = guidance.drop_labels(y, u, 0.25, 5)
    close(
        got,
        [4, 5, 5, 2],
        "drop_labels: (4, 1, 0, 2) with u = (0.9, 0.1, 0.05, 0.3), p = 0.25, null 5",
    )
    assert got.dtype == torch.int64, f"drop_labels: labels stay int64, got {got.dtype}"
    assert y.tolist() == [4, 1, 0, 2], "drop_labels: the argument y was changed in place"


@pytest.mark.part("a")
@pytest.mark.parametrize(("p", "expected"), [(0.0, [3, 1]), (1.0, [7, 7])])
def test_drop_labels_never_and_always(p, expected):
    got = guidance.drop_labels(torch.tensor([3, 1]), tensor([0.0, 0.999]), p, 7)
    close(got, expected, f"drop_labels: (3, 1) with u = (0, 0.999), p = {p:g}, null label 7")


@pytest.mark.part("b")
@pytest.mark.parametrize(("w", "expected"), [(0.0, 32.0), (1.0, 12.0), (3.5, -38.0)])
def test_guidance_by_hand(w, expected):
    """The model predicts 12 with the label and 32 without."""
    y, t = torch.tensor([1, 1]), torch.tensor([2, 2])
    got = guidance.classifier_free_guidance(model, torch.zeros(2, 3).double(), t, y, 3, w)
    close(
        got,
        [[expected] * 3] * 2,
        f"classifier_free_guidance: w = {w:g}, with predictions 12 (label 1) and 32 (null label "
        "3); w = 1 is the conditional model, w = 0 the unconditional one",
    )


@pytest.mark.part("c")
def test_classifier_score_by_hand():
    """Logits (2 x, 0) give log p(0 | x) = -log(1 + exp(-2 x)), whose slope at 0 is 1."""

    def classifier(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return torch.cat([2 * x, 0 * x], dim=1) * (1 + t[:, None])

    x, t = tensor([[0.0], [0.0], [0.0]]), torch.tensor([0, 0, 3])
    with torch.no_grad():
        got = guidance.classifier_score(classifier, x, t, torch.tensor([0, 1, 0]))
    close(
        got,
        [[1.0], [-1.0], [4.0]],
        "classifier_score of labels (0, 1, 0) at x = 0 for logits (1 + t)(2 x, 0)",
    )
    assert not got.requires_grad, (
        "classifier_score: the score must come without a graph: requires_grad is True"
    )


@pytest.mark.part("c")
def test_classifier_guidance_by_hand():
    eps, score = tensor([[1.0, 2.0], [1.0, 2.0]]), tensor([[1.0, -1.0], [1.0, -1.0]])
    got = guidance.classifier_guidance(eps, score, tensor([0.75, 0.36]), 2.0)
    close(
        got,
        [[0.0, 3.0], [-0.6, 3.6]],
        "classifier_guidance: eps (1, 2), score (1, -1), scale 2: the noise has standard deviation "
        "0.5 in the first row and 0.8 in the second",
    )


@pytest.mark.part("c")
def test_classifier_guidance_is_bayes_rule():
    """For x ~ N(0, 1) at every noise level, eps = sqrt(1 - alpha_bar) x and the score is -x."""
    x, a, alpha_bar = tensor([[0.3]]), 1.7, tensor([0.4])
    eps = math.sqrt(0.6) * x
    got = guidance.classifier_guidance(eps, torch.full_like(x, a), alpha_bar, 1.0)
    close(
        -got / math.sqrt(0.6),
        [[-0.3 + a]],
        "classifier_guidance: with scale 1, -eps' / sqrt(1 - alpha_bar) is the sum of the model's "
        "score, -0.3, and the classifier's, 1.7",
    )
