"""The stack of contenders: made, given its code, and deleted."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cold_contenders import Contender
from packager.sam.names import unique_name

STACK = "packager-benchmarks"
WRAPPER = "/var/task/start_fast"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def logical_ids(contenders: Sequence[Contender]) -> dict[str, Contender]:
    """Return the contenders by what their functions are called in the template."""
    found: dict[str, Contender] = {}
    for contender in contenders:
        words = "".join(word.capitalize() for word in contender.folder.split("_"))
        found[unique_name(words + contender.entry.capitalize(), found)] = contender
    return found


def template(contenders: Sequence[Contender], *, python: str, architecture: str) -> str:
    """Return the template of the stack: the code follows, as it is too large for one."""
    logs = {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **logs}]}
    resources: dict[str, Any] = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": _TRUST,
                "Policies": [{"PolicyName": "logs", "PolicyDocument": document}],
            },
        }
    }
    for name, contender in logical_ids(contenders).items():
        variables = {"NEKO_API_KEY": "benchmark"}
        if contender.entry == "fast":
            variables["AWS_LAMBDA_EXEC_WRAPPER"] = WRAPPER
        resources[name] = {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": f"python{python}",
                "Architectures": [architecture],
                "Handler": contender.handler,
                "MemorySize": 512,
                "Timeout": 29,
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Environment": {"Variables": variables},
                "Code": {"ZipFile": "# the code follows\n"},
            },
        }
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})


def create(cloudformation: Any, body: str, stack: str = STACK) -> None:
    """Begin to make the stack; nothing is made where there is one of this name."""
    cloudformation.create_stack(StackName=stack, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])


def created(cloudformation: Any, stack: str = STACK) -> Mapping[str, str]:
    """Wait until the stack is made, and return the functions' names by logical id."""
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack)
    found = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in found
        if each["ResourceType"] == "AWS::Lambda::Function"
    }


def upload(client: Any, function: str, folder: Path) -> None:
    """Give a function the code in `folder`, and wait until it has it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    client.update_function_code(FunctionName=function, ZipFile=data.getvalue())
    settled(client, function)


def settled(client: Any, function: str, seconds: float = 120) -> None:
    """Wait until a function's last change is done; raise `TimeoutError` after that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        is_now = client.get_function_configuration(FunctionName=function)
        if is_now.get("LastUpdateStatus", "Successful") == "Successful":
            return
        time.sleep(1)
    raise TimeoutError(f"{function} is not ready after {seconds:g} s")
