"""Writes a second function of the same code: another role, other variables, other events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.dataclass import dataclass
from packager.plugin.functions import FunctionPlan
from packager.sam.document import Section, get_att, ref, sub
from packager.sam.resources import tagged

_MAX_DESCRIPTION = 256  # characters (Lambda, CreateFunction, Description)
# What of a function's properties is not the second's: how requests and events come to it, and what
# there can be once in a stack.
_FRONT_ONLY = frozenset(
    {
        *("AutoPublishAlias", "AutoPublishAliasAllProperties", "AutoPublishCodeSha256"),
        *("DeadLetterQueue", "DeploymentPreference", "Description", "EventInvokeConfig", "Events"),
        *(
            "FunctionName",
            "FunctionUrlConfig",
            "ProvisionedConcurrencyConfig",
            "PublishToLatestPublished",
        ),
        *(
            "ReservedConcurrentExecutions",
            "SnapStart",
            "VersionDescription",
            "VersionDeletionPolicy",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class SecondFunction:
    """What differs: logical ids, and properties; `variables` are those that it has besides."""

    function: str
    role: str
    log_group: str
    description: str
    properties: Mapping[str, Any]
    variables: Mapping[str, Any]
    events: Section


def second_function(
    plan: FunctionPlan,
    front: Mapping[str, Any],
    second: SecondFunction,
    role: Mapping[str, Any],
    tags: Mapping[str, str],
) -> dict[str, dict[str, Any]]:
    """Return the function beside `front`, its role and its log group, by logical id."""
    return {
        second.function: _function(front, second),
        second.role: dict(role),
        second.log_group: {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": sub(f"/aws/lambda/${{AWS::StackName}}-{second.function}"),
                "RetentionInDays": plan.options.log_retention,
                "Tags": tagged(tags),
            },
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
        },
    }


def _function(front: Mapping[str, Any], second: SecondFunction) -> dict[str, Any]:
    theirs = front["Properties"]
    properties = {key: value for key, value in theirs.items() if key not in _FRONT_ONLY}
    variables = theirs.get("Environment", {}).get("Variables", {})
    properties |= {
        **second.properties,
        "Role": get_att(f"{second.role}.Arn"),
        "LoggingConfig": {
            **theirs.get("LoggingConfig", {}),
            "LogGroup": ref(second.log_group),
        },
        "Environment": {"Variables": {**variables, **second.variables}},
        "Events": second.events,
    }
    description = second.description
    if len(description) > _MAX_DESCRIPTION:
        description = description[: _MAX_DESCRIPTION - 1] + "…"
    made = {"Type": front["Type"], "Properties": {"Description": description} | properties}
    if "Metadata" in front:
        # How SAM builds it; what managed endpoints are told is the front's.
        made["Metadata"] = {
            key: value
            for key, value in front["Metadata"].items()
            if key in ("BuildMethod", "ContextPath")
        }
    return made
