"""Public checks of Q10: small cases that can be followed by hand."""

import pytest
import torch
from checks import close, tensor
from vae_gan import cyclegan


def images(*values: float) -> torch.Tensor:
    """One constant image of 2 x 2 pixels per value, with three channels."""
    return tensor(values)[:, None, None, None].expand(-1, 3, 2, 2)


def to_b(x: torch.Tensor) -> torch.Tensor:
    return 2 * x + 1


def to_a(y: torch.Tensor) -> torch.Tensor:
    return y**2 / 4


@pytest.mark.part("a")
def test_cycle_by_hand() -> None:
    close(
        cyclegan.cycle_loss(to_b, to_a, images(1.0, -1.0), images(2.0)),
        (1.25 + 1.25) / 2 + 1.0,
        "cycle_loss with G(x) = 2x + 1, F(y) = y^2 / 4, a = 1, -1 and b = 2: F(G(1)) = 9/4, "
        "F(G(-1)) = 1/4, G(F(2)) = 3",
    )


@pytest.mark.part("a")
def test_cycle_teaches_both_generators_in_both_directions() -> None:
    w, v = tensor(2.0).requires_grad_(), tensor(1.0).requires_grad_()
    loss = cyclegan.cycle_loss(lambda x: w * x, lambda y: v * y, images(1.0), images(3.0, 5.0))
    close(
        loss, 1.0 + 4.0, "cycle_loss with G(x) = 2x, F(y) = y, a = 1, b = 3, 5: |2a - a|, |2b - b|"
    )
    loss.backward()
    close(
        w.grad,
        1.0 + 4.0,
        "cycle_loss: derivative for the factor 2 of G: 1 from a -> a, 4 from b -> b",
    )
    close(
        v.grad,
        2.0 + 8.0,
        "cycle_loss: derivative for the factor 1 of F: 2 from a -> a, 8 from b -> b",
    )


@pytest.mark.part("a")
def test_identity_by_hand() -> None:
    close(
        cyclegan.identity_loss(to_b, to_a, images(1.0, -1.0), images(2.0)),
        3.0 + (0.75 + 1.25) / 2,
        "identity_loss with G(x) = 2x + 1, F(y) = y^2 / 4, a = 1, -1 and b = 2: G makes images of "
        "B, so it gets b: G(2) = 5; F(1) = F(-1) = 1/4",
    )


def critic_a(x: torch.Tensor) -> torch.Tensor:
    return x[:, :1]


def critic_b(x: torch.Tensor) -> torch.Tensor:
    return 2 * x[:, :1]


@pytest.mark.part("b")
def test_generators_by_hand() -> None:
    fake_a, fake_b = images(3.0).clone().requires_grad_(), images(0.0, 1.0).clone().requires_grad_()
    loss = cyclegan.generator_objective(
        critic_a, critic_b, fake_a, fake_b, tensor(0.2), tensor(0.3)
    )
    close(
        loss,
        (1.0 + 1.0) / 2 + 4.0 + 10 * 0.2 + 5 * 0.3,
        "generator_objective with D_A(x) = x, D_B(x) = 2x, fake_a = 3, fake_b = 0 and 1, "
        "cycle = 0.2, identity = 0.3: scores 0 and 2 of fake_b, 3 of fake_a, each against 1",
    )
    if loss.requires_grad:
        loss.backward()
    assert fake_a.grad is not None and fake_b.grad is not None, (
        "generator_objective must reach both generated batches: do not detach them here"
    )


@pytest.mark.part("b")
def test_discriminator_by_hand() -> None:
    weight = tensor(2.0).requires_grad_()
    fake = images(1.5).clone().requires_grad_()
    loss = cyclegan.discriminator_objective(lambda x: weight * x[:, :1], images(1.0, 0.0), fake)
    close(
        loss,
        0.5 * ((1.0 + 1.0) / 2 + 9.0),
        "discriminator_objective with D(x) = 2x, real images 1 and 0, a generated image 1.5: "
        "scores 2 and 0 against 1, score 3 against 0",
    )
    loss.backward()
    close(
        weight.grad,
        0.5 * (2 * 1 * 1 / 2 + 2 * 3 * 1.5),
        "discriminator_objective: derivative for the factor 2 of D",
    )
    assert fake.grad is None, "discriminator_objective must not reach the generated images"


def offer(buffer: object, rows: dict[float, list[float]]) -> list[float]:
    """Offer one image per key with its row of u; the values of the images that come back."""
    given = buffer.push_and_sample(images(*rows), tensor(list(rows.values())))
    assert isinstance(given, torch.Tensor), (
        f"push_and_sample must return a tensor, got {type(given).__name__}"
    )
    assert given.shape == (len(rows), 3, 2, 2), (
        f"push_and_sample: {len(rows)} images in, {len(rows)} out: shape {(len(rows), 3, 2, 2)}, "
        f"not {tuple(given.shape)}"
    )
    return given[:, 0, 0, 0].tolist()


@pytest.mark.part("c")
def test_buffer_by_hand() -> None:
    buffer = cyclegan.ReplayBuffer(2)
    got = offer(buffer, {1.0: [0.9, 0.9], 2.0: [0.1, 0.1], 3.0: [0.1, 0.9], 4.0: [0.9, 0.1]})
    assert got == [1.0, 2.0, 3.0, 1.0], (
        "images 1, 2, 3, 4 into a buffer of two: 1 and 2 fill it, 3 goes through (0.1 < 1/2), 4 "
        f"changes places with stored image number 0, which is 1; got {got}"
    )
    got = offer(buffer, {5.0: [0.7, 0.2], 6.0: [0.7, 0.2], 7.0: [0.7, 0.8]})
    assert got == [4.0, 5.0, 2.0], (
        "then 5, 6, 7, all exchanged, at the places 0, 0, 1 of the stored images 4, 2: 5 gets 4, 6 "
        f"gets 5 (stored a moment ago), 7 gets 2; got {got}"
    )


@pytest.mark.part("c")
def test_buffer_keeps_no_graph() -> None:
    buffer = cyclegan.ReplayBuffer(1)
    made = images(1.0, 2.0).clone().requires_grad_()
    given = buffer.push_and_sample(2 * made, tensor([[0.2, 0.5], [0.8, 0.5]]))
    assert not given.requires_grad, "images that come back must not carry the generator's graph"
