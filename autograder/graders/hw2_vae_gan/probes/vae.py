"""Experiments on ``vae_gan.vae``."""

import torch
from torch import Tensor

from autograder.sandbox.probe import Package, Rng, gradients, parameter_gradients


def _log_vars(rng: Rng) -> Tensor:
    """Log-variances of seven Gaussians, two of them very narrow and one very wide."""
    shift = rng.tensor([[0.0], [-40.0], [0.0], [25.0], [0.0], [-40.0], [0.0]])
    return rng.keep(rng.normal(7, 5, std=1.5) + shift)


def draws(hw: Package, rng: Rng) -> dict:
    draw = hw.vae.reparameterize
    mean, log_var = rng.normal(7, 5, std=2), _log_vars(rng)
    return {
        "one_each": draw(mean, log_var, rng.normal(7, 5)),
        "three_each": draw(mean, log_var, rng.normal(3, 7, 5)),
    }


def draw_gradients(hw: Package, rng: Rng) -> dict:
    mean = rng.normal(1, 4).clone().requires_grad_()
    log_var = rng.normal(1, 4).clone().requires_grad_()
    z = hw.vae.reparameterize(mean, log_var, rng.normal(1, 4))
    return {"z": z, "gradients": gradients(z.square(), [mean, log_var])}


def forward(hw: Package, rng: Rng) -> dict:
    model = rng.module(hw.vae.VAE(5, 2, 6))
    return {
        "batch": model(rng.normal(4, 5), rng.normal(4, 2)),
        "evaluation": model.eval()(rng.normal(3, 5), rng.normal(3, 2)),
    }


def forward_gradients(hw: Package, rng: Rng) -> dict:
    model = rng.module(hw.vae.VAE(5, 3, 4))
    x, eps = rng.normal(7, 5), rng.normal(7, 3)
    logits, mean, log_var = model(x, eps)
    return {
        "one": model(x[:1], eps[:1]),
        "reconstruction": parameter_gradients(logits.square(), model),
        "posterior": parameter_gradients(mean.square() + log_var.square(), model.encoder),
    }


def kl_to_prior(hw: Package, rng: Rng) -> dict:
    kl = hw.vae.kl_standard_normal
    mean, log_var = rng.normal(7, 5, std=2), _log_vars(rng)
    return {"batch": kl(mean, log_var), "one": kl(mean[:1], log_var[:1])}


def kl_to_prior_of_extremes(hw: Package, rng: Rng) -> dict:
    mean = rng.normal(4, 3).clone().requires_grad_()
    log_var = rng.keep(rng.normal(4, 3) + rng.tensor([[-800.0], [-100.0], [0.0], [25.0]]))
    log_var = log_var.clone().requires_grad_()
    kl = hw.vae.kl_standard_normal(mean, log_var)
    zeros = torch.zeros(2, 3, device=rng.device)
    return {
        "kl": kl,
        "gradients": gradients(kl, [mean, log_var]),
        "very_wide": hw.vae.kl_standard_normal(zeros, zeros + 60),
        "prior_itself": hw.vae.kl_standard_normal(zeros, zeros),
    }


def kl_of_gaussians(hw: Package, rng: Rng) -> dict:
    kl = hw.vae.kl_diag_gaussians
    q = rng.normal(7, 5, std=1.5), _log_vars(rng)
    return {
        "pairs": kl(*q, rng.normal(7, 5, std=1.5), rng.normal(7, 5)),
        "shared": kl(*q, rng.normal(5), rng.normal(5)),
        "one": kl(*rng.normal(2, 1, 3), *rng.normal(2, 1, 3)),
    }


