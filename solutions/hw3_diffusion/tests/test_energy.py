"""Public checks of Q1: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, tensor
from diffusion import energy


def parabola(x: torch.Tensor) -> torch.Tensor:
    """E(x) = |x|^2 / 2, with slope x; values of shape (B,)."""
    return x.flatten(1).square().sum(dim=1) / 2


def column(x: torch.Tensor) -> torch.Tensor:
    return parabola(x)[:, None]


@pytest.mark.part("a")
def test_langevin_step_by_hand() -> None:
    x, noise = tensor([[2, -1], [0, 10]]), tensor([[1, 0], [-1, 2]])
    for values, name in ((parabola, "(B,)"), (column, "(B, 1)")):
        got = energy.langevin_step(values, x, 0.25, noise)
        message = f"langevin_step, E(x) = |x|^2/2 of shape {name}, step 0.25: 7/8 x + 1/2 noise"
        close(got, [[2.25, -0.875], [-0.5, 9.75]], message)


@pytest.mark.part("a")
def test_langevin_step_leaves_no_traces() -> None:
    scale = tensor(1).requires_grad_()
    x = tensor([[1, 2]])
    with torch.no_grad():
        energy.langevin_step(lambda x: scale * parabola(x), x, 0.1, 0 * x)
    got = energy.langevin_step(lambda x: scale * parabola(x), x, 0.1, 0 * x)
    assert not got.requires_grad, "langevin_step: the result must not require a gradient"
    assert not x.requires_grad, "langevin_step: x.requires_grad was changed"
    assert scale.grad is None, "langevin_step: it filled the .grad of the energy's parameter"


@pytest.mark.part("a")
def test_mala_acceptance_by_hand() -> None:
    """E = x^2/2 and step h: log r = h/8 (x^2 - x'^2), small as Langevin steps are nearly right."""
    x, proposal = tensor([[2], [1], [0]]), tensor([[1], [2], [-3]])
    message = "mala_log_acceptance, E(x) = x^2/2, step 0.8, from 2, 1, 0 to 1, 2, -3"
    close(energy.mala_log_acceptance(column, x, proposal, 0.8), [0.3, -0.3, -0.9], message)


@pytest.mark.part("a")
def test_metropolis_selects_each_example_by_itself() -> None:
    x, proposal = tensor([[1, 1], [2, 2]]), tensor([[5, 5], [math.inf, math.nan]])
    got = energy.metropolis_select(x, proposal, tensor([-0.5, -math.inf]), tensor([0.6, 0.0]))
    close(got, [[5, 5], [2, 2]], "metropolis_select: log 0.6 = -0.51 < -0.5; a ratio of 0 rejects")


@pytest.mark.part("b")
def test_contrastive_divergence_by_hand() -> None:
    data, samples = tensor([[2], [4]]), tensor([[1], [0], [3]])
    loss = energy.contrastive_divergence_loss
    message = "contrastive_divergence_loss of energies (2, 8) of data and (1/2, 0, 9/2) of samples"
    close(loss(column, data, samples), 5 - 5 / 3, message)
    expected = 5 - 5 / 3 + 0.1 * (68 / 2 + 20.5 / 3)
    close(loss(parabola, data, samples, 0.1), expected, f"{message}, regularization 0.1")


@pytest.mark.part("b")
def test_samples_are_constants() -> None:
    start, scale = tensor([[1], [2]]).requires_grad_(), tensor(1).requires_grad_()
    loss = energy.contrastive_divergence_loss(
        lambda x: scale * parabola(x), tensor([[3]]), start + 1
    )
    loss.backward()
    assert start.grad is None, "contrastive_divergence_loss: a gradient runs into the samples"
    message = "the gradient of contrastive_divergence_loss: mean energy of data minus samples"
    close(scale.grad, 4.5 - 3.25, message)


@pytest.mark.part("c")
def test_free_energy_by_hand() -> None:
    weight, b, c = tensor([[math.log(2)], [0]]), tensor([1, -3]), tensor([0])
    got = energy.rbm_free_energy(tensor([[0, 0], [1, 0], [1, 1]]), weight, b, c)
    expected = [-math.log(2), -1 - math.log(3), 2 - math.log(3)]
    close(got, expected, "rbm_free_energy of the states 00, 10, 11 with one hidden unit")
    got = energy.rbm_free_energy(tensor([[1, 1]]), 5000 * weight, b, c)
    close(got, [2 - 5000 * math.log(2)], "rbm_free_energy with a weight of 5000 log 2")


@pytest.mark.part("c")
def test_log_partition_by_hand() -> None:
    weight, b, c = torch.zeros(3, 2, dtype=torch.float64), tensor([0, 0, 0]), tensor([0, 0])
    message = "rbm_log_partition of 3 visible and 2 hidden units, all parameters 0: 2^5 states"
    close(energy.rbm_log_partition(weight, b, c), math.log(32), message)
    message = "rbm_log_partition of one visible and one hidden unit: 1 + 3 + 5 + 3 * 5 * 2"
    got = energy.rbm_log_partition(
        tensor([[math.log(2)]]), tensor([math.log(3)]), tensor([math.log(5)])
    )
    close(got, math.log(39), message)


@pytest.mark.part("d")
def test_nce_by_hand() -> None:
    def log_noise(x: torch.Tensor) -> torch.Tensor:
        return -x[:, 0]

    data, noise = tensor([[0]]), tensor([[0], [2]])
    got = energy.nce_loss(column, tensor(math.log(6)), log_noise, data, noise)
    message = "nce_loss of 1 data and 2 noise examples with p/q = 6 at all three: each h is 3/4"
    close(got, math.log(4 / 3) + 2 * math.log(4), message)
    got = energy.nce_loss(lambda x: 5000 - 0 * x, tensor(0), log_noise, data, noise[:1])
    close(got, 5000, "nce_loss of one data and one noise example with an energy of 5000")


@pytest.mark.part("e")
def test_jem_energy_by_hand() -> None:
    got = energy.jem_energy(tensor([[0, math.log(3)], [-5000, -5000]]))
    expected = [-math.log(4), 5000 - math.log(2)]
    close(got, expected, "jem_energy of the logits (0, log 3) and (-5000, -5000)")


@pytest.mark.part("e")
def test_jem_loss_by_hand() -> None:
    logits = tensor([[math.log(3), 0]])
    samples = tensor([[0, 0], [math.log(31), 0]])
    got = energy.jem_loss(logits, torch.tensor([0]), samples)
    expected = -math.log(3 / 4) - math.log(4) + (math.log(2) + math.log(32)) / 2
    close(got, expected, "jem_loss: -log p(y|x) = log 4/3, E = -log 4, samples -log 2 and -log 32")
