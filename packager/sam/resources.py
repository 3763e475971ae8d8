"""Makes resources and statements that several parts of a template have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Policy = Literal["Delete", "Retain"]

_NOT_PUBLIC = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def tagged(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form that resources of CloudFormation take."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def resource(kind: str, policy: Policy, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource; `policy` says what comes of it when it leaves the stack."""
    return {
        "Type": kind,
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": dict(properties),
    }


def table(
    tags: Mapping[str, str], policy: Policy, *, recoverable: bool = False, expires: bool = False
) -> dict[str, Any]:
    """Return a table whose items have an `id`, and where they expire, a time `x` at which."""
    properties: dict[str, Any] = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    if recoverable:
        properties["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    if expires:
        properties["TimeToLiveSpecification"] = {"AttributeName": "x", "Enabled": True}
    return resource("AWS::DynamoDB::Table", policy, {**properties, "Tags": tagged(tags)})


def bucket(tags: Mapping[str, str], policy: Policy, **properties: Any) -> dict[str, Any]:
    """Return a bucket with these `properties`, which is nobody's but its account's."""
    private = {
        "PublicAccessBlockConfiguration": dict.fromkeys(_NOT_PUBLIC, True),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }
    return resource("AWS::S3::Bucket", policy, {**private, **properties, "Tags": tagged(tags)})


def allow(actions: list[str], resource: Any) -> dict[str, Any]:
    """Return a policy's statement that allows these actions on a resource, or a list of them."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
