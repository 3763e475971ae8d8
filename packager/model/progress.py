"""Who is told what a command does while it takes its time."""

from __future__ import annotations

from collections.abc import Callable

from packager.dataclass import dataclass


def _nobody(message: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Progress:
    """`step` is told each step, and `briefly` what is done within it."""

    step: Callable[[str], None] = _nobody
    briefly: Callable[[str], None] = _nobody


SILENT = Progress()
