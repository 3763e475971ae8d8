"""What AWS or SAM would refuse late is said at once, at its line."""

from __future__ import annotations

from typing import Any

import pytest

from packager.errors import Diagnostic, Diagnostics, Place
from packager.model.deferred import DeferredRoute, WorkerOptions
from packager.model.options import EnvSource, LiteralSource
from packager.plugin.functions import FunctionPlan
from packager.sam.template import check_template
from tests.support.template_builders import make_plan, make_setting

HERE = Place("plugins/neko/pyproject.toml", 7, 1)
KEYS = ("api", "api_template", "routes", "settings.a", "template", "timeout")
WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
REFERENCE_HINT = "write the id, {{resolve:ssm:NAME}}, or Fn::ImportValue of another stack"


LOG_SETTINGS = {"DestinationArn": {"Ref": "NekoLogGroup"}, "Format": "$context.status"}


def faults_of(*plans: FunctionPlan) -> list[tuple[str, str, str | None]]:
    diagnostics = Diagnostics()
    check_template(plans, diagnostics)
    assert all(diagnostic.level == "error" for diagnostic in diagnostics.all)
    assert all(diagnostic.place == HERE for diagnostic in diagnostics.all if diagnostic.key)
    return [(diagnostic.key, diagnostic.message, diagnostic.hint) for diagnostic in diagnostics.all]


def planned(*endpoints: str, **options: Any) -> FunctionPlan:
    return make_plan(*endpoints, places=dict.fromkeys(KEYS, HERE), **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"timeout": 30},
        {"timeout": 29, "api": "rest", "routes": "declared"},
        {"timeout": 900, "api": "url", "template": {"FunctionUrlConfig": {"Cors": {}}}},
        {"template": {"Tracing": "Active", "Environment": {"Variables": {"A1": "b"}}}},
        {"template": {"Environment": {"Variables": {WRAPPER: "/opt/w"}}}, "entry": "stock"},
        {"template": {"Environment": {"Variables": {WRAPPER: "/opt/w"}}}, "adapter": "mangum"},
        {"template": {"Environment": {"Variables": {"BIG": "x" * (4096 - 43 - 3)}}}},
        {"template": {"Policies": [{"Fn::ImportValue": "x"}, "arn:aws:iam::aws:policy/x"]}},
        {"template": {"KmsKeyArn": {"Fn::Sub": "x"}, "Tags": {"region": {"Ref": "AWS::Region"}}}},
        {"api_template": {"AccessLogSettings": LOG_SETTINGS}},
        {
            "settings": {"a": EnvSource("API_KEY")},
            "template": {"Environment": {"Variables": {"COPY": {"Ref": "ApiKey"}, "N1": 5}}},
        },
        {"template": {"ReservedConcurrentExecutions": "{{resolve:ssm:/neko/limit}}"}},
        {
            "template": {
                "AutoPublishAlias": "live",
                "DeploymentPreference": {"Alarms": [{"Ref": "NekoFunctionAliaslive"}]},
            }
        },
    ],
)
def test_what_is_sound(options: dict[str, Any]) -> None:
    assert faults_of(planned(**options)) == []


