"""Public checks of Q10: small cases that can be followed by hand."""

import math
from collections.abc import Callable

import pytest
import torch
from checks import close, has_shape, tensor
from diffusion import inverse_problems as inverse
from torch import Tensor

ALPHA_BAR = torch.tensor([0.81, 0.64, 0.36, 0.16], dtype=torch.float64)


def image(*rows: list[float]) -> Tensor:
    """One image with one channel."""
    return tensor([[list(rows)]])


def raised(function: Callable, *args: object) -> str:
    """The name of the exception that ``function(*args)`` raises, or "nothing"."""
    try:
        function(*args)
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "nothing"


@pytest.mark.part("a")
@pytest.mark.parametrize(
    ("t", "known"),
    [(1, 0.8 * 10 + 0.6 * 1), (0, 0.9 * 10 + math.sqrt(0.19)), (-1, 10.0)],
    ids=["t=1", "t=0", "t=-1"],
)
def test_replace_observed_by_hand(t, known):
    x, y, noise = image([5.0, 5.0]), image([10.0, 99.0]), image([1.0, 1.0])
    got = inverse.replace_observed(x, y, image([1.0, 0.0]), t, ALPHA_BAR, noise)
    message = (
        f"replace_observed: t = {t}, x = 5, y = 10, noise = 1: the observed pixel (mask 1) is y "
        "noised to level t (t = -1 is clean), the other one stays 5"
    )
    close(got, image([known, 5.0]), message)


@pytest.mark.part("a")
def test_repaint_step_by_hand():
    """A step that halves; two rounds from t = 3 to t_prev = 1, alpha_bar 0.16 and 0.64."""
    calls = []

    def step(x: Tensor, t: int, t_prev: int) -> Tensor:
        calls.append((t, t_prev))
        return x / 2

    zeros = torch.zeros(2, 1, 1, 1, 2, dtype=torch.float64)
    got = inverse.repaint_step(
        step,
        image([8.0, 8.0]),
        image([5.0, 0.0]),
        image([1.0, 0.0]),
        3,
        1,
        ALPHA_BAR,
        zeros,
        zeros[:1] + 2,
    )
    assert calls == [(3, 1), (3, 1)], (
        f"repaint_step: two rounds call step(x, 3, 1) twice; the calls were {calls}"
    )
    second = (0.5 * 4 + math.sqrt(0.75) * 2) / 2
    message = (
        "repaint_step, observed pixel: 0.8 * 5; the other one: 8 -> 4 by the step, back to level 3 "
        "with the ratio 0.16 / 0.64 and noise 2, and half of that by the step"
    )
    close(got, image([4.0, second]), message)


@pytest.mark.part("b")
def test_downsample_by_hand():
    operator = inverse.Downsample(2)
    x = image([1.0, 3.0, 0.0, 8.0], [5.0, 7.0, 0.0, 0.0])
    close(operator.forward(x), image([4.0, 2.0]), "Downsample(2): means of two blocks of 2 x 2")
    error = raised(operator.forward, x[..., :3])
    assert error == "ValueError", (
        f"Downsample(2): three columns do not divide into blocks of 2: ValueError, not {error}"
    )


@pytest.mark.part("b")
def test_grayscale_by_hand():
    operator = inverse.Grayscale(tensor([0.5, 0.25, 1.0]))
    x = tensor([2.0, 4.0, 3.0]).reshape(1, 3, 1, 1)
    close(operator.forward(x), image([5.0]), "Grayscale: 0.5 * 2 + 0.25 * 4 + 1 * 3")


@pytest.mark.part("b")
def test_radon_by_hand():
    x = image([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0])
    got = inverse.Radon(3, 3, tensor([0.0, math.pi / 2]), 3).forward(x)
    message = "Radon: theta = 0 gives the sums of the columns, theta = 90 degrees those of the rows"
    close(got, image([12.0, 15.0, 19.0], [6.0, 15.0, 25.0]), message)
    shared = inverse.Radon(1, 2, tensor([math.pi / 3]), 2).weights()
    message = (
        "Radon.weights: two pixels at x = -1/2 and 1/2, theta = 60 degrees: their shadows at -1/4 "
        "and 1/4 are shared by the cells at -1/2 and 1/2 in the ratio 3 : 1"
    )
    close(shared, tensor([[[[0.75, 0.25]], [[0.25, 0.75]]]]), message)


OPERATORS = [
    pytest.param(lambda: inverse.Downsample(2), id="downsample"),
    pytest.param(lambda: inverse.Grayscale(tensor([0.3, 0.6, -0.2])), id="grayscale"),
    pytest.param(lambda: inverse.Radon(4, 6, tensor([0.3, 1.2, 2.0]), 5), id="radon"),
]


@pytest.mark.part("b")
@pytest.mark.parametrize("make", OPERATORS)
def test_adjoint(make):
    torch.manual_seed(0)
    operator, x = make(), torch.randn(1, 3, 4, 6, dtype=torch.float64)
    y = torch.randn_like(operator.forward(x))
    back = operator.adjoint(y)
    has_shape(back, x.shape, "A^T y has the shape of x (A^T is adjoint)")
    left, right = (operator.forward(x) * y).sum().item(), (x * back).sum().item()
    assert abs(left - right) < 1e-9, f"<A x, y> = {left:.6f} must equal <x, A^T y> = {right:.6f}"


@pytest.mark.part("b")
@pytest.mark.parametrize("make", OPERATORS[:2])
def test_pinv(make):
    torch.manual_seed(0)
    operator, x = make(), torch.randn(1, 3, 4, 6, dtype=torch.float64)
    y = operator.forward(x)
    shortest = operator.pinv(y)
    close(operator.forward(shortest), y, "A A^+ y must give y back (A is forward, A^+ is pinv)")
    assert abs((shortest * (x - shortest)).sum().item()) < 1e-9, (
        "A^+ A x must be at right angles to x - A^+ A x, or it is not the shortest image that fits"
    )


