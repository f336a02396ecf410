"""Guesses at a mistake from how a value is wrong."""

import math

import pytest
import torch

from autograder.grading.patterns import guess

VALUES = torch.tensor(
    [[0.3, -1.7, 2.2], [1.1, 0.4, -0.6], [-2.5, 0.9, 0.8], [1.3, 3.1, -0.2]], dtype=torch.float64
)
POSITIVE = VALUES.abs() + 0.1


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        (-VALUES, VALUES, "sign is wrong"),
        (VALUES[:3].T.contiguous(), VALUES[:3], "swapped"),
        (2 * VALUES, VALUES, "missing 1/2"),
        (VALUES / 2, VALUES, "1/2 too many"),
        (VALUES / math.log(2), VALUES, "nats and bits"),
        (7 * VALUES, VALUES, "sum where a mean"),
        (VALUES / 5, VALUES, "mean where a sum"),
        (-3 * VALUES, VALUES, "sign is wrong"),
        (VALUES * 1.2345, VALUES, "same factor"),
        (VALUES + 0.7, VALUES, "same in every entry"),
        (POSITIVE**2, POSITIVE, "variance or standard deviation"),
        (POSITIVE.sqrt(), POSITIVE, "variance or standard deviation"),
        (VALUES.exp(), VALUES, "return the logarithm"),
        (VALUES, VALUES.exp(), "logarithm of the right value"),
        (1 - VALUES, VALUES, "one minus"),
        (VALUES.flip(1), VALUES, "reversed"),
        (VALUES.roll(1, 0), VALUES, "off by one"),
    ],
)
def test_a_wrong_value_is_recognised(got, expected, words):
    assert words in guess("value", got, expected)


MASK = torch.tensor([[True, False, True], [False, False, True]])


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64])
def test_masks_and_integers_are_recognised_too(dtype):
    mask = MASK.to(dtype)
    assert "one minus" in guess("value", (~MASK).to(dtype), mask)
    assert "reversed" in guess("value", mask.flip(0), mask)
    assert guess("value", torch.zeros_like(mask), mask) == ""


def test_a_wrong_boundary_entry_is_recognised():
    got = VALUES.clone()
    got[0] += torch.tensor([1.0, 2.0, -5.0])
    assert "first entry along dimension 0" in guess("value", got, VALUES)


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (torch.zeros(7, 1), "size 1 is left over"),
        (torch.zeros(7, 7), "broadcast"),
        (torch.zeros(()), "one value per example"),
        (torch.zeros(7, 5), "summed over the other dimensions"),
    ],
)
def test_a_wrong_shape_is_recognised(got, words):
    assert words in guess("shape", got, torch.zeros(7))


def test_single_precision_is_recognised():
    hint = guess("dtype", VALUES.float(), VALUES)
    assert ".float()" in hint
    assert "inputs are integers, the result is in torch's default dtype" in hint


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.bool])
@pytest.mark.parametrize("expected", [0, 1])
def test_a_single_zero_or_one_gets_no_guess(dtype, expected):
    for got in (0, 1, -25):
        if got != expected:
            assert guess("value", *(torch.tensor(it).to(dtype) for it in (got, expected))) == ""


@pytest.mark.parametrize("expected", [0.0, 1e-13])
def test_what_is_nearly_zero_is_no_exponential(expected):
    right = torch.full((3,), expected, dtype=torch.float64)
    assert "logarithm" not in guess("value", torch.tensor([-25.0, -40.0, -31.0]).double(), right)


def test_the_exponential_of_a_very_negative_value_is_recognised():
    expected = 40 * VALUES - 100
    assert "return the logarithm" in guess("value", expected.exp(), expected)


RIGHT = torch.tensor([0.5, math.inf, 2.0], dtype=torch.float64)


OF_NAN, OF_OVERFLOW, OF_CLIPPING = "0 * log 0", "logsumexp", "do not clip"


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        ([0.5, math.nan, 2.0], RIGHT, OF_NAN),
        ([math.nan, 1.0, 2.0], RIGHT.clamp(max=2.0), OF_NAN),
        ([0.5, math.inf, 2.0], RIGHT.clamp(max=2.0), OF_OVERFLOW),
        ([0.5, math.inf, math.inf], RIGHT, OF_OVERFLOW),
        ([0.5, 46.0, 2.0], RIGHT, OF_CLIPPING),
    ],
)
def test_what_is_not_finite_has_causes_of_its_own(got, expected, words):
    hint = guess("finite", torch.tensor(got, dtype=torch.float64), expected)
    assert [it for it in (OF_NAN, OF_OVERFLOW, OF_CLIPPING) if it in hint] == [words]


def test_the_wrong_infinity_is_not_called_clipped():
    assert guess("finite", -RIGHT, RIGHT) == ""


def test_an_unrelated_value_gets_no_guess():
    torch.manual_seed(0)
    assert guess("value", torch.randn(4, 3, dtype=torch.float64), VALUES) == ""


def test_values_that_are_not_tensors_get_no_guess():
    assert guess("value", 1.0, 2.0) == ""


@pytest.mark.parametrize("ratio", [3.0, -0.731, 17.0])
def test_one_number_says_nothing_about_a_factor(ratio):
    expected = torch.tensor(2.5, dtype=torch.float64)
    assert "factor" not in guess("value", ratio * expected, expected)
    assert "times too" not in guess("value", ratio * expected, expected)
