"""Proofs of the reference of Q10, inverse problems and editing."""

import math

import torch
from diffusion import inverse_problems as inverse

ALPHA_BAR = torch.tensor([0.9, 0.7, 0.4, 0.1], dtype=torch.float64)
SHAPE = (3, 4, 6)


def operators(normal):
    yield inverse.Downsample(2)
    yield inverse.Grayscale(normal(3))
    yield inverse.Radon(4, 6, torch.tensor([0.2, 1.1, 2.5], dtype=torch.float64), 5)


def matrix(operator):
    """The operator's matrix, from the images of all unit vectors."""
    units = torch.eye(math.prod(SHAPE), dtype=torch.float64).reshape(-1, *SHAPE)
    return operator.forward(units).flatten(1).T


def test_adjoints_and_pseudo_inverses_are_those_of_the_matrices(normal):
    for operator in operators(normal):
        a, x = matrix(operator), normal(2, *SHAPE)
        y = operator.forward(x)
        torch.testing.assert_close(y.flatten(1), x.flatten(1) @ a.T)
        measured = torch.randn_like(y)
        torch.testing.assert_close(operator.adjoint(measured).flatten(1), measured.flatten(1) @ a)
        inverse_matrix = torch.linalg.pinv(a)
        torch.testing.assert_close(
            operator.pinv(measured).flatten(1), measured.flatten(1) @ inverse_matrix.T
        )


def test_radon_keeps_the_mass_and_projects_the_centre_of_mass(normal):
    """Linear sharing keeps both: the sum over j is that of x, the mean position that of x."""
    angles = torch.linspace(0, 3, 7, dtype=torch.float64)
    x = normal(1, 1, 4, 6).abs()
    sinogram = inverse.Radon(4, 6, angles, 12).forward(x)[0, 0]
    torch.testing.assert_close(sinogram.sum(dim=1), x.sum().expand(7))
    rows, columns = torch.arange(4.0).double() - 1.5, torch.arange(6.0).double() - 2.5
    right = (x[0, 0] * columns).sum()
    down = (x[0, 0] * rows[:, None]).sum()
    positions = torch.arange(12.0).double() - 5.5
    torch.testing.assert_close(sinogram @ positions, right * angles.cos() + down * angles.sin())


def test_replacement_has_the_marginal_of_the_forward_process(normal):
    """Mean sqrt(ab) y and variance 1 - ab where observed, x untouched elsewhere; -1 is clean."""
    y, x = normal(1, 1, 2, 2), normal(1, 1, 2, 2)
    mask = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    for t, level in enumerate([*ALPHA_BAR.tolist(), 1.0]):
        t = -1 if t == 4 else t
        zero = inverse.replace_observed(x, y, mask, t, ALPHA_BAR, torch.zeros_like(x))
        one = inverse.replace_observed(x, y, mask, t, ALPHA_BAR, torch.ones_like(x))
        seen = mask.bool().expand_as(x)
        torch.testing.assert_close(zero[seen] ** 2, level * y[seen] ** 2)
        torch.testing.assert_close((one - zero)[seen] ** 2, torch.full((2,), 1 - level).double())
        assert torch.equal(zero[~seen], x[~seen]) and torch.equal(one[~seen], x[~seen])


def test_jump_restores_the_level_of_a_gaussian(normal):
    """x_prev ~ N(0, 1) stays N(0, 1); a sample of x_0 = 1 at t_prev has the mean of level t."""
    x, y = normal(1, 1, 1, 1), torch.zeros(1, 1, 1, 1, dtype=torch.float64)
    seen = []

    def step(x, t, t_prev):
        seen.append(x)
        return ALPHA_BAR[t_prev].sqrt().expand_as(x)

    for jump in (0.0, 1.0):
        noises = torch.zeros(2, 1, 1, 1, 1).double(), torch.full((1, 1, 1, 1, 1), jump).double()
        inverse.repaint_step(step, x, y, y, 3, 1, ALPHA_BAR, *noises)
    mean, deviation = seen[1], seen[3] - seen[1]
    torch.testing.assert_close(mean.squeeze(), ALPHA_BAR[3].sqrt())
    # the variance at t_prev, shrunk, plus that of the jump is the variance at t
    total = ALPHA_BAR[3] / ALPHA_BAR[1] * (1 - ALPHA_BAR[1]) + deviation.squeeze() ** 2
    torch.testing.assert_close(total, 1 - ALPHA_BAR[3])


