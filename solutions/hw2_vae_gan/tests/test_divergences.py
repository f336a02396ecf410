"""Public checks of Q8: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, has_shape, tensor
from vae_gan import divergences

LOG2 = math.log(2)


@pytest.mark.part("a")
@pytest.mark.parametrize("name", divergences.NAMES)
def test_f_is_convex_and_zero_at_one(name: str) -> None:
    u = torch.linspace(0.1, 4, 40, dtype=torch.float64)
    f = divergences.generator_f(u, name)
    has_shape(f, u.shape, f"generator_f(u, {name!r}) has the shape of u")
    middle, chord = divergences.generator_f((u[1:] + u[:-1]) / 2, name), (f[1:] + f[:-1]) / 2
    assert bool((middle <= chord + 1e-9).all()), f"generator_f(u, {name!r}) is not convex in u"
    close(divergences.generator_f(tensor([1.0]), name), [0.0], f"generator_f(1, {name!r})")


@pytest.mark.part("a")
def test_divergences_by_hand() -> None:
    p, q = tensor([[0.0, 1.0], [0.5, 0.5]]), tensor([[0.5, 0.5], [0.2, 0.8]])
    for name, expected in (
        ("kl", [LOG2, 0.5 * math.log(2.5) + 0.5 * math.log(0.625)]),
        ("reverse_kl", [math.inf, 0.2 * math.log(0.4) + 0.8 * math.log(1.6)]),
        ("pearson", [1.0, 0.09 / 0.2 + 0.09 / 0.8]),
        ("total_variation", [0.5, 0.3]),
    ):
        close(
            divergences.f_divergence(p, q, name),
            expected,
            f"f_divergence of (0, 1) from (1/2, 1/2) and of (1/2, 1/2) from (0.2, 0.8), {name!r}",
        )


@pytest.mark.part("a")
def test_bounded_divergences_of_distributions_that_hardly_overlap() -> None:
    p, q = tensor([[1 - 1e-9, 1e-9]]), tensor([[1e-9, 1 - 1e-9]])
    for name, largest in (("js", LOG2), ("hellinger", 2.0), ("total_variation", 1.0)):
        got = divergences.f_divergence(p, q, name)
        has_shape(got, (1,), f"f_divergence of p (1, 2), q (1, 2), {name!r}: one entry per row")
        assert math.isclose(got.item(), largest, abs_tol=1e-3), (
            f"f_divergence, {name!r}, of two distributions that hardly overlap must be near "
            f"{largest}, the largest value that it takes with the scaling of the module's table; "
            f"got {got.item()}"
        )


@pytest.mark.part("b")
def test_conjugate_by_hand() -> None:
    for name, t, expected in (
        ("kl", 1.0, 1.0),
        ("reverse_kl", -1.0, -1.0),
        ("js", 0.0, 0.0),
        ("pearson", 2.0, 3.0),
        ("hellinger", 0.5, 1.0),
        ("total_variation", 0.25, 0.25),
    ):
        close(
            divergences.conjugate_f(tensor([t]), name),
            [expected],
            f"conjugate_f({t}, {name!r}): draw ut - f(u) over u >= 0 and read off its maximum",
        )


@pytest.mark.part("b")
def test_conjugate_beyond_the_ends() -> None:
    for name, t, expected in (
        ("pearson", -10.0, -1.0),
        ("total_variation", -10.0, -0.5),
        ("total_variation", 0.6, math.inf),
        ("hellinger", 2.0, math.inf),
        ("js", 1.0, math.inf),
    ):
        close(
            divergences.conjugate_f(tensor([t]), name),
            [expected],
            f"conjugate_f({t}, {name!r}): what does ut - f(u) do as u goes to 0, or to infinity?",
        )


@pytest.mark.part("b")
@pytest.mark.parametrize("name", divergences.NAMES)
def test_critic_is_the_slope_of_a_tangent(name: str) -> None:
    critic = divergences.optimal_critic(tensor([0.25, 1.0, 4.0]), name)
    has_shape(critic, (3,), f"optimal_critic of ratios (3,), {name!r}")
    assert critic[0] < critic[1] < critic[2], (
        f"optimal_critic({name!r}) must grow with the ratio p/q, because f is convex; got "
        f"{critic.tolist()} for ratios 1/4, 1, 4"
    )
    at_one = {"kl": 1.0, "reverse_kl": -1.0}.get(name, 0.0)
    close(critic[1:2], [at_one], f"optimal_critic(1, {name!r}), the slope of f at 1")


@pytest.mark.part("b")
def test_bound_by_hand() -> None:
    critic_p, critic_q = tensor([1.0, 2.0]), tensor([1.0, 1.0 + math.log(2), 1.0 + math.log(6)])
    close(
        divergences.variational_bound(critic_p, critic_q, "kl"),
        1.5 - (1 + 2 + 6) / 3,
        "variational_bound for kl, f*(t) = exp(t - 1), with two values on p and three on q",
    )


@pytest.mark.part("c")
def test_mmd_by_hand() -> None:
    x, y = tensor([[0.0], [2.0]]), tensor([[0.0], [1.0], [1.0]])
    k1, k2 = math.exp(-1 / 18), math.exp(-4 / 18)
    close(
        divergences.mmd2_unbiased(x, y, 3.0),
        k2 + (2 * k1 + 1) / 3 - 2 * (1 + k2 + 4 * k1) / 6,
        "mmd2_unbiased of {0, 2} and {0, 1, 1}, bandwidth 3: one pair within x, three within y (of "
        "which one is of equal points), six between them",
    )


@pytest.mark.part("c")
def test_mmd_can_be_negative() -> None:
    x = tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    assert divergences.mmd2_unbiased(x, x, 1.0).item() < -0.5, (
        "mmd2_unbiased of a sample with itself is negative: within it, no point is compared with "
        "itself; between the two, each is once"
    )


@pytest.mark.part("d")
def test_classifier_by_hand() -> None:
    logits, labels = tensor([3.0, 0.2, -1.0, 0.0, 2.0]), torch.tensor([1, 1, 1, 0, 0])
    close(
        divergences.c2st_accuracy(logits, labels),
        3 / 5,
        "c2st_accuracy: logits 3 and 0.2 are right for label 1, logit 0 is right for label 0",
    )
    close(
        divergences.c2st_p_value(tensor([0.5, 0.6]), 100),
        [0.5, 0.0227501],
        "c2st_p_value of accuracies 0.5 and 0.6 with 100 examples: no and two standard deviations",
    )


@pytest.mark.part("e")
def test_frechet_by_hand() -> None:
    mean1, mean2 = tensor([0.0, 0.0]), tensor([3.0, 4.0])
    cov1, cov2 = tensor([[4.0, 0.0], [0.0, 1.0]]), tensor([[9.0, 0.0], [0.0, 1.0]])
    close(
        divergences.frechet_distance(mean1, cov1, mean2, cov2),
        25.0 + (3 - 2) ** 2,
        "frechet_distance for means 5 apart and standard deviations (2, 1) and (3, 1)",
    )
    close(
        divergences.frechet_distance(
            mean1, tensor([[1.0, 1.0], [1.0, 1.0]]), mean1, tensor([[1.0, 0.0], [0.0, 0.0]])
        ),
        2 + 1 - 2 * 1.0,
        "frechet_distance of two singular covariances (1 1; 1 1) and (1 0; 0 0): their product has "
        "the eigenvalues 1 and 0",
    )


@pytest.mark.part("f")
def test_precision_and_recall_by_hand() -> None:
    real, fake = tensor([[0.0], [1.0], [5.0]]), tensor([[-1.0], [7.0], [10.0], [20.0]])
    got = divergences.precision_recall(real, fake, 1)
    assert len(got) == 2, "precision_recall must return precision and recall"
    close(
        got[0],
        2 / 4,
        "precision_recall: precision, k = 1: the real points 0, 1, 5 have radii 1, 1, 4; they "
        "reach -1 (just) and 7",
    )
    close(
        got[1],
        3 / 3,
        "precision_recall: recall, k = 1: the generated points -1, 7, 10, 20 have radii 8, 3, 3, "
        "10; all real points are reached",
    )


@pytest.mark.part("f")
def test_a_collapsed_generator_is_precise_and_recalls_little() -> None:
    grid = torch.arange(5, dtype=torch.float64)
    real = torch.cartesian_prod(grid, grid)
    fake = 2 + 0.01 * torch.cartesian_prod(grid[:2], grid[:2])
    precision, recall = divergences.precision_recall(real, fake, 3)
    close(
        precision,
        1.0,
        "precision_recall: precision of a generator that makes only points near one real point",
    )
    close(recall, 1 / 25, "precision_recall: recall of that generator among 25 real points")
