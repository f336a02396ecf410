"""The answers to HW1's written questions, by computing what they claim."""

import itertools
import math

import numpy as np
import pytest
import torch
from likelihood.bayes import NaiveBayes
from likelihood.density import bits_per_dim
from likelihood.made import MADE, MaskedLinear
from written_answers import Answers

HW1 = Answers("hw1")


def test_bits_per_dimension():
    """The uniform density on the unit cube must cost log2(17) bits; -52 nats come on top."""
    nll = torch.tensor([-52.0 + 64 * math.log(17)])
    assert HW1.number("a") == pytest.approx(bits_per_dim(nll, 64).item(), rel=1e-3)


def test_posterior_with_a_missing_pixel():
    model = NaiveBayes(2, 3)
    model.prior.copy_(torch.tensor([0.7, 0.3]))
    model.theta.copy_(torch.tensor([[0.4, 0.9, 0.3], [0.8, 0.5, 0.1]]))
    x, observed = torch.tensor([[1.0, 0.0, 0.0]]), torch.tensor([[True, False, True]])
    assert HW1.number("b") == pytest.approx(model.posterior(x, observed)[0, 1].item(), rel=1e-5)


@pytest.mark.parametrize(("mu", "sigma"), [(0.3, 0.6), (-1.0, 1.5)])
def test_change_of_variables(mu, sigma):
    normal = torch.distributions.Normal(torch.tensor(mu).double(), torch.tensor(sigma).double())
    density = torch.distributions.TransformedDistribution(
        normal, torch.distributions.ExpTransform()
    )
    for y in (0.1, 1.0, 3.7):
        expected = density.log_prob(torch.tensor(y).double()).item()
        assert HW1.value("c", y=y, mu=mu, sigma=sigma) == pytest.approx(expected)


@pytest.mark.parametrize(("D", "k"), [(6, 1), (7, 3), (9, 5), (4, 3)])
def test_parameters_by_counting_table_entries(D, k):
    tables = sum(2 ** min(i, k) for i in range(D))
    assert HW1.value("d", D=D, k=k) == pytest.approx(tables)


def test_the_origin_has_high_density_and_no_draws():
    dimension = 3072
    draws = np.random.default_rng(0).standard_normal((400, dimension))
    excess = (draws**2).sum(1) / 2
    assert excess.mean() == pytest.approx(dimension / 2, rel=0.01)
    assert excess.min() > 0.9 * dimension / 2
    assert HW1.letters("e") == "B"


def test_products_of_attention_with_and_without_a_cache():
    """Doubling L multiplies the totals by 8 and by 4."""
    without = [sum(t * t for t in range(1, length + 1)) for length in (500, 1000)]
    cached = [sum(range(1, length + 1)) for length in (500, 1000)]
    assert without[1] / without[0] == pytest.approx(8, rel=0.01)
    assert cached[1] / cached[0] == pytest.approx(4, rel=0.01)
    assert HW1.letters("f") == "C"


def test_autoregressive_likelihoods_take_one_pass():
    """One call of the network scores any given data, and the result is a distribution."""
    torch.manual_seed(0)
    model = MADE([1, 2, 0], [8])
    layer = next(m for m in model.modules() if isinstance(m, MaskedLinear))
    calls = []
    layer.register_forward_hook(lambda *_: calls.append(1))
    x = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)))
    assert model.log_prob(x).exp().sum().item() == pytest.approx(1.0, rel=1e-5)
    assert len(calls) == 1
    assert HW1.letters("g") == "ABDE"


def test_sequential_passes():
    passes = {"A": 28 * 28, "B": 1, "C": 28, "D": 14 * 14}
    assert list(HW1.letters("h")) == sorted(passes, key=passes.get)
