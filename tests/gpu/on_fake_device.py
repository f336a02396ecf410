"""Checks on the fake device, which `test_fake_device.py` runs."""

import re

import pytest
import torch
from gpu.fake_device import fake_device
from gpu.in_process import findings_on
from torch import nn

from autograder.config import load_config
from autograder.grading.suite import Suite
from autograder.misconceptions import apply_edits

CONFIG = load_config()
SEED = 20260101
DEVICE = re.compile(r", device=[\w.]+")
FORWARD_MODE = "torch.func.jvp("
"""Asks for the memory of tensors, of which this device has none."""


@pytest.fixture
def device():
    with fake_device() as device:
        yield device


def test_values_are_those_of_the_cpu(device):
    x = torch.linspace(-1, 1, 6).reshape(2, 3)
    layer = nn.Linear(3, 2)
    loss = layer(x).square().sum()
    (expected,) = torch.autograd.grad(loss, layer.weight)
    layer.to(device)(x.to(device)).square().sum().backward()
    assert layer.weight.grad.device.type == device
    assert torch.equal(layer.weight.grad.cpu(), expected)


@pytest.mark.parametrize(
    "mix",
    [
        lambda x, y: x + y,
        lambda x, y: torch.stack([x, y]),
        lambda x, y: x @ y.T,
        lambda x, y: torch.where(y > 0, x, 1.0),
        lambda x, y: torch.zeros(5, 2)[x.long()],
        lambda x, y: nn.functional.embedding(y.long(), x),
    ],
)
def test_tensors_of_two_devices_do_not_mix(device, mix):
    x, y = torch.ones(3, 3, device=device), torch.ones(3, 3)
    with pytest.raises(RuntimeError, match="on the same device"):
        mix(x, y)
    assert mix(x.cpu(), y) is not None


def test_numpy_and_generators_belong_to_the_cpu(device):
    with pytest.raises(RuntimeError, match="numpy"):
        torch.ones(3, device=device).numpy()
    with pytest.raises(RuntimeError, match="device type for generator"):
        torch.rand(3, device=device, generator=torch.Generator())
    assert torch.rand(3, device=device).cpu().numpy().max() < 1


def test_what_a_gpu_takes_from_the_cpu(device):
    x = torch.arange(6.0, device=device)
    y = (x * torch.tensor(2.0))[torch.tensor([1, 2])][[1]]
    y[0] = torch.tensor(7.0)
    assert y.device.type == device
    assert y.tolist() == [7.0]


@pytest.mark.parametrize("pack", CONFIG.packs)
def test_the_reference_gets_everything(device, pack):
    assert findings_on(Suite(pack, CONFIG), device, SEED) == ([], [])


@pytest.mark.parametrize("pack", CONFIG.packs)
def test_correct_programs_of_other_forms_get_everything(device, pack):
    suite = Suite(pack, CONFIG)
    lost = {}
    for question in suite.pack.assigned:
        source = suite.reference_files[suite.module_path(question.module)].decode()
        for other in suite.alternatives(question.module):
            changed = apply_edits(source, other.edits, other.id)
            if FORWARD_MODE in changed:
                continue
            found = findings_on(suite, device, SEED, question.module, changed)
            if found != ([], []):
                lost[other.id] = found
    assert lost == {}


@pytest.mark.parametrize("pack", CONFIG.packs)
def test_a_device_that_is_left_out_is_named_and_is_seen_without_a_gpu(device, pack):
    suite = Suite(pack, CONFIG)
    seen = 0
    for question in suite.pack.assigned:
        source = suite.reference_files[suite.module_path(question.module)].decode()
        for place in DEVICE.finditer(source):
            changed = source[: place.start()] + source[place.end() :]
            findings, errors = findings_on(suite, device, SEED, question.module, changed)
            assert errors == []
            kinds = {finding.check.rpartition(" ")[2]: finding.kind for finding in findings}
            if "cuda)" in kinds:
                assert set(kinds) == {"meta)", "cuda)"}
                assert kinds["cuda)"] == "wrong_device"
                seen += 1
    assert seen > 0
