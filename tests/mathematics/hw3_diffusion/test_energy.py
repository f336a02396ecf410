"""Q1 against enumeration, closed forms and long chains."""

import itertools
import math

import pytest
import torch
from diffusion.energy import (
    contrastive_divergence_loss,
    jem_energy,
    jem_loss,
    langevin_step,
    mala_log_acceptance,
    metropolis_select,
    nce_loss,
    rbm_free_energy,
    rbm_log_partition,
)
from torch.distributions import MultivariateNormal, Normal

pytestmark = pytest.mark.usefixtures("double")


def _double_well(x: torch.Tensor) -> torch.Tensor:
    return ((x.square() - 1).square() + 0.3 * x.roll(1, 1) * x + 0.2 * x).sum(dim=1)


def test_langevin_has_the_stationary_variance_of_its_recursion(generator):
    """E = x^2/2: x' = (1 - h/2) x + sqrt(h) z keeps the variance 1 / (1 - h/4), not 1."""
    step = 0.8
    x = torch.randn(20000, 1, generator=generator) / math.sqrt(1 - step / 4)
    for _ in range(5):
        noise = torch.randn(20000, 1, generator=generator)
        x = langevin_step(lambda x: x.square() / 2, x, step, noise)
    torch.testing.assert_close(x.var(), torch.tensor(1 / (1 - step / 4)), rtol=0.04, atol=0)


def test_acceptance_is_the_ratio_of_joint_densities(generator):
    """E from its slope by autograd, q from torch.distributions."""
    x, proposal = torch.randn(2, 6, 3, generator=generator)
    step = 0.37

    def log_q(to: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        slope = torch.func.grad(lambda x: _double_well(x).sum())(start)
        mean = start - step / 2 * slope
        return MultivariateNormal(mean, step * torch.eye(3)).log_prob(to)

    expected = (_double_well(x) - _double_well(proposal)) + log_q(x, proposal) - log_q(proposal, x)
    there = mala_log_acceptance(_double_well, x, proposal, step)
    torch.testing.assert_close(there, expected)
    torch.testing.assert_close(mala_log_acceptance(_double_well, proposal, x, step), -there)


def test_acceptance_on_a_gaussian_by_hand(generator):
    """E = x^2/2: all terms but h/8 (x^2 - x'^2) cancel."""
    x, proposal = torch.randn(2, 9, 1, generator=generator)
    got = mala_log_acceptance(lambda x: x.square() / 2, x, proposal, 1.3)
    torch.testing.assert_close(got, (1.3 / 8 * (x.square() - proposal.square()))[:, 0])


def test_metropolis_corrects_langevin(generator):
    """At a step where Langevin alone doubles the variance, the corrected chain keeps it."""
    step, count = 2.0, 20000
    x = torch.randn(count, 1, generator=generator)
    for _ in range(10):
        noise = torch.randn(count, 1, generator=generator)
        proposal = langevin_step(lambda x: x.square() / 2, x, step, noise)
        log_ratio = mala_log_acceptance(lambda x: x.square() / 2, x, proposal, step)
        x = metropolis_select(x, proposal, log_ratio, torch.rand(count, generator=generator))
    torch.testing.assert_close(x.var(), torch.tensor(1.0), rtol=0.05, atol=0)


def _states(num_units: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=num_units)))


def _machine(generator, visible: int, hidden: int) -> list[torch.Tensor]:
    shapes = (visible, hidden), (visible,), (hidden,)
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]


def _joint_energies(weight, b, c) -> torch.Tensor:
    """E(v, h) of all states, shape (2^D, 2^H), from the definition."""
    rows = [[-(v @ b) - (h @ c) - v @ weight @ h for h in _states(len(c))] for v in _states(len(b))]
    return torch.stack([torch.stack(row) for row in rows])


def test_free_energy_and_partition_by_enumeration_of_all_units(generator):
    parameters = _machine(generator, 3, 4)
    joint = _joint_energies(*parameters)
    free = rbm_free_energy(_states(3), *parameters)
    torch.testing.assert_close(free, -(-joint).logsumexp(dim=1))
    log_z = rbm_log_partition(*parameters)
    torch.testing.assert_close(log_z, (-joint).logsumexp(dim=(0, 1)))


def test_log_probabilities_of_an_rbm_with_8_units_sum_to_one(generator):
    parameters = _machine(generator, 8, 5)
    log_p = -rbm_free_energy(_states(8), *parameters) - rbm_log_partition(*parameters)
    torch.testing.assert_close(log_p.logsumexp(dim=0), torch.tensor(0.0))


