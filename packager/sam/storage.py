"""Writes what keeps the bytes of `session.storage`: a table or a bucket for each plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.contract import BUCKET_VARIABLE, TABLE_VARIABLE
from packager.plugin.functions import FunctionPlan
from packager.sam.document import Intrinsic, get_att, ref, sub
from packager.sam.names import makes_storage, storage_name
from packager.sam.resources import allow, bucket, table

# Stands above it in the template.
NOTE = "What {plugin} stores; it stays when the stack is deleted."


def storage_resource(plan: FunctionPlan, tags: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the table or the bucket that the functions of a plugin share, by its logical id."""
    if not makes_storage(plan):
        return {}
    if plan.storage == "dynamodb":
        made = table(tags, "Retain", recoverable=True, expires=True)
    else:
        made = bucket(tags, "Retain")
    return {storage_name(plan): made}


def storage_variables(plan: FunctionPlan) -> dict[str, Any]:
    """Return the environment variable that tells a function where its storage is."""
    match plan.storage:
        case "dynamodb":
            return {TABLE_VARIABLE: ref(storage_name(plan))}
        case "s3":
            return {BUCKET_VARIABLE: plan.options.storage_bucket or ref(storage_name(plan))}
        case _:
            return {}


def storage_statements(plan: FunctionPlan) -> list[dict[str, Any]]:
    """Return what a function's role must allow for its storage, exactly.

    A transaction needs the permissions of the writes in it ("IAM and transactions").
    """
    match plan.storage:
        case "dynamodb":
            actions = ["dynamodb:GetItem", "dynamodb:PutItem"]
            actions += ["dynamodb:UpdateItem", "dynamodb:DeleteItem"]
            if plan.options.storage_limit is not None:
                actions.append("dynamodb:Scan")  # what is there already is added up once
            return [allow(actions, get_att(f"{storage_name(plan)}.Arn"))]
        case "s3":
            actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
            return [
                allow(actions, _bucket_arn(plan, f"/{plan.storage_prefix}*")),
                # Without it S3 answers 403, not 404, for a missing object (S3, "GetObject").
                allow(["s3:ListBucket"], _bucket_arn(plan, "")),
            ]
        case _:
            return []


def _bucket_arn(plan: FunctionPlan, below: str) -> Intrinsic:
    name = plan.options.storage_bucket
    if name is None:
        return sub(f"${{{storage_name(plan)}.Arn}}{below}")
    return sub(f"arn:${{AWS::Partition}}:s3:::{name}{below}")
