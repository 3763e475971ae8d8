"""Writes one function's resources: the function, its API, its log group and its role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from packager import __version__
from packager.contract import (
    ENDPOINTS_PATH,
    EXTENSION_PORT_VARIABLE,
    HANDLERS,
    WRAPPER,
    WRAPPER_VARIABLE,
)
from packager.dataclass import dataclass
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import aws_sources
from packager.sam.deferred.resources import (
    deferred_resources,
    front_statements,
    front_variables,
)
from packager.sam.deferred.worker import worker_resources
from packager.sam.document import Meant, Section, get_att, literal_in_sub, ref, sub
from packager.sam.endpoints import endpoint_metadata, endpoint_resources, endpoint_variables
from packager.sam.event_resources import event_resources, event_statements
from packager.sam.event_sources import event_properties, event_sources, event_variables
from packager.sam.names import ResourceNames, api_name, route_name, unique_name
from packager.sam.operate.alarms import alarm_resources
from packager.sam.operate.properties import log_format, operation_properties
from packager.sam.operate.renewal import renewal_resources
from packager.sam.properties import ROLE_PROPERTIES, merge
from packager.sam.resources import tagged
from packager.sam.role import role_resource
from packager.sam.routes import GREEDY, GatewayRoute, gateway_routes
from packager.sam.settings_policy import has_extension
from packager.sam.storage import storage_resource, storage_variables

REST_STAGE = "live"
REST_TIMEOUT = 29  # seconds ("Quotas for configuring and running a REST API")
# What FunctionUrlConfig calls InvokeMode and SAM's Api event ResponseTransferMode.
STREAM_MODE = "RESPONSE_STREAM"
_MAX_DESCRIPTION = 256  # characters (Lambda, CreateFunction, Description)
_MAX_READ = 20 * _MAX_DESCRIPTION  # characters: what is looked at for the description
_MAX_TAG_VALUE = 256  # characters (Lambda, "Using tags")
_MAX_EVENT = 80  # characters: SAM makes logical ids of it, which have at most 255


@dataclass(frozen=True, slots=True)
class CodeLocation:
    """Where a function's code is: `CodeUri`, and the `Metadata` that say how SAM builds it."""

    uri: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


