"""Q2: a variational autoencoder of binary images, and one with a latent space to look at."""

import torch
from torch import Tensor
from training.common import Curve, Run, average, fit
from training.figures import COLORS, curve_figure, image_rows, new_figure, show_images
from training.images import flatten, pixel_means
from vae_gan.latent_space import traverse
from vae_gan.vae import VAE, active_units, beta_vae_loss, kl_standard_normal, negative_elbo

from datasets import IMAGES, Dataset, Split

DATA = "digits"
STEPS = 800
NEEDS = "Q2a, Q2b, Q2d and Q2e (Q2f and Q6b add traversals)"
OPTIONS = {"beta": 1.0}

LATENT_DIM = 8
_EXPECT = {"digits": "about 18.5 after 800 steps; independent pixels: 25.2"}
_BASELINES = {"digits": {"independent pixels": 25.2}}
_SHOWN = 12
_COLUMNS, _ROWS = 10, 6
_MAP_CELLS = 16


def binary_images(run: Run) -> tuple[Dataset, torch.Size]:
    """The images asked for as zeros and ones, shape (N, D), and the shape of one."""
    return flatten(run.load(IMAGES).requantize(2).rescale(0.0, 1.0))


def train_vae(
    run: Run, data: Dataset, latent_dim: int = LATENT_DIM, beta: float = 1.0
) -> tuple[VAE, Curve]:
    """Train a VAE with 128 hidden units on flat binary images."""
    model = VAE(data.train.x.shape[1], latent_dim).to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        _, reconstruction, kl = bound(run, model, split.x[index])
        return beta_vae_loss(reconstruction[None], kl[None], beta)

    return model, fit(run, model, loss, data, batch_size=100, learning_rate=5e-3)


def bound(run: Run, model: VAE, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Negative ELBO, reconstruction and divergence of a batch, from one draw per example."""
    eps = run.normal(len(x), model.encoder[-1].out_features // 2)
    output, mean, log_var = model(x, eps)
    return negative_elbo(x, output, kl_standard_normal(mean, log_var))


def encode(model: VAE, x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance of q(z | x)."""
    _, mean, log_var = model(x, x.new_zeros(len(x), model.encoder[-1].out_features // 2))
    return mean, log_var


def train(run: Run) -> None:
    """Train, judge, reconstruct, sample, walk through the latent space, draw a map of one."""
    data, shape = binary_images(run)
    beta = run.options["beta"]
    model, curve = train_vae(run, data, beta=beta)
    names = ("negative ELBO", "reconstruction", "divergence")
    for i, name in enumerate(names):
        value = average(lambda split, index, i=i: bound(run, model, split.x[index])[i], data.test)
        expect = _EXPECT.get(data.name, "") if i == 0 and beta == 1 else ""
        run.report(f"test {name}", value, "nats", expect)
    title = f"VAE on binary {data.name}" + (f", β = {beta:g}" if beta != 1 else "")
    figure = curve_figure(curve, "nats per image", title, _BASELINES.get(data.name))
    run.save(figure, "curve.png")
    with torch.no_grad():
        _draw_reconstructions(run, model, data, shape)
        _draw_samples(run, model, data, shape)
        with run.optional("traversals.png"):
            _draw_traversals(run, model, data, shape)

    flat, _ = train_vae(run, data, latent_dim=2)
    with torch.no_grad():
        _draw_map(run, flat, data, shape)


def _draw_reconstructions(run: Run, model: VAE, data: Dataset, shape: torch.Size) -> None:
    x = data.test.x[:_SHOWN]
    mean, _ = encode(model, x)
    rows = {
        "test images": x.unflatten(1, shape),
        "mean code, decoded": pixel_means(model.decoder(mean), shape),
    }
    for i in range(1, 3):
        logits, _, _ = model(x, run.normal(*mean.shape))
        rows[f"random code {i}, decoded"] = pixel_means(logits, shape)
    run.save(image_rows(rows, "Test images and their reconstructions"), "reconstructions.png")


def _draw_samples(run: Run, model: VAE, data: Dataset, shape: torch.Size) -> None:
    num = _COLUMNS * _ROWS
    logits = model.decoder(run.normal(num, LATENT_DIM))
    figure = new_figure(8.6, 2.9)
    left, right = figure.subplots(1, 2)
    show_images(left, data.test.x[:num].unflatten(1, shape), _COLUMNS, f"test images: {data.name}")
    show_images(right, pixel_means(logits, shape), _COLUMNS, "decoded samples of the prior")
    run.save(figure, "samples.png")


def _draw_traversals(run: Run, model: VAE, data: Dataset, shape: torch.Size) -> None:
    mean, _ = encode(model, data.test.x)
    activity, _ = active_units(mean)
    dims = activity.argsort(descending=True)
    values = torch.linspace(-2.5, 2.5, 11, device=run.device)
    images = pixel_means(model.decoder(traverse(mean[0], dims, values)), shape)
    rows = {f"$z_{{{d + 1}}}$, variance {activity[d]:.2f}": images[i] for i, d in enumerate(dims)}
    title = "One latent dimension at a time, from -2.5 to 2.5; the most active first"
    run.save(image_rows(rows, title), "traversals.png")


def _draw_map(run: Run, model: VAE, data: Dataset, shape: torch.Size) -> None:
    """Codes of the test images, and what the decoder makes of places of equal probability."""
    figure = new_figure(9.4, 4.6)
    left, right = figure.subplots(1, 2)
    mean, _ = encode(model, data.test.x)
    for label in range(data.num_classes):
        points = mean[data.test.y == label].cpu()
        left.scatter(*points.T, s=14, color=COLORS[label], linewidths=0, label=str(label))
    left.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal", xlabel="$z_1$", ylabel="$z_2$")
    left.set_title("mean codes of test images")
    left.legend(ncols=2, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), handletextpad=0)
    share = (torch.arange(_MAP_CELLS, device=run.device) + 0.5) / _MAP_CELLS
    ticks = torch.special.ndtri(share)
    z = torch.stack(torch.meshgrid(ticks, ticks.flip(0), indexing="xy"), dim=-1)
    images = pixel_means(model.decoder(z), shape).flatten(0, 1)
    show_images(right, images, _MAP_CELLS, "the same space, decoded (quantiles of the prior)")
    run.save(figure, "latent_map.png")
