"""Plans a function for this machine: its architecture, and a Python that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from packager.host.interpreter import find_interpreter, host_architecture, newest_supported
from packager.plugin.functions import FunctionPlan


def planned_here(
    plan: FunctionPlan, runtime: str | None, warn: Callable[[str], None]
) -> FunctionPlan:
    """Return the plan for this machine's architecture.

    Unless `runtime` was asked for, it is for another Python where this machine lacks its own, of
    which `warn` is told.
    """
    options = replace(plan.options, architecture=host_architecture())
    if runtime is None and find_interpreter(options.python) is None:
        newest = newest_supported()
        if newest is not None:
            warn(f"Python {options.python} is not on this machine; running on {newest.python}")
            options = replace(options, runtime=f"python{newest.python}")
    return replace(plan, options=options)
