"""Finds what Lambda refuses of SnapStart and of provisioned concurrency."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from packager.errors import Diagnostics
from packager.model.runtimes import what_ends
from packager.plugin.functions import FunctionPlan

_OLDEST = (3, 12)  # Python with SnapStart (AWS Lambda, "Improving startup performance")
_MAX_STORAGE = 512  # MB of /tmp with SnapStart, likewise


def check_runtime(plan: FunctionPlan, diagnostics: Diagnostics, today: date) -> None:
    """Note in `diagnostics` a runtime that has ended, or soon does."""
    ends = what_ends(plan.options.runtime, today)
    if ends:
        diagnostics.warn(
            "runtime-ends",
            ends,
            plan.options.place("runtime"),
            key="runtime",
            hint="set a later runtime",
        )


def check_start(plan: FunctionPlan, diagnostics: Diagnostics) -> None:
    """Note in `diagnostics` what does not go with `snapstart` or `provisioned_concurrency`."""
    options, template = plan.options, plan.options.template
    count = options.provisioned_concurrency
    reserved = template.get("ReservedConcurrentExecutions", options.reserved_concurrency)
    if isinstance(reserved, int) and count > reserved:
        diagnostics.error(
            "conflicting-keys",
            f"expected at most {reserved}, the function's ReservedConcurrentExecutions",
            options.place("provisioned_concurrency"),
            key="provisioned_concurrency",
        )
    if not options.snapstart:
        return

    def error(message: str, hint: str | None = None) -> None:
        diagnostics.error(
            "conflicting-keys", message, options.place("snapstart"), key="snapstart", hint=hint
        )

    if count:
        error("excludes provisioned_concurrency", "say one of the two")
    if tuple(map(int, options.python.split("."))) < _OLDEST:
        error("needs Python 3.12 or later", f"the runtime is {options.runtime}")
    if template.get("FileSystemConfigs"):
        error("excludes file systems (FileSystemConfigs)")
    storage = template.get("EphemeralStorage")
    size = storage.get("Size") if isinstance(storage, Mapping) else None
    if isinstance(size, int) and size > _MAX_STORAGE:
        error(f"takes at most {_MAX_STORAGE} MB of EphemeralStorage, not {size}")
