"""Q8 against torch.distributions, numerical suprema, integration and loops."""

import itertools
import math

import pytest
import torch
from torch.distributions import Binomial, Categorical, Normal, kl_divergence
from vae_gan.divergences import (
    NAMES,
    c2st_accuracy,
    c2st_p_value,
    conjugate_f,
    f_divergence,
    frechet_distance,
    generator_f,
    mmd2_unbiased,
    optimal_critic,
    precision_recall,
    variational_bound,
)

INSIDE = {
    "kl": (-3, 3),
    "reverse_kl": (-4, -0.3),
    "js": (-3, 0.3),
    "pearson": (-5, 4),
    "hellinger": (-4, 0.7),
    "total_variation": (-2, 0.5),
}
OUTSIDE = {"reverse_kl": 0.0, "js": 0.4, "hellinger": 1.0, "total_variation": 0.6}


@pytest.fixture
def p_and_q(normal):
    return normal(6, 4).softmax(dim=1), normal(6, 4).softmax(dim=1)


def grid(low: float, high: float, count: int) -> torch.Tensor:
    return torch.linspace(low, high, count, dtype=torch.float64)


def test_divergences_by_their_names(p_and_q):
    p, q = p_and_q
    middle = (p + q) / 2

    def kl(a, b):
        return kl_divergence(Categorical(a), Categorical(b))

    for name, expected in {
        "kl": kl(p, q),
        "reverse_kl": kl(q, p),
        "js": 0.5 * kl(p, middle) + 0.5 * kl(q, middle),
        "pearson": ((p - q) ** 2 / q).sum(dim=1),
        "hellinger": 2 - 2 * (p * q).sqrt().sum(dim=1),
        "total_variation": (p - torch.minimum(p, q)).sum(dim=1),
    }.items():
        torch.testing.assert_close(f_divergence(p, q, name), expected)
        torch.testing.assert_close(f_divergence(p, p, name), torch.zeros(6).double())


@pytest.mark.parametrize("name", NAMES)
def test_f_at_zero_is_its_limit(name):
    zero = torch.zeros(1, dtype=torch.float64)
    if name == "reverse_kl":
        assert generator_f(zero, name).item() == math.inf
    else:
        torch.testing.assert_close(
            generator_f(zero, name), generator_f(zero + 1e-14, name), atol=1e-6, rtol=0
        )


@pytest.mark.parametrize("name", NAMES)
def test_conjugate_is_the_supremum(name):
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    u = torch.cat([ends, grid(math.log(1e-4), math.log(60), 20001).exp()])
    t = grid(*INSIDE[name], 31)
    supremum = (u * t[:, None] - generator_f(u, name)).amax(dim=1)
    torch.testing.assert_close(conjugate_f(t, name), supremum, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", OUTSIDE)
def test_conjugate_is_infinite_outside_its_domain(name):
    t = torch.tensor([OUTSIDE[name], 5.0, 900.0], dtype=torch.float64)
    assert conjugate_f(t, name).tolist() == [math.inf] * 3
    u = grid(3, 15, 5).exp()
    rising = OUTSIDE[name] * u - generator_f(u, name)
    assert bool((rising.diff() > 1).all())


@pytest.mark.parametrize("name", NAMES)
def test_critic_is_the_derivative(name):
    u = torch.tensor([0.01, 0.3, 0.9, 1.2, 7.0], dtype=torch.float64).requires_grad_()
    (slope,) = torch.autograd.grad(generator_f(u, name).sum(), u)
    torch.testing.assert_close(optimal_critic(u.detach(), name), slope)


@pytest.mark.parametrize("name", NAMES)
def test_bound_is_tight_at_the_best_critic_and_nowhere_broken(name, normal):
    """Samples that hold each outcome in proportion turn averages into expectations."""
    real, fake = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1, 1, 1, 2, 2, 2, 2, 2, 2])
    p = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)
    q = torch.tensor([0.1, 0.3, 0.6], dtype=torch.float64)
    truth = f_divergence(p[None], q[None], name)[0]
    best = optimal_critic(p / q, name)
    torch.testing.assert_close(variational_bound(best[real], best[fake], name), truth)
    for _ in range(100):
        critic = best + 0.5 * normal(3)
        assert variational_bound(critic[real], critic[fake], name) <= truth + 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_bound_has_finite_gradients_inside_the_domain(name):
    low, high = INSIDE[name]
    critic = grid(low + 0.01, high - 0.01, 9).requires_grad_()
    (slope,) = torch.autograd.grad(variational_bound(critic[:4], critic[4:], name), critic)
    assert bool(torch.isfinite(slope).all())


@pytest.mark.parametrize("function", [generator_f, conjugate_f, optimal_critic])
def test_unknown_names_are_rejected(function):
    with pytest.raises(ValueError, match="wasserstein"):
        function(torch.ones(1), "wasserstein")


def test_mmd_by_double_loops(normal):
    x, y = normal(5, 2), normal(3, 2) + 0.5

    def k(a, b):
        return math.exp(-sum((s - t) ** 2 for s, t in zip(a, b, strict=True)) / (2 * 0.7**2))

    xs, ys = x.tolist(), y.tolist()
    within_x = sum(k(a, b) for a, b in itertools.permutations(xs, 2)) / 20
    within_y = sum(k(a, b) for a, b in itertools.permutations(ys, 2)) / 6
    between = sum(k(a, b) for a, b in itertools.product(xs, ys)) / 15
    assert mmd2_unbiased(x, y, 0.7).item() == pytest.approx(within_x + within_y - 2 * between)


