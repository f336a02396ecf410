"""Public checks of Q9: small cases that can be followed by hand."""

import math
from functools import partial

import checks
import pytest
import torch
from checks import has_default_dtype, has_shape
from diffusion import networks
from torch import Tensor, nn

close = partial(checks.close, atol=1e-5)  # float32


def fill(module: nn.Module, value: float) -> None:
    """Set every parameter of ``module`` to ``value``."""
    for parameter in module.parameters():
        nn.init.constant_(parameter, value)


@pytest.mark.part("a")
def test_time_embedding_by_hand():
    got = networks.time_embedding(torch.tensor([0.0, 2.0]), 4, max_period=100.0)
    cosines, sines = [math.cos(2), math.cos(0.2)], [math.sin(2), math.sin(0.2)]
    expected = torch.tensor([[1.0, 1.0, 0.0, 0.0], cosines + sines])
    close(got, expected, "time_embedding: four features, frequencies 1 and 0.1, at t = 0 and t = 2")


@pytest.mark.part("a")
def test_time_embedding_dtypes():
    whole = networks.time_embedding(torch.tensor([3, 7, 999]), 6)
    has_shape(whole, (3, 6), "time_embedding of three times, six features")
    has_default_dtype(
        lambda: networks.time_embedding(torch.tensor([3, 7, 999]), 6),
        "time_embedding of integer times",
    )
    double = networks.time_embedding(torch.tensor([3.5], dtype=torch.float64), 6)
    assert double.dtype == torch.float64, (
        f"time_embedding: float64 times give float64; got {double.dtype}"
    )
    assert abs(double[0, 0].item() - math.cos(3.5)) < 1e-6, (
        "time_embedding: the first feature at t = 3.5: cos(3.5)"
    )
    assert (whole.norm(dim=1) - math.sqrt(3)).abs().max() < 1e-5, (
        "time_embedding: cos^2 + sin^2 = 1 for each of the three frequencies, so the squared "
        "length is 3"
    )


@pytest.mark.part("b")
def test_residual_block_without_a_branch():
    """With the last convolution at zero, only the skip is left."""
    torch.manual_seed(0)
    x, emb = torch.randn(2, 4, 3, 5), torch.randn(2, 6)
    same, wider = networks.ResidualBlock(4, 4, 6), networks.ResidualBlock(4, 8, 6)
    for block in (same, wider):
        fill(block.conv2, 0.0)
    close(same(x, emb), x, "ResidualBlock: conv2 is zero, so it must return its input")
    close(wider(x, emb), wider.skip(x), "ResidualBlock: conv2 is zero, so it must return skip(x)")


@pytest.mark.part("b")
def test_residual_block_modulation():
    """With scale = -1 the image drops out of the branch, and the shift alone is left."""
    torch.manual_seed(0)
    block = networks.ResidualBlock(4, 4, 2)
    fill(block.film, 0.0)
    with torch.no_grad():
        block.film.bias.copy_(torch.tensor([-1.0] * 4 + [1.0, 2.0, 3.0, 4.0]))
        block.conv2.weight.zero_()
        block.conv2.weight[:, :, 1, 1] = torch.eye(4)
        block.conv2.bias.zero_()
    x, shift = torch.randn(3, 4, 2, 2), torch.tensor([1.0, 2.0, 3.0, 4.0])
    expected = x + (shift * shift.sigmoid())[:, None, None]
    message = (
        "ResidualBlock: film gives scale -1 and then shifts 1, 2, 3, 4, and conv2 copies its "
        "input: the result must be x + silu(shift), because (1 + scale) norm2(h) is zero"
    )
    close(block(x, torch.randn(3, 2)), expected, message)


def copying_attention(heads: int) -> networks.AttentionBlock:
    """Zero queries and keys, values equal to the normalised input, which go out unchanged."""
    block = networks.AttentionBlock(4, heads)
    fill(block, 0.0)
    with torch.no_grad():
        block.norm.bias.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))
        block.norm.weight.fill_(1.0)
        block.qkv.weight[8:, :, 0, 0] = torch.eye(4)
        block.out.weight[:, :, 0, 0] = torch.eye(4)
    return block


@pytest.mark.part("c")
@pytest.mark.parametrize("heads", [1, 2])
def test_attention_with_equal_scores_averages(heads):
    torch.manual_seed(0)
    x = torch.randn(2, 4, 2, 3)
    expected = x + torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None]
    message = (
        f"AttentionBlock: {heads} heads, queries and keys are zero: every pixel must get the plain "
        "mean of all values (here 1, 2, 3, 4 in the four channels), plus x"
    )
    close(copying_attention(heads)(x), expected, message)


