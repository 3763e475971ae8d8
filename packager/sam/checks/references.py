"""Finds references in `template` and `api_template` to what a generated template has not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from packager.plugin.functions import FunctionPlan
from packager.sam.names import ResourceNames, resource_names
from packager.sam.operate.alarms import alarm_kinds
from packager.sam.shapes import INTRINSICS

_IN_SUB = re.compile(r"\$\{\s*([^!{}\s][^{}]*?)\s*\}")
# These become resources of their own, which may know the function. All else is the function's or
# its role's, and would wait for itself.
_BESIDE = ("DeploymentPreference", "FunctionUrlConfig", "VersionDescription")


def referable(plan: FunctionPlan) -> frozenset[str]:
    """Return the logical ids that the template has for a function."""
    names = ResourceNames(plan.logical_id)
    missing = names.api if plan.options.api == "url" else names.url
    alarms = {names.alarm(kind) for kind in alarm_kinds(plan)}
    return (resource_names(plan) | alarms) - {missing}


def reference_problems(
    key: str, values: Mapping[str, Any], plan: FunctionPlan, known: Collection[str]
) -> Iterator[tuple[str, str, str | None]]:
    """Yield (property, message, hint) for each reference that CloudFormation would refuse.

    `known` are the ids of the whole template, parameters included.
    """
    names = ResourceNames(plan.logical_id)
    own = tuple({names.function, names.api} & set(known))  # what SAM makes starts with these
    for name, value in values.items():
        for target in dict.fromkeys(references(value)):
            if "::" in target:  # a pseudo parameter, such as AWS::Region
                continue
            if target not in known and not target.startswith(own):
                hint = "write the id, {{resolve:ssm:NAME}}, or Fn::ImportValue of another stack"
                yield name, f"the template has nothing named {target}", hint
            elif key == "template" and name not in _BESIDE and target.startswith(own):
                message = f"{target} is made after the function, so the function can't refer to it"
                yield name, message, None
        for function in dict.fromkeys(_unknown_functions(value)):
            yield name, f"a generated template can't use {function}", None


def references(value: object) -> Iterator[str]:
    """Yield the names that the CloudFormation functions in `value` refer to."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            yield from _referred(*next(iter(value.items())))
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from references(inner)


def _referred(function: object, argument: object) -> Iterator[str]:
    match function, argument:
        case "Ref", str():
            yield argument
        case "Fn::GetAtt", str():
            yield argument.partition(".")[0]
        case "Fn::GetAtt", [str() as name, *_]:
            yield name
        case "Fn::Sub", (str() as text) | [str() as text, *_]:
            given = argument[1] if isinstance(argument, list) and len(argument) > 1 else {}
            for inside in _IN_SUB.findall(text):
                if not (isinstance(given, Mapping) and inside in given):
                    yield inside if "::" in inside else inside.partition(".")[0]


def _unknown_functions(value: object) -> Iterator[str]:
    """Yield what is written as a function but is none, or needs conditions, mappings or macros."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if str(name).startswith("Fn::") and name not in INTRINSICS:
                yield str(name)
            yield from _unknown_functions(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _unknown_functions(inner)
