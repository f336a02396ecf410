"""Q10: CycleGAN between two fonts, without pairs."""

import torch
from torch import Tensor, nn
from training.adversarial import losses_figure, play
from training.common import Run
from training.figures import image_rows
from training.images import FONTS, load_fonts
from vae_gan.conditional import PatchDiscriminator
from vae_gan.cyclegan import (
    ReplayBuffer,
    cycle_loss,
    discriminator_objective,
    generator_objective,
    identity_loss,
)

DATA = "glyphs"
STEPS = 400
NEEDS = "Q10a to Q10c"

_BATCH = 16
_WIDTH = 32
_SHOWN = 18
_EXPECT = "about 0.06; the letter left as it is: 0.077"


class Translator(nn.Module):
    """Adds to an image what a few convolutions at half its resolution find missing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 1, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, 1, H, W) with values in [-1, 1] to others in (-1, 1)."""
        return torch.tanh(2 * x + self.net(x))


def train(run: Run) -> None:
    """Train both directions at once; judge by pairs that training never saw."""
    a, b = load_fonts(run.device)
    translators = nn.ModuleDict({"to_a": Translator(_WIDTH), "to_b": Translator(_WIDTH)}).to(
        run.device
    )
    # Q9's judge of patches, without a source to look at.
    critics = nn.ModuleDict({name: PatchDiscriminator(0, 1, _WIDTH).net for name in "ab"})
    critics = critics.to(run.device)
    to_a, to_b = translators["to_a"], translators["to_b"]
    buffers = {"a": ReplayBuffer(), "b": ReplayBuffer()}

    def draw() -> tuple[Tensor, Tensor]:
        return tuple(d.train.x[run.integers(len(d.train), _BATCH)] for d in (a, b))

    def critics_loss() -> Tensor:
        real_a, real_b = draw()
        with torch.no_grad():
            fakes = {"a": to_a(real_b), "b": to_b(real_a)}
        loss = real_a.new_zeros(())
        for name, real in (("a", real_a), ("b", real_b)):
            shown = buffers[name].push_and_sample(fakes[name], run.uniform(_BATCH, 2))
            loss = loss + discriminator_objective(critics[name], real, shown)
        return loss

    def translators_loss() -> Tensor:
        real_a, real_b = draw()
        return generator_objective(
            critics["a"],
            critics["b"],
            to_a(real_b),
            to_b(real_a),
            cycle_loss(to_b, to_a, real_a, real_b),
            identity_loss(to_b, to_a, real_a, real_b),
        )

    losses = play(run, translators, translators_loss, critics, critics_loss, learning_rate=1e-3)
    run.save(losses_figure(losses, "CycleGAN between two fonts"), "losses.png")
    with torch.no_grad():
        rows_ab = {"there": to_b(a.test.x), "and back": to_a(to_b(a.test.x))}
        rows_ba = {"there": to_a(b.test.x), "and back": to_b(to_a(b.test.x))}
    for (source, target), x, truth, rows in (
        (FONTS, a.test.x, b.test.x, rows_ab),
        (FONTS[::-1], b.test.x, a.test.x, rows_ba),
    ):
        error, cycle = (
            (u - v).abs().mean().item() / 2
            for u, v in ((rows["there"], truth), (rows["and back"], x))
        )
        run.report(f"error per pixel, {source} to {target}", error, "", _EXPECT)
        run.report(f"error per pixel, {source} there and back", cycle)
        rows = {f"input: {source}": x, **rows, f"truth: {target}": truth}
        rows = {name: (images[:_SHOWN] + 1) / 2 for name, images in rows.items()}
        title = f"From {source} to {target} and back; the truth was never shown"
        run.save(image_rows(rows, title), f"{source} to {target}.png".replace(" ", "_"))
