"""Public checks of Q5: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, tensor
from diffusion import ddim

LEVELS = [0.9, 0.64, 0.36, 0.1]
LEVELS_TEXT = "where alpha_bar is 0.9, 0.64, 0.36, 0.1"


def knows(x0: torch.Tensor, alpha_bar: torch.Tensor, asked: list[int]):
    """A model that sees the true noise, and notes the times at which it is asked."""

    def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        assert isinstance(t, torch.Tensor) and t.shape == x.shape[:1], "t must have shape (B,)"
        asked.append(int(t[0]))
        level = alpha_bar[t][:, None]
        return (x - level.sqrt() * x0) / (1 - level).sqrt()

    return model


@pytest.mark.part("a")
def test_times_by_hand() -> None:
    for arguments, expected in (
        ((10, 5), [(9, 7), (7, 5), (5, 3), (3, 1), (1, -1)]),
        ((10, 4), [(9, 6), (6, 4), (4, 1), (1, -1)]),
        ((10, 5, "leading"), [(8, 6), (6, 4), (4, 2), (2, 0), (0, -1)]),
        ((10, 4, "leading"), [(6, 4), (4, 2), (2, 0), (0, -1)]),
        ((3, 3), [(2, 1), (1, 0), (0, -1)]),
    ):
        got = ddim.time_pairs(*arguments)
        assert isinstance(got, list), f"time_pairs must return a list, not {type(got).__name__}"
        got = [tuple(pair) for pair in got]
        assert got == expected, f"time_pairs{arguments}: got {got}, not {expected}"


@pytest.mark.part("a")
def test_times_are_checked() -> None:
    for arguments in ((10, 0), (10, 11), (10, 5, "quadratic")):
        with pytest.raises(ValueError):  # noqa: PT011 (the words are up to you)
            ddim.time_pairs(*arguments)


@pytest.mark.part("b")
def test_step_by_hand() -> None:
    x_t, eps, alpha_bar = tensor([[11.0]]), tensor([[5.0]]), tensor(LEVELS)
    message = f"ddim_step {LEVELS_TEXT}, x_t = 11 at t = 1 and eps = 5, so that x_0 = 10"
    close(
        ddim.ddim_step(x_t, eps, 1, 0, alpha_bar),
        [[math.sqrt(0.9) * 10 + math.sqrt(0.1) * 5]],
        f"{message}, to t_prev = 0",
    )
    close(ddim.ddim_step(x_t, eps, 1, -1, alpha_bar), [[10]], f"{message}, to the data")


@pytest.mark.part("b")
def test_random_step_by_hand() -> None:
    """From alpha_bar 0.36 to 0.9: sigma^2 = eta^2 0.1 / 0.64 (1 - 0.4) = 0.09375 eta^2."""
    x_t, zero, one = tensor([[0.0]]), tensor([[0.0]]), tensor([[1.0]])
    message = f"ddim_step {LEVELS_TEXT}, from t = 2 to t_prev = 0 with eta = 0.5, x_t = 0"
    arguments = 2, 0, tensor(LEVELS), 0.5
    sigma2 = 0.09375 / 4
    got = ddim.ddim_step(x_t, zero, *arguments, one)
    close(got, [[math.sqrt(sigma2)]], f"{message}, eps = 0, noise = 1: sigma")
    got = ddim.ddim_step(x_t, one, *arguments, zero)
    expected = math.sqrt(0.1 - sigma2) - math.sqrt(0.9) * 0.8 / 0.6
    close(got, [[expected]], f"{message}, eps = 1, noise = 0")


@pytest.mark.part("b")
def test_sampling_with_the_true_noise() -> None:
    x0, alpha_bar = tensor([[2.0, -1.0], [0.5, 3.0]]), tensor(LEVELS)
    x_T, asked = tensor([[0.3, 0.1], [-1.0, 0.7]]), []
    pairs = [(3, 1), (1, -1)]
    got = ddim.ddim_sample(knows(x0, alpha_bar, asked), x_T, pairs, alpha_bar)
    assert asked == [3, 1], f"ddim_sample with the pairs {pairs}: the model was asked at {asked}"
    close(got, x0, f"ddim_sample with the pairs {pairs} and a model that knows x_0")


@pytest.mark.part("c")
def test_encoding_by_hand() -> None:
    x0, eps, asked = tensor([[10.0]]), tensor([[5.0]]), []

    def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        asked.append((int(t[0]), float(x)))
        return eps

    pairs = [(1, 0), (0, -1)]
    got = ddim.ddim_encode(model, x0, pairs, tensor(LEVELS))
    message = f"ddim_encode {LEVELS_TEXT}, of x_0 = 10 with eps = 5 throughout"
    close(got, [[11]], f"{message} up to t = 1: 0.8 * 10 + 0.6 * 5")
    assert [t for t, _ in asked] == [0, 1], f"{message}: the model was asked at {asked}"
    close(tensor(asked[0][1]), 10, f"{message}: the model must first be shown the data")
    half_way = math.sqrt(0.9) * 10 + math.sqrt(0.1) * 5
    close(tensor(asked[1][1]), half_way, f"{message}: then what the first step reached")
