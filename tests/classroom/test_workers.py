"""Grading processes on this machine."""

import time

import psutil
import pytest

from autograder.classroom.workers import Order, Processes, Terms
from autograder.machine import BatchError

TERMS = Terms(
    pack="no_such_pack",
    seed=1,
    device="cpu",
    isolation="auto",
    allow_unsafe=False,
    environment="",
    graders="",
)


def test_why_no_grader_can_be_made_is_told():
    workers = Processes(TERMS, 1)
    try:
        with pytest.raises(BatchError, match="no_such_pack"):
            workers.submit(Order("a")).result(timeout=120)
    finally:
        workers.close()


def grading_processes():
    return [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]


@pytest.mark.parametrize("seconds", [0, 0.05, 0.5])
def test_whenever_the_workers_are_closed_no_process_is_left(seconds):
    workers = Processes(TERMS, 1)
    workers.submit(Order("a"))
    time.sleep(seconds)
    workers.close()
    assert grading_processes() == []
