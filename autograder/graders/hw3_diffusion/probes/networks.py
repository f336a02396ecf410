"""Experiments on ``diffusion.networks``."""

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, gradients, parameter_gradients


def embedding(hw: Package, rng: Rng) -> dict:
    t = rng.normal(4, std=3)
    return {
        "times": hw.networks.time_embedding(rng.uniform(7, low=0.0, high=20.0), 6),
        "one": hw.networks.time_embedding(rng.uniform(1, high=1000.0), 8),
        "periods": [
            hw.networks.time_embedding(t, 4, max_period=period) for period in (50.0, 700.0)
        ],
    }


def embedding_of_integers(hw: Package, rng: Rng) -> dict:
    return {
        "steps": hw.networks.time_embedding(rng.tensor([0, 1, 999]), 10),
        "two_features": hw.networks.time_embedding(rng.tensor([0, 2, 5]), 2),
        "of_float32": str(hw.networks.time_embedding(rng.uniform(3).float(), 4).dtype),
    }


def residual(hw: Package, rng: Rng) -> dict:
    block = rng.module(hw.networks.ResidualBlock(4, 4, 5, groups=2))
    return {"out": block(rng.normal(4, 4, 4, 4, mean=0.5), rng.normal(4, 5, std=2))}


def residual_of_more_channels(hw: Package, rng: Rng) -> dict:
    block = rng.module(hw.networks.ResidualBlock(4, 6, 3, groups=2))
    x, emb = (rng.normal(2, *size, std=2).clone().requires_grad_() for size in ((4, 2, 3), (3,)))
    out = block(x, emb)
    weighted = out * rng.normal(2, 6, 2, 3)
    return {
        "out": out,
        "gradients": gradients(weighted, [x, emb]),
        "parameters": parameter_gradients(weighted, block),
    }


def pixels(hw: Package, rng: Rng) -> dict:
    blocks = [hw.networks.AttentionBlock(6, heads, groups=3) for heads in (1, 2, 6)]
    x = rng.normal(2, 6, 2, 3, std=2)
    return {"outs": [rng.module(block, scale=1.0)(x) for block in blocks]}


def pixels_square(hw: Package, rng: Rng) -> dict:
    block = rng.module(hw.networks.AttentionBlock(4, heads=2, groups=2), scale=1.0)
    x = rng.normal(4, 4, 2, 2).clone().requires_grad_()
    out = block(x)
    return {"out": out, "gradients": gradients(out * rng.normal(4, 4, 2, 2), [x])}


class _Mix(nn.Module):
    """A stand-in for attention that tells tokens, features and the size of its input apart."""

    def __init__(self, start: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(start))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.weight * x.cumsum(dim=1) + 0.3 * x.cumsum(dim=2))


def dit(hw: Package, rng: Rng) -> dict:
    block = rng.module(hw.networks.DiTBlock(4, 2, 3, attention=_Mix()))
    return {"out": block(rng.normal(4, 4, 4, std=2), rng.normal(4, 3, std=2))}


def dit_gradients(hw: Package, rng: Rng) -> dict:
    block = rng.module(hw.networks.DiTBlock(4, 2, 5, attention=_Mix()))
    x, emb = (rng.normal(2, *size).clone().requires_grad_() for size in ((3, 4), (5,)))
    out = block(x, emb)
    weighted = out * rng.normal(2, 3, 4)
    return {
        "out": out,
        "gradients": gradients(weighted, [x, emb]),
        "parameters": parameter_gradients(weighted, block),
    }


def dit_at_zero(hw: Package, rng: Rng) -> dict:
    block = rng.module(hw.networks.DiTBlock(4, 2, 3, attention=_Mix()))
    for parameter in block.modulation.parameters():
        nn.init.zeros_(parameter)
    x, emb = rng.normal(2, 3, 4), rng.normal(2, 3)
    out = block(x, emb)
    return {"out": out, "parameters": parameter_gradients(out * rng.normal(2, 3, 4), block)}


class _Block(nn.Module):
    """A stand-in for a residual block: it tells channels, examples and embeddings apart."""

    def __init__(self, num_in: int, num_out: int, emb_dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(num_in, num_out, 1)
        self.emb = nn.Linear(emb_dim, num_out)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        return torch.tanh(self.conv(x)) * (1 + self.emb(emb)[:, :, None, None])


class _Attention(nn.Module):
    """A stand-in for attention that mixes pixels."""

    def __init__(self, num_in: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_in, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.sin(self.weight * x.cumsum(dim=3))


def _features(t: Tensor, dim: int) -> Tensor:
    """A stand-in for the time embedding."""
    return torch.sin(t[:, None] + torch.arange(dim, device=t.device, dtype=t.dtype))


def _unet(hw: Package, rng: Rng, channels: int, widths: tuple[int, ...]) -> nn.Module:
    unet = hw.networks.UNet(
        channels, widths, 4, embedding=_features, block=_Block, attention=_Attention
    )
    return rng.module(unet)


def unet(hw: Package, rng: Rng) -> dict:
    return {"out": _unet(hw, rng, 2, (4, 4))(rng.normal(2, 2, 4, 2), rng.normal(2))}


def unet_of_three_levels(hw: Package, rng: Rng) -> dict:
    return {"out": _unet(hw, rng, 1, (4, 8, 4))(rng.normal(3, 1, 4, 8), rng.normal(3))}


def unet_gradients(hw: Package, rng: Rng) -> dict:
    network = _unet(hw, rng, 1, (4, 4))
    x = rng.normal(2, 1, 2, 2).clone().requires_grad_()
    out = network(x, rng.normal(2)) * rng.normal(2, 1, 2, 2)
    return {"gradients": gradients(out, [x]), "parameters": parameter_gradients(out, network)}
