"""Grade many submissions, one after the other or in several processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from autograder.config import Config, load_config
from autograder.grading.grader import Grader
from autograder.grading.results import Result
from autograder.grading.suite import Suite
from autograder.machine import start_sandbox
from autograder.sandbox.client import Sandbox
from autograder.submission import SubmissionError, submission_id


@dataclass(frozen=True)
class BatchOptions:
    """How a batch is graded."""

    pack: str
    seed: int
    device: str = "cpu"
    isolation: str = "auto"
    allow_unsafe: bool = False
    jobs: int = 1


def grade_path(grader: Grader, path: Path) -> Result:
    """Grade the submission at ``path``; one that cannot be read gets no points and the reason."""
    try:
        submission = grader.suite.read(path)
    except SubmissionError as error:
        return grader.refuse(submission_id(path), str(error))
    return grader.grade(submission)


def grade_batch(
    config: Config, paths: Sequence[Path], options: BatchOptions, sandbox: Sandbox
) -> Iterator[tuple[Path, Result]]:
    """Results of the submissions at ``paths``, as they are ready.

    With one job they are graded here, in ``sandbox``; with more, in processes of their own.
    """
    jobs = min(options.jobs, len(paths))
    if jobs <= 1:
        grader = Grader(Suite(options.pack, config), sandbox, options.seed, options.device)
        for path in paths:
            yield path, grade_path(grader, path)
        return
    sandbox.close()
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (options,)) as pool:
        futures = {pool.submit(_grade_in_worker, path): path for path in paths}
        for future in as_completed(futures):
            yield futures[future], future.result()


_worker: list[Callable[[Path], Result]] = []


def _start_worker(options: BatchOptions) -> None:
    config = load_config()
    sandbox = start_sandbox(config, options.isolation, options.allow_unsafe)
    grader = Grader(Suite(options.pack, config), sandbox, options.seed, options.device)
    _worker.append(lambda path: grade_path(grader, path))


def _grade_in_worker(path: Path) -> Result:
    return _worker[0](path)
