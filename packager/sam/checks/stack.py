"""Finds what the functions of one stack would have in common but can't, and too much of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from packager.errors import Diagnostics
from packager.plugin.functions import FunctionPlan
from packager.sam.checks.events import resource_count
from packager.sam.deferred.resources import deferred_resources, kinds
from packager.sam.endpoints import endpoint_resources
from packager.sam.event_sources import event_key
from packager.sam.function import declared_routes, http_events
from packager.sam.names import event_names, makes_storage, parameter_names, storage_name
from packager.sam.operate.alarms import alarm_resources
from packager.sam.operate.dashboard import dashboard_resources
from packager.sam.outputs import MAX_OUTPUTS, output_count

_MAX_RESOURCES = 500  # CloudFormation, "Understand CloudFormation quotas"
_MAX_PARAMETERS = 200  # likewise
_MAX_LOGICAL_ID = 255  # CloudFormation, "Resources section structure"
# What SAM makes of a function with its API, role and log group.
_RESOURCES = {"http": 6, "rest": 8, "url": 6}
# What SAM makes of properties: a version and an alias; a deployment group; a configuration.
_OF_PROPERTIES = {"AutoPublishAlias": 2, "DeploymentPreference": 1, "EventInvokeConfig": 1}
_SHARED = 2  # CodeDeploy's application and its role, where there is a DeploymentPreference
# Longest of what SAM appends: UrlPublicPermissions to a function, Permission and a stage to an
# event (AWS SAM, "Generated CloudFormation resources").
_APPENDED = len("UrlPublicPermissions")


def check_stack(plans: Sequence[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Note in `diagnostics` what one stack can't hold."""
    for what, count, limit in _counts(plans):
        if count > limit:
            diagnostics.error(
                "too-large",
                f"the template would have {count} {what}; a stack has at most {limit}",
                hint="build the plugins into several templates",
            )
    for plan in plans:
        length = len(plan.logical_id) + _APPENDED + max(map(len, _event_keys(plan)), default=0)
        if length > _MAX_LOGICAL_ID:
            diagnostics.error(
                "too-large",
                f"what SAM makes of {plan.logical_id} would have ids of {length} characters; "
                f"CloudFormation takes {_MAX_LOGICAL_ID}",
                plan.group.place,
                hint="shorten the plugin's name or the group's file name",
            )
    _check_shared_names(plans, diagnostics)


def _event_keys(plan: FunctionPlan) -> Iterator[str]:
    yield from http_events(plan)
    yield from map(event_key, event_names(plan))


def _check_shared_names(plans: Sequence[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Report names that two functions, or the APIs of two, would both have."""
    owners: dict[tuple[str, str], FunctionPlan] = {}
    for plan in plans:
        for key, what, name in _names(plan):
            other = owners.setdefault((what, name), plan)
            if other is not plan:
                table = key.partition(".")[0]
                diagnostics.error(
                    "duplicate-id",
                    f"{other.logical_id} and {plan.logical_id} would both have the {what} {name}",
                    plan.options.place(key),
                    key=key,
                    hint=f"say it for one group: [groups.{plan.group.name}.{table}]",
                )


def _names(plan: FunctionPlan) -> Iterator[tuple[str, str, str]]:
    """Yield (key, what it names, the name) of each name that differs for every function."""
    name = plan.options.template.get("FunctionName")
    if isinstance(name, str):
        yield "template.FunctionName", "name", name
    domain = plan.options.api_template.get("Domain")
    if plan.options.api != "url" and isinstance(domain, Mapping):
        paths = domain.get("BasePath")
        host = domain.get("DomainName")
        for path in paths if isinstance(paths, list | tuple) else ("/",):
            if isinstance(host, str) and isinstance(path, str):
                yield "api_template.Domain", "address", f"{host}/{path.strip('/')}"


def _counts(plans: Sequence[FunctionPlan]) -> Iterator[tuple[str, int, int]]:
    resources = 0
    for plan in plans:
        template = plan.options.template
        resources += _RESOURCES[plan.options.api] + resource_count(plan)
        resources += len(endpoint_resources(plan, {}))
        if plan.options.deferred:  # the worker, its role and log group, and what SAM maps to it
            resources += len(deferred_resources(plan, {})) + 3 + len(kinds(plan))
        resources += len(alarm_resources(plan, {}))
        properties = {*template, *(["AutoPublishAlias"] if plan.options.alias is not None else [])}
        resources += sum(_OF_PROPERTIES.get(name, 0) for name in properties)
        if plan.options.routes == "declared" and plan.options.api != "url":
            resources += len(declared_routes(plan)) - 1
    resources += len(dashboard_resources(plans))
    resources += len({storage_name(plan) for plan in plans if makes_storage(plan)})
    if any("DeploymentPreference" in plan.options.template for plan in plans):
        resources += _SHARED
    yield "resources", resources, _MAX_RESOURCES
    yield "parameters", len(parameter_names(plans)), _MAX_PARAMETERS
    yield "outputs", output_count(plans, with_endpoints=False), MAX_OUTPUTS
