"""Public checks of Q5: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, has_default_dtype, has_shape, several, tensor
from vae_gan import vqvae

CODES = [[0.0, 0.0], [1.0, 0.0], [0.0, 10.0]]
# One map of two channels: the vectors at its 1 x 3 positions are (0.9, 0.2), (0.1, -0.3), (4, 7).
MAP = [[[[0.9, 0.1, 4.0]], [[0.2, -0.3, 7.0]]]]


@pytest.mark.part("a")
def test_nearest_code_by_hand():
    got = vqvae.nearest_code(tensor(MAP), tensor(CODES))
    assert got.dtype == torch.int64, f"nearest_code: indices are int64, got {got.dtype}"
    close(
        got,
        [[[1, 0, 2]]],
        "nearest_code: nearest of (0, 0), (1, 0), (0, 10) to (0.9, 0.2), (0.1, -0.3), (4, 7)",
    )


@pytest.mark.part("a")
def test_codes_are_nearest_to_themselves():
    torch.manual_seed(0)
    codes, k = torch.randn(8, 3), torch.randint(0, 8, (2, 4, 5))
    maps = torch.stack([torch.stack([codes[k[b]][..., i] for i in range(3)]) for b in range(2)])
    got = vqvae.nearest_code(maps, codes)
    has_shape(got, (2, 4, 5), "nearest_code of z (2, 3, 4, 5)")
    assert torch.equal(got, k), (
        "a map made of codes must give back the indices it was made from; "
        f"{int((got != k).sum())} of 40 are wrong. The vector at a position is z[b, :, h, w]: "
        "moving a dimension is not the same as `reshape`"
    )


@pytest.mark.part("b")
def test_quantize_by_hand():
    got = vqvae.quantize(tensor(MAP), tensor(CODES), torch.tensor([[[2, 0, 1]]]))
    close(
        got,
        [[[[0.0, 0.0, 1.0]], [[10.0, 0.0, 0.0]]]],
        "quantize with the given indices 2, 0, 1: codes (0, 10), (0, 0), (1, 0), channels second",
    )


@pytest.mark.part("b")
def test_quantize_is_straight_through():
    z, codes = tensor(MAP).requires_grad_(), tensor(CODES).requires_grad_()
    weight = tensor([[[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]])
    output = (vqvae.quantize(z, codes, torch.tensor([[[2, 0, 1]]])) * weight).sum()
    assert output.requires_grad, (
        "quantize: the quantised output must pass gradients on to z; it is detached"
    )
    to_z, to_codes = torch.autograd.grad(output, [z, codes], allow_unused=True)
    assert to_z is not None, (
        "quantize: no gradient reaches z; backward, quantize is the identity in z"
    )
    close(
        to_z,
        weight.tolist(),
        "quantize: gradient of the quantised output with respect to z: the identity",
    )
    assert to_codes is None or not to_codes.any(), (
        f"quantize: the codebook gets the gradient {to_codes.tolist()} of the quantised output; it "
        "must get none there"
    )


@pytest.mark.part("c")
def test_vq_loss_by_hand():
    """Squared distances to codes 1, 0 and 2: 0.05, 0.1 and 25."""
    terms = vqvae.vq_loss(tensor(MAP), tensor(CODES), torch.tensor([[[1, 0, 2]]]), 0.5)
    terms = several(terms, "loss, codebook_loss, commitment_loss")
    mean = (0.05 + 0.1 + 25) / 3
    message = "of three vectors at squared distances 0.05, 0.1 and 25 from their codes"
    close(terms[1], mean, f"vq_loss: codebook_loss {message}")
    close(terms[2], mean, f"vq_loss: commitment_loss {message}")
    close(terms[0], 1.5 * mean, f"vq_loss: loss, with beta = 0.5, {message}")


@pytest.mark.part("c")
def test_vq_loss_moves_the_right_side():
    z, codes = tensor(MAP).requires_grad_(), tensor(CODES).requires_grad_()
    terms = vqvae.vq_loss(z, codes, torch.tensor([[[1, 0, 2]]]), 0.25)
    _, codebook_loss, commitment_loss = several(terms, "loss, codebook_loss, commitment_loss")
    for name, loss, moved, still in (
        ("codebook_loss", codebook_loss, ("the codebook", codes), ("z", z)),
        ("commitment_loss", commitment_loss, ("z", z), ("the codebook", codes)),
    ):
        assert loss.requires_grad, (
            f"vq_loss: {name} passes no gradient on, but it must move {moved[0]}"
        )
        inputs = [moved[1], still[1]]
        yes, no = torch.autograd.grad(loss, inputs, allow_unused=True, retain_graph=True)
        assert yes is not None and yes.any(), f"vq_loss: {name} must move {moved[0]}"
        assert no is None or not no.any(), f"vq_loss: {name} must not move {still[0]}"


@pytest.mark.part("d")
def test_ema_update_by_hand():
    """The batch: code 0 is chosen by (1, 1) and (3, 1), code 2 by (8, 4), code 1 by nobody."""
    counts, sums = tensor([2.0, 4.0, 1.0]), tensor([[2.0, 0.0], [4.0, 8.0], [0.0, 2.0]])
    z = tensor([[[[1.0, 3.0, 8.0]], [[1.0, 1.0, 4.0]]]])
    new = vqvae.ema_update(counts, sums, z, torch.tensor([[[0, 0, 2]]]), 0.75, 1e-9)
    new = several(new, "counts, sums, codebook")
    close(
        new[0],
        [2.0, 3.0, 1.0],
        "ema_update: counts (2, 4, 1) after a batch of (2, 0, 1), decay 0.75",
    )
    close(new[1], [[2.5, 0.5], [3.0, 6.0], [2.0, 2.5]], "ema_update: sums after the same batch")
    close(
        new[2],
        [[1.25, 0.25], [1.0, 2.0], [2.0, 2.5]],
        "ema_update, codes: sums over counts (eps is tiny)",
    )
    assert counts.tolist() == [2.0, 4.0, 1.0], (
        "ema_update: the argument counts was changed in place"
    )


@pytest.mark.part("d")
def test_ema_update_smooths_and_keeps_the_total():
    counts, sums = tensor([0.0, 6.0]), tensor([[0.0], [6.0]])
    z = torch.ones(1, 1, 2, 3, dtype=torch.float64, requires_grad=True)
    new = vqvae.ema_update(counts, sums, z, torch.ones(1, 2, 3, dtype=torch.int64), 0.9, 1.0)
    new = several(new, "counts, sums, codebook")
    close(
        new[0],
        [0.0, 6.0],
        "ema_update: counts (0, 6) after a batch of (0, 6): unchanged, not smoothed",
    )
    close(
        new[2],
        [[0.0], [6.0 / (6.0 * 7.0 / 8.0)]],
        "ema_update: codes for counts (0, 6), sums (0, 6), eps = 1: smoothed counts 6 * 1 / 8 and "
        "6 * 7 / 8",
    )
    assert not any(value.requires_grad for value in new), (
        "ema_update: the running averages must not hang on the encoder's graph: detach the vectors"
    )


@pytest.mark.part("e")
@pytest.mark.parametrize(
    ("indices", "expected", "why"),
    [
        ([[0, 1], [2, 3]], 4.0, "four of eight codes, equally often"),
        ([[5, 5], [5, 5]], 1.0, "a single code"),
        ([[0, 1], [1, 1]], math.exp(0.25 * math.log(4) + 0.75 * math.log(4 / 3)), "1 : 3"),
    ],
)
def test_perplexity_by_hand(indices, expected, why):
    got = vqvae.perplexity(torch.tensor(indices), 8)
    close(got, expected, f"perplexity of {indices} with 8 codes ({why}; unused codes add 0)")


@pytest.mark.part("e")
def test_perplexity_has_the_default_dtype():
    indices = torch.tensor([[0, 1], [1, 1]])
    has_default_dtype(lambda: vqvae.perplexity(indices, 8), "perplexity of integers")
