"""What one probe notices: why it failed, and what was not left as it was given."""

from collections.abc import Iterator
from types import ModuleType

import pytest
import torch

from autograder.config import Tolerances, load_config
from autograder.grading.outcome import CheckFailed, Outcome
from autograder.sandbox.package import load_package
from autograder.sandbox.runner import Reply, run_probe

PROBES = """
import torch
from torch import nn

def values(hw, rng):
    return {"y": hw.model.f(rng.normal(3))}

def network(hw, rng):
    net = rng.module(nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.0)))
    return {"y": hw.model.f(net, rng.normal(4, 3))}

def in_eval_mode(hw, rng):
    net = rng.module(nn.Linear(3, 2)).eval()
    return {"y": hw.model.f(net, rng.normal(4, 3).requires_grad_()).detach()}

def backward(hw, rng):
    x = rng.normal(3).requires_grad_()
    return {"y": torch.autograd.grad(hw.model.f(x).sum(), x)[0]}

def anomaly(hw, rng):
    return {"y": torch.is_anomaly_enabled()}
"""
HEAD = "import torch\nfrom torch import nn\n"


def replies(source: str, *runs: tuple[str, str]) -> Iterator[Reply]:
    probes = ModuleType("probes")
    exec(compile(PROBES, "probes.py", "exec"), probes.__dict__)
    files = {
        "pack/__init__.py": b"",
        "pack/model.py": (HEAD + source).encode("utf-8", "surrogateescape"),
    }
    package = load_package("pack", files, private=True)
    try:
        for probe, device in runs:
            yield run_probe(probes, probe, package, 5, device)
    finally:
        package.close()
        torch.autograd.set_detect_anomaly(False)


def run(source: str, probe: str = "values", device: str = "cpu") -> Reply:
    (reply,) = replies(source, (probe, device))
    return reply


@pytest.fixture(scope="module")
def tolerances() -> Tolerances:
    return load_config().tolerances


ON_VALUES = "def f(x):\n    {}\n    return x + 1\n"
ON_NETWORK = "def f(net, x):\n    {}\n    return net(x).detach()\n"


@pytest.mark.parametrize(
    ("probe", "form", "statement", "words"),
    [
        ("values", ON_VALUES, "x += 1", "changed in place"),
        ("values", ON_VALUES, "y = x.requires_grad_(); x = y.detach()", "of an input"),
        ("values", ON_VALUES, "torch.set_grad_enabled(False)", "gradients were left turned off"),
        ("network", ON_NETWORK, "net.requires_grad_(False)", "of a network's parameters"),
        ("network", ON_NETWORK, "net[0].bias.requires_grad = False", "of a network's parameters"),
        ("network", ON_NETWORK, "net.eval()", "another mode"),
        ("network", ON_NETWORK, "net[1].eval()", "another mode"),
        ("in_eval_mode", ON_NETWORK, "net.requires_grad_(False)", "of a network's parameters"),
    ],
)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_state_that_is_left_behind_is_named(
    tolerances, probe: str, form: str, statement: str, words: str, device: str
) -> None:
    if (statement, device) == ("x += 1", "meta"):
        pytest.skip("an input has no values there")
    reference = run(form.format("pass"), probe)
    assert reference.mutated == () or probe == "in_eval_mode"
    reply = run(form.format(statement), probe, device)
    if statement == "x += 1":
        reply = Reply(reference.values, mutated=reply.mutated)
    with pytest.raises(CheckFailed) as failed:
        Outcome(reply, reference, device, tolerances).matches()
    assert failed.value.finding.kind == "mutated"
    assert words in failed.value.finding.message


@pytest.mark.parametrize(
    ("probe", "source"),
    [
        ("values", ON_VALUES.format("z = x.detach().requires_grad_()")),
        ("values", "@torch.no_grad()\ndef f(x): return x + 1\n"),
        (
            "network",
            ON_NETWORK.format("net.eval(); net.requires_grad_(False)").replace(
                "    return net(x).detach()",
                "    y = net(x).detach()\n    net.train(); net.requires_grad_(True)\n    return y",
            ),
        ),
        # What the probe itself does is excused, and need not be kept.
        ("in_eval_mode", ON_NETWORK.format("pass")),
        ("in_eval_mode", ON_NETWORK.format("net.train()")),
        ("in_eval_mode", ON_NETWORK.format("net.eval()")),
    ],
)
def test_a_state_that_is_put_back_costs_nothing(tolerances, probe: str, source: str) -> None:
    form = ON_VALUES if probe == "values" else ON_NETWORK
    reference = run(form.format("pass"), probe)
    Outcome(run(source, probe), reference, "cpu", tolerances).matches()


@pytest.mark.filterwarnings("ignore")
def test_what_one_probe_leaves_does_not_reach_the_next() -> None:
    source = "torch.autograd.set_detect_anomaly(True)\ndef f(x):\n"
    source += "    torch.set_grad_enabled(False)\n    return x + 1\n"
    first, second, third = replies(
        source, ("values", "cpu"), ("values", "meta"), ("anomaly", "cpu")
    )
    assert first.mutated == second.mutated != ()
    assert third.values == {"y": False}
    assert third.mutated == ()


