"""Finds what is wrong with the storage that functions are to have."""

from __future__ import annotations

from collections.abc import Sequence

from packager.errors import Diagnostics
from packager.plugin.functions import FunctionPlan

_ONLY_WITH = {
    "storage_limit": "dynamodb",
    "storage_bucket": "s3",
    "storage_prefix": "s3",
}
_SHARED = ("storage", *_ONLY_WITH)


def check_storage(plans: Sequence[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Note keys that do nothing, and what the functions of one plugin must have in common."""
    for plan in plans:
        kind = plan.storage
        for key, needed in _ONLY_WITH.items():
            place = plan.options.place(key)
            if place is None or kind in (needed, None):
                continue
            message = f'is for storage = "{needed}", and this is "{kind}"'
            diagnostics.error("conflicting-keys", message, place, key=key)
        if kind == "file":
            diagnostics.warn(
                "storage-is-local",
                "the file system of a function is read-only, and /tmp is lost with it",
                plan.options.place("storage"),
                key="storage",
                hint='"file" is for local runs: take "dynamodb" or "s3"',
            )
    by_plugin: dict[str, FunctionPlan] = {}
    for plan in plans:
        if plan.storage is None:
            continue
        other = by_plugin.setdefault(plan.plugin.name, plan)
        for key in _SHARED:
            if _value(other, key) != _value(plan, key):
                diagnostics.error(
                    "conflicting-keys",
                    f"{other.group.name} and {plan.group.name} share one storage, and differ in it",
                    plan.options.place(key) or other.options.place(key),
                    key=key,
                    hint="say it for the whole plugin, outside of groups",
                )


def _value(plan: FunctionPlan, key: str) -> object:
    return plan.storage if key == "storage" else getattr(plan.options, key)
