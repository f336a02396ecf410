"""Public checks of Q6, normalizing flows."""

import math

import pytest
import torch
from checks import has_shape
from likelihood import flows
from torch import nn


def example_net():
    """A network for a coupling of three entries that looks at everything it is given."""
    net = nn.Linear(3, 6)
    weight = torch.tensor([[1, -2, 1], [0.5, 1, 2], [-1, 1, 1], [2, 0, 1], [1, 1, -1], [0.3, 2, 1]])
    net.load_state_dict({"weight": weight, "bias": torch.linspace(-0.5, 0.5, 6)})
    return net


def example_coupling():
    layer = flows.AffineCoupling(torch.tensor([1.0, 0.0, 0.0]), net=example_net())
    with torch.no_grad():
        layer.scale.fill_(0.7)
    return layer


def example_actnorm():
    layer = flows.ActNorm(2)
    with torch.no_grad():
        layer.log_scale.copy_(torch.tensor([math.log(2.0), math.log(3.0)]))
        layer.shift.copy_(torch.tensor([1.0, -1.0]))
    return layer


def example_linear():
    layer = flows.InvertibleLinear(3, torch.Generator().manual_seed(0))
    layer.permutation = torch.tensor([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    layer.sign = torch.tensor([1.0, -1.0, 1.0])
    with torch.no_grad():
        layer.lower.copy_(torch.arange(9.0).view(3, 3) / 10)
        layer.upper.copy_(torch.arange(9.0, 0, -1).view(3, 3) / 10)
        layer.log_diagonal.copy_(torch.tensor([0.2, -0.3, 0.4]))
    return layer


def example_maf():
    maf = flows.MAF(4, hidden=5)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in maf.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return maf


class Double(nn.Module):
    """z = 2 x."""

    def forward(self, x):
        return 2 * x, x.new_full((x.shape[0],), x[0].numel() * math.log(2))

    def inverse(self, z):
        return z / 2, z.new_full((z.shape[0],), -z[0].numel() * math.log(2))


class AddOne(nn.Module):
    """z = x + 1."""

    def forward(self, x):
        return x + 1, x.new_zeros(x.shape[0])

    def inverse(self, z):
        return z - 1, z.new_zeros(z.shape[0])


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def jacobian_log_det(function, x):
    """log |det| of the Jacobian of a layer's map at each example, by automatic differentiation."""
    size = x[0].numel()
    found = []
    for row in x:
        jacobian = torch.autograd.functional.jacobian(lambda v: function(v[None])[0][0], row)
        found.append(torch.linalg.slogdet(jacobian.reshape(size, size)).logabsdet)
    return torch.stack(found)


def check_direction(function, x, call, fact):
    """A layer's output has the right form, and its log-determinant is that of its own Jacobian."""
    out, log_det = function(x)
    has_shape(out, x.shape, f"{call} of shape {tuple(x.shape)} keeps the shape")
    has_shape(
        log_det,
        x.shape[:1],
        f"{call} of shape {tuple(x.shape)}: the log-determinant is one number per example",
    )
    expected = jacobian_log_det(function, x)
    assert torch.allclose(log_det, expected, atol=1e-4), (
        f"{call} of shape {tuple(x.shape)} returns log_det = {log_det.tolist()}, but the "
        f"Jacobian of the very map it computes has {expected.tolist()} (by autograd). {fact}"
    )


def check_round_trip(layer, x, name):
    z, _ = layer(x)
    again, _ = layer.inverse(z)
    assert torch.allclose(again, x, atol=1e-4), (
        f"{name}: inverse(forward(x)) is not x; the largest difference is "
        f"{(again - x).abs().max():.2g}. Undo the steps of `forward` in the opposite order."
    )


@pytest.mark.part("a")
def test_coupling_conditioner_looks_at_masked_entries_only():
    layer, x = example_coupling(), random(4, 3)
    s, t = layer.log_scale_and_shift(x)
    before = torch.cat([s, t], dim=1)
    after = torch.cat(layer.log_scale_and_shift(x + torch.tensor([0.0, 5.0, -5.0])), dim=1)
    assert torch.equal(before, after), (
        "log_scale_and_shift(x) changes when entries with mask 0 change. The network may see "
        "mask * x only."
    )
    assert not before[:, [0, 3]].any(), (
        "log_scale_and_shift: s and t must be zero where the mask is 1, so that these entries pass "
        "through."
    )
    assert s.abs().max() <= 0.7, (
        "log_scale_and_shift: |s| exceeds the parameter `scale`, 0.7 here; s = (1 - mask) * scale "
        "* tanh(r), with the tanh first."
    )


@pytest.mark.part("a")
def test_coupling_by_hand():
    net = nn.Linear(2, 4)
    weight = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 0.0], [4.0, 0.0]])
    net.load_state_dict({"weight": weight, "bias": torch.zeros(4)})
    layer = flows.AffineCoupling(torch.tensor([1.0, 0.0]), net=net)
    z, log_det = layer(torch.tensor([[0.1, 3.0]]))
    s = math.tanh(0.2)
    assert torch.allclose(z, torch.tensor([[0.1, 3.0 * math.exp(s) + 0.4]])), (
        f"forward([0.1, 3]) = {z.tolist()}. Here s = tanh(0.2) and t = 0.4 for the second entry: "
        f"z = x * exp(s) + t."
    )
    assert torch.allclose(log_det, torch.tensor([s])), (
        f"forward([0.1, 3]) has log_det {log_det.tolist()}; the second entry is stretched by "
        f"exp(s) with s = tanh(0.2) and the first is not."
    )


