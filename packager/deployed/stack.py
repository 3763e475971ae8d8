"""What a stack has: the physical ids of its resources, its parameters, and where it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.dataclass import dataclass
from packager.errors import UsageError
from packager.settings.aws import Aws, error_code, explained


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack; `resources` are (physical id, type) by logical id.

    A parameter whose value AWS does not show is not among `parameters`.
    """

    name: str
    id: str  # an ARN
    resources: Mapping[str, tuple[str, str]]
    parameters: Mapping[str, str]

    def physical(self, logical: str) -> str | None:
        """Return the physical id of a resource; None where the stack has none of this name."""
        return self.resources[logical][0] if logical in self.resources else None

    @property
    def pseudo_parameters(self) -> Mapping[str, str]:
        """What CloudFormation's own parameters are in this stack ("Pseudo parameters")."""
        _, partition, _, region, account, *_ = [*self.id.split(":"), *[""] * 5]
        return {
            "AWS::AccountId": account,
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::StackId": self.id,
            "AWS::StackName": self.name,
        }


def read_stack(name: str, aws: Aws) -> Stack:
    """Return the stack of this name; raise `UsageError` if there is none."""
    client = aws.client("cloudformation")
    with explained(f"the stack {name} can't be read"):
        try:
            described = client.describe_stacks(StackName=name)["Stacks"][0]
            pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
            listed = [each for page in pages for each in page["StackResourceSummaries"]]
        except Exception as error:
            if error_code(error) == "ValidationError":
                raise UsageError(
                    f"there is no stack {name} in {aws.region}",
                    hint="is it in another region or account? --region, --profile",
                ) from None
            raise
    resources = {
        each["LogicalResourceId"]: (each["PhysicalResourceId"], each["ResourceType"])
        for each in listed
        if each.get("PhysicalResourceId")
    }
    return Stack(name, described["StackId"], resources, _parameters(described))


def _parameters(described: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for each in described.get("Parameters", ()):
        value = each.get("ResolvedValue", each.get("ParameterValue"))
        if isinstance(value, str) and value.strip("*"):
            found[each["ParameterKey"]] = value
    return found
