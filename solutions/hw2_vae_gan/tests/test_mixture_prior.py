"""Public checks of Q4: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, has_shape, several, tensor
from vae_gan import mixture_prior

LOG_TWO_PI = math.log(2 * math.pi)


@pytest.mark.part("a")
def test_prior_of_one_component_is_a_gaussian():
    z = tensor([[1.0, -1.0], [3.0, 5.0]])
    got = mixture_prior.gmm_log_prior(
        z, tensor([7.0]), tensor([[1.0, 2.0]]), tensor([[0.0, math.log(9.0)]])
    )
    constant = -LOG_TWO_PI - 0.5 * math.log(9.0)
    close(
        got,
        [constant - 0.5, constant - 0.5 * (4 + 1)],
        "gmm_log_prior of two points under one component with mean (1, 2) and variances 1 and 9 "
        "(the weight of a single component is 1, whatever its logit)",
    )


@pytest.mark.part("a")
def test_prior_integrates_to_one():
    line = torch.linspace(-12, 12, 4801, dtype=torch.float64)
    log_p = mixture_prior.gmm_log_prior(
        line[:, None], tensor([0.3, 2.0]), tensor([[-2.0], [1.5]]), tensor([[1.0], [-1.0]])
    )
    has_shape(log_p, (4801,), "gmm_log_prior of z (4801, 1)")
    total = torch.trapezoid(log_p.exp(), line).item()
    assert math.isclose(total, 1.0, rel_tol=1e-4), (
        f"the density of a mixture of two components in one dimension integrates to {total:.4f}, "
        "not to 1: look at the weights (softmax of the logits) and at the constant of the normal "
        "density"
    )


@pytest.mark.part("a")
def test_prior_far_out_is_finite():
    z = torch.full((2, 3, 4), 300.0, dtype=torch.float64)
    log_p = mixture_prior.gmm_log_prior(
        z, tensor([0.0, 1e4]), torch.zeros(2, 4).double(), torch.zeros(2, 4).double()
    )
    has_shape(log_p, (2, 3), "gmm_log_prior of z (2, 3, 4)")
    assert torch.isfinite(log_p).all(), (
        f"300 standard deviations from all components log p(z) is {log_p[0, 0].item()}: densities "
        "underflow there, log-densities do not"
    )


def quadratic_prior(z: torch.Tensor) -> torch.Tensor:
    return -z.square().sum(dim=-1)


@pytest.mark.part("b")
def test_gmvae_by_hand():
    """One pixel with probability 1/2, z = 1 + 2 * (1/2) = 2 and z = 1 + 2 * 0 = 1."""
    terms = mixture_prior.gmvae_negative_elbo(
        tensor([[1.0]]),
        tensor([[1.0]]),
        tensor([[math.log(4.0)]]),
        tensor([[[0.5]], [[0.0]]]),
        lambda z: 0 * z,
        quadratic_prior,
    )
    terms = several(terms, "nelbo, reconstruction, kl")
    log_q = [-0.5 * LOG_TWO_PI - math.log(2.0) - 0.125, -0.5 * LOG_TWO_PI - math.log(2.0)]
    kl = ((log_q[0] + 4) + (log_q[1] + 1)) / 2
    close(
        terms[1],
        math.log(2.0),
        "gmvae_negative_elbo: reconstruction of one pixel with logit 0: log 2",
    )
    close(
        terms[2],
        kl,
        "gmvae_negative_elbo: kl for mean 1, log_var log 4, eps 1/2 and 0 and log p(z) = -z^2: the "
        "average over the two samples of log q(z | x) - log p(z)",
    )
    close(terms[0], math.log(2.0) + kl, "gmvae_negative_elbo: nelbo = reconstruction + kl")


@pytest.mark.part("b")
def test_gmvae_asks_the_given_prior():
    torch.manual_seed(0)
    x, mean, log_var = torch.rand(3, 4), torch.randn(3, 2), torch.randn(3, 2)
    eps, weight = torch.randn(2, 3, 2), torch.randn(2, 4)
    low = mixture_prior.gmvae_negative_elbo(
        x, mean, log_var, eps, lambda z: z @ weight, quadratic_prior
    )
    high = mixture_prior.gmvae_negative_elbo(
        x, mean, log_var, eps, lambda z: z @ weight, lambda z: quadratic_prior(z) + 5
    )
    low, high = (several(terms, "nelbo, reconstruction, kl") for terms in (low, high))
    assert math.isclose((low[2] - high[2]).item(), 5.0, rel_tol=1e-4), (
        "gmvae_negative_elbo: a prior that is larger by 5 nats everywhere must lower kl by 5; it "
        f"went from {low[2].item():.3f} to {high[2].item():.3f}. Use log_prior, nothing else"
    )


@pytest.mark.part("b")
def test_gmvae_teaches_the_encoder():
    mean = torch.ones(1, 2, requires_grad=True)
    terms = mixture_prior.gmvae_negative_elbo(
        torch.ones(1, 2),
        mean,
        torch.zeros(1, 2),
        torch.zeros(1, 1, 2),
        lambda z: z,
        quadratic_prior,
    )
    _, _, kl = several(terms, "nelbo, reconstruction, kl")
    assert kl.requires_grad, "kl passes no gradient on; it must teach the encoder"
    (gradient,) = torch.autograd.grad(kl, mean)
    close(
        gradient,
        [[2.0, 2.0]],
        "gradient of kl with respect to mean = (1, 1), for log p(z) = -|z|^2 and eps = 0: 2 z, "
        "through the sample",
    )


def toy_networks(prior_mean: float = 0.0, prior_log_var: float = 0.0):
    """Encoder: mean = class number, unit variance. Decoder: the logit is z times the class."""
    number = tensor([[0.0], [1.0], [2.0]])
    return (
        lambda x, c: (c.double() @ number, 0 * x[:, :1]),
        lambda c: (
            torch.full((len(c), 1), prior_mean, dtype=torch.float64),
            torch.full((len(c), 1), prior_log_var, dtype=torch.float64),
        ),
        lambda z, c: z * (c.double() @ number),
    )


@pytest.mark.part("c")
def test_cvae_by_hand():
    """Classes 2 and 0, so means 2 and 0; z = 2 and 0; logits 4 and 0; prior N(0, e)."""
    terms = mixture_prior.cvae_negative_elbo(
        tensor([[1.0], [0.0]]), torch.tensor([2, 0]), tensor([[0.0], [0.0]]), 3, *toy_networks(0, 1)
    )
    terms = several(terms, "nelbo, reconstruction, kl")
    close(
        terms[1],
        (math.log1p(math.exp(-4.0)) + math.log(2.0)) / 2,
        "cvae_negative_elbo: reconstruction of pixels 1 and 0 with logits 4 and 0, averaged over "
        "the batch",
    )
    kl = [0.5 * (math.exp(-1) + 4 * math.exp(-1) - 1 + 1), 0.5 * math.exp(-1)]
    close(
        terms[2],
        sum(kl) / 2,
        "cvae_negative_elbo: kl from N(2, 1) and N(0, 1) to the prior N(0, e), averaged over the "
        "batch",
    )
    close(
        terms[0],
        terms[1].item() + terms[2].item(),
        "cvae_negative_elbo: nelbo = reconstruction + kl",
    )


@pytest.mark.part("c")
def test_cvae_posterior_equal_to_prior_costs_nothing():
    torch.manual_seed(1)
    table = torch.randn(2, 3, 4, dtype=torch.float64)

    def per_class(c: torch.Tensor):
        return c.double() @ table[0], c.double() @ table[1]

    terms = mixture_prior.cvae_negative_elbo(
        torch.rand(5, 4, dtype=torch.float64),
        torch.tensor([0, 2, 1, 1, 2]),
        torch.randn(5, 4, dtype=torch.float64),
        3,
        lambda x, c: per_class(c),
        per_class,
        lambda z, c: z,
    )
    _, _, kl = several(terms, "nelbo, reconstruction, kl")
    close(
        kl,
        0.0,
        "cvae_negative_elbo: kl where q(z | x, y) and p(z | y) are one distribution, whatever eps "
        "is",
    )


@pytest.mark.part("c")
def test_cvae_sample_by_hand():
    """z = 1 + 2 eps; logits are z times the class."""
    _, prior, decode = toy_networks(1.0, math.log(4.0))
    x = mixture_prior.cvae_sample(
        torch.tensor([0, 2, 2]),
        tensor([[3.0], [0.5], [-1.5]]),
        tensor([[0.4], [0.97], [0.03]]),
        3,
        prior,
        decode,
    )
    close(
        x,
        [[1.0], [1.0], [0.0]],
        "cvae_sample of classes 0, 2, 2 where the pixel has probability sigmoid(0) = 0.5, "
        "sigmoid(4) = 0.982 and sigmoid(-4) = 0.018, and u = 0.4, 0.97, 0.03",
    )
