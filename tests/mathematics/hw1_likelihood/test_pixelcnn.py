"""Q4's reference against enumeration, Jacobians, quadrature and distribution functions."""

import itertools
import math

import pytest
import torch
from likelihood import pixelcnn
from likelihood.pixelcnn import PixelCNN, sample_categorical
from likelihood.pixelcnn import discretized_logistic_mixture_log_prob as mixture_log_prob

pytestmark = pytest.mark.usefixtures("double", "seeded")


def random_model(**kwargs):
    model = PixelCNN(**kwargs)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


def all_images(levels, height, width):
    pixels = itertools.product(range(levels), repeat=height * width)
    return torch.tensor(list(pixels)).reshape(-1, height, width)


def test_masks_of_size_three_by_hand():
    assert pixelcnn.build_mask("A", 3).tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    assert pixelcnn.build_mask("B", 3).tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
    assert pixelcnn.build_mask("A", 1).tolist() == [[0]]
    assert pixelcnn.build_mask("B", 1).tolist() == [[1]]


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_type_a_and_reversed_type_b_share_the_kernel_out(size):
    a, b = pixelcnn.build_mask("A", size), pixelcnn.build_mask("B", size)
    assert torch.equal(a + b.flip(0, 1), torch.ones(size, size))


@pytest.mark.parametrize(("kind", "size"), [("C", 3), ("a", 3), ("A", 4)])
def test_bad_masks_are_refused(kind, size):
    with pytest.raises(ValueError, match="must be"):
        pixelcnn.build_mask(kind, size)


@pytest.mark.parametrize("kind", ["A", "B"])
def test_masked_convolution_is_a_sum_over_earlier_neighbours(kind):
    layer = pixelcnn.MaskedConv2d(kind, 2, 3, 3)
    x = torch.randn(2, 2, 4, 5)
    expected = layer.bias[:, None, None].expand(2, 3, 4, 5).clone()
    offsets = [(-1, -1), (-1, 0), (-1, 1), (0, -1)] + ([(0, 0)] if kind == "B" else [])
    for i, j in itertools.product(range(4), range(5)):
        for a, b in offsets:
            if 0 <= i + a < 4 and 0 <= j + b < 5:
                expected[:, :, i, j] += x[:, :, i + a, j + b] @ layer.weight[:, :, a + 1, b + 1].T
    torch.testing.assert_close(layer(x), expected)


def dependence(kernel_size, num_layers, height=5, width=5):
    """[pixel of the logits, pixel of the features]: whether the one depends on the other."""
    model = random_model(levels=3, channels=8, num_layers=num_layers, kernel_size=kernel_size)

    def stack(h):
        h = model.layers[0](h)
        for layer in model.layers[1:]:
            h = h + layer(torch.tanh(h))
        return model.out(h)[0].sum(0)

    jacobian = torch.autograd.functional.jacobian(stack, torch.randn(1, 1, height, width))
    return jacobian.reshape(height * width, height * width) != 0


def test_no_logit_depends_on_its_own_or_a_later_pixel():
    depends = dependence(kernel_size=3, num_layers=4)
    assert not depends.triu().any()
    assert depends[:, 0][1:].all()


def test_blind_spot():
    """A pixel above, far to the right stays unseen however many layers there are."""
    depends = dependence(kernel_size=3, num_layers=8)
    last_row_first_column, row_above_third_column = 4 * 5, 3 * 5 + 2
    assert not depends[last_row_first_column, row_above_third_column]
    assert depends[last_row_first_column, row_above_third_column - 1]


