"""Public checks of Q9: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, has_shape, tensor
from torch import nn
from vae_gan import conditional


def softplus(x: float) -> float:
    """-log sigmoid(-x), for small x."""
    return math.log1p(math.exp(x))


def judge_of_two_features() -> nn.Module:
    """The features of an image are the image itself: two channels, Z = 2, and two classes."""
    model = conditional.ProjectionDiscriminator(num_classes=2, width=1).double()
    model.features = nn.Identity()
    model.linear.load_state_dict({"weight": tensor([[2.0, -1.0]]), "bias": tensor([0.5])})
    model.embedding.load_state_dict({"weight": tensor([[1.0, 0.0], [-1.0, 3.0]])})
    return model


IMAGE = [[[1.0, -3.0, 2.0]], [[2.0, 4.0, -1.0]]]  # relu, then the sum over positions: phi = (3, 6)


@pytest.mark.part("a")
def test_projection_by_hand() -> None:
    x, y = tensor([IMAGE, IMAGE]), torch.tensor([0, 1])
    close(
        judge_of_two_features()(x, y),
        [2 * 3 - 6 + 0.5 + 3, 2 * 3 - 6 + 0.5 + (-3 + 18)],
        "ProjectionDiscriminator: one image with the classes 0 and 1, phi = (3, 6), psi = (2, -1) "
        "phi + 0.5, v_0 = (1, 0), v_1 = (-1, 3)",
    )


@pytest.mark.part("a")
def test_images_are_judged_one_by_one() -> None:
    torch.manual_seed(0)
    model = conditional.ProjectionDiscriminator(num_classes=3, width=2).double()
    x, y = torch.randn(4, 3, 8, 8).double(), torch.tensor([2, 0, 1, 2])
    logits = model(x, y)
    has_shape(logits, (4,), "ProjectionDiscriminator of four images (4, 3, 8, 8)")
    alone = torch.cat([model(x[b : b + 1], y[b : b + 1]) for b in range(4)])
    close(
        logits,
        alone.tolist(),
        "ProjectionDiscriminator: logits of four images must not depend on who else is judged",
    )


class Recorder(nn.Module):
    """A layer that remembers its input."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen = x.detach()
        return self.layer(x)


@pytest.mark.part("b")
def test_unet_shape_and_range() -> None:
    torch.manual_seed(0)
    model = conditional.UNetGenerator(in_channels=1, out_channels=3, width=2, depth=3)
    images = model(10 * torch.randn(2, 1, 8, 16))
    has_shape(images, (2, 3, 8, 16), "UNetGenerator(1, 3) of images (2, 1, 8, 16)")
    assert images.abs().max() <= 1, "UNetGenerator: the values of the result must lie in (-1, 1)"
    assert images.min() < 0, (
        "UNetGenerator: the result must have negative values too: images are in [-1, 1]"
    )


@pytest.mark.part("b")
def test_unet_decoder_sees_skips() -> None:
    torch.manual_seed(0)
    model = conditional.UNetGenerator(in_channels=1, out_channels=1, width=2, depth=2)
    model.up = nn.ModuleList(Recorder(layer) for layer in model.up)
    x = torch.randn(3, 1, 4, 4)
    model(x)
    inner, seen = model.up[0], model.up[1].seen
    assert seen.shape == (3, 4, 2, 2), (
        "UNetGenerator: u_1 must see 2 channels of the decoder and 2 of the encoder, (3, 4, 2, 2); "
        f"it saw {tuple(seen.shape)}"
    )
    close(
        seen[:, :2],
        inner.layer(inner.seen).relu().tolist(),
        "UNetGenerator: the first channels that u_1 sees are relu(g_2), of the decoder",
    )
    close(
        seen[:, 2:],
        model.down[0](x).relu().tolist(),
        "UNetGenerator: the last channels that u_1 sees are relu(h_1), of the encoder",
    )


PATCHES = [[[[1.0, -2.0]]], [[[0.0, 3.0]]]]  # two images, two patches each


def images(*values: float) -> torch.Tensor:
    """One constant image of 1 x 2 pixels per value, with three channels."""
    return tensor(values)[:, None, None, None].expand(-1, 3, 1, 2)


@pytest.mark.part("c")
def test_generator_loss_by_hand() -> None:
    loss = conditional.pix2pix_generator_loss(
        lambda source, image: tensor(PATCHES),
        images(0.0, 0.0),
        images(0.5, -0.5),
        images(0.7, -0.1),
        weight=10.0,
    )
    adversarial = (softplus(-1) + softplus(2) + softplus(0) + softplus(-3)) / 4
    close(
        loss,
        adversarial + 10 * (0.2 + 0.4) / 2,
        "pix2pix_generator_loss for the patch logits 1, -2 and 0, 3, L1 distances 0.2 and 0.4, "
        "weight 10: mean over four patches of -log sigmoid, plus 10 times the mean distance",
    )


@pytest.mark.part("c")
def test_discriminator_loss_by_hand() -> None:
    def judge(source: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        """Logits 1 and -2 for the target 0.5, 0 and 3 for anything else."""
        of_target, of_others = tensor(PATCHES)[:, None]
        return torch.where(image[:, :1, :1, :1] == 0.5, of_target, of_others)

    loss = conditional.patch_discriminator_loss(judge, images(0.0), images(0.5), images(0.7))
    close(
        loss,
        0.5 * ((softplus(-1) + softplus(2)) / 2 + (softplus(0) + softplus(3)) / 2),
        "patch_discriminator_loss for the patch logits 1, -2 of the target and 0, 3 of the fake: "
        "half of the sum of two means",
    )


@pytest.mark.part("c")
def test_pairs_and_gradients() -> None:
    """The discriminator is asked about (source, target) and (source, fake)."""
    pairs = []

    def judge(source: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        pairs.extend(zip(source[:, 0, 0, 0].tolist(), image[:, 0, 0, 0].tolist(), strict=True))
        return weight * image.mean(dim=(1, 2, 3), keepdim=True)

    weight = tensor(0.3).requires_grad_()
    fake = images(0.7).clone().requires_grad_()
    loss = conditional.patch_discriminator_loss(judge, images(0.1), images(0.5), fake)
    assert sorted(pairs) == [(0.1, 0.5), (0.1, 0.7)], (
        "patch_discriminator_loss: with source 0.1, target 0.5 and fake 0.7 the discriminator must "
        "judge the pairs (0.1, 0.5) and (0.1, 0.7), in the order (source, image); yours judged "
        f"{pairs}"
    )
    loss.backward()
    assert weight.grad is not None, (
        "patch_discriminator_loss must reach the parameters of the discriminator"
    )
    assert fake.grad is None, "patch_discriminator_loss must not reach the generated image"
    pairs.clear()
    loss = conditional.pix2pix_generator_loss(judge, images(0.1), images(0.5), fake, weight=0.0)
    assert pairs == [(0.1, 0.7)], (
        f"pix2pix_generator_loss needs the pair (0.1, 0.7) = (source, fake) only; yours: {pairs}"
    )
    loss.backward()
    assert fake.grad is not None and bool((fake.grad != 0).all()), (
        "pix2pix_generator_loss without the L1 term (weight 0) must still reach the generated "
        "image, through the discriminator"
    )
