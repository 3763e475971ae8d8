"""Does ahead, beside another step, what is asked for later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
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