@pytest.mark.parametrize(
    "source",
    [
        'def f(x):\n    if torch.isnan(x).any(): raise ValueError("nan")\n    return x\n',
        "def check(c, m):\n    if not c: raise ValueError(m)\n"
        'def f(x):\n    check((x < 9).all(), "meta")\n    return x\n',
        'def f(x):\n    assert torch.isfinite(x).all(), "else raise"\n    return x\n',
        "def f(x): return x * x.sum().item()\n",
        "def f(x): return torch.tensor(x.tolist())\n",
        "def f(x): return torch.tensor(x.cpu().numpy())\n",
        "def f(x):\n    scale = float(x.sum().cpu())\n    return x * scale\n",
        "def f(x):\n    y = x.cpu()\n    return x * y.numpy()\n",
        "def f(x): return x[x.nonzero()]\n",
    ],
)
def test_a_program_that_asks_for_values_is_excused_on_meta(tolerances, source: str) -> None:
    reply = run(source, device="meta")
    assert reply.fault is not None and reply.fault.kind == "no_values"
    Outcome(reply, Reply({"y": torch.ones(3)}), "meta", tolerances).matches()


@pytest.mark.filterwarnings("ignore")
def test_a_probe_that_asks_for_values_on_behalf_of_the_program_is_excused() -> None:
    source = "torch.autograd.set_detect_anomaly(True)\ndef f(x): return 2 * x\n"
    reply = run(source, "backward", "meta")
    assert (reply.fault.kind, reply.fault.frames) == ("no_values", ())


WRONG_GRADIENT = """
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return 2 * x
    @staticmethod
    def backward(ctx, gradient): return torch.ones(3)
def f(x): return Double.apply(x)
"""


@pytest.mark.parametrize(
    ("source", "probe", "kind"),
    [
        ("def f(x): raise RuntimeError('Cannot copy out of meta tensor')\n", "values", "exception"),
        ("def f(x):\n    if x.is_meta: raise ValueError('meta')\n", "values", "exception"),
        ("def f(x): assert not x.is_meta, 'meta'\n", "values", "exception"),
        ("def f(x): return x.cpu()\n", "values", "wrong_device"),
        ("def f(x): return {'a': (1, x.exp().to('cpu'))}\n", "values", "wrong_device"),
        ("def f(x):\n    return (x\n        .exp()\n        .cpu())\n", "values", "wrong_device"),
        ("def f(x):\n    y = x.cpu()\n    return y, 1\n", "values", "wrong_device"),
        ("def f(x): return x + torch.ones(3)\n", "values", "wrong_device"),
        (WRONG_GRADIENT, "backward", "wrong_device"),
    ],
)
def test_what_is_wrong_on_another_device_is_told(
    tolerances, source: str, probe: str, kind: str
) -> None:
    reply = run(source, probe, "meta")
    assert reply.fault is not None and reply.fault.kind == kind, reply
    with pytest.raises(CheckFailed):
        Outcome(reply, Reply({"y": torch.ones(3)}), "meta", tolerances).matches()


@pytest.mark.parametrize(
    ("source", "drew"),
    [
        ("def f(x): return x + torch.randn_like(x)\n", True),
        ("def f(x): return x + torch.zeros(3)\n", False),
    ],
)
def test_noise_of_its_own_is_named(tolerances, source: str, drew: bool) -> None:
    reply, reference = run(source), run("def f(x): return torch.ones(3)\n")
    with pytest.raises(CheckFailed) as failed:
        Outcome(reply, reference, "cpu", tolerances).matches()
    assert ("Random numbers were drawn" in failed.value.finding.hint) == drew


def test_noise_that_the_reference_draws_too_is_not_named(tolerances) -> None:
    reply = run("def f(x): return x + torch.randn_like(x)\n")
    reference = run("def f(x): return x - torch.randn_like(x)\n")
    with pytest.raises(CheckFailed) as failed:
        Outcome(reply, reference, "cpu", tolerances).matches()
    assert not failed.value.finding.hint


@pytest.mark.parametrize(
    "source",
    [
        "weights = torch.load('weights.pt')\n",
        "name = input()\n",
        "def helper():\n    return 1 / 0\nvalue = helper()\n",
        "import no_such_module\n",
        "x = (\n",
        "x = '\udcff'\n",
    ],
)
def test_what_fails_while_importing_is_an_import_failure(source: str) -> None:
    reply = run(source)
    assert reply.fault is not None and reply.fault.kind == "import_failure"


@pytest.mark.parametrize(
    "sentence",
    [
        "Expected all tensors to be on the same device, but found at least two devices, cuda:0 "
        "and cpu! (when checking argument for argument mat2 in method wrapper_CUDA_mm)",
        "indices should be either on cpu or on the same device as the indexed tensor (cpu)",
        "index_add_(): self, index and source expected to be in the same device, but got (self) "
        "cuda:0, (index) cpu, and (source) cuda:0",
        "Tensor for argument #2 'weight' is on CPU, but expected it to be on GPU (while checking "
        "arguments for cudnn_batch_norm)",
        "Input type (torch.cuda.FloatTensor) and weight type (torch.FloatTensor) should be the "
        "same",
        "Expected a 'cuda' device type for generator but found 'cpu'",
        "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to "
        "host memory first.",
    ],
)
def test_what_a_gpu_says_of_a_wrong_device_is_understood(sentence: str) -> None:
    reply = run(f"def f(x): raise RuntimeError({sentence!r})\n")
    assert reply.fault is not None and reply.fault.kind == "wrong_device"


@pytest.mark.parametrize(
    ("source", "device", "hint"),
    [
        ("import matplotlib.pyplot as plt\n", "cpu", "train.py"),
        ("def f(x): return x.cpu()\n", "meta", "device of the inputs"),
    ],
)
def test_the_hint_says_where_to_look(tolerances, source: str, device: str, hint: str) -> None:
    outcome = Outcome(run(source, device=device), Reply({"y": torch.ones(3)}), device, tolerances)
    with pytest.raises(CheckFailed) as failed:
        outcome.matches()
    assert hint in failed.value.finding.hint
