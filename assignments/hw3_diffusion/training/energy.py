"""Q1: energies of points, with Langevin samples, and a Boltzmann machine of digits."""

import torch
from diffusion.energy import (
    contrastive_divergence_loss,
    langevin_step,
    mala_log_acceptance,
    metropolis_select,
    nce_loss,
    rbm_free_energy,
    rbm_log_partition,
)
from torch import Tensor, nn
from training.common import Run, average, fit
from training.figures import (
    COLORS,
    density_on_plane,
    new_figure,
    show_density,
    show_images,
    show_points,
)

from datasets import POINTS, Dataset, Split, load

DATA = "pinwheel"
STEPS = 1500
NEEDS = "Q1a, Q1b, Q1d (Q1c adds the Boltzmann machine)"

_NCE = "noise-contrastive estimation"

_FEATURES = 128
_BATCH = 200
_LEARNING_RATE = 3e-3
_NOISE_STD = 1.5
_CHAINS = 1000
_STEP, _CHAIN_STEPS = 0.005, 20
_RESTARTED = 0.05
_SAMPLING_STEP, _SAMPLING_STEPS = 0.01, 400
_SHOWN, _SAMPLES = 1500, 700
_PATHS, _SHORT = 8, 100
_HIDDEN_UNITS = 12
_GIBBS_STEPS = 5
_FINAL_GIBBS_STEPS = 500
_INDEPENDENT = 25.2  # nats
_COLUMNS = 10
_EXPECT = {
    "pinwheel": (
        "about 0.95: it was learnt, not computed",
        "about 1.27; one Gaussian: 2.84",
        "about 1.6, with wrong shares of the arms",
    )
}
_EXPECT_DIGITS = "about 19.6; independent pixels: 25.2"


class EnergyNetwork(nn.Module):
    """An energy of points, and minus the logarithm of its normaliser."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, num_features),
            nn.SiLU(),
            nn.Linear(num_features, num_features),
            nn.SiLU(),
            nn.Linear(num_features, num_features),
            nn.SiLU(),
            nn.Linear(num_features, 1),
        )
        self.c = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Energies, shape (B,). Far away a bowl keeps the density normalisable."""
        return self.layers(x).squeeze(1) + 0.5 * (x / _NOISE_STD).square().sum(dim=1)


class Boltzmann(nn.Module):
    """Parameters of a restricted Boltzmann machine, and its Gibbs sampler."""

    def __init__(self, visible: Tensor, num_hidden: int) -> None:
        super().__init__()
        share = visible.mean(dim=0).clamp(0.02, 0.98)
        self.weight = nn.Parameter(0.05 * torch.randn(len(share), num_hidden))
        self.b = nn.Parameter(share.logit())
        self.c = nn.Parameter(torch.zeros(num_hidden))

    def energy(self, v: Tensor) -> Tensor:
        """Free energies of visible units (B, D), shape (B,)."""
        return rbm_free_energy(v, self.weight, self.b, self.c)

    @torch.no_grad()
    def gibbs(self, run: Run, v: Tensor, num_steps: int) -> tuple[Tensor, Tensor]:
        """New visible units after some steps, and their probabilities in the last one."""
        for _ in range(num_steps):
            hidden = (v @ self.weight + self.c).sigmoid()
            hidden = (run.uniform(*hidden.shape) < hidden).to(v.dtype)
            share = (hidden @ self.weight.T + self.b).sigmoid()
            v = (run.uniform(*share.shape) < share).to(v.dtype)
        return v, share


def train(run: Run) -> None:
    """Learn two energies of the same points, then a Boltzmann machine."""
    data = run.load(POINTS)
    models = {
        _NCE: _train_by_contrast_with_noise(run, data),
        "contrastive divergence": _train_by_own_samples(run, data),
    }
    _show(run, data, models)
    with run.optional("the Boltzmann machine"):
        _train_boltzmann(run)


def _train_by_contrast_with_noise(run: Run, data: Dataset) -> EnergyNetwork:
    model = EnergyNetwork(_FEATURES).to(run.device)
    noise = torch.distributions.Normal(torch.zeros(2, device=run.device), _NOISE_STD)

    def log_noise(x: Tensor) -> Tensor:
        return noise.log_prob(x).sum(dim=1)

    def loss(split: Split, index: Tensor) -> Tensor:
        drawn = _NOISE_STD * run.normal(4 * len(index), 2)
        return nce_loss(model, model.c, log_noise, split.x[index], drawn)

    fit(run, model, loss, data, batch_size=_BATCH, learning_rate=_LEARNING_RATE)
    return model


def _train_by_own_samples(run: Run, data: Dataset) -> EnergyNetwork:
    model = EnergyNetwork(_FEATURES).to(run.device)
    chains = _NOISE_STD * run.normal(_CHAINS, 2)

    def loss(split: Split, index: Tensor) -> Tensor:
        chosen = run.permutation(_CHAINS)[: len(index)]  # each chain once at most
        if not torch.is_grad_enabled():  # judged, not trained: the chains stay where they are
            return contrastive_divergence_loss(model, split.x[index], chains[chosen])
        # Chains go on from where they are; a few begin anew, so that no place is forgotten.
        again = run.uniform(len(index), 1) < _RESTARTED
        samples = torch.where(again, _NOISE_STD * run.normal(len(index), 2), chains[chosen])
        for _ in range(_CHAIN_STEPS):
            samples = langevin_step(model, samples, _STEP, run.normal(*samples.shape))
        chains[chosen] = samples
        return contrastive_divergence_loss(model, split.x[index], samples, 1e-3)

    fit(run, model, loss, data, batch_size=_BATCH, learning_rate=_LEARNING_RATE)
    return model


