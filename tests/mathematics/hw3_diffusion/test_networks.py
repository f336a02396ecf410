"""Proofs of the reference of Q9, networks."""

import math

import pytest
import torch
import torch.nn.functional as F
from diffusion import networks
from torch import nn

pytestmark = pytest.mark.usefixtures("double", "seeded")


def randomised(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def normalised(values):
    """(values - mean) / sqrt(biased variance + eps) over all but the first dimension."""
    flat = values.flatten(1)
    mean, var = flat.mean(1, keepdim=True), flat.var(1, correction=0, keepdim=True)
    return (flat - mean) / (var + 1e-5).sqrt()


def group_normalised(x, norm):
    batch, channels, *_ = x.shape
    groups = norm.num_groups
    cut = x.reshape(batch * groups, channels // groups, -1)
    return norm.weight[:, None, None] * normalised(cut).reshape(x.shape) + norm.bias[:, None, None]


def test_time_embedding_is_a_rotation():
    """emb(t + s) turns each pair (cos, sin) of emb(t) by omega s, with omega_0 = 1."""
    t, s = torch.rand(5) * 30, 0.7
    now, later = (
        networks.time_embedding(u, 8, max_period=81.0).chunk(2, dim=1) for u in (t, t + s)
    )
    for i, omega in enumerate([1.0, 1 / 3, 1 / 9, 1 / 27]):
        cos, sin = math.cos(omega * s), math.sin(omega * s)
        torch.testing.assert_close(later[0][:, i], cos * now[0][:, i] - sin * now[1][:, i])
        torch.testing.assert_close(later[1][:, i], cos * now[1][:, i] + sin * now[0][:, i])
    assert networks.time_embedding(torch.zeros(1), 4).tolist() == [[1, 1, 0, 0]]


def test_residual_block_channel_by_channel():
    block = randomised(networks.ResidualBlock(4, 6, 3, groups=2))
    x, emb = torch.randn(2, 4, 3, 5), torch.randn(2, 3)
    hidden = block.conv1(F.silu(group_normalised(x, block.norm1)))
    modulated = group_normalised(hidden, block.norm2).clone()
    film = emb.sigmoid() * emb @ block.film.weight.T + block.film.bias
    for b in range(2):
        for c in range(6):
            modulated[b, c] = modulated[b, c] * (1 + film[b, c]) + film[b, 6 + c]
    expected = block.conv2(F.silu(modulated)) + block.skip(x)
    torch.testing.assert_close(block(x, emb), expected)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_attention_block_pixel_by_pixel(heads):
    block = randomised(networks.AttentionBlock(4, heads, groups=2))
    x = torch.randn(2, 4, 2, 3)
    qkv = block.qkv(group_normalised(x, block.norm)).flatten(2).detach()
    size, joined = 4 // heads, torch.zeros(2, 4, 6)
    for b in range(2):
        for h in range(heads):
            own = slice(h * size, (h + 1) * size)
            query, key, value = (qkv[b, 4 * k : 4 * k + 4][own] for k in range(3))
            for i in range(6):
                weights = [math.exp(query[:, i] @ key[:, j] / math.sqrt(size)) for j in range(6)]
                joined[b, own, i] = sum(w * value[:, j] for j, w in enumerate(weights))
                joined[b, own, i] /= sum(weights)
    torch.testing.assert_close(block(x), x + block.out(joined.reshape(x.shape)))


def test_dit_block_is_the_identity_at_first_and_only_the_gates_learn():
    block = networks.DiTBlock(4, 2, 3)
    x = torch.randn(2, 5, 4)
    out = block(x, torch.randn(2, 3))
    torch.testing.assert_close(out, x, rtol=0, atol=0)
    (out * torch.randn_like(out)).sum().backward()
    shift1, scale1, gate1, shift2, scale2, gate2 = block.modulation.weight.grad.chunk(6)
    assert gate1.any() and gate2.any()
    assert not any(gradient.any() for gradient in (shift1, scale1, shift2, scale2))
    assert not any(p.grad.any() for p in (*block.mlp.parameters(), *block.attention.parameters()))


def test_dit_block_token_by_token():
    block = randomised(networks.DiTBlock(4, 2, 3))
    x, emb = torch.randn(2, 5, 4), torch.randn(2, 3)
    six = block.modulation(emb * emb.sigmoid()).reshape(2, 6, 4)

    def modulated(tokens, shift, scale):
        mean, var = tokens.mean(-1, keepdim=True), tokens.var(-1, correction=0, keepdim=True)
        return (tokens - mean) / (var + 1e-6).sqrt() * (1 + scale) + shift

    for b in range(2):
        inner = block.attention(modulated(x[b : b + 1], six[b, 0], six[b, 1]))[0]
        h = x[b] + six[b, 2] * inner
        expected = h + six[b, 5] * block.mlp(modulated(h, six[b, 3], six[b, 4]))
        torch.testing.assert_close(block(x, emb)[b], expected)


def test_unet_of_two_levels_written_out():
    unet = randomised(networks.UNet(2, (4, 8), 6))
    x, t = torch.randn(2, 2, 4, 6), torch.tensor([3, 700])
    emb = unet.embed(networks.time_embedding(t, 6))
    fine = unet.down[0](unet.stem(x), emb)
    coarse = unet.down[1](unet.downsample[0](fine), emb)
    middle = unet.middle2(unet.middle_attention(unet.middle1(coarse, emb)), emb)
    up = unet.upsample[0](unet.up[1](torch.cat([middle, coarse], 1), emb))
    expected = unet.out(F.silu(unet.norm(unet.up[0](torch.cat([up, fine], 1), emb))))
    torch.testing.assert_close(unet(x, t), expected)


def test_unet_sees_the_whole_image():
    """Every output pixel depends on every input pixel, through the attention in the middle."""
    unet = randomised(networks.UNet(1, (4, 4), 4))
    jacobian = torch.autograd.functional.jacobian(
        lambda x: unet(x, torch.tensor([5])), torch.randn(1, 1, 8, 8)
    )
    assert jacobian.reshape(64, 64).abs().min() > 0
