"""Writes the worker of a function with deferred routes: the same code as a second function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.plugin.functions import FunctionPlan
from packager.sam.deferred.resources import kinds, worker_statements, worker_variables
from packager.sam.deferred.second_function import SecondFunction, second_function
from packager.sam.document import Section, get_att
from packager.sam.names import ResourceNames
from packager.sam.role import role_resource

_FIFO_BATCH = 1  # a message behind one that fails would lose a try


def worker_resources(
    plan: FunctionPlan, front: Mapping[str, Any], tags: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the worker of the function `front`, its role and its log group, by logical id."""
    if not plan.options.deferred:
        return {}
    names = ResourceNames(plan.logical_id)
    options = plan.options.worker
    paths = ", ".join(route.path for route in plan.options.deferred)
    role = role_resource(plan, worker_statements(plan), log_group=names.worker_log_group)
    worker = SecondFunction(
        names.worker,
        names.worker_role,
        names.worker_log_group,
        f"Starts the workflows that the events of {names.function} are for"
        if plan.group.provider is not None
        else f"Works off the deferred requests of {names.function}: {paths}",
        {"Timeout": options.timeout, "MemorySize": options.memory or plan.options.memory},
        worker_variables(plan),
        _events(plan, names),
    )
    return second_function(plan, front, worker, role, tags)


def _events(plan: FunctionPlan, names: ResourceNames) -> Section:
    options = plan.options.worker
    events = Section()
    for ordered in kinds(plan):
        queue = names.deferred_queue(ordered)
        source: dict[str, Any] = {
            "Queue": get_att(f"{queue}.Arn"),
            "BatchSize": _FIFO_BATCH if ordered else options.batch_size,
        }
        if options.max_concurrency:
            source["ScalingConfig"] = {"MaximumConcurrency": options.max_concurrency}
        source["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
        name = f"On{queue.removeprefix(names.base)}"
        events.put(name, {"Type": "SQS", "Properties": source})
    return events
