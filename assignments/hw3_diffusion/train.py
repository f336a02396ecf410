"""Train the models of this homework and look at what they have learnt.

    python train.py QUESTION [--data ...] [--device cuda] [--steps N] [--seed N] [--out runs]

uses the functions that you have written, prints what the model reached and what to expect, and
leaves figures in ``runs/QUESTION/``. With --help it says what else a question takes.
"""

import argparse
import json
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import torch
from training.common import Run, TrainingError

from datasets import DataError

PACK = Path(__file__).parent
QUESTIONS = tuple(
    question["module"]
    for question in json.loads((PACK / "questions.json").read_text("utf-8"))["questions"]
    if (PACK / "training" / f"{question['module']}.py").exists()
)
"""The questions of this homework that have something to train, in its order."""

_STUB = re.compile(r"Q\d+[a-z]: ")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train one question's model; 0 if all went well, 1 with one sentence on stderr if not."""
    arguments = sys.argv[1:] if arguments is None else arguments
    own = _own_options(arguments)
    options = _parser(own).parse_args(arguments)
    question = import_module(f"training.{options.question}")
    try:
        run = Run(
            question=options.question,
            data=options.data or question.DATA,
            device=_device(options.device),
            steps=question.STEPS if options.steps is None else options.steps,
            seed=options.seed,
            folder=options.out / options.question,
            data_root=options.data_root,
            options={name: getattr(options, name) for name in own},
        )
        question.train(run)
    except (DataError, TrainingError) as error:
        return _fail(f"train.py {options.question}: {error}")
    except NotImplementedError as error:
        if not _STUB.match(str(error)):
            raise
        module = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
        return _fail(
            f"train.py {options.question} needs {question.NEEDS}: "
            f"{module.parent.name}/{module.name} raises NotImplementedError ({error})"
        )
    return 0


def _own_options(arguments: Sequence[str]) -> Mapping[str, float]:
    """What only the question asked for can be told, with the defaults."""
    # No other question is imported: an error in one that is not asked for is no obstacle.
    named = next((argument for argument in arguments if argument in QUESTIONS), None)
    return getattr(import_module(f"training.{named}"), "OPTIONS", {}) if named else {}


def _parser(own: Mapping[str, float]) -> argparse.ArgumentParser:
    """The options of all questions, and those of one: numbers, with their defaults."""
    parser = argparse.ArgumentParser(
        description="Train a model of this homework; figures go to OUT/QUESTION."
    )
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("--data", help="a data set of datasets/, or for some questions a file")
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:1, mps")
    parser.add_argument("--steps", type=_positive, help="number of training steps")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="default: runs")
    parser.add_argument(
        "--data-root", type=Path, help="folder of torchvision's files (default: DGM_DATA)"
    )
    for name, default in own.items():
        parser.add_argument(f"--{name}", type=float, default=default, help=f"default: {default}")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError):
        raise TrainingError(f"there is no device {name!r} here; use --device cpu") from None
    return device


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
