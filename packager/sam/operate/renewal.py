"""Writes what renews subscriptions: a function of the same code that a schedule starts.

Its role alone may write them: whoever finds a hole in what takes webhooks can't.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.contract import RENEW, SUBSCRIPTIONS_VARIABLE
from packager.plugin.functions import FunctionPlan
from packager.sam.deferred.second_function import SecondFunction, second_function
from packager.sam.document import Section, get_att, sub
from packager.sam.names import ResourceNames
from packager.sam.role import role_resource

EVERY = 10  # minutes: a fraction of the shortest time before an end (subscriptions/renewal.py)
SECONDS = 300  # of its timeout: the next begins when this one has ended


def renews(plan: FunctionPlan) -> bool:
    """Return whether a function has subscriptions that can be renewed: its constructor does."""
    provider = plan.group.provider
    made = provider is not None and provider.subscription_constructor is not None
    return made and plan.options.endpoints_store != "file"


def renewal_resources(
    plan: FunctionPlan, front: Mapping[str, Any], tags: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the function that renews, its role and its log group, by logical id."""
    if not renews(plan):
        return {}
    names = ResourceNames(plan.logical_id)
    role = role_resource(plan, _statements(plan, names), log_group=names.renewer_log_group)
    events = Section()
    schedule = {
        "Schedule": f"rate({EVERY} minutes)",
        "Description": f"Renews the subscriptions of {names.function}",
        # It comes again: what failed is due then.
        "RetryPolicy": {"MaximumRetryAttempts": 0},
    }
    events.put("Due", {"Type": "Schedule", "Properties": schedule})
    renewer = SecondFunction(
        names.renewer,
        names.renewer_role,
        names.renewer_log_group,
        f"Renews the subscriptions of {names.function}",
        {
            "Timeout": SECONDS,
            "EventInvokeConfig": {"MaximumRetryAttempts": 0},
        },
        {SUBSCRIPTIONS_VARIABLE: RENEW},
        events,
    )
    return second_function(plan, front, renewer, role, tags)


def _statements(plan: FunctionPlan, names: ResourceNames) -> list[dict[str, Any]]:
    """Return what its role must allow besides: to list subscriptions, and to write them."""
    if plan.options.endpoints_store == "dynamodb":
        return [_allow(["dynamodb:Scan", "dynamodb:PutItem"], get_att(f"{names.endpoints}.Arn"))]
    parameters = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter"
    prefix = f"{parameters}/packager/${{AWS::StackName}}/{plan.logical_id}"
    found = [
        _allow(["ssm:GetParametersByPath"], sub(prefix)),
        _allow(["ssm:PutParameter"], sub(f"{prefix}/*")),
    ]
    if plan.options.kms_key:
        found.append(_allow(["kms:Encrypt", "kms:GenerateDataKey"], plan.options.kms_key))
    return found


def _allow(actions: list[str], resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
