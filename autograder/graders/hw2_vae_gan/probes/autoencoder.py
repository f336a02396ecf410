"""Experiments on ``vae_gan.autoencoder``."""

from torch import Tensor

from autograder.sandbox.probe import Package, Rng, attempt, gradients, parameter_gradients


def forward(hw: Package, rng: Rng) -> dict:
    model = rng.module(hw.autoencoder.Autoencoder(12, 2, 6))
    return {
        "noisy": model(rng.normal(3, 2, 3, 2), rng.normal(3, 2, 3, 2)),
        "evaluation": model.eval()(rng.normal(2, 12), rng.normal(2, 12)),
    }


def forward_of_vectors(hw: Package, rng: Rng) -> dict:
    model = rng.module(hw.autoencoder.Autoencoder(5, 3, 4))
    x = rng.normal(7, 5)
    output, z = model(x, rng.normal(7, 5))
    return {
        "noisy": (output, z),
        "clean": model(x),
        "one": model(x[:1]),
        "gradients": parameter_gradients(output.square(), model),
    }


def losses(hw: Package, rng: Rng) -> dict:
    x, output = rng.uniform(7, 5), rng.normal(7, 5, std=2)
    return _each_loss(hw, x, output)


def losses_of_images(hw: Package, rng: Rng) -> dict:
    x = rng.uniform(3, 2, 4, 4)
    output = rng.keep(rng.normal(3, 2, 4, 4).clone().requires_grad_())
    batch = _each_loss(hw, x, output)
    # A sum is added to each loss: alone a constant would have no graph to go through.
    slopes = {kind: gradients(loss + output.sum(), [output]) for kind, loss in batch.items()}
    return {
        "batch": batch,
        "gradients": slopes,
        "one": _each_loss(hw, x[:1], output[:1]),
        "unknown": attempt(ValueError, hw.autoencoder.reconstruction_loss, x, output, "poisson"),
    }


def losses_of_large_logits(hw: Package, rng: Rng) -> dict:
    x, logits = rng.bernoulli(6, 4), rng.normal(6, 4, std=1e4)
    parameter = rng.normal(6, 4, std=50).clone().requires_grad_()
    loss = hw.autoencoder.reconstruction_loss
    return {
        "loss": loss(x, logits, "bernoulli"),
        "gradient": gradients(loss(x, parameter, "bernoulli"), [parameter]),
    }


def projections(hw: Package, rng: Rng) -> dict:
    data, x = _correlated(rng, 11, 4), rng.normal(6, 4, mean=1)
    return {"outputs": hw.autoencoder.pca_autoencode(x, data, 2)}


def projections_of_every_rank(hw: Package, rng: Rng) -> dict:
    data, x = _correlated(rng, 9, 4), rng.normal(5, 4, mean=1)
    autoencode = hw.autoencoder.pca_autoencode
    return {
        "outputs": [autoencode(x, data, latent_dim) for latent_dim in range(5)],
        "training_data": autoencode(data, data, 2),
        "one": autoencode(x[:1], data, 2),
    }


def error_curve(hw: Package, rng: Rng) -> dict:
    return {"errors": hw.autoencoder.pca_error_curve(_correlated(rng, 11, 4))}


def posterior(hw: Package, rng: Rng) -> dict:
    infer = hw.autoencoder.linear_gaussian_posterior
    x, model = _linear_gaussian(rng, 7, 5, 2)
    return {"batch": infer(x, *model)}


def posterior_of_other_sizes(hw: Package, rng: Rng) -> dict:
    infer = hw.autoencoder.linear_gaussian_posterior
    return {
        "one": infer(*_flat(_linear_gaussian(rng, 1, 5, 2))),
        "square": infer(*_flat(_linear_gaussian(rng, 4, 3, 3))),
        "wide": infer(*_flat(_linear_gaussian(rng, 3, 2, 4))),
        "one_code": infer(*_flat(_linear_gaussian(rng, 3, 4, 1))),
    }


def marginal(hw: Package, rng: Rng) -> dict:
    log_prob = hw.autoencoder.linear_gaussian_log_prob
    x, model = _linear_gaussian(rng, 7, 5, 2)
    return {"batch": log_prob(x, *model), "one": log_prob(x[:1], *model)}


def marginal_of_other_sizes(hw: Package, rng: Rng) -> dict:
    log_prob = hw.autoencoder.linear_gaussian_log_prob
    weight, bias, x = rng.normal(160, 2), rng.normal(160), rng.normal(3, 160, std=30)
    noise_var = rng.uniform(160, low=500, high=2000)
    return {
        "square": log_prob(*_flat(_linear_gaussian(rng, 4, 3, 3))),
        "wide": log_prob(*_flat(_linear_gaussian(rng, 3, 2, 4))),
        "many": log_prob(x, weight, bias, noise_var),
    }


def _each_loss(hw: Package, x: Tensor, output: Tensor) -> dict:
    kinds = ("gaussian", "laplace", "bernoulli")
    return {kind: hw.autoencoder.reconstruction_loss(x, output, kind) for kind in kinds}


def _correlated(rng: Rng, num_data: int, num_dims: int) -> Tensor:
    """Data off the origin whose principal directions are oblique and have distinct variances."""
    scales = rng.tensor([4.0, 2.0, 1.0, 0.4][:num_dims])
    mixing = rng.normal(num_dims, num_dims, std=0.2)
    data = rng.normal(num_data, num_dims) * scales
    return rng.keep(data + data @ mixing + rng.normal(num_dims, std=3))


def _linear_gaussian(
    rng: Rng, batch: int, num_dims: int, latent_dim: int
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Examples, and W, b and psi with noise of very different size in every dimension."""
    weight, bias = rng.normal(num_dims, latent_dim), rng.normal(num_dims)
    noise_var = rng.keep(rng.normal(num_dims, mean=-0.5, std=1).exp())
    return rng.normal(batch, num_dims, std=2), (weight, bias, noise_var)


def _flat(drawn: tuple[Tensor, tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, ...]:
    return drawn[0], *drawn[1]
