"""Proofs of the reference of Q6, latent space."""

import itertools
import math

import pytest
import torch
from torch import distributions
from vae_gan import latent_space


@pytest.fixture
def integers(generator):
    return lambda high, *shape: torch.randint(high, shape, generator=generator)


T = torch.tensor([0.0, 0.2, 0.5, 0.9, 1.0], dtype=torch.float64)


@pytest.mark.parametrize("interpolate", [latent_space.lerp, latent_space.slerp])
def test_ends_are_the_vectors_and_time_can_be_reversed(normal, interpolate):
    a, b = normal(6, 4), normal(6, 4)
    z = interpolate(a, b, T)
    torch.testing.assert_close(z[:, 0], a)
    torch.testing.assert_close(z[:, -1], b)
    torch.testing.assert_close(z, interpolate(b, a, 1 - T))


def test_line_is_straight(normal):
    a, b = normal(6, 4), normal(6, 4)
    z = latent_space.lerp(a, b, T)
    torch.testing.assert_close(z - a[:, None], T[:, None] * (b - a)[:, None])


def test_arc_is_the_rotation_by_a_share_of_the_angle(normal):
    """On the unit circle the angle itself is interpolated; the other dimensions stay zero."""
    start, angle = torch.tensor([0.3, -2.0, 1.0]), torch.tensor([2.9, 0.4, -1.7])

    def on_circle(radians):
        zero = torch.zeros_like(radians)
        return torch.stack([radians.cos(), zero, radians.sin()], dim=-1).double()

    basis, _ = torch.linalg.qr(normal(3, 3))
    z = latent_space.slerp(5 * on_circle(start) @ basis, 5 * on_circle(start + angle) @ basis, T)
    expected = 5 * on_circle(start[:, None] + T * angle[:, None]) @ basis
    torch.testing.assert_close(z, expected, rtol=1e-6, atol=1e-6)


def test_arc_keeps_the_length(normal):
    a, b = (torch.nn.functional.normalize(normal(9, 7), dim=1) for _ in range(2))
    length = latent_space.slerp(3 * a, 3 * b, T).norm(dim=2)
    torch.testing.assert_close(length, torch.full_like(length, 3.0))


def test_arc_of_almost_parallel_vectors_is_the_line_in_the_limit():
    a = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    for angle in (0.0, 1e-12, 1e-5, 9e-4, 1.1e-3):
        b = 2 * torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64)
        got = latent_space.slerp(a, b, T)
        torch.testing.assert_close(got, latent_space.lerp(a, b, T), rtol=0, atol=1e-6)


def test_arc_of_opposite_vectors_is_the_line():
    a = torch.tensor([[3.0, 4.0]], dtype=torch.float64)
    torch.testing.assert_close(latent_space.slerp(a, -a, T), latent_space.lerp(a, -a, T))


def test_traversal_changes_one_entry(normal):
    z, values = normal(6), normal(4)
    dims = torch.tensor([5, 0, 2])
    grid = latent_space.traverse(z, dims, values)
    for (j, dim), (n, value) in itertools.product(enumerate(dims.tolist()), enumerate(values)):
        expected = [value.item() if i == dim else z[i].item() for i in range(6)]
        assert grid[j, n].tolist() == expected


def entropy(columns):
    """Entropy of tuples, counted with a dictionary."""
    rows = [tuple(row) for row in columns.tolist()]
    return -sum(p * math.log(p) for p in (rows.count(r) / len(rows) for r in set(rows)))


def test_information_is_that_of_counted_entropies(integers):
    codes, factors = integers(4, 25, 3), integers(3, 25, 2)
    factors[:, 0] = codes[:, 1] // 2
    got = latent_space.mutual_information(codes, factors, 6)
    for j, v in itertools.product(range(3), range(2)):
        code, factor = codes[:, [j]], factors[:, [v]]
        expected = entropy(code) + entropy(factor) - entropy(torch.cat([code, factor], dim=1))
        assert got[j, v].item() == pytest.approx(expected, abs=1e-6)
    assert (got > -1e-6).all()


def test_gap_by_enumeration_is_one_for_a_code_that_is_the_factors():
    """All combinations of three factors, told by a permutation of them and of their values."""
    factors = torch.cartesian_prod(torch.arange(2), torch.arange(3), torch.arange(4))
    codes = torch.stack([3 - factors[:, 2], factors[:, 0], (factors[:, 1] + 1) % 3], dim=1)
    entropies = latent_space.mutual_information(factors, factors, 4).diagonal()
    torch.testing.assert_close(entropies, torch.tensor([2.0, 3.0, 4.0]).log())

    def gap(codes):
        information = latent_space.mutual_information(codes, factors, 4)
        return latent_space.mutual_information_gap(information, entropies).item()

    assert gap(codes) == pytest.approx(1, abs=1e-6)
    doubled = torch.cat([codes, codes[:, :1]], dim=1)
    assert gap(doubled) == pytest.approx(2 / 3, abs=1e-6)
    assert gap(0 * codes) == pytest.approx(0, abs=1e-6)


def test_bins_are_those_of_the_histogram(normal):
    latents = normal(50, 3) * torch.tensor([1.0, 100.0, 1e-3]) + 7
    codes = latent_space.discretize(latents, 6)
    for j in range(3):
        counts = codes[:, j].bincount(minlength=6).double()
        torch.testing.assert_close(counts, torch.histc(latents[:, j], 6))
    assert (codes.amin(dim=0) == 0).all() and (codes.amax(dim=0) == 5).all()
    assert not latent_space.discretize(torch.full((4, 2), 0.1), 6).any()


def test_weights_by_enumeration(integers):
    codes = integers(4, 9, 2) * integers(2, 9, 2)
    rows = codes.tolist()
    w = [
        math.prod(1 / (sum(r[j] == row[j] for r in rows) / 9 + 0.2) for j in range(2))
        for row in rows
    ]
    got = latent_space.resampling_weights(codes, 4, 0.2)
    assert got.tolist() == pytest.approx([value / sum(w) for value in w], rel=1e-5)


def test_uniform_latents_get_uniform_weights():
    line = (torch.arange(40, dtype=torch.float64) + 0.5) / 40
    codes = latent_space.discretize(torch.stack([line, line.flip(0)], dim=1), 8)
    weights = latent_space.resampling_weights(codes, 8, 0.01)
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / 40))


def test_a_small_alpha_undoes_an_imbalance():
    """Drawn with the weights, all bins of a one-dimensional latent are equally frequent."""
    codes = torch.tensor([0] * 90 + [1] * 9 + [2])[:, None]
    weights = latent_space.resampling_weights(codes, 3, 1e-9)
    share = torch.zeros(3).index_add(0, codes[:, 0], weights)
    torch.testing.assert_close(share, torch.full_like(share, 1 / 3), rtol=1e-4, atol=0)
    flat = latent_space.resampling_weights(codes, 3, 1e6)
    torch.testing.assert_close(flat, torch.full_like(flat, 1 / 100), rtol=1e-4, atol=0)


def test_normal_latents_are_resampled_towards_the_tails(normal):
    """The weighted second moment of a standard normal grows towards that of a uniform density."""
    latents = normal(4000, 1)
    weights = latent_space.resampling_weights(latent_space.discretize(latents, 20), 20, 1e-3)
    moment = (weights * latents[:, 0].square()).sum().item()
    half_width = latents.abs().max().item()
    assert 2.0 < moment < half_width**2
    assert distributions.Categorical(weights).entropy().item() < math.log(4000)
