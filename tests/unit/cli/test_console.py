from __future__ import annotations

import os
import pty
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from packager.cli import console
from packager.cli.console import progress, say
from packager.model.steps import step


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, soon: float) -> Iterator[int]:
    """A terminal for stderr; yields the end that a person looks at."""
    screen, end = pty.openpty()
    with os.fdopen(end, "w") as stderr, monkeypatch.context() as patched:
        patched.setenv("TERM", "xterm")
        patched.setattr(sys, "stderr", stderr)
        patched.setattr(console, "_SOON", soon)
        yield screen
    os.close(screen)


def seen_until(screen: int, text: str) -> str:
    seen = b""
    while text.encode() not in seen:
        assert select.select([screen], [], [], 60)[0], seen
        seen += os.read(screen, 4096)
    return seen.decode()


def test_a_step_that_takes_long_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch, 0.0) as screen, progress():
        say("beginning")
        with step("taking its time [bold]"):
            seen_until(screen, "taking its time [bold]")
            say("and still")
            seen_until(screen, "and still")


def test_what_is_over_soon_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch, 3600.0) as screen:
        with progress(), step("over at once"):
            say("so is this")
        say("a line")
        assert seen_until(screen, "\n") == "a line\r\n"
