"""Which tiers can work on this machine: a look of its own, so that a broken one is not excused."""

import functools
import os
import subprocess
import sys

from autograder.config import ROOT
from autograder.sandbox.confine import landlock_version

SAFE = ("bubblewrap", "user", "landlock")
PLAIN_BUBBLEWRAP = "bwrap --unshare-all --ro-bind / / --proc /proc true"
LOAD_TORCH = "import importlib.util; open(importlib.util.find_spec('torch').origin).close()"
READ_GRADERS = f"import os; os.listdir({str(ROOT / 'autograder' / 'graders')!r})"
ANOTHER_USER = 20_001


def best_tier(*tiers: str) -> str | None:
    """The first of ``tiers``, or of all safe ones, that can work here."""
    return next((tier for tier in tiers or SAFE if not obstacle(tier)), None)


@functools.cache
def obstacle(tier: str) -> str:
    """Why a safe tier cannot work here; empty if it must."""
    if sys.platform != "linux":
        return "it needs Linux"
    try:
        import pyseccomp  # noqa: F401
    except (ImportError, RuntimeError):
        return "libseccomp or its binding pyseccomp is missing"
    if tier == "bubblewrap":
        return "" if _runs(*PLAIN_BUBBLEWRAP.split()) else f"`{PLAIN_BUBBLEWRAP}` fails"
    if tier == "landlock":
        return "" if landlock_version() else "neither kernel nor package offers Landlock"
    if not landlock_version() and _runs_as_another("-c", READ_GRADERS):
        return "there is no Landlock, and every user may read the graders"
    return obstacle_to_other_users()


@functools.cache
def obstacle_to_other_users() -> str:
    """Why no submission can have a user of its own here; empty if it must."""
    if os.geteuid() != 0:
        return "it needs root"
    if not _runs_as_another("-c", LOAD_TORCH):
        return f"others may not use Python in {sys.prefix}"
    return ""


def _runs_as_another(*arguments: str) -> bool:
    user = {"user": ANOTHER_USER, "group": ANOTHER_USER, "extra_groups": []}
    return _runs(sys.executable, "-I", *arguments, **user)


def _runs(*command: str, **options: object) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, cwd="/", check=False, **options)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
