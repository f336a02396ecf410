"""Public checks of Q8: small cases that can be followed by hand."""

import pytest
import torch
from checks import close, several, tensor
from diffusion import flow_matching

NOISE, DATA = tensor([[0.0, 2.0], [0.0, 2.0]]), tensor([[4.0, 6.0], [4.0, 6.0]])


@pytest.mark.part("a")
def test_interpolate_by_hand():
    got = flow_matching.interpolate(NOISE, DATA, tensor([0.25, 1.0]))
    close(
        got,
        [[1.0, 3.0], [4.0, 6.0]],
        "interpolate: from (0, 2) to (4, 6) at t = 0.25 and t = 1 (the data)",
    )
    got = flow_matching.interpolate(NOISE, DATA, tensor([0.0, 1.0]), sigma_min=0.1)
    close(
        got,
        [[0.0, 2.0], [4.0, 6.2]],
        "interpolate: the same with sigma_min = 0.1 at t = 0 and t = 1",
    )


@pytest.mark.part("a")
def test_velocity_target_by_hand():
    got = flow_matching.velocity_target(NOISE, DATA)
    close(got, [[4.0, 4.0]] * 2, "velocity_target: from (0, 2) to (4, 6): towards the data")
    got = flow_matching.velocity_target(NOISE, DATA, sigma_min=0.1)
    close(got, [[4.0, 4.2]] * 2, "velocity_target: the same with sigma_min = 0.1")


@pytest.mark.part("b")
def test_loss_by_hand():
    """A model that returns x_t is wrong by (-3, -1) at t = 0.25 and by (-2, 0) at t = 0.5."""
    got = flow_matching.flow_matching_loss(lambda x, t: x, NOISE, DATA, tensor([0.25, 0.5]))
    close(
        got,
        7.0,
        "flow_matching_loss: errors (-3, -1) and (-2, 0): squared norms 10 and 4, mean over the "
        "batch",
    )


@pytest.mark.part("b")
def test_loss_tells_the_model_the_time():
    def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        assert t.shape == (2,), (
            f"flow_matching_loss: call the model with t of shape (B,), not {tuple(t.shape)}"
        )
        return 4 + t[:, None].expand_as(x)

    got = flow_matching.flow_matching_loss(model, NOISE, DATA, tensor([0.5, 1.0]))
    close(
        got,
        1.25,
        "flow_matching_loss: errors (0.5, 0.5) at t = 0.5 and (1, 1) at t = 1: mean of 0.5 and 2",
    )


@pytest.mark.part("c")
@pytest.mark.parametrize(
    ("sampler", "expected"),
    [("euler_sample", 1 + 0.5 * (1 + 1.5)), ("heun_sample", 1 + 0.25 * (1 + 1.5 + 1.5 + 2))],
)
def test_samplers_by_hand(sampler, expected):
    """The velocity 1 + t is 1, 1.5 and 2 at the ends of two steps."""
    got = getattr(flow_matching, sampler)(lambda x, t: 1 + t[:, None] + 0 * x, tensor([[1.0]]), 2)
    close(got, [[expected]], f"{sampler} with velocity 1 + t in two steps from x = 1")


@pytest.mark.part("c")
@pytest.mark.parametrize(
    ("sampler", "calls", "expected"), [("euler_sample", 4, 1.25**4), ("heun_sample", 8, 1.28125**4)]
)
def test_samplers_count_calls(sampler, calls, expected):
    """For dx/dt = x, a step of 1/4 multiplies by 1 + h, or by 1 + h + h^2/2."""
    times = []

    def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        times.append(t.tolist())
        return x

    noise = tensor([[1.0], [2.0]]).requires_grad_()
    got = getattr(flow_matching, sampler)(model, noise, 4)
    close(got, [[expected], [2 * expected]], f"{sampler} for dx/dt = x in four steps")
    assert len(times) == calls, f"{sampler} in four steps calls the model {calls} times"
    assert times[0] == [0.0, 0.0], (
        f"{sampler}: the first call is at t = 0 for every example, got {times[0]}"
    )
    assert not got.requires_grad, f"{sampler}: samples come without a graph: requires_grad is True"


@pytest.mark.part("d")
def test_pairs_by_hand():
    sizes = []

    def sample(noise: torch.Tensor) -> torch.Tensor:
        sizes.append(len(noise))
        return 10 * noise

    got = flow_matching.rectification_pairs(sample, tensor([[1.0], [2.0], [3.0]]), 2)
    got = several(got, "noise, data")
    close(got[0], [[1.0], [2.0], [3.0]], "rectification_pairs: first the noise, in its order")
    close(
        got[1],
        [[10.0], [20.0], [30.0]],
        "rectification_pairs: then where the flow takes each of them",
    )
    assert sizes == [2, 1], (
        f"rectification_pairs: three examples in batches of two are batches of 2 and 1, got {sizes}"
    )


@pytest.mark.part("d")
def test_straightness_by_hand():
    line = tensor([[[0.0]], [[1.0]], [[2.0]]])
    close(flow_matching.straightness(line), 0.0, "straightness: a straight path at constant speed")
    bend = tensor([[[0.0, 0.0]], [[2.0, 1.0]], [[2.0, 0.0]]])
    close(
        flow_matching.straightness(bend),
        8.0,
        "straightness: from (0, 0) by (2, 1) to (2, 0): velocities (4, 2) and (0, -2) against (2, "
        "0) on average",
    )
