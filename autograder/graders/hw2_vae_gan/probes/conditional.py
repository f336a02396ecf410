"""Experiments on ``vae_gan.conditional``."""

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, gradients, parameter_gradients, with_gradients


class Pair(nn.Module):
    """Patch logits in which source and image play different roles."""

    def __init__(self) -> None:
        super().__init__()
        self.source = nn.Conv2d(3, 2, 2, stride=2)
        self.image = nn.Conv2d(3, 2, 2, stride=2)

    def forward(self, source: Tensor, image: Tensor) -> Tensor:
        return (self.source(source) * (1 + self.image(image))).sum(dim=1, keepdim=True)


class Product(nn.Module):
    """Two patch logits: a weight each, times the first pixels of source and image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[0.7, 1.3]]))

    def forward(self, source: Tensor, image: Tensor) -> Tensor:
        return self.weight * source[:, :1, :1, :1] * image[:, :1, :1, :1]


def _images(rng: Rng, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Source, target, and a generated image that the generator's gradient may reach."""
    source, target = (rng.uniform(count, 3, 4, 4, low=-1) for _ in range(2))
    fake = rng.uniform(count, 3, 4, 4, low=-1).clone().requires_grad_()
    return source, target, rng.keep(fake)


def _extreme(rng: Rng) -> tuple[nn.Module, Tensor, Tensor, Tensor]:
    """Logits of about +-300 and +-1e4, for real and generated images alike."""
    size = rng.tensor([300.0, -300.0, 1e4, -1e4]).reshape(4, 1, 1, 1)
    source = rng.keep(size * rng.uniform(4, 3, 2, 2, low=0.5))
    target = rng.uniform(4, 3, 2, 2, low=0.5)
    fake = rng.keep(rng.uniform(4, 3, 2, 2, low=0.5).clone().requires_grad_())
    return Product().to(rng.device), source, target, fake


def projection(hw: Package, rng: Rng) -> dict:
    model = rng.module(hw.conditional.ProjectionDiscriminator(3, width=2))
    x, y = rng.normal(4, 3, 8, 8), rng.tensor([2, 0, 2, 1])
    return {"batch": model(x, y), "one": model.eval()(x[1:2], y[1:2])}


def projection_gradients(hw: Package, rng: Rng) -> dict:
    model = rng.module(hw.conditional.ProjectionDiscriminator(4, in_channels=2, width=3))
    logits = model(rng.normal(3, 2, 4, 12), rng.tensor([1, 3, 1]))
    return {"logits": logits, "gradients": parameter_gradients(logits * rng.normal(3), model)}


def translation(hw: Package, rng: Rng) -> dict:
    model = rng.module(hw.conditional.UNetGenerator(3, 2, width=2, depth=3), scale=0.3)
    return {"images": model(rng.normal(2, 3, 8, 16))}


def translation_gradients(hw: Package, rng: Rng) -> dict:
    model = rng.module(hw.conditional.UNetGenerator(2, 3, width=2, depth=2), scale=0.3)
    images = model(rng.normal(2, 2, 4, 4))
    return {"images": images, "gradients": parameter_gradients(images * rng.normal(3, 1, 1), model)}


def translation_of_one_level(hw: Package, rng: Rng) -> dict:
    model = rng.module(hw.conditional.UNetGenerator(1, 3, width=2, depth=1))
    return {"images": model.eval()(rng.normal(3, 1, 2, 4))}


def generator(hw: Package, rng: Rng) -> dict:
    discriminator, (source, target, fake) = rng.module(Pair()), _images(rng, 3)
    loss = hw.conditional.pix2pix_generator_loss(discriminator, source, target, fake, 2.5)
    return {"loss": loss, "gradient": gradients(loss, [fake])}


def generator_of_extreme_logits(hw: Package, rng: Rng) -> dict:
    discriminator, source, target, fake = _extreme(rng)
    loss = hw.conditional.pix2pix_generator_loss(discriminator, source, target, fake)
    return {"loss": loss, "gradient": gradients(loss, [fake])}


def patches(hw: Package, rng: Rng) -> dict:
    discriminator, (source, target, fake) = rng.module(Pair()), _images(rng, 3)
    accumulated = with_gradients(rng, discriminator)
    loss = hw.conditional.patch_discriminator_loss(discriminator, source, target, fake)
    return {
        "loss": loss,
        "parameters": parameter_gradients(loss, discriminator),
        "fake": gradients(loss, [fake]),
        "accumulated": [parameter.grad for parameter in accumulated],
    }


def patches_of_extreme_logits(hw: Package, rng: Rng) -> dict:
    discriminator, source, target, fake = _extreme(rng)
    loss = hw.conditional.patch_discriminator_loss(discriminator, source, target, fake)
    return {"loss": loss, "parameters": parameter_gradients(loss, discriminator)}
