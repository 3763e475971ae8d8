"""Finds what is wrong with where managed endpoints are to be kept."""

from __future__ import annotations

from packager.errors import Diagnostics
from packager.plugin.functions import FunctionPlan


def check_endpoints(plan: FunctionPlan, diagnostics: Diagnostics) -> None:
    """Note a store that a deployed function has not."""
    if plan.options.is_managed and plan.options.endpoints_store == "file":
        diagnostics.warn(
            "storage-is-local",
            "no endpoint can be made once the function is deployed: its file system is its own",
            plan.options.place("endpoints_store"),
            key="endpoints_store",
            hint='"file" is for local runs, which have it without being told: take "dynamodb" '
            'or "ssm"',
        )
