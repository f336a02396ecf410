"""Proofs of the reference of Q8, flow matching."""

import math
from itertools import pairwise

import pytest
import torch
from diffusion import flow_matching


def gaussian_flow(mean, std):
    """The exact velocity E[x_1 - x_0 | x_t = x] for independent N(0, 1) and N(mean, std^2)."""

    def model(x, t):
        t = t.reshape(-1, *[1] * (x.dim() - 1))
        variance = (1 - t) ** 2 + t**2 * std**2
        return mean + (t * std**2 - (1 - t)) / variance * (x - t * mean)

    return model


@pytest.mark.parametrize("sigma_min", [0.0, 0.2])
def test_target_is_the_derivative_of_the_path(normal, sigma_min):
    noise, data = normal(4, 3, 2), normal(4, 3, 2)
    t = torch.tensor([0.0, 0.3, 0.8, 1.0]).double()
    _, velocity = torch.autograd.functional.jvp(
        lambda t: flow_matching.interpolate(noise, data, t, sigma_min), t, torch.ones_like(t)
    )
    target = flow_matching.velocity_target(noise, data, sigma_min)
    torch.testing.assert_close(velocity, target)
    points = flow_matching.interpolate(noise, data, t, sigma_min)
    torch.testing.assert_close(points[0], noise[0])
    torch.testing.assert_close(points[-1], data[-1] + sigma_min * noise[-1])


def test_loss_is_least_at_the_conditional_mean(normal):
    """Among all scalings of the exact velocity and shifts of it, the exact one has no gradient."""
    noise, data, t = (
        normal(40_000, 1),
        1.0 + 0.5 * normal(40_000, 1),
        torch.linspace(0, 1, 40_000, dtype=torch.float64),
    )
    scale = torch.ones(()).double().requires_grad_()
    shift = torch.zeros(()).double().requires_grad_()
    exact = gaussian_flow(1.0, 0.5)
    loss = flow_matching.flow_matching_loss(
        lambda x, t: scale * exact(x, t) + shift, noise, data, t
    )
    for gradient in torch.autograd.grad(loss, [scale, shift]):
        assert abs(gradient.item()) < 0.05


def test_loss_by_hand(normal):
    noise, data, t = normal(3, 2, 2), normal(3, 2, 2), torch.tensor([0.1, 0.5, 0.9]).double()
    got = flow_matching.flow_matching_loss(lambda x, t: x * t[:, None, None], noise, data, t)
    total = 0.0
    for z, x, s in zip(noise, data, t.tolist(), strict=True):
        total += (s * ((1 - s) * z + s * x) - (x - z)).norm().item() ** 2
    assert got.item() == pytest.approx(total / 3)


@pytest.mark.parametrize(("sampler", "order"), [("euler_sample", 1), ("heun_sample", 2)])
def test_samplers_reach_the_data_with_their_order(normal, sampler, order):
    """The flow between Gaussians maps x to mean + std x."""
    noise, errors = normal(5, 2), []
    for steps in (50, 100, 200):
        end = getattr(flow_matching, sampler)(gaussian_flow(2.0, 0.3), noise, steps)
        errors.append((end - (2.0 + 0.3 * noise)).abs().max().item())
    for coarse, fine in pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.25)
    assert errors[-1] < 0.02


@pytest.mark.parametrize(("sampler", "per_step"), [("euler_sample", 1), ("heun_sample", 2)])
def test_samplers_call_the_model_on_the_grid(normal, sampler, per_step):
    times = []

    def model(x, t):
        times.extend(t.unique().tolist())
        return x

    getattr(flow_matching, sampler)(model, normal(3, 2), 4)
    starts, ends = [n / 4 for n in range(4)], [(n + 1) / 4 for n in range(4)]
    grid = starts if per_step == 1 else [t for step in zip(starts, ends, strict=True) for t in step]
    assert times == pytest.approx(grid)


def test_rectified_pairs_are_straight_in_one_step(normal):
    """On the flow's own pairs the loss of the straight flow vanishes; one Euler step suffices."""
    noise, exact = normal(7, 2), gaussian_flow(2.0, 0.3)
    pairs = flow_matching.rectification_pairs(
        lambda z: flow_matching.heun_sample(exact, z, 100), noise, 3
    )
    torch.testing.assert_close(pairs[0], noise)
    torch.testing.assert_close(pairs[1], 2.0 + 0.3 * noise, rtol=0, atol=1e-3)

    def straight(x, t):
        """The velocity of the lines from z to 2 + 0.3 z."""
        t = t[:, None]
        return 2.0 - 0.7 * (x - 2.0 * t) / (1 - 0.7 * t)

    t = torch.linspace(0, 1, 7, dtype=torch.float64)
    assert flow_matching.flow_matching_loss(straight, *pairs, t).item() < 1e-5
    independent = pairs[1].roll(1, dims=0)
    assert flow_matching.flow_matching_loss(straight, noise, independent, t).item() > 0.01
    one_step = flow_matching.euler_sample(straight, noise, 1)
    torch.testing.assert_close(one_step, pairs[1], rtol=0, atol=1e-3)


def test_straightness_of_a_parabola(normal):
    """x_t = a t^2 has the velocity 2 a t, so S = |a|^2 integral (1 - 2 t)^2 dt = |a|^2 / 3."""
    a, t = normal(4, 2, 3), torch.linspace(0, 1, 1001, dtype=torch.float64)
    got = flow_matching.straightness(t[:, None, None, None] ** 2 * a)
    expected = a.square().sum(dim=(1, 2)).mean().item() / 3
    assert got.item() == pytest.approx(expected, rel=1e-5)
    line = normal(4, 2) + t[:, None, None] * normal(4, 2)
    assert flow_matching.straightness(line).item() == pytest.approx(0, abs=1e-12)
