"""Experiments on ``diffusion.energy``."""

import math

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, gradients, parameter_gradients


class Bowl(nn.Module):
    """Some energy of D features; values (B, 1) if ``column``, else (B,)."""

    def __init__(self, dim: int, column: bool = False) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.empty(dim, 4))
        self.b = nn.Parameter(torch.empty(4))
        self.column = column

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        values = torch.addmm(self.b, x, self.a).sin().sum(dim=1) + 0.3 * x.square().sum(dim=1)
        return values[:, None] if self.column else values


def _log_noise(x: Tensor) -> Tensor:
    return -0.25 * x.flatten(1).square().sum(dim=1) - 0.7


def langevin(hw: Package, rng: Rng) -> dict:
    energy = rng.module(Bowl(5))
    x, noise = rng.normal(7, 5, std=2), rng.normal(7, 5)
    moved = hw.energy.langevin_step(energy, x, 0.3, noise)
    return {"x": moved, "in_a_graph": [moved.requires_grad, x.requires_grad]}


def langevin_of_images(hw: Package, rng: Rng) -> dict:
    energy = rng.module(Bowl(18, column=True), scale=0.3)
    x = rng.keep(rng.normal(3, 2, 3, 3).clone().requires_grad_())
    noise = rng.normal(3, 2, 3, 3)
    moved = hw.energy.langevin_step(energy, x, 1.7, noise)
    with torch.no_grad():
        without_graph = hw.energy.langevin_step(energy, x[:1], 0.02, noise[:1])
    return {
        "x": moved,
        "without_graph": without_graph,
        "in_a_graph": moved.requires_grad,
        "grads_left_alone": [x.grad, energy.a.grad, energy.b.grad],
    }


def acceptance(hw: Package, rng: Rng) -> dict:
    energy = rng.module(Bowl(3))
    x, proposal = rng.normal(6, 3), rng.normal(6, 3, std=1.5)
    log_ratio = hw.energy.mala_log_acceptance(energy, x, proposal, 0.6)
    return {
        "log_ratio": log_ratio,
        "in_a_graph": log_ratio.requires_grad,
        "grads_left_alone": [energy.a.grad, energy.b.grad],
    }


def acceptance_of_images(hw: Package, rng: Rng) -> dict:
    energy = rng.module(Bowl(8, column=True))
    x, change = rng.normal(4, 2, 2, 2), rng.normal(4, 2, 2, 2, std=0.5)
    proposal, far = rng.keep(x + change), rng.keep(x + 1e3 * change.sign())
    with torch.no_grad():
        one = hw.energy.mala_log_acceptance(energy, x[:1], proposal[:1], 0.8)
    return {
        "there": hw.energy.mala_log_acceptance(energy, x, proposal, 1.4),
        "back": hw.energy.mala_log_acceptance(energy, proposal, x, 1.4),
        "far": hw.energy.mala_log_acceptance(energy, x, far, 1.4),
        "nowhere": hw.energy.mala_log_acceptance(energy, x, x, 0.1),
        "one_without_graph": one,
    }


def selection(hw: Package, rng: Rng) -> dict:
    log_ratio = rng.uniform(5, low=-3.0, high=-1.2)
    margin = rng.tensor([1.0, -1.0, -1.0, 1.0, -1.0]) * rng.uniform(5, low=0.1, high=0.9)
    u = rng.keep((log_ratio + margin).exp())
    return {
        "rows": hw.energy.metropolis_select(rng.normal(5, 5), rng.normal(5, 5), log_ratio, u),
        "images": hw.energy.metropolis_select(
            rng.normal(5, 2, 5, 5), rng.normal(5, 2, 5, 5), log_ratio, u
        ),
        "sequences": hw.energy.metropolis_select(
            rng.normal(5, 5, 5), rng.normal(5, 5, 5), log_ratio, u
        ),
    }


def selection_at_the_limits(hw: Package, rng: Rng) -> dict:
    log_ratio = rng.tensor([-math.inf, -math.inf, 0.5, 1e4, 800.0, -1e4])
    u = rng.tensor([0.0, 0.3, 0.9, 0.999, 0.0, 0.5])
    proposal = rng.normal(6, 3) + rng.tensor([math.inf, math.nan, 0.0, 0.0, 0.0, 0.0])[:, None]
    x = rng.normal(6, 3)
    return {"x": hw.energy.metropolis_select(x, rng.keep(proposal), log_ratio, u)}


def divergence(hw: Package, rng: Rng) -> dict:
    energy = rng.module(Bowl(3))
    start = rng.keep(rng.normal(4, 3).clone().requires_grad_())
    loss = hw.energy.contrastive_divergence_loss(energy, rng.normal(6, 3), start + 0.5)
    return {
        "loss": loss,
        "parameters": parameter_gradients(loss, energy),
        "through_the_samples": gradients(loss, [start]),
    }


