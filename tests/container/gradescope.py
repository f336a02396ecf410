"""Build and run the Gradescope autograders in a container like Gradescope's.

    sudo python tests/container/gradescope.py [PACK...] [--root DIR] [--cpus 0.5] [--memory 768]

A Debian system is made with debootstrap (once; ``--root`` keeps it). In it, confined by
namespaces, chroot and the capabilities that Docker leaves, each pack's own ``setup.sh`` installs
what grading needs, and ``run_autograder`` grades the reference without a network and within the
limits of a control group. A table tells score, time and peak memory; the status is 1 where the
platform would not have given every point to the reference, in safety, time and memory. It needs
root, debootstrap, and the package indexes that pip and apt are set up for here.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.config import ROOT, load_config
from autograder.gradescope.package import build_package
from autograder.gradescope.run import UNFINISHED
from autograder.gradescope.simulate import TIMEOUT_SECONDS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from arguments import at_least, pack_of

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = "ca-certificates,python3,python3-venv"
DOCKER_CAPABILITIES = (
    "chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap "
    "net_bind_service sys_chroot kill audit_write"
)
CONTROL = Path("/sys/fs/cgroup")
ENTER = """
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount -t tmpfs -o size=64k,mode=755 tmpfs "$ROOT/dev"
for device in null zero full random urandom tty; do
  touch "$ROOT/dev/$device"
  mount --bind "/dev/$device" "$ROOT/dev/$device"
done
mkdir "$ROOT/dev/shm"
mount -t tmpfs -o size=64m,mode=1777 shm "$ROOT/dev/shm"
for shared in $SHARED; do
  mkdir -p "$ROOT$shared"
  mount --bind "$shared" "$ROOT$shared"
done
"""


@dataclass(frozen=True)
class Run:
    """What grading one pack in the container came to."""

    results: dict
    setup_seconds: float
    seconds: float
    peak_mb: float
    reclaims: int
    killed: int

    def faults(self, most: float) -> list[str]:
        """What is wrong with it, where the reference should have got ``most`` points."""
        known = self.results.get("extra_data", {})
        found = {
            f"the score is {self.results['score']:g} of {most:g}": self.results["score"] != most,
            "grading did not finish": UNFINISHED in self.results["output"],
            f"the isolation {known.get('isolation')} is not safe": not known.get("safe"),
            f"grading took more than {TIMEOUT_SECONDS} s": self.seconds >= TIMEOUT_SECONDS,
            f"{self.killed} processes were killed for want of memory": self.killed > 0,
        }
        return [fault for fault, applies in found.items() if applies]


def make_system(root: Path) -> None:
    """A minimal Debian with Python in ``root``, set up to reach what this machine reaches."""
    if not (root / "usr/bin/python3").exists():
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)]
        subprocess.run([*command, MIRROR], check=True, stdout=sys.stderr)
    for path in ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"):
        if os.path.isfile(path):
            shutil.copy(path, f"{root}{path}")
    for path in Path("/etc/apt/apt.conf.d").glob("99*"):
        shutil.copy(path, root / "etc/apt/apt.conf.d")


def pip_settings() -> tuple[dict[str, str], list[str]]:
    """What pip is told here, for the image's build only; and the local folders that it names."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings: dict[str, str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2].strip(":").upper().replace("-", "_")
        settings[f"PIP_{name}"] = value.strip("'")
    settings["TORCH_INDEX"] = settings.get("PIP_INDEX_URL", "https://pypi.org/simple")
    paths = [Path(word.removeprefix("file://")) for v in settings.values() for word in v.split()]
    # The pages of an index name files that lie beside them.
    paths = [path.parent if path.name == "simple" else path for path in paths]
    return settings, [str(path) for path in paths if path.is_dir()]


