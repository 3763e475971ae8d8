"""`packager cache`: what builds keep, and removing it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import click

from packager.cli.console import echo, write, write_json
from packager.cli.options import format_option
from packager.errors import UsageError
from packager.formatting import byte_size, columns, counted
from packager.host.cache import cache_folder
from packager.host.cache_contents import (
    DAY,
    KINDS,
    MOST_BYTES,
    UNUSED_SECONDS,
    Entry,
    bytes_of,
    clean,
    entries_in,
)

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_PACKAGE = "a package that local runs need"
_OF_UV = "uv's cache of builds that were shut in"


class _Amount(click.ParamType):
    """A number with a unit: `30d`, `500MB`."""

    def __init__(self, name: str, units: dict[str, int], example: str) -> None:
        self.name = name
        self._units = units
        self._example = example

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) ?([a-z]+)", str(value).lower())
        if found is None or found[2] not in self._units:
            units = ", ".join(self._units)
            self.fail(f"{value!r} is no {self.name} such as {self._example} ({units})", param, ctx)
        return int(float(found[1]) * self._units[found[2]])


@click.group()
def cache() -> None:
    """Show what builds keep for the next ones, or remove it.

    By itself it is kept within bounds: what nobody has used for 30 days goes, and of more than 1 GB
    what was last used longest ago. What a build uses stays.
    """


@cache.command()
@format_option
def show(form: str) -> None:
    """Show what the cache holds, by kind.

    \b
    Examples:
      packager cache show
      packager cache show --format json | jq .bytes
    """
    folder = _folder()
    by_kind: dict[str, list[Entry]] = {}
    for entry in entries_in(folder):
        by_kind.setdefault(entry.kind, []).append(entry)
    kinds = [_facts(kind, by_kind[kind]) for kind in sorted(by_kind)]
    total = sum(each["bytes"] for each in kinds)
    if form == "json":
        write_json(
            {
                "folder": str(folder),
                "bytes": total,
                "entries": sum(each["entries"] for each in kinds),
                "most_bytes": MOST_BYTES,
                "unused_seconds": UNUSED_SECONDS,
                "kinds": kinds,
            }
        )
        return
    rows = [("KIND", "ENTRIES", "SIZE", "LAST USED", "OLDEST", "WHAT")]
    for each in kinds:
        ages = (f"{_age(each[name])} ago" for name in ("last_used", "oldest"))
        rows.append(
            (each["kind"], str(each["entries"]), byte_size(each["bytes"]), *ages, each["what"])
        )
    write(columns(rows) if kinds else "nothing is kept\n")
    echo(f"{folder} has {byte_size(total)}; it is kept below {byte_size(MOST_BYTES)}")


@cache.command("clean")
@click.option(
    "--older-than",
    type=_Amount("time", _SECONDS, "7d"),
    metavar="TIME",
    help="Remove what nobody has used for so long: 12h, 7d.  [default: 30d]",
)
@click.option(
    "--max-size",
    type=_Amount("size", _BYTES, "500MB"),
    metavar="SIZE",
    help="Of more than that remove what was last used longest ago: 500MB.  [default: 1GB]",
)
@click.option("--all", "everything", is_flag=True, help="Remove whatever no build uses.")
@format_option
def clean_cache(older_than: int | None, max_size: int | None, everything: bool, form: str) -> None:
    """Remove what the cache holds and nobody needs. What a build uses stays.

    \b
    Examples:
      packager cache clean --older-than 7d
      packager cache clean --all
    """
    if everything and (older_than is not None or max_size is not None):
        raise UsageError(
            "--all removes everything: it goes with neither --older-than nor --max-size"
        )
    cleaned = clean(
        _folder(),
        older_than=0 if everything else UNUSED_SECONDS if older_than is None else older_than,
        most_bytes=MOST_BYTES if max_size is None else max_size,
    )
    removed, in_use = bytes_of(cleaned.removed), bytes_of(cleaned.in_use)
    if form == "json":
        write_json(
            {
                "removed": {"entries": len(cleaned.removed), "bytes": removed},
                "in_use": {"entries": len(cleaned.in_use), "bytes": in_use},
            }
        )
        return
    write(f"removed {_counted(cleaned.removed)}, {byte_size(removed)}\n")
    if cleaned.in_use:
        echo(f"{_counted(cleaned.in_use)}, {byte_size(in_use)}, stayed: builds use them")


def _folder() -> Path:
    folder = cache_folder()
    if folder is None:
        raise UsageError(
            "there is no cache folder that can be written",
            hint="set XDG_CACHE_HOME to a folder that can be",
        )
    return folder


def _counted(entries: tuple[Entry, ...]) -> str:
    return "1 entry" if len(entries) == 1 else f"{len(entries)} entries"


def _facts(kind: str, entries: list[Entry]) -> dict[str, Any]:
    return {
        "kind": kind,
        "what": KINDS.get(kind, _OF_UV if kind.startswith("uv-") else _PACKAGE),
        "entries": len(entries),
        "bytes": bytes_of(entries),
        "last_used": max(each.used for each in entries),
        "oldest": min(each.used for each in entries),
    }


def _age(used: float) -> str:
    seconds = max(0, int(time.time() - used))
    for number, unit in ((DAY, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= number:
            return counted(seconds // number, unit)
    return counted(seconds, "second")
