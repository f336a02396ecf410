"""How much is tried: little and always the same in `make test`, new and much in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = "FUZZ_EXAMPLES"
"""Environment variable: tries per test, drawn anew each time; unset in `make test`."""

long = EXAMPLES in os.environ
settings.register_profile(
    "fuzz",
    max_examples=int(os.environ.get(EXAMPLES, "60")),
    derandomize=not long,
    database=None,
    print_blob=long,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("fuzz")
