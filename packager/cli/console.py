"""Shows progress and diagnostics on stderr, in colour on a terminal only, and results on stdout."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from packager.cli.terminal import shown, shown_bytes, shown_json
from packager.errors import Diagnostic, InvalidInput, PackagerError
from packager.model.steps import Stopwatch, measured

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

_COLOURS = {"error": "bold red", "warning": "bold yellow", "hint": "dim"}
_MAX_MESSAGE = 4000  # characters: a plugin's whole file could be in it
_SOON = 0.7  # seconds


class _Line:
    """The line on a terminal that shows what is going on.

    It appears once that takes time: until then nobody misses it, and rich is not imported.
    """

    def __init__(self) -> None:
        self._message = ""
        self._status: Status | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(_SOON, self._appear)
        self._timer.daemon = True
        self._ended = False

    def update(self, message: str) -> None:
        with self._lock:
            self._message = message
            if self._status is not None:
                self._status.update(_plain(message))

    def _appear(self) -> None:
        with self._lock:
            if not self._ended:
                self._status = _console().status(_plain(self._message))
                self._status.start()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *raised: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._ended = True
            if self._status is not None:
                self._status.stop()


_lines_shown: list[_Line] = []  # the line that shows progress now, for as long as it does


def say(message: str) -> None:
    """Show progress: a line on stderr, on a terminal one that the next replaces."""
    if _lines_shown:
        _lines_shown[-1].update(message)
    else:
        echo(message)


def say_briefly(message: str) -> None:
    """Show progress that is worth no line of its own: on a terminal only."""
    if _lines_shown:
        _lines_shown[-1].update(message)


@contextmanager
def progress(stopwatch: Stopwatch | None = None) -> Iterator[None]:
    """Show what `say` is told, and every step that takes a second, on one changing line, where
    stderr is a terminal. What steps take is measured by `stopwatch`."""
    with measured(stopwatch or Stopwatch(say_briefly)):
        if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield
            return
        with (line := _Line()):
            _lines_shown.append(line)
            try:
                yield
            finally:
                _lines_shown.pop()


def show_diagnostics(diagnostics: Iterable[Diagnostic], *, excerpts: bool = False) -> None:
    """Show diagnostics on stderr, a line each, with their hints below.

    `excerpts` show on a terminal what stands there: of plugins, never of values that somebody has.
    """
    for diagnostic in diagnostics:
        where = f"{diagnostic.place}: " if diagnostic.place else ""
        key = f"{diagnostic.key}: " if diagnostic.key else ""
        message = _shortened(f"{key}{diagnostic.message}")
        shows = excerpts and sys.stderr.isatty()
        code = f" [{diagnostic.code}]" if shows else ""
        level = (f"{diagnostic.level}: ", diagnostic.level)
        _lines((where, ""), level, (message, ""), (code, "hint"), indent="  ")
        if shows:
            _excerpt(diagnostic)
        _hint(diagnostic.hint)


def show_error(error: PackagerError, *, excerpts: bool = False) -> None:
    """Show on stderr why a command failed, and what to try next."""
    if isinstance(error, InvalidInput):
        show_diagnostics(error.diagnostics, excerpts=excerpts)
        return
    _lines(("error: ", "error"), (str(error), ""))
    _hint(error.hint)


def warn(message: str) -> None:
    """Show on stderr something worth knowing."""
    _lines(("warning: ", "warning"), (message, ""))


def write(text: str) -> None:
    """Write a result to stdout, made fit for a terminal."""
    click.echo(shown(text).encode(), nl=False)


def write_exactly(text: str) -> None:
    """Write a result to stdout, as it is."""
    click.echo(text.encode(), nl=False)


def write_bytes(data: bytes) -> None:
    """Write what a function sent to stdout: as it is, unless stdout is a terminal."""
    click.echo(shown_bytes(data) if sys.stdout.isatty() else data, nl=False)


def write_json(value: object) -> None:
    """Write a result to stdout as JSON, for programs."""
    write_exactly(shown_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def write_log(chunk: bytes) -> None:
    """Write to stderr what a function wrote: as it is, unless stderr is a terminal."""
    click.echo(shown_bytes(chunk) if sys.stderr.isatty() else chunk, nl=False, err=True)


def echo(text: str) -> None:
    """Show a line on stderr."""
    click.echo(shown(text), err=True)


def ask(text: str, *, hidden: bool) -> str:
    """Ask on stderr for a line of text, which may be empty."""
    answer: str = click.prompt(
        shown(text), default="", show_default=False, hide_input=hidden, err=True
    )
    return answer


def confirm(text: str) -> bool:
    """Ask on stderr whether something is to be done; no is the answer that is given by Enter."""
    return click.confirm(shown(text), default=False, err=True)


def shown_prompt(text: str, default: str | None) -> str:
    """Ask on stderr for a line of text; nothing is `default`, where there is one."""
    answer: str = click.prompt(shown(text), default=default, err=True)
    return answer.strip()


def diagnostic_facts(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return a fault as JSON says it; what there is not is null."""
    place = diagnostic.place
    return {
        "level": diagnostic.level,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "key": diagnostic.key or None,
        "hint": diagnostic.hint,
    }


def _excerpt(diagnostic: Diagnostic) -> None:
    from packager.cli.faults.excerpt import excerpt

    text = excerpt(diagnostic)
    if text is not None:
        line, caret = text.split("\n")
        _lines((f"  {line}\n  {caret[:-1]}", ""), ("^", diagnostic.level))


def _hint(hint: str | None) -> None:
    if hint:
        _lines((f"  hint: {_shortened(hint)}", "hint"), indent="  ")


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"


def _lines(*parts: tuple[str, str], indent: str = "") -> None:
    """Show one message; with `indent` its later lines stand behind it, as what a plugin wrote may
    hold line breaks and must not pass for a message of its own."""
    fit = [(shown(text).replace("\n", f"\n{indent}"), kind) for text, kind in parts]
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR"):
        click.echo("".join(text for text, _ in fit), err=True)
        return
    from rich.text import Text

    styled = [(text, _COLOURS.get(kind, "")) for text, kind in fit]
    _console().print(Text.assemble(*styled), soft_wrap=True)


def _plain(message: str) -> Text:
    """Return a message without rich's markup: a package's name may have brackets."""
    from rich.text import Text

    return Text(shown(message))


def _console() -> Console:
    """Return rich's console on stderr, which obeys NO_COLOR; rich costs time to import."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