def kl_of_narrow_gaussians(hw: Package, rng: Rng) -> dict:
    centre = rng.tensor([[-800.0], [-600.0], [-40.0], [0.0], [20.0]])
    log_var_q, log_var_p = rng.normal(5, 3) + centre, rng.normal(5, 3) + centre
    scale = (centre / 2).exp()
    mean_q, mean_p = rng.normal(5, 3) * scale, rng.normal(5, 3) * scale
    q = [rng.keep(t).clone().requires_grad_() for t in (mean_q, log_var_q)]
    p = [rng.keep(t).clone().requires_grad_() for t in (mean_p, log_var_p)]
    kl = hw.vae.kl_diag_gaussians(*q, *p)
    return {
        "kl": kl,
        "gradients": gradients(kl, [*q, *p]),
        "one": hw.vae.kl_diag_gaussians(rng.normal(1, 1), rng.normal(1, 1), *rng.normal(2, 1, 1)),
    }


def elbo(hw: Package, rng: Rng) -> dict:
    x, logits, kl = rng.uniform(7, 5), rng.normal(7, 5, std=2), rng.uniform(7, low=1, high=9)
    return {"vectors": hw.vae.negative_elbo(x, logits, kl)}


def elbo_of_images(hw: Package, rng: Rng) -> dict:
    x = rng.uniform(4, 2, 4, 4)
    logits = rng.keep(rng.normal(4, 2, 4, 4).clone().requires_grad_())
    kl = rng.keep(rng.uniform(4, low=1, high=9).clone().requires_grad_())
    loss, reconstruction, mean_kl = hw.vae.negative_elbo(x, logits, kl)
    return {
        "images": (loss, reconstruction, mean_kl),
        "gradients": gradients(loss, [logits, kl]),
        "gradients_with_terms": gradients(loss + reconstruction + 2 * mean_kl, [logits, kl]),
        "one": hw.vae.negative_elbo(x[:1, 0, 0], rng.normal(1, 4), kl[:1].detach()),
        "sequences": hw.vae.negative_elbo(
            rng.uniform(3, 3, 2), rng.normal(3, 3, 2), rng.uniform(3)
        ),
        "large": hw.vae.negative_elbo(
            rng.bernoulli(6, 3), rng.normal(6, 3, std=1e4), rng.uniform(6)
        ),
    }


def beta(hw: Package, rng: Rng) -> dict:
    """The mean divergence lies near 5; examples lie on both sides of each capacity."""
    reconstruction = rng.keep(rng.uniform(7, low=20, high=90).clone().requires_grad_())
    kl = rng.tensor([1.0, 2.0, 8.0, 7.0, 3.0, 9.0, 4.0]) + rng.uniform(7, high=0.5)
    kl = rng.keep(kl.requires_grad_())
    losses = {
        "beta": hw.vae.beta_vae_loss(reconstruction, kl, 4.0),
        "above_capacity": hw.vae.beta_vae_loss(reconstruction, kl, 3.0, capacity=3.75),
        "below_capacity": hw.vae.beta_vae_loss(reconstruction, kl, 2.5, capacity=6.0),
    }
    slopes = {name: gradients(loss, [reconstruction, kl]) for name, loss in losses.items()}
    return {"losses": losses, "gradients": slopes}


def activity(hw: Package, rng: Rng) -> dict:
    scales, offset = rng.tensor([3.0, 0.001, 1.0, 0.5, 0.01]), rng.normal(5, std=4)
    mean = rng.keep(_spread(rng, 7, 5) * scales + offset)
    return {"default": hw.vae.active_units(mean), "strict": hw.vae.active_units(mean, 0.6)}


def activity_at_the_threshold(hw: Package, rng: Rng) -> dict:
    mean = rng.tensor([[0.0, 0.0, 2.0], [0.5, 1.0, 2.0], [0.0, 1.0, 2.0], [0.5, 0.0, 2.0]])
    return {
        "tie": hw.vae.active_units(mean, 0.0625),
        "one_example": hw.vae.active_units(mean[1:2], 0.01),
    }


def _spread(rng: Rng, num_data: int, num_dims: int) -> Tensor:
    """Columns in random order whose variances lie near 0.4, with random perturbations."""
    columns = [rng.permutation(num_data) for _ in range(num_dims)]
    ranks = torch.stack(columns, dim=1).to(rng.normal(1).dtype)
    return ranks / num_data * 2.2 + rng.uniform(num_data, num_dims, high=0.1)
