"""Stacks of functions with managed endpoints in moto, as far as moto makes stacks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from packager.contract import ENDPOINTS_METADATA
from packager.plugin.functions import FunctionPlan
from packager.sam.template import render_template
from tests.support.aws.moto_server import MotoServer

BASE = "https://api.example.com/live"


def deploy(moto: MotoServer, plans: Sequence[FunctionPlan], name: str = "prod") -> dict[str, Any]:
    """Make the stack of `plans`, and return its outputs and id.

    Its tables, metadata and outputs are those of the generated template; moto makes no secret and
    no API of a template, so that these are made, or made up, beside it.
    """
    # Not where tests are collected: it takes half a second.
    from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

    template = yaml_parse(render_template(plans))
    resources: dict[str, Any] = {}
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            resources[logical_id] = resource
        if ENDPOINTS_METADATA in resource.get("Metadata", {}):
            resources[logical_id] = {"Type": "AWS::SNS::Topic", "Metadata": resource["Metadata"]}
    outputs: dict[str, Any] = {}
    for resource in resources.values():
        declared = json.loads(resource.get("Metadata", {}).get(ENDPOINTS_METADATA, "{}"))
        for kind, output in declared.get("outputs", {}).items():
            if output is None:
                continue
            outputs[output] = template["Outputs"][output]
            if kind == "url":
                outputs[output] = {"Value": BASE}
            if kind == "key":
                outputs[output] = {"Value": make_key(moto)}
    body = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, "Outputs": outputs}
    moto.boto("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(body))
    found = moto.boto("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    values = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
    return {"StackId": found["StackId"], **values}


def make_key(moto: MotoServer) -> str:
    """Make the secret that a template makes to seal secrets with, and return its ARN."""
    client = moto.boto("secretsmanager")
    password = client.get_random_password(PasswordLength=64, ExcludePunctuation=True)
    arn: str = client.create_secret(
        Name=f"key-{password['RandomPassword'][:8]}", SecretString=password["RandomPassword"]
    )["ARN"]
    return arn
