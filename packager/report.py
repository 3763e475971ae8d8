"""Shows progress and faults on stderr, in colour on a terminal only, and results on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from packager.errors import Fault, InputFaults, PackagerError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

_COLOURS = {"error": "bold red", "warning": "bold yellow", "hint": "dim"}
_status: list[Status] = []  # the line that shows progress now, for as long as it is shown


def say(message: str) -> None:
    """Show progress: a line on stderr, on a terminal one that the next replaces."""
    if _status:
        _status[-1].update(message)
    else:
        click.echo(message, err=True)


def say_briefly(message: str) -> None:
    """Show progress that is worth no line of its own: on a terminal only."""
    if _status:
        _status[-1].update(message)


@contextmanager
def progress() -> Iterator[None]:
    """Show what `say` is told on one changing line, where stderr is a terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    with _console().status("") as status:
        _status.append(status)
        try:
            yield
        finally:
            _status.pop()


def show_faults(faults: Iterable[Fault]) -> None:
    """Show faults on stderr, a line each, with their hints below."""
    for fault in faults:
        where = f"{fault.place}: " if fault.place else ""
        key = f"{fault.key}: " if fault.key else ""
        _lines((where, ""), (f"{fault.level}: ", fault.level), (f"{key}{fault.message}", ""))
        _hint(fault.hint)


def show_error(error: PackagerError) -> None:
    """Show on stderr why a command failed, and what to try next."""
    if isinstance(error, InputFaults):
        show_faults(error.faults)
        return
    _lines(("error: ", "error"), (str(error), ""))
    _hint(error.hint)


def warn(message: str) -> None:
    """Show on stderr something worth knowing."""
    _lines(("warning: ", "warning"), (message, ""))


def write(text: str) -> None:
    """Write a result to stdout, as it is."""
    write_bytes(text.encode("utf-8", "surrogateescape"))


def write_bytes(data: bytes) -> None:
    """Write a result to stdout, as it is."""
    click.echo(data, nl=False)


def write_json(value: object) -> None:
    """Write a result to stdout as JSON, for programs."""
    write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_log(chunk: bytes) -> None:
    """Write to stderr what a function wrote, as it is."""
    click.echo(chunk, nl=False, err=True)


def fault_facts(fault: Fault) -> dict[str, Any]:
    """Give a fault as JSON says it; what there is not is null."""
    place = fault.place
    return {
        "level": fault.level,
        "code": fault.code or None,
        "message": fault.message,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "key": fault.key or None,
        "hint": fault.hint,
    }


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Give rows as lines of aligned columns, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"{indent}{'  '.join(cells)}".rstrip() + "\n")
    return "".join(lines)


def byte_size(size: int) -> str:
    """Give bytes as people read them: `412 KB`, `1.2 MB` (powers of ten)."""
    if size < 1_000_000:
        return f"{size / 1000:.0f} KB" if size >= 1000 else f"{size} B"
    return f"{size / 1_000_000:.1f} MB"


def counted(number: int, noun: str) -> str:
    """Give `1 route`, `2 routes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _hint(hint: str | None) -> None:
    if hint:
        _lines((f"  hint: {hint}", "hint"))


def _lines(*parts: tuple[str, str]) -> None:
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR"):
        click.echo("".join(text for text, _ in parts), err=True)
        return
    from rich.text import Text

    styled = [(text, _COLOURS.get(kind, "")) for text, kind in parts]
    _console().print(Text.assemble(*styled), soft_wrap=True)


def _console() -> Console:
    """Give rich's console on stderr, which obeys NO_COLOR; rich costs time to import."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
