"""The flows reference against autograd Jacobians, closed forms and numerical integration."""

import math
from collections.abc import Callable

import pytest
import torch
from likelihood.flows import (
    MAF,
    ActNorm,
    AffineCoupling,
    Flow,
    Inverse,
    InvertibleLinear,
    PrefixNet,
    Reverse,
    Squeeze,
    squeeze,
    unsqueeze,
)
from torch import Tensor, nn

pytestmark = pytest.mark.usefixtures("double", "seeded")


def scrambled(layer: nn.Module, std: float = 0.5) -> nn.Module:
    """The layer with every parameter drawn anew: no zeros, no identity."""
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=std)
    return layer


def log_det_by_autograd(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """log |det| of the Jacobian at each example."""
    jacobians = [
        torch.autograd.functional.jacobian(lambda v: function(v[None])[0], row) for row in x
    ]
    size = x[0].numel()
    return torch.stack([torch.linalg.slogdet(j.reshape(size, size)).logabsdet for j in jacobians])


CHECKERBOARD = (torch.arange(3)[:, None, None] + torch.arange(2)[:, None] + torch.arange(4)) % 2

LAYERS = {
    "coupling": (lambda: AffineCoupling(torch.tensor([1, 0, 0, 1, 0]), hidden=8), (5,)),
    "image coupling": (lambda: AffineCoupling(CHECKERBOARD, hidden=4), (3, 2, 4)),
    "actnorm": (lambda: ActNorm(5), (5,)),
    "image actnorm": (lambda: ActNorm(3), (3, 2, 4)),
    "linear": (lambda: InvertibleLinear(5), (5,)),
    "image linear": (lambda: InvertibleLinear(3), (3, 2, 4)),
    "squeeze": (Squeeze, (3, 2, 4)),
    "reverse": (Reverse, (5,)),
    "maf": (lambda: MAF(5, hidden=8), (5,)),
    "iaf": (lambda: Inverse(MAF(5, hidden=8)), (5,)),
    "flow": (
        lambda: Flow([ActNorm(4), InvertibleLinear(4), MAF(4, hidden=3), Reverse(), MAF(4, 3)]),
        (4,),
    ),
}


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "flow"])
@pytest.mark.parametrize("batch", [1, 3])
def test_log_determinants_are_those_of_the_jacobian(name: str, batch: int) -> None:
    make, shape = LAYERS[name]
    layer, x = scrambled(make()), torch.randn(batch, *shape)
    z, log_det = layer(x)
    torch.testing.assert_close(log_det, log_det_by_autograd(lambda v: layer(v)[0], x))
    x_again, inverse_log_det = layer.inverse(z)
    torch.testing.assert_close(x_again, x)
    by_autograd = log_det_by_autograd(lambda v: layer.inverse(v)[0], z)
    torch.testing.assert_close(inverse_log_det, by_autograd)
    assert log_det.shape == inverse_log_det.shape == (batch,)


def test_coupling_keeps_the_masked_entries_and_is_conditioned_on_nothing_else() -> None:
    mask = torch.tensor([1, 0, 0, 1, 0])
    layer, x = scrambled(AffineCoupling(mask, hidden=8)), torch.randn(4, 5)
    z, log_det = layer(x)
    assert torch.equal(z[:, mask == 1], x[:, mask == 1])
    moved = torch.where(mask == 1, x, x + 1)
    assert torch.equal(layer(moved)[1], log_det)
    assert not torch.isclose(layer(torch.where(mask == 1, x + 1, x))[1], log_det).any()


def test_coupling_of_two_dimensions_by_hand() -> None:
    net = nn.Linear(2, 4)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, 9], [2, 9], [3, 9], [4, 9]]))
        net.bias.zero_()
    layer = AffineCoupling(torch.tensor([1, 0]), net=net)
    nn.init.constant_(layer.scale, 0.5)
    z, log_det = layer(torch.tensor([[0.1, 3.0]]))
    s = 0.5 * math.tanh(0.2)
    torch.testing.assert_close(z, torch.tensor([[0.1, 3 * math.exp(s) + 0.4]]))
    torch.testing.assert_close(log_det, torch.tensor([s]))


@pytest.mark.parametrize("shape", [(50, 3), (4, 3, 5, 2)])
def test_actnorm_standardises_its_first_batch(shape: tuple[int, ...]) -> None:
    x = 7 + torch.randn(shape) * torch.tensor([0.1, 1.0, 20.0]).view(3, *[1] * (len(shape) - 2))
    layer = ActNorm(3, eps=0.0)
    layer.initialize(x)
    values = layer(x)[0].transpose(0, 1).flatten(1)
    torch.testing.assert_close(values.mean(dim=1), torch.zeros(3), atol=1e-10, rtol=0)
    torch.testing.assert_close((values**2).mean(dim=1), torch.ones(3))


def test_actnorm_survives_a_constant_channel() -> None:
    layer = ActNorm(2, eps=1e-4)
    layer.initialize(torch.tensor([[5.0, 1.0], [5.0, 3.0]]))
    expected = torch.tensor([-math.log(1e-2), -0.5 * math.log(1 + 1e-4)])
    torch.testing.assert_close(layer.log_scale.detach(), expected)


def test_linear_layer_starts_as_a_rotation() -> None:
    layer = InvertibleLinear(6, torch.Generator().manual_seed(1))
    weight = layer(torch.eye(6))[0].T
    torch.testing.assert_close(weight @ weight.T, torch.eye(6))
    torch.testing.assert_close(layer(torch.eye(6))[1], torch.zeros(6), atol=1e-12, rtol=0)


