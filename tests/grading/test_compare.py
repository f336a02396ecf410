"""Comparison: what is a difference, and what is said about it."""

import pytest
import torch

from autograder.config import ScaledTolerance, Tolerance, load_config
from autograder.grading.compare import compare, misplaced
from autograder.sandbox.probe import attempt

TOLERANCE = Tolerance(rtol=1e-6, atol=1e-8)


def t(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_equal_values_agree_within_the_tolerance():
    expected = {"a": t(1.0, 2.0), "b": [t(3.0), 4.0], "c": None, "d": "x", "e": True}
    got = {"a": t(1.0 + 5e-7, 2.0), "b": [t(3.0), 4.0 + 1e-7], "c": None, "d": "x", "e": True}
    assert compare(got, expected, TOLERANCE) is None


@pytest.mark.parametrize(
    ("got", "expected", "kind", "message"),
    [
        (
            t(1, 2, 3),
            t(1, 2, 3.1),
            "value",
            "off by about 1e-01, in 1 of 3 entries, where 1e-06 of",
        ),
        (t(1, 2)[None], t(1, 2), "shape", "has shape (1, 2); it must be (2,)"),
        (t(1, 2).float(), t(1, 2), "dtype", "has dtype float32; it must be float64"),
        (t(1, float("nan")), t(1, 2), "finite", "contains NaN in 1 of 2 entries"),
        (t(1, float("inf")), t(1, 2), "finite", "infinite in 1 of 2"),
        (t(1, -9.0), t(1, -float("inf")), "finite", "finite where it must be infinite"),
        (None, t(1.0), "gradient", "is None"),
        (t(1.0), None, "gradient", "a gradient flows where it must stop"),
        (1.5, t(1, 2), "structure", "is a float, not a tensor"),
        ((t(1), t(2)), t(1, 2), "structure", "is several values (2), not a tensor"),
        ([t(1)], [t(1), t(2)], "structure", "has 1 items, not 2"),
        (torch.tensor([1, 2]), torch.tensor([1, 3]), "value", "wrong in 1 of 2 entries"),
        (torch.tensor([True]), torch.tensor([1]), "dtype", "has dtype bool; it must be int64"),
        (t(1, 2).to("meta"), t(1, 2), "device", "is on device meta"),
        ("a", "b", "value", "is wrong"),
        (1, True, "structure", "is a int, not a bool"),
        (0.5, 0.6, "value", "off by"),
        (float("nan"), 0.6, "finite", "NaN"),
    ],
)
def test_the_first_difference_is_named(got, expected, kind, message):
    mismatch = compare({"x": got}, {"x": expected}, TOLERANCE)
    assert mismatch is not None
    assert mismatch.kind == kind
    assert mismatch.path == "x"
    assert message in mismatch.message


def fails(error=None):
    if error is not None:
        raise error


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (None, ValueError(), "`x`: no ValueError was raised"),
        (TypeError(), ValueError(), "`x`: no ValueError was raised, but another exception"),
        (ValueError(), None, "`x`: ValueError was raised"),
    ],
)
def test_an_exception_that_is_missing_or_too_many_is_called_so(got, expected, said):
    replies = [{"x": attempt(ValueError, fails, error)} for error in (got, expected)]
    assert compare(*replies, TOLERANCE).message == said


def test_another_string_than_an_attempts_is_not_repeated():
    expected = {"x": attempt(ValueError, fails, ValueError())}
    assert compare({"x": "<b>"}, expected, TOLERANCE).message == "`x` is wrong"
    assert compare(expected, {"x": "a"}, TOLERANCE).message == "`x` is wrong"


def test_a_subclass_of_the_exception_will_do():
    assert attempt(ArithmeticError, fails, ZeroDivisionError()) == attempt(
        ArithmeticError, fails, ArithmeticError()
    )


def test_infinite_values_agree_where_they_belong():
    assert compare(t(-float("inf"), 1), t(-float("inf"), 1), TOLERANCE) is None
    assert compare(t(float("inf"), 1), t(-float("inf"), 1), TOLERANCE).kind == "finite"


def test_the_largest_number_is_not_infinity():
    largest = torch.finfo(torch.float64).max
    assert compare(t(-largest, 1), t(-float("inf"), 1), TOLERANCE).kind == "finite"
    assert compare(t(7.0, 1), t(float("nan"), 1), TOLERANCE).kind == "finite"


def test_nan_in_the_reference_is_not_matched_by_a_number():
    assert compare(t(0.0), t(float("nan")), TOLERANCE) is not None


def test_a_scalar_may_be_a_number_or_a_tensor():
    assert compare(0.5, torch.tensor(0.5, dtype=torch.float64), TOLERANCE) is None
    assert compare(torch.tensor(0.5, dtype=torch.float64), 0.5, TOLERANCE) is None


def test_messages_hold_no_expected_number():
    mismatch = compare(t(1.25), t(17.75), TOLERANCE)
    assert "17.75" not in mismatch.message
    assert "1.25" not in mismatch.message


def test_a_meta_tensor_has_no_value_to_compare():
    assert compare(torch.empty((), device="meta"), 3.0, TOLERANCE).kind == "device"
    assert compare(torch.empty((), device="meta"), t(3.0)[0], TOLERANCE) is not None


def test_a_scaled_tolerance_is_per_tensor():
    scaled = ScaledTolerance(rtol=0, atol=1e-3)
    expected = {"large": t(1e4, 1.0), "small": t(1.0, 2.0)}
    assert compare({"large": t(1e4, 2.0), "small": t(1.0, 2.0)}, expected, scaled) is None
    assert compare({"large": t(1e4, 1.0), "small": t(1.0, 2.1)}, expected, scaled).path == "small"


def test_a_scaled_tolerance_allows_what_a_dozen_terms_leave_where_they_cancel():
    scaled = ScaledTolerance(rtol=0, atol=1e-4)
    left = 12 * torch.finfo(torch.float32).eps / 2
    for expected in (t(0.0, 0.0), t(0.0, -1e-4)):
        assert compare(expected + left, expected, scaled) is None
        assert compare(expected + 10 * left, expected, scaled).kind == "value"


def test_float32_as_configured_accepts_rounding_and_catches_the_smallest_mistake():
    float32, smallest_mistake = load_config().tolerances.float32, 3.6e-4
    expected = t(0.1, 1.0, -0.5)
    assert compare(expected + t(7e-5, -7e-5, 7e-5), expected, float32) is None
    assert compare(expected + t(smallest_mistake, 0, 0), expected, float32).kind == "value"


def test_only_tensors_off_the_inputs_device_are_misplaced():
    expected = {"a": t(1, 2), "b": [t(1), 3.0]}
    meta = t(1, 2).float().to("meta")
    assert misplaced({"a": None, "b": [meta[:1], 3.0]}, expected).path == "a"
    assert misplaced({"a": meta.double(), "b": [meta[:1], 3.0]}, expected).kind == "dtype"
    assert misplaced({"a": meta, "b": [meta[:1], 4.0]}, expected) is None
    assert misplaced({"a": meta, "b": [t(1), 3.0]}, expected).path == "b[0]"


def test_meta_tensors_are_compared_by_shape_and_device():
    got, expected = torch.zeros(2, 3, device="meta"), torch.zeros(2, 3, device="meta")
    assert compare(got, expected, TOLERANCE) is None
    assert compare(torch.zeros(2, 3), expected, TOLERANCE).kind == "device"
