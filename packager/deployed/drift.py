"""Compares functions as they are deployed with what their configuration says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from packager.dataclass import dataclass
from packager.deployed.function_url import url_drift
from packager.deployed.role import wider_role
from packager.deployed.stack import Stack
from packager.deployed.template_values import TemplateValues
from packager.model.options import SecretSource, SsmSource
from packager.model.runtimes import what_ends
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import aws_sources
from packager.sam.function import CodeLocation, function_resources
from packager.sam.names import ResourceNames, parameter_names
from packager.settings.aws import Aws, error_code, explained

_MISSING = ("ResourceNotFoundException", "ParameterNotFound", "NoSuchEntity")
_REMADE = "CloudFormation does not see it: delete the stack, and deploy it again"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of a deployed function that is not as it should be; `kind` is for programs."""

    function: str
    kind: str
    message: str
    hint: str | None = None


def find_drift(plans: Sequence[FunctionPlan], stack: Stack, aws: Aws, today: date) -> list[Finding]:
    """Return what differs between the stack and what its template would be now.

    Nothing is changed. Raises `PackagerError` for what can't be read.
    """
    parameters = parameter_names(plans)
    found: list[Finding] = []
    for plan in plans:
        resources = function_resources(plan, CodeLocation(""), parameters)
        names = ResourceNames(plan.logical_id)
        for function, role in (
            (plan.logical_id, names.role),
            (names.worker, names.worker_role),
            (names.renewer, names.renewer_role),
        ):
            if function not in resources:
                continue
            name = stack.physical(function)
            if name is None:
                what = "is not in the stack"
                found.append(Finding(function, "not-deployed", what, "deploy it: sam deploy"))
                continue
            with explained(f"the function {name} can't be read"):
                is_now = _configuration(name, aws)
                if is_now is None:
                    what = (
                        f"is in the stack, but there is no function {name}: it was deleted by hand"
                    )
                    found.append(Finding(function, "not-deployed", what, _REMADE))
                    continue
                wanted = resources[function]["Properties"]
                found += _function(function, name, is_now, wanted, aws, today)
                alias = plan.options.alias if function == plan.logical_id else None
                url = url_drift(name, alias, is_now, wanted, aws)
                found += [Finding(function, *each) for each in url]
                found += _role(function, is_now, resources[role]["Properties"], role, stack, aws)
        with explained(f"the values of {plan.logical_id} can't be looked for"):
            found += _values(plan, aws)
    return found


def _configuration(name: str, aws: Aws) -> Mapping[str, Any] | None:
    """Return what Lambda says of a function; None where there is none."""
    try:
        found: Mapping[str, Any] = aws.client("lambda").get_function_configuration(
            FunctionName=name
        )
    except Exception as error:
        if error_code(error) not in _MISSING:
            raise
        return None
    return found


def _function(
    function: str,
    name: str,
    is_now: Mapping[str, Any],
    wanted: Mapping[str, Any],
    aws: Aws,
    today: date,
) -> Iterator[Finding]:
    reserved = aws.client("lambda").get_function_concurrency(FunctionName=name)
    is_now = {**is_now, **reserved}
    for key, configured in _compared(wanted).items():
        found = _now(is_now, key)
        if found != configured:
            what = f"{key} is {found}, configured is {configured}"
            yield Finding(function, "differs", what, "deploy it")
    variables = {*wanted.get("Environment", {}).get("Variables", {})}
    missing = sorted(variables - {*is_now.get("Environment", {}).get("Variables", {})})
    if missing:
        what = f"lacks the environment variables {', '.join(missing)}"
        yield Finding(function, "missing-variable", what, "deploy it")
    ends = what_ends(str(is_now.get("Runtime")), today)
    if ends:
        yield Finding(function, "runtime", ends, "set runtime, build and deploy it")


def _compared(wanted: Mapping[str, Any]) -> dict[str, object]:
    """Return the properties to compare, as far as their values are known before a deployment."""
    found: dict[str, object] = {
        key: wanted.get(key)
        for key in ("Runtime", "Handler", "MemorySize", "Timeout", "ReservedConcurrentExecutions")
    }
    found["Architectures"] = list(wanted["Architectures"])
    found["Tracing"] = wanted.get("Tracing", "PassThrough")
    found["LogFormat"] = wanted["LoggingConfig"].get("LogFormat", "Text")
    return {
        key: value for key, value in found.items() if isinstance(value, int | str | list | None)
    }


def _now(is_now: Mapping[str, Any], key: str) -> object:
    if key == "Tracing":
        return is_now.get("TracingConfig", {}).get("Mode", "PassThrough")
    if key == "LogFormat":
        return is_now.get("LoggingConfig", {}).get("LogFormat", "Text")
    return is_now.get(key)


def _role(
    function: str,
    is_now: Mapping[str, Any],
    expected: Mapping[str, Any],
    role: str,
    stack: Stack,
    aws: Aws,
) -> Iterator[Finding]:
    own = stack.physical(role)
    arn = str(is_now.get("Role"))
    if own is None or arn.rpartition("/")[2] != own:
        what = f"runs with the role {arn}, configured is its own, {own or role}"
        yield Finding(function, "wider-role", what, "deploy it with a change, or undo it")
    if own is None:
        return
    try:
        for what, hint in wider_role(own, expected, TemplateValues(stack), aws):
            yield Finding(function, "wider-role", what, hint)
    except Exception as error:
        if error_code(error) not in _MISSING:
            raise
        yield Finding(function, "not-deployed", f"its role {own} was deleted by hand", _REMADE)


def _values(plan: FunctionPlan, aws: Aws) -> Iterator[Finding]:
    for source in aws_sources(plan):
        try:
            if isinstance(source, SsmSource):
                # Its value is not read; a version is no part of its name.
                base = source.name.rsplit(":", 1)[0] if source.name.startswith("/") else source.name
                answer = aws.client("ssm").describe_parameters(
                    ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [base]}]
                )
                is_there = source.name.startswith("arn:") or bool(answer["Parameters"])
            else:
                assert isinstance(source, SecretSource)  # noqa: S101 - there are two kinds
                is_there = "DeletedDate" not in aws.client("secretsmanager").describe_secret(
                    SecretId=source.name
                )
        except Exception as error:
            if error_code(error) not in _MISSING:
                raise
            is_there = False
        if not is_there:
            kind = "parameter" if isinstance(source, SsmSource) else "secret"
            what = f"there is no {kind} {source.name}"
            yield Finding(plan.logical_id, "missing-value", what, "packager settings push")