def _show(run: Run, data: Dataset, models: dict[str, EnergyNetwork]) -> None:
    expect = _EXPECT.get(data.name, ("", "", ""))
    figure = new_figure(13.2, 6.4)
    panels = figure.subplots(2, 4)
    show_points(panels[0, 0], data.train.x[:_SHOWN], f"data: {data.name}")
    for row, text, (method, model) in zip(panels, expect[1:], models.items(), strict=True):
        model.requires_grad_(False)
        density, integral = density_on_plane(lambda x, e=model: -e(x), run.device)
        show_density(row[1], density / integral, f"density by {method}")
        test = (model(data.test.x).mean() + torch.tensor(integral).log()).item()
        run.report(f"test negative log-likelihood, {method}", test, "nats", text)
        start = _NOISE_STD * run.normal(_SAMPLES, 2)
        plain, _ = _walk(run, model, start, corrected=False)
        show_points(row[2], plain[-1], f"{_SAMPLING_STEPS} Langevin steps")
        path, accepted = _walk(run, model, start, corrected=True)
        show_points(row[3], path[-1], f"corrected: {accepted:.0%} accepted")
        if method == _NCE:
            total = integral * model.c.exp().item()
            run.report("integral of exp(-E + c)", total, "", expect[0])
            show_density(panels[1, 0], density / integral, f"{_PATHS} walks of {_SHORT} steps")
            for walk in torch.stack(plain[:_SHORT], dim=1)[:_PATHS].cpu():
                panels[1, 0].plot(*walk.T, color="white", linewidth=0.6, alpha=0.9)
                panels[1, 0].plot(*walk[-1], "o", color="white", markersize=3)
    run.save(figure, "energies.png")


def _walk(
    run: Run, model: EnergyNetwork, x: Tensor, *, corrected: bool
) -> tuple[list[Tensor], float]:
    """Langevin dynamics, with or without Metropolis and Hastings: the path, what was accepted."""
    path, accepted = [x], 0.0
    for _ in range(_SAMPLING_STEPS):
        x = langevin_step(model, path[-1], _SAMPLING_STEP, run.normal(*x.shape))
        if corrected:
            log_ratio = mala_log_acceptance(model, path[-1], x, _SAMPLING_STEP)
            x = metropolis_select(path[-1], x, log_ratio, run.uniform(len(x)))
            accepted += log_ratio.exp().clamp(max=1).mean().item() / _SAMPLING_STEPS
        path.append(x)
    return path, accepted


def _train_boltzmann(run: Run) -> None:
    """Twelve hidden units: the 2^12 states of these can be summed over, for any number of pixels.

    The two layers of the machine have the same rights, so that log Z comes from the small one.
    """
    binary = load("digits").requantize(2).to(run.device)
    shape = binary.train.x.shape[1:]
    data = Dataset("digits", *(_vectors(split) for split in (binary.train, binary.test)))
    model = Boltzmann(data.train.x, _HIDDEN_UNITS).to(run.device)
    chains = data.train.x[run.integers(len(data.train), _CHAINS // 2)]

    def loss(split: Split, index: Tensor) -> Tensor:
        nonlocal chains
        if not torch.is_grad_enabled():  # judged, not trained: exactly
            log_z = rbm_log_partition(model.weight.T, model.c, model.b)
            return model.energy(split.x[index]) + log_z
        chains, _ = model.gibbs(run, chains, _GIBBS_STEPS)
        return contrastive_divergence_loss(model.energy, split.x[index], chains)

    curve = fit(run, model, loss, data, batch_size=_BATCH, learning_rate=1e-2)
    nats = average(loss, data.test)
    run.report("test negative log-likelihood, Boltzmann machine", nats, "nats", _EXPECT_DIGITS)
    figure = new_figure(12, 3.6)
    learning, filters, samples = figure.subplots(1, 3, width_ratios=(1.2, 1, 1))
    learning.plot(curve.test_steps, curve.test, color=COLORS[3], linewidth=2, label="test, exactly")
    learning.axhline(_INDEPENDENT, color="0.5", linestyle="--", label="independent pixels")
    learning.set(xlabel="training steps", ylabel="nats", title="Boltzmann machine of binary digits")
    learning.legend()
    scale = model.weight.abs().max()
    weights = (model.weight.detach().T / scale + 1) / 2
    show_images(filters, weights.unflatten(1, shape), 4, "weights of the hidden units")
    shown = _COLUMNS * 8
    _, shares = model.gibbs(run, chains[:shown], _FINAL_GIBBS_STEPS)
    show_images(samples, shares.unflatten(1, shape), _COLUMNS, "samples, by probability of a pixel")
    run.save(figure, "boltzmann.png")


def _vectors(split: Split) -> Split:
    return Split(split.x.flatten(1).float(), split.y)
