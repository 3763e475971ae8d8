"""Puts each import, and what is left of the time, down to a part of the function."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from statistics import median

from packager.profile.facts import ImportedModule, Part
from packager.profile.trace import Node, Trace

INTERPRETER, LOOP, CLIENT, RUNTIME = "interpreter", "loop", "AWS's client", "runtime"
PLUGIN, ANSWER = "plugin", "answering"
_NS = 1_000_000  # in a ms
# Of `endpoint_runtime`, what takes the place of AWS's client.
_LOOP_MODULES = frozenset({"code_archive", "loop", "lambda_api", "json_codec"})


class Attribution:
    """Knows whose a module is. `client` is the folder of AWS's client, on the stock entry."""

    def __init__(self, root: Path, client: Path | None = None) -> None:
        self._root = PurePosixPath(root)
        self._client = PurePosixPath(client) if client else None
        self.start = CLIENT if client else LOOP

    def part_of(self, node: Node) -> str | None:
        """Return the part that brought a module; None for the standard library's, which are put
        down to whoever imports them first."""
        path = PurePosixPath(node.file)
        if self._client and path.is_relative_to(self._client):
            return CLIENT
        if path.is_relative_to(self._root):
            top, *inner = path.relative_to(self._root).parts
            if top == "endpoint_runtime":
                name = inner[0].partition(".")[0] if inner else ""
                return self.start if name in _LOOP_MODULES | {"__init__"} else RUNTIME
            if top == "dify_plugin":
                return RUNTIME
            return PLUGIN if top == "plugin" else top.partition(".")[0]
        if "site-packages" in path.parts:
            return node.name.partition(".")[0]
        return None

    def modules(self, trace: Trace, scale: float) -> tuple[ImportedModule, ...]:
        """Return a trace's imports in the order they began, times multiplied by `scale`."""
        found = []
        for root in trace.roots:
            parts: list[str] = []
            for node, depth in root.walk():
                above = parts[depth - 1] if depth else self._default(node, trace)
                del parts[depth:]
                parts.append(self.part_of(node) or above)
                start, ms, own = (
                    round(time / _NS * scale, 3)
                    for time in (node.start - trace.spawned, node.total, node.own)
                )
                found.append(
                    ImportedModule(node.name, node.file, depth, start, ms, own, parts[depth])
                )
        return tuple(found)

    def _default(self, node: Node, trace: Trace) -> str:
        return self.start if node.start < trace.asked else ANSWER


def parts_of(traces: Iterable[Trace], attribution: Attribution, wall: float) -> tuple[Part, ...]:
    """Share `wall` (ms, of starts that were not instrumented) out as the traces say, by medians.

    The order is that of a start: interpreter, loop or client, runtime, packages, plugin, answer.
    """
    times: dict[str, list[float]] = {}
    counts: dict[str, int] = {}
    traced = list(traces)
    for trace in traced:
        total = trace.answered - trace.spawned
        here: dict[str, float] = {}
        counts = {INTERPRETER: trace.loaded}
        for module in attribution.modules(trace, 1.0):
            here[module.part] = here.get(module.part, 0) + module.own * _NS
            counts[module.part] = counts.get(module.part, 0) + 1
        before = sum(root.total for root in trace.roots if root.start < trace.asked)
        after = sum(root.total for root in trace.roots if root.start >= trace.asked)
        here[INTERPRETER] = trace.began - trace.spawned
        here[attribution.start] = (
            here.get(attribution.start, 0) + trace.asked - trace.began - before
        )
        here[ANSWER] = here.get(ANSWER, 0) + trace.answered - trace.asked - after
        for part, time in here.items():
            times.setdefault(part, []).append(max(time, 0) / total)
    middle = {part: median(each) for part, each in times.items()}
    whole = sum(middle.values()) or 1
    packages = sorted(
        part
        for part in middle
        if part not in (INTERPRETER, LOOP, CLIENT, RUNTIME, "werkzeug", PLUGIN, ANSWER)
    )
    order = (INTERPRETER, LOOP, CLIENT, RUNTIME, "werkzeug", *packages, PLUGIN, ANSWER)
    return tuple(
        Part(part, round(middle[part] / whole * wall, 3), counts.get(part, 0))
        for part in order
        if part in middle
    )
