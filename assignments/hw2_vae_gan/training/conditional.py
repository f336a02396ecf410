"""Q9: a conditional GAN of images by class, and pix2pix from one font to another."""

import torch
from torch import Tensor, nn
from training.adversarial import Average, play
from training.classifier import train_classifier
from training.common import Run
from training.figures import image_rows, new_figure, show_images
from training.images import FONTS, load_fonts
from vae_gan.conditional import (
    PatchDiscriminator,
    ProjectionDiscriminator,
    UNetGenerator,
    patch_discriminator_loss,
    pix2pix_generator_loss,
)
from vae_gan.gan import discriminator_loss, generator_loss_non_saturating, r1_penalty

from datasets import IMAGES

DATA = "digits"
STEPS = 600
NEEDS = "Q9a to Q9c, Q7a and Q7d"

_BATCH = 64
_NOISE = 32
_GAMMA = 1.0
_SAMPLES_PER_CLASS = 12
_SHOWN = 18
_EXPECT = {"digits": "about 0.95 after 600 steps; without the class: 0.1"}
_EXPECT_TRANSLATION = "about 0.058 after 600 steps; the letter left as it is: 0.077"


class ClassGenerator(nn.Module):
    """Makes square images of a class from noise, beginning with 2 x 2 positions."""

    def __init__(self, num_classes: int, num_channels: int, size: int, width: int = 64) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, _NOISE)
        self.start = nn.Sequential(nn.Linear(2 * _NOISE, 4 * width), nn.Unflatten(1, (width, 2, 2)))
        layers: list[nn.Module] = []
        edge = 2
        while edge < size:
            edge *= 2
            layers += [nn.ReLU(), nn.ConvTranspose2d(width, width, 4, stride=2, padding=1)]
        self.grow = nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(width, num_channels, 3, padding=1))
        self.size = size

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Images with values in (-1, 1), shape (B, C, size, size), from z (B, 32) and y (B,)."""
        x = self.grow(self.start(torch.cat([z, self.embedding(y)], dim=1)))
        margin = (x.shape[-1] - self.size) // 2
        return x[..., margin : margin + self.size, margin : margin + self.size].tanh()


def train(run: Run) -> None:
    """Train a conditional GAN, then pix2pix."""
    _train_by_class(run)
    _train_translation(run)


def _train_by_class(run: Run) -> None:
    data = run.load(IMAGES).rescale(-1.0, 1.0)
    x, y = data.train.x, data.train.y
    generator = ClassGenerator(data.num_classes, x.shape[1], x.shape[-1]).to(run.device)
    discriminator = ProjectionDiscriminator(data.num_classes, x.shape[1]).to(run.device)
    average = Average(generator)

    def fake() -> tuple[Tensor, Tensor]:
        labels = run.integers(data.num_classes, _BATCH)
        return generator(run.normal(_BATCH, _NOISE), labels), labels

    def judging_loss() -> Tensor:
        index = run.integers(len(x), _BATCH)
        images, labels = fake()
        logits = discriminator(x[index], y[index]), discriminator(images.detach(), labels)
        penalty = r1_penalty(lambda real: discriminator(real, y[index]), x[index], _GAMMA)
        return discriminator_loss(*logits) + penalty

    def fooling_loss() -> Tensor:
        return generator_loss_non_saturating(discriminator(*fake()))

    play(
        run,
        generator,
        fooling_loss,
        discriminator,
        judging_loss,
        learning_rate=2e-3,
        what="by class",
        watch=average.watch,
    )
    judge = train_classifier(run, x, y, data.num_classes, steps=300)
    labels = torch.arange(data.num_classes, device=run.device).repeat(100)
    with torch.no_grad():
        samples = average.network(run.normal(len(labels), _NOISE), labels)
        right = (judge(samples).argmax(dim=1) == labels).float().mean().item()
    run.report(
        "samples that a classifier takes for the class asked for",
        right,
        "",
        _EXPECT.get(data.name, ""),
    )
    num = _SAMPLES_PER_CLASS * data.num_classes
    order = torch.cat(
        [(data.test.y == k).nonzero()[:_SAMPLES_PER_CLASS, 0] for k in range(data.num_classes)]
    )
    real = data.test.x[order].unflatten(0, (data.num_classes, -1)).transpose(0, 1).flatten(0, 1)
    figure = new_figure(8.6, 5.4)
    left, right_axes = figure.subplots(1, 2)
    show_images(left, (real + 1) / 2, data.num_classes, f"test images: {data.name}")
    show_images(
        right_axes, (samples[:num] + 1) / 2, data.num_classes, "samples, one class per column"
    )
    run.save(figure, "classes.png")


def _train_translation(run: Run) -> None:
    a, b = load_fonts(run.device)
    generator = UNetGenerator(1, 1, depth=2).to(run.device)
    discriminator = PatchDiscriminator(1, 1).to(run.device)

    def batch() -> tuple[Tensor, Tensor, Tensor]:
        index = run.integers(len(a.train), _BATCH // 2)
        source = a.train.x[index]
        return source, b.train.x[index], generator(source)

    play(
        run,
        generator,
        lambda: pix2pix_generator_loss(discriminator, *batch()),
        discriminator,
        lambda: patch_discriminator_loss(discriminator, *batch()),
        learning_rate=2e-3,
        what="pix2pix",
    )
    with torch.no_grad():
        fake = generator(a.test.x)
    run.report(
        "error of the other font per pixel, letters not trained on",
        (fake - b.test.x).abs().mean().item() / 2,
        "",
        _EXPECT_TRANSLATION,
    )
    rows = {f"input: {FONTS[0]}": a.test.x, "pix2pix": fake, f"truth: {FONTS[1]}": b.test.x}
    rows = {name: (x[:_SHOWN] + 1) / 2 for name, x in rows.items()}
    run.save(image_rows(rows, "Letters that were not trained on"), "translations.png")
