"""Finds the functions with managed endpoints of a deployed stack, by CloudFormation alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from packager.contract import ENDPOINTS_METADATA
from packager.endpoints.declaration import Declaration, declaration_of_text
from packager.endpoints.dynamodb_store import TableStore
from packager.endpoints.function import ManagedFunction
from packager.endpoints.ssm_store import ParameterStore
from packager.endpoints.store import Store
from packager.errors import PackagerError, UsageError
from packager.settings.aws import Aws, error_code, explained

_NESTED = "AWS::CloudFormation::Stack"
_MOST_NESTED = 3  # stacks inside each other


def stack_functions(stack: str, aws: Aws) -> list[ManagedFunction]:
    """Return the functions of a stack, and of those nested in it, that have managed endpoints.

    Raises `UsageError` where there is no such stack, or nothing of the kind in it.
    """
    functions = list(_functions(stack, f"stack {stack}", aws, _MOST_NESTED))
    if not functions:
        raise UsageError(
            f"the stack {stack} has no function with managed endpoints",
            hint='set endpoints = "managed" in packager.toml, build, and deploy it',
        )
    return functions


def _functions(stack: str, where: str, aws: Aws, depth: int) -> Iterator[ManagedFunction]:
    found, template = _described(stack, aws)
    outputs = {each["OutputKey"]: str(each["OutputValue"]) for each in found.get("Outputs") or ()}
    resources = template.get("Resources")
    every = [
        each
        for each in (resources.values() if isinstance(resources, Mapping) else ())
        if isinstance(each, Mapping)
    ]
    for resource in every:
        metadata = resource.get("Metadata")
        if isinstance(metadata, Mapping) and ENDPOINTS_METADATA in metadata:
            declaration = declaration_of_text(metadata[ENDPOINTS_METADATA], where)
            yield _function(declaration, found["StackId"], outputs, where, aws)
    if depth and any(resource.get("Type") == _NESTED for resource in every):
        for inner in _nested(stack, aws):
            yield from _functions(inner, where, aws, depth - 1)


def _nested(stack: str, aws: Aws) -> list[str]:
    """Return the ids of the stacks in a stack: templates that another holds as applications."""
    with explained(f"the stack {stack} can't be read"):
        pages = aws.client("cloudformation").get_paginator("list_stack_resources")
        return [
            each["PhysicalResourceId"]
            for page in pages.paginate(StackName=stack)
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] == _NESTED and each.get("PhysicalResourceId")
        ]


def _described(stack: str, aws: Aws) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what CloudFormation says of a stack, and the template it was deployed with."""
    with explained(f"the stack {stack} can't be read"):
        client = aws.client("cloudformation")
        try:
            found: Mapping[str, Any] = client.describe_stacks(StackName=stack)["Stacks"][0]
        except Exception as error:
            if error_code(error) == "ValidationError" and "exist" in str(error):
                raise UsageError(
                    f"there is no stack {stack} in {aws.region}",
                    hint="is it in another region or account? --region, --profile",
                ) from None
            raise
        # What SAM made of it: JSON, without its own short forms.
        answer = client.get_template(StackName=stack, TemplateStage="Processed")
    body = answer["TemplateBody"]
    template = _parsed(body) if isinstance(body, str) else body
    if not isinstance(template, Mapping):
        raise PackagerError(f"the template of the stack {stack} can't be read")
    return found, template


class _Template(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref`), whose values nobody asks for here."""


def _anything(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> None:
    return None


_Template.add_multi_constructor("!", _anything)


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        return yaml.load(body, _Template)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError):
        return None


def _function(
    declaration: Declaration, stack_id: str, outputs: Mapping[str, str], where: str, aws: Aws
) -> ManagedFunction:
    def output(name: str) -> str:
        key = declaration.outputs.get(name, "")
        if key not in outputs:
            raise PackagerError(
                f"the {where} has no output {key or name}, which says where "
                f"{declaration.function}'s endpoints are",
                hint="was its deployment finished? deploy it again",
            )
        return outputs[key]

    secret = output("key") if "key" in declaration.outputs else None
    return ManagedFunction(
        declaration,
        _store(declaration, output("store"), where, aws),
        key=f"{stack_id}/{declaration.function}",
        where=where,
        base=output("url").rstrip("/"),
        data_key=None if secret is None else cache(lambda: _data_key(secret, aws)),
        aws=aws,
    )


def _store(declaration: Declaration, place: str, where: str, aws: Aws) -> Store:
    match declaration.store:
        case "dynamodb":
            return TableStore(aws, place)
        case "ssm":
            return ParameterStore(aws, place, declaration.kms_key)
        case _:
            raise UsageError(
                f"the endpoints of {declaration.function} in {where} are in a file of its own, "
                "which nothing outside can write",
                hint='set endpoints_store = "dynamodb" or "ssm", and deploy it again',
            )


def _data_key(secret: str, aws: Aws) -> str:
    text = aws.secret(secret)
    if not isinstance(text, str) or not text:
        raise PackagerError(
            f"there is no secret {secret}, the key of the endpoints' secrets",
            hint="deploy the stack again; secrets that were sealed with it are lost",
        )
    return text
