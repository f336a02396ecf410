"""Experiments on ``vae_gan.vqvae``."""

from collections.abc import Sequence

import torch
from torch import Tensor

from autograder.sandbox.probe import Package, Rng, gradients


def _codes(rng: Rng, num_codes: int, num_dims: int) -> Tensor:
    """Codes of very different lengths."""
    return rng.keep(rng.normal(num_codes, num_dims) * rng.uniform(num_codes, 1, low=0.2, high=2.5))


def _flows(rng: Rng, output: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Gradients of a sum of ``output``, zero where nothing flows."""
    anchor = rng.tensor(0.0).requires_grad_()
    found = gradients(output.sum() + anchor, inputs)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


def indices(hw: Package, rng: Rng) -> dict:
    cube, maps = rng.normal(4, 4, 4, 4, std=1.5), rng.normal(2, 5, 3, 4, std=1.5)
    return {
        "cube": hw.vqvae.nearest_code(cube, _codes(rng, 6, 4)),
        "maps": hw.vqvae.nearest_code(maps, _codes(rng, 7, 5)),
    }


def indices_of_ties(hw: Package, rng: Rng) -> dict:
    codes = rng.tensor([[2.0, 2.0], [0.0, 2.0], [2.0, 0.0], [0.0, 0.0], [2.0, 0.0]])
    z = rng.tensor(
        [[[[1.0, 2.0, 0.0]], [[1.0, 0.0, 1.0]]], [[[1.0, 0.0, 3.0]], [[0.0, -1.0, 0.0]]]]
    )
    return {"ties": hw.vqvae.nearest_code(z, codes)}


def quantized(hw: Package, rng: Rng) -> dict:
    def values(batch: int, dims: int, height: int, width: int) -> Tensor:
        z, codes = rng.normal(batch, dims, height, width), rng.normal(6, dims)
        return hw.vqvae.quantize(z, codes, rng.integers(0, 6, batch, height, width))

    return {"cube": values(4, 4, 4, 4), "maps": values(2, 5, 3, 4)}


def quantized_gradients(hw: Package, rng: Rng) -> dict:
    z, codes = rng.normal(2, 3, 2, 4).clone(), rng.normal(5, 3).clone()
    inputs = [z.requires_grad_(), codes.requires_grad_()]
    output = hw.vqvae.quantize(z, codes, rng.integers(0, 5, 2, 2, 4))
    return {"output": output, "gradients": _flows(rng, output * rng.normal(2, 3, 2, 4), inputs)}


def losses(hw: Package, rng: Rng) -> dict:
    def values(batch: int, dims: int, height: int, width: int, beta: float) -> object:
        z, codes = rng.normal(batch, dims, height, width), rng.normal(6, dims)
        return hw.vqvae.vq_loss(z, codes, rng.integers(0, 6, batch, height, width), beta)

    return {"cube": values(4, 4, 4, 4, 0.25), "maps": values(2, 5, 3, 4, 1.7)}


def loss_gradients(hw: Package, rng: Rng) -> dict:
    z, codes = rng.normal(2, 3, 2, 4).clone(), rng.normal(5, 3).clone()
    inputs = [z.requires_grad_(), codes.requires_grad_()]
    terms = hw.vqvae.vq_loss(z, codes, rng.integers(0, 5, 2, 2, 4), 0.3)
    return {"gradients": [_flows(rng, term, inputs) for term in terms]}


def update(hw: Package, rng: Rng) -> dict:
    def values(batch: int, dims: int, height: int, width: int, decay: float) -> object:
        counts, sums = rng.uniform(6, low=0.5, high=9.0), rng.normal(6, dims, std=3)
        z, k = rng.normal(batch, dims, height, width), rng.integers(0, 6, batch, height, width)
        return hw.vqvae.ema_update(counts, sums, z, k, decay, 0.05)

    return {"cube": values(4, 4, 4, 4, 0.9), "maps": values(2, 5, 3, 4, 0.6)}


def update_with_unused_codes(hw: Package, rng: Rng) -> dict:
    counts = rng.tensor([0.0, 3.0, 0.0, 5.0, 0.5])
    sums = rng.keep(counts[:, None] * rng.normal(5, 2))
    z, k = rng.normal(1, 2, 2, 2), rng.tensor([[[1, 4], [2, 1]]])
    return {"update": hw.vqvae.ema_update(counts, sums, z, k, 0.95, 1e-5)}


def update_without_gradients(hw: Package, rng: Rng) -> dict:
    counts, sums = rng.uniform(3, low=1.0, high=4.0), rng.normal(3, 2)
    z = rng.normal(2, 2, 1, 3).clone().requires_grad_()
    update = hw.vqvae.ema_update(counts, sums, z, rng.integers(0, 3, 2, 1, 3), 0.8, 0.01)
    return {"update": update, "requires_grad": [value.requires_grad for value in update]}


def code_use(hw: Package, rng: Rng) -> dict:
    every = rng.keep(torch.cat([rng.permutation(5), rng.integers(0, 5, 19)]).reshape(2, 4, 3))
    return {
        "every": hw.vqvae.perplexity(every, 5),
        "skewed": hw.vqvae.perplexity(rng.keep(every * (every > 2)), 5),
    }


def code_use_of_few(hw: Package, rng: Rng) -> dict:
    k = rng.integers(2, 6, 3, 2, 5)
    return {
        "some": hw.vqvae.perplexity(k, 16),
        "single": hw.vqvae.perplexity(rng.tensor([[3, 3], [3, 3]]), 4),
    }
