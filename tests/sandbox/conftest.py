"""Sandboxes for the tests: one of the best tier, and one of each safe tier that works here."""

from collections.abc import Iterator

import pytest
from sandbox import attacks
from sandbox.limits import LIMITS

from autograder.sandbox.client import Sandbox, SandboxError


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox that ``auto`` chooses."""
    with Sandbox(LIMITS) as running:
        yield running


@pytest.fixture(scope="session", params=["bubblewrap", "user", "landlock"])
def each_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox of each tier that works on this machine."""
    try:
        running = Sandbox(LIMITS, isolation=request.param).start()
        assert running.tier.name == request.param
    except SandboxError as error:
        pytest.skip(str(error))
    yield running
    running.close()


@pytest.fixture
def harm():
    """Opens a session on a submission that can do all kinds of harm when it is called."""

    def open_session(sandbox: Sandbox, submission: str = "harm"):
        files = {"pack/__init__.py": b"", "pack/harm.py": attacks.HARM.encode()}
        return sandbox.session("pack", files, attacks.PROBES_OF_HARM, submission)

    return open_session
