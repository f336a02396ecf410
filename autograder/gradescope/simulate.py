"""Run an autograder zip on this machine as Gradescope would.

The zip is unpacked as in a container (``source``, ``submission``, ``results``,
``submission_metadata.json``), ``run_autograder`` is started with the platform's time limit, and
the memory of all its processes together is watched: what the kernel cannot take back (anonymous
and shared memory) must stay below the container's limit, or the run is killed and scored zero,
as the platform does. ``setup.sh`` is not run; the Python that runs this program is used, and where
its torch is a CUDA build, the limit is higher by what that build takes more than the container's.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from autograder.files import write_json, write_text

MEMORY_MB = 768
CUDA_BUILD_MB = 320
"""The memory of a run with a CUDA build of torch beyond that with a CPU build, without a GPU."""
TIMEOUT_SECONDS = 600
EXTRACTED_MB = 500


class SimulationError(Exception):
    """The simulation could not be run; the message says why."""


@dataclass
class Usage:
    """Peak memory of all processes of a run together, and its limit, in MB."""

    limit_mb: int
    peak_mb: float = 0.0
    exceeded: bool = False


def simulate_gradescope(
    archive: Path, submission: Path, output: Path, hours_late: float = 0.0
) -> dict:
    """Grade ``submission`` with the autograder ``archive``; returns what is in ``results.json``.

    ``output`` gets ``results.json``, ``simulation.json`` (seconds, peak memory and its limit in MB)
    and ``log.txt``.

    Raises:
        SimulationError: If the zip is not an autograder, the submission cannot be unpacked, or
            the run failed; ``results.json`` then holds what Gradescope would show.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gradescope-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        for name in ("source", "submission", "results"):
            (root / name).mkdir()
        _unpack(archive, root / "source")
        entry = root / "source" / "run_autograder"
        if (root / "source" / "run_otter.py").exists():
            raise SimulationError(
                f"{archive} is an Otter zip, which only Otter runs; try it with "
                f"`otter run -a {archive} {submission}`"
            )
        if not entry.is_file():
            raise SimulationError(f"{archive} holds no run_autograder: it is not an autograder zip")
        for path in [root / "source", *(root / "source").rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        entry = Path(shutil.copy(entry, root / "run_autograder"))
        entry.chmod(0o755)
        _place_submission(submission, root / "submission")
        _write_metadata(root / "submission_metadata.json", hours_late)
        start = time.monotonic()
        failure, usage, log = _run(entry, root)
        seconds = round(time.monotonic() - start, 2)
        results = None if failure else _read_results(root / "results" / "results.json")
    failure = failure or ("" if results else "the autograder left no valid results.json")
    results = results or {"score": 0, "output": failure}
    measured = {
        "seconds": seconds,
        "peak_mb": round(usage.peak_mb, 1),
        "limit_mb": usage.limit_mb,
    }
    write_json(output / "results.json", results)
    write_json(output / "simulation.json", measured)
    write_text(output / "log.txt", log)
    if failure:
        raise SimulationError(f"{failure}; what it printed is in {output / 'log.txt'}")
    return results


def total(results: dict) -> float:
    """The score that Gradescope shows: the one given, or the sum over the tests."""
    if "score" in results:
        return results["score"]
    return sum(test.get("score", 0) for test in results.get("tests", ()))


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            if sum(info.file_size for info in opened.infolist()) > EXTRACTED_MB * 2**20:
                raise SimulationError(f"{archive} unpacks to more than {EXTRACTED_MB} MB")
            opened.extractall(folder)
    except (OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise SimulationError(f"{archive} cannot be unpacked: {error}") from None


def _place_submission(submission: Path, folder: Path) -> None:
    if submission.is_dir():
        shutil.copytree(submission, folder, symlinks=True, dirs_exist_ok=True)
    elif zipfile.is_zipfile(submission):
        _unpack(submission, folder)
    elif submission.is_file():
        shutil.copy(submission, folder)
    else:
        raise SimulationError(f"{submission} does not exist")


def _write_metadata(path: Path, hours_late: float) -> None:
    due = datetime.now(UTC).replace(microsecond=0)
    created = due + timedelta(hours=hours_late) if hours_late else due - timedelta(hours=1)
    write_json(
        path,
        {
            "id": 1,
            "created_at": created.isoformat(),
            "assignment": {
                "id": 1,
                "course_id": 1,
                "title": "simulation",
                "due_date": due.isoformat(),
                "late_due_date": None,
                "release_date": (due - timedelta(days=14)).isoformat(),
                "total_points": "100.0",
                "group_submission": False,
            },
            "users": [{"id": 1, "name": "A Student", "email": "student@example.org"}],
            "previous_submissions": [],
        },
    )


def _run(entry: Path, root: Path) -> tuple[str, Usage, str]:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/root" if os.geteuid() == 0 else str(root),
        "AUTOGRADER_ROOT": str(root),
        "AUTOGRADER_PYTHON": sys.executable,
    }
    process = subprocess.Popen(
        [entry],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    usage = Usage(_memory_limit_mb())
    ended = threading.Event()
    watcher = threading.Thread(target=_watch_memory, args=(process.pid, usage, ended))
    watcher.start()
    failure = log = ""
    try:
        log, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        failure = f"the autograder did not finish within {TIMEOUT_SECONDS} seconds"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        ended.set()
        watcher.join()
    if usage.exceeded:
        failure = f"the autograder needed more than {usage.limit_mb} MB of memory"
    elif process.returncode and not failure:
        failure = f"the autograder ended with status {process.returncode}"
    return failure, usage, log


def _memory_limit_mb() -> int:
    torch = find_spec("torch")
    folders = [] if torch is None else torch.submodule_search_locations or []
    of_cuda = any((Path(folder) / "lib" / "libtorch_cuda.so").exists() for folder in folders)
    return MEMORY_MB + CUDA_BUILD_MB if of_cuda else MEMORY_MB


def _watch_memory(pid: int, usage: Usage, ended: threading.Event) -> None:
    while not ended.wait(0.05):
        used = sum(_unreclaimable_mb(member) for member in _descendants(pid))
        usage.peak_mb = max(usage.peak_mb, used)
        if used > usage.limit_mb:
            usage.exceeded = True
            os.killpg(pid, signal.SIGKILL)
            return


def _descendants(pid: int) -> list[int]:
    """A process and all below it, from /proc; just the process where there is no /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_bytes()  # a process may have any bytes for its name
        except OSError:
            continue
        parents.setdefault(int(stat.rpartition(b")")[2].split()[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += parents.get(found[-1], [])
    return found


def _unreclaimable_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    sizes = {key: value for key, _, value in (line.partition(":") for line in lines)}
    return sum(int(sizes.get(key, "0 kB").split()[0]) for key in ("Pss_Anon", "Pss_Shmem")) / 1024


def _read_results(path: Path) -> dict | None:
    try:
        results = json.loads(path.read_text("utf-8"))
        json.dumps(results, allow_nan=False)  # Python reads a NaN, which is no JSON
    except (OSError, ValueError):
        return None
    return results if isinstance(results, dict) else None