@pytest.mark.part("a")
def test_coupling_log_determinants_and_round_trip():
    layer = example_coupling()
    fact = "It is the sum of s over all entries, and its sign turns with the direction."
    check_direction(layer, random(4, 3), "AffineCoupling.forward(x)", fact)
    check_direction(layer.inverse, random(4, 3), "AffineCoupling.inverse(z)", fact)
    check_round_trip(layer, random(4, 3), "AffineCoupling")


@pytest.mark.part("b")
@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 3, 4)])
def test_actnorm_standardises_the_first_batch(shape):
    x = 5 + 3 * random(*shape)
    layer = flows.ActNorm(2)
    layer.initialize(x)
    values = x.movedim(1, 0).flatten(1)
    scale, shift = layer.log_scale.exp()[:, None], layer.shift[:, None]
    values = (values * scale + shift).detach()
    mean, var = values.mean(dim=1), values.var(dim=1, correction=0)
    call = f"After initialize(x) with x of shape {shape}"
    assert torch.allclose(mean, torch.zeros(2), atol=1e-4), (
        f"{call}, the channels of x * exp(log_scale) + shift have "
        f"the means {mean.tolist()}; they must be 0. The shift is added after scaling."
    )
    assert torch.allclose(var, torch.ones(2), atol=1e-3), (
        f"{call}, the channels of x * exp(log_scale) + shift have "
        f"the biased variances {var.tolist()}; they must be 1."
    )


@pytest.mark.part("b")
def test_actnorm_by_hand():
    z, _ = example_actnorm()(torch.tensor([[1.0, 1.0], [0.0, 2.0]]))
    expected = torch.tensor([[3.0, 2.0], [1.0, 5.0]])
    assert torch.allclose(z, expected), (
        f"With scales 2, 3 and shifts 1, -1, forward([[1, 1], [0, 2]]) = {z.tolist()}; "
        f"z = x * exp(log_scale) + shift gives {expected.tolist()}."
    )


@pytest.mark.part("b")
@pytest.mark.parametrize("shape", [(3, 2), (3, 2, 2, 3)])
def test_actnorm_log_determinants_and_round_trip(shape):
    layer = example_actnorm()
    fact = "For an image every one of the H W positions counts."
    check_direction(layer, random(*shape), "ActNorm.forward(x)", fact)
    check_direction(layer.inverse, random(*shape), "ActNorm.inverse(z)", fact)
    check_round_trip(layer, random(*shape), "ActNorm")


@pytest.mark.part("c")
def test_linear_factors_are_triangular():
    layer = example_linear()
    lower, upper = layer.factors()
    assert torch.equal(lower, lower.tril()), (
        f"factors(): L must be lower triangular; yours is {lower.tolist()}."
    )
    assert torch.equal(lower.diagonal(), torch.ones(3)), (
        f"factors(): L must have ones on its diagonal; yours is {lower.diagonal().tolist()}."
    )
    assert torch.equal(upper, upper.triu()), (
        f"factors(): U must be upper triangular; yours is {upper.tolist()}."
    )
    expected = torch.tensor([1, -1, 1]) * torch.tensor([0.2, -0.3, 0.4]).exp()
    assert torch.allclose(upper.diagonal(), expected), (
        f"factors(): with sign (1, -1, 1) and log_diagonal (0.2, -0.3, 0.4) the diagonal of U is "
        f"sign * exp(log_diagonal); yours is {upper.diagonal().tolist()}."
    )


@pytest.mark.part("c")
def test_linear_layer_of_two_channels_by_hand():
    layer = flows.InvertibleLinear(2, torch.Generator().manual_seed(0))
    layer.permutation = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    layer.sign = torch.tensor([1.0, -1.0])
    with torch.no_grad():
        layer.lower.copy_(torch.tensor([[0.0, 0.0], [0.5, 0.0]]))
        layer.upper.copy_(torch.tensor([[0.0, 3.0], [0.0, 0.0]]))
        layer.log_diagonal.copy_(torch.tensor([2.0, 4.0]).log())
    z, _ = layer(torch.tensor([[1.0, 10.0]]))
    assert torch.allclose(z, torch.tensor([[-24.0, 32.0]]), atol=1e-4), (
        f"With L = [[1, 0], [0.5, 1]], U = [[2, 3], [0, -4]] and a swap P, W = P L U is "
        f"[[1, -2.5], [2, 3]] and W (1, 10) = (-24, 32); forward gives {z.tolist()}."
    )


