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
from autograder.submission import SubmissionError, find_submissions, submission_id


@dataclass(frozen=True)
class BatchOptions:
    """How a batch is graded."""

    pack: str
    seed: int
    device: str = "cpu"
    isolation: str = "auto"
    allow_unsafe: bool = False
    jobs: int = 1


def find_batch(paths: Sequence[Path], package: str) -> list[Path]:
    """The submissions at ``paths``, each with a name of its own.

    Raises:
        SubmissionError: If there are none, or if two would leave results under one name.
    """
    found = find_submissions(paths, package)
    by_id: dict[str, Path] = {}
    for path in found:
        first = by_id.setdefault(submission_id(path), path)
        if first is not path:
            raise SubmissionError(
                f"{first} and {path} would both leave results as '{submission_id(path)}'; "
                "rename one of them or grade them apart"
            )
    return found


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
