"""Guess a mistake from how a wrong value relates to the right one.

Each rule takes the value that was returned and the value that was expected and gives a hint, or
"" if it does not apply. Rules are tried in order, the most specific first. They are used when no
known misconception explains the value, and never reveal a number that was expected.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

CLOSE = 1e-6
NONZERO = 1e-12
DTYPE_HINT = (
    "The dtype must follow the inputs: look for `.float()`, `dtype=torch.float32`, or a tensor "
    "made from NumPy without the dtype of the inputs. Where the inputs are integers, the result is "
    "in torch's default dtype, which is float64 when homeworks are graded on the CPU."
)


def guess(kind: str, got: object, expected: object) -> str:
    """The hint of the first rule that applies to a mismatch of this kind, or ""."""
    if not isinstance(got, Tensor) or not isinstance(expected, Tensor):
        return ""
    for rule in RULES.get(kind, ()):
        hint = rule(got.detach(), expected.detach())
        if hint:
            return hint
    return ""


def _equal(a: Tensor, b: Tensor) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype or a.is_meta or b.is_meta:
        return False
    if not b.is_floating_point():
        return torch.equal(a, b)
    return torch.allclose(a, b, rtol=CLOSE, atol=1e-9)


def _zero_or_one(expected: Tensor) -> bool:
    """Whether this is a single 0 or 1, to which almost every rule can lead from something."""
    return expected.numel() == 1 and expected.item() in (0, 1)


def transposed(got: Tensor, expected: Tensor) -> str:
    if min(got.dim(), expected.dim()) >= 2 and _equal(got.transpose(-1, -2), expected):
        return "The last two dimensions are swapped."
    return ""


def negated(got: Tensor, expected: Tensor) -> str:
    return "The sign is wrong." if expected.is_floating_point() and _equal(-got, expected) else ""


def _ratio(got: Tensor, expected: Tensor) -> float | None:
    """The constant ``got / expected`` if there is one."""
    usable = expected.abs() > NONZERO
    if not bool(usable.any()) or not torch.allclose(got[~usable], expected[~usable], atol=1e-9):
        return None
    ratios = got[usable] / expected[usable]
    first = ratios.flatten()[0].item()
    same = torch.allclose(ratios, torch.full_like(ratios, first), rtol=CLOSE, atol=0.0)
    return first if same and math.isfinite(first) and first != 0 else None


def factor(got: Tensor, expected: Tensor) -> str:
    ratio = _ratio(got, expected) if expected.is_floating_point() else None
    if ratio is None:
        return ""
    size, sign = abs(ratio), " and the sign is wrong" if ratio < 0 else ""
    for value, text in (
        (2.0, "twice as large as it should be: look for a missing 1/2"),
        (0.5, "half as large as it should be: look for a 1/2 too many"),
        (math.log(2.0), "off by the factor ln 2: nats and bits are mixed up"),
        (1 / math.log(2.0), "off by the factor 1/ln 2: nats and bits are mixed up"),
    ):
        if math.isclose(size, value, rel_tol=CLOSE):
            return f"Every entry is {text}{sign}."
    if int((expected.abs() > NONZERO).sum()) < 2:
        return ""  # a single number always has a ratio, which says nothing
    for n in range(2, 257):
        if math.isclose(size, n, rel_tol=CLOSE):
            return f"Every entry is {n} times too large{sign}: a sum where a mean is asked for?"
        if math.isclose(size, 1 / n, rel_tol=CLOSE):
            return f"Every entry is {n} times too small{sign}: a mean where a sum is asked for?"
    return f"Every entry is off by the same factor{sign}: look for a missing or extra constant."


def offset(got: Tensor, expected: Tensor) -> str:
    if not expected.is_floating_point() or expected.numel() < 2:
        return ""
    difference = got - expected
    constant = torch.full_like(difference, difference.flatten()[0].item())
    everywhere = bool((difference.abs() > 1e-9).all())
    if everywhere and torch.allclose(difference, constant, rtol=CLOSE, atol=1e-9):
        return "The difference is the same in every entry: is a constant missing or extra?"
    return ""


def squared(got: Tensor, expected: Tensor) -> str:
    if not expected.is_floating_point():
        return ""
    if _equal(got, expected**2):
        return "This is the square of the right value: variance or standard deviation?"
    if bool((got >= 0).all()) and bool((expected >= 0).all()) and _equal(got**2, expected):
        return "This is the square root of the right value: variance or standard deviation?"
    return ""


def exponentiated(got: Tensor, expected: Tensor) -> str:
    if not expected.is_floating_point() or _zero_or_one(expected):
        return ""
    # The exponential of anything very negative is nearly zero.
    if bool((expected.abs() <= NONZERO).any()):
        return ""
    if torch.allclose(got.log(), expected, rtol=CLOSE, atol=0.0):
        return "This is the exponential of the right value: return the logarithm."
    if torch.allclose(got.exp(), expected, rtol=CLOSE, atol=0.0):
        return "This is the logarithm of the right value."
    return ""


def shifted(got: Tensor, expected: Tensor) -> str:
    for dim in range(expected.dim()):
        n = expected.shape[dim]
        if n < 3:
            continue
        for step, word in ((1, "late"), (-1, "early")):
            a = got.narrow(dim, max(step, 0), n - 1)
            b = expected.narrow(dim, max(-step, 0), n - 1)
            if _equal(a, b):
                return f"The entries come one place too {word} along dimension {dim}: off by one."
    return ""


def complemented(got: Tensor, expected: Tensor) -> str:
    if _zero_or_one(expected):
        return ""
    if _equal(~got if got.dtype == torch.bool else 1 - got, expected):
        return "Every entry is one minus the right value: a condition is the wrong way round."
    return ""


def reversed_order(got: Tensor, expected: Tensor) -> str:
    for dim in range(expected.dim()):
        if expected.shape[dim] > 1 and _equal(got.flip(dim), expected):
            return f"The order along dimension {dim} is reversed."
    return ""


def partly_right(got: Tensor, expected: Tensor) -> str:
    if expected.dim() == 0 or not expected.is_floating_point():
        return ""
    right = torch.isclose(got, expected, rtol=CLOSE, atol=1e-9)
    for dim in range(expected.dim()):
        rows = right.transpose(0, dim).flatten(1).all(1) if expected.dim() > 1 else right
        good = rows.nonzero().flatten().tolist()
        if expected.shape[dim] > 2 and len(good) == expected.shape[dim] - 1:
            wrong = next(i for i in range(expected.shape[dim]) if i not in good)
            if wrong in (0, expected.shape[dim] - 1):
                place = "first" if wrong == 0 else "last"
                return f"Only the {place} entry along dimension {dim} is wrong: a boundary case."
    return ""


def extra_dimension(got: Tensor, expected: Tensor) -> str:
    if got.numel() == expected.numel() and got.dim() == expected.dim() + 1 and 1 in got.shape:
        return (
            "A dimension of size 1 is left over: a sum or mean with keepdim, or a missing squeeze."
        )
    return ""


def broadcast(got: Tensor, expected: Tensor) -> str:
    if got.dim() == expected.dim() + 1 and expected.dim() == 1 and got.shape[0] == got.shape[1]:
        return "A (B,) and a (B, 1) tensor were combined and broadcast to (B, B)."
    return ""


def not_reduced(got: Tensor, expected: Tensor) -> str:
    if got.dim() <= expected.dim():
        return ""
    if expected.dim() == 0:
        return "This still has one value per entry: it must be reduced to a single number."
    return "This still has one value per dimension: it must be summed over the other dimensions."


def over_reduced(got: Tensor, expected: Tensor) -> str:
    if got.dim() == 0 and expected.dim() > 0:
        return "This is reduced to a single number: one value per example is asked for."
    return ""


def single_precision(got: Tensor, expected: Tensor) -> str:
    if got.dtype == torch.float32 and expected.dtype == torch.float64:
        return DTYPE_HINT
    if not got.is_floating_point() and expected.is_floating_point():
        return "The result must be floating point: look for integer or boolean arithmetic."
    return ""


def overflowed(got: Tensor, expected: Tensor) -> str:
    if bool((got.isnan() & ~expected.isnan()).any()):
        return (
            "NaN is what becomes of 0 * log 0, of 0/0, of inf - inf or inf/inf (an exponential of "
            "a large number is inf), and of the root or the logarithm of a negative number: is an "
            "index -1 the last entry?"
        )
    if bool((got.isinf() & expected.isfinite()).any()):
        return (
            "Look for an exponential of a large number, the logarithm of zero, or 0/0: work with "
            "logarithms and use logsumexp, log_softmax or softplus."
        )
    if bool((got.isfinite() & expected.isinf()).any()):
        return (
            "Some entries must be infinite (the logarithm of a probability of zero): do not clip "
            "them."
        )
    return ""


Rule = Callable[[Tensor, Tensor], str]

RULES: dict[str, tuple[Rule, ...]] = {
    "value": (
        negated,
        transposed,
        complemented,
        squared,
        exponentiated,
        factor,
        offset,
        reversed_order,
        shifted,
        partly_right,
    ),
    "shape": (extra_dimension, broadcast, transposed, over_reduced, not_reduced),
    "dtype": (single_precision,),
    "finite": (overflowed,),
}
