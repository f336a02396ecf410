"""Q10 against maps whose answers are known, optimal discriminators and counting."""

import itertools

import pytest
import torch
from torch import Tensor
from vae_gan.cyclegan import (
    ReplayBuffer,
    cycle_loss,
    discriminator_objective,
    generator_objective,
    identity_loss,
)


def to_b(x: Tensor) -> Tensor:
    return 2 * x + 1


def to_a(y: Tensor) -> Tensor:
    return y**2 / 4


def test_toy_maps_by_their_polynomials(normal):
    """F(G(a)) - a = a^2 + 1/4 and G(F(b)) - b = (b - 1)^2 / 2 + 1/2, neither ever negative."""
    a, b = normal(2, 3, 4, 4), normal(5, 3, 4, 4)
    expected = (a**2 + 1 / 4).mean() + ((b - 1) ** 2 / 2 + 1 / 2).mean()
    torch.testing.assert_close(cycle_loss(to_b, to_a, a, b), expected)
    # b + 1 changes its sign at -1, a^2 / 4 - a at 0 and 4.
    expected = torch.where(b > -1, b + 1, -b - 1).mean()
    expected = expected + torch.where((a > 0) & (a < 4), a - a**2 / 4, a**2 / 4 - a).mean()
    torch.testing.assert_close(identity_loss(to_b, to_a, a, b), expected)


def test_inverse_maps_have_no_cycle_loss(normal):
    """A permutation of the pixels and its inverse: nothing is lost, and much is changed."""
    order = torch.randperm(16, generator=torch.Generator().manual_seed(1))

    def there(x: Tensor) -> Tensor:
        return x.flatten(2)[..., order].reshape(x.shape)

    def back(x: Tensor) -> Tensor:
        return x.flatten(2)[..., order.argsort()].reshape(x.shape)

    a, b = normal(2, 3, 4, 4), normal(3, 3, 4, 4)
    assert cycle_loss(there, back, a, b) == 0
    assert identity_loss(there, back, a, b) > 0.5
    assert identity_loss(lambda x: x, lambda x: x, a, b) == 0


