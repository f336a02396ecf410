"""Public tests of Q4. They are examples, not a proof: the grader tries more."""

import math

import pytest
import torch
from checks import has_default_dtype, has_shape
from likelihood import pixelcnn
from torch.nn import functional as F


def with_logits(logits, levels):
    """A PixelCNN whose network is replaced by a fixed table of logits, shape (B, K, H, W)."""
    model = pixelcnn.PixelCNN(levels, channels=1, num_layers=1, kernel_size=1)
    model.forward = lambda x, y=None: logits
    return model


@pytest.mark.part("a")
@pytest.mark.parametrize("size", [3, 5])
def test_mask_sees_what_comes_before_in_raster_order(size):
    visible = size * size // 2
    for kind, centre in (("A", 0), ("B", 1)):
        mask = pixelcnn.build_mask(kind, size)
        has_shape(mask, (size, size), f"build_mask({kind!r}, {size})")
        flat = mask.flatten().tolist()
        assert flat[:visible] == [1] * visible, (
            f"build_mask({kind!r}, {size}): all rows above the centre and the entries to its "
            f"left are 1, got\n{mask}"
        )
        assert flat[visible + 1 :] == [0] * visible, (
            f"build_mask({kind!r}, {size}): what follows the centre in raster order is 0, "
            f"got\n{mask}"
        )
        assert flat[visible] == centre, (
            f"build_mask: the centre of a mask of type {kind} is {centre}"
        )


@pytest.mark.part("a")
def test_mask_has_the_default_dtype():
    has_default_dtype(lambda: pixelcnn.build_mask("A", 3), "build_mask('A', 3)")


@pytest.mark.part("a")
@pytest.mark.parametrize("kind", ["A", "B"])
def test_no_output_sees_a_later_pixel(kind):
    torch.manual_seed(0)
    layer = pixelcnn.MaskedConv2d(kind, 1, 1, 3)
    x = torch.randn(1, 1, 4, 5, requires_grad=True)
    out = layer(x)
    has_shape(out, (1, 1, 4, 5), "MaskedConv2d of x (1, 1, 4, 5): padding keeps the size")
    (seen,) = torch.autograd.grad(out[0, 0, 2, 2], x)
    seen = seen[0, 0].ne(0).long().tolist()
    expected = [[0] * 5, [0, 1, 1, 1, 0], [0, 1, int(kind == "B"), 0, 0], [0] * 5]
    assert seen == expected, (
        f"MaskedConv2d: with a mask of type {kind} the output at row 2, column 2 depends on the "
        "pixels marked 1 in\n"
        f"{torch.tensor(seen)}\nbut it should depend on\n{torch.tensor(expected)}"
    )


@pytest.mark.part("a")
def test_masked_weight_is_not_overwritten():
    layer = pixelcnn.MaskedConv2d("A", 1, 2, 3)
    before = layer.weight.detach().clone()
    layer(torch.randn(2, 1, 4, 4)).sum().backward()
    assert torch.equal(layer.weight.detach(), before), (
        "MaskedConv2d: forward must not change the weight itself"
    )
    assert layer.weight.grad is not None, "MaskedConv2d: no gradient reaches the weight"
    assert layer.weight.grad[:, :, 1, 1:].eq(0).all(), (
        "MaskedConv2d: hidden entries of the weight get no gradient"
    )


