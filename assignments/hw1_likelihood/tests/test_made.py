"""Public checks of Q3, MADE."""

import itertools
import math

import pytest
import torch
from checks import close, has_shape
from likelihood import made
from torch import nn

ORDERINGS = [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 4, 0, 1, 3), (1, 2, 3, 4, 0)]


def reached_inputs(masks):
    """Which inputs (columns) have a path to which outputs (rows)."""
    paths = torch.eye(masks[0].shape[1])
    for mask in masks:
        paths = mask.to(paths.dtype) @ paths
    return paths > 0


def all_binary_vectors(num_dims):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=num_dims)))


def made_with(ordering, weight, bias):
    """A MADE whose logits are `x @ weight.T + bias`, whatever your masks and layers do."""
    ones = torch.ones(len(ordering), len(ordering), dtype=torch.bool)
    model = made.MADE(ordering, [], masks=[ones])
    model.net = nn.Linear(len(ordering), len(ordering))
    model.net.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
    return model


@pytest.mark.part("a")
@pytest.mark.parametrize("hidden_sizes", [[], [7], [5, 9, 6]])
def test_masks_have_the_form_of_weights(hidden_sizes):
    masks = made.build_masks([2, 0, 1], hidden_sizes)
    sizes = [3, *hidden_sizes, 3]
    expected = [(later, earlier) for earlier, later in itertools.pairwise(sizes)]
    shapes = [tuple(mask.shape) for mask in masks]
    assert shapes == expected, (
        f"build_masks([2, 0, 1], {hidden_sizes}) gives masks of shapes {shapes}. There is one mask "
        f"per layer, of shape (units of the later layer, units of the earlier layer): {expected}."
    )
    dtypes = {mask.dtype for mask in masks}
    assert dtypes == {torch.bool}, (
        f"build_masks: The masks must be of dtype torch.bool; yours are {dtypes}."
    )


@pytest.mark.part("a")
@pytest.mark.parametrize("hidden_sizes", [[], [7], [5, 9, 6]])
@pytest.mark.parametrize("ordering", ORDERINGS)
def test_outputs_see_earlier_inputs_only(ordering, hidden_sizes):
    reached = reached_inputs(made.build_masks(ordering, hidden_sizes))
    call = f"build_masks({ordering}, {hidden_sizes})"
    for i, d in enumerate(ordering):
        seen = set(reached[d].nonzero().flatten().tolist())
        too_many = seen - set(ordering[:i])
        assert not too_many, (
            f"{call}: dimension {d} comes in place {i} of the ordering, yet a path leads to its "
            f"output from the inputs {sorted(too_many)}, which do not come before it. Is the "
            "degree of a dimension its place in the ordering, and is the comparison at the output "
            "strict?"
        )
        missing = set(ordering[:i]) - seen
        assert not missing, (
            f"{call}: dimension {d} comes in place {i} of the ordering, yet no path leads to its "
            f"output from the inputs {sorted(missing)}, which come before it. Look at the degrees "
            "of the hidden units, and at where equal degrees stay connected."
        )


@pytest.mark.part("a")
def test_a_mask_by_hand():
    first, second = made.build_masks([1, 2, 0], [3])
    # Degrees: inputs and outputs 3, 1, 2; hidden units 1, 2, 1.
    by_hand = torch.tensor([[0, 1, 0], [0, 1, 1], [0, 1, 0]], dtype=torch.bool)
    assert first.tolist() == by_hand.tolist(), (
        "build_masks([1, 2, 0], [3]): dimensions 0, 1, 2 have the degrees 3, 1, 2 and the three "
        "hidden units 1, 2, 1; a hidden unit is connected to the inputs of at most its degree."
    )
    by_hand = torch.tensor([[1, 1, 1], [0, 0, 0], [1, 0, 1]], dtype=torch.bool)
    assert second.tolist() == by_hand.tolist(), (
        "build_masks([1, 2, 0], [3]): dimensions 0, 1, 2 have the degrees 3, 1, 2 and the three "
        "hidden units 1, 2, 1; an output is connected to the hidden units of a smaller degree."
    )


