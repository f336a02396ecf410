"""The folder of a sandbox is gone once nobody uses it, however its grader ended."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.sandbox.launch import Premises

KILLED = """
import os, signal
from autograder.sandbox.launch import Premises

premises = Premises()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, of this process and of those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_what_a_killed_grader_left_is_removed_and_what_is_in_use_stays(private: Path) -> None:
    mine = private / "sandbox-of-mine"
    mine.mkdir()
    in_use = Premises()
    done = subprocess.run([sys.executable, "-c", KILLED], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = set(private.iterdir()) - {mine, in_use.folder}
    assert (left / "private" / "canary").exists()
    another = Premises()
    assert set(private.iterdir()) == {mine, in_use.folder, another.folder}
    assert in_use.canary.exists()
    for premises in (in_use, another):
        premises.close()
    assert set(private.iterdir()) == {mine}


def test_a_link_to_another_folder_is_not_followed(private: Path) -> None:
    precious = private / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (private / "autograder-sandbox-x").symlink_to(precious)
    Premises().close()
    assert (precious / "file").exists()
