"""Writes an estimate as text, and as what JSON says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from packager.estimate.durations import percentile
from packager.estimate.estimate import Case, Estimate
from packager.formatting import columns

SHARES = (0.5, 0.99, 0.999)
_LABELS = {
    "gateway": "by the gateway's rate",
    "concurrency": "for want of concurrency",
    "growth": "since it can't grow that fast",
    "rate": "over ten a second for each environment",
}


def render_text(estimates: Sequence[Estimate]) -> str:
    """Return estimates for people, one after another."""
    return "\n".join(map(_one, estimates))


def _one(estimate: Estimate) -> str:
    sections = [_head(estimate), _table(estimate), _refused(estimate), _cost(estimate)]
    sections += [_rests_on(estimate)]
    return "\n".join(section for section in sections if section)


def _head(estimate: Estimate) -> str:
    function = estimate.function
    where = "a queue" if function.setup.queue is not None else f"api {function.api}"
    return f"{function.name}: {estimate.traffic.label}, {where}, {function.architecture}\n"


def _table(estimate: Estimate) -> str:
    rows: list[tuple[str, ...]] = [
        ("MEMORY", "COLD", "P50", "P99", "P99.9", "REFUSED", "BUSY", "MOST", "A MONTH")
    ]
    for case in estimate.cases:
        outcome = case.outcome
        rows.append(
            (
                f"{case.memory} MB",
                part(outcome.cold, outcome.batches),
                *(milliseconds(value) for value in percentiles(case).values()),
                part(outcome.refused, outcome.requests),
                f"{outcome.mean_busy:,.2f}",
                str(outcome.most_busy),
                dollars(case.dollars),
            )
        )
    return columns(rows)


def _refused(estimate: Estimate) -> str:
    rows = [("REFUSED", *(f"{case.memory} MB" for case in estimate.cases))]
    for name, label in _LABELS.items():
        counts = [getattr(case.outcome.refusals, name) for case in estimate.cases]
        if any(counts):
            rows.append((label, *(f"{count:,}" for count in counts)))
    if any(case.outcome.reads.refused for case in estimate.cases):
        counts = [case.outcome.reads.refused for case in estimate.cases]
        rows.append(("reads of settings, tried again", *(f"{count:,}" for count in counts)))
    return columns(rows) if rows[1:] else ""


def _cost(estimate: Estimate) -> str:
    rows = [("A MONTH, US DOLLARS", *(f"{case.memory} MB" for case in estimate.cases))]
    rows += [
        (name, *(dollars(cost_of(case, name)) for case in estimate.cases))
        for name in item_names(estimate)
    ]
    rows.append(("whole", *(dollars(case.dollars) for case in estimate.cases)))
    return columns(rows)


def _rests_on(estimate: Estimate) -> str:
    return "".join(f"{line}\n" for line in assumptions(estimate))


def assumptions(estimate: Estimate) -> list[str]:
    """Return what the estimate rests on, a sentence each."""
    lines = []
    for name, label in (("init", "Init"), ("duration", "Duration"), ("first", "First request")):
        said = {case.memory: case.times.says.get(name) for case in estimate.cases}
        kinds = {says for says in said.values() if says}
        if len(kinds) == 1:
            lines.append(f"{label}: {kinds.pop()}.")
        elif kinds:
            each = "; ".join(f"{memory} MB: {says}" for memory, says in said.items() if says)
            lines.append(f"{label}: {each}.")
    limits = estimate.limits
    lines.append(
        f"Assumed: an idle environment is kept {limits.idle / 60:g} minutes, none is used longer "
        f"than {limits.life / 3600:g} hours (AWS says neither), the one used last is used first."
    )
    lines.append(
        "Not in it: the network, TLS, what Lambda does before the init phase, clients that try "
        "again, and the account's other functions."
    )
    if estimate.function.defers and estimate.function.setup.queue is None:
        lines.append(
            "Nor are the queue and the worker of its deferred requests: --queue BATCH, with the "
            "worker's --duration, estimates them."
        )
    prices = estimate.prices
    dates = sorted({price.seen for price in prices.of.values() if price.is_checked})
    lines.append(
        f"Prices of {prices.region}, seen {dates[-1] if dates else 'nowhere'}, without free tiers; "
        f"seed {estimate.seed}."
    )
    if prices.unchecked:
        lines.append(f"Not checked at their source: {', '.join(prices.unchecked)}.")
    return lines


def facts(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON says it."""
    return {
        "function": estimate.function.name,
        "architecture": estimate.function.architecture,
        "api": estimate.function.api,
        "provisioned_concurrency": estimate.function.setup.provisioned,
        "snapstart": estimate.function.setup.snapstart,
        "traffic": estimate.traffic.label,
        "seconds": estimate.traffic.seconds,
        "seed": estimate.seed,
        "limits": asdict(estimate.limits),
        "assumptions": assumptions(estimate),
        "cases": [_case_facts(case) for case in estimate.cases],
        "prices": _prices(estimate),
    }


