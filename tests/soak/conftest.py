"""What the soaks share: how often they go round, with which seed, and what they did.

A soak repeats one attack many times with random variations. With no options each does its full
count; `--soak-seconds` ends each after its share of that time, `--soak-seed` repeats a run.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterator
from random import Random, SystemRandom

import pytest

_SEED = pytest.StashKey[int]()
_SECONDS = pytest.StashKey[float]()
_DONE = "soak"  # the property of a report that says what was done


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("soak")
    group.addoption("--soak-seconds", type=float, help="time for all soaks together; default: full")
    group.addoption("--soak-seed", type=int, help="the seed of an earlier run; default: a new one")


def pytest_configure(config: pytest.Config) -> None:
    seed = config.getoption("soak_seed", None)
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        seed = worker.get("soak_seed", seed)  # not where soaks are collected by the way
    config.stash[_SEED] = SystemRandom().randrange(2**32) if seed is None else seed


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Hand the seed to a worker of pytest-xdist."""
    node.workerinput["soak_seed"] = node.config.stash[_SEED]  # type: ignore[attr-defined]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = [item for item in items if "/soak/" in item.path.as_posix()]
    for item in here:
        item.add_marker(pytest.mark.soak)
    seconds = config.getoption("soak_seconds", None)
    if seconds and here:
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        config.stash[_SECONDS] = seconds * workers / len(here)


class Soak:
    """How often one soak goes round, and what it draws at random."""

    def __init__(self, name: str, seed: int, seconds: float | None) -> None:
        self.seed = zlib.crc32(f"{seed} {name}".encode())
        self.random = Random(self.seed)
        self.seconds = seconds  # the time it has; None: as long as its full count takes
        self.done: list[str] = []
        self._started = time.monotonic()

    def rounds(self, full: int, title: str = "rounds") -> Iterator[int]:
        """Yield 0, 1, ... `full` - 1, fewer where the time is over; at least one."""
        count = 0
        try:
            while count < full and not (count and self.is_over):
                yield count
                count += 1
        finally:
            self.note(f"{count} of {full} {title}")

    @property
    def is_over(self) -> bool:
        """Whether the soak's share of the time is over."""
        return self.seconds is not None and time.monotonic() - self._started > self.seconds

    def note(self, text: str) -> None:
        """Say in the summary what was done."""
        self.done.append(text)


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> Iterator[Soak]:
    """The rounds and the random numbers of this soak."""
    config = request.config
    one = Soak(request.node.nodeid, config.stash[_SEED], config.stash.get(_SECONDS, None))
    yield one
    request.node.user_properties.append((_DONE, ", ".join(one.done)))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: {value}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == _DONE
    ]
    if lines:
        terminalreporter.section(f"soaks (--soak-seed {config.stash[_SEED]})")
        for line in sorted(lines):
            terminalreporter.write_line(line)