@pytest.mark.parametrize("label", [None, 0, 1])
def test_probabilities_of_all_images_sum_to_one(label):
    model = random_model(levels=3, channels=4, num_layers=3, kernel_size=3, num_classes=2)
    x = all_images(3, 2, 2)
    y = None if label is None else torch.full((len(x),), label)
    assert model.log_prob(x, y).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_log_prob_is_the_sum_of_the_conditionals():
    model = random_model(levels=4, channels=4, num_layers=2, kernel_size=3, num_classes=3)
    x, y = torch.randint(0, 4, (5, 3, 4)), torch.tensor([0, 1, 2, 1, 0])
    total = torch.zeros(5)
    for i, j in itertools.product(range(3), range(4)):
        known = x.clone()
        known.flatten(1)[:, 4 * i + j :] = 0
        conditional = torch.distributions.Categorical(logits=model(known, y)[:, :, i, j])
        total += conditional.log_prob(x[:, i, j])
    torch.testing.assert_close(model.log_prob(x, y), total)


def test_new_model_treats_all_classes_alike():
    model = PixelCNN(levels=4, channels=4, num_layers=2, kernel_size=3, num_classes=3)
    x = torch.randint(0, 4, (3, 3, 4))
    assert torch.equal(model(x), model(x, torch.arange(3)))


def test_class_bias_is_the_bias_of_a_convolution():
    model = random_model(levels=3, channels=4, num_layers=3, kernel_size=3, num_classes=2)
    x = torch.randint(0, 3, (2, 4, 3))
    labelled = model(x, torch.tensor([1, 1]))
    with torch.no_grad():
        for layer, bias in zip(model.layers, model.class_bias[:, 1], strict=True):
            layer.bias += bias
    torch.testing.assert_close(model(x), labelled)


def test_draws_have_the_given_frequencies():
    logits = torch.randn(1, 5)
    u = (torch.arange(100_000) + 0.5) / 100_000
    classes = sample_categorical(logits.expand(len(u), 5), u)
    assert torch.equal(classes, classes.sort().values)
    shares = classes.bincount(minlength=5) / len(u)
    torch.testing.assert_close(shares, logits.softmax(1)[0], rtol=0, atol=2e-5)


def test_draws_at_both_ends():
    logits = torch.tensor([[-1e4, 0.0, 0.0, -1e4]] * 2)
    u = torch.tensor([0.0, 1 - 1e-9])
    assert sample_categorical(logits, u).tolist() == [1, 2]
    assert sample_categorical(torch.zeros(1, 4), torch.ones(1)).tolist() == [3]


def test_samples_have_the_probabilities_of_the_model():
    model = random_model(levels=2, channels=4, num_layers=2, kernel_size=3)
    grid = (torch.arange(40) + 0.5) / 40
    u = torch.cartesian_prod(grid, grid, grid).reshape(-1, 1, 3)
    numbers = model.sample(u).flatten(1) @ torch.tensor([4, 2, 1])
    shares = numbers.bincount(minlength=8) / len(u)
    torch.testing.assert_close(
        shares, model.log_prob(all_images(2, 1, 3)).exp().detach(), rtol=0, atol=0.03
    )


def test_completion_with_the_same_uniforms_reproduces_a_sample():
    model = random_model(levels=4, channels=4, num_layers=2, kernel_size=3, num_classes=2)
    u, y = torch.rand(6, 4, 3), torch.tensor([0, 1, 0, 1, 0, 1])
    x = model.sample(u, y)
    assert x.unique().tolist() == [0, 1, 2, 3]
    for num_rows in range(5):
        damaged = x.clone()
        damaged[:, num_rows:] = 3
        assert torch.equal(model.complete(damaged, num_rows, u, y), x)


def random_mixture(batch, dims, components):
    shape = batch, dims, components
    return torch.randn(shape), torch.randn(shape) / 2, torch.randn(shape) - 1


