"""The answers to HW2's written questions, by computing what they claim."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence
from vae_gan.divergences import frechet_distance
from vae_gan.iwae import iwae_bound, log_weights
from written_answers import Answers

HW2 = Answers("hw2")


def test_gap_of_a_collapsed_encoder():
    """log p(x) minus the ELBO, the expectation by quadrature."""
    z = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    q = Normal(0.0, 1.0)
    integrand = q.log_prob(z).exp() * Normal(z, 1.0).log_prob(torch.tensor(2.0).double())
    elbo = torch.trapezoid(integrand, z).item()
    evidence = Normal(0.0, math.sqrt(2.0)).log_prob(torch.tensor(2.0)).item()
    assert HW2.number("a") == pytest.approx(evidence - elbo, rel=1e-3)


@pytest.mark.parametrize(("w", "s", "beta"), [(0.7, 0.5, 1.0), (1.6, 1.2, 4.0), (0.4, 0.9, 0.5)])
def test_best_variance_of_a_beta_vae(w, s, beta):
    """The objective on a grid of variances; the best m does not depend on v."""
    v = torch.linspace(1e-4, 2.0, 2_000_001, dtype=torch.float64)
    reconstruction = -(w**2) * v / (2 * s**2)  # E (x - w z)^2 adds w^2 v
    kl = (v - v.log()) / 2
    best = v[(reconstruction - beta * kl).argmax()].item()
    assert HW2.value("b", w=w, s=s, beta=beta) == pytest.approx(best, abs=1e-5)


def test_collapse_is_a_tight_bound():
    """With p(x | z) = p(x) the posterior is the prior, and an encoder at the prior has no gap."""
    z = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    prior = Normal(0.0, 1.0).log_prob(z).exp()
    likelihood = torch.full_like(z, 0.3)
    evidence = torch.trapezoid(prior * likelihood, z)
    posterior = prior * likelihood / evidence
    torch.testing.assert_close(posterior, prior)
    elbo = torch.trapezoid(prior * likelihood.log(), z)
    assert elbo.item() == pytest.approx(evidence.log().item())
    assert HW2.letters("c") == "C"


def test_gradients_of_the_encoder_in_a_vqvae():
    draw = torch.Generator().manual_seed(0)
    codes = torch.randn(5, 3, generator=draw, dtype=torch.float64)
    z_e = torch.randn(4, 3, generator=draw, dtype=torch.float64, requires_grad=True)
    e = codes[torch.cdist(z_e.detach(), codes).argmin(1)]
    terms = {
        "A": ((z_e + (e - z_e).detach()) ** 3).sum(),
        "B": (e**3).sum(),
        "C": ((z_e.detach() - e) ** 2).sum(),
        "D": ((z_e - e.detach()) ** 2).sum(),
        "E": (0.9 * codes + 0.1 * z_e.detach().mean(0)).sum(),
    }
    moved = [letter for letter, term in terms.items() if term.requires_grad]
    assert "".join(moved) == HW2.letters("d")


def test_value_of_the_game():
    both = [(0.5, 0.0), (0.5, 0.5), (0.0, 0.5)]
    grid = np.linspace(1e-9, 1 - 1e-9, 100_001)
    value = sum((p * np.log(grid) + g * np.log1p(-grid)).max() for p, g in both)
    assert HW2.number("e") == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(("m1", "m2", "s1", "s2"), [(0.3, -1.2, 0.5, 1.7), (0.0, 0.0, 1.0, 1.0)])
def test_frechet_distance(m1, m2, s1, s2):
    moments = ([m1], [[s1**2]], [m2], [[s2**2]])
    expected = frechet_distance(*(torch.tensor(m, dtype=torch.float64) for m in moments)).item()
    assert HW2.value("f", m1=m1, m2=m2, s1=s1, s2=s2) == pytest.approx(expected, abs=1e-9)


def test_bounds_in_order():
    """In a linear-Gaussian model with an encoder that is off, by Monte Carlo."""
    x, draws = torch.tensor(2.0).double(), 4000
    mean, log_var = torch.full((1, 1), 0.2).double(), torch.full((1, 1), -0.2).double()
    generator = torch.Generator().manual_seed(0)
    eps = torch.randn(50 * draws, 1, 1, generator=generator, dtype=torch.float64)
    log_w = log_weights(mean, log_var, eps, lambda z: Normal(z, 1.0).log_prob(x).sum(-1))
    kl = kl_divergence(Normal(0.2, math.exp(-0.1)), Normal(0.0, 1.0)).item()
    bounds = {
        "A": Normal(0.0, math.sqrt(2.0)).log_prob(x).item(),
        "B": iwae_bound(log_w, 50).item(),
        "C": iwae_bound(log_w, 1).item(),
        "D": iwae_bound(log_w, 5).item(),
    }
    bounds["E"] = bounds["C"] - 3 * kl
    assert list(HW2.letters("g")) == sorted(bounds, key=bounds.get)


def test_a_shuffle_that_keeps_the_distribution_is_invisible_to_the_losses():
    """Uniform images 0..3 in both domains; G is any permutation, F its inverse."""
    images = torch.arange(4)
    forward = torch.tensor([2, 0, 3, 1])
    backward = forward.argsort()
    assert torch.equal(backward[forward[images]], images)
    assert torch.equal(forward[images].sort().values, images)
    assert not torch.equal(forward[images], images)
    assert HW2.letters("h") == "D"
