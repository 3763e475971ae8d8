"""Writes what keeps managed endpoints: a table or parameters, and the key of their secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packager.contract import (
    ENDPOINTS_KEY_VARIABLE,
    ENDPOINTS_METADATA,
    ENDPOINTS_SECRET_VARIABLE,
    ENDPOINTS_VARIABLE,
)
from packager.plugin.endpoint_declaration import endpoint_declaration
from packager.plugin.functions import FunctionPlan
from packager.sam.document import Intrinsic, get_att, ref, sub
from packager.sam.names import ResourceNames
from packager.sam.resources import allow, resource, table, tagged
from packager.sam.settings_policy import decrypt_statement

# Stand above them in the template.
NOTE = "The endpoints of {function}: `packager endpoints` makes them. They go with the stack."
KEY_NOTE = "What their secrets are sealed with: another value would make them unreadable."
_KEY_LENGTH = 64  # characters


def endpoint_resources(plan: FunctionPlan, tags: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the table of a function's endpoints, and the key of their secrets, by logical id."""
    if not plan.options.is_managed or plan.options.endpoints_store != "dynamodb":
        return {}
    names = ResourceNames(plan.logical_id)
    resources = {names.endpoints: table(tags, "Delete", recoverable=True)}
    if plan.seals_settings:
        key: dict[str, Any] = {
            "Description": f"Seals the secrets of the endpoints of {plan.logical_id}",
            "GenerateSecretString": {"PasswordLength": _KEY_LENGTH, "ExcludePunctuation": True},
            "Tags": tagged(tags),
        }
        if plan.options.kms_key:
            key["KmsKeyId"] = plan.options.kms_key
        resources[names.endpoints_key] = resource("AWS::SecretsManager::Secret", "Delete", key)
    return resources


def endpoint_variables(plan: FunctionPlan) -> dict[str, Any]:
    """Return the environment variables that tell a function where its endpoints are."""
    if not plan.options.is_managed:
        return {}
    names = ResourceNames(plan.logical_id)
    variables: dict[str, Any] = {
        ENDPOINTS_VARIABLE: _store(plan),
        ENDPOINTS_KEY_VARIABLE: sub(f"${{AWS::StackId}}/{plan.logical_id}"),
    }
    if plan.seals_settings:
        variables[ENDPOINTS_SECRET_VARIABLE] = ref(names.endpoints_key)
    return variables


def endpoint_statements(plan: FunctionPlan) -> list[dict[str, Any]]:
    """Return what a function's role must allow to read its endpoints: nothing but these."""
    if not plan.options.is_managed:
        return []
    names = ResourceNames(plan.logical_id)
    key = plan.options.kms_key
    if plan.options.endpoints_store == "ssm":
        arn = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter"
        parameters = sub(f"{arn}{_prefix(plan)}*")
        statements = [allow(["ssm:GetParameters"], parameters)]
        if key:
            statements.append(decrypt_statement(key, "ssm", "PARAMETER_ARN", [parameters]))
        return statements
    if plan.options.endpoints_store != "dynamodb":
        return []
    statements = [allow(["dynamodb:GetItem"], get_att(f"{names.endpoints}.Arn"))]
    if plan.seals_settings:
        secret = ref(names.endpoints_key)
        statements.append(allow(["secretsmanager:GetSecretValue"], secret))
        if key:
            statements.append(decrypt_statement(key, "secretsmanager", "SecretARN", [secret]))
    return statements


def endpoint_outputs(plan: FunctionPlan, where: str) -> dict[str, dict[str, Any]]:
    """Return the outputs that say where the endpoints of `where` are kept."""
    if not plan.options.is_managed:
        return {}
    names = ResourceNames(plan.logical_id)
    kind = {"dynamodb": "Table", "ssm": "Prefix of the parameters", "file": "File"}
    said = f"{kind[plan.options.endpoints_store]} of the endpoints of {where}"
    outputs = {names.endpoints: {"Description": said, "Value": _store(plan)}}
    if plan.seals_settings:
        outputs[names.endpoints_key] = {
            "Description": f"ARN of the key of the endpoints' secrets of {where}",
            "Value": ref(names.endpoints_key),
        }
    return outputs


def endpoint_metadata(plan: FunctionPlan) -> dict[str, Any]:
    """Return the metadata of a function that say what endpoints it takes, and which outputs say
    where they are."""
    if not plan.options.is_managed:
        return {}
    names = ResourceNames(plan.logical_id)
    outputs = {
        "url": f"{names.base}Url",
        "store": names.endpoints,
        "key": names.endpoints_key if plan.seals_settings else None,
    }
    declared = endpoint_declaration(plan) | {"outputs": outputs}
    # As text: CloudFormation takes no null, and evaluates functions in metadata, too.
    return {ENDPOINTS_METADATA: json.dumps(declared, ensure_ascii=False, default=str)}


def _store(plan: FunctionPlan) -> str | Intrinsic:
    match plan.options.endpoints_store:
        case "dynamodb":
            return ref(ResourceNames(plan.logical_id).endpoints)
        case "ssm":
            return sub(_prefix(plan))
        case "file":
            return "/tmp/endpoints.sqlite"  # noqa: S108 - nothing else of a function can be written


def _prefix(plan: FunctionPlan) -> str:
    return f"/packager/${{AWS::StackName}}/{plan.logical_id}/"