def divergence_with_regularization(hw: Package, rng: Rng) -> dict:
    energy = rng.module(Bowl(8, column=True))
    data, samples = rng.normal(3, 2, 2, 2), rng.normal(5, 2, 2, 2, std=1.3)
    loss = hw.energy.contrastive_divergence_loss(energy, data, samples, 0.15)
    return {"loss": loss, "parameters": parameter_gradients(loss, energy)}


def _machine(rng: Rng, visible: int, hidden: int) -> list[Tensor]:
    drawn = rng.normal(visible, hidden), rng.normal(visible), rng.normal(hidden)
    return [rng.keep(values.clone().requires_grad_()) for values in drawn]


def free_energies(hw: Package, rng: Rng) -> dict:
    parameters = _machine(rng, 4, 3)
    free = hw.energy.rbm_free_energy(rng.bernoulli(6, 4), *parameters)
    return {"free": free, "gradients": gradients(free * rng.normal(6), parameters)}


def free_energies_of_large_parameters(hw: Package, rng: Rng) -> dict:
    weight, b, c = _machine(rng, 3, 3)
    v = rng.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    return {
        "large": hw.energy.rbm_free_energy(v, 1e4 * weight, 1e3 * b, c),
        "one": hw.energy.rbm_free_energy(v[1:2], weight, b, 1e4 * c),
    }


def partition(hw: Package, rng: Rng) -> dict:
    parameters = _machine(rng, 4, 3)
    log_z = hw.energy.rbm_log_partition(*parameters)
    return {"log_z": log_z, "gradients": gradients(log_z, parameters)}


def partition_of_other_sizes(hw: Package, rng: Rng) -> dict:
    weight, b, c = _machine(rng, 3, 5)
    return {
        "wide": hw.energy.rbm_log_partition(weight, b, c),
        "one": hw.energy.rbm_log_partition(weight[:1], b[:1], c),
        "ten": hw.energy.rbm_log_partition(rng.normal(10, 2), rng.normal(10), rng.normal(2)),
        "large": hw.energy.rbm_log_partition(1e4 * weight, b, c),
    }


def contrast_with_noise(hw: Package, rng: Rng) -> dict:
    energy = rng.module(Bowl(3))
    c = rng.keep(rng.normal(mean=1.5, std=0.3).clone().requires_grad_())
    loss = hw.energy.nce_loss(energy, c, _log_noise, rng.normal(4, 3), rng.normal(6, 3, std=1.4))
    return {
        "loss": loss,
        "c": gradients(loss, [c]),
        "parameters": parameter_gradients(loss, energy),
    }


def contrast_with_little_noise(hw: Package, rng: Rng) -> dict:
    data, noise = rng.normal(5, 2, 2, 2), rng.normal(3, 2, 2, 2, std=1.4)
    energy = rng.module(Bowl(8, column=True))
    c = rng.normal(mean=2.0, std=0.3)
    sides = rng.tensor([[-1.0], [1.0], [1.0], [-1.0]])
    low_first = rng.keep(sides * rng.uniform(4, 2, low=0.3, high=1.5))
    high_first = rng.keep(-sides[:3] * rng.uniform(3, 2, low=0.3, high=1.5))
    return {
        "columns": hw.energy.nce_loss(energy, c, _log_noise, data, noise),
        "equal": hw.energy.nce_loss(energy, c, _log_noise, data[:3], noise),
        "far": hw.energy.nce_loss(lambda x: 1e4 * x[:, 0], c, _log_noise, low_first, high_first),
    }


def hidden_energy(hw: Package, rng: Rng) -> dict:
    logits = rng.normal(4, 4, std=2)
    return {"square": hw.energy.jem_energy(logits), "one": hw.energy.jem_energy(logits[:1, :3])}


def hidden_energy_of_extreme_logits(hw: Package, rng: Rng) -> dict:
    logits = rng.normal(5, 3) + rng.tensor([[1e4], [-1e4], [800.0], [-800.0], [0.0]])
    return {"energy": hw.energy.jem_energy(rng.keep(logits))}


def joint(hw: Package, rng: Rng) -> dict:
    logits = rng.keep(rng.normal(5, 3, std=2).clone().requires_grad_())
    sample_logits = rng.keep(rng.normal(4, 3, mean=0.5, std=2).clone().requires_grad_())
    loss = hw.energy.jem_loss(logits, rng.integers(0, 3, 5), sample_logits)
    return {"loss": loss, "gradients": gradients(loss, [logits, sample_logits])}