def test_projection_fits_the_data_and_keeps_the_null_space(normal):
    for operator in operators(normal):
        x0, y = normal(2, *SHAPE), operator.forward(normal(2, *SHAPE))
        out = inverse.ddnm_project(x0, y, operator)
        torch.testing.assert_close(operator.forward(out), y)
        # the change lies in the range of A^T: it is orthogonal to the null space
        null = torch.linalg.svd(matrix(operator)).Vh[torch.linalg.matrix_rank(matrix(operator)) :]
        assert (null @ (out - x0).flatten(1).T).abs().max() < 1e-9


def test_ddnm_chain_ends_on_the_data(normal):
    operator = inverse.Downsample(2)
    y, x = normal(2, 3, 2, 3), normal(2, *SHAPE)
    for t, t_prev in ((3, 1), (1, 0), (0, -1)):
        x = inverse.ddnm_step(lambda x, t: torch.tanh(x), x, y, operator, t, t_prev, ALPHA_BAR)
    torch.testing.assert_close(operator.forward(x), y)


def test_ddnm_step_follows_the_forward_process(normal):
    """If the network knows the noise and x_0 fits y, the result is x_0 with the same noise."""
    operator, x0, eps = inverse.Downsample(2), normal(2, *SHAPE), normal(2, *SHAPE)
    x = ALPHA_BAR[3].sqrt() * x0 + (1 - ALPHA_BAR[3]).sqrt() * eps
    got = inverse.ddnm_step(lambda x, t: eps, x, operator.forward(x0), operator, 3, 1, ALPHA_BAR)
    torch.testing.assert_close(got, ALPHA_BAR[1].sqrt() * x0 + (1 - ALPHA_BAR[1]).sqrt() * eps)


def test_dps_gradient_of_a_gaussian_model(normal):
    """For data N(0, 1) the optimal network is linear, and the gradient has a closed form."""
    t, t_prev, zeta, level = 2, 1, 0.6, ALPHA_BAR[2]
    x, y, a = normal(3, 1, 1, 4), normal(3, 2), normal(2, 4)
    got = inverse.dps_step(
        lambda x, t: (1 - level).sqrt() * x,
        x,
        y,
        lambda x0: x0.flatten(1) @ a.T,
        t,
        t_prev,
        ALPHA_BAR,
        zeta,
    )
    flat = x.flatten(1)
    x0 = level.sqrt() * flat  # E[x_0 | x_t]
    error = y - x0 @ a.T
    gradient = -level.sqrt() * (error / error.norm(dim=1, keepdim=True)) @ a
    prior = ALPHA_BAR[1].sqrt() * x0 + (1 - ALPHA_BAR[1]).sqrt() * (1 - level).sqrt() * flat
    torch.testing.assert_close(got.flatten(1), prior - zeta * gradient)


def test_sdedit_between_identity_and_sampling(normal):
    guide, noise = normal(1, 1, 2, 2), normal(1, 1, 2, 2)

    def step(x, t, t_prev):
        """Exact for data that are always zero: x_t = sqrt(1 - ab) eps."""
        ahead = ALPHA_BAR[t_prev] if t_prev >= 0 else torch.ones(()).double()
        return x * ((1 - ahead) / (1 - ALPHA_BAR[t])).sqrt()

    assert torch.equal(inverse.sdedit(step, guide, 0.0, ALPHA_BAR, noise), guide)
    for strength in (0.25, 0.5, 1.0):
        assert not inverse.sdedit(step, guide, strength, ALPHA_BAR, noise).any()
    starts = []
    inverse.sdedit(lambda x, t, p: starts.append((t, x)) or x, guide, 0.75, ALPHA_BAR, noise)
    inverse.sdedit(lambda x, t, p: starts.append((t, x)) or x, guide, 1.0, ALPHA_BAR, noise)
    assert [t for t, _ in starts] == [2, 1, 0, 3, 2, 1, 0]
    torch.testing.assert_close(
        starts[0][1], ALPHA_BAR[2].sqrt() * guide + (1 - ALPHA_BAR[2]).sqrt() * noise
    )
    assert torch.equal(starts[3][1], noise)
