"""What this machine offers, and a sandbox started the way the configuration says.

Importing this module does not import torch: the sandbox starts up while the grader does.
"""

from autograder.config import Config
from autograder.sandbox.client import Limits, Sandbox


class BatchError(Exception):
    """A batch could not go on; what was graded before is kept."""


def start_sandbox(config: Config, isolation: str = "auto", allow_unsafe: bool = False) -> Sandbox:
    """A sandbox with the limits of the configuration, starting up.

    Raises:
        SandboxError: If this machine cannot isolate submissions and ``allow_unsafe`` is False.
    """
    limits = Limits(
        probe_seconds=config.limits.probe_seconds,
        memory_mb=config.limits.memory_mb,
        reply_mb=config.limits.reply_mb,
    )
    sandbox = Sandbox(limits, isolation, allow_unsafe)
    sandbox.start()
    return sandbox
