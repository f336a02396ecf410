"""Look for false failures: grade every right program again and again, never twice alike.

    python tests/soak/soak.py [PACK...] [--runs 50] [--threads 1 2]

Every run is a process of its own with another hash seed and other hidden inputs, and with that
many threads for torch and BLAS on the trusted side. It grades the reference and every correct
alternative: all must get everything. Then ``autograder grade -j 2`` grades one class of mixed
submissions with one seed: what it leaves must be the same in every run, but for times.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from arguments import at_least, pack_of
from classroom.course import everything
from samples import samples, write_archive

from autograder.config import Question, load_config
from autograder.grading.grader import Grader
from autograder.grading.suite import Suite
from autograder.machine import start_sandbox
from autograder.misconceptions import apply_edits
from autograder.submission import Submission

CLASS_SEED = 20260101
SLOW = "endless_loop"
"""A sample that is left out: the seconds that it takes prove nothing here."""


def run_once(pack: str, seed: int, threads: int) -> dict:
    """Grade everything right with ``seed``: false failures, and how much was graded."""
    config = load_config()
    suite = Suite(pack, config)
    files, answers = suite.reference_files, suite.reference_answers

    def programs() -> Iterator[tuple[str, Submission, list[Question] | None]]:
        yield "reference", _submission("reference", {**files, **answers}), None
        for question in suite.pack.assigned:
            path = suite.module_path(question.module)
            for other in suite.alternatives(question.module):
                source = apply_edits(files[path].decode(), other.edits, other.id).encode()
                yield other.id, _submission(other.id, {**files, path: source}), [question]

    def _submission(name: str, all_files: dict[str, bytes]) -> Submission:
        sources = {path: data for path, data in all_files.items() if path.endswith(".py")}
        others = {path: data for path, data in all_files.items() if path not in sources}
        return Submission(id=name, sha256=name, files=sources, others=others, notes=())

    failures, graded = [], 0
    with start_sandbox(config) as sandbox:
        grader = Grader(suite, sandbox, seed)
        torch.set_num_threads(threads)
        for name, submission, questions in programs():
            result = grader.grade(submission, questions)
            graded += 1
            labels = {q.label(part) for q in questions or suite.pack.graded for part in q.parts}
            failures += [f"{name}: {error}" for error in result.errors]
            failures += [
                f"{name}: {row.label}: {finding.check}: {finding.message}"
                for row in result.rows
                if row.label in labels and row.status != "passed"
                for finding in row.findings
            ]
    return {"failures": failures, "graded": graded}


def grade_class(folder: Path, pack: str, environment: dict[str, str]) -> str:
    """A digest of all that grading the class in ``folder`` leaves."""
    with tempfile.TemporaryDirectory() as output:
        grade = ["-m", "autograder", "grade", pack, str(folder), "-o", output, "-j", "2"]
        _output_of([*grade, "--seed", str(CLASS_SEED)], environment)
        left = everything(Path(output), pack)
        del left["report.html"]  # of a class of this size it tells who was slow
        return hashlib.sha256(repr(left).encode()).hexdigest()


def main() -> int:
    """Run and report; 1 if anything right failed, or the class did not repeat itself."""
    config = load_config()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    packs = list(config.packs)
    parser.add_argument("packs", nargs="*", type=pack_of(config), default=packs, metavar="PACK")
    parser.add_argument("--runs", type=at_least(1), default=50)
    parser.add_argument("--threads", type=at_least(1), nargs="+", default=[1, 2])
    parser.add_argument("--seed", type=int, default=0, help="of the first run; the rest follow")
    parser.add_argument("--once", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(run_once(options.packs[0], options.seed, options.once)))
        return 0
    failed = 0
    for pack in options.packs:
        start, graded, digests = time.monotonic(), 0, set()
        failures: list[str] = []
        with tempfile.TemporaryDirectory() as folder:
            for name, files in samples(Suite(pack, config)):
                if name != SLOW:
                    write_archive(files, Path(folder) / f"{name}.zip")
            for seed in range(options.seed, options.seed + options.runs):
                for threads in options.threads:
                    environment = _environment(seed, threads)
                    digests.add(grade_class(Path(folder), pack, environment))
                    once = [__file__, pack, "--seed", str(seed), "--once", str(threads)]
                    told = json.loads(_output_of(once, environment).splitlines()[-1])
                    graded += told["graded"]
                    for failure in told["failures"]:
                        failures.append(failure)
                        print(f"  seed {seed}, {threads} threads: {failure}", flush=True)
        alike = "alike" if len(digests) == 1 else f"in {len(digests)} ways"
        runs = options.runs * len(options.threads)
        print(
            f"{pack}: {runs} runs, {graded} right programs graded, {len(failures)} false failures; "
            f"one class graded {runs} times, {alike}; {time.monotonic() - start:.0f} s",
            flush=True,
        )
        failed += bool(failures) + (len(digests) != 1)
    return 1 if failed else 0


def _environment(seed: int, threads: int) -> dict[str, str]:
    variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    hashes = {"PYTHONHASHSEED": str(seed * 7 + threads)}
    return {**os.environ, **hashes, **dict.fromkeys(variables, str(threads))}


def _output_of(arguments: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
