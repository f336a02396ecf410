"""Run commands and measure what they take."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

AUTOGRADER = [sys.executable, "-m", "autograder"]
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Run:
    """One run of a command: wall time, and the most memory (PSS) of it and of its processes."""

    seconds: float
    peak_mb: float = 0.0
    main_mb: float = 0.0


def measured(command: Sequence[str], folder: Path | None = None) -> Run:
    """Run a command that must succeed, and watch it and its processes."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peaks = {"all": 0.0, "main": 0.0}
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks, done))
    watcher.start()
    output, _ = process.communicate()
    taken = time.perf_counter() - start
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{output}")
    return Run(taken, peaks["all"], peaks["main"])


def _watch(pid: int, peaks: dict[str, float], done: threading.Event) -> None:
    while not done.wait(LOOK_SECONDS):
        try:
            main = psutil.Process(pid)
            family = [main, *main.children(recursive=True)]
            sizes = [_pss(process) for process in family]
        except psutil.Error:
            continue
        peaks["all"] = max(peaks["all"], sum(sizes))
        peaks["main"] = max(peaks["main"], sizes[0])


def _pss(process: psutil.Process) -> float:
    try:
        return process.memory_full_info().pss / 2**20
    except psutil.Error:
        return 0.0
