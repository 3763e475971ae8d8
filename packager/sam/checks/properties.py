"""Finds what is wrong with `template` and `api_template`, before SAM would say so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from packager.errors import Code, Diagnostics
from packager.inputs.suggestions import did_you_mean
from packager.model.options import Options
from packager.plugin.functions import FunctionPlan
from packager.sam import property_shapes
from packager.sam.checks.references import reference_problems
from packager.sam.properties import OWNED_BY_API, OWNED_BY_FUNCTION
from packager.sam.role import destinations, is_policy_document, list_of
from packager.sam.shapes import Shape, choice, either, is_deferred, items, table, text

_DESTINATIONS = {
    "DeadLetterQueue": ("SQS", "SNS"),
    "EventInvokeConfig": ("SQS", "SNS", "Lambda", "EventBridge", "S3Bucket"),
}
_STATEMENT = table(
    {
        "Sid": text("letters and digits", r"[a-zA-Z0-9]*"),
        "Effect": choice("Allow", "Deny"),
        "Action": either(text(), items(text(), least=1)),
        "NotAction": either(text(), items(text(), least=1)),
        "Resource": either(text(), items(text(), least=1)),
        "NotResource": either(text(), items(text(), least=1)),
        "Condition": table({}, more=True),
    },
    "Effect",
)
_POLICY = table(
    {
        "Id": text(),
        "Version": choice("2012-10-17", "2008-10-17"),
        "Statement": either(_STATEMENT, items(_STATEMENT, least=1)),
    }
)
# Pairs of which a statement of a role takes exactly one.
_ONE_OF = (("Action", "NotAction"), ("Resource", "NotResource"))
# What is said of versions needs one that is published (AWS SAM, "AutoPublishAlias").
_NEED_ALIAS = ("DeploymentPreference",)


def check_properties(plan: FunctionPlan, diagnostics: Diagnostics, known: Collection[str]) -> None:
    """Note what SAM or the packager does not take in `template` and `api_template`.

    `known` are the names that the template can refer to.
    """
    options = plan.options
    function = _Checker("template", plan, diagnostics)
    function.properties(property_shapes.FUNCTION, OWNED_BY_FUNCTION, "AWS::Serverless::Function")
    function.references(known)
    _check_function(options, function)
    api = _Checker("api_template", plan, diagnostics)
    if options.api == "url":
        if options.api_template:
            api.error(
                "conflicting-keys",
                "",
                "a function URL has no API",
                'say FunctionUrlConfig in "template"',
            )
        return
    kind = "HttpApi" if options.api == "http" else "Api"
    shapes = property_shapes.API[options.api]
    api.properties(shapes, OWNED_BY_API, f"AWS::Serverless::{kind}")
    api.references(known)
    if is_deferred(options.api_template.get("StageName")):
        api.error("invalid-property", "StageName", "the outputs name the stage, so it must be text")
    _check_authorizer(options, api)
    _check_base_path(options, api)


def _check_function(options: Options, checker: _Checker) -> None:
    template = options.template
    if "FunctionUrlConfig" in template and options.api != "url":
        checker.error(
            "conflicting-keys",
            "FunctionUrlConfig",
            f'the function\'s api is "{options.api}"',
            'api = "url"',
        )
    url = template.get("FunctionUrlConfig")
    if isinstance(url, Mapping) and "InvokeMode" in url:
        checker.error(
            "reserved-property",
            "FunctionUrlConfig.InvokeMode",
            "the packager decides this property",
        )
    for name in _NEED_ALIAS:
        if name in template and options.alias is None:
            checker.error(
                "conflicting-keys",
                name,
                "needs a published version",
                'say AutoPublishAlias = "live", too',
            )
    _check_logging(template, checker)
    environment = template.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, Mapping) else None
    for name in variables if isinstance(variables, Mapping) else ():
        if name in property_shapes.RESERVED_VARIABLES:
            checker.error(
                "reserved-variable",
                f"Environment.Variables.{name}",
                "Lambda itself sets this variable",
            )
    for key, kind, arn in destinations(template):
        kinds = _DESTINATIONS[key.partition(".")[0]]
        if kind not in kinds:
            checker.error("invalid-property", key, f"expected Type, one of {', '.join(kinds)}")
        elif not (is_deferred(arn) or isinstance(arn, str)):
            name = "TargetArn" if key == "DeadLetterQueue" else "Destination"
            checker.error(
                "invalid-property", key, f"expected {name}, which the function's role is to allow"
            )
    _check_policies(template, checker)


def _check_logging(template: Mapping[str, Any], checker: _Checker) -> None:
    logging = template.get("LoggingConfig")
    if not isinstance(logging, Mapping):
        return
    if "LogGroup" in logging:
        checker.error(
            "reserved-property", "LoggingConfig.LogGroup", "the function has a log group of its own"
        )
    if logging.get("LogFormat", "Text") == "Text":
        for name in ("ApplicationLogLevel", "SystemLogLevel"):
            if name in logging:
                checker.error(
                    "conflicting-keys",
                    f"LoggingConfig.{name}",
                    'goes with LogFormat = "JSON" alone',
                )


def _check_policies(template: Mapping[str, Any], checker: _Checker) -> None:
    policies = template.get("Policies")
    single = not isinstance(policies, list | tuple)
    for position, policy in enumerate(list_of(policies)):
        key = "Policies" if single else f"Policies.{position}"
        arn = isinstance(policy, str) and policy.startswith(("arn:", "{{resolve:"))
        if is_policy_document(policy):
            checker.shape(key, _POLICY, policy)
            for statement in filter(_is_plain_table, list_of(policy["Statement"])):
                for pair in _ONE_OF:
                    if len(statement.keys() & set(pair)) != 1:
                        checker.error(
                            "invalid-property",
                            f"{key}.Statement",
                            f"expected either {' or '.join(pair)}",
                        )
        elif not (arn or is_deferred(policy)):
            what = policy if isinstance(policy, str) else _names(policy)
            checker.error(
                "invalid-property",
                key,
                f"{what!r} is neither the ARN of a managed policy nor a policy with Statement",
                "SAM's own names and templates need a role that SAM writes; write the statement",
            )


def _check_authorizer(options: Options, checker: _Checker) -> None:
    auth = options.api_template.get("Auth")
    default = auth.get("DefaultAuthorizer") if isinstance(auth, Mapping) else None
    if not isinstance(auth, Mapping) or not isinstance(default, str):
        return
    authorizers = auth.get("Authorizers")
    known = list(authorizers) if isinstance(authorizers, Mapping) else []
    hint = did_you_mean(default, known) or "describe it under Auth.Authorizers"
    if default == "AWS_IAM":
        if options.api == "rest" or auth.get("EnableIamAuthorizer") is True:
            return
        hint = "say EnableIamAuthorizer = true, too"
    if default not in known:
        message = f"there is no authorizer {default}"
        checker.error("invalid-property", "Auth.DefaultAuthorizer", message, hint)


def _check_base_path(options: Options, checker: _Checker) -> None:
    """Warn where requests come with a path before their own that nothing tells of."""
    domain = options.api_template.get("Domain")
    paths = domain.get("BasePath") if isinstance(domain, Mapping) else None
    if options.api != "http" or options.routes != "all" or not isinstance(paths, list | tuple):
        return
    for path in paths:
        wanted = f"/{path.strip('/')}" if isinstance(path, str) else "/"
        if wanted not in ("/", options.base_path):
            checker.warn(
                "base-path",
                "Domain.BasePath",
                f"the endpoints' paths would start with {wanted}, and get no answer",
                f'say base_path = "{wanted}", a key beside {checker.key}',
            )


def _is_plain_table(value: object) -> bool:
    return isinstance(value, Mapping) and not is_deferred(value)


def _names(value: object) -> str:
    if isinstance(value, Mapping | list | tuple):
        return ", ".join(map(str, value))
    return str(value)


class _Checker:
    """Faults about one of the two keys."""

    def __init__(
        self, key: Literal["template", "api_template"], plan: FunctionPlan, diagnostics: Diagnostics
    ) -> None:
        self.key = key
        self.plan = plan
        self.values: Mapping[str, Any] = getattr(plan.options, key)
        self.diagnostics = diagnostics

    def error(self, code: Code, name: str, message: str, hint: str | None = None) -> None:
        key = f"{self.key}.{name}" if name else self.key
        self.diagnostics.error(code, message, self.plan.options.place(key), key=key, hint=hint)

    def warn(self, code: Code, name: str, message: str, hint: str) -> None:
        key = f"{self.key}.{name}"
        self.diagnostics.warn(code, message, self.plan.options.place(key), key=key, hint=hint)

    def properties(
        self, shapes: Mapping[str, Shape], owned: Mapping[str, str | None], resource: str
    ) -> None:
        """Report properties that the resource has not or the packager writes, and odd values."""
        for name, value in self.values.items():
            if name in owned:
                key = owned[name]
                hint = f"say {key}, a key beside {self.key}" if key else None
                self.error("reserved-property", name, "the packager decides this property", hint)
            elif name not in shapes:
                self.error(
                    "unknown-property",
                    name,
                    f"{resource} has no such property",
                    did_you_mean(name, shapes),
                )
            else:
                self.shape(name, shapes[name], value)

    def shape(self, name: str, shape: Shape, value: object) -> None:
        """Report what in the value does not fit the shape."""
        for path, expected in shape(value):
            self.error(
                "invalid-property", f"{name}.{path}" if path else name, f"expected {expected}"
            )

    def references(self, known: Collection[str]) -> None:
        """Report references to what a generated template can't hold."""
        for name, message, hint in reference_problems(self.key, self.values, self.plan, known):
            self.error("unknown-reference", name, message, hint)
