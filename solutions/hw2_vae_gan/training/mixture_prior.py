"""Q4: a VAE whose prior is a mixture, and a conditional VAE."""

import torch
from torch import Tensor, nn
from training.adversarial import mlp
from training.common import Run, average, fit
from training.figures import curve_figure, image_rows, new_figure, show_images
from training.images import pixel_means
from training.vae import LATENT_DIM, binary_images, encode
from vae_gan.mixture_prior import (
    cvae_negative_elbo,
    cvae_sample,
    gmm_log_prior,
    gmvae_negative_elbo,
)
from vae_gan.vae import VAE

from datasets import Dataset, Split

DATA = "digits"
STEPS = 1000
NEEDS = "Q4a to Q4c and Q2a"

_HIDDEN = 128
_COMPONENTS = 10
_SPREAD = 2.0
_SAMPLES = 11
_SAMPLES_PER_CLASS = 12
_EXPECT = {"digits": ("about 18.5 after 1000 steps; independent pixels: 25.2", "about 15")}


class MixtureVAE(nn.Module):
    """A VAE and the parameters of its prior."""

    def __init__(self, num_dims: int, means: Tensor) -> None:
        super().__init__()
        self.vae = VAE(num_dims, means.shape[1], _HIDDEN)
        self.logits = nn.Parameter(torch.zeros(len(means)))
        self.means = nn.Parameter(means)
        self.log_vars = nn.Parameter(torch.zeros_like(means))

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) of codes (..., Z), shape (...)."""
        return gmm_log_prior(z, self.logits, self.means, self.log_vars)


class ConditionalVAE(nn.Module):
    """Encoder, prior and decoder that are told the class, as a one-hot row."""

    def __init__(self, num_dims: int, num_classes: int, latent_dim: int) -> None:
        super().__init__()
        self.encoder = mlp((num_dims + num_classes, _HIDDEN, 2 * latent_dim))
        self.class_prior = nn.Linear(num_classes, 2 * latent_dim)
        self.decoder = mlp((latent_dim + num_classes, _HIDDEN, num_dims))

    def encode(self, x: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x, y)."""
        return self.encoder(torch.cat([x, label], dim=1)).tensor_split(2, dim=1)

    def prior(self, label: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of p(z | y)."""
        return self.class_prior(label).tensor_split(2, dim=1)

    def decode(self, z: Tensor, label: Tensor) -> Tensor:
        """Logits of p(x | z, y)."""
        return self.decoder(torch.cat([z, label], dim=1))


def train(run: Run) -> None:
    """Train both, judge, sample by component and by class."""
    data, shape = binary_images(run)
    expect = _EXPECT.get(data.name, ("", ""))
    _train_mixture(run, data, shape, expect[0])
    _train_conditional(run, data, shape, expect[1])


def _train_mixture(run: Run, data: Dataset, shape: torch.Size, expect: str) -> None:
    means = _SPREAD * run.normal(_COMPONENTS, LATENT_DIM)
    model = MixtureVAE(data.train.x.shape[1], means).to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        x = split.x[index]
        mean, log_var = encode(model.vae, x)
        eps = run.normal(1, *mean.shape)
        return gmvae_negative_elbo(x, mean, log_var, eps, model.vae.decoder, model.log_prior)[0]

    curve = fit(run, model, loss, data, batch_size=100, learning_rate=5e-3)
    run.report("test negative ELBO with a mixture prior", average(loss, data.test), "nats", expect)
    run.save(
        curve_figure(curve, "nats per image", f"Mixture prior on binary {data.name}"), "curve.png"
    )
    rows = {}
    with torch.no_grad():
        shares = model.logits.softmax(dim=0)
        for k in shares.argsort(descending=True):
            eps = run.normal(_SAMPLES, LATENT_DIM)
            eps[0] = 0
            z = model.means[k] + (model.log_vars[k] / 2).exp() * eps
            rows[f"{k + 1}, share {shares[k]:.2f}"] = pixel_means(model.vae.decoder(z), shape)
    title = "Samples by component of the prior and its share; its mean comes first"
    run.save(image_rows(rows, title), "components.png")


def _train_conditional(run: Run, data: Dataset, shape: torch.Size, expect: str) -> None:
    num_dims, num_classes = data.train.x.shape[1], data.num_classes
    model = ConditionalVAE(num_dims, num_classes, LATENT_DIM).to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        eps = run.normal(len(index), LATENT_DIM)
        networks = (model.encode, model.prior, model.decode)
        return cvae_negative_elbo(split.x[index], split.y[index], eps, num_classes, *networks)[0]

    fit(run, model, loss, data, batch_size=100, learning_rate=5e-3)
    run.report("test negative ELBO given the class", average(loss, data.test), "nats", expect)
    y = torch.arange(num_classes, device=run.device).repeat(_SAMPLES_PER_CLASS)
    with torch.no_grad():
        eps, u = run.normal(len(y), LATENT_DIM), run.uniform(len(y), num_dims)
        samples = cvae_sample(y, eps, u, num_classes, model.prior, model.decode)
        means = cvae_sample(y, eps, torch.full_like(u, 0.5), num_classes, model.prior, model.decode)
    figure = new_figure(8.6, 5.4)
    left, right = figure.subplots(1, 2)
    show_images(left, samples.unflatten(1, shape), num_classes, "Samples, one class per column")
    show_images(right, means.unflatten(1, shape), num_classes, "The likelier value of each pixel")
    run.save(figure, "classes.png")
