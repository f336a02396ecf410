"""Run ``autograder`` by a wall clock that jumps by decades, to and fro, whenever it is read.

    python -m jumping ARGUMENT...

The monotonic clock is the kernel's, and never jumps.
"""

import itertools
import time
from datetime import UTC, datetime, tzinfo

from autograder.classroom import store
from autograder.cli import main as autograder

YEARS = itertools.cycle((2040, 1999))


class Jumping(datetime):
    """A date that takes the present from a clock that jumps."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Jumping":
        return cls(next(YEARS), 1, 1, tzinfo=tz)


if __name__ == "__main__":
    store.datetime = Jumping
    time.time = lambda: Jumping.now(UTC).timestamp()
    autograder()
