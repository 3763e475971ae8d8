"""Finds roles that IAM refuses: policies that are longer than a role may have."""

from __future__ import annotations

import json
import re
from typing import Any

from packager.errors import Diagnostics
from packager.plugin.functions import FunctionPlan
from packager.sam.deferred.resources import front_statements, worker_statements
from packager.sam.document import Intrinsic
from packager.sam.event_resources import event_statements
from packager.sam.names import ResourceNames
from packager.sam.role import role_resource

_MAX_POLICIES = 10_240  # characters of a role's inline policies, blanks aside ("IAM quotas")
_REFERENCE = re.compile(r"\$\{[^}]*\}")
# What stands for references, whose values are known at the deployment: names as long as usual.
_PSEUDO = {
    "${AWS::Partition}": "aws",
    "${AWS::Region}": "eu-central-1",
    "${AWS::AccountId}": "123456789012",
}
_ARN = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/" + "x" * 64 + ":*"


def check_role(plan: FunctionPlan, diagnostics: Diagnostics) -> None:
    """Note in `diagnostics` that the inline policies of the plan's role are too long."""
    role = role_resource(plan, event_statements(plan) + front_statements(plan))
    _check(role, plan, diagnostics)
    if plan.options.deferred:
        group = ResourceNames(plan.logical_id).worker_log_group
        worker = role_resource(plan, worker_statements(plan), log_group=group)
        _check(worker, plan, diagnostics)


def _check(role: dict[str, Any], plan: FunctionPlan, diagnostics: Diagnostics) -> None:
    documents = [each["PolicyDocument"] for each in role["Properties"]["Policies"]]
    size = sum(len(json.dumps(_plain(each), separators=(",", ":"))) for each in documents)
    if size > _MAX_POLICIES:
        diagnostics.error(
            "too-large",
            f"the function's role would have policies of {size} characters; IAM takes "
            f"{_MAX_POLICIES}",
            plan.options.place("settings") or plan.options.place("template.Policies"),
            hint="keep several settings in one secret ({secret, key}), or all in one document "
            "(settings_from): each parameter and secret is named in the role",
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Intrinsic):
        return _REFERENCE.sub(_known, value.value) if value.name == "Sub" else _ARN
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def _known(reference: re.Match[str]) -> str:
    return _PSEUDO.get(reference.group(), reference.group())
