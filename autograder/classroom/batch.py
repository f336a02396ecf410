"""Grade many submissions, one after the other or in several processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from autograder.config import Config, load_config
from autograder.grading.grader import Grader
from autograder.grading.results import Result
from autograder.grading.suite import Suite
from autograder.machine import BatchError, start_sandbox
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
    """Grade the submission at ``path``.

    One that cannot be read gets no points and the reason; one at which the grader itself fails
    gets rows that say so.
    """
    try:
        submission = grader.suite.read(path)
    except SubmissionError as error:
        return grader.refuse(submission_id(path), str(error))
    try:
        return grader.grade(submission)
    except Exception as error:  # one submission must not end the batch
        return grader.failed(submission.id, f"{type(error).__name__}: {error}")


def grade_batch(
    config: Config, paths: Sequence[Path], options: BatchOptions, sandbox: Sandbox
) -> Iterator[Result]:
    """Results of the submissions at ``paths``, as they are ready.

    With one job they are graded here, in ``sandbox``; with more, in processes of their own.

    Raises:
        BatchError: If a process of the batch ended by itself.
    """
    jobs = min(options.jobs, len(paths))
    if jobs <= 1:
        grader = Grader(Suite(options.pack, config), sandbox, options.seed, options.device)
        for path in paths:
            yield grade_path(grader, path)
        return
    sandbox.close()
    try:
        with ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (options,)) as pool:
            for future in as_completed([pool.submit(_grade_in_worker, path) for path in paths]):
                yield future.result()
    except BrokenProcessPool:
        raise BatchError(
            "A grading process ended by itself, for lack of memory or of isolation; "
            "run the command again with -j 1 to see why."
        ) from None


_worker: list[Callable[[Path], Result]] = []


def _start_worker(options: BatchOptions) -> None:
    config = load_config()
    sandbox = start_sandbox(config, options.isolation, options.allow_unsafe)
    grader = Grader(Suite(options.pack, config), sandbox, options.seed, options.device)
    _worker.append(lambda path: grade_path(grader, path))


def _grade_in_worker(path: Path) -> Result:
    return _worker[0](path)