def test_gradients_by_finite_differences(normal):
    a, b = normal(2, 1, 2, 2), normal(3, 1, 2, 2)

    def losses(w: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        maps = (lambda x: w * x + 0.3), (lambda y: v * y**2)
        return cycle_loss(*maps, a, b), identity_loss(*maps, a, b)

    w, v = (torch.tensor(s, dtype=torch.float64, requires_grad=True) for s in (1.7, 0.4))
    torch.autograd.gradcheck(losses, (w, v))


def test_best_discriminator_is_the_posterior_of_real():
    """On K kinds of images the least-squares optimum is D(k) = p(k) / (p(k) + q(k))."""
    p, q = torch.tensor([1, 4, 0, 3]), torch.tensor([3, 1, 2, 4])  # counts, 8 real and 10 fakes
    real, fake = (
        torch.repeat_interleave(torch.arange(4.0), n)[:, None, None, None] for n in (p, q)
    )
    p, q = p / p.sum(), q / q.sum()
    table = (p / (p + q)).double().requires_grad_()
    loss = discriminator_objective(lambda x: table[x.long()], real, fake)
    (slope,) = torch.autograd.grad(loss, table)
    torch.testing.assert_close(slope, torch.zeros(4).double(), atol=1e-7, rtol=0)
    # There the objective is half of sum_k p q / (p + q).
    torch.testing.assert_close(loss, (p * q / (p + q)).sum().double() / 2)


def test_generators_gain_by_the_slope_of_their_own_discriminator(normal):
    slope_a, slope_b = normal(3, 1, 1), normal(3, 1, 1)
    fake_a, fake_b = normal(2, 3, 4, 4).requires_grad_(), normal(5, 3, 4, 4).requires_grad_()
    loss = generator_objective(
        lambda x: x * slope_a,
        lambda x: x * slope_b,
        fake_a,
        fake_b,
        torch.zeros(()),
        torch.zeros(()),
    )
    found = torch.autograd.grad(loss, [fake_a, fake_b])
    for grad, fake, slope in zip(found, (fake_a, fake_b), (slope_a, slope_b), strict=True):
        torch.testing.assert_close(grad, 2 * (fake * slope - 1) * slope / fake.numel())


def test_weights_of_the_generators_objective():
    def value(*others: float, **weights: float) -> float:
        cycle, identity = torch.tensor(others).double()
        ones = torch.ones(1, 3, 2, 2).double()  # scores of 1: no adversarial loss
        return generator_objective(
            lambda x: x, lambda x: x, ones, ones, cycle, identity, **weights
        ).item()

    assert value(1.0, 0.0) == 10
    assert value(0.0, 1.0) == 5
    assert value(2.0, 3.0, cycle_weight=7.0, identity_weight=0.5) == 15.5


def push(buffer: ReplayBuffer, names: list[int], u: Tensor) -> list[int]:
    """Images are known by the value of their pixels."""
    images = torch.tensor(names).double()[:, None, None, None].expand(-1, 3, 2, 2)
    given = buffer.push_and_sample(images, u)
    assert given.shape == images.shape
    return given[:, 0, 0, 0].long().tolist()


@pytest.mark.parametrize("capacity", [1, 3, 7])
@pytest.mark.parametrize("batch", [1, 4, 10])
def test_no_image_is_lost_or_copied(capacity, batch):
    """What went in is what came out, and the first K came out at once and stay to be swapped."""
    u = torch.rand(4 * batch, 2, generator=torch.Generator().manual_seed(capacity)).double()
    buffer, given = ReplayBuffer(capacity), []
    for i in range(4):
        rows = slice(i * batch, (i + 1) * batch)
        given += push(buffer, list(range(rows.start, rows.stop)), u[rows])
    stored = [int(image[0, 0, 0]) for image in buffer.images]
    assert len(stored) == min(capacity, 4 * batch)
    assert sorted(given + stored) == sorted([*range(4 * batch), *range(len(stored))])
    for i in range(min(capacity, 4 * batch)):
        assert given[i] == i


def test_every_stored_image_is_chosen_equally_often():
    """Of all draws on a fine grid, half return the new image and 1/(2 K) each stored one."""
    grid = (torch.arange(12).double() + 0.5) / 12
    counts = dict.fromkeys(range(4), 0)
    for coin, place in itertools.product(grid.tolist(), grid.tolist()):
        buffer = ReplayBuffer(3)
        push(buffer, [0, 1, 2], torch.zeros(3, 2).double())
        (got,) = push(buffer, [3], torch.tensor([[coin, place]]).double())
        counts[got] += 1
    assert counts == {0: 24, 1: 24, 2: 24, 3: 72}


def test_batches_do_not_matter():
    """One image after the other or all at once: the same images come back."""
    u = torch.rand(20, 2, generator=torch.Generator().manual_seed(3)).double()
    one_by_one, at_once = ReplayBuffer(4), ReplayBuffer(4)
    singles = [push(one_by_one, [i], u[i : i + 1])[0] for i in range(20)]
    assert singles == push(at_once, list(range(20)), u)
    assert singles != list(range(20))


def test_largest_draw_stays_in_the_buffer():
    below_one = torch.nextafter(torch.ones(()), torch.zeros(()))
    for capacity in range(1, 60):
        buffer = ReplayBuffer(capacity)
        push(buffer, list(range(capacity)), torch.zeros(capacity, 2))
        assert push(buffer, [99], below_one.expand(1, 2)) == [capacity - 1]


def test_images_are_constants():
    made = torch.ones(3, 3, 2, 2, requires_grad=True)
    buffer = ReplayBuffer(2)
    given = buffer.push_and_sample(2 * made, torch.full((3, 2), 0.75))
    assert not given.requires_grad
    assert not any(image.requires_grad for image in buffer.images)
