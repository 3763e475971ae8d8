"""Finds what AWS would refuse, or advises against, in how a function's events are mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packager.contract import EVENTS_VARIABLE
from packager.errors import Diagnostics
from packager.model.deferred import DeferredRoute
from packager.model.events import EventMapping, QueueEvent
from packager.model.options import EnvSource
from packager.plugin.functions import FunctionPlan
from packager.sam.event_resources import advised_visibility, event_resources
from packager.sam.event_sources import event_variables, keeps_failures
from packager.sam.names import resource_names

# What SAM makes of an entry of Events: a mapping; a rule with its permission; a schedule.
_RESOURCES = {"sqs": 1, "sns": 0, "eventbridge": 2, "schedule": 1, "any": 0}


def check_events(plan: FunctionPlan, diagnostics: Diagnostics) -> None:
    """Note in `diagnostics` where a function's events don't fit the function."""
    options = plan.options
    for event in options.events:
        if isinstance(event, QueueEvent):
            _check_queue(plan, event, diagnostics)
    if not event_variables(plan):
        return
    users = [key for key, source in options.sources.items() if source == EnvSource(EVENTS_VARIABLE)]
    environment = options.template.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, Mapping) else None
    if isinstance(variables, Mapping) and EVENTS_VARIABLE in variables:
        users.append(f"template.Environment.Variables.{EVENTS_VARIABLE}")
    for key in users:
        diagnostics.error(
            "reserved-variable",
            f"the variable {EVENTS_VARIABLE} says which queues and topics are the events'",
            options.place(key),
            key=key,
            hint="choose another name",
        )


def check_names(plans: Sequence[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Note in `diagnostics` where two functions' resources would have one logical id."""
    owners: dict[str, FunctionPlan] = {}
    for plan in plans:
        for name in sorted(resource_names(plan)):
            other = owners.setdefault(name, plan)
            entries: list[EventMapping | DeferredRoute] = [*plan.options.events]
            entries += [*other.options.events, *plan.options.deferred, *other.options.deferred]
            if other is not plan and entries:
                diagnostics.error(
                    "duplicate-id",
                    f"the functions {other.logical_id} and {plan.logical_id} would both have a "
                    f"resource {name}",
                    entries[0].place(),
                    key="events" if plan.options.events or other.options.events else "deferred",
                    hint="change the path of an event, or the name of a group's file",
                )


def resource_count(plan: FunctionPlan) -> int:
    """Return the number of resources that a function's events add to the stack."""
    made = sum(_RESOURCES[event.source] for event in plan.options.events)
    return made + len(event_resources(plan, {})) + keeps_failures(plan)  # EventInvokeConfig


def _check_queue(plan: FunctionPlan, event: QueueEvent, diagnostics: Diagnostics) -> None:
    timeout, visibility = plan.options.timeout, event.visibility_timeout
    advised = advised_visibility(plan, event)
    place = event.place("visibility_timeout")
    if visibility is not None and visibility < timeout:
        diagnostics.error(
            "conflicting-keys",
            f"Lambda refuses a queue whose messages are visible again after {visibility} s, "
            f"before the function's timeout, {timeout} s",
            place,
            key="events.visibility_timeout",
            hint=f"leave it out, which is {advised} s",
        )
    elif visibility is not None and visibility < advised:
        diagnostics.warn(
            "short-visibility",
            f"AWS advises at least {advised} s, six times the function's timeout and the batch "
            f"window, not {visibility}",
            place,
            key="events.visibility_timeout",
        )
    reserved = plan.options.template.get("ReservedConcurrentExecutions")
    if isinstance(reserved, int) and (event.max_concurrency or 0) > reserved:
        diagnostics.error(
            "conflicting-keys",
            f"more than the {reserved} invocations that ReservedConcurrentExecutions leaves "
            "the function",
            event.place("max_concurrency"),
            key="events.max_concurrency",
        )
