"""Writes a function's role: what the function does, its properties need, and `Policies` adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packager.plugin.functions import FunctionPlan
from packager.sam.document import get_att
from packager.sam.endpoints import endpoint_statements
from packager.sam.names import ResourceNames
from packager.sam.settings_policy import settings_statements
from packager.sam.shapes import is_intrinsic
from packager.sam.storage import storage_statements

# What AWSLambdaVPCAccessExecutionRole grants besides logs; EC2 takes no narrower resource for it.
_VPC_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
_SEND_ACTIONS = {
    "SQS": "sqs:SendMessage",
    "SNS": "sns:Publish",
    "Lambda": "lambda:InvokeFunction",
    "EventBridge": "events:PutEvents",
    "S3Bucket": "s3:PutObject",
}


def role_resource(
    plan: FunctionPlan, statements: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return the AWS::IAM::Role of a function; `statements` are what its events need."""
    template = plan.options.template
    policies = list_of(template.get("Policies"))
    properties: dict[str, Any] = {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
    }
    if "RolePath" in template:
        properties["Path"] = template["RolePath"]
    if "PermissionsBoundary" in template:
        properties["PermissionsBoundary"] = template["PermissionsBoundary"]
    managed = [policy for policy in policies if not is_policy_document(policy)]
    if managed:
        properties["ManagedPolicyArns"] = managed
    properties["Policies"] = [
        _policy("function", [*_statements(plan), *statements]),
        *(
            _policy(f"template{number}", list_of(document["Statement"]))
            for number, document in enumerate(filter(is_policy_document, policies), 1)
        ),
    ]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def is_policy_document(policy: object) -> bool:
    """Return whether an entry of `Policies` is a policy written out."""
    return isinstance(policy, Mapping) and "Statement" in policy


def list_of(value: Any) -> list[Any]:
    """Return a list: of one where `value` is not a list, of nothing where it is None."""
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def destinations(template: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Return (key, type, ARN) of each queue or topic that Lambda itself sends to for the
    function."""
    found = []
    queue = template.get("DeadLetterQueue")
    if isinstance(queue, Mapping) and not is_intrinsic(queue):
        found.append(("DeadLetterQueue", str(queue.get("Type")), queue.get("TargetArn")))
    config = template.get("EventInvokeConfig")
    config = config.get("DestinationConfig") if isinstance(config, Mapping) else None
    for when in ("OnSuccess", "OnFailure"):
        target = config.get(when) if isinstance(config, Mapping) else None
        if isinstance(target, Mapping) and not is_intrinsic(target):
            key = f"EventInvokeConfig.DestinationConfig.{when}"
            found.append((key, str(target.get("Type")), target.get("Destination")))
    return found


def _policy(name: str, statements: list[Any]) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": statements}
    return {"PolicyName": name, "PolicyDocument": document}


def _statements(plan: FunctionPlan) -> list[dict[str, Any]]:
    template = plan.options.template
    log_group = ResourceNames(plan.logical_id).log_group
    # The ARN ends in `:*`, so it names the group and its streams (AWS::Logs::LogGroup, Arn).
    statements = [
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], get_att(f"{log_group}.Arn"))
    ]
    statements += settings_statements(plan)
    statements += storage_statements(plan)
    statements += endpoint_statements(plan)
    if template.get("Tracing") not in (None, "Disabled"):
        # X-Ray takes no narrower resource for either.
        statements.append(_allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"))
    if template.get("VpcConfig"):
        statements.append(_allow(_VPC_ACTIONS, "*"))
    if template.get("KmsKeyArn"):
        statements.append(_allow(["kms:Decrypt"], template["KmsKeyArn"]))
    for system in list_of(template.get("FileSystemConfigs")):
        point = system.get("Arn") if isinstance(system, Mapping) else None
        mount = _allow(["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], "*")
        mount["Condition"] = {"StringEquals": {"elasticfilesystem:AccessPointArn": point}}
        statements.append(mount)
    sends = dict.fromkeys(
        (_SEND_ACTIONS[kind], repr(arn)) for _, kind, arn in destinations(template)
    )
    arns = {repr(arn): arn for _, _, arn in destinations(template)}
    statements += (_allow([action], arns[arn]) for action, arn in sends)
    return statements


def _allow(actions: list[str], resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