@pytest.mark.part("b")
def test_masked_layer_by_hand():
    layer = made.MaskedLinear(torch.tensor([[True, False, True], [False, False, False]]))
    state = {"weight": torch.tensor([[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]])}
    state |= {"bias": torch.tensor([0.5, -3.0]), "mask": layer.mask}
    layer.load_state_dict(state)
    y = layer(torch.tensor([[1.0, 1.0, 1.0], [2.0, 5.0, -1.0]]))
    expected = [[101.5, -3.0], [-97.5, -3.0]]
    assert y.tolist() == expected, (
        f"MaskedLinear with weights 1, 10, 100 and 2, 20, 200, of which the first row keeps the "
        f"outer two and the second none, and biases 0.5 and -3, must give {expected}; got "
        f"{y.tolist()}. Cut weights count as zero, and the bias is never masked."
    )


@pytest.mark.part("b")
def test_masked_layer_learns_where_the_mask_is_true():
    mask = torch.tensor([[True, False], [True, True]])
    layer = made.MaskedLinear(mask)
    before = layer.weight.detach().clone()
    layer(torch.ones(3, 2)).sum().backward()
    assert torch.equal(layer.weight, before), (
        "MaskedLinear: forward changed the parameter `weight`."
    )
    assert layer.weight.grad is not None, (
        "MaskedLinear: No gradient reaches the parameter `weight`."
    )
    assert torch.equal(layer.weight.grad != 0, mask), (
        "MaskedLinear: The gradient with respect to a weight must be zero exactly where the mask "
        "is False."
    )


@pytest.mark.part("c")
def test_fair_coins():
    model = made_with([2, 0, 3, 1], [[0.0] * 4] * 4, [0.0] * 4)
    log_prob = model.log_prob(torch.tensor([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    has_shape(log_prob, (2,), "MADE.log_prob of x (2, 4): one number per vector")
    close(
        log_prob,
        torch.full((2,), -4 * math.log(2)),
        "MADE.log_prob: with all logits zero each of four bits has the probability 1/2, so log p = "
        "-4 ln 2 nats",
    )


@pytest.mark.part("c")
def test_probabilities_sum_to_one():
    weight = [[0.0, 0.0, 2.0], [-1.5, 0.0, 1.0], [0.0, 0.0, 0.0]]
    model = made_with([2, 0, 1], weight, [0.3, -0.4, 1.2])
    total = model.log_prob(all_binary_vectors(3)).exp().sum().item()
    assert total == pytest.approx(1.0, abs=1e-5), (
        f"MADE.log_prob: The probabilities of all 8 vectors of 3 bits sum to {total:.4f}, not to 1."
    )


@pytest.mark.part("c")
def test_certain_bits():
    model = made_with([0, 1], [[0.0, 0.0]] * 2, [1e4, -1e4])
    log_prob = model.log_prob(torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]))
    close(
        log_prob,
        torch.tensor([0.0, -1e4, -1e4]),
        "MADE.log_prob: with logits 10000 and -10000 the vectors (1, 0), (0, 0) and (1, 1) have "
        "the log-probabilities 0, -10000 and -10000; do not take the logarithm of a sigmoid",
    )


@pytest.mark.part("d")
def test_later_dimensions_see_earlier_ones():
    # Dimension 2 is a fair coin, 0 copies it, 1 is the opposite of 0.
    weight = [[0.0, 0.0, 80.0], [-80.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    model = made_with([2, 0, 1], weight, [-40.0, 40.0, 0.0])
    x = model.sample(torch.tensor([[0.3, 0.6, 0.9], [0.8, 0.2, 0.1]]))
    expected = [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    assert x.tolist() == expected, (
        "MADE.sample: A model in the ordering (2, 0, 1) in which dimension 2 is a fair coin, 0 is "
        "a copy of 2 and 1 is the opposite of 0 must give, for u[:, 2] = 0.9 and 0.1, the samples "
        f"{expected}; got {x.tolist()}. In which order are the dimensions drawn, and what does the "
        "network see at each of them?"
    )


@pytest.mark.part("d")
def test_share_of_ones():
    model = made_with([0], [[0.0]], [math.log(3)])
    u = (torch.arange(8.0)[:, None] + 0.5) / 8
    before = u.clone()
    x = model.sample(u)
    expected = [0, 0, 1, 1, 1, 1, 1, 1]
    has_shape(x, (8, 1), "MADE.sample(u) of u (8, 1) has the shape of u")
    assert x.flatten().tolist() == expected, (
        "MADE.sample: A bit that is 1 with probability 3/4 must be 0 for the smallest quarter of "
        f"the uniforms and 1 for the others (inverse distribution function): {expected}; got "
        f"{x.flatten().tolist()} for u = {u.flatten().tolist()}."
    )
    assert torch.equal(u, before), "sample(u) changed u, which belongs to the caller."
