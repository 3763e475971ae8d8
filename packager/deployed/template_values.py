"""Says what a template's references are in a deployed stack, as IAM's patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packager.deployed.stack import Stack
from packager.sam.document import Intrinsic

UNKNOWN = "*"  # what can't be told from here may be anything
_REFERENCE = re.compile(r"\$\{(!?)([^}]*)\}")
# The ARN of what has another physical id ("Resource types defined by AWS services").
_ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{id}",
    "AWS::IAM::Role": "iam::{account}:role/*{id}",
    "AWS::Kinesis::Stream": "kinesis:{region}:{account}:stream/{id}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{id}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{id}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{id}:*",
    "AWS::S3::Bucket": "s3:::{id}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
}


class TemplateValues:
    """Resolves the functions of a template against a stack that was made of it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._known = {**stack.parameters, **stack.pseudo_parameters}

    def pattern(self, value: Any) -> Any:
        """Return `value` with a text in the place of each CloudFormation function in it."""
        if isinstance(value, Intrinsic):
            return self._function(value.name, value.value)
        if isinstance(value, Mapping):
            if len(value) == 1:
                ((key, inner),) = value.items()
                if key in ("Ref", "Condition") or str(key).startswith("Fn::"):
                    return self._function(str(key).removeprefix("Fn::"), inner)
            return {key: self.pattern(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.pattern(inner) for inner in value]
        return value

    def _function(self, name: str, value: Any) -> str:
        if name == "Ref" and isinstance(value, str):
            return self._reference(value)
        if name == "GetAtt":
            parts = value.split(".", 1) if isinstance(value, str) else value
            if isinstance(parts, list | tuple) and len(parts) == 2:
                return self._attribute(str(parts[0]), str(parts[1]))
        if name == "Sub":
            text, given = (value, {}) if isinstance(value, str) else (*value, {})[:2]
            return self._substituted(str(text), self.pattern(given))
        if name == "Join" and isinstance(value, list | tuple) and len(value) == 2:
            return str(value[0]).join(map(str, self.pattern(value[1])))
        return UNKNOWN

    def _substituted(self, text: str, given: Mapping[str, Any]) -> str:
        def known(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in given:
                return str(given[name])
            logical, dot, attribute = name.partition(".")
            return self._attribute(logical, attribute) if dot else self._reference(name)

        return _REFERENCE.sub(known, text)

    def _reference(self, name: str) -> str:
        return self._known.get(name) or self._stack.physical(name) or UNKNOWN

    def _attribute(self, logical: str, attribute: str) -> str:
        if logical not in self._stack.resources:
            return UNKNOWN
        physical, kind = self._stack.resources[logical]
        name = physical.rpartition("/")[2]  # a queue's physical id is its URL
        if attribute == "QueueName":
            return name
        if attribute != "Arn" or physical.startswith("arn:"):
            return physical if attribute == "Arn" else UNKNOWN
        where = self._stack.pseudo_parameters
        partition, region, account = (
            where[f"AWS::{each}"] for each in ("Partition", "Region", "AccountId")
        )
        form = _ARNS.get(kind, f"{UNKNOWN}:{{id}}")
        arn = form.format(region=region, account=account, id=physical, name=name)
        return f"arn:{partition}:{arn}"
