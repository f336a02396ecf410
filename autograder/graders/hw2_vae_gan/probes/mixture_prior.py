"""Experiments on ``vae_gan.mixture_prior``."""

from torch import Tensor

from autograder.sandbox.probe import Package, Rng, gradients


def _mixture(rng: Rng) -> tuple[Tensor, ...]:
    return rng.normal(3), rng.normal(3, 5), rng.normal(3, 5, std=0.7)


def log_prior(hw: Package, rng: Rng) -> dict:
    z, parameters = rng.normal(7, 5), _mixture(rng)
    return {
        "log_p": hw.mixture_prior.gmm_log_prior(z, *parameters),
        "one": hw.mixture_prior.gmm_log_prior(z[:1], *parameters),
        "one_component": hw.mixture_prior.gmm_log_prior(z, *(value[:1] for value in parameters)),
    }


def log_prior_of_samples(hw: Package, rng: Rng) -> dict:
    return {"log_p": hw.mixture_prior.gmm_log_prior(rng.normal(2, 3, 5, std=2), *_mixture(rng))}


def log_prior_of_distant_components(hw: Package, rng: Rng) -> dict:
    """Components thousands of standard deviations apart, and components of very different width.

    There are points beside each, and far from all.
    """
    logits = rng.tensor([2e4, -1e4, 0.0]) + rng.normal(3, std=10)
    means = rng.tensor([[-3e3], [1e3], [4e3]]) + rng.normal(3, 4, std=10)
    z = means + rng.normal(3, 4)
    log_vars = rng.normal(3, 4, std=0.3)
    widths = rng.keep(rng.tensor([[-30.0], [0.0], [25.0]]) + log_vars)
    # The narrow component is at zero, where the points beside it can be told apart in float32.
    centres = rng.keep(rng.tensor([[0.0], [1.0], [1.0]]) * rng.normal(3, 4))
    beside = rng.keep(centres + (widths / 2).exp() * rng.normal(3, 4))
    return {
        "log_p": hw.mixture_prior.gmm_log_prior(z, logits, means, log_vars),
        "far": hw.mixture_prior.gmm_log_prior(z + 2e4, logits, means, log_vars),
        "widths": hw.mixture_prior.gmm_log_prior(beside, rng.normal(3), centres, widths),
    }


def log_prior_gradients(hw: Package, rng: Rng) -> dict:
    inputs = [value.clone().requires_grad_() for value in (rng.normal(4, 5), *_mixture(rng))]
    z, logits, means, log_vars = gradients(hw.mixture_prior.gmm_log_prior(*inputs), inputs)
    return {"z": z, "logits": logits, "means": means, "log_vars": log_vars}


def _posterior(
    rng: Rng, samples: int, batch: int, latent: int, log_scale: float = 0.0
) -> tuple[Tensor, ...]:
    """mean, log_var (around ``log_scale``) and eps; no two rows have one scale."""
    scale = log_scale + rng.normal(batch, 1)
    return (
        rng.normal(batch, latent),
        rng.keep(scale + rng.normal(batch, latent, std=0.5)),
        rng.normal(samples, batch, latent),
    )


def _bound(
    hw: Package,
    rng: Rng,
    samples: int,
    batch: int,
    dim: int,
    scale: float = 1.0,
    log_scale: float = 0.0,
) -> tuple[Tensor, ...]:
    """The three terms for a linear decoder (weights of ``scale``) and some prior of 4 features."""
    weight, center = rng.normal(4, dim, std=scale), rng.normal(4)
    return hw.mixture_prior.gmvae_negative_elbo(
        rng.uniform(batch, dim),
        *_posterior(rng, samples, batch, 4, log_scale),
        lambda z: z @ weight,
        lambda z: -((z - center).abs() ** 1.5).sum(dim=-1),
    )


def gmvae(hw: Package, rng: Rng) -> dict:
    return {
        "several": _bound(hw, rng, 3, 7, 5),
        "one": _bound(hw, rng, 1, 1, 5),
        "square": _bound(hw, rng, 4, 4, 4),
        "sure": _bound(hw, rng, 2, 3, 5, scale=1e4),
        "wide": _bound(hw, rng, 2, 3, 5, log_scale=25.0),
    }


def gmvae_narrow(hw: Package, rng: Rng) -> dict:
    return {"narrow": _bound(hw, rng, 2, 3, 5, log_scale=-40.0)}


def gmvae_small(hw: Package, rng: Rng) -> dict:
    weight = rng.normal(2, 3)
    values = hw.mixture_prior.gmvae_negative_elbo(
        rng.bernoulli(5, 3),
        *_posterior(rng, 1, 5, 2),
        lambda z: z @ weight,
        lambda z: z.sum(dim=-1).cos(),
    )
    return {"bound": values}


