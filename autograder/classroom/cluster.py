"""Workers on a cluster: a Dask scheduler that is running, or SLURM jobs that this program starts.

    dask scheduler --port 8786                                    # on one machine
    dask worker tcp://HOST:8786 --nworkers auto --nthreads 1      # on each of the others
    autograder grade hw1 submissions/ -o graded/ --cluster tcp://HOST:8786

    autograder grade hw1 submissions/ -o graded/ --cluster slurm -j 20    # twenty SLURM jobs

Every worker needs a checkout of this project (the same one: it is compared), installed with its
dependencies and the extra ``cluster``. It needs no shared folder: the files of a submission and
its result travel in messages. Only the machine on which the command runs writes, so that a worker
can vanish at any moment; its submission is graded elsewhere. Grading is one thread's work, so give
a worker one thread, and a machine as many workers as it has cores. The scheduler trusts whoever
reaches it: keep its port inside the cluster, or use Dask's TLS.

SLURM takes the queue, account and time limit from Dask's own configuration, for example in
``~/.config/dask/jobqueue.yaml``::

    jobqueue:
      slurm:
        queue: short
        account: teaching
        walltime: "02:00:00"

A plan for 100,000 submissions, from figures of hw1 with up to five mistakes in each on two cores,
which ``tests/benchmarks/batch.py`` measures anew. A batch of 1,000 takes 300 s, 96 % of it the
submissions' own time: a worker needs 0.58 s for each, 16 core-hours in all, 15 minutes on 65
workers. The machine that hands out and writes spends 8.5 ms of CPU on each (1 ms reading, 4.5 ms in
the store, 3 ms for the pages), so that these 65 workers are also about what it can feed; beyond
that the time to save is in the store, by several results in one transaction. The store takes 13 KB
per grade, 1.3 GB in all, and the pages 3.5 GB. What does not carry over is the report: it reads
every result at once (1 GB of JSON) and makes one page of 1 KB per student. So such a course is
graded in one folder per section, of some thousand students each, which also divides the handing out
among machines; they may share one cluster.
"""

import asyncio
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from autograder.classroom.workers import Order, Terms
from autograder.machine import BatchError

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster

SLURM = "slurm"
CONNECT_SECONDS = 10
_TALKATIVE = ("distributed", "distributed.client", "tornado.application")
_PER_WORKER = 2
"""Orders that are handed out per worker: one to grade and one to go on with."""
_SLURM_DEFAULTS: dict[str, Any] = {"cores": 1, "processes": 1, "memory": "3GB"}
_NOT_INSTALLED = "--cluster needs the extra 'cluster': pip install -e '.[cluster]'"


class Cluster:
    """The workers of a Dask scheduler.

    Args:
        terms: How orders are carried out.
        address: Of the scheduler, or ``slurm``.
        jobs: SLURM jobs to start.
        connect_seconds: How long the scheduler and the first worker are waited for.

    Raises:
        BatchError: If Dask is not installed, or no scheduler answers.
    """

    def __init__(
        self, terms: Terms, address: str, jobs: int, connect_seconds: float = CONNECT_SECONDS
    ) -> None:
        try:
            from distributed import Client, Security
            from distributed.comm import connect
            from distributed.scheduler import KilledWorker
        except ImportError:
            raise BatchError(_NOT_INSTALLED) from None
        # What happens to the connection is said once, by this class.
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.lost: tuple[type[Exception], ...] = (KilledWorker,)
        self._terms = terms
        self._slurm: Any = None
        if address == SLURM:
            self._slurm = slurm_cluster()
            self._slurm.scale(jobs=jobs)
            address = self._slurm.scheduler_address

        async def reach() -> None:
            own = Security().get_connection_args("client")
            (await connect(address, connect_seconds, **own)).abort()

        try:
            asyncio.run(reach())  # since a client that never connected cannot be closed in time
            self._client = Client(address, timeout=connect_seconds, set_as_default=False)
        except (OSError, ValueError) as error:
            if self._slurm is not None:
                self._slurm.close()
            raise BatchError(
                f"No scheduler answers at {address}; start one with `dask scheduler` ({error})."
            ) from None
        if self._slurm is None:
            self._wait_for_workers(address, connect_seconds)
        self._address = address
        self._executor = self._client.get_executor(pure=False)

    @property
    def capacity(self) -> int:
        """Twice the workers that are there now."""
        return _PER_WORKER * max(1, len(self._client.nthreads()))

    def submit(self, order: Order) -> Future[str]:
        """Hand ``order`` to the scheduler."""
        return self._executor.submit(_carry_out, self._terms, order)

    def close(self) -> None:
        """Cancel what is not finished, and end SLURM jobs that were started here."""
        if self._client.status == "running":
            self._executor.shutdown(wait=False)
        with suppress(Exception):  # a connection that is gone says so in many ways
            self._client.close()
        if self._slurm is not None:
            self._slurm.close()

    @contextmanager
    def connected(self) -> Iterator[None]:
        """In it, a scheduler that goes away is a `BatchError`."""
        try:
            yield
        except (CancelledError, OSError) as error:
            if self._client.status == "running":
                raise
            raise BatchError(
                f"The scheduler at {self._address} went away; "
                "start it again and run the command again to go on."
            ) from error

    def _wait_for_workers(self, address: str, seconds: float) -> None:
        try:
            self._client.wait_for_workers(1, timeout=seconds)
        except TimeoutError:
            self._client.close()
            raise BatchError(
                f"The scheduler at {address} has no workers; "
                f"start some with `dask worker {address} --nworkers auto --nthreads 1`."
            ) from None


def _carry_out(terms: Terms, order: Order) -> str:
    """Runs on a worker, with the grader that its process keeps."""
    from autograder.classroom.worker import desk

    return desk.carry_out(terms, order)


def slurm_cluster() -> "SLURMCluster":
    """A scheduler in this process whose workers are SLURM jobs; none is started yet.

    Raises:
        BatchError: If dask-jobqueue is not installed.
    """
    try:
        import dask
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise BatchError(_NOT_INSTALLED) from None
    own = {
        key: value
        for key, value in _SLURM_DEFAULTS.items()
        if dask.config.get(f"jobqueue.slurm.{key}", None) is None
    }
    return SLURMCluster(
        python=sys.executable,
        scheduler_options={"dashboard_address": ":0"},
        job_script_prologue=["export OMP_NUM_THREADS=1"],
        **own,
    )