def inside(
    root: Path,
    command: str,
    environment: Mapping[str, str],
    shared: Sequence[str] = (),
    network: bool = False,
    groups: Sequence[Path] = (),
) -> float:
    """Run ``command`` in the container; its wall time in seconds."""
    join = "".join(f"echo $$ > {shlex.quote(str(group / 'cgroup.procs'))}\n" for group in groups)
    capabilities = ",".join(["-all", *(f"+{name}" for name in DOCKER_CAPABILITIES.split())])
    given = " ".join(shlex.quote(f"{key}={value}") for key, value in environment.items())
    script = f"""set -eu
ROOT={shlex.quote(str(root))} SHARED={shlex.quote(" ".join(shared))}
{join}{ENTER}
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root {given} \\
  setpriv --bounding-set={capabilities} --inh-caps=-all \\
  chroot "$ROOT" sh -c {shlex.quote(f"cd /autograder && {command}")}
"""
    apart = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
    start = time.monotonic()
    done = subprocess.run(
        [*apart, *([] if network else ["--net"]), "sh", "-c", script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.monotonic() - start


@contextmanager
def limited(cpus: float, memory_mb: int) -> Iterator[list[Path]]:
    """Control groups, of version 1 or 2, that hold what joins them to these limits."""
    name, size, period = f"autograder-{os.getpid()}", memory_mb * 2**20, 100_000
    if (CONTROL / "cgroup.controllers").is_file():
        settings = {
            CONTROL / name: {
                "cpu.max": f"{int(cpus * period)} {period}",
                "memory.max": size,
                "memory.swap.max": 0,
            }
        }
    else:
        settings = {
            CONTROL / "cpu" / name: {
                "cpu.cfs_period_us": period,
                "cpu.cfs_quota_us": int(cpus * period),
            },
            CONTROL / "memory" / name: {"memory.limit_in_bytes": size},
        }
    for group, values in settings.items():
        group.mkdir()
        for key, value in values.items():
            (group / key).write_text(f"{value}")
    try:
        yield list(settings)
    finally:
        for group in settings:
            group.rmdir()


def memory_of(group: Path) -> tuple[float, int, int]:
    """The memory of a group: its peak with the page cache in MB, hits of the limit, and kills."""
    if (group / "memory.peak").is_file():
        events = _counts(group / "memory.events")
        peak, hits, kills = group / "memory.peak", events["max"], events["oom_kill"]
    else:
        peak = group / "memory.max_usage_in_bytes"
        hits = int((group / "memory.failcnt").read_text())
        kills = _counts(group / "memory.oom_control")["oom_kill"]
    return int(peak.read_text()) / 2**20, hits, kills


def _counts(path: Path) -> dict[str, int]:
    lines = (line.split() for line in path.read_text().splitlines())
    return {name: int(count) for name, count in lines}


def run_pack(root: Path, pack: str, cpus: float, memory_mb: int) -> Run:
    """Install the autograder of ``pack`` in the container and grade the reference with it."""
    home = root / "autograder"
    shutil.rmtree(home, ignore_errors=True)
    for name in ("source", "submission", "results"):
        (home / name).mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "autograder.zip"
        build_package(pack, load_config(), archive, seed=20260101)
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(home / "source")
    shutil.copy(home / "source" / "run_autograder", home)
    (home / "run_autograder").chmod(0o755)
    shutil.copytree(ROOT / "solutions" / pack, home / "submission", dirs_exist_ok=True)
    (home / "submission_metadata.json").write_text("{}")
    settings, folders = pip_settings()
    setup = inside(root, "bash source/setup.sh", settings, folders, network=True)
    with limited(cpus, memory_mb) as groups:
        seconds = inside(root, "./run_autograder", {}, groups=groups)
        peak_mb, reclaims, killed = memory_of(groups[-1])
    results = json.loads((home / "results" / "results.json").read_text("utf-8"))
    return Run(results, setup, seconds, peak_mb, reclaims, killed)


def main() -> int:
    """Run the packs that are named, or all, and print a table; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    config = load_config()
    packs = list(config.packs)
    parser.add_argument("packs", nargs="*", type=pack_of(config), default=packs, metavar="PACK")
    parser.add_argument("--root", type=Path, default=ROOT / "build" / "container")
    parser.add_argument("--cpus", type=float, default=0.5)
    parser.add_argument("--memory", type=at_least(1), default=768, metavar="MB")
    options = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise SystemExit("This needs root and debootstrap; on Debian: apt install debootstrap.")
    root = options.root.resolve()
    root.mkdir(parents=True, exist_ok=True)
    make_system(root)
    table = Table(
        "pack", "score", "isolation", "setup s", "grading s", "peak MB with cache", "limit hit",
        title=f"{SUITE}, {options.cpus:g} CPU, {options.memory} MB",
    )  # fmt: skip
    faults = []
    for pack in options.packs:
        run = run_pack(root, pack, options.cpus, options.memory)
        table.add_row(
            pack,
            f"{run.results['score']:g}",
            run.results.get("extra_data", {}).get("isolation", "none"),
            f"{run.setup_seconds:.0f}",
            f"{run.seconds:.1f}",
            f"{run.peak_mb:.0f}",
            str(run.reclaims),
        )
        most = sum(question.points for question in config.packs[pack].graded)
        faults += [f"{pack}: {fault}." for fault in run.faults(most)]
    Console().print(table)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