@pytest.mark.part("c")
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 2, 3)])
def test_linear_log_determinants_and_round_trip(shape):
    layer = example_linear()
    fact = "It is H W times the sum of log_diagonal, and its sign turns with the direction."
    check_direction(layer, random(*shape), "InvertibleLinear.forward(x)", fact)
    check_direction(layer.inverse, random(*shape), "InvertibleLinear.inverse(z)", fact)
    check_round_trip(layer, random(*shape), "InvertibleLinear")


@pytest.mark.part("d")
def test_squeeze_by_hand():
    image = torch.tensor([[[[1, 2, 3, 4], [5, 6, 7, 8]]]])
    out = flows.squeeze(image)
    expected = torch.tensor([[[[1, 3]], [[2, 4]], [[5, 7]], [[6, 8]]]])
    assert torch.equal(out, expected), (
        f"squeeze of the rows 1 2 3 4 and 5 6 7 8 gives {out.tolist()}. The block 1 2, 5 6 turns "
        f"into the channels of the first pixel, in reading order: {expected.tolist()}."
    )
    two = flows.squeeze(torch.cat([image, image + 10], dim=1))
    assert torch.equal(two, torch.cat([expected, expected + 10], dim=1)), (
        "squeeze of two channels: the first four channels that come out belong to the first one."
    )


@pytest.mark.part("d")
def test_unsqueeze_undoes_squeeze():
    x = random(2, 3, 4, 6)
    again = flows.unsqueeze(flows.squeeze(x))
    assert torch.equal(again, x), (
        f"unsqueeze(squeeze(x)) is not x for x of shape (2, 3, 4, 6); its shape is "
        f"{tuple(again.shape)}."
    )


@pytest.mark.part("d")
def test_squeeze_and_unsqueeze_refuse_wrong_sizes():
    for function, shape in ((flows.squeeze, (1, 4, 3, 4)), (flows.unsqueeze, (1, 6, 2, 2))):
        try:
            function(torch.zeros(shape))
        except ValueError:
            continue
        pytest.fail(f"{function.__name__} of shape {shape} must raise ValueError.")


@pytest.mark.part("e")
def test_flow_composes_layers_in_order():
    x = torch.tensor([[1.0, 2.0, 3.0]])
    z, log_det = flows.Flow([Double(), AddOne(), Double()])(x)
    assert torch.equal(z, 4 * x + 2), (
        f"Flow([double, add one, double]) maps {x.tolist()} to {z.tolist()}; it should be 4 x + 2."
    )
    assert torch.allclose(log_det, torch.tensor([6 * math.log(2)])), (
        f"Two doublings of three dimensions have the log-determinant 6 log 2; you return "
        f"{log_det.tolist()}."
    )


@pytest.mark.part("e")
def test_flow_log_prob_is_a_density():
    flow = flows.Flow([AddOne(), Double()])
    x = torch.tensor([[-1.0, -1.0], [0.0, 0.5]])
    expected = torch.distributions.Normal(-1.0, 0.5).log_prob(x).sum(dim=1)
    log_prob = flow.log_prob(x)
    has_shape(log_prob, (2,), "Flow.log_prob of x (2, 2): one log-density per example")
    assert torch.allclose(log_prob, expected), (
        f"Flow([add one, double]) makes x normal with mean -1 and standard deviation 1/2, so "
        f"log_prob is {expected.tolist()}; yours is {log_prob.tolist()}."
    )


@pytest.mark.part("e")
def test_flow_samples_come_with_their_density():
    noise = torch.tensor([[0.0, 0.0], [1.0, -2.0]])
    x, log_prob = flows.Flow([AddOne(), Double()]).sample(noise)
    assert torch.equal(x, noise / 2 - 1), (
        f"Flow([add one, double]).sample(noise): undo the doubling first, then the one: "
        f"noise / 2 - 1. You return {x.tolist()}."
    )
    expected = torch.distributions.Normal(-1.0, 0.5).log_prob(x).sum(dim=1)
    assert torch.allclose(log_prob, expected), (
        f"The samples are normal with mean -1 and standard deviation 1/2, so their log-density is "
        f"{expected.tolist()}; yours is {log_prob.tolist()}."
    )


@pytest.mark.part("f")
def test_maf_standardises():
    def net(x):
        return torch.full_like(x, 3.0), torch.full_like(x, math.log(2.0))

    maf = flows.MAF(2, net=net)
    z, log_det = maf(torch.tensor([[5.0, 1.0]]))
    assert torch.allclose(z, torch.tensor([[1.0, -1.0]])), (
        f"With all means 3 and standard deviations 2, forward([5, 1]) is [1, -1]; you return "
        f"{z.tolist()}."
    )
    assert torch.allclose(log_det, torch.tensor([-2 * math.log(2)])), (
        f"Two divisions by 2 have the log-determinant -2 log 2; you return {log_det.tolist()}."
    )


@pytest.mark.part("f")
def test_maf_inverse_makes_one_dimension_after_the_other():
    maf, x = example_maf(), random(3, 4)
    check_round_trip(maf, x, "MAF")
    fact = "Take a from a pass in which x is complete."
    check_direction(maf, x, "MAF.forward(x)", fact)
    check_direction(maf.inverse, x, "MAF.inverse(z)", fact)
