"""Start what a batch needs, in the order that costs least time."""

import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from autograder.config import Config
from autograder.machine import BatchError, start_sandbox

if TYPE_CHECKING:
    from autograder.classroom.batch import Batch
    from autograder.classroom.workers import Workers


LOCK_NAME = ".lock"
_WORTH_A_PROCESS = 4
"""Submissions that take about as long as a process needs to start and to compute references."""


_JOB_BYTES = 10**9
"""What a grading process and the submission it runs may take."""
_MEMORY = re.compile(r"MemAvailable: +(\d+) kB")
_CGROUP = Path("/sys/fs/cgroup")


def sensible_jobs(submissions: int) -> int:
    """Processes that are worth their start: each with several orders, a core and its memory."""
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, submissions // _WORTH_A_PROCESS, _free_bytes() // _JOB_BYTES))


def has_gpu() -> bool:
    """Whether this machine can grade on cuda."""
    import torch

    return torch.cuda.is_available()


def _free_bytes() -> int:
    """The memory that can be taken, within a container's limit; plenty where nothing says it."""
    free = []
    with suppress(OSError, ValueError):
        if known := _MEMORY.search(Path("/proc/meminfo").read_text("utf-8")):
            free.append(1024 * int(known[1]))
    with suppress(OSError, ValueError):  # a limit of "max" is none
        limit, used = (
            int((_CGROUP / name).read_text("utf-8")) for name in ("memory.max", "memory.current")
        )
        free.append(limit - used)
    return min(free, default=sys.maxsize)


@dataclass(frozen=True)
class Settings:
    """How and where a class is graded.

    Attributes:
        output: The folder of the class.
        jobs: Processes on this machine, or SLURM jobs.
        cluster: A Dask scheduler's address, ``slurm``, or None.
        device: ``cpu`` or ``cuda``.
        isolation: How submissions are confined.
        allow_unsafe: Grade without file isolation.
        seed: The seed of the class; by default the folder's own, or a new one.
    """

    output: Path
    jobs: int
    cluster: str | None
    device: str
    isolation: str
    allow_unsafe: bool
    seed: int | None


@contextmanager
def start_batch(config: Config, pack: str, settings: Settings) -> "Iterator[tuple[Batch, Workers]]":
    """A batch of ``pack`` in its folder, and the workers for it.

    Raises:
        BatchError: If the folder is in use, or belongs to another pack or seed, or there are no
            workers.
        OSError: If the folder cannot be written.
        SandboxError: If this machine cannot isolate submissions.
    """
    with ExitStack() as stack:
        alone = settings.cluster is None and settings.jobs == 1
        if alone:
            # It starts up while this process imports the rest.
            sandbox = stack.enter_context(
                start_sandbox(config, settings.isolation, settings.allow_unsafe)
            )
        from autograder.classroom.batch import Batch
        from autograder.classroom.outputs import Outputs
        from autograder.classroom.version import combined, environment, grader_digests
        from autograder.classroom.workers import Here, Processes, Terms
        from autograder.grading.suite import Suite

        suite = Suite(pack, config)
        settings.output.mkdir(mode=0o700, parents=True, exist_ok=True)
        stack.enter_context(alone_in(settings.output))
        outputs = Outputs(settings.output, config, pack)
        stack.callback(outputs.store.close)
        seed = outputs.store.seed(secrets.randbits(128) if settings.seed is None else settings.seed)
        if settings.seed not in (None, seed):
            raise BatchError(
                f"{settings.output} was begun with another seed, and a class has one: "
                "leave out --seed, or choose another folder."
            )
        graders = grader_digests(suite)
        terms = Terms(
            pack=pack,
            seed=seed,
            device=settings.device,
            isolation=settings.isolation,
            allow_unsafe=settings.allow_unsafe,
            environment=environment(),
            graders=combined(graders),
        )
        workers: Workers
        if settings.cluster is not None:
            from autograder.classroom.cluster import Cluster

            cluster = Cluster(terms, settings.cluster, settings.jobs)
            workers = cluster
        elif alone:
            workers = Here(suite, sandbox, terms)
        else:
            workers = Processes(terms, settings.jobs)
        stack.callback(workers.close)
        if settings.cluster is not None:
            stack.enter_context(cluster.connected())
        yield Batch(suite, outputs, terms, graders), workers


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Be the only one who writes to the folder of a class.

    Raises:
        BatchError: If another process does.
    """
    try:
        lock = FileLock(folder / LOCK_NAME, timeout=0).acquire()
    except Timeout:
        raise BatchError(
            f"Another `autograder grade` is writing to {folder}; "
            "wait until it ends, or choose another folder."
        ) from None
    with lock:
        yield
