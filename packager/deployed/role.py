"""Compares a deployed role with the one in the template: what it may do beyond that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packager.deployed.policies import beyond, covers, statements_of
from packager.deployed.template_values import TemplateValues
from packager.settings.aws import Aws


def wider_role(
    role: str, expected: Mapping[str, Any], values: TemplateValues, aws: Aws
) -> Iterator[tuple[str, str]]:
    """Yield what the deployed `role` may do and `expected`, its properties in the template, does
    not say: each with what to do about it."""
    iam = aws.client("iam")
    wanted = values.pattern(expected)
    documents = {each["PolicyName"]: each["PolicyDocument"] for each in wanted["Policies"]}
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    for name in [name for page in pages for name in page["PolicyNames"]]:
        if name not in documents:
            what = f"its role {role} has a policy {name} that was added by hand"
            yield what, "look at it, and delete it"
            continue
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for more in beyond(statements_of(document), statements_of(documents[name])):
            what = f"its role {role} was widened by hand: {more} (policy {name})"
            yield what, "deploy it with a change, or undo it"
    managed = wanted.get("ManagedPolicyArns", ())
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    for arn in [each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]]:
        if not any(covers(each, arn) for each in managed):
            what = f"its role {role} has the policy {arn} attached by hand"
            yield what, "look at it, and detach it"
    is_now = iam.get_role(RoleName=role)["Role"]
    trusted = statements_of(is_now["AssumeRolePolicyDocument"])
    for more in beyond(trusted, statements_of(wanted["AssumeRolePolicyDocument"])):
        yield f"its role {role} may be taken by others: {more}", "undo it in IAM"
    boundary = is_now.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    if "PermissionsBoundary" in wanted and not covers(wanted["PermissionsBoundary"], boundary):
        said = f"the boundary {boundary}" if boundary else "no boundary"
        what = f"its role {role} has {said}, configured is {wanted['PermissionsBoundary']}"
        yield what, "deploy it with a change, or set it in IAM"
