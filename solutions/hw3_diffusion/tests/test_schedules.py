"""Public checks of Q3: small cases that can be followed by hand."""

import math

import pytest
from checks import close, has_default_dtype, tensor
from diffusion import schedules

# x_0 = 10 and eps = 5 at alpha_bar = 0.64: x_t = 0.8 * 10 + 0.6 * 5, v = 0.8 * 5 - 0.6 * 10.
# x_0 = -5 and eps = 10 at alpha_bar = 0.36: x_t = 0.6 * -5 + 0.8 * 10, v = 0.6 * 10 - 0.8 * -5.
ALPHA_BAR, X0, EPS = [0.64, 0.36], [[10.0, 10.0], [-5.0, -5.0]], [[5.0, 5.0], [10.0, 10.0]]
X_T, V = [[11.0, 11.0], [5.0, 5.0]], [[-2.0, -2.0], [10.0, 10.0]]
WHERE = "with alpha_bar = 0.64 for the first example and 0.36 for the second"


@pytest.mark.part("a")
def test_linear_by_hand() -> None:
    close(
        schedules.linear_betas(5, 0.1, 0.5),
        [0.1, 0.2, 0.3, 0.4, 0.5],
        "linear_betas(5, 0.1, 0.5): both ends occur",
    )
    betas = schedules.linear_betas(10)
    close(betas[[0, -1]], [1e-4, 0.02], "linear_betas(10): the ends are taken as given")


@pytest.mark.part("a")
def test_cosine_by_hand() -> None:
    """cos^2 is 1, 3/4, 1/4, 0 at 0, 30, 60 and 90 degrees."""
    close(
        schedules.cosine_betas(3, offset=0.0, max_beta=0.9),
        [1 - 3 / 4, 1 - 1 / 3, 0.9],
        "cosine_betas(3) without offset: f = 1, 3/4, 1/4, 0, and the last beta is clipped at 0.9",
    )
    ends = [math.cos((u + 0.5) / 1.5 * math.pi / 2) ** 2 for u in (0, 0.5)]
    close(
        schedules.cosine_betas(2, offset=0.5),
        [1 - ends[1] / ends[0], 0.999],
        "cosine_betas(2) with offset 0.5: the argument of f begins at 30 degrees, ends at 90",
    )


@pytest.mark.part("a")
@pytest.mark.parametrize("name", ["linear_betas", "cosine_betas"])
def test_betas_have_the_default_dtype(name: str) -> None:
    has_default_dtype(lambda: getattr(schedules, name)(5), f"{name}(5)")


@pytest.mark.part("b")
def test_levels_by_hand() -> None:
    close(
        schedules.alpha_bars(tensor([0.5, 0.2, 0.5])),
        [0.5, 0.4, 0.2],
        "alpha_bars of the betas 0.5, 0.2, 0.5: what is left is 1/2, then 4/5 of it, then 1/2",
    )


@pytest.mark.part("b")
def test_ratio_by_hand() -> None:
    close(schedules.snr(tensor([0.8, 0.5, 0.0])), [4, 1, 0], "snr of 0.8, 0.5 and 0: 0.8 / 0.2")


@pytest.mark.part("c")
def test_data_and_noise_by_hand() -> None:
    x_t, alpha_bar = tensor(X_T), tensor(ALPHA_BAR)
    close(schedules.eps_to_x0(x_t, tensor(EPS), alpha_bar), X0, f"eps_to_x0 {WHERE}")
    close(schedules.x0_to_eps(x_t, tensor(X0), alpha_bar), EPS, f"x0_to_eps {WHERE}")


@pytest.mark.part("c")
def test_score_by_hand() -> None:
    close(
        schedules.eps_to_score(tensor(EPS), tensor(ALPHA_BAR)),
        [[-5 / 0.6] * 2, [-10 / 0.8] * 2],
        f"eps_to_score {WHERE}: towards the data, and steeper where there is less noise",
    )


@pytest.mark.part("d")
def test_velocity_by_hand() -> None:
    got = schedules.velocity(tensor(X0), tensor(EPS), tensor(ALPHA_BAR))
    close(got, V, f"velocity {WHERE}")


@pytest.mark.part("d")
def test_rotation_by_hand() -> None:
    x_t, v, alpha_bar = tensor(X_T), tensor(V), tensor(ALPHA_BAR)
    close(schedules.velocity_to_x0(x_t, v, alpha_bar), X0, f"velocity_to_x0 {WHERE}")
    close(schedules.velocity_to_eps(x_t, v, alpha_bar), EPS, f"velocity_to_eps {WHERE}")
    noise, data = tensor([0.0]), tensor([1.0])
    one, two = tensor([[3.0]]), tensor([[-7.0]])
    close(schedules.velocity_to_x0(one, two, noise), [[7]], "velocity_to_x0 with alpha_bar = 0: -v")
    close(schedules.velocity_to_eps(one, two, data), [[-7]], "velocity_to_eps with alpha_bar = 1")
