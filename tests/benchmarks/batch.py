"""How grading a class grows with its size: time, rate and memory.

    python tests/benchmarks/batch.py [--sizes 10 100 1000] [--pack hw1] [-j N]

The submissions are all different: references with up to five known mistakes, questions not
started, a module that cannot be imported, an archive that cannot be read. The limit is what the
grading of each takes by itself, divided by the processes; what the batch takes beyond that is
starting up, handing out, and writing. Every size is graded, and then run again with every grade
known.
"""

import argparse
import random
import sqlite3
import sys
import tempfile
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from autograder.classroom.store import Store
from autograder.config import load_config
from autograder.grading.suite import Suite

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from arguments import at_least, pack_of
from benchmarks.measure import AUTOGRADER, measured
from samples import stub_files, with_mistakes, write_archive


def write_class(suite: Suite, size: int, folder: Path) -> None:
    """``size`` submissions, no two alike."""
    folder.mkdir()
    draw = random.Random(size)
    modules = [q.module for q in suite.pack.assigned if suite.tests(q).is_file()]
    stubs = stub_files(suite)
    for i in range(size):
        chosen = draw.sample(modules, k=draw.randint(0, min(5, len(modules))))
        mistakes = {m: draw.choice(suite.misconceptions(m)).id for m in chosen}
        files = with_mistakes(suite, mistakes)
        first, *rest = (suite.module_path(m) for m in draw.sample(modules, len(modules)))
        for path in rest[: draw.choice((0, 0, 0, 1, 2, 4))]:
            files[path] = stubs[path]
        files[first] += f"\n# submission {i}\n".encode()
        if draw.random() < 0.02:
            files[first] += b"\ndef oops(:\n"
        path = write_archive(files, folder / f"student_{i:04d}.zip")
        if draw.random() < 0.01:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def own_seconds(output: Path, pack: str) -> float:
    """What grading took, summed over the submissions, as the results tell."""
    store = Store(output, pack)
    try:
        return sum(result.seconds for result in store.results())
    finally:
        store.close()


def main() -> None:
    """Measure every size and print a table."""
    config = load_config()
    cores = len(psutil.Process().cpu_affinity())
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=at_least(1), nargs="+", default=[10, 100, 1000])
    parser.add_argument("--pack", type=pack_of(config), default="hw1")
    parser.add_argument("-j", "--jobs", type=at_least(1), default=cores)
    options = parser.parse_args()
    suite = Suite(options.pack, config)
    console = Console(width=110)
    table = Table(
        "size", "graded", "wall s", "per min", "own s", "own / jobs", "of the limit", "known, s",
        "peak MB", "main MB", "store MB",
        title=f"{suite.name}, {options.jobs} processes",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for size in options.sizes:
            folder, output = root / f"in{size}", root / f"out{size}"
            write_class(suite, size, folder)
            command = [*AUTOGRADER, "grade", suite.name, str(folder), "-o", str(output)]
            command += ["-j", str(options.jobs)]
            run, again = measured(command), measured(command)
            own = own_seconds(output, suite.name)
            with sqlite3.connect(output / "store.sqlite") as file:
                (graded,) = file.execute("SELECT count(*) FROM grades").fetchone()
            table.add_row(
                str(size),
                str(graded),
                f"{run.seconds:.1f}",
                f"{60 * size / run.seconds:.0f}",
                f"{own:.1f}",
                f"{own / options.jobs:.1f}",
                f"{own / options.jobs / run.seconds:.0%}",
                f"{again.seconds:.1f}",
                f"{run.peak_mb:.0f}",
                f"{run.main_mb:.0f}",
                f"{(output / 'store.sqlite').stat().st_size / 2**20:.1f}",
            )
        console.print(table)


if __name__ == "__main__":
    main()
