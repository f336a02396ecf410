"""Proofs of the reference of Q3, MADE."""

import itertools
import math

import pytest
import torch
from likelihood.made import MADE, MaskedLinear, build_masks
from torch import Tensor
from torch.distributions import Bernoulli

pytestmark = pytest.mark.usefixtures("double")

ORDERINGS = [
    (0, 1, 2, 3, 4, 5),
    (5, 4, 3, 2, 1, 0),
    (3, 0, 5, 1, 4, 2),
    (1, 2, 3, 4, 5, 0),
]
HIDDEN_SIZES = [(), (5,), (9,), (6, 6), (7, 12, 5)]


def random_made(ordering: tuple[int, ...], hidden_sizes: tuple[int, ...]) -> MADE:
    generator = torch.Generator().manual_seed(len(hidden_sizes))
    model = MADE(ordering, hidden_sizes)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return model


def all_binary_vectors(num_dims: int) -> Tensor:
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=num_dims)))


def comes_earlier(ordering: tuple[int, ...]) -> Tensor:
    """Entry [d, e] says whether e comes before d in the ordering."""
    num_dims = len(ordering)
    earlier = torch.zeros(num_dims, num_dims, dtype=torch.bool)
    for i, j in itertools.combinations(range(num_dims), 2):
        earlier[ordering[j], ordering[i]] = True
    return earlier


@pytest.mark.parametrize("hidden_sizes", HIDDEN_SIZES)
@pytest.mark.parametrize("ordering", ORDERINGS)
def test_paths_join_each_output_to_all_earlier_inputs_and_no_others(ordering, hidden_sizes):
    paths = torch.eye(len(ordering))
    for mask in build_masks(ordering, hidden_sizes):
        paths = mask.double() @ paths
    assert torch.equal(paths > 0, comes_earlier(ordering))


@pytest.mark.parametrize("hidden_sizes", HIDDEN_SIZES)
@pytest.mark.parametrize("ordering", ORDERINGS)
def test_jacobian_vanishes_where_it_must(ordering, hidden_sizes):
    model = random_made(ordering, hidden_sizes)
    x = torch.randn(len(ordering), generator=torch.Generator().manual_seed(3))
    jacobian = torch.autograd.functional.jacobian(model.net, x)
    assert not jacobian[~comes_earlier(ordering)].any()


def test_hand_table():
    """Ordering 2, 0, 1: dimensions have degrees 2, 3, 1; hidden units 1, 2, 1, 2 and 1, 2, 1."""
    masks = build_masks([2, 0, 1], [4, 3])
    assert [mask.int().tolist() for mask in masks] == [
        [[0, 0, 1], [1, 0, 1], [0, 0, 1], [1, 0, 1]],
        [[1, 0, 1, 0], [1, 1, 1, 1], [1, 0, 1, 0]],
        [[1, 0, 1], [1, 1, 1], [0, 0, 0]],
    ]


def test_one_dimension_depends_on_nothing():
    first, second = build_masks([0], [3])
    assert first.all()
    assert not second.any()


@pytest.mark.parametrize("num_dims", [2, 5])
def test_number_of_connections(num_dims):
    """With k units of each degree, (D-1) k D / 2 connections lead in, and as many out."""
    copies = 3
    ordering = tuple(reversed(range(num_dims)))
    masks = build_masks(ordering, [copies * (num_dims - 1)])
    expected = copies * num_dims * (num_dims - 1) // 2
    assert [int(mask.sum()) for mask in masks] == [expected, expected]


def test_masked_layer_is_a_sum_over_kept_connections():
    generator = torch.Generator().manual_seed(0)
    layer = MaskedLinear(torch.rand(4, 3, generator=generator) < 0.5)
    x = torch.randn(2, 3, generator=generator)
    y = layer(x)
    for b, j in itertools.product(range(2), range(4)):
        kept = [layer.weight[j, i] * x[b, i] for i in range(3) if layer.mask[j, i]]
        torch.testing.assert_close(y[b, j], layer.bias[j] + sum(kept))
    y.square().sum().backward()
    assert torch.equal(layer.weight.grad != 0, layer.mask)


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_probabilities_sum_to_one(ordering):
    model = random_made(ordering, (7, 12, 5))
    total = model.log_prob(all_binary_vectors(len(ordering))).exp().sum()
    torch.testing.assert_close(total, torch.ones(()))


def test_logits_are_the_conditionals_of_the_joint():
    """p(x_d = 1 | earlier), computed from the table of all probabilities by marginalisation."""
    ordering = (2, 0, 3, 1)
    model = random_made(ordering, (6, 9))
    x = all_binary_vectors(4)
    prob = model.log_prob(x).exp()
    conditional = torch.sigmoid(model(x))
    for i, d in enumerate(ordering):
        earlier = list(ordering[:i])
        for b in range(len(x)):
            agrees = (x[:, earlier] == x[b, earlier]).all(dim=1)
            ones = agrees & (x[:, d] == 1)
            torch.testing.assert_close(prob[ones].sum() / prob[agrees].sum(), conditional[b, d])


def test_log_prob_agrees_with_torch_distributions():
    model = random_made(ORDERINGS[2], (9,))
    x = all_binary_vectors(6)
    expected = Bernoulli(logits=model(x)).log_prob(x).sum(dim=1)
    torch.testing.assert_close(model.log_prob(x), expected)


def test_log_prob_of_large_logits():
    model = random_made((1, 0), ())
    model.net[0].bias.data = torch.tensor([1e4, -1e4])
    model.net[0].weight.data.zero_()
    expected = torch.tensor([-1e4, -2e4, 0.0, -1e4])
    torch.testing.assert_close(model.log_prob(all_binary_vectors(2)), expected)


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_every_vector_is_drawn_from_its_own_box_of_uniforms(ordering):
    """x is drawn from a box of uniforms with the volume p(x); boxes of all x fill the cube."""
    model = random_made(ordering, (7, 12))
    x = all_binary_vectors(len(ordering))
    zero = 1 - torch.sigmoid(model(x)).detach()
    low, high = torch.where(x == 1, zero, 0.0), torch.where(x == 1, 1.0, zero)
    torch.testing.assert_close((high - low).prod(dim=1), model.log_prob(x).detach().exp())
    for place in (0.001, 0.5, 0.999):
        assert torch.equal(model.sample(low + place * (high - low)), x)


def test_frequencies_of_samples():
    model = random_made((2, 0, 1), (4,))
    num_samples = 20_000
    u = torch.rand(num_samples, 3, generator=torch.Generator().manual_seed(0))
    codes = (model.sample(u) @ torch.tensor([4.0, 2.0, 1.0])).long()
    frequency = torch.bincount(codes, minlength=8) / num_samples
    expected = model.log_prob(all_binary_vectors(3)).detach().exp()
    error = (expected * (1 - expected) / num_samples).sqrt()
    assert ((frequency - expected).abs() <= 4.5 * error).all()


def test_sample_of_a_tie_is_one():
    """The smallest k with P(x <= k) > u: at u = P(x = 0) exactly that is 1."""
    model = random_made((0,), ())
    model.net[0].bias.data.zero_()
    assert model.sample(torch.tensor([[0.5], [math.nextafter(0.5, 0.0)]])).tolist() == [[1], [0]]
