"""How much of the tolerance for GPUs float32 uses: what stands behind its figures.

    python tests/benchmarks/spread.py [--seeds 5]

The references are graded against themselves in float64, with the tolerance and with ever smaller
parts of it: on a GPU, and on the CPU in its place where there is none.
"""

import argparse
import sys
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from arguments import at_least
from gpu.in_process import findings_on

from autograder.config import Config, load_config
from autograder.grading.suite import Suite

SHARES = (1, 2, 4, 8, 16, 32)


def narrowed(config: Config, share: int) -> Config:
    """The configuration with a part of the tolerance for float32."""
    whole = config.tolerances.float32
    part = whole.model_copy(update={"rtol": whole.rtol / share, "atol": whole.atol / share})
    tolerances = config.tolerances.model_copy(update={"float32": part})
    return config.model_copy(update={"tolerances": tolerances})


def main() -> None:
    """Count the checks that fail, by pack and part of the tolerance."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--seeds", type=at_least(1), default=5, help="how many hidden inputs of each check"
    )
    seeds = range(parser.parse_args().seeds)
    config = load_config()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    table = Table("pack", *(f"1/{share}" for share in SHARES), title=f"checks failed on {device}")
    for pack in track(config.packs, "measuring", console=Console(stderr=True)):
        counts = []
        for share in SHARES:
            suite = Suite(pack, narrowed(config, share))
            found = [findings_on(suite, device, seed) for seed in seeds]
            assert not any(errors for _, errors in found)
            counts.append(sum(len(findings) for findings, _ in found))
        table.add_row(pack, *map(str, counts))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