def test_contrastive_divergence_with_exact_samples_has_the_gradient_of_the_likelihood(generator):
    """2^8 states in the exact proportions of an RBM whose odds are whole numbers."""
    weight, b, c = torch.zeros(8, 1), torch.zeros(8), torch.zeros(1)
    b[:2] = math.log(3)  # odds of 3 to 1 for two of the units: states weigh 1, 3 or 9
    parameters = [values.requires_grad_() for values in (weight, b, c)]
    states = _states(8)
    counts = 3 ** states[:, :2].sum(dim=1).long()
    samples = states.repeat_interleave(counts, dim=0)
    data = states[torch.randint(256, (7,), generator=generator)]
    loss = contrastive_divergence_loss(lambda v: rbm_free_energy(v, *parameters), data, samples)
    likelihood = rbm_free_energy(data, *parameters).mean() + rbm_log_partition(*parameters)
    got, expected = (torch.autograd.grad(f, parameters) for f in (loss, likelihood))
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_contrastive_divergence_gradient_for_any_rbm(generator):
    """The gradient of log Z is -E_model[dF], with expectations by enumeration."""
    parameters = _machine(generator, 4, 3)
    states = _states(4)
    free = rbm_free_energy(states, *parameters)
    probabilities = (-free).softmax(dim=0).detach()
    data = states[torch.randint(16, (6,), generator=generator)]
    one_by_one = [
        torch.autograd.grad(
            contrastive_divergence_loss(
                lambda v: rbm_free_energy(v, *parameters), data, states[i : i + 1]
            ),
            parameters,
        )
        for i in range(16)
    ]
    likelihood = rbm_free_energy(data, *parameters).mean() + rbm_log_partition(*parameters)
    expected = torch.autograd.grad(likelihood, parameters)
    for k in range(3):
        mean = sum(p * slopes[k] for p, slopes in zip(probabilities, one_by_one, strict=True))
        torch.testing.assert_close(mean, expected[k])


@pytest.mark.parametrize("nu", [0.5, 1, 3])
def test_noise_contrastive_estimation_is_optimal_at_the_normalised_truth(nu):
    """Three states in exact proportion: p = (4, 2, 2)/8, q = (2, 4, 2)/8."""
    p, q = torch.tensor([4, 2, 2]), torch.tensor([2, 4, 2])
    data = torch.arange(3).repeat_interleave(2 * p)[:, None]
    noise = torch.arange(3).repeat_interleave((2 * nu * q).long())[:, None]
    log_z = 1.7
    table = (-log_z - torch.log(p / 8)).requires_grad_()  # exp(-E) sums to exp(log_z)
    c = torch.tensor(-log_z).requires_grad_()

    def loss(c: torch.Tensor) -> torch.Tensor:
        return nce_loss(lambda x: table[x], c, lambda x: torch.log(q / 8)[x[:, 0]], data, noise)

    value = loss(c)
    for slope in torch.autograd.grad(value, (table, c)):
        torch.testing.assert_close(slope, torch.zeros_like(slope), atol=1e-12, rtol=0)
    h = p / (p + nu * q)
    expected = -(p / 8 * h.log()).sum() - nu * (q / 8 * (1 - h).log()).sum()
    torch.testing.assert_close(value, expected)
    for change in (0.3, -0.3):
        assert loss(c + change) > value


def test_noise_contrastive_estimation_finds_the_normaliser_of_a_gaussian(generator):
    """E = x^2/2 is fixed and c learned: it comes out as -log sqrt(2 pi)."""
    data = torch.randn(4000, 1, generator=generator)
    noise = 2 * torch.randn(8000, 1, generator=generator)
    c = torch.zeros(()).requires_grad_()
    optimizer = torch.optim.LBFGS([c], max_iter=20)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nce_loss(
            lambda x: x.square() / 2, c, lambda x: Normal(0.0, 2.0).log_prob(x)[:, 0], data, noise
        )
        loss.backward()
        return loss

    optimizer.step(closure)
    torch.testing.assert_close(
        c.detach(), torch.tensor(-0.5 * math.log(2 * math.pi)), atol=0.05, rtol=0
    )


def test_energy_of_a_classifier_normalises_its_joint(generator):
    """exp(f_k(x)) over a finite x: log p(x) = -E - log Z, and the softmax is p(y | x)."""
    logits = 3 * torch.randn(6, 4, generator=generator)
    joint = logits.exp() / logits.exp().sum()
    log_p = -jem_energy(logits) - logits.flatten().logsumexp(dim=0)
    torch.testing.assert_close(log_p.exp(), joint.sum(dim=1))
    torch.testing.assert_close((logits + jem_energy(logits)[:, None]).exp(), logits.softmax(dim=1))
    torch.testing.assert_close(jem_energy(logits + 1e4), jem_energy(logits) - 1e4)


def test_joint_loss_has_the_gradient_of_the_joint_likelihood(generator):
    """Four inputs with probabilities 1/10, 2/10, 3/10, 4/10; samples in this proportion."""
    masses = torch.arange(1.0, 5)
    split = torch.rand(4, 3, generator=generator).softmax(dim=1)
    logits = (masses[:, None] * split).log().requires_grad_()
    x, y = torch.tensor([0, 2, 3, 3, 1]), torch.tensor([1, 0, 2, 1, 1])
    samples = torch.arange(4).repeat_interleave(masses.long())
    loss = jem_loss(logits[x], y, logits[samples])
    likelihood = -logits[x, y].mean() + logits.flatten().logsumexp(dim=0)
    torch.testing.assert_close(
        torch.autograd.grad(loss, logits), torch.autograd.grad(likelihood, logits)
    )