@pytest.mark.parametrize(
    ("options", "diagnostic"),
    [
        (
            {"timeout": 31},
            (
                "timeout",
                "an HTTP API waits at most 30 s, not 31",
                'api = "url" waits up to 1800 s',
            ),
        ),
        (
            {"timeout": 30, "api": "rest"},
            (
                "timeout",
                "a REST API waits at most 29 s, not 30",
                'api = "url" waits up to 1800 s',
            ),
        ),
        (
            {"api": "url", "routes": "declared"},
            (
                "routes",
                "a function URL has no routes to declare",
                'leave routes out, or take api = "http" or "rest"',
            ),
        ),
        (
            {"api": "url", "api_template": {"Name": "x"}},
            (
                "api_template",
                "a function URL has no API",
                'say FunctionUrlConfig in "template"',
            ),
        ),
        (
            {"template": {"Handler": "x"}},
            ("template.Handler", "the packager decides this property", None),
        ),
        (
            {"template": {"MemorySize": 1}},
            (
                "template.MemorySize",
                "the packager decides this property",
                "say memory, a key beside template",
            ),
        ),
        (
            {"template": {"Tracin": "Active"}},
            (
                "template.Tracin",
                "AWS::Serverless::Function has no such property",
                "did you mean Tracing?",
            ),
        ),
        (
            {"api_template": {"Autho": {}}},
            (
                "api_template.Autho",
                "AWS::Serverless::HttpApi has no such property",
                "did you mean Auth?",
            ),
        ),
        (
            {"template": {"Tags": "cats"}},
            ("template.Tags", "expected a table", None),
        ),
        (
            {"template": {"Environment": {"A": "b"}}},
            ("template.Environment.A", "expected one of Variables", None),
        ),
        (
            {"template": {"LoggingConfig": {"LogGroup": "x"}}},
            ("template.LoggingConfig.LogGroup", "the function has a log group of its own", None),
        ),
        (
            {"template": {"FunctionUrlConfig": {"AuthType": "AWS_IAM"}}},
            ("template.FunctionUrlConfig", 'the function\'s api is "http"', 'api = "url"'),
        ),
        (
            {"template": {"DeadLetterQueue": {"Type": "SQS"}}},
            (
                "template.DeadLetterQueue",
                "expected TargetArn, which the function's role is to allow",
                None,
            ),
        ),
        (
            {"template": {"DeadLetterQueue": {"TargetArn": "x"}}},
            ("template.DeadLetterQueue", "expected Type, one of SQS, SNS", None),
        ),
        (
            {"template": {"Policies": ["AmazonS3FullAccess"]}},
            (
                "template.Policies.0",
                "'AmazonS3FullAccess' is neither the ARN of a managed policy nor a policy "
                "with Statement",
                "SAM's own names and templates need a role that SAM writes; write the statement",
            ),
        ),
        (
            {"template": {"Layers": [{"Ref": "Fonts"}]}},
            ("template.Layers", "the template has nothing named Fonts", REFERENCE_HINT),
        ),
        (
            {"api_template": {"StageName": {"Ref": "AWS::StackName"}}},
            (
                "api_template.StageName",
                "the outputs name the stage, so it must be text",
                None,
            ),
        ),
        (
            {"entry": "stock", "template": {"Environment": {"Variables": {"BIG": "x" * 4094}}}},
            (
                "template.Environment",
                "the environment has 4097 bytes or more; Lambda takes 4096",
                None,
            ),
        ),
        (
            {"template": {"Environment": {"Variables": {WRAPPER: "/opt/wrapper"}}}},
            (
                f"template.Environment.Variables.{WRAPPER}",
                "starts the fast entry",
                'with entry = "stock", a key beside template, the variable is yours',
            ),
        ),
        (
            {"template": {"Environment": {"Variables": {"Fn::ImportValue": "x"}}}},
            (
                "template.Environment.Variables",
                "expected a table: the function has variables of its own",
                None,
            ),
        ),
        (
            {"template": {"Environment": {"Variables": {"BIG": "x" * 4094}}}},
            (
                "template.Environment",
                "the environment has 4140 bytes or more; Lambda takes 4096",
                None,
            ),
        ),
        (
            {
                "settings": {"a": EnvSource("A1"), "b": LiteralSource(1)},
                "template": {"Environment": {"Variables": {"A1": "x"}}},
            },
            (
                "template.Environment.Variables.A1",
                "the variable A1 is the setting a's",
                None,
            ),
        ),
        (
            {"template": {"Policies": 5}},
            (
                "template.Policies",
                "'5' is neither the ARN of a managed policy nor a policy with Statement",
                "SAM's own names and templates need a role that SAM writes; write the statement",
            ),
        ),
        (
            {"template": {"Policies": {"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}}},
            ("template.Policies.Statement", "expected either Resource or NotResource", None),
        ),
        (
            {"template": {"Tracing": "Actve"}},
            ("template.Tracing", "expected one of Active, PassThrough, Disabled", None),
        ),
        (
            {"template": {"EphemeralStorage": {"Size": 256}}},
            (
                "template.EphemeralStorage.Size",
                "expected a whole number from 512 to 32768",
                None,
            ),
        ),
        (
            {"template": {"Environment": {"Variables": {"AWS_REGION": "x"}}}},
            (
                "template.Environment.Variables.AWS_REGION",
                "Lambda itself sets this variable",
                None,
            ),
        ),
        (
            {"template": {"DeploymentPreference": {"Type": "AllAtOnce"}}},
            (
                "template.DeploymentPreference",
                "needs a published version",
                'say AutoPublishAlias = "live", too',
            ),
        ),
        (
            {"template": {"LoggingConfig": {"SystemLogLevel": "WARN"}}},
            (
                "template.LoggingConfig.SystemLogLevel",
                'goes with LogFormat = "JSON" alone',
                None,
            ),
        ),
        (
            {"api": "url", "template": {"FunctionUrlConfig": {"InvokeMode": "RESPONSE_STREAM"}}},
            (
                "template.FunctionUrlConfig.InvokeMode",
                "the packager decides this property",
                None,
            ),
        ),
        (
            {"api_template": {"Auth": {"DefaultAuthorizer": "Team"}}},
            (
                "api_template.Auth.DefaultAuthorizer",
                "there is no authorizer Team",
                "describe it under Auth.Authorizers",
            ),
        ),
        (
            {"api_template": {"Auth": {"DefaultAuthorizer": "AWS_IAM"}}},
            (
                "api_template.Auth.DefaultAuthorizer",
                "there is no authorizer AWS_IAM",
                "say EnableIamAuthorizer = true, too",
            ),
        ),
        (
            {"api": "rest", "api_template": {"StageName": "$default"}},
            (
                "api_template.StageName",
                "expected 1 to 128 letters, digits, - and _",
                None,
            ),
        ),
        (
            {"template": {"VersionDescription": {"Fn::Sub": "${Nope.Arn} ${!x} ${AWS::Region}"}}},
            ("template.VersionDescription", "the template has nothing named Nope", REFERENCE_HINT),
        ),
        (
            {"template": {"Environment": {"Variables": {"URL": {"Ref": "NekoApi"}}}}},
            (
                "template.Environment",
                "NekoApi is made after the function, so the function can't refer to it",
                None,
            ),
        ),
        (
            {"template": {"ReservedConcurrentExecutions": {"Fn::If": ["Production", 5, 1]}}},
            (
                "template.ReservedConcurrentExecutions",
                "a generated template can't use Fn::If",
                None,
            ),
        ),
        (
            {
                "declared": [make_setting("a", default="x" * 4100)],
                "settings": {"a": EnvSource("A1")},
            },
            ("settings", "the environment has 4145 bytes or more; Lambda takes 4096", None),
        ),
        (
            {"settings": {"a": EnvSource("A" * 5000)}},
            ("settings", "the environment has 5043 bytes or more; Lambda takes 4096", None),
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], diagnostic: tuple[str, str, str | None]) -> None:
    assert faults_of(planned(**options)) == [diagnostic]


def test_too_many_declared_routes() -> None:
    plan = planned(*(f"POST /{number}" for number in range(41)), routes="declared")

    assert faults_of(plan) == [
        (
            "routes",
            "41 routes need more permissions than a function can hold; 40 fit",
            'leave routes out, which is "all"',
        )
    ]


def test_one_key_of_several_groups_is_faulted_once() -> None:
    plans = [planned(name=name, timeout=60) for name in ("neko", "duck")]

    assert len(faults_of(*plans)) == 1


def test_what_sam_makes_of_long_names_must_fit() -> None:
    name = "n" * 230

    assert faults_of(planned(name=name)) == [
        (
            "",
            f"what SAM makes of N{'n' * 229}Function would have ids of 261 characters; "
            "CloudFormation takes 255",
            "shorten the plugin's name or the group's file name",
        )
    ]


@pytest.mark.parametrize("api", ["http", "rest", "url"])
def test_the_longest_name_of_a_plugin_fits(api: str) -> None:
    path = "/" + "/".join(["segment"] * 40)

    routes = "all" if api == "url" else "declared"
    assert faults_of(planned(f"POST {path}", name="n" * 128, api=api, routes=routes)) == []


def test_a_name_is_one_functions() -> None:
    plans = [planned(name=name, template={"FunctionName": "x"}) for name in ("neko", "duck")]

    assert faults_of(*plans) == [
        (
            "template.FunctionName",
            "NekoFunction and DuckFunction would both have the name x",
            "say it for one group: [groups.duck.template]",
        )
    ]


def test_a_domain_may_be_shared_by_base_paths() -> None:
    def domain(*paths: str) -> dict[str, Any]:
        certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/x"
        base = {"BasePath": list(paths)} if paths else {}
        return {"DomainName": "a.example.com", "CertificateArn": certificate, **base}

    neko, duck, cat = domain("v1"), domain("/v1", "v2"), domain()
    plans = [
        planned(name=name, api="rest", api_template={"Domain": each})
        for name, each in (("neko", neko), ("duck", duck), ("cat", cat))
    ]

    assert faults_of(*plans) == [
        (
            "api_template.Domain",
            "NekoFunction and DuckFunction would both have the address a.example.com/v1",
            "say it for one group: [groups.duck.api_template]",
        )
    ]


def test_a_base_path_is_said_to_the_function_too() -> None:
    certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/x"
    domain = {"DomainName": "a.example.com", "CertificateArn": certificate, "BasePath": ["v1"]}
    diagnostics = Diagnostics()

    for base_path in ("/v1", ""):
        plan = planned(api_template={"Domain": domain}, base_path=base_path)
        check_template([plan], diagnostics)

    assert diagnostics.all == [
        Diagnostic(
            "base-path",
            "the endpoints' paths would start with /v1, and get no answer",
            HERE,
            "api_template.Domain.BasePath",
            'say base_path = "/v1", a key beside api_template',
            "warning",
        )
    ]


def test_more_than_a_stack_holds() -> None:
    plans = [planned(name=f"p{number}") for number in range(84)]

    assert faults_of(*plans) == [
        (
            "",
            "the template would have 504 resources; a stack has at most 500",
            "build the plugins into several templates",
        ),
        (
            "",
            "the template would have 252 outputs; a stack has at most 200",
            "build the plugins into several templates",
        ),
    ]


def test_a_worker_s_long_timeout_is_warned_of_as_the_function_s_is() -> None:
    deferred = (DeferredRoute(path="/hook", verify="a:b"),)
    found = []
    for worker in (WorkerOptions(timeout=900), WorkerOptions(timeout=901)):
        diagnostics = Diagnostics()
        check_template([planned("POST /hook", deferred=deferred, worker=worker)], diagnostics)
        found.append([(each.code, each.key) for each in diagnostics.all])
    assert found == [[], [("long-timeout", "worker.timeout")]]
