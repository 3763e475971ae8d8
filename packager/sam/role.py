"""Writes a function's role: what the function does, its properties need, and `Policies` adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packager.plugin.functions import FunctionPlan
from packager.sam.document import Intrinsic, get_att, sub
from packager.sam.endpoints import endpoint_statements
from packager.sam.names import ResourceNames
from packager.sam.resources import allow
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
_INVOKE = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
# What profiles that route to several regions begin with ("Supported Regions and models for
# inference profiles").
_GEOGRAPHIES = ("us", "us-gov", "eu", "apac", "jp", "au", "ca", "global")


def role_resource(
    plan: FunctionPlan,
    statements: Sequence[Mapping[str, Any]] = (),
    *,
    log_group: str | None = None,
) -> dict[str, Any]:
    """Return the AWS::IAM::Role of a function; `statements` are what its events need.

    `log_group` is that of its worker, whose role it is then.
    """
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
        _policy("function", [*_statements(plan, log_group), *statements]),
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


def _statements(plan: FunctionPlan, log_group: str | None) -> list[dict[str, Any]]:
    template = plan.options.template
    log_group = log_group or ResourceNames(plan.logical_id).log_group
    # The ARN ends in `:*`, so it names the group and its streams (AWS::Logs::LogGroup, Arn).
    statements = [allow(["logs:CreateLogStream", "logs:PutLogEvents"], get_att(f"{log_group}.Arn"))]
    statements += settings_statements(plan)
    statements += storage_statements(plan)
    statements += endpoint_statements(plan)
    statements += _call_statements(plan)
    if plan.options.tracing or template.get("Tracing") not in (None, "Disabled"):
        # X-Ray takes no narrower resource for either.
        statements.append(allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"))
    if template.get("VpcConfig"):
        statements.append(allow(_VPC_ACTIONS, "*"))
    if template.get("KmsKeyArn"):
        statements.append(allow(["kms:Decrypt"], template["KmsKeyArn"]))
    for system in list_of(template.get("FileSystemConfigs")):
        point = system.get("Arn") if isinstance(system, Mapping) else None
        mount = allow(["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], "*")
        mount["Condition"] = {"StringEquals": {"elasticfilesystem:AccessPointArn": point}}
        statements.append(mount)
    sends = dict.fromkeys(
        (_SEND_ACTIONS[kind], repr(arn)) for _, kind, arn in destinations(template)
    )
    arns = {repr(arn): arn for _, _, arn in destinations(template)}
    statements += (allow([action], arns[arn]) for action, arn in sends)
    return statements


def _call_statements(plan: FunctionPlan) -> list[dict[str, Any]]:
    """Return the statements for the models and functions that `plan` names, and nothing else."""
    statements: list[dict[str, Any]] = []
    models = plan.options.models
    if models is not None and models.provider == "bedrock":
        region = models.region or "${AWS::Region}"
        for name in dict.fromkeys(models.names.values()):
            statements += _model_statements(name, region)
    functions = [tool.target for tool in plan.options.tools.values() if tool.kind == "lambda"]
    if functions:
        arns = [_function_arn(name) for name in dict.fromkeys(functions)]
        statements.append(allow(["lambda:InvokeFunction"], arns))
    return statements


def _model_statements(name: str, region: str) -> list[dict[str, Any]]:
    """Allow a model, or an inference profile and the models that it routes to, through it alone."""
    if name.startswith("arn:"):
        kind = name.split(":", 5)[-1].partition("/")[0]
        if kind == "inference-profile":
            model = name.rpartition("/")[2].partition(".")[2]
            return _profile_statements(name, model)
        if kind == "application-inference-profile":
            return _profile_statements(name, "*")
        return [allow(_INVOKE, [name])]
    geography, _, model = name.partition(".")
    if geography in _GEOGRAPHIES and model:
        own = f"arn:${{AWS::Partition}}:bedrock:{region}:${{AWS::AccountId}}:inference-profile/"
        return _profile_statements(sub(own + name), model)
    arn = f"arn:${{AWS::Partition}}:bedrock:{region}::foundation-model/{name}"
    return [allow(_INVOKE, [sub(arn)])]


def _profile_statements(profile: str | Intrinsic, model: str) -> list[dict[str, Any]]:
    models = [
        sub(f"arn:${{AWS::Partition}}:bedrock:{region}::foundation-model/{model}")
        for region in ("*", "")  # of a global profile's models the ARN has none
    ]
    through = allow(_INVOKE, models)
    through["Condition"] = {"StringLike": {"bedrock:InferenceProfileArn": profile}}
    return [allow(_INVOKE, [profile]), through]


def _function_arn(name: str) -> str | Intrinsic:
    if name.startswith("arn:"):
        return name
    own = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
    return sub(own + name)
