"""Measures bundles and makes their profiles."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from pathlib import Path
from statistics import median

from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.local.http_reply import read_reply
from packager.profile.advice import deferrable_imports
from packager.profile.cpu_share import Unlimited, cpu_share
from packager.profile.deferred import deferred_in
from packager.profile.facts import WHOLE_CPU_MIB, ColdStart, ImportedModule, Profile, Share
from packager.profile.packages import packages_of
from packager.profile.parts import Attribution, parts_of
from packager.profile.sizes import sizes_of
from packager.profile.start import Function, cold_start, traced_start
from packager.profile.trace import Trace

MEMORIES = (128, 512, WHOLE_CPU_MIB)  # MiB
TRACES = 10
_LEAST_STARTS = 3


@dataclass(slots=True)
class _Measured:
    starts: list[ColdStart] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)


def profile_functions(
    functions: Sequence[Function],
    request: str,
    *,
    starts: int,
    progress: Callable[[str], None] = lambda message: None,
) -> tuple[Profile, ...]:
    """Start each of `functions` `starts` times, in turn, and return their profiles in that order.

    The times are those of starts as Lambda does them; where they go is read from further starts
    that are traced, and scaled to the former. Raises `InvocationFailed` if one gives no reply.
    """
    measured = [_Measured() for _ in functions]
    for function in functions:  # fills the page cache, and fails before the long part
        cold_start(function)
    for number in range(starts):
        progress(f"cold start {number + 1} of {starts}")
        for function, found in zip(functions, measured, strict=True):
            found.starts.append(cold_start(function))
    progress("tracing what is imported")
    for _ in range(TRACES):
        for function, found in zip(functions, measured, strict=True):
            found.traces.append(traced_start(function))
    no_shares = _measure_shares(functions, measured, max(starts // 4, _LEAST_STARTS), progress)
    return tuple(
        replace(_profile(function, request, found), no_shares=no_shares)
        for function, found in zip(functions, measured, strict=True)
    )


def _measure_shares(
    functions: Sequence[Function],
    measured: Sequence[_Measured],
    starts: int,
    progress: Callable[[str], None],
) -> str:
    """Measure at the CPU share of each of `MEMORIES`; say why that can't be done, if so."""
    for memory in MEMORIES:
        progress(f"with the CPU share of {memory} MB")
        try:
            with cpu_share(memory) as limit:
                times: list[list[ColdStart]] = [[] for _ in functions]
                for _ in range(starts):
                    for function, found in zip(functions, times, strict=True):
                        found.append(cold_start(function, limit))
        except Unlimited as reason:
            return str(reason)
        for each, found in zip(measured, times, strict=True):
            wall = median(start.wall for start in found)
            each.shares.append(Share(memory, wall, median(start.init for start in found)))
    return ""


def _profile(function: Function, request: str, measured: _Measured) -> Profile:
    bundle = function.bundle
    wall = median(start.wall for start in measured.starts)
    attribution = Attribution(bundle.folder, function.client)
    trace = _calmest(measured.traces)
    scale = wall / ((trace.answered - trace.spawned) / 1e6)
    modules = attribution.modules(trace, scale)
    parts = parts_of(measured.traces, attribution, wall)
    labels = tuple(label for label in (bundle.diet, *bundle.diet_packages) if label)
    return Profile(
        function=bundle.function,
        entry=bundle.entry,
        python=bundle.python,
        request=request,
        status=status_of(measured.starts[-1].payload),
        starts=tuple(replace(start, payload=b"") for start in measured.starts),
        wall=wall,
        cpu=median(start.cpu for start in measured.starts),
        parts=parts,
        imports=tuple(replace(each, file=_shown(each, bundle.folder)) for each in modules),
        opened=tuple(_relative(path, bundle.folder) for path in trace.opened),
        listed=tuple(_relative(path, bundle.folder) for path in trace.listed),
        sizes=sizes_of(bundle.folder),
        deferred=deferred_in(bundle.folder, bundle.diet, {module.name for module in modules}),
        deferrable=deferrable_imports(bundle.folder / "plugin", modules),
        packages=packages_of(bundle.folder, labels, parts, modules),
        shares=tuple(measured.shares),
    )


def _calmest(traces: Sequence[Trace]) -> Trace:
    """Return the trace that took least: nothing else had the CPU in its midst."""
    return min(traces, key=lambda trace: trace.answered - trace.spawned)


def status_of(payload: bytes) -> int | None:
    """Return the status that a reply has; None if it is not one over HTTP."""
    try:
        reply = read_reply(json.loads(payload))
    except (ValueError, PackagerError):
        return None
    return reply.status if reply else None


def _shown(module: ImportedModule, folder: Path) -> str:
    return _relative(module.file, folder)


def _relative(path: str, folder: Path) -> str:
    """Return a path as it is on Lambda where it is in the bundle."""
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else path
