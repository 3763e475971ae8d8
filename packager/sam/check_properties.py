"""Finds what is wrong with `template` and `api_template`, before SAM would say so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from packager.errors import FaultCollector
from packager.expect import did_you_mean
from packager.model import FunctionPlan, Options
from packager.sam.names import ResourceNames
from packager.sam.properties import (
    API_PROPERTIES,
    FUNCTION_PROPERTIES,
    OWNED_BY_API,
    OWNED_BY_FUNCTION,
    is_intrinsic,
)
from packager.sam.role import destinations, is_policy_document, list_of

_DESTINATIONS = {
    "DeadLetterQueue": ("SQS", "SNS"),
    "EventInvokeConfig": ("SQS", "SNS", "Lambda", "EventBridge", "S3Bucket"),
}
# Properties that are merged into mappings of ours, and so must be mappings.
_MAPPINGS = ("Environment", "FunctionUrlConfig", "LoggingConfig", "Tags", "VpcConfig")


def check_properties(plan: FunctionPlan, faults: FaultCollector) -> None:
    """Note what SAM or the packager does not take in `template` and `api_template`."""
    options = plan.options
    function = _Checker("template", plan, faults)
    function.names(FUNCTION_PROPERTIES, OWNED_BY_FUNCTION, "AWS::Serverless::Function")
    function.mappings(_MAPPINGS)
    function.references()
    _check_function(options, function)
    api = _Checker("api_template", plan, faults)
    if options.api == "url":
        if options.api_template:
            api.error("", "a function URL has no API", 'say FunctionUrlConfig in "template"')
        return
    kind = "HttpApi" if options.api == "http" else "Api"
    api.names(API_PROPERTIES[options.api], OWNED_BY_API, f"AWS::Serverless::{kind}")
    api.mappings(("Tags",))
    api.references()
    stage = options.api_template.get("StageName", "$default")
    if not isinstance(stage, str):
        api.error("StageName", "the outputs name the stage, so it must be text")


def _check_function(options: Options, checker: _Checker) -> None:
    template = options.template
    if "FunctionUrlConfig" in template and options.api != "url":
        checker.error("FunctionUrlConfig", f'the function\'s api is "{options.api}"', 'api = "url"')
    logging = template.get("LoggingConfig")
    if isinstance(logging, Mapping) and "LogGroup" in logging:
        checker.error("LoggingConfig.LogGroup", "the function has a log group of its own")
    environment = template.get("Environment")
    if isinstance(environment, Mapping):
        variables = environment.get("Variables", {})
        if set(environment) - {"Variables"} or not isinstance(variables, Mapping):
            checker.error("Environment", "expected Variables alone, a table")
    for key, kind, arn in destinations(template):
        kinds = _DESTINATIONS[key.partition(".")[0]]
        if kind not in kinds:
            checker.error(key, f"expected Type, one of {', '.join(kinds)}")
        elif arn is None:
            name = "TargetArn" if key == "DeadLetterQueue" else "Destination"
            checker.error(key, f"expected {name}, which the function's role is to allow")
    for policy in list_of(template.get("Policies")):
        arn = isinstance(policy, str) and policy.startswith("arn:")
        if not (arn or is_policy_document(policy) or is_intrinsic(policy)):
            what = policy if isinstance(policy, str) else ", ".join(map(str, policy))
            checker.error(
                "Policies",
                f"{what!r} is neither the ARN of a managed policy nor a policy with Statement",
                "SAM's own names and templates need a role that SAM writes; write the statement",
            )


class _Checker:
    """Faults about one of the two keys."""

    def __init__(
        self, key: Literal["template", "api_template"], plan: FunctionPlan, faults: FaultCollector
    ) -> None:
        self.key = key
        self.plan = plan
        self.values: Mapping[str, Any] = getattr(plan.options, key)
        self.faults = faults

    def error(self, name: str, message: str, hint: str | None = None) -> None:
        key = f"{self.key}.{name}" if name else self.key
        self.faults.error(message, self.plan.options.place(key), key=key, hint=hint)

    def names(self, known: Collection[str], owned: Mapping[str, str | None], resource: str) -> None:
        """Fault the properties that the resource has not, or that the packager writes."""
        for name in self.values:
            if name in owned:
                key = owned[name]
                hint = f"say {key}, a key beside {self.key}" if key else None
                self.error(name, "the packager decides this property", hint)
            elif name not in known:
                self.error(name, f"{resource} has no such property", did_you_mean(name, known))

    def mappings(self, names: Collection[str]) -> None:
        """Fault those of `names` that are no tables."""
        for name in names:
            if not isinstance(self.values.get(name, {}), Mapping):
                self.error(name, "expected a table")

    def references(self) -> None:
        """Fault references to what a generated template can't hold."""
        own = ResourceNames(self.plan.logical_id).base  # what SAM adds starts with it, too
        for name, value in self.values.items():
            for target in _references(value):
                if "::" not in target and not target.startswith(own):
                    self.error(
                        name,
                        f"the template has nothing named {target}",
                        "write the id, {{resolve:ssm:NAME}}, or Fn::ImportValue of another stack",
                    )


def _references(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if set(value) == {"Ref"} and isinstance(value["Ref"], str):
            yield value["Ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _references(inner)
