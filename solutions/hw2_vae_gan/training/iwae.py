"""Q3: the importance-weighted bound, as a yardstick and as an objective."""

import torch
from torch import Tensor
from torch.distributions import Bernoulli
from training.common import Run, fit
from training.figures import COLORS, new_figure
from training.vae import LATENT_DIM, binary_images, encode
from vae_gan.iwae import iwae_bound, log_weights
from vae_gan.vae import VAE

from datasets import Dataset, Split

DATA = "digits"
STEPS = 800
NEEDS = "Q3a, Q3b and Q2a"

_DRAWS = 500
_GROUPS = (1, 2, 5, 10, 20, 50, 100, 250, 500)
_CHUNK = 50
_EXPECT = {"digits": {1: "about -18.8 after 800 steps", 50: "about -18.2"}}


def train(run: Run) -> None:
    """Train with one draw and with ten; compare all bounds of both models."""
    data, _ = binary_images(run)
    bounds = {}
    for draws in (1, 10):
        model = _train(run, data, draws)
        log_w = torch.cat(
            [_log_weights(run, model, x, _DRAWS) for x in data.test.x.split(_CHUNK)], 1
        )
        name = f"trained with {draws} draw{'s' if draws > 1 else ''}"
        bounds[name] = [iwae_bound(log_w, m).item() for m in _GROUPS]
        for m in (1, 50, 500):
            expect = _EXPECT.get(data.name, {}).get(m, "") if draws == 1 else ""
            run.report(f"test bound L_{m}, {name}", bounds[name][_GROUPS.index(m)], "nats", expect)

    figure = new_figure(6, 3.8)
    axes = figure.subplots()
    for color, (name, values) in zip((COLORS[0], COLORS[3]), bounds.items(), strict=True):
        axes.semilogx(_GROUPS, values, "o-", color=color, markersize=4, label=name)
    axes.set_xticks(_GROUPS, map(str, _GROUPS))
    axes.minorticks_off()
    axes.set(
        xlabel="draws $m$ that are averaged before the logarithm", ylabel="test bound $L_m$ (nats)"
    )
    axes.set_title(f"Importance-weighted bounds on binary {data.name}")
    axes.legend(loc="lower right")
    run.save(figure, "bounds.png")


def _train(run: Run, data: Dataset, draws: int) -> VAE:
    model = VAE(data.train.x.shape[1], LATENT_DIM).to(run.device)

    def loss(split: Split, index: Tensor) -> Tensor:
        return -iwae_bound(_log_weights(run, model, split.x[index], draws), draws)

    fit(run, model, loss, data, batch_size=100, learning_rate=5e-3)
    return model.requires_grad_(False)


def _log_weights(run: Run, model: VAE, x: Tensor, draws: int) -> Tensor:
    """log p(x, z) - log q(z | x), shape (draws, B)."""

    def log_likelihood(z: Tensor) -> Tensor:
        return Bernoulli(logits=model.decoder(z), validate_args=False).log_prob(x).sum(dim=-1)

    mean, log_var = encode(model, x)
    return log_weights(mean, log_var, run.normal(draws, *mean.shape), log_likelihood)
