"""How many examples Hypothesis makes up: some hundreds, and `make soak` makes many times that."""

from __future__ import annotations

import os

from hypothesis import settings

TIMES = int(os.environ.get("TIMES_EXAMPLES", "1"))


def examples(count: int) -> settings:
    """Return the settings of a test that has `count` examples in `make test`."""
    return settings(max_examples=count * TIMES)
