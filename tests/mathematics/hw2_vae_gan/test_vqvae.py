"""Proofs of the reference of Q5, VQ-VAE."""

import math

import pytest
import torch
from torch import distributions
from vae_gan import vqvae


@pytest.fixture
def indices():
    return torch.tensor([[[0, 3, 1], [1, 4, 4]], [[2, 4, 0], [0, 0, 1]]])


def positions(shape):
    batch, _, height, width = shape
    return [(b, h, w) for b in range(batch) for h in range(height) for w in range(width)]


def test_nearest_code_by_search(normal):
    z, codebook = normal(3, 4, 3, 5), 2 * normal(6, 4)
    got = vqvae.nearest_code(z, codebook)
    for b, h, w in positions(z.shape):
        distances = [(z[b, :, h, w] - code).norm().item() for code in codebook]
        assert got[b, h, w] == distances.index(min(distances))


def test_nearest_code_of_equal_codes_is_the_first(normal):
    codebook = normal(3, 2).repeat(2, 1)
    assert vqvae.nearest_code(normal(2, 2, 3, 3), codebook).max() < 3


def test_quantize_is_the_code_with_the_identity_as_jacobian(normal, indices):
    z, codebook = normal(2, 3, 2, 3), normal(5, 3)
    got = vqvae.quantize(z, codebook, indices)
    for b, h, w in positions(z.shape):
        torch.testing.assert_close(got[b, :, h, w], codebook[indices[b, h, w]])
    to_z, to_codes = torch.autograd.functional.jacobian(
        lambda z, codes: vqvae.quantize(z, codes, indices).flatten(), (z, codebook)
    )
    torch.testing.assert_close(to_z.flatten(1), torch.eye(z.numel(), dtype=torch.float64))
    assert not to_codes.any()


def test_losses_and_their_gradients_by_hand(normal, indices):
    """d mean||z - e||^2 / dz = 2 (z - e) / 12; for a code, minus the sum over who chose it."""
    z, codebook = normal(2, 3, 2, 3).requires_grad_(), normal(5, 3).requires_grad_()
    loss, codebook_loss, commitment_loss = vqvae.vq_loss(z, codebook, indices, 0.25)
    to_z, to_codes = torch.zeros_like(z), torch.zeros_like(codebook)
    value = 0.0
    with torch.no_grad():
        for b, h, w in positions(z.shape):
            k = indices[b, h, w]
            difference = z[b, :, h, w] - codebook[k]
            value += difference.square().sum().item() / 12
            to_z[b, :, h, w] += 2 * difference / 12
            to_codes[k] -= 2 * difference / 12
    assert codebook_loss.item() == pytest.approx(value)
    assert commitment_loss.item() == pytest.approx(value)
    assert loss.item() == pytest.approx(1.25 * value)

    def gradients(term):
        found = torch.autograd.grad(term, [z, codebook], retain_graph=True, allow_unused=True)
        return [0 * x if g is None else g for x, g in zip((z, codebook), found, strict=True)]

    for term, for_z, for_codes in (
        (codebook_loss, 0, 1),
        (commitment_loss, 1, 0),
        (loss, 0.25, 1),
    ):
        got_z, got_codes = gradients(term)
        torch.testing.assert_close(got_z, for_z * to_z)
        torch.testing.assert_close(got_codes, for_codes * to_codes)


def test_codebook_loss_is_least_at_the_mean_of_the_vectors(normal, indices):
    z = normal(2, 3, 2, 3)
    vectors = z.permute(0, 2, 3, 1)
    means = torch.stack([vectors[indices == k].mean(dim=0) for k in range(5)]).requires_grad_()
    (gradient,) = torch.autograd.grad(vqvae.vq_loss(z, means, indices, 0.0)[0], means)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient))


def test_update_without_memory_gives_the_means(normal, indices):
    z = normal(2, 3, 2, 3)
    counts, sums, codebook = vqvae.ema_update(
        torch.ones(5).double(), normal(5, 3), z, indices, 0.0, 1e-12
    )
    assert counts.tolist() == [4, 3, 1, 1, 3]
    vectors = z.permute(0, 2, 3, 1)
    for k in range(5):
        torch.testing.assert_close(sums[k], vectors[indices == k].sum(dim=0))
        torch.testing.assert_close(codebook[k], vectors[indices == k].mean(dim=0))


def test_repeated_updates_follow_the_geometric_series(normal, indices):
    z, counts, sums = normal(2, 3, 2, 3), torch.zeros(5).double(), torch.zeros(5, 3).double()
    for _ in range(7):
        counts, sums, codebook = vqvae.ema_update(counts, sums, z, indices, 0.8, 1e-12)
    torch.testing.assert_close(counts, (1 - 0.8**7) * torch.tensor([4.0, 3, 1, 1, 3]).double())
    vectors = z.permute(0, 2, 3, 1)
    torch.testing.assert_close(codebook[1], vectors[indices == 1].mean(dim=0))


def test_smoothing_keeps_the_total_and_never_divides_by_zero(indices):
    counts, sums = torch.tensor([8.0, 0.0]).double(), torch.ones(2, 1).double()
    _, new_sums, codebook = vqvae.ema_update(
        counts, sums, torch.zeros(1, 1, 1, 1).double(), torch.zeros(1, 1, 1).long(), 1.0, 0.5
    )
    smoothed = new_sums / codebook
    torch.testing.assert_close(smoothed, torch.tensor([[8.5 * 8 / 9], [0.5 * 8 / 9]]).double())
    assert smoothed.sum().item() == pytest.approx(8)


def test_perplexity_agrees_with_torch_and_has_its_bounds():
    indices = torch.tensor([0, 0, 0, 5, 5, 2, 6, 6, 6, 6])
    p = indices.bincount(minlength=9) / 10
    entropy = distributions.Categorical(p).entropy()
    torch.testing.assert_close(vqvae.perplexity(indices, 9), entropy.exp())
    uniform = torch.arange(7).repeat(3).reshape(3, 7)
    assert vqvae.perplexity(uniform, 7).item() == pytest.approx(7)
    assert vqvae.perplexity(0 * uniform, 7).item() == pytest.approx(1)


def test_training_finds_three_clusters(normal):
    """Straight-through, commitment and codebook losses together: k-means by gradient descent."""
    torch.manual_seed(0)
    bottleneck = vqvae.VectorQuantizer(3, 2).double()
    centers = torch.tensor([[0.0, 3.0], [3.0, 0.0], [-3.0, -3.0]]).double()
    data = (centers.repeat(20, 1) + 0.1 * normal(60, 2)).reshape(1, 6, 10, 2).permute(0, 3, 1, 2)
    with torch.no_grad():
        bottleneck.codebook.copy_(data[0, :, 0, :3].T)
    optimizer = torch.optim.Adam(bottleneck.parameters(), lr=0.05)
    for _ in range(50):
        _, loss, indices = bottleneck(data)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert vqvae.perplexity(indices, 3).item() == pytest.approx(3)
    torch.testing.assert_close(bottleneck.codebook.data, centers, rtol=0, atol=0.1)
    assert loss.item() < 1.25 * 2 * 0.1**2 * math.e