@pytest.mark.parametrize("levels", [2, 3, 17, 256])
def test_masses_of_all_levels_sum_to_one(levels):
    parameters = [p.expand(levels, 1, 3) for p in random_mixture(1, 1, 3)]
    log_p = mixture_log_prob(torch.arange(levels)[:, None], *parameters, levels)
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_masses_are_integrals_of_the_logistic_density():
    logits, means, log_scales = (p.expand(5, 1, 2) for p in random_mixture(1, 1, 2))
    log_p = mixture_log_prob(torch.arange(5)[:, None], logits, means, log_scales, 5)
    weights, scales = logits[0, 0].softmax(0), log_scales[0, 0].exp()
    borders = [-60.0, -0.75, -0.25, 0.25, 0.75, 60.0]
    for level in range(5):
        grid = torch.linspace(borders[level], borders[level + 1], 200_001)
        z = (grid[:, None] - means[0, 0]) / scales
        density = (weights * torch.exp(-z.abs()) / (scales * (1 + torch.exp(-z.abs())) ** 2)).sum(1)
        mass = torch.trapezoid(density, grid).item()
        assert log_p[level].exp().item() == pytest.approx(mass, rel=1e-5)


def test_dimensions_are_independent_mixtures():
    logits, means, log_scales = random_mixture(4, 3, 2)
    x = torch.randint(0, 6, (4, 3))
    v, scales = 2 * x[..., None] / 5 - 1, log_scales.exp()
    upper = torch.where(x[..., None] == 5, 1.0, torch.sigmoid((v + 0.2 - means) / scales))
    lower = torch.where(x[..., None] == 0, 0.0, torch.sigmoid((v - 0.2 - means) / scales))
    expected = (logits.softmax(-1) * (upper - lower)).sum(-1).log().sum(1)
    torch.testing.assert_close(mixture_log_prob(x, logits, means, log_scales, 6), expected)


@pytest.mark.parametrize("mean", [-2000.0, 2000.0])
def test_far_tail_is_exponential(mean):
    """sigmoid(a) - sigmoid(b) tends to exp(a) - exp(b) where both are small."""
    one = torch.ones(1, 1, 1)
    log_p = mixture_log_prob(torch.tensor([[3]]), one, mean * one, 0 * one, 5)
    expected = -(abs(mean) - math.copysign(0.5, mean)) + math.log(2 * math.sinh(0.25))
    assert log_p.item() == pytest.approx(expected, rel=1e-12)


def test_wide_components_stay_precise():
    one = torch.ones(1, 1, 1)
    log_p = mixture_log_prob(torch.tensor([[2]]), one, 0 * one, 40 * one, 5)
    assert log_p.item() == pytest.approx(math.log(0.5 / 4) - 40, rel=1e-12)


def test_mixture_gradients():
    x = torch.tensor([[0, 3], [4, 1]])
    inputs = [p.requires_grad_() for p in random_mixture(2, 2, 2)]
    assert torch.autograd.gradcheck(lambda *p: mixture_log_prob(x, *p, 5), inputs)


def test_everything_follows_dtype_and_device():
    model = random_model(levels=3, channels=2, num_layers=2, kernel_size=3, num_classes=2)
    model = model.to("meta", torch.float32)
    x = torch.zeros(2, 3, 3, dtype=torch.int64, device="meta")
    y = torch.zeros(2, dtype=torch.int64, device="meta")
    u = torch.zeros(2, 3, 3, device="meta")
    logits, sample = model(x, y), model.sample(u, y)
    assert (logits.device.type, logits.dtype) == ("meta", torch.float32)
    assert (sample.device.type, sample.dtype) == ("meta", torch.int64)
    parameters = [p.to("meta", torch.float32) for p in random_mixture(2, 3, 2)]
    log_p = mixture_log_prob(x[:, 0], *parameters, 3)
    assert (log_p.device.type, log_p.dtype, log_p.shape) == ("meta", torch.float32, (2,))


def test_gradient_reaches_every_parameter():
    model = random_model(levels=3, channels=3, num_layers=3, kernel_size=3, num_classes=2)
    x, y = torch.randint(0, 3, (4, 3, 3)), torch.tensor([0, 1, 1, 0])
    model.log_prob(x, y).mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