class Sum:
    """A x is the sum of the two pixels; written out here so that part b is not needed."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(dim=-1, keepdim=True)

    def pinv(self, y: Tensor) -> Tensor:
        return torch.cat([y, y], dim=-1) / 2


def check_one_call(function: str, take_step: Callable) -> None:
    got = []

    def model(noisy: Tensor, t: Tensor) -> Tensor:
        got.append((tuple(t.shape), t.dtype))
        return noisy / 4

    take_step(model)
    assert got == [((2,), torch.int64)], (
        f"{function} of two images: the model is called once, with t of shape (B,) and dtype "
        f"int64; it got {got}"
    )


@pytest.mark.part("c")
def test_ddnm_project_by_hand():
    got = inverse.ddnm_project(image([1.0, 3.0]), image([10.0]), Sum())
    message = (
        "ddnm_project: A sums two pixels; x0 = (1, 3) must become (4, 6): their sum is y = 10, and "
        "their difference, which A does not see, is unchanged"
    )
    close(got, image([4.0, 6.0]), message)


@pytest.mark.part("c")
@pytest.mark.parametrize(("t_prev", "level"), [(1, 0.64), (-1, 1.0)])
def test_ddnm_step_by_hand(t_prev, level):
    """x is noised with the noise that the network predicts."""
    eps = image([0.5, -1.0])
    x = 0.6 * image([1.0, 3.0]) + 0.8 * eps
    args = (lambda x, t: eps, x, image([10.0]), Sum(), 2, t_prev, ALPHA_BAR)
    expected = math.sqrt(level) * image([4.0, 6.0]) + math.sqrt(1 - level) * eps
    message = (
        f"ddnm_step: t = 2, t_prev = {t_prev}: the estimate of x_0 is (1, 3), projected (4, 6); it "
        "is noised to the new level with the predicted eps"
    )
    close(inverse.ddnm_step(*args), expected, message)


@pytest.mark.part("c")
def test_ddnm_step_asks_the_model_once():
    x, y = torch.ones(2, 1, 1, 2).double(), torch.ones(2, 1, 1, 1).double()
    check_one_call(
        "ddnm_step", lambda model: inverse.ddnm_step(model, x, y, Sum(), 2, 1, ALPHA_BAR)
    )


@pytest.mark.part("d")
def test_dps_step_asks_the_model_once():
    x, y = torch.ones(2, 1, 1, 2).double(), torch.zeros(2, 1, 1, 2).double()
    check_one_call(
        "dps_step",
        lambda model: inverse.dps_step(model, x, y, lambda x0: x0, 2, 1, ALPHA_BAR, 0.5),
    )


@pytest.mark.part("d")
def test_dps_step_by_hand():
    """With eps = x / 4 the estimate is x0 = x (1 - 0.8 / 4) / 0.6 = 4 x / 3."""
    x, y = image([3.0, 4.0]), image([0.0, 0.0])
    got = inverse.dps_step(lambda x, t: x / 4, x, y, lambda x0: x0, 2, -1, ALPHA_BAR, 0.5)
    message = (
        "dps_step: x = (3, 4), x0 = 4 x / 3 and y = 0: the gradient of ||y - x0|| with respect to "
        "x is 4/3 (0.6, 0.8), and half of it is taken off x0. The gradient is with respect to x, "
        "it passes through the network, and the norm is not squared"
    )
    close(got, image([3.6, 4.8]), message)
    assert not got.requires_grad, "dps_step: the result must not carry the graph of the network"


@pytest.mark.part("d")
def test_dps_step_treats_examples_alone():
    torch.manual_seed(0)
    x, y = torch.randn(3, 1, 2, 2).double(), torch.randn(3, 1, 2, 2).double()

    def guided(x: Tensor, y: Tensor) -> Tensor:
        with torch.no_grad():
            return inverse.dps_step(
                lambda x, t: torch.tanh(x), x, y, lambda x0: 2 * x0, 3, 1, ALPHA_BAR, 0.7
            )

    expected = torch.cat([guided(x[b : b + 1], y[b : b + 1]) for b in range(3)])
    close(
        guided(x, y),
        expected,
        "dps_step: a batch of three must give what three batches of one give",
    )


@pytest.mark.part("e")
@pytest.mark.parametrize(
    ("strength", "start", "steps"),
    [(0.0, 7.0, 0), (0.45, 0.8 * 7 + 0.6 * 2, 2), (1.0, 2.0, 4)],
    ids=["identity", "half-way", "all-noise"],
)
def test_sdedit_by_hand(strength, start, steps):
    """A step that adds 100 and notes its levels; guide 7, noise 2, T = 4."""
    calls = []

    def step(x: Tensor, t: int, t_prev: int) -> Tensor:
        calls.append((t, t_prev))
        return x + 100

    got = inverse.sdedit(step, image([7.0]), strength, ALPHA_BAR, image([2.0]))
    expected = [(t, t - 1) for t in reversed(range(steps))]
    assert calls == expected, f"sdedit: strength {strength}, T = 4: steps {expected}, not {calls}"
    message = f"sdedit: strength {strength}, guide 7, noise 2, each step adds 100"
    close(got, image([start + 100.0 * steps]), message)


@pytest.mark.part("e")
@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_sdedit_errors(strength):
    guide, noise = image([7.0]), image([2.0])
    error = raised(inverse.sdedit, lambda x, t, t_prev: x, guide, strength, ALPHA_BAR, noise)
    assert error == "ValueError", f"sdedit: strength {strength} must raise ValueError, not {error}"
