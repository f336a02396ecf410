"""Experiments on ``vae_gan.latent_space``."""

import torch

from autograder.sandbox.probe import Package, Rng


def line(hw: Package, rng: Rng) -> dict:
    a, b, t = rng.normal(7, 5), rng.normal(7, 5), rng.tensor([0.0, 0.3, 0.45, 1.0, 1.7, -0.4])
    return {
        "points": hw.latent_space.lerp(a, b, t),
        "cube": hw.latent_space.lerp(a[:4, :4], b[:4, :4], t[:4]),
        "one": hw.latent_space.lerp(a[:1], b[:1], t[1:2]),
    }


def arc(hw: Package, rng: Rng) -> dict:
    scale = rng.uniform(7, 1, low=0.5, high=3.0)
    a, b = rng.normal(7, 5), rng.keep(scale * rng.normal(7, 5))
    t = rng.tensor([0.0, 0.3, 0.45, 1.0, 1.7, -0.4])
    return {
        "points": hw.latent_space.slerp(a, b, t),
        "cube": hw.latent_space.slerp(a[:4, :4], b[:4, :4], t[:4]),
    }


def short_arc(hw: Package, rng: Rng) -> dict:
    return {"points": hw.latent_space.slerp(rng.normal(2, 3), rng.normal(2, 3), rng.uniform(2))}


def arc_of_parallel_pairs(hw: Package, rng: Rng) -> dict:
    """Angles of 0, 1e-9, 0.02 and pi, and a wide one beside them."""
    a = rng.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 2.0], [1.0] * 3])
    shift = rng.tensor(
        [[1.0, 0.0, 0.0], [1.0, 1e-9, 0.0], [0.0, 0.0, 0.06], [0.0, 0.0, -5.0], [-3.0, 0.0, 1.0]]
    )
    b, c = rng.keep(a + shift), rng.normal(4, 3)
    # Angles of 3e-3 and 5e-4, on either side of the threshold: line and arc part beyond the ends.
    start = rng.tensor([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    end = rng.tensor([[3.0, 9e-3, 0.0], [0.0, 1.2, 6e-4]])
    t = rng.tensor([0.0, 0.3, 0.8, 1.0])
    return {
        "points": hw.latent_space.slerp(a, b, t),
        "multiples": hw.latent_space.slerp(c, rng.keep(c * rng.uniform(4, 1, low=0.5)), t),
        "beyond": hw.latent_space.slerp(start, end, rng.tensor([-20.0, 0.4, 30.0])),
    }


def arc_of_nearly_opposite_pairs(hw: Package, rng: Rng) -> dict:
    """Angles of pi - 3e-3 and pi - 5e-4, on either side of the threshold."""
    missing = rng.tensor([[3e-3], [5e-4]])
    a = rng.tensor([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    side = rng.tensor([[0.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
    b = rng.keep(0.7 * (missing.sin() * side - missing.cos() * a))
    return {"points": hw.latent_space.slerp(a, b, rng.tensor([0.0, 0.3, 0.8, 1.0, 1.6]))}


def traversal(hw: Package, rng: Rng) -> dict:
    z, values = rng.normal(5), rng.normal(4, std=2)
    return {
        "grid": hw.latent_space.traverse(z, rng.tensor([3, 0, 4]), values),
        "cube": hw.latent_space.traverse(z[:4], rng.tensor([2, 3, 1, 0]), values),
    }


def traversal_of_one(hw: Package, rng: Rng) -> dict:
    return {"grid": hw.latent_space.traverse(rng.normal(3), rng.tensor([1]), rng.normal(2))}


def information(hw: Package, rng: Rng) -> dict:
    """One code tells a factor, one tells it in part, the others are noise."""
    factors = rng.integers(0, 3, 40, 3)
    noise = rng.integers(0, 4, 40, 2)
    told = factors[:, 1:2]
    codes = torch.cat([noise, rng.keep(2 - told), rng.keep(told * noise[:, :1])], dim=1)
    return {"information": hw.latent_space.mutual_information(codes, factors, 7)}


def information_of_few(hw: Package, rng: Rng) -> dict:
    codes, factors = rng.integers(0, 2, 9, 2), rng.integers(0, 2, 9, 1)
    return {
        "few": hw.latent_space.mutual_information(codes, factors, 2),
        "itself": hw.latent_space.mutual_information(factors, factors, 2),
    }


def gap(hw: Package, rng: Rng) -> dict:
    entropy = rng.uniform(3, low=0.7, high=2.0)
    table = rng.keep(rng.uniform(5, 3) * entropy)
    return {
        "gap": hw.latent_space.mutual_information_gap(table, entropy),
        "square": hw.latent_space.mutual_information_gap(table[1:4], entropy),
    }


def gap_of_ties(hw: Package, rng: Rng) -> dict:
    table = rng.tensor([[0.7, 0.1], [0.7, 0.4], [0.2, 0.3], [0.0, 0.25]])
    return {"gap": hw.latent_space.mutual_information_gap(table, rng.tensor([0.9, 0.5]))}


def bins(hw: Package, rng: Rng) -> dict:
    scale = rng.tensor([1.0, 30.0, 0.02, 4.0])
    latents = rng.keep(rng.normal(12, 4) * scale + rng.normal(4, std=5))
    grid = rng.tensor([[0.0], [1.0], [2.0], [3.0], [4.0]])
    edges = rng.keep(grid * rng.tensor([1.0, 2.0**-20, 2.0**30]))  # exact, and so are quotients
    return {
        "bins": hw.latent_space.discretize(latents, 5),
        "square": hw.latent_space.discretize(latents[:4], 3),
        "edges": hw.latent_space.discretize(edges, 4),
    }


def bins_of_collapsed_dimensions(hw: Package, rng: Rng) -> dict:
    latents = torch.cat([rng.normal(7, 1), rng.tensor([[0.3, 0.0]] * 7)], dim=1)
    return {"bins": hw.latent_space.discretize(rng.keep(latents), 4)}


def weights(hw: Package, rng: Rng) -> dict:
    codes = rng.keep(rng.integers(0, 3, 12, 3) * rng.integers(1, 3, 12, 3))
    return {
        "weights": hw.latent_space.resampling_weights(codes, 5, 0.1),
        "sharp": hw.latent_space.resampling_weights(codes, 9, 1e-3),
        "one_dimension": hw.latent_space.resampling_weights(codes[:, :1], 5, 0.3),
        "square": hw.latent_space.resampling_weights(codes[:3], 5, 0.2),
    }


def weights_small(hw: Package, rng: Rng) -> dict:
    codes = rng.tensor([[0, 1], [0, 2], [0, 1], [3, 1], [0, 0]])
    return {"weights": hw.latent_space.resampling_weights(codes, 4, 0.05)}


def weights_of_many_dimensions(hw: Package, rng: Rng) -> dict:
    """Five hundred dimensions in which all examples differ, and two in which some are rare."""
    own = rng.permutation(6)[:, None].expand(6, 500)
    rare = rng.tensor([[0, 1], [0, 1], [0, 1], [2, 1], [0, 3], [0, 3]])
    return {"weights": hw.latent_space.resampling_weights(torch.cat([own, rare], dim=1), 6, 1e-3)}