def _case_facts(case: Case) -> dict[str, Any]:
    outcome = case.outcome
    counts = (
        *("requests", "served", "cold", "refused", "on_provisioned", "batches", "waited"),
        *("most_busy", "most_environments"),
    )
    return {
        "memory": case.memory,
        "times": {
            name: {"mean_ms": round(duration.mean, 3), "from": case.times.says[name]}
            for name, duration in (
                ("init", case.times.init),
                ("duration", case.times.duration),
                ("first", case.times.first),
            )
            if duration is not None
        },
        **{name: getattr(outcome, name) for name in counts},
        **{f"refused_by_{name}": getattr(outcome.refusals, name) for name in _LABELS},
        **{f"parameter_{name}": count for name, count in asdict(outcome.reads).items()},
        "cold_share": outcome.cold / outcome.batches if outcome.batches else 0.0,
        "mean_busy": round(outcome.mean_busy, 4),
        "latency_ms": {name: _rounded(value) for name, value in percentiles(case).items()},
        "dollars_a_month": round(case.dollars, 4),
        "items": [asdict(item) for item in case.items],
        "over_time": [asdict(bucket) for bucket in outcome.buckets],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _prices(estimate: Estimate) -> dict[str, Any]:
    names = sorted({item.price for case in estimate.cases for item in case.items})
    return {
        "region": estimate.prices.region,
        "of": {
            name: {
                "per": price.per,
                "price": price.tiers[0][1],
                "source": price.source,
                "seen": price.seen,
            }
            for name, price in ((name, estimate.prices.of[name]) for name in names)
        },
    }


def percentiles(case: Case) -> Mapping[str, float | None]:
    """Return what share of served requests took at most how many ms; None if none was served."""
    latencies = case.outcome.latencies
    return {
        f"p{share * 100:g}": percentile(latencies, share) * 1000 if latencies else None
        for share in SHARES
    }


def item_names(estimate: Estimate) -> list[str]:
    """Return the items of the bill of any memory size, in order."""
    return list(dict.fromkeys(item.name for case in estimate.cases for item in case.items))


def cost_of(case: Case, name: str) -> float:
    """Return what an item costs a month; 0 where it is not on the bill."""
    return sum(item.dollars for item in case.items if item.name == name)


def part(count: int, whole: int) -> str:
    """Return a share as people read it: `0.02%`, `none`."""
    if not count or not whole:
        return "none"
    percent = count / whole * 100
    return f"{percent:.1f}%" if percent >= 1 else f"{percent:.2g}%"


def milliseconds(value: float | None) -> str:
    """Return a time as people read it: `12.3 ms`, `1.2 s`."""
    if value is None:
        return "-"
    if value >= 10_000:
        return f"{value / 1000:,.1f} s"
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"


def dollars(value: float) -> str:
    """Return an amount as people read it: `$0.04`, `$1,234`."""
    return f"${value:,.0f}" if value >= 1000 else f"${value:,.2f}"
