"""Public checks of Q6: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, has_default_dtype, has_shape, tensor
from vae_gan import latent_space


@pytest.mark.part("a")
def test_lerp_by_hand():
    a, b = tensor([[0.0, 2.0], [1.0, 1.0]]), tensor([[4.0, 0.0], [1.0, 5.0]])
    close(
        latent_space.lerp(a, b, tensor([0.0, 0.25, 1.0])),
        [[[0.0, 2.0], [1.0, 1.5], [4.0, 0.0]], [[1.0, 1.0], [1.0, 2.0], [1.0, 5.0]]],
        "lerp from (0, 2) to (4, 0) and from (1, 1) to (1, 5) at t = 0, 1/4, 1",
    )


@pytest.mark.part("a")
def test_slerp_by_hand():
    end = [2 * math.cos(2 * math.pi / 3), 2 * math.sin(2 * math.pi / 3)]
    quarter = [2 * math.cos(math.pi / 6), 2 * math.sin(math.pi / 6)]
    close(
        latent_space.slerp(tensor([[2.0, 0.0]]), tensor([end]), tensor([0.0, 0.25, 1.0])),
        [[[2.0, 0.0], quarter, end]],
        "slerp from (2, 0) to a vector of length 2 at 120 degrees, at t = 0, 1/4, 1: angles of 0, "
        "30 and 120 degrees, length 2",
    )


@pytest.mark.part("a")
def test_slerp_of_parallel_vectors_is_a_line():
    a, b = tensor([[1.0, 1.0], [1.0, 0.0]]), tensor([[3.0, 3.0], [0.0, 1.0]])
    got = latent_space.slerp(a, b, tensor([0.5]))
    assert not torch.isnan(got).any(), f"slerp between parallel vectors is NaN: {got.tolist()}"
    close(
        got,
        [[[2.0, 2.0]], [[math.sqrt(0.5), math.sqrt(0.5)]]],
        "slerp half way from (1, 1) to (3, 3), which is parallel, and from (1, 0) to (0, 1), which "
        "is not and must not be affected by the other pair",
    )


@pytest.mark.part("b")
def test_traverse_by_hand():
    z = tensor([5.0, 6.0, 7.0])
    close(
        latent_space.traverse(z, torch.tensor([2, 0]), tensor([-1.0, 1.0])),
        [[[5.0, 6.0, -1.0], [5.0, 6.0, 1.0]], [[-1.0, 6.0, 7.0], [1.0, 6.0, 7.0]]],
        "traverse of (5, 6, 7), dimensions 2 and 0, values -1 and 1: one row per dimension, each "
        "starting again from z",
    )


@pytest.mark.part("c")
def test_information_by_hand():
    """Code 0 is the factor itself, code 1 is independent of it, code 2 never changes."""
    codes = torch.tensor([[0, 0, 3], [0, 1, 3], [1, 0, 3], [1, 1, 3]])
    factors = torch.tensor([[4], [4], [2], [2]])
    close(
        latent_space.mutual_information(codes, factors, 5),
        [[math.log(2)], [0.0], [0.0]],
        "mutual_information of a binary factor with itself, with an independent code and with a "
        "constant: log 2, 0, 0 nats",
    )


@pytest.mark.part("c")
def test_information_with_itself_is_entropy():
    x = torch.tensor([[0, 0], [1, 0], [1, 1], [2, 0]])
    got = latent_space.mutual_information(x, x, 3)
    has_shape(got, (2, 2), "mutual_information of codes (4, 2) and factors (4, 2)")
    entropy = [0.5 * math.log(2) + 0.5 * math.log(4), 0.75 * math.log(4 / 3) + 0.25 * math.log(4)]
    close(
        got.diagonal(),
        entropy,
        "mutual_information of x with itself: the entropies of (0, 1, 1, 2) and of (0, 0, 1, 0)",
    )


@pytest.mark.part("c")
def test_information_has_the_default_dtype():
    x = torch.tensor([[0], [1], [1]])
    has_default_dtype(
        lambda: latent_space.mutual_information(x, x, 2), "mutual_information of integers"
    )


@pytest.mark.part("c")
def test_gap_by_hand():
    table = tensor([[0.1, 0.6], [0.5, 0.6], [0.3, 0.0]])
    close(
        latent_space.mutual_information_gap(table, tensor([0.8, 2.0])),
        ((0.5 - 0.3) / 0.8 + 0.0) / 2,
        "mutual_information_gap: the best two codes have 0.5 and 0.3 nats of the first factor "
        "(entropy 0.8), and tie at 0.6 for the second",
    )


@pytest.mark.part("d")
def test_discretize_by_hand():
    latents = tensor([[0.0, -1.0, 4.0], [1.9, 3.0, 4.0], [2.1, 0.0, 4.0], [8.0, 2.9, 4.0]])
    got = latent_space.discretize(latents, 4)
    assert got.dtype == torch.int64, f"bins are int64, got {got.dtype}"
    close(
        got,
        [[0, 0, 0], [0, 3, 0], [1, 1, 0], [3, 3, 0]],
        "discretize into 4 bins: dimension 0 runs from 0 to 8 (bins of width 2), dimension 1 from "
        "-1 to 3, dimension 2 is constant (bin 0); the largest value belongs to the last bin",
    )


@pytest.mark.part("d")
def test_weights_by_hand():
    """Shares 3/4, 3/4, 3/4, 1/4; with alpha = 1/4 the weights are 1 : 1 : 1 : 2."""
    got = latent_space.resampling_weights(torch.tensor([[0], [0], [0], [2]]), 3, 0.25)
    close(got, [0.2, 0.2, 0.2, 0.4], "resampling_weights of bins 0, 0, 0, 2 with alpha = 1/4")


@pytest.mark.part("d")
def test_weights_have_the_default_dtype():
    codes = torch.tensor([[0], [0], [2]])
    has_default_dtype(
        lambda: latent_space.resampling_weights(codes, 3, 0.25), "resampling_weights of integers"
    )


@pytest.mark.part("d")
def test_uniform_latents_get_uniform_weights():
    codes = torch.cartesian_prod(torch.arange(3), torch.arange(4))
    close(
        latent_space.resampling_weights(codes, 4, 0.1),
        [1 / 12] * 12,
        "resampling_weights of a full 3 x 4 grid, where every bin of a dimension is equally full",
    )


@pytest.mark.part("d")
def test_dimensions_multiply():
    """Rare in both dimensions: twice the weight twice."""
    codes = torch.tensor([[0, 0], [0, 0], [0, 0], [1, 1]])
    got = latent_space.resampling_weights(codes, 2, 0.25)
    close(got, [1 / 7, 1 / 7, 1 / 7, 4 / 7], "resampling_weights: 1 : 1 : 1 : 2 * 2")
