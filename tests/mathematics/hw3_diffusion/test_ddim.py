"""Q5 against exact trajectories, conservation of the marginals, and DDPM written out."""

import math
from itertools import pairwise

import pytest
import torch
from diffusion import ddim

pytestmark = pytest.mark.usefixtures("double")


@pytest.fixture
def alpha_bar(generator) -> torch.Tensor:
    return torch.cumprod(1 - (torch.rand(9, generator=generator) * 0.4 + 0.02), 0)


STEPS = [(t, t_prev) for t in range(9) for t_prev in range(-1, t)]


@pytest.mark.parametrize("spacing", ["trailing", "leading"])
def test_pairs_are_a_descending_chain_to_the_data(spacing):
    for num_train_steps in (1, 2, 7, 10, 1000):
        for num_steps in {1, 2, 3, 7, num_train_steps} - set(range(num_train_steps + 1, 1001)):
            pairs = ddim.time_pairs(num_train_steps, num_steps, spacing)
            assert len(pairs) == num_steps and pairs[-1][1] == -1
            assert all(type(t) is int and t_prev < t for t, t_prev in pairs)
            assert all(one[1] == two[0] for one, two in pairwise(pairs))
            if spacing == "trailing":
                lengths = {t - t_prev for t, t_prev in pairs}
                assert pairs[0][0] == num_train_steps - 1 and max(lengths) - min(lengths) <= 1
            else:
                assert pairs[-1][0] == 0 and pairs[0][0] < num_train_steps
                assert len({t - t_prev for t, t_prev in pairs[:-1]}) <= 1
    everything = [(t, t - 1) for t in reversed(range(10))]
    assert ddim.time_pairs(10, 10, spacing) == everything


def test_pairs_of_the_papers():
    """50 of 1000, counted from 0."""
    assert [t for t, _ in ddim.time_pairs(1000, 50)] == list(range(999, 0, -20))
    assert [t for t, _ in ddim.time_pairs(1000, 50, "leading")] == list(range(980, -1, -20))
    for arguments in ((10, 0), (10, -1), (10, 11), (10, 2, "")):
        with pytest.raises(ValueError, match="must be"):
            ddim.time_pairs(*arguments)


@pytest.mark.parametrize(("t", "t_prev"), STEPS)
def test_step_with_the_true_noise_stays_on_the_trajectory(alpha_bar, generator, t, t_prev):
    x0, eps = torch.randn(2, 3, generator=generator), torch.randn(2, 3, generator=generator)

    def at(t: int) -> torch.Tensor:
        level = float(alpha_bar[t]) if t >= 0 else 1.0
        return math.sqrt(level) * x0 + math.sqrt(1 - level) * eps

    torch.testing.assert_close(ddim.ddim_step(at(t), eps, t, t_prev, alpha_bar), at(t_prev))


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("t", "t_prev"), STEPS)
def test_step_keeps_the_marginals(alpha_bar, t, t_prev, eta):
    """x_0 fixed, x_t of mean sqrt(alpha_bar) x_0 and variance 1 - alpha_bar: so is x_prev."""
    level, one, zero = alpha_bar[t], torch.ones(1, 1), torch.zeros(1, 1)
    level_prev = alpha_bar[t_prev] if t_prev >= 0 else torch.tensor(1.0)
    noise_in_x = (1 - level).sqrt() * one
    by_eps = ddim.ddim_step(noise_in_x, one, t, t_prev, alpha_bar, eta, zero)
    by_noise = ddim.ddim_step(zero, zero, t, t_prev, alpha_bar, eta, one)
    by_x0 = ddim.ddim_step(level.sqrt() * one, zero, t, t_prev, alpha_bar, eta, zero)
    torch.testing.assert_close(by_x0, level_prev.sqrt() * one)
    torch.testing.assert_close(by_eps.square() + by_noise.square(), (1 - level_prev) * one)
    if eta == 0 or t_prev == -1:
        torch.testing.assert_close(by_noise, zero)
    else:
        assert by_noise > 0