def gmvae_gradients(hw: Package, rng: Rng) -> dict:
    inputs = [
        value.clone().requires_grad_()
        for value in (*_posterior(rng, 3, 5, 4)[:2], rng.normal(4, 6), rng.normal(4))
    ]
    mean, log_var, weight, center = inputs
    bound, reconstruction, kl = hw.mixture_prior.gmvae_negative_elbo(
        rng.uniform(5, 6),
        mean,
        log_var,
        rng.normal(3, 5, 4),
        lambda z: z @ weight,
        lambda z: -((z - center) ** 4).sum(dim=-1) / 9,
    )
    return {
        "nelbo": gradients(bound, inputs),
        "reconstruction": gradients(reconstruction, inputs),
        "kl": gradients(kl, inputs),
    }


class _Conditional:
    """Linear networks in (x, c), c and (z, c); ``shift`` is added to both log-variances."""

    shift = 0.0

    def __init__(self, rng: Rng, classes: int, dim: int, latent: int, scale: float = 1.0) -> None:
        self.from_x = rng.normal(2, dim, latent, std=0.5)
        self.from_c = rng.normal(2, classes, latent)
        self.prior_from_c = rng.normal(2, classes, latent)
        self.logits_from_z = rng.normal(latent, dim, std=scale)
        self.logits_from_c = rng.normal(classes, dim, std=scale)

    def encode(self, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = x @ self.from_x + c @ self.from_c
        return mean, log_var + self.shift

    def prior(self, c: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = c @ self.prior_from_c
        return mean, log_var + self.shift

    def decode(self, z: Tensor, c: Tensor) -> Tensor:
        return z @ self.logits_from_z + c @ self.logits_from_c


def _cvae_bound(
    hw: Package,
    rng: Rng,
    batch: int,
    classes: int,
    dim: int,
    latent: int,
    scale: float = 1.0,
    shift: float = 0.0,
) -> object:
    nets = _Conditional(rng, classes, dim, latent, scale)
    nets.shift = shift
    return hw.mixture_prior.cvae_negative_elbo(
        rng.uniform(batch, dim),
        rng.integers(0, classes, batch),
        rng.normal(batch, latent),
        classes,
        nets.encode,
        nets.prior,
        nets.decode,
    )


def cvae(hw: Package, rng: Rng) -> dict:
    return {
        "several": _cvae_bound(hw, rng, 7, 3, 5, 4),
        "sure": _cvae_bound(hw, rng, 4, 3, 5, 2, scale=1e4),
        "narrow": _cvae_bound(hw, rng, 4, 3, 5, 2, shift=-40.0),
        "wide": _cvae_bound(hw, rng, 4, 3, 5, 2, shift=25.0),
    }


def cvae_small(hw: Package, rng: Rng) -> dict:
    return {"bound": _cvae_bound(hw, rng, 1, 4, 5, 3)}


def cvae_gradients(hw: Package, rng: Rng) -> dict:
    nets = _Conditional(rng, 3, 5, 4)
    vars(nets).update({name: value.clone().requires_grad_() for name, value in vars(nets).items()})
    inputs = list(vars(nets).values())
    bound, reconstruction, kl = hw.mixture_prior.cvae_negative_elbo(
        rng.uniform(6, 5),
        rng.tensor([2, 0, 0, 1, 2, 2]),
        rng.normal(6, 4),
        3,
        nets.encode,
        nets.prior,
        nets.decode,
    )
    return {
        "nelbo": gradients(bound, inputs),
        "reconstruction": gradients(reconstruction, inputs),
        "kl": gradients(kl, inputs),
    }


def cvae_samples(hw: Package, rng: Rng) -> dict:
    # Many pixels: each turns only where u is near its probability.
    nets = _Conditional(rng, 3, 40, 4, scale=0.7)
    y, eps, u = rng.tensor([2, 0, 1, 1, 0, 2, 2]), rng.normal(7, 4), rng.uniform(7, 40)
    # Of a sure decoder every pixel is certain, also beside both ends of [0, 1).
    sure = _Conditional(rng, 3, 20, 2, scale=1e4)
    ends = rng.keep(1e-7 + (1 - 2e-7) * rng.bernoulli(7, 20))
    return {
        "sure": hw.mixture_prior.cvae_sample(y, rng.normal(7, 2), ends, 3, sure.prior, sure.decode),
        "x": hw.mixture_prior.cvae_sample(y, eps, u, 3, nets.prior, nets.decode),
        "one": hw.mixture_prior.cvae_sample(y[:1], eps[:1], u[:1], 3, nets.prior, nets.decode),
    }
