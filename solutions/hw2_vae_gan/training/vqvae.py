"""Q5: a VQ-VAE of grey images."""

import torch
from torch import Tensor, nn
from training.common import Run, average, fit
from training.figures import COLORS, curve_figure, image_rows, new_figure
from vae_gan.vqvae import VectorQuantizer, perplexity

from datasets import IMAGES, Dataset, Split

DATA = "digits"
STEPS = 500
NEEDS = "Q5a to Q5c (Q5e adds the use of the codes)"

_CODES = 32
_DIMS = 8
_WIDTH = 32
_QUANTIZER_WEIGHT = 0.25
_SHOWN = 12
_EXPECT = {"digits": "about 0.007 after 500 steps; PCA with 16 numbers: 0.012"}


class VQVAE(nn.Module):
    """Halves the resolution once, quantises every position, and doubles it again."""

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(num_channels, _WIDTH, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(_WIDTH, _DIMS, 1),
        )
        self.quantizer = VectorQuantizer(_CODES, _DIMS)
        self.decoder = nn.Sequential(
            nn.Conv2d(_DIMS, _WIDTH, 3, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(_WIDTH, _WIDTH, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(_WIDTH, num_channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstructions, the loss of the quantiser and the indices (B, H/2, W/2)."""
        codes, loss, indices = self.quantizer(self.encoder(x))
        return self.decoder(codes), loss, indices

    @torch.no_grad()
    def start_codes(self, x: Tensor, index: Tensor) -> None:
        """Put the codes where vectors of examples are: codes far from all would never be chosen."""
        vectors = self.encoder(x).movedim(1, -1).flatten(0, 2)
        self.quantizer.codebook.copy_(vectors[index % len(vectors)])


def train(run: Run) -> None:
    """Train, judge, look at the codes and at how many are in use."""
    data = run.load(IMAGES).rescale(0.0, 1.0)
    model = VQVAE(data.train.x.shape[1]).to(run.device)
    model.start_codes(data.train.x[:256], run.integers(2**31, _CODES))

    def loss(split: Split, index: Tensor) -> Tensor:
        x = split.x[index]
        output, quantizer_loss, _ = model(x)
        return (output - x).square().mean() + _QUANTIZER_WEIGHT * quantizer_loss

    def error(split: Split, index: Tensor) -> Tensor:
        x = split.x[index]
        return (model(x)[0] - x).square().flatten(1).mean(dim=1)

    curve = fit(run, model, loss, data, batch_size=64, learning_rate=1e-2)
    run.report(
        "test squared error per pixel", average(error, data.test), "", _EXPECT.get(data.name, "")
    )
    run.save(curve_figure(curve, "loss of both parts", f"VQ-VAE on {data.name}"), "curve.png")
    with torch.no_grad():
        _draw_reconstructions(run, model, data)
        with run.optional("usage.png"):
            _draw_usage(run, model, data)


def _draw_reconstructions(run: Run, model: VQVAE, data: Dataset) -> None:
    x = data.test.x[:_SHOWN]
    output, _, indices = model(x)
    size = x.shape[-1] // indices.shape[-1]
    codes = _colours(model.quantizer.codebook)[indices].movedim(-1, 1)
    codes = codes.repeat_interleave(size, dim=2).repeat_interleave(size, dim=3)
    rows = {"test images": x, "codes": codes, "reconstructions": output}
    rows = {name: images.expand(-1, 3, -1, -1) for name, images in rows.items()}
    height, width = indices.shape[1:]
    title = f"Images as {height} x {width} codes out of {_CODES}; similar colours are similar codes"
    run.save(image_rows(rows, title), "codes.png")


def _colours(codebook: Tensor) -> Tensor:
    """A colour per code, (K, 3): its place along the three directions in which the codes differ."""
    centred = codebook - codebook.mean(dim=0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    place = centred @ directions[:3].T
    # Ranks fill the range evenly, however far out single codes lie.
    return place.argsort(dim=0).argsort(dim=0) / (len(codebook) - 1) * 0.9 + 0.1


def _draw_usage(run: Run, model: VQVAE, data: Dataset) -> None:
    indices = model(data.test.x)[2]
    used = perplexity(indices, _CODES).item()
    run.report("perplexity of the codes", used, f"of {_CODES}", "more than 20")
    share = indices.flatten().bincount(minlength=_CODES).sort(descending=True).values
    figure = new_figure(6, 3.8)
    axes = figure.subplots()
    axes.bar(range(1, _CODES + 1), share.cpu() / indices.numel(), color=COLORS[0])
    axes.axhline(1 / _CODES, color="0.4", linestyle="--", linewidth=1, label="all alike")
    axes.set(xlabel="codes, the most frequent first", ylabel="share of positions")
    axes.set_title(f"Use of the codes: perplexity {used:.1f} of {_CODES}")
    axes.legend()
    run.save(figure, "usage.png")
