"""Q9 against Bayes' rule, symmetries, receptive fields and torch's cross-entropy."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from vae_gan.conditional import (
    PatchDiscriminator,
    ProjectionDiscriminator,
    UNetGenerator,
    patch_discriminator_loss,
    pix2pix_generator_loss,
)


def test_classes_compare_as_log_ratios_of_softmax_regressions(normal):
    """f(x, k) - f(x, j) = log p(k | x) / q(k | x) - log p(j | x) / q(j | x) if v = v_p - v_q."""
    model = ProjectionDiscriminator(4, width=3).double()
    v_p, v_q = normal(4, 6), normal(4, 6)
    model.embedding.weight.data = v_p - v_q
    x = normal(5, 3, 8, 8)
    features = model.features(x)
    phi = torch.stack([m.clamp(min=0).flatten(1).sum(dim=1) for m in features])
    log_ratio = (phi @ v_p.T).log_softmax(dim=1) - (phi @ v_q.T).log_softmax(dim=1)
    logits = torch.stack([model(x, torch.full((5,), k)) for k in range(4)], dim=1)
    torch.testing.assert_close(logits - logits[:, :1], log_ratio - log_ratio[:, :1])


def test_projection_sums_over_positions(normal):
    """Two images side by side, far enough apart, have phi_1 + phi_2, and so has the logit."""
    model = ProjectionDiscriminator(3, width=2).double()
    for module in (model.features[0], model.features[2], model.linear):
        module.bias.data.zero_()
    left, right = torch.zeros(2, 3, 8, 32).double(), torch.zeros(2, 3, 8, 32).double()
    left[..., 2:6, 2:6], right[..., 2:6, 24:28] = normal(2, 3, 4, 4), normal(2, 3, 4, 4)
    y = torch.tensor([2, 1])
    torch.testing.assert_close(model(left + right, y), model(left, y) + model(right, y))


def test_unet_of_two_levels_by_its_weights(normal):
    model = UNetGenerator(2, 3, width=3, depth=2).double()
    w = {name: 3 * normal(*p.shape) for name, p in model.named_parameters()}
    model.load_state_dict(w)
    x = normal(2, 2, 8, 4)
    h1 = F.conv2d(x, w["down.0.weight"], w["down.0.bias"], stride=2, padding=1)
    leaky = torch.where(h1 > 0, h1, h1 / 5)
    h2 = F.conv2d(leaky, w["down.1.weight"], w["down.1.bias"], stride=2, padding=1)
    g2 = F.conv_transpose2d(h2.clamp(min=0), w["up.0.weight"], w["up.0.bias"], stride=2, padding=1)
    # The convolution of a concatenation is a sum of two convolutions.
    g1 = F.conv_transpose2d(g2.clamp(min=0), w["up.1.weight"][:3], stride=2, padding=1)
    g1 = g1 + F.conv_transpose2d(h1.clamp(min=0), w["up.1.weight"][3:], stride=2, padding=1)
    g1 = g1 + w["up.1.bias"][:, None, None]
    torch.testing.assert_close(model(x), 1 - 2 / (torch.exp(2 * g1) + 1))


def test_unet_moves_with_the_image(normal):
    """Without biases, content that moves by 2^L pixels on a black image moves in the result."""
    model = UNetGenerator(3, 1, width=2, depth=3).double()
    for name, parameter in model.named_parameters():
        parameter.data = normal(*parameter.shape) * (not name.endswith("bias"))
    x = torch.zeros(1, 3, 64, 64).double()
    x[..., 24:28, 24:28] = normal(1, 3, 4, 4)
    moved = model(x.roll((8, -8), (2, 3)))
    torch.testing.assert_close(moved, model(x).roll((8, -8), (2, 3)))
    assert moved.abs().max() > 0.1


def test_unet_skips_carry_the_details(normal):
    """With the bottleneck cut, pixels still depend on the pixels around them."""
    model = UNetGenerator(1, 1, width=4, depth=3).double()
    nn.init.zeros_(model.up[0].weight)
    x = normal(1, 1, 16, 16).requires_grad_()
    (slope,) = torch.autograd.grad(model(x)[0, 0, 8, 8], x)
    assert slope[0, 0, 8, 8] != 0
    assert slope[0, 0, :, 15].abs().max() == 0


def test_unet_refuses_sizes_that_cannot_be_halved():
    with pytest.raises(ValueError, match=r"12 x 20 .* multiples of 8"):
        UNetGenerator(depth=3)(torch.zeros(1, 3, 12, 20))


def test_a_patch_logit_sees_22_pixels(normal):
    model = PatchDiscriminator(1, 1, width=4).double()
    source, image = normal(1, 1, 48, 48).requires_grad_(), normal(1, 1, 48, 48)
    logits = model(source, image)
    assert logits.shape == (1, 1, 11, 11)
    (slope,) = torch.autograd.grad(logits[0, 0, 5, 5], source)
    seen = slope[0, 0].abs().sum(dim=0).nonzero().flatten()
    assert seen.tolist() == list(range(int(seen[0]), int(seen[0]) + 22))


def test_losses_are_cross_entropies(normal):
    model = PatchDiscriminator(3, 3, width=2).double()
    source, target, fake = (normal(2, 3, 12, 16).tanh() for _ in range(3))
    real, generated = model(source, target).sigmoid(), model(source, fake).sigmoid()
    ones, zeros = torch.ones_like(real), torch.zeros_like(real)
    expected = F.binary_cross_entropy(real, ones) + F.binary_cross_entropy(generated, zeros)
    loss = patch_discriminator_loss(model, source, target, fake)
    torch.testing.assert_close(loss, expected / 2)
    expected = F.binary_cross_entropy(generated, ones) + 100 * F.l1_loss(fake, target)
    torch.testing.assert_close(pix2pix_generator_loss(model, source, target, fake), expected)


def test_loss_of_an_undecided_discriminator_is_log_2(normal):
    def undecided(source: Tensor, image: Tensor) -> Tensor:
        return torch.zeros(2, 1, 3, 3).double()

    loss = patch_discriminator_loss(undecided, *(normal(2, 3, 8, 8) for _ in range(3)))
    assert math.isclose(loss.item(), math.log(2))


@pytest.mark.parametrize("size", [300.0, 1e4])
def test_losses_of_extreme_logits_are_linear(size):
    """-log sigmoid(-s) = s up to exp(-s), and its slope is -1."""
    logit = torch.tensor([[[[-size]]]], dtype=torch.float64, requires_grad=True)
    images = torch.zeros(3, 1, 1, 4, 4)
    loss = pix2pix_generator_loss(lambda source, image: logit, *images)
    loss.backward()
    assert loss.item() == size
    assert logit.grad is not None and logit.grad.item() == -1


def test_gradients_stop_and_flow(normal):
    model = PatchDiscriminator(3, 3, width=2).double()
    source, target, fake = (normal(2, 3, 8, 8) for _ in range(3))
    fake.requires_grad_()
    patch_discriminator_loss(model, source, target, fake).backward()
    assert fake.grad is None
    assert all(p.grad is not None for p in model.parameters())
    # Sign of the L1 term's gradient: weight / number of entries, towards the target.
    flat = pix2pix_generator_loss(lambda s, x: 0 * x, source, target, fake, weight=5.0)
    (slope,) = torch.autograd.grad(flat, fake)
    torch.testing.assert_close(slope, 5.0 * (fake - target).sign().detach() / fake.numel())
