"""Writes the properties of a function that its operation needs."""

from __future__ import annotations

from typing import Any

from packager.plugin.functions import FunctionPlan


def operation_properties(plan: FunctionPlan) -> dict[str, Any]:
    """Return the function's properties for tracing and reserved concurrency."""
    properties: dict[str, Any] = {}
    if plan.options.tracing:
        properties["Tracing"] = "Active"
    if plan.options.reserved_concurrency is not None:
        properties["ReservedConcurrentExecutions"] = plan.options.reserved_concurrency
    return properties


def log_format(plan: FunctionPlan) -> dict[str, Any]:
    """Return what LoggingConfig has besides the group: Lambda's own lines are in that form, too."""
    return {"LogFormat": "JSON"} if plan.options.logs == "json" else {}