@pytest.mark.part("b")
def test_logits_of_one_pixel_by_hand():
    model = pixelcnn.PixelCNN(3, channels=1, num_layers=2, kernel_size=1, num_classes=2)
    model.layers = torch.nn.ModuleList([torch.nn.Conv2d(1, 1, 1), torch.nn.Conv2d(1, 1, 1)])
    with torch.no_grad():
        for layer, weight, bias in zip(model.layers, (2.0, 3.0), (0.5, -1.0), strict=True):
            layer.weight.fill_(weight)
            layer.bias.fill_(bias)
        model.class_bias.copy_(torch.tensor([[[0.0], [1.0]], [[0.0], [-0.25]]]))
        model.out.weight.copy_(torch.tensor([1.0, -1.0, 2.0]).reshape(3, 1, 1, 1))
        model.out.bias.zero_()
    white = torch.tensor([[[2]]])
    # h = 1, h_0 = 2 * 1 + 0.5 = 2.5, h_1 = 2.5 + (3 * 2.5 - 1) = 9
    plain = model(white).flatten().tolist()
    assert plain == pytest.approx([9, -9, 18]), (
        "PixelCNN.forward: level 2 of 3 without a class: the logits are [9, -9, 18] by the "
        f"formula, not {plain}"
    )
    # h_0 = 2.5 + 1 = 3.5, h_1 = 3.5 + (3 * 3.5 - 1) - 0.25 = 12.75
    labelled = model(white, torch.tensor([1])).flatten().tolist()
    assert labelled == pytest.approx([12.75, -12.75, 25.5]), (
        "PixelCNN.forward: the same with class 1: the logits are [12.75, -12.75, 25.5], not "
        f"{labelled}"
    )


@pytest.mark.part("b")
def test_uniform_model():
    x = torch.randint(0, 4, (3, 2, 5), generator=torch.Generator().manual_seed(0))
    log_p = with_logits(torch.full((3, 4, 2, 5), 7.0), 4).log_prob(x)
    has_shape(log_p, (3,), "PixelCNN.log_prob of x (3, 2, 5): one number per image")
    expected = torch.full((3,), -10 * math.log(4))
    assert torch.allclose(log_p, expected), (
        "PixelCNN.log_prob: equal logits for 4 levels: each of the 2 x 5 pixels has probability "
        "1/4, so log p = -10 ln 4 = -13.86; "
        f"got {log_p.tolist()}"
    )


@pytest.mark.part("b")
def test_probabilities_of_all_images_sum_to_one():
    logits = torch.randn(1, 3, 1, 2, generator=torch.Generator().manual_seed(1))
    images = torch.cartesian_prod(torch.arange(3), torch.arange(3)).reshape(9, 1, 2)
    total = with_logits(logits.expand(9, 3, 1, 2), 3).log_prob(images).exp().sum().item()
    assert total == pytest.approx(1, abs=1e-5), (
        "PixelCNN.log_prob: the probabilities of all 9 images of two pixels with 3 levels sum to "
        f"{total:.4f}, not to 1"
    )


@pytest.mark.part("c")
def test_categorical_draws_by_hand():
    p = torch.tensor([0.2, 0.5, 0.3])
    u = torch.tensor([0.1, 0.3, 0.6, 0.8])
    drawn = pixelcnn.sample_categorical(p.log().expand(4, 3) + 5, u)
    assert drawn.dtype == torch.int64, (
        f"sample_categorical: classes have dtype int64, not {drawn.dtype}"
    )
    assert drawn.tolist() == [0, 1, 1, 2], (
        "sample_categorical: p = (0.2, 0.5, 0.3) has the running sums 0.2, 0.7, 1, so that u = "
        "0.1, 0.3, 0.6, 0.8 give the "
        f"classes 0, 1, 1, 2; got {drawn.tolist()}"
    )


@pytest.mark.part("c")
def test_sampling_continues_what_was_drawn():
    def counts_up(x, y=None):
        """The level after that of the pixel to the left, or above where there is none to the "
        "left."""
        above = F.pad(x, (0, 0, 1, 0))[:, :-1, :1]
        before = torch.cat([above, x[:, :, :-1]], dim=2)
        return 1e3 * F.one_hot((before + 1) % 5, 5).movedim(-1, 1).float()

    model = pixelcnn.PixelCNN(5, channels=1, num_layers=1, kernel_size=1)
    model.forward = counts_up
    x = model.sample(torch.full((2, 2, 3), 0.5))
    assert x.dtype == torch.int64, f"PixelCNN.sample: images have dtype int64, not {x.dtype}"
    assert x[0].tolist() == [[1, 2, 3], [2, 3, 4]], (
        "PixelCNN.sample: a network that always counts on from the pixel to the left gives the "
        "rows 1 2 3 and 2 3 4; "
        f"got {x[0].tolist()}. Does every pixel see those drawn before it?"
    )


