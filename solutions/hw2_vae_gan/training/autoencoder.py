"""Q1: autoencoders of several sizes against principal components."""

from torch import Tensor
from training.common import Run, fit
from training.figures import COLORS, image_rows, new_figure
from training.images import flatten
from vae_gan.autoencoder import (
    Autoencoder,
    pca_autoencode,
    pca_error_curve,
    reconstruction_loss,
)

from datasets import IMAGES, Dataset, Split

DATA = "digits"
STEPS = 800
NEEDS = "Q1a and Q1b"

_SIZES = (1, 2, 4, 8, 16)
_DRAWN = (2, 8)
_SHOWN = 12
_NOISE = 0.4
_EXPECT = {"digits": {2: ("about 2.4", "3.4"), 8: ("about 0.8", "1.6")}}


def train(run: Run) -> None:
    """Train one autoencoder per size of the code, and one that takes noise away."""
    data, shape = flatten(run.load(IMAGES).rescale(0.0, 1.0))
    x, test = data.train.x, data.test.x
    rows = {"test images": test[:_SHOWN]}
    errors: dict[str, list[float]] = {"PCA": [], "autoencoder": []}
    for size in _SIZES:
        model = _train(run, data, size, noise=0.0)
        outputs = {
            "PCA": pca_autoencode(test, x, size),
            "autoencoder": model(test)[0].sigmoid(),
        }
        for i, (name, output) in enumerate(reversed(outputs.items())):
            errors[name].append((output - test).square().sum(dim=1).mean().item())
            if size in _DRAWN:
                rows[f"{name}, Z = {size}"] = output[:_SHOWN]
                expect = _EXPECT.get(data.name, {}).get(size, ("", ""))[i]
                run.report(
                    f"test squared error of {name}, Z = {size}", errors[name][-1], "", expect
                )
    rows = {name: images.unflatten(1, shape) for name, images in rows.items()}
    run.save(image_rows(rows, "Reconstructions from Z numbers"), "reconstructions.png")

    figure = new_figure(6, 3.8)
    axes = figure.subplots()
    largest = 2 * _SIZES[-1]
    exact = pca_error_curve(x).cpu()[: largest + 1]
    axes.plot(range(len(exact)), exact, color="0.6", label="PCA, training images (exact)")
    for color, (name, values) in zip(COLORS, errors.items(), strict=False):
        axes.plot(_SIZES, values, "o-", color=color, label=f"{name}, test images")
    axes.set(xlabel="latent dimensions $Z$", ylabel="squared error per image", ylim=(0, None))
    axes.set_title(f"What the latent dimension buys ({data.name})")
    axes.legend()
    run.save(figure, "errors.png")

    model = _train(run, data, _SIZES[-1], noise=_NOISE)
    noisy = test[:_SHOWN] + _NOISE * run.normal(_SHOWN, test.shape[1])
    rows = {
        "test images": test[:_SHOWN],
        "with noise": noisy,
        "noise taken away": model(noisy)[0].sigmoid(),
    }
    rows = {name: images.unflatten(1, shape) for name, images in rows.items()}
    run.save(image_rows(rows, f"A denoising autoencoder, Z = {_SIZES[-1]}"), "denoising.png")


def _train(run: Run, data: Dataset, latent_dim: int, noise: float) -> Autoencoder:
    model = Autoencoder(data.train.x.shape[1], latent_dim).to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        x = split.x[index]
        output, _ = model(x, noise * run.normal(*x.shape) if noise else None)
        return reconstruction_loss(x, output, "bernoulli")

    fit(run, model, loss, data, batch_size=100, learning_rate=5e-3)
    return model.requires_grad_(False)