def function_resources(
    plan: FunctionPlan, code: CodeLocation, parameters: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the resources of one function by logical id; `parameters` are those of the template.

    The storage among them is that of all the plugin's functions.
    """
    names = ResourceNames(plan.logical_id)
    resources = {names.function: _function(plan, code, parameters, names)}
    if plan.options.api != "url":
        resources[names.api] = _api(plan)
    statements = event_statements(plan) + front_statements(plan)
    resources[names.role] = role_resource(plan, statements)
    resources[names.log_group] = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": sub(f"/aws/lambda/${{AWS::StackName}}-{names.function}"),
            "RetentionInDays": plan.options.log_retention,
            "Tags": tagged(_tags(plan)),
        },
        # What CloudFormation does anyhow, said where it costs data.
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
    }
    tags = _tags(plan)
    resources |= event_resources(plan, tags) | storage_resource(plan, tags)
    resources |= worker_resources(plan, resources[names.function], tags)
    resources |= renewal_resources(plan, resources[names.function], tags)
    resources |= deferred_resources(plan, tags) | alarm_resources(plan, tags)
    return resources | endpoint_resources(plan, tags)


def declared_routes(plan: FunctionPlan) -> tuple[GatewayRoute, ...]:
    """Return the routes of the function's API with `routes = "declared"`."""
    if plan.options.is_managed:
        # One route takes `/e/<hook id>` and all below it, the bare slash at its end too.
        return (GatewayRoute("ANY", f"{ENDPOINTS_PATH}{{{GREEDY}+}}"),)
    return gateway_routes(plan.group.endpoints, rest=plan.options.api == "rest")


def base_url(plan: FunctionPlan) -> str:
    """Return the function's public URL without a slash at its end, as text for `!Sub`.

    `public_url` goes before a domain of the configuration, and that before the address that AWS
    makes up. It is `Meant` where the configuration has a part in it.
    """
    if plan.options.public_url is not None:
        return Meant(literal_in_sub(plan.options.public_url))
    names = ResourceNames(plan.logical_id)
    domain = plan.options.api_template.get("Domain")
    name = domain.get("DomainName") if isinstance(domain, Mapping) else None
    if isinstance(domain, Mapping) and isinstance(name, str):
        paths = domain.get("BasePath") or [""]
        path = str(paths[0]).strip("/") if isinstance(paths, list | tuple) else ""
        return Meant(literal_in_sub(f"https://{name}/{path}".rstrip("/")))
    host = f"https://${{{names.api}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"
    stage = plan.options.api_template.get("StageName")
    if plan.options.api == "rest":
        return Meant(f"{host}/{literal_in_sub(str(stage or REST_STAGE))}")
    return host if stage in (None, "$default") else Meant(f"{host}/{literal_in_sub(str(stage))}")


def _function(
    plan: FunctionPlan, code: CodeLocation, parameters: Mapping[str, str], names: ResourceNames
) -> dict[str, Any]:
    options = plan.options
    properties = {
        "Description": _description(plan),
        "CodeUri": code.uri,
        "Handler": HANDLERS[options.adapter],
        "Runtime": options.runtime,
        "Architectures": [options.architecture],
        "MemorySize": options.memory,
        "Timeout": options.timeout,
        "Role": get_att(f"{names.role}.Arn"),
        "LoggingConfig": {**log_format(plan), "LogGroup": ref(names.log_group)},
        **operation_properties(plan),
    }
    variables: dict[str, Any] = {WRAPPER_VARIABLE: WRAPPER} if plan.entry == "fast" else {}
    variables |= {name: ref(parameters[name]) for name in options.variables}
    variables |= event_variables(plan)
    variables |= storage_variables(plan)
    variables |= front_variables(plan)
    variables |= endpoint_variables(plan)
    if has_extension(options) and aws_sources(plan):
        variables[EXTENSION_PORT_VARIABLE] = (
            "2773"  # its default; that it is said tells the runtime of it
        )
    if variables:
        properties["Environment"] = {"Variables": variables}
    if options.api == "url":
        properties["FunctionUrlConfig"] = {"AuthType": "NONE"} | (
            {"InvokeMode": STREAM_MODE} if options.stream else {}
        )
    events = http_events(plan)
    for name, event in event_sources(plan).items():
        events.put(name, event)
    if events:
        properties["Events"] = events
    properties |= event_properties(plan)
    if options.alias is not None:
        properties["AutoPublishAlias"] = options.alias
    if options.snapstart or options.provisioned_concurrency:
        # Else a deployment that changes memory or variables alone would leave the alias behind.
        properties["AutoPublishAliasAllProperties"] = True
    if options.snapstart:
        properties["SnapStart"] = {"ApplyOn": "PublishedVersions"}
    if options.provisioned_concurrency:
        count = options.provisioned_concurrency
        properties["ProvisionedConcurrencyConfig"] = {"ProvisionedConcurrentExecutions": count}
    properties["Tags"] = _tags(plan)
    theirs = {key: value for key, value in options.template.items() if key not in ROLE_PROPERTIES}
    resource = {"Type": "AWS::Serverless::Function", "Properties": merge(properties, theirs)}
    metadata = {**code.metadata, **endpoint_metadata(plan)}
    if metadata:
        resource["Metadata"] = metadata
    return resource


def http_events(plan: FunctionPlan) -> Section:
    """Return the entries of `Events` that are the routes of the function's API; none for a URL."""
    if plan.options.api == "url":
        return Section()
    names = ResourceNames(plan.logical_id)
    rest = plan.options.api == "rest"
    api: dict[str, Any] = {"RestApiId" if rest else "ApiId": ref(names.api)}
    if plan.options.adapter == "aws-wsgi" and not rest:
        api["PayloadFormatVersion"] = "1.0"  # it reads no other
    if rest and plan.options.stream:
        api["ResponseTransferMode"] = STREAM_MODE
        if plan.options.timeout > REST_TIMEOUT:  # which a streaming method may exceed
            api["TimeoutInMillis"] = plan.options.timeout * 1000
    kind = "Api" if rest else "HttpApi"
    if plan.options.routes == "all" and not rest:
        # No path and no method is the $default route, which takes every request.
        return Section({"Any": {"Type": kind, "Properties": api}})
    if plan.options.routes == "all":
        routes: tuple[GatewayRoute, ...] = (
            GatewayRoute("ANY", "/"),
            GatewayRoute("ANY", "/{proxy+}"),
        )
    else:
        routes = declared_routes(plan)
    events = Section()
    last: tuple[str, ...] = ()
    for route in routes:
        name = unique_name(route_name(route.method, route.path)[:_MAX_EVENT], events)
        event = {"Type": kind, "Properties": {**api, "Method": route.method, "Path": route.path}}
        events.put(name, event, *(route.notes if route.notes != last else ()))
        last = route.notes
    return events


def _api(plan: FunctionPlan) -> dict[str, Any]:
    names = ResourceNames(plan.logical_id)
    properties: dict[str, Any] = {"Name": api_name(names)}
    if plan.options.api == "rest":
        properties |= {
            "StageName": REST_STAGE,
            "EndpointConfiguration": {"Type": "REGIONAL"},
            # Every body reaches the function as its bytes. SAM writes ~1 for a slash here.
            "BinaryMediaTypes": ["*~1*"],
            # Without it SAM makes a second stage named "Stage".
            "OpenApiVersion": "3.0.1",
        }
    properties["Tags"] = _tags(plan)
    kind = "AWS::Serverless::Api" if plan.options.api == "rest" else "AWS::Serverless::HttpApi"
    return {"Type": kind, "Properties": merge(properties, plan.options.api_template)}


def _description(plan: FunctionPlan) -> str:
    text = " ".join(plan.plugin.description[:_MAX_READ].split())
    text = "".join(filter(str.isprintable, text)) or f"Endpoints of {plan.plugin.name}"
    if len(plan.plugin.groups) > 1:
        text = f"{plan.group.name}: {text}"
    return text if len(text) <= _MAX_DESCRIPTION else text[: _MAX_DESCRIPTION - 1] + "…"


def _tags(plan: FunctionPlan) -> dict[str, str]:
    tags = {
        "dify-plugin": plan.plugin.name,
        "dify-plugin-version": plan.plugin.version,
        "packager": __version__,
    }
    # AWS takes letters, digits, spaces and some marks ("Tag naming limits and requirements").
    return {
        key: re.sub(r"[^\w .:/=+@-]", "_", value[:_MAX_TAG_VALUE]) for key, value in tags.items()
    }
