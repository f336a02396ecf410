"""What a GPU asks of programs, where there is none: another device, and float32."""

import subprocess
import sys
from pathlib import Path


def test_what_is_checked_on_a_fake_device() -> None:
    """In a process of its own, since torch counts devices once, at the first gradient."""
    checks = Path(__file__).with_name("on_fake_device.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(checks)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
