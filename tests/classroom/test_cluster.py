"""A batch on a Dask cluster: submissions and results travel, and workers may vanish."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from classroom.course import LAZY, LOOP, PACK, STUB, Course, standing

from autograder.classroom.cluster import Cluster
from autograder.classroom.workers import Terms
from autograder.machine import BatchError

distributed = pytest.importorskip("distributed")

SECONDS = 300


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    course = Course(tmp_path_factory.mktemp("course"), probe_seconds=3.0)
    for name, source in {"a": LAZY, "b": STUB}.items():
        course.archive(course.root / "in" / f"{name}.zip", outliers=source)
    course.archive(course.root / "in" / "slow.zip", bayes=LOOP)
    (course.root / "in" / "broken.zip").write_bytes(b"no zip")
    return course


@contextmanager
def running(course, workers):
    """A scheduler with workers, each a process under a nanny: its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    dask = ["distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"]
    worker = ["distributed.cli.dask_worker", address, "--nworkers", workers, "--nthreads", 1]
    processes = [course.start(*dask), course.start(*worker, "--no-dashboard")]
    yield address, processes[0]
    for process in reversed(processes):
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="module")
def scheduler(course):
    with running(course, workers=2) as (address, _):
        yield address


@pytest.fixture(scope="module")
def client(scheduler):
    with distributed.Client(scheduler, timeout=SECONDS, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=SECONDS)
        yield client


def wait_for(path, process):
    deadline = time.monotonic() + SECONDS
    while not path.is_file():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_worker_that_is_killed_costs_a_second_attempt_and_nothing_else(
    course, client, scheduler, tmp_path
):
    output = tmp_path / "out"
    process = course.start("autograder", "grade", "hw1", "in", "-o", output, "--cluster", scheduler)
    wait_for(output / "feedback" / "b.html", process)
    workers = client.run(os.getpid)
    busy = [workers[address] for address, tasks in client.processing().items() if tasks]
    assert busy, "the slow submission is still being graded"
    os.kill(busy[0], signal.SIGKILL)
    text, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, text
    results = standing(output)
    assert set(results) == {"a", "b", "broken", "slow"}
    assert not any(result.errors for result in results.values())
    assert results["broken"].rows[0].status == "unreadable"
    assert results["a"].score > 0
    assert busy[0] not in client.run(os.getpid).values()


def test_a_scheduler_that_goes_away_is_named(course, tmp_path):
    output = tmp_path / "out"
    with running(course, workers=1) as (address, scheduler):
        grade = ["autograder", "grade", "hw1", "in/a.zip", "in/slow.zip", "-o", output]
        process = course.start(*grade, "--cluster", address)
        wait_for(output / "feedback" / "a.html", process)
        scheduler.kill()
        text, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1, text
    assert f"The scheduler at {address} went away; start it again" in text
    assert "Traceback" not in text, text
    assert set(standing(output)) == {"a"}


def test_workers_of_another_state_refuse_and_say_so(course, client, scheduler, tmp_path):
    probes = course.root / "autograder/graders/hw1_likelihood/probes/bayes.py"
    before = probes.read_text("utf-8")
    probes.write_text(f"{before}\n# changed after the workers started\n", "utf-8")
    command = ["autograder", "grade", "hw1", "in", "-o", tmp_path / "out", "--cluster", scheduler]
    try:
        text = course.run(*command, status=1)
    finally:
        probes.write_text(before, "utf-8")
    assert "has another state of the graders" in text
    assert standing(tmp_path / "out") == {}


def test_a_scheduler_that_does_not_answer_is_named():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    terms = Terms(PACK, 1, "cpu", "auto", False, "python, torch", "graders")
    with pytest.raises(BatchError, match=f"No scheduler answers at {address}; .*dask scheduler"):
        Cluster(terms, address, jobs=1, connect_seconds=0.5)


@pytest.mark.parametrize("address", ["foo", "foo://bar:1"])
def test_what_is_no_address_is_one_line(course, tmp_path, address):
    command = ["autograder", "grade", "hw1", "in/a.zip", "-o", tmp_path, "--cluster", address]
    (line,) = course.run(*command, status=1).splitlines()
    assert line.startswith(f"No scheduler answers at {address}; ")


def test_slurm_jobs_run_one_worker_of_this_interpreter():
    pytest.importorskip("dask_jobqueue")
    import dask

    from autograder.classroom.cluster import slurm_cluster

    own = dask.config.set({"jobqueue.slurm.queue": "short", "jobqueue.slurm.memory": "5GB"})
    with own, slurm_cluster() as cluster:
        lines, address = cluster.job_script().splitlines(), cluster.scheduler_address
    assert lines[0].startswith("#!")
    assert {"#SBATCH -p short", "#SBATCH --cpus-per-task=1", "#SBATCH --mem=5G"} <= set(lines)
    assert "export OMP_NUM_THREADS=1" in lines
    (start,) = [line for line in lines if "dask_worker" in line]
    assert start.startswith(f"{sys.executable} -m")
    assert address in start
    assert "--nthreads 1 " in start
