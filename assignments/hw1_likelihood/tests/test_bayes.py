"""Public checks of Q2: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, has_shape
from likelihood import bayes


def small_model() -> bayes.NaiveBayes:
    """Two classes and two pixels, with round probabilities."""
    model = bayes.NaiveBayes(2, 2)
    model.prior = torch.tensor([0.25, 0.75], dtype=torch.float64)
    model.theta = torch.tensor([[0.5, 0.8], [0.1, 0.4]], dtype=torch.float64)
    return model


@pytest.mark.part("a")
def test_fit_counts_examples_and_pseudo_examples() -> None:
    x = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    model = bayes.NaiveBayes(num_classes=3, num_dims=3, alpha=1.0)
    model.fit(x, torch.tensor([0, 0, 2]))
    close(
        model.prior,
        [3 / 6, 1 / 6, 2 / 6],
        "fit on 3 examples of classes 0, 0, 2 of 3, alpha = 1: prior[k] = (N_k + 1) / (3 + 3)",
    )
    close(
        model.theta,
        [[3 / 4, 2 / 4, 2 / 4], [1 / 2, 1 / 2, 1 / 2], [1 / 3, 1 / 3, 1 / 3]],
        "fit, alpha = 1: theta[k, d] = (N_kd + 1) / (N_k + 2), and 1/2 for class 1, which has no "
        "examples",
    )


@pytest.mark.part("a")
def test_fit_without_smoothing_is_relative_frequency() -> None:
    torch.manual_seed(0)
    x = (torch.rand(40, 3) < 0.4).double()
    y = torch.arange(40) % 4
    model = bayes.NaiveBayes(num_classes=4, num_dims=3, alpha=0.0)
    model.fit(x, y)
    message = "fit with alpha = 0 must give the mean image of each class"
    close(model.theta, torch.stack([x[y == k].mean(0) for k in range(4)]).tolist(), message)
    assert model.theta.dtype == torch.float64, "theta must have the dtype of x (here float64)"


@pytest.mark.part("b")
def test_joint_by_hand() -> None:
    x = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    close(
        small_model().log_joint(x),
        [[math.log(0.25 * 0.5 * 0.2), math.log(0.75 * 0.1 * 0.6)]],
        "log_joint of x = (1, 0): log prior[k] + log theta[k, 0] + log(1 - theta[k, 1])",
    )


@pytest.mark.part("b")
def test_joint_sums_to_one() -> None:
    every = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 5)
    torch.manual_seed(0)
    model = bayes.NaiveBayes(3, 5)
    model.prior = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    model.theta = torch.rand(3, 5, dtype=torch.float64)
    log_joint = model.log_joint(every)
    has_shape(log_joint, (32, 3), "log_joint of 32 examples under 3 classes")
    total = log_joint.exp().sum().item()
    assert math.isclose(total, 1.0, rel_tol=1e-6), (
        "log_joint: p(x, y) summed over all 32 images of 5 pixels and 3 classes must be 1; got "
        f"{total:.4f}. Is p(y) in it, and do the pixels that are off count?"
    )


@pytest.mark.part("b")
def test_joint_of_a_certain_pixel() -> None:
    model = small_model()
    model.theta = torch.tensor([[0.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    log_joint = model.log_joint(torch.tensor([[0.0, 0.0]], dtype=torch.float64))
    has_shape(log_joint, (1, 2), "log_joint of one example under 2 classes")
    assert math.isclose(log_joint[0, 0].item(), math.log(0.25 * 0.5), rel_tol=1e-6), (
        "log_joint: a pixel with theta = 0 that is off adds log 1 = 0 (remember 0 log 0 = 0); got "
        f"{log_joint[0, 0].item()}"
    )
    assert log_joint[0, 1].item() == -math.inf, (
        "log_joint: a pixel with theta = 1 that is off is impossible: the log-joint must be -inf, "
        f"unclipped; got {log_joint[0, 1].item()}"
    )


@pytest.mark.part("c")
def test_posterior_by_hand() -> None:
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    observed = torch.tensor([[True, True], [True, False], [False, False]])
    close(
        small_model().posterior(x, observed),
        [[0.025 / 0.07, 0.045 / 0.07], [0.125 / 0.2, 0.075 / 0.2], [0.25, 0.75]],
        "posterior of x = (1, 0) with both pixels observed, with the first one observed, and with "
        "none (the prior)",
    )


@pytest.mark.part("c")
def test_posterior_sums_the_missing_pixels_out() -> None:
    torch.manual_seed(1)
    model = bayes.NaiveBayes(3, 4)
    model.prior = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    model.theta = torch.rand(3, 4, dtype=torch.float64)
    x = torch.tensor([[1.0, math.nan, 0.0, math.nan]], dtype=torch.float64)
    observed = torch.tensor([[True, False, True, False]])
    joint = torch.zeros(3, dtype=torch.float64)
    for a in (0.0, 1.0):
        for b in (0.0, 1.0):
            image = torch.tensor([1.0, a, 0.0, b], dtype=torch.float64)
            pixels = torch.where(image == 1, model.theta, 1 - model.theta)
            joint += model.prior * pixels.prod(dim=1)
    posterior = model.posterior(x, observed)
    has_shape(posterior, (1, 3), "posterior of one example under 3 classes")
    assert not torch.isnan(posterior).any(), (
        "posterior contains NaN: x holds NaN where pixels are missing, and 0 * NaN is NaN. Select, "
        "do not multiply."
    )
    message = "posterior with two of four pixels missing must equal the sum over their four fills"
    close(posterior, [(joint / joint.sum()).tolist()], message)


@pytest.mark.part("c")
def test_posterior_of_a_large_image() -> None:
    model = bayes.NaiveBayes(2, 4000)
    model.theta = torch.full((2, 4000), 0.3, dtype=torch.float64)
    model.prior = torch.tensor([0.4, 0.6], dtype=torch.float64)
    x = torch.ones(1, 4000, dtype=torch.float64)
    posterior = model.posterior(x, torch.ones(1, 4000, dtype=torch.bool))
    close(
        posterior,
        [[0.4, 0.6]],
        "posterior of 4000 pixels that tell nothing must be the prior (NaN: exp(log p) underflows)",
    )


@pytest.mark.part("d")
def test_sample_by_hand() -> None:
    u = torch.tensor([[0.45, 0.85], [0.45, 0.35], [0.05, 0.45]], dtype=torch.float64)
    x = small_model().sample_class(torch.tensor([0, 1, 1]), u)
    close(
        x,
        [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]],
        "sample_class of classes 0, 1, 1: a pixel is on where u < theta of its class",
    )
    assert x.dtype == u.dtype, f"samples must have the dtype of u, {u.dtype}; got {x.dtype}"


@pytest.mark.part("d")
def test_impute_by_hand() -> None:
    model = small_model()
    model.posterior = lambda x, observed: torch.tensor([[0.5, 0.5]] * len(x), dtype=torch.float64)
    model.theta = torch.tensor([[0.4, 0.8], [0.4, 0.2]], dtype=torch.float64)
    model.prior = torch.tensor([0.5, 0.5], dtype=torch.float64)
    x = torch.tensor([[1.0, math.nan]], dtype=torch.float64)
    close(
        model.impute(x, torch.tensor([[True, False]])),
        [[1.0, 0.5]],
        "impute where both classes have posterior 1/2: the observed pixel stays 1, the missing one "
        "becomes (0.8 + 0.2) / 2",
    )
    assert torch.isnan(x[0, 1]), "impute must return a new tensor, but it changed x itself"


@pytest.mark.part("d")
def test_impute_listens_to_the_observed_pixels() -> None:
    model = small_model()
    model.prior = torch.tensor([0.5, 0.5], dtype=torch.float64)
    model.theta = torch.tensor([[0.9, 0.9], [0.1, 0.1]], dtype=torch.float64)
    x = torch.tensor([[1.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    observed = torch.tensor([[True, False], [True, False]])
    close(
        model.impute(x, observed),
        [[1.0, 0.82], [0.0, 0.18]],
        "impute of the second pixel of two alike ones: p(class | first pixel) is 0.9 and 0.1, so "
        "the mean is 0.9 * 0.9 + 0.1 * 0.1 when the first is on (this uses posterior, part c)",
    )


@pytest.mark.part("e")
def test_logistic_of_one_dimension() -> None:
    prior = torch.tensor([0.2, 0.8], dtype=torch.float64)
    means = torch.tensor([[0.0], [3.0]], dtype=torch.float64)
    covariance = torch.tensor([[4.0]], dtype=torch.float64)
    weight, bias = bayes.gaussian_to_logistic(prior, means, covariance)
    close(
        weight,
        [[0.0], [0.75]],
        "gaussian_to_logistic: weight for means 0 and 3 and variance 4; class 0 is zero",
    )
    close(
        bias,
        [0.0, math.log(4) - 9 / 8],
        "gaussian_to_logistic: bias for means 0, 3, variance 4, prior 0.2, 0.8",
    )


@pytest.mark.part("e")
def test_logistic_gives_the_posterior() -> None:
    torch.manual_seed(2)
    prior = torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64)
    means = torch.randn(3, 2, dtype=torch.float64)
    covariance = torch.tensor([[1.0, 0.7], [0.7, 2.0]], dtype=torch.float64)
    x = torch.randn(6, 2, dtype=torch.float64)
    classes = torch.distributions.MultivariateNormal(means, covariance)
    expected = (classes.log_prob(x[:, None]) + prior.log()).softmax(dim=1)
    weight, bias = bayes.gaussian_to_logistic(prior, means, covariance)
    message = "gaussian_to_logistic: softmax(weight @ x + bias) must be p(y | x) of the Gaussians"
    close((x @ weight.T + bias).softmax(dim=1), expected.tolist(), message)
    close(
        weight[0],
        [0.0, 0.0],
        "gaussian_to_logistic: weight[0] must be zero: class 0 is the reference",
    )


@pytest.mark.part("f")
def test_counts_by_hand() -> None:
    count = bayes.count_parameters
    assert count(3, 2) == 1 + 2 * 3, (
        "count_parameters: naive Bayes of 3 binary pixels and 2 classes: 1 for p(y), 3 per class; "
        f"got {count(3, 2)}"
    )
    assert count(3, 2, order=1) == 1 + 2 * (1 + 2 + 2), (
        "count_parameters: a chain of 3 binary pixels: per class 1 for the first pixel, which has "
        f"none before it, and 2 for each other; got {count(3, 2, order=1)}"
    )


@pytest.mark.part("f")
def test_full_table_has_one_less_than_its_entries() -> None:
    got = bayes.count_parameters(4, 3, order=3, num_levels=3)
    assert got == 3 * 3**4 - 1, (
        "count_parameters: without any independence assumption p(x, y) is one table over 3 classes "
        f"and 3**4 images, with one parameter less than entries; got {got}"
    )
