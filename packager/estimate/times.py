"""Brings together what a function takes: options, REPORT lines and measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from packager.dataclass import dataclass
from packager.errors import UsageError
from packager.estimate.durations import Duration, Measured
from packager.estimate.measure import cpu_part
from packager.estimate.model import Times
from packager.estimate.report_lines import Report
from packager.formatting import counted

_LEAST_SAMPLES = 10  # of a memory size: with fewer, those of all sizes are taken and scaled


@dataclass(frozen=True, slots=True)
class GivenTimes:
    """What the command line says, each None where it says nothing. `cpu` is the part of `duration`
    and `first` that is CPU time, 0 to 1; they are those of a function with `memory` MiB."""

    init: Duration | None = None
    duration: Duration | None = None
    first: Duration | None = None
    cpu: float = 1.0

    def scaled(self, duration: Duration, of_memory: int, memory: int) -> Duration:
        """Return a time at another memory size: what is CPU changes with the share."""
        factor = cpu_part(of_memory) / cpu_part(memory)
        return duration.scaled(1 - self.cpu + self.cpu * factor)


def times_of(
    memories: Sequence[int],
    of_memory: int,
    given: GivenTimes,
    reports: Sequence[Report] = (),
    measure: Callable[[], Mapping[int, Times]] | None = None,
) -> dict[int, Times]:
    """Return the times with each memory size (MiB): what is given goes before reports, those
    before what `measure` returns, which is called only if something is missing.

    `of_memory` is the size that given times are of. Raises `UsageError` where something is missing
    all the same.
    """
    found: dict[int, Times] = {}
    measured: Mapping[int, Times] | None = None
    for memory in memories:
        from_reports = _from_reports(reports, memory, given) if reports else {}
        known: dict[str, tuple[Duration, str]] = {}
        for name, duration in (
            ("init", given.init),
            ("duration", given.duration),
            ("first", given.first),
        ):
            if duration is not None:
                scaled = duration if name == "init" else given.scaled(duration, of_memory, memory)
                known[name] = scaled, "given"
            elif name in from_reports:
                known[name] = from_reports[name]
        # What is given or reported of requests is not mixed with another machine's first request.
        lacking = [name for name in ("init", "duration") if name not in known]
        if lacking and measure is not None:
            if measured is None:
                measured = measure()
            known = _completed(known, measured[memory])
        elif lacking:
            raise UsageError(
                f"nothing says how long the function takes: --{lacking[0]} is missing",
                hint="name a plugin to measure it, or --init MS and --duration MS, or --report",
            )
        first = known.get("first")
        found[memory] = Times(
            init=known["init"][0],
            duration=known["duration"][0],
            first=None if first is None else first[0],
            says={name: says for name, (_, says) in known.items()},
        )
    return found


def _completed(
    known: dict[str, tuple[Duration, str]], measured: Times
) -> dict[str, tuple[Duration, str]]:
    found = dict(known)
    found.setdefault("init", (measured.init, measured.says["init"]))
    if "duration" not in known:
        found["duration"] = measured.duration, measured.says["duration"]
        if measured.first is not None:
            found.setdefault("first", (measured.first, measured.says["first"]))
    return found


def _from_reports(
    reports: Sequence[Report], memory: int, given: GivenTimes
) -> dict[str, tuple[Duration, str]]:
    own = [each for each in reports if each.memory == memory]
    chosen, note = own, ""
    if len(own) < min(_LEAST_SAMPLES, len(reports)):
        chosen, note = list(reports), ", of other memory sizes too"
    warm = _durations([each for each in chosen if not each.is_cold], memory, given)
    cold = _durations([each for each in chosen if each.is_cold], memory, given)
    inits = tuple(
        start
        for each in chosen
        for start in (each.restore if each.restore is not None else each.init,)
        if start is not None
    )
    found: dict[str, tuple[Duration, str]] = {}
    for name, samples in (("init", inits), ("duration", warm or cold), ("first", cold)):
        if samples:
            found[name] = Measured(samples), f"{counted(len(samples), 'REPORT line')}{note}"
    return found


def _durations(reports: Sequence[Report], memory: int, given: GivenTimes) -> tuple[float, ...]:
    """Return the durations at `memory`, those of other sizes scaled; never 0."""
    factors = {
        size: 1 - given.cpu + given.cpu * cpu_part(size or memory) / cpu_part(memory)
        for size in {each.memory for each in reports}
    }
    return tuple(max(each.duration * factors[each.memory], 0.01) for each in reports)
