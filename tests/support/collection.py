"""The first collection in a clone compiles every module, which is most of its time."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def compiled_by_one(tests: Path) -> Iterator[None]:
    """Let the first of several workers collect before the others, in a clone where none ever did.

    Those that begin together compile the same modules, each all of them: six seconds of CPU.
    """
    compiled = tests / "__pycache__"
    done = compiled / f"collected.{sys.implementation.cache_tag}"
    if sys.dont_write_bytecode or done.exists() or not os.access(tests, os.W_OK):
        yield
        return
    compiled.mkdir(exist_ok=True)
    with done.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            yield
            done.touch()
            return
    yield