def test_linear_layer_by_hand() -> None:
    layer = InvertibleLinear(2)
    layer.permutation = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    layer.sign = torch.tensor([1.0, -1.0])
    with torch.no_grad():
        layer.lower.copy_(torch.tensor([[7.0, 7], [0.5, 7]]))
        layer.upper.copy_(torch.tensor([[7.0, 3], [7, 7]]))
        layer.log_diagonal.copy_(torch.tensor([2.0, 4.0]).log())
    # L = [[1, 0], [.5, 1]], U = [[2, 3], [0, -4]], so L U = [[2, 3], [1, -2.5]]
    z, log_det = layer(torch.tensor([[1.0, 10.0]]))
    torch.testing.assert_close(z, torch.tensor([[1.0 - 25.0, 2.0 + 30.0]]))
    torch.testing.assert_close(log_det, torch.tensor([math.log(8)]))


def test_squeeze_by_hand_and_as_pytorch_does_it() -> None:
    image = torch.tensor([[[[1, 2, 3, 4], [5, 6, 7, 8]]]])
    expected = torch.tensor([[[[1, 3]], [[2, 4]], [[5, 7]], [[6, 8]]]])
    assert torch.equal(squeeze(image), expected)
    x = torch.randn(2, 3, 4, 6)
    assert torch.equal(squeeze(x), nn.functional.pixel_unshuffle(x, 2))
    assert torch.equal(unsqueeze(squeeze(x)), x)


@pytest.mark.parametrize("shape", [(1, 4, 3, 4), (1, 4, 4, 3)])
def test_squeeze_refuses_odd_sizes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="even"):
        squeeze(torch.zeros(shape))


def test_unsqueeze_refuses_channels_that_do_not_fill_blocks() -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        unsqueeze(torch.zeros(1, 6, 2, 2))


def test_flow_composes_jacobians() -> None:
    make, shape = LAYERS["flow"]
    flow, x = scrambled(make(), std=0.3), torch.randn(3, *shape)
    z, log_det = flow(x)
    torch.testing.assert_close(log_det, log_det_by_autograd(lambda v: flow(v)[0], x))
    samples, log_prob = flow.sample(z)
    torch.testing.assert_close(samples, x)
    torch.testing.assert_close(log_prob, flow.log_prob(x))


def test_linear_flow_is_a_multivariate_normal() -> None:
    linear, norm = scrambled(InvertibleLinear(3)), scrambled(ActNorm(3))
    flow = Flow([linear, norm])
    weight = linear(torch.eye(3))[0].T * norm.log_scale.exp()[:, None]
    precision = weight.T @ weight
    mean = -torch.linalg.solve(weight, norm.shift)
    expected = torch.distributions.MultivariateNormal(mean, precision_matrix=precision)
    x = torch.randn(5, 3)
    torch.testing.assert_close(flow.log_prob(x), expected.log_prob(x))


@pytest.mark.parametrize("kind", ["coupling", "maf"])
def test_density_integrates_to_one(kind: str) -> None:
    mask = torch.tensor([1, 0])
    pairs = {
        "coupling": lambda: [AffineCoupling(mask, hidden=8), AffineCoupling(1 - mask, hidden=8)],
        "maf": lambda: [MAF(2, hidden=8), Reverse(), MAF(2, hidden=8)],
    }
    flow = scrambled(Flow(pairs[kind]()), std=0.3)
    axis = torch.linspace(-20, 20, 501)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        total = flow.log_prob(grid).exp().sum() * (axis[1] - axis[0]) ** 2
    assert total.item() == pytest.approx(1, abs=1e-3)


def test_maf_is_the_product_of_its_conditionals() -> None:
    maf, x = scrambled(MAF(4, hidden=6)), torch.randn(3, 4)
    mean, log_std = maf.net(x)
    conditionals = torch.distributions.Normal(mean, log_std.exp())
    torch.testing.assert_close(Flow([maf]).log_prob(x), conditionals.log_prob(x).sum(dim=1))


def test_maf_jacobian_is_triangular() -> None:
    maf = scrambled(MAF(5, hidden=6))
    for function in (maf.forward, maf.inverse):
        jacobian = torch.autograd.functional.jacobian(
            lambda v, function=function: function(v[None])[0][0], torch.randn(5)
        )
        assert torch.equal(jacobian.triu(1), torch.zeros(5, 5))
        assert (jacobian.tril(-1) != 0).sum() == 10


def test_prefix_net_sees_only_what_comes_before() -> None:
    net = scrambled(PrefixNet(5, 7))
    jacobian = torch.autograd.functional.jacobian(
        lambda v: torch.stack(net(v[None]))[:, 0], torch.randn(5)
    )
    assert torch.equal(jacobian.triu(), torch.zeros(2, 5, 5))
    assert (jacobian != 0).sum() == 20


def test_new_flow_is_the_identity_and_initialises_its_layers_in_turn() -> None:
    flow = Flow([AffineCoupling(torch.tensor([1, 0])), MAF(2), ActNorm(2), ActNorm(2)])
    x = 3 + 5 * torch.randn(50, 2)
    assert torch.equal(flow(x)[0], x)
    flow.initialize(x)
    z = flow(x)[0]
    torch.testing.assert_close(z.mean(dim=0), torch.zeros(2), atol=1e-6, rtol=0)
    torch.testing.assert_close(z.var(dim=0, correction=0), torch.ones(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(flow.layers[3].log_scale, torch.zeros(2), atol=1e-5, rtol=0)