def test_mmd_is_unbiased():
    """The average over all pairs of samples of size two and three equals the exact MMD^2."""
    points = torch.tensor([[0.0], [1.0], [2.5]], dtype=torch.float64)
    kernel = torch.exp(-0.5 * (points - points.T) ** 2)
    p, q = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]], dtype=torch.float64)
    exact = (p - q) @ kernel @ (p - q)
    mean = torch.zeros(()).double()
    for i in itertools.product(range(3), repeat=2):
        for j in itertools.product(range(3), repeat=3):
            chance = p[list(i)].prod() * q[list(j)].prod()
            mean += chance * mmd2_unbiased(points[list(i)], points[list(j)], 1.0)
    torch.testing.assert_close(mean, exact)


def test_accuracy_of_a_classifier_by_loops(normal, generator):
    logits, labels = normal(40), torch.randint(0, 2, (40,), generator=generator)
    right = [(a > 0) == (b == 1) for a, b in zip(logits.tolist(), labels.tolist(), strict=True)]
    assert c2st_accuracy(logits, labels).item() == pytest.approx(sum(right) / 40)


def test_p_value_against_the_normal_and_the_binomial():
    accuracy = grid(0.3, 0.8, 11)
    expected = 1 - Normal(0.0, 1.0).cdf((accuracy - 0.5) / math.sqrt(0.25 / 50))
    torch.testing.assert_close(c2st_p_value(accuracy, 50), expected)
    hits = torch.arange(5200, 10001, dtype=torch.float64)
    tail = Binomial(10000, torch.tensor(0.5).double()).log_prob(hits).exp().sum()
    approximate = c2st_p_value(torch.tensor(0.52 - 0.00005).double(), 10000)
    torch.testing.assert_close(approximate, tail, rtol=1e-2, atol=0)


def test_frechet_of_commuting_covariances(normal):
    std1, std2, mean1, mean2 = normal(4).exp(), normal(4).exp(), normal(4), normal(4)
    rotation = torch.linalg.qr(normal(4, 4)).Q
    cov1 = rotation @ torch.diag(std1**2) @ rotation.T
    cov2 = rotation @ torch.diag(std2**2) @ rotation.T
    expected = (mean1 - mean2).square().sum() + (std1 - std2).square().sum()
    torch.testing.assert_close(frechet_distance(mean1, cov1, mean2, cov2), expected)


def test_frechet_of_two_by_two_covariances(normal):
    """tr (AB)^{1/2} = sqrt(tr AB + 2 sqrt(det AB)) for 2 x 2 matrices, commuting or not."""
    zero = torch.zeros(2).double()
    for _ in range(5):
        a, b = (m @ m.T for m in (normal(2, 2), normal(2, 2)))
        root = ((a @ b).trace() + 2 * (a.det() * b.det()).sqrt()).sqrt()
        expected = a.trace() + b.trace() - 2 * root
        torch.testing.assert_close(frechet_distance(zero, a, zero, b), expected)


def test_frechet_is_the_cost_of_the_optimal_linear_map(normal):
    """x -> A x with A symmetric and positive is an optimal map, of cost E|x - A x|^2."""
    zero = torch.zeros(4).double()
    cov1, a = (m @ m.T for m in (normal(4, 4), normal(4, 4)))
    cost = ((torch.eye(4).double() - a) @ cov1 @ (torch.eye(4).double() - a)).trace()
    torch.testing.assert_close(frechet_distance(zero, cov1, zero, a @ cov1 @ a), cost)


def test_frechet_of_singular_covariances(normal):
    """Rank one: tr (vv' ww')^{1/2} = |v.w|."""
    v, w, zero = normal(5), normal(5), torch.zeros(5).double()
    expected = v @ v + w @ w - 2 * (v @ w).abs()
    got = frechet_distance(zero, v.outer(v), zero, w.outer(w))
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(frechet_distance(zero, v.outer(v), zero, 0 * v.outer(v)), v @ v)


def test_precision_and_recall_by_loops(normal):
    def share(points, sample, k):
        hits = 0
        for point in points:
            for i, centre in enumerate(sample):
                others = [math.dist(centre, s) for j, s in enumerate(sample) if j != i]
                if math.dist(point, centre) <= sorted(others)[k - 1]:
                    hits += 1
                    break
        return hits / len(points)

    for k in (1, 2, 4):
        real, fake = normal(15, 3), 0.7 * normal(11, 3) + 0.5
        precision, recall = precision_recall(real, fake, k)
        assert precision.item() == pytest.approx(share(fake.tolist(), real.tolist(), k))
        assert recall.item() == pytest.approx(share(real.tolist(), fake.tolist(), k))


def test_precision_and_recall_of_known_generators(normal):
    real = normal(40, 2)
    assert [value.item() for value in precision_recall(real, real, 1)] == [1, 1]
    assert [value.item() for value in precision_recall(real, real + 100, 3)] == [0, 0]
    collapsed = real[:1] + 1e-6 * normal(10, 2)
    precision, recall = precision_recall(real, collapsed, 3)
    assert precision == 1
    assert recall <= 1 / 40
