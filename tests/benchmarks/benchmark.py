"""What grading takes, beside other graders and beside what nothing can do without, in one table.

    python tests/benchmarks/benchmark.py [--runs N] [--pack hw1] [--batch 20] [--no-verify]

Every figure is the median of several runs, taken in turn so that a drift of the machine touches
all alike; ``verify`` runs once. Ratios are against ``import torch``, which every grader of torch
code pays, and against ``otter run`` on ten trivial torch checks.
"""

import argparse
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from autograder.config import load_config
from autograder.grading.suite import Suite
from autograder.machine import start_sandbox

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from arguments import at_least, pack_of
from benchmarks.measure import AUTOGRADER, Run, measured
from benchmarks.others import make_gradescope_utils, make_otter, make_pytest
from samples import samples, write_archive

FLOOR = "import torch: the floor"
OTTER = "otter run, ten trivial checks"
ONE = "grade, one submission"
FORKS = 50
BEGUN = 30
"""Submissions after which a batch has all that it will keep; what follows is the work of each."""
PROBE = "def probe(hw, rng):\n    return {'x': rng.normal(3)}\n"


def fork_seconds() -> float:
    """One confined process with one trivial probe in it, where torch is loaded already."""
    with start_sandbox(load_config()) as sandbox:

        def one() -> None:
            with sandbox.session("likelihood", {}, PROBE, "benchmark") as session:
                assert session.run("probe", seed=1).fault is None

        one()
        start = time.perf_counter()
        for _ in range(FORKS):
            one()
        return (time.perf_counter() - start) / FORKS


def commands(root: Path, suite: Suite, size: int) -> dict[str, tuple[list[str], Path]]:
    """What is run, and where, by name."""
    for folder in ("one", "batch", "right", "more"):
        (root / folder).mkdir()
    complete = dict(samples(suite))["complete"]
    for i in range(BEGUN + size):
        files = {path: data + f"\n# {i}\n".encode() for path, data in complete.items()}
        for folder in ("right", "more")[i >= BEGUN :]:
            write_archive(files, root / folder / f"{i:03d}.zip")
    one = write_archive(complete, root / "one" / "one.zip")
    named = dict(samples(suite, students=size))
    students = [files for name, files in named.items() if name.startswith("student")]
    for i, files in enumerate([complete, *students][:size]):
        write_archive(files, root / "batch" / f"{i:03d}.zip")
    package = root / "autograder.zip"
    measured([*AUTOGRADER, "build", suite.name, "-o", str(package)], root)
    grade = [*AUTOGRADER, "grade", suite.name]
    jobs = ["-j", str(os.cpu_count() or 1)]
    here: dict[str, list[str]] = {
        FLOOR: [sys.executable, "-c", "import torch"],
        ONE: [*grade, str(one), "-o", "out/{run}/one"],
        "grade, batch of 1": [*grade, "batch/000.zip", "-o", "out/{run}/b1", *jobs],
        f"grade, batch of {size}": [*grade, "batch", "-o", "out/{run}/b", *jobs],
        f"grade, {BEGUN} right ones": [*grade, "right", "-o", "out/{run}/r", *jobs],
        f"grade, {BEGUN} + {size} right ones": [*grade, "more", "-o", "out/{run}/m", *jobs],
        "simulate: a Gradescope run": [
            *AUTOGRADER, "simulate", str(package), str(one), "-o", "simulated"
        ],
    }  # fmt: skip
    if torch.cuda.is_available():
        here["grade, one submission, --device cuda"] = [
            *grade, str(one), "-o", "out/{run}/cuda", "--device", "cuda"
        ]  # fmt: skip
    found = {name: (command, root) for name, command in here.items()}
    found["plain pytest, ten trivial checks"] = make_pytest(root / "pytest"), root / "pytest"
    makers: dict[str, tuple[str, Callable[[Path], list[str]]]] = {
        "gradescope_utils": ("gradescope-utils, ten trivial checks", make_gradescope_utils),
        "otter": (OTTER, make_otter),
    }
    for module, (name, make) in makers.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name}: left out, {module} is not installed", file=sys.stderr)
        else:
            found[name] = make(root / module), root / module
    return found


def main() -> None:
    """Measure everything and print one table."""
    config = load_config()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=at_least(1), default=5)
    parser.add_argument("--pack", type=pack_of(config), default="hw1")
    parser.add_argument(
        "--batch", type=at_least(2), default=20, help="submissions in the larger batch"
    )
    parser.add_argument("--no-verify", action="store_true", help="leave out what takes minutes")
    options = parser.parse_args()
    suite = Suite(options.pack, config)
    runs: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory() as folder:
        todo = commands(Path(folder), suite, options.batch)
        for i in track(range(options.runs), "measuring", console=Console(stderr=True)):
            for name, (command, where) in todo.items():
                now = [word.replace("{run}", str(i)) for word in command]
                runs.setdefault(name, []).append(measured(now, where))
            runs.setdefault("a confined child, one probe", []).append(Run(fork_seconds()))
        size, begun = options.batch, f"grade, {BEGUN} right ones"
        further = {
            "a further submission, all right": (begun, f"grade, {BEGUN} + {size} right ones", size),
            "a further one, new mistakes each": (
                "grade, batch of 1",
                f"grade, batch of {size}",
                size - 1,
            ),
        }
        for name, (fewer, more, number) in further.items():
            runs[name] = [
                Run((b.seconds - a.seconds) / number)
                for a, b in zip(runs[fewer], runs[more], strict=True)
            ]
        for pack in () if options.no_verify else config.packs:
            command = [*AUTOGRADER, "verify", pack]
            runs[f"verify {pack}"] = [measured(command, Path(folder))]
    report(runs, f"{suite.name}, {os.cpu_count()} cores, {options.runs} runs")


def report(runs: dict[str, list[Run]], title: str) -> None:
    """Print medians, spreads and ratios."""
    table = Table(
        "what", "median s", "min", "max", "peak MB", "/ import torch", "otter /", title=title
    )

    def median(name: str) -> float:
        return statistics.median(run.seconds for run in runs[name])

    for name, own in runs.items():
        seconds = [run.seconds for run in own]
        memory = max(run.peak_mb for run in own)
        table.add_row(
            name,
            *(f"{f(seconds):.3g}" for f in (statistics.median, min, max)),
            f"{memory:.0f}" if memory else "",
            f"{median(name) / median(FLOOR):.2g}",
            f"{median(OTTER) / median(name):.2g}" if OTTER in runs else "",
        )
    verified = [name for name in runs if name.startswith("verify")]
    if verified:
        table.add_row("verify, all packs", f"{sum(map(median, verified)):.0f}", *[""] * 5)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
