"""Habits that are no mistakes cost nothing; mistakes cost what they spoil, and say why."""

import ast
import re
from collections.abc import Callable

import pytest
from attacks.attacks import MODULE, PATH

GRADED = ("density", "flows", MODULE)
HABITS = {
    "warning": "import warnings\nwarnings.warn('careful')",
    "errors_from_warnings": "import warnings\nwarnings.simplefilter('error')",
    "print": "import sys\nprint('x' * 10**6)\nprint('y', file=sys.stderr, flush=True)",
    "logging": "import logging\nlogging.basicConfig(level=0)\nlogging.error('started')",
    "captured_output": "import io, sys\nsys.stdout = io.StringIO()",
    "seeds": "import random, numpy, torch\nrandom.seed(1); numpy.random.seed(1)\n"
    "torch.manual_seed(1)",
    "default_dtype": "import torch\ntorch.set_default_dtype(torch.float32)",
    "default_device": "import torch\ntorch.set_default_device('cpu')",
    "chosen_device": "import torch\n"
    "device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
    "threads": "import torch\ntorch.set_num_threads(4)\ntorch.set_num_interop_threads(2)",
    "no_gradients": "import torch\ntorch.set_grad_enabled(False)\ntorch.set_grad_enabled(True)",
    "anomalies": "import torch\ntorch.autograd.set_detect_anomaly(True)",
    "deterministic": "import torch\ntorch.use_deterministic_algorithms(True)",
    "print_options": "import torch\ntorch.set_printoptions(precision=2, sci_mode=False)",
    "numpy_errors": "import numpy\nnumpy.seterr(all='raise')",
    "environment": "import os\nos.environ['KMP_DUPLICATE_LIB_OK'] = 'TRUE'",
    "star": "from math import *",
    "future": "from __future__ import annotations",
    "type_checking": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
    "    from no_such_package import Array\nx: 'Array | None' = None",
    "optional_import": "try:\n    import no_such_package\nexcept ImportError:\n    pass",
    "standard_library": "import colorsys, csv, decimal, sqlite3, statistics, unittest, wave",
    "file": "from pathlib import Path\nHERE = Path(__file__).resolve().parent",
    "dataclass": "from dataclasses import dataclass\n@dataclass(frozen=True)\n"
    "class Settings:\n    bins: int = 3\nassert Settings().bins == 3",
    "cached_property": "from functools import cached_property\nclass Table:\n"
    "    @cached_property\n    def size(self): return 3\nassert Table().size == 3",
    "match": "match (1, 2):\n    case (1, second): assert second == 2",
    "named_tuple": "from typing import NamedTuple\nclass Pair(NamedTuple):\n    a: int = 1",
    "enumeration": "import enum\nclass Kind(enum.Enum):\n    A = 'a'",
    "script": "import torch\n@torch.jit.script\ndef helper(x: torch.Tensor):\n    return x + 1",
    "pickling": "import copy, pickle\nclass Box: pass\npickle.loads(pickle.dumps(Box()))",
    "exit_handler": "import atexit\natexit.register(print, 'bye')",
    "thread": "import threading\nthreading.Thread(target=print, args=('hello',)).start()",
    "test_left_in": "def test_it():\n    assert False",
    "test_case_left_in": "import unittest\nclass TestIt(unittest.TestCase):\n"
    "    def test_it(self): self.fail()",
    "main": "if __name__ == '__main__':\n    raise SystemExit('only as a program')",
}
"""Lines that people put at the top of a module."""

SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "byte_order_mark": lambda source: b"\xef\xbb\xbf" + source,
    "windows_lines": lambda source: source.replace(b"\n", b"\r\n"),
    "old_mac_lines": lambda source: source.replace(b"\n", b"\r"),
    "windows_with_mark": lambda source: b"\xef\xbb\xbf" + source.replace(b"\n", b"\r\n"),
    "tabs": lambda source: re.sub(rb"(?m)^( {4})+", lambda m: b"\t" * (len(m[0]) // 4), source),
    "latin_1": lambda source: (
        b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + source.decode().encode("latin-1", "replace")
    ),
    "utf_8_comment": lambda source: "# ∑ café 中文 🙂\n".encode() + source,
    "no_last_newline": lambda source: source.rstrip(),
    "form_feed": lambda source: b"\x0c\n" + source,
    "unix_script": lambda source: b"#!/usr/bin/env python3\n" + source,
    "other_order": lambda source: _reordered(source.decode()).encode(),
}


def _reordered(source: str) -> str:
    """The module with its functions in the reverse order, before its classes."""
    body = ast.parse(source).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    others = [node for node in body if node not in functions + classes]
    return ast.unparse(ast.Module([*others, *reversed(functions), *classes], []))


def everywhere(files, change: Callable[[bytes], bytes]) -> dict[str, bytes]:
    return {
        path: source if path.endswith("__init__.py") else change(source)
        for path, source in files.items()
    }


def assert_full_marks(arena, files, *modules):
    result = arena.grade(files, *modules)
    lost = [(row.label, row.findings) for row in result.rows if row.status != "passed"]
    chosen = {row.label for module in modules for row in arena.rows(result, module)}
    assert [found for found in lost if not chosen or found[0] in chosen] == []
    assert result.errors == ()


@pytest.mark.parametrize("name", HABITS)
def test_a_habit_costs_nothing(arena, name):
    text = HABITS[name].encode() + b"\n"
    assert_full_marks(arena, everywhere(arena.reference, lambda source: text + source), *GRADED)


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling_costs_nothing(arena, name):
    assert_full_marks(arena, everywhere(arena.reference, SPELLINGS[name]), *GRADED)


def test_a_slow_import_costs_nothing(arena):
    source = b"import time\ntime.sleep(0.5)\n" + arena.reference[PATH]
    assert_full_marks(arena, {**arena.reference, PATH: source}, MODULE)


HELPERS = {
    "relative": ("from .helpers import *", "likelihood/helpers.py"),
    "relative_module": ("from . import helpers\nfrom .helpers import *", "likelihood/helpers.py"),
    "absolute": ("from likelihood.helpers import *", "likelihood/helpers.py"),
    "beside_the_package": ("from helpers import *", "helpers.py"),
    "package": ("from .tools import *", "likelihood/tools/__init__.py"),
    "inside_a_package": ("from .tools.deep import *", "likelihood/tools/deep.py"),
    "another_package": ("from tools.deep import *", "tools/deep.py"),
    "script": ("from train import *", "train.py"),
}


@pytest.mark.parametrize("name", HELPERS)
def test_a_module_may_use_others_of_the_submission(arena, name):
    line, path = HELPERS[name]
    files = {PATH: line.encode(), path: arena.reference[PATH]}
    assert_full_marks(arena, {**arena.reference, **files}, MODULE)


@pytest.mark.parametrize("missing", ["likelihood/__init__.py", "likelihood/density.py"])
def test_a_file_that_a_question_does_not_need_may_be_missing(arena, missing):
    files = {path: source for path, source in arena.reference.items() if path != missing}
    assert_full_marks(arena, files, MODULE)


@pytest.mark.parametrize("decorator", ["torch.no_grad()", "torch.inference_mode()", "_plain"])
def test_functions_that_need_no_gradient_may_be_decorated(arena, decorator):
    plain = "import torch\ndef _plain(f):\n    return lambda *args, **kwargs: f(*args, **kwargs)\n"
    source = re.sub(r"(?m)^def ", f"@{decorator}\ndef ", arena.reference[PATH].decode())
    assert_full_marks(arena, {**arena.reference, PATH: (plain + source).encode()}, MODULE)


NUMPY = b"""
import numpy as np
import torch

def rank_p_value(log_prob, train_log_prob):
    rank = (train_log_prob.numpy() <= log_prob.numpy()[:, None]).sum(1)
    return torch.from_numpy((1 + rank) / (len(train_log_prob) + 1))

def typicality_score(log_prob, train_log_prob):
    return torch.tensor(np.abs(log_prob.numpy().mean(1) - train_log_prob.numpy().mean()))

class Ratio:
    def __call__(self, log_prob, background_log_prob):
        return torch.stack([b - a for a, b in zip(log_prob, background_log_prob, strict=True)])
likelihood_ratio_score = Ratio()

def complexity_score(log_prob, compressed_bytes, num_dims):
    bits = log_prob.numpy() / np.log(2) + 8 * compressed_bytes.numpy()
    return torch.as_tensor(-bits / num_dims)

def auroc(inlier_scores, outlier_scores):
    inliers, outliers = inlier_scores.tolist(), outlier_scores.tolist()
    pairs = [(o > i) + 0.5 * (o == i) for o in outliers for i in inliers]
    return sum(pairs) / len(pairs)
"""


def test_a_right_program_in_numpy_and_loops_gets_full_marks(arena):
    assert_full_marks(arena, {**arena.reference, PATH: NUMPY}, MODULE)


CLASSES = [
    (module, name)
    for module, names in {
        "made": ("MaskedLinear", "MADE"),
        "pixelcnn": ("MaskedConv2d", "PixelCNN"),
        "transformer": ("MultiHeadAttention", "Block"),
        "flows": ("AffineCoupling", "ActNorm", "InvertibleLinear"),
    }.items()
    for name in names
]
ADDITIONS = {
    "attribute": "self.calls, self.notes = 0, ['extra']",
    "buffer": "self.register_buffer('extra', torch.zeros(2), persistent=False)",
    "parameter": "self.extra = torch.nn.Parameter(torch.zeros(2))",
}


@pytest.mark.parametrize("addition", ADDITIONS)
@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_a_class_may_hold_more_than_it_must(arena, module, name, addition):
    more = f"""
import torch
_init_of_{name} = {name}.__init__
def _more(self, *args, **kwargs):
    _init_of_{name}(self, *args, **kwargs)
    {ADDITIONS[addition]}
{name}.__init__ = _more
"""
    path = f"likelihood/{module}.py"
    files = {**arena.reference, path: arena.reference[path] + more.encode()}
    assert_full_marks(arena, files, module)


MISTAKES = {
    "syntax_error": (b"def oops(:\n", "SyntaxError", f"{PATH}:1"),
    "indentation": (b"if True:\n    a = 1\n\tb = 2\n", "TabError", f"{PATH}:3"),
    "missing_package": (b"import no_such_package\n", "no_such_package", f"{PATH}:1"),
    "missing_module": (b"from .no_such_module import f\n", "no_such_module", f"{PATH}:1"),
    "missing_name": (b"from math import no_such_name\n", "no_such_name", f"{PATH}:1"),
    "exception": (b"x = 1 / 0\n", "ZeroDivisionError", f"{PATH}:1"),
    "other_encoding": (b"# caf\xe9\n", "encoding", ""),
    "nul_byte": (b"x = 1\0\n", "null bytes", ""),
    "circle": (b"from .outliers import auroc\n", "auroc", f"{PATH}:1"),
    "wide": ("import torch\n".encode("utf-16"), "encoding", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_module_that_cannot_be_imported_costs_its_question_and_says_why(arena, name):
    line, words, place = MISTAKES[name]
    files = {**arena.reference, PATH: line + arena.reference[PATH]}
    result = arena.grade(files)
    own = arena.rows(result, MODULE)
    assert {row.status for row in own} == {"failed"}
    assert {row.status for row in result.rows if row not in own} == {"passed"}
    finding = own[0].findings[0]
    assert words in finding.message
    assert place in "".join(finding.lines)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("return undefined", "NameError: name 'undefined' is not defined"),
        ("return background_log_prob @ log_prob[:2]", "RuntimeError"),
        ("raise ValueError('a < b & c')", "ValueError: a < b & c"),
        ("return undefined  # was: raise NotImplementedError", "NameError"),
        ("raise NotImplementedError('to do')", ""),
    ],
)
def test_a_mistake_in_one_function_costs_its_part_and_says_why(arena, code, words):
    old = b"return background_log_prob - log_prob"
    files = {**arena.reference, PATH: arena.reference[PATH].replace(old, code.encode())}
    result = arena.grade(files, MODULE)
    lost = [row for row in arena.rows(result, MODULE) if row.status != "passed"]
    assert [row.label for row in lost] == ["Q7c"]
    assert lost[0].score > 0
    message = lost[0].findings[0].message
    assert words in message if words else message == "not started"
