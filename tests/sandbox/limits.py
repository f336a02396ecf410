"""What a probe may use in these tests."""

from autograder.sandbox.client import Limits

LIMITS = Limits(probe_seconds=20.0, memory_mb=512, reply_mb=8)
