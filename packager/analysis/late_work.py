"""Warns of endpoints whose caller will wait for what it need not: see docs/streaming.md."""

from __future__ import annotations

from collections.abc import Mapping

from packager.analysis.facts import SourceFacts, reachable
from packager.errors import Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.options import Options
from packager.model.plugin import EndpointGroup

_MODULES = ("threading", "concurrent.futures")
_LATE = {
    "threading": "threads are finished",
    "concurrent.futures": "executors are finished",
    "_executor": "what is given to _executor is finished",
    "call_on_close": "callbacks of call_on_close are called",
}


def check_timing(
    folder: PluginFolder,
    group: EndpointGroup,
    options: Options,
    facts: Mapping[str, SourceFacts],
    diagnostics: Diagnostics,
) -> None:
    """Note what in a group's own sources comes later than it may seem; once for each file."""
    for file in sorted(reachable(facts, group.sources)):
        uses = [(each.module, each.line) for each in facts[file].imports]
        uses = [(name, line) for name, line in uses if name in _MODULES] + [*facts[file].uses]
        first = dict(reversed(uses))
        if options.started_by == "stock":
            for name in (each for each in _LATE if each in first):
                diagnostics.warn(
                    "late-work",
                    f"{_LATE[name]} before the reply: the stock entry freezes with it",
                    Place(folder.display_of(file), first[name]),
                    hint="the fast entry does so after the answer; else the caller waits",
                )
        if "text/event-stream" in first and not options.stream:
            diagnostics.warn(
                "buffered-stream",
                "this function's replies are buffered: its events arrive all together, at the end",
                Place(folder.display_of(file), first["text/event-stream"]),
                hint='stream = true, with api = "url" or "rest", sends each when it is made',
            )
