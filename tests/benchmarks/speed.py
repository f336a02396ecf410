"""How fast the grader is, as ratios measured in one run on one machine.

    python tests/benchmarks/speed.py [--runs N] [--pack hw1]

Three questions: a cold run of one submission against ``import torch``; one more submission in a
batch, fully isolated, against ``otter run`` on a notebook with ten trivial torch tests; and the
memory of a Gradescope run, all processes together. Every figure is the median of several runs.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from autograder.config import load_config
from autograder.grading.suite import Suite

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from samples import samples, write_archive

AUTOGRADER = [sys.executable, "-m", "autograder"]
OTTER_TEST = """\
OK_FORMAT = False
from otter.test_files import test_case
name = "q{i}"
@test_case(points=1)
def test_it(f{i}):
    import torch
    assert torch.equal(f{i}(torch.ones(3)), torch.ones(3) * {i})
"""


def seconds(command: Sequence[str], folder: Path) -> float:
    """Wall time of a command that must succeed."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start


def make_otter(folder: Path) -> list[str]:
    """An Otter autograder with ten trivial torch tests, and the command that runs it."""
    import nbformat

    (folder / "tests").mkdir(parents=True)
    (folder / "out").mkdir()
    cells = ["import otter\ngrader = otter.Notebook()"]
    for i in range(1, 11):
        (folder / "tests" / f"q{i}.py").write_text(OTTER_TEST.format(i=i))
        cells += [f"def f{i}(x):\n    return x * {i}", f'grader.check("q{i}")']
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )
    nbformat.write(notebook, folder / "submission.ipynb")
    otter = str(Path(sys.executable).with_name("otter"))
    seconds([otter, "generate", "-t", "tests", "-o", "autograder.zip"], folder)
    return [otter, "run", "-a", "autograder.zip", "-o", "out", "submission.ipynb"]


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pack", default="hw1")
    parser.add_argument("--batch", type=int, default=20, help="submissions in the larger batch")
    options = parser.parse_args()
    config = load_config()
    suite = Suite(config.pack_name(options.pack), config)
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), suite, options)


def measure(root: Path, suite: Suite, options: argparse.Namespace) -> None:
    """Run everything in turn, so that a drift of the machine touches all alike."""
    for folder in ("one", "batch"):
        (root / folder).mkdir()
    complete = dict(samples(suite))["complete"]
    one = write_archive(complete, root / "one" / "one.zip")
    named = dict(samples(suite, students=options.batch))
    students = [files for name, files in named.items() if name.startswith("student")]
    for i, files in enumerate([complete, *students][: options.batch]):
        write_archive(files, root / "batch" / f"{i:03d}.zip")
    package = root / "autograder.zip"
    seconds([*AUTOGRADER, "build", suite.name, "-o", str(package)], root)

    grade = [*AUTOGRADER, "grade", suite.name]
    jobs = str(os.cpu_count() or 1)
    commands: dict[str, list[str]] = {
        "import torch": [sys.executable, "-c", "import torch"],
        "grade, one submission": [*grade, str(one), "-o", "out/one"],
        "batch of 1": [*grade, "batch/000.zip", "-o", "out/b1", "-j", jobs],
        f"batch of {options.batch}": [*grade, "batch", "-o", "out/b", "-j", jobs],
        "simulate": [*AUTOGRADER, "simulate", str(package), str(one), "-o", "simulated"],
    }
    if importlib.util.find_spec("otter") is None:
        print("without otter-grader its row is left out: pip install 'otter-grader[grading]'")
    else:
        commands["otter run, ten trivial tests"] = make_otter(root / "otter")
    times: dict[str, list[float]] = {key: [] for key in commands}
    for _ in track(range(options.runs), "measuring", console=Console(stderr=True)):
        for key, command in commands.items():
            folder = root / "otter" if key.startswith("otter") else root
            times[key].append(seconds(command, folder))
    report(root, times, options.batch)


def report(root: Path, times: dict[str, list[float]], batch: int) -> None:
    """Print medians, spreads and the ratios that matter."""
    table = Table("what", "median s", "min", "max")
    for key, values in times.items():
        table.add_row(key, *(f"{f(values):.2f}" for f in (statistics.median, min, max)))
    Console().print(table)
    median: Callable[[str], float] = lambda key: statistics.median(times[key])  # noqa: E731
    ratios = Table("ratio", "value", "wanted")
    cold = median("grade, one submission") / median("import torch")
    ratios.add_row("cold grade / import torch", f"{cold:.2f}", "at most 2.5")
    further = (sum(times[f"batch of {batch}"]) - sum(times["batch of 1"])) / (
        len(times["batch of 1"]) * (batch - 1)
    )
    ratios.add_row("a further submission in a batch, s", f"{further:.3f}", "")
    otter = [key for key in times if key.startswith("otter")]
    if otter:
        ratio = median(otter[0]) / further
        ratios.add_row("otter run / a further submission", f"{ratio:.1f}", "at least 20")
    peak = json.loads((root / "simulated" / "simulation.json").read_text())["peak_mb"]
    ratios.add_row("Gradescope run, peak MB in all processes", f"{peak:.0f}", "under 500")
    Console().print(ratios)


if __name__ == "__main__":
    main()
