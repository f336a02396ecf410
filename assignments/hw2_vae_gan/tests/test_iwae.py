"""Public checks of Q3: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, tensor
from vae_gan import iwae


@pytest.mark.part("a")
def test_log_mean_exp_by_hand() -> None:
    x = tensor([[0, math.log(3)], [-5, -5]])
    close(iwae.log_mean_exp(x, 1), [math.log(2), -5], "log_mean_exp of the rows (1, 3) and equal")
    far = x + tensor([[4000], [-4000]])
    message = "log_mean_exp of rows 8000 apart, each near its own maximum"
    close(iwae.log_mean_exp(far, 1), [4000 + math.log(2), -4005], message)


@pytest.mark.part("a")
def test_log_mean_exp_of_impossible_entries() -> None:
    x = tensor([[-math.inf, -math.inf], [0, -math.inf]])
    got = iwae.log_mean_exp(x, 1)
    close(
        got, [-math.inf, math.log(1 / 2)], "log_mean_exp where all or half of the weights are zero"
    )


@pytest.mark.part("a")
def test_bound_by_hand() -> None:
    log_w = tensor([[1, 5], [3, 5], [2, 5], [6, 5]]).log()
    message = "iwae_bound of an example with weights 1, 3, 2, 6 and one with weights of 5"
    for num_samples, first, what in (
        (1, math.log(1 * 3 * 2 * 6) / 4, "one at a time: the ELBO"),
        (2, math.log(2 * 4) / 2, "in pairs: those of the first example have means 2 and 4"),
        (4, math.log(3), "all four: those of the first example have mean 3"),
    ):
        got = iwae.iwae_bound(log_w, num_samples)
        close(got, (first + math.log(5)) / 2, f"{message}, {what}; then the mean over examples")
    with pytest.raises(ValueError):  # noqa: PT011 (the words are up to you)
        iwae.iwae_bound(log_w, 3)


@pytest.mark.part("a")
def test_bound_is_monotone() -> None:
    """Pairs within fours within eights: Jensen's inequality holds for every set of draws."""
    log_w = 3 * torch.randn(8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    bounds = [float(iwae.iwae_bound(log_w - 1000, m)) for m in (1, 2, 4, 8)]
    assert bounds == sorted(bounds) and bounds[0] < bounds[-1], (
        f"iwae_bound with 1, 2, 4 and 8 samples must not fall; got {bounds}"
    )


@pytest.mark.part("b")
def test_log_normal_by_hand() -> None:
    x, mean = tensor([[[3, 0]], [[0, 0]]]), tensor([[0, 0]])
    log_var = tensor([[math.log(9), 0]])
    constant = math.log(9) + 2 * math.log(2 * math.pi)
    message = "log_normal at one standard deviation and at the mean, variances 9 and 1"
    got = iwae.log_normal(x, mean, log_var)
    close(got, [[-0.5 * (1 + constant)], [-0.5 * constant]], message)


@pytest.mark.part("b")
def test_weights_are_constant_if_q_is_the_posterior() -> None:
    """z ~ N(0, 1) and x | z ~ N(z, 1): p(z | x) = N(x/2, 1/2) and p(x) = N(x; 0, 2)."""
    x = tensor([1, -4, 0])
    eps = torch.randn(6, 3, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mean, log_var = x[:, None] / 2, torch.full((3, 1), math.log(1 / 2), dtype=torch.float64)
    log_w = iwae.log_weights(mean, log_var, eps, lambda z: unit_normal(x - z[..., 0]))
    expected = unit_normal(x / math.sqrt(2)) - math.log(2) / 2
    message = "log_weights where q is the exact posterior: log p(x), whatever eps"
    close(log_w, expected.expand(6, 3), message)


@pytest.mark.part("b")
def test_weights_by_hand() -> None:
    eps, zero = tensor([[[1, 2]], [[0, -3]], [[4, 4]]]), tensor([[0, 0]])
    log_w = iwae.log_weights(zero, zero, eps, lambda z: z.sum(dim=-1))
    close(log_w, [[3], [-3], [8]], "log_weights where q is the prior: log p(x | z) at z = eps")
    log_w = iwae.log_weights(
        tensor([[0]]), tensor([[math.log(9)]]), tensor([[[1]]]), lambda z: z[..., 0]
    )
    message = "log_weights of z = 3 drawn from N(0, 9), prior N(0, 1), log-likelihood 3"
    close(log_w, [[3 - 9 / 2 + 1 / 2 + math.log(3)]], message)


@pytest.mark.part("c")
def test_monte_carlo_kl_by_hand() -> None:
    log_q, log_p = tensor([[1, -2], [3, -2]]), tensor([[0, -2], [0, -2]])
    kl, error = iwae.monte_carlo_kl(log_q, log_p)
    message = "monte_carlo_kl of two draws with differences 1 and 3, and of equal densities"
    close(kl, [2, 0], f"{message}: the mean difference")
    close(error, [1, 0], f"{message}: the standard error, sqrt(2) / sqrt(2)")


def unit_normal(x: torch.Tensor) -> torch.Tensor:
    return -0.5 * (math.log(2 * math.pi) + x**2)