@pytest.mark.part("c")
def test_completion_keeps_the_known_rows():
    logits = torch.zeros(2, 4, 4, 3)
    x = torch.arange(24).reshape(2, 4, 3) % 4
    before = x.clone()
    u = torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(2))
    done = with_logits(logits, 4).complete(x, 2, u)
    assert torch.equal(x, before), "complete must not change the images that it is given"
    has_shape(done, x.shape, "PixelCNN.complete of x (2, 4, 3) returns whole images")
    assert torch.equal(done[:, :2], x[:, :2]), (
        "PixelCNN.complete: the first num_rows = 2 rows must be kept"
    )
    assert torch.equal(done[:, 2:], (4 * u[:, 2:]).long()), (
        "PixelCNN.complete: with equal logits for 4 levels, a pixel drawn from u has level floor(4 "
        "u) with its own u[:, i, j]"
    )


@pytest.mark.part("d")
@pytest.mark.parametrize("levels", [2, 3, 17])
def test_probabilities_of_all_levels_sum_to_one(levels):
    generator = torch.Generator().manual_seed(levels)
    logits, means, log_scales = (torch.randn(1, 1, 3, generator=generator) for _ in range(3))
    log_p = pixelcnn.discretized_logistic_mixture_log_prob(
        torch.arange(levels)[:, None],
        *(t.expand(levels, 1, 3) for t in (logits, means, log_scales)),
        levels,
    )
    has_shape(
        log_p,
        (levels,),
        f"discretized_logistic_mixture_log_prob of x ({levels}, 1): one number per example",
    )
    total = log_p.exp().sum().item()
    assert total == pytest.approx(1, abs=1e-5), (
        f"discretized_logistic_mixture_log_prob: the probabilities of all {levels} levels sum to "
        f"{total:.4f}, not to 1. Do the first and the last bin "
        "reach to infinity, and do neighbouring bins touch?"
    )


@pytest.mark.part("d")
def test_three_levels_by_hand():
    x = torch.tensor([[0], [1], [2]])
    zero = torch.zeros(3, 1, 1)
    log_p = pixelcnn.discretized_logistic_mixture_log_prob(x, zero, zero, zero - math.log(2), 3)
    # levels at -1, 0, 1; the borders -1/2 and 1/2 are one scale from the mean
    edge = 1 / (1 + math.e)
    expected = [edge, 1 - 2 * edge, edge]
    assert log_p.exp().tolist() == pytest.approx(expected, abs=1e-5), (
        "discretized_logistic_mixture_log_prob: one component at 0 with scale 1/2 gives three "
        f"levels the probabilities {expected}, not {log_p.exp().tolist()}"
    )


@pytest.mark.part("d")
def test_a_far_component_stays_finite():
    mean = torch.full((1, 1, 1), 500.0, requires_grad=True)
    zero = torch.zeros(1, 1, 1)
    log_p = pixelcnn.discretized_logistic_mixture_log_prob(
        torch.tensor([[5]]), zero, mean, zero, 17
    )
    assert torch.isfinite(log_p).all(), (
        "discretized_logistic_mixture_log_prob: a component at 500 gives level 5 a tiny "
        "probability, exp(-502) or so, whose logarithm is finite; "
        f"got {log_p.item()}. Stay in log space."
    )
    (gradient,) = torch.autograd.grad(log_p.sum(), mean)
    assert gradient.item() == pytest.approx(-1, abs=1e-3), (
        "discretized_logistic_mixture_log_prob: far away the log-probability falls by 1 per unit "
        f"of the mean (at scale 1), not by {-gradient.item()}"
    )