@pytest.mark.parametrize("t", range(9))
def test_eta_one_is_ddpm(alpha_bar, generator, t):
    """Steps of length one draw from q(x_{t-1} | x_t, x_0), found by conditioning a Gaussian."""
    before = float(alpha_bar[t - 1]) if t else 1.0
    level = float(alpha_bar[t])
    x_t, eps, noise = (torch.randn(2, 3, generator=generator) for _ in range(3))
    x0 = (x_t - math.sqrt(1 - level) * eps) / math.sqrt(level)
    covariance = math.sqrt(level / before) * (1 - before)
    gain = covariance / (1 - level)
    mean = math.sqrt(before) * x0 + gain * (x_t - math.sqrt(level) * x0)
    deviation = math.sqrt(max(1 - before - gain * covariance, 0.0))
    got = ddim.ddim_step(x_t, eps, t, t - 1, alpha_bar, eta=1.0, noise=noise)
    torch.testing.assert_close(got, mean + deviation * noise)


@pytest.mark.parametrize("spacing", ["trailing", "leading"])
@pytest.mark.parametrize("num_steps", [1, 2, 4, 9])
def test_encoding_and_sampling_are_inverse_for_constant_eps(
    alpha_bar, generator, num_steps, spacing
):
    pairs = ddim.time_pairs(9, num_steps, spacing)
    x0, eps = (torch.randn(2, 1, 2, 2, generator=generator) for _ in range(2))

    def model(x, t):
        assert t.shape == (2,) and t.dtype == torch.int64
        return eps

    level = alpha_bar[pairs[0][0]]
    latent = ddim.ddim_encode(model, x0, pairs, alpha_bar)
    torch.testing.assert_close(latent, level.sqrt() * x0 + (1 - level).sqrt() * eps)
    torch.testing.assert_close(ddim.ddim_sample(model, latent, pairs, alpha_bar), x0)


def test_encoding_asks_at_the_times_of_sampling(alpha_bar, generator):
    """Also exact for noise that depends on t: forwards and backwards ask at the same times."""
    pairs, by_time = ddim.time_pairs(9, 4), torch.randn(9, 2, 3, generator=generator)
    x0 = torch.randn(2, 3, generator=generator)
    latent = ddim.ddim_encode(lambda x, t: by_time[t[0]], x0, pairs, alpha_bar)
    got = ddim.ddim_sample(lambda x, t: by_time[t[0]], latent, pairs, alpha_bar)
    torch.testing.assert_close(got, x0)


def test_random_chain_with_the_true_noise_ends_at_the_data(alpha_bar, generator):
    x0, x_T = torch.randn(2, 3, generator=generator), torch.randn(2, 3, generator=generator)
    noises = torch.randn(4, 2, 3, generator=generator)

    def model(x, t):
        level = alpha_bar[t][:, None]
        return (x - level.sqrt() * x0) / (1 - level).sqrt()

    pairs = ddim.time_pairs(9, 4)
    got = ddim.ddim_sample(model, x_T, pairs, alpha_bar, 0.6, noises)
    torch.testing.assert_close(got, x0)


def test_long_chains_follow_the_probability_flow(generator):
    """Gaussian data N(0, s^2): the exact path scales x by the ratio of standard deviations."""
    s = 0.5
    alpha_bar = torch.cumprod(1 - torch.linspace(1e-5, 0.004, 2000), 0)
    x_T = torch.randn(3, 2, generator=generator)

    def model(x, t):
        level = alpha_bar[t][:, None]
        return (1 - level).sqrt() * x / (s**2 * level + 1 - level)

    got = ddim.ddim_sample(model, x_T, ddim.time_pairs(2000, 1000), alpha_bar)
    expected = x_T * s / (s**2 * alpha_bar[-1] + 1 - alpha_bar[-1]).sqrt()
    torch.testing.assert_close(got, expected, rtol=5e-3, atol=0)
    latent = ddim.ddim_encode(model, expected, ddim.time_pairs(2000, 1000), alpha_bar)
    torch.testing.assert_close(latent, x_T, rtol=5e-3, atol=0)
