"""Sandboxes for the tests: one of the best tier, and one of each safe tier that can work here."""

from collections.abc import Iterator

import pytest
from sandbox import attacks
from sandbox.limits import LIMITS
from sandbox.possible import SAFE, best_tier, obstacle

from autograder.sandbox.client import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox that ``auto`` chooses: one of the best tier that can work here."""
    best = best_tier()
    if best is None:
        pytest.skip("; ".join(f"{tier}: {obstacle(tier)}" for tier in SAFE))
    with Sandbox(LIMITS) as running:
        assert running.tier.name == best
        yield running


@pytest.fixture(scope="session", params=SAFE)
def each_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox of each safe tier that can work on this machine."""
    if why := obstacle(request.param):
        pytest.skip(f"{request.param}: {why}")
    with Sandbox(LIMITS, isolation=request.param) as running:
        assert running.tier.name == request.param
        yield running


@pytest.fixture
def harm():
    """Opens a session on a submission that can do all kinds of harm when it is called."""

    def open_session(sandbox: Sandbox, submission: str = "harm"):
        files = {"pack/__init__.py": b"", "pack/harm.py": attacks.HARM.encode()}
        return sandbox.session("pack", files, attacks.PROBES_OF_HARM, submission)

    return open_session
