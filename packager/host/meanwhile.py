"""Does in threads, beside other steps, what is asked for later."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Have `work` done in a thread while the context lasts, which ends no sooner.

    Whatever goes wrong is said where its result is asked for.
    """

    def do() -> None:
        with suppress(Exception):
            work()

    thread = threading.Thread(target=do)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@contextmanager
def on_all_processors() -> Iterator[ThreadPoolExecutor]:
    """Yield a pool with a thread for each processor; what none has begun when the context ends, by
    a failure or a signal, is not done any more."""
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