@pytest.mark.part("c")
@pytest.mark.parametrize("heads", [1, 2])
def test_attention_of_two_pixels_by_hand(heads):
    """Two pixels that normalise to -1 and 1 in all channels; keys and values are just that."""
    block = copying_attention(heads)
    with torch.no_grad():
        block.norm.bias.zero_()
        block.qkv.weight[4:8, :, 0, 0] = torch.eye(4)
        block.qkv.bias[:4] = 1.0
    x = torch.tensor([-100.0, 100.0]).expand(1, 4, 1, 2)
    size = 4 // heads
    message = (
        f"AttentionBlock: {heads} heads of {size} features, all queries are 1, keys and values are "
        f"-1 at the first pixel and 1 at the second: scores -{size} and {size}, divided by "
        f"sqrt({size}), so both pixels get the value tanh(sqrt({size})), plus x"
    )
    close(block(x), x + math.tanh(math.sqrt(size)), message)


@pytest.mark.part("d")
def test_dit_block_starts_as_the_identity():
    torch.manual_seed(0)
    x = torch.randn(2, 5, 8)
    got = networks.DiTBlock(8, 2, 6)(x, torch.randn(2, 6))
    close(
        got, x, "DiTBlock: the modulation of a new block is zero, so both gates are closed: out = x"
    )


class Flip(nn.Module):
    """In place of attention: exchanges the tokens."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flip(1)


@pytest.mark.part("d")
def test_dit_block_by_hand():
    """Each of the six vectors is constant; the attention exchanges two tokens, the MLP is out."""
    block = networks.DiTBlock(2, 1, 3, attention=Flip())
    block.mlp = nn.Identity()
    with torch.no_grad():
        block.modulation.bias.copy_(torch.arange(1.0, 7.0).repeat_interleave(2))
    x = torch.tensor([[[5.0, 7.0], [0.0, -40.0]]])
    normalised = torch.tensor([[[-1.0, 1.0], [1.0, -1.0]]])
    h = x + 3 * (3 * normalised.flip(1) + 1)  # (17, 1) and (-6, -28)
    normalised = torch.tensor([[[1.0, -1.0], [1.0, -1.0]]])
    expected = h + 6 * (6 * normalised + 4)
    message = (
        "DiTBlock: shift, scale, gate are 1, 2, 3 for the attention, which is replaced by an "
        "exchange of the two tokens, and 4, 5, 6 for the MLP, which is replaced by the identity"
    )
    close(block(x, torch.zeros(1, 3)), expected, message)


CALLS: list[tuple] = []


class Recorder(nn.Module):
    """A block that notes what it is given and passes on the last of its channels, plus 1."""

    def __init__(self, in_channels: int, out_channels: int, emb_dim: int) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        assert x.shape[1] == self.in_channels, (
            f"UNet: a block for {self.in_channels} channels was given {x.shape[1]}: is a skip "
            "missing, or does it come from another level?"
        )
        assert (emb == 5).all(), "UNet: blocks get the result of self.embed, which is 5 here"
        CALLS.append((self.in_channels, self.out_channels, tuple(x.shape[2:])))
        return x[:, -self.out_channels :] + 1


class RecordingAttention(nn.Module):
    """An attention that notes that it was called, and passes on its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        CALLS.append(("attention", tuple(x.shape[2:])))
        return x


def recording_unet(widths: tuple[int, ...]) -> networks.UNet:
    CALLS.clear()
    torch.manual_seed(0)
    unet = networks.UNet(
        1,
        widths,
        6,
        embedding=lambda t, dim: t[:, None].expand(-1, dim),
        block=Recorder,
        attention=RecordingAttention,
    )
    fill(unet.embed, 0.0)
    nn.init.constant_(unet.embed[2].bias, 5.0)
    return unet


@pytest.mark.part("e")
def test_unet_visits_its_blocks():
    out = recording_unet((4, 8, 12))(torch.zeros(2, 1, 8, 4), torch.ones(2))
    has_shape(out, (2, 1, 8, 4), "UNet of images (2, 1, 8, 4)")
    expected = [
        *[(4, 4, (8, 4)), (8, 8, (4, 2)), (12, 12, (2, 1))],
        *[(12, 12, (2, 1)), ("attention", (2, 1)), (12, 12, (2, 1))],
        *[(24, 12, (2, 1)), (16, 8, (4, 2)), (8, 4, (8, 4))],
    ]
    assert expected == CALLS, (
        f"UNet: (channels in, channels out, size) of the blocks in order must be {expected}: three "
        f"down, block, attention, block in the middle, three up. They were {CALLS}"
    )


class Double(nn.Module):
    """In place of a normalisation, which would hide a constant."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


@pytest.mark.part("e")
def test_unet_joins_and_predicts():
    """One level; every block adds 1, and the last one passes on the skip only."""
    unet, x = recording_unet((4,)), torch.randn(1, 1, 4, 4)
    unet.norm = Double()
    message = (
        "UNet: every block adds 1, and the last block takes the second half of its input: that "
        "must be the skip, stem(x) + 1, as the block on the way down returned it. Then norm (here: "
        "times 2), silu, out"
    )
    expected = unet.out(nn.functional.silu(2 * (unet.stem(x) + 2)))
    close(unet(x, torch.ones(1)), expected, message)
