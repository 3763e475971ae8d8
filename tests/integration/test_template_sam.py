"""Templates through SAM's own tools: its linter, its translator, its build, and CloudFormation."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from packager.model.deferred import DeferredRoute
from packager.model.events import QueueEvent, TopicEvent
from packager.model.options import EnvSource, SecretSource, SsmSource
from packager.plugin.functions import FunctionPlan
from packager.sam.template import render_template, template_files, write_files
from tests.support.template_builders import PLUGINS, make_plan, make_setting, of_type, translate
from tests.support.template_tools import TemplateTool, without_account

STARTS: dict[str, dict[str, Any]] = {
    "snapped": {"snapstart": True, "runtime": "python3.12"},
    "provisioned": {"provisioned_concurrency": 2},
}
KINDS = [("http", "all"), ("http", "declared"), ("rest", "all"), ("rest", "declared")]
KINDS += [("url", "all")]


def stack(api: str, routes: str, **options: Any) -> list[FunctionPlan]:
    settings = [make_setting("api-key", required=True), make_setting("greeting")]
    sources = {"api-key": EnvSource("API_KEY"), "greeting": EnvSource("ROOT_API")}
    return [
        make_plan(
            *endpoints,
            name=f"{name}-{api}-{routes}",
            declared=settings,
            settings=sources,
            api=api,
            routes=routes,
            **options,
        )
        for name, endpoints in PLUGINS.items()
    ]


def make(*options: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *options],
        cwd=cwd,
        env=without_account(cwd) | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


KEYS = (None, "alias/a")  # None: AWS's own


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template of all plugins, with each kind of API."""
    folder = tmp_path_factory.mktemp("whole")
    plans = [plan for api, routes in KINDS for plan in stack(api, routes)]
    plans += [
        make_plan("GET /", name=f"{name}-{api}", api=api, **options)
        for name, options in STARTS.items()
        for api in ("http", "rest", "url")
    ]
    plans += [
        make_plan(
            "GET /",
            name=f"k{number}",
            declared=[make_setting("s"), make_setting("t")],
            settings={"s": SsmSource("/a/b:3"), "t": SecretSource("a/b", "k")},
            settings_from=SecretSource("c"),
            kms_key=key,
        )
        for number, key in enumerate(KEYS)
    ]
    (folder / "template.yaml").write_text(render_template(plans), encoding="utf-8")
    return folder


def test_sam_validates_and_lints_the_whole(template_tool: TemplateTool, whole: Path) -> None:
    result = template_tool("sam", "validate", "--lint", "-t", "template.yaml", cwd=whole)

    assert (result.returncode, "is a valid SAM Template" in result.stdout) == (0, True), result


def test_cfn_lint_has_nothing_to_say(template_tool: TemplateTool, whole: Path) -> None:
    # I6010: the outputs come near their limit.
    command = ("cfn-lint", "-c", "I", "-i", "I6010", "-r", "eu-west-1", "-t", "template.yaml")

    result = template_tool(*command, cwd=whole)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


STORAGES: dict[str, dict[str, Any]] = {
    "table": {"storage": "dynamodb"},
    "limited": {"storage": "dynamodb", "storage_limit": 1_000_000},
    "bucket": {"storage": "s3"},
    "named": {"storage": "s3", "storage_bucket": "mine-1", "storage_prefix": ""},
}


def test_linters_take_storages(template_tool: TemplateTool, tmp_path: Path) -> None:
    plans = [make_plan("GET /", name=name, **options) for name, options in STORAGES.items()]
    (tmp_path / "template.yaml").write_text(render_template(plans), encoding="utf-8")

    validated = template_tool("sam", "validate", "--lint", "-t", "template.yaml", cwd=tmp_path)
    linted = template_tool(
        "cfn-lint", "-c", "I", "-r", "eu-west-1", "-t", "template.yaml", cwd=tmp_path
    )

    assert (validated.returncode, "is a valid SAM Template" in validated.stdout) == (0, True), (
        validated
    )
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


def test_linters_take_functions_with_all_that_watches_them(
    template_tool: TemplateTool, tmp_path: Path
) -> None:
    watched: dict[str, Any] = {
        "alarms": "ops@example.com", "dashboard": True, "metrics": True, "tracing": True,
        "logs": "json", "reserved_concurrency": 5,
    }  # fmt: skip
    alarm = {"Ref": "F3ErrorsAlarm"}
    preference = {"Type": "Canary10Percent5Minutes", "Alarms": [alarm]}
    kinds: list[dict[str, Any]] = [
        {"api": "http", "deferred": (DeferredRoute(path="/hook"),)},
        {"api": "rest", "events": (QueueEvent(path="/hook"), TopicEvent(path="/hook"))},
        {"api": "url", "deferred": (DeferredRoute(path="/hook"),)},
        {"template": {"AutoPublishAlias": "live", "DeploymentPreference": preference}},
    ]
    plans = [
        make_plan("POST /hook", name=f"f{number}", **watched, **kind)
        for number, kind in enumerate(kinds)
    ]
    (tmp_path / "template.yaml").write_text(render_template(plans), encoding="utf-8")

    # SAM's linter is cfn-lint, at its own settings.
    validated = template_tool("sam", "validate", "--lint", "-t", "template.yaml", cwd=tmp_path)
    linted = template_tool("cfn-lint", "-r", "eu-west-1", "-t", "template.yaml", cwd=tmp_path)

    assert (validated.returncode, "is a valid SAM Template" in validated.stdout) == (0, True), (
        validated
    )
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


@pytest.mark.parametrize(("api", "routes"), KINDS[:4])
def test_every_route_has_a_permission_for_its_caller(api: str, routes: str) -> None:
    template = translate(render_template(stack(api, routes)))

    kind = "AWS::ApiGatewayV2::Api" if api == "http" else "AWS::ApiGateway::RestApi"
    apis = of_type(template, kind)
    assert len(apis) == len(PLUGINS)
    for name, properties in apis.items():
        function = name.removesuffix("Api") + "Function"
        paths = properties["Body"]["paths"]
        assert paths
        for path, methods in paths.items():
            for method, operation in methods.items():
                uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
                assert f"/functions/${{{function}.Arn}}/invocations" in uri
                assert allowed(template, function, name, method, path), (function, method, path)


def allowed(template: Mapping[str, Any], function: str, api: str, method: str, path: str) -> bool:
    """Return whether API Gateway may call `function` for a route of `api`."""
    verb = {"x-amazon-apigateway-any-method": "PATCH"}.get(method, method.upper())
    caller = f"{api}/stage/{verb}{'/x' if path == '$default' else path}"
    for permission in of_type(template, "AWS::Lambda::Permission").values():
        if permission["FunctionName"] != {"Ref": function}:
            continue
        text, names = permission["SourceArn"]["Fn::Sub"]
        pattern = text.split("${AWS::AccountId}:")[1]
        pattern = pattern.replace("${__ApiId__}", names["__ApiId__"]["Ref"])
        pattern = pattern.replace("${__Stage__}", names["__Stage__"])
        assert permission["Principal"] == "apigateway.amazonaws.com"
        if fnmatch.fnmatchcase(caller, pattern.replace("[", "[[]")):
            return True
    return False


@pytest.mark.parametrize("api", ["http", "rest"])
def test_all_takes_every_path_and_method(api: str) -> None:
    template = translate(render_template([make_plan("GET /a", api=api)]))

    kind = "AWS::ApiGatewayV2::Api" if api == "http" else "AWS::ApiGateway::RestApi"
    (properties,) = of_type(template, kind).values()
    paths = {path: list(methods) for path, methods in properties["Body"]["paths"].items()}
    every = ["x-amazon-apigateway-any-method"]
    assert paths == ({"$default": every} if api == "http" else {"/": every, "/{proxy+}": every})
    if api == "rest":
        assert properties["Body"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]
        assert properties["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
        stages = of_type(template, "AWS::ApiGateway::Stage")
        assert [stage["StageName"] for stage in stages.values()] == ["live"]
    else:
        assert (
            properties["Body"]["paths"]["$default"][every[0]]["x-amazon-apigateway-integration"][
                "payloadFormatVersion"
            ]
            == "2.0"
        )


def test_a_function_url_is_public_by_both_permissions() -> None:
    template = translate(render_template([make_plan("GET /a", api="url")]))

    permissions = of_type(template, "AWS::Lambda::Permission").values()
    # Since October 2025 both are needed (Lambda, "Control access to Lambda function URLs").
    assert list(permissions) == [
        {
            "Action": "lambda:InvokeFunctionUrl",
            "FunctionName": {"Ref": "NekoFunction"},
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        },
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "NekoFunction"},
            "Principal": "*",
            "InvokedViaFunctionUrl": True,
        },
    ]


@pytest.mark.parametrize(("api", "routes"), KINDS)
def test_roles_are_ours_and_no_name_is_fixed(api: str, routes: str) -> None:
    template = translate(render_template(stack(api, routes)))

    functions = of_type(template, "AWS::Lambda::Function")
    assert len(functions) == len(PLUGINS)
    for name, properties in functions.items():
        base = name.removesuffix("Function")
        assert properties["Role"] == {"Fn::GetAtt": [f"{base}Role", "Arn"]}
        assert properties["LoggingConfig"] == {"LogGroup": {"Ref": f"{base}LogGroup"}}
        assert "FunctionName" not in properties
    assert set(of_type(template, "AWS::IAM::Role")) == {
        f"{name.removesuffix('Function')}Role" for name in functions
    }
    text = json.dumps(of_type(template, "AWS::IAM::Role"))
    assert "RoleName" not in text
    assert "AWSLambdaBasicExecutionRole" not in text
    for group in of_type(template, "AWS::Logs::LogGroup").values():
        assert "${AWS::StackName}" in group["LogGroupName"]["Fn::Sub"]


# moto knows neither HTTP APIs nor function URLs as CloudFormation resources.
@pytest.mark.filterwarnings("ignore:Tried to parse AWS..(ApiGatewayV2|Lambda..Url)")
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.parametrize("api", ["http", "rest", "url"])
def test_cloudformation_creates_what_moto_knows(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    plan = make_plan(
        "GET /a", api=api, declared=[make_setting("k")], settings={"k": EnvSource("API_KEY")}
    )
    template = translate(render_template([plan]))
    with mock_aws():
        session = boto3.Session(region_name="eu-west-1")
        session.client("s3").create_bucket(
            Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        session.client("s3").put_object(Bucket="bucket", Key="key", Body=b"zip")
        if api == "rest":  # moto makes the API without its Body, so there is nothing to deploy
            for kind in ("AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage"):
                for name in of_type(template, kind):
                    del template["Resources"][name]
        if api == "url":  # moto can't resolve the attribute of what it did not make
            del template["Outputs"]
        cloudformation = session.client("cloudformation")
        for name in ("one", "two"):  # two stacks of one template don't collide
            cloudformation.create_stack(
                StackName=name,
                TemplateBody=json.dumps(template),
                Parameters=[{"ParameterKey": "ApiKey", "ParameterValue": "secret"}],
                Capabilities=["CAPABILITY_IAM"],
            )
        stacks = cloudformation.describe_stacks()["Stacks"]
        functions = session.client("lambda").list_functions()["Functions"]
        groups = session.client("logs").describe_log_groups()["logGroups"]

    assert [each["StackStatus"] for each in stacks] == ["CREATE_COMPLETE"] * 2
    assert sorted(group["logGroupName"] for group in groups) == [
        "/aws/lambda/one-NekoFunction",
        "/aws/lambda/two-NekoFunction",
    ]
    assert {group["retentionInDays"] for group in groups} == {30}
    assert len(functions) == 2
    assert functions[0]["Environment"]["Variables"] == {
        "AWS_LAMBDA_EXEC_WRAPPER": "/var/task/start_fast",
        "API_KEY": "secret",
    }
    if api == "rest":
        (url,) = (o for o in stacks[0]["Outputs"] if o["OutputKey"] == "NekoGetA")
        assert re.fullmatch(
            r"https://\w+\.execute-api\.eu-west-1\.amazonaws\.com/live/a", url["OutputValue"]
        )


PACKAGER = """\
#!/bin/sh
# Stands for the packager: says what it was called with, and makes a bundle.
echo "$@" | sed "s|-o [^ ]*|-o OUT|" >> "$CALLS"
[ "$PACKAGER_FAILS" = "" ] || exit 2
mkdir -p "$5/$3/plugin/__pycache__"
echo "$3" > "$5/$3/plugin/__pycache__/x.cpython-313.pyc"
printf '#!/bin/sh\\n' > "$5/$3/start_fast"; chmod 755 "$5/$3/start_fast"
"""


def repository(folder: Path) -> Path:
    """A repository of two plugins, with a packager in its own environment."""
    for name in ("neko", "duck"):
        (folder / "plugins" / name).mkdir(parents=True)
        (folder / "plugins" / name / "manifest.yaml").write_text(f"name: {name}\n")
    command = folder / ".venv" / "bin" / "packager"
    command.parent.mkdir(parents=True)
    command.write_text(PACKAGER)
    command.chmod(0o755)
    plans = [make_plan(name=name, root=folder / "plugins" / name) for name in ("neko", "duck")]
    hook = DeferredRoute(path="/hook", verify="a:b")
    plans[1] = make_plan(
        "POST /hook", name="duck", root=folder / "plugins" / "duck", deferred=(hook,)
    )
    write_files(
        template_files(plans, template=folder / "template.yaml", makefile=folder / "Makefile")
    )
    return folder


@pytest.mark.skipif(shutil.which("make") is None, reason="sam build needs make")
def test_sam_builds_each_function_through_its_recipe(
    template_tool: TemplateTool, tmp_path: Path
) -> None:
    root = repository(tmp_path / "repository")

    result = template_tool("sam", "build", cwd=root, CALLS=str(tmp_path / "calls"))

    assert result.returncode == 0, result.stderr
    built = root / ".aws-sam" / "build"
    files = sorted(
        path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()
    )
    assert files == [
        "DuckFunction/plugin/__pycache__/x.cpython-313.pyc",
        "DuckFunction/start_fast",
        "DuckFunctionWorker/plugin/__pycache__/x.cpython-313.pyc",
        "DuckFunctionWorker/start_fast",
        "NekoFunction/plugin/__pycache__/x.cpython-313.pyc",
        "NekoFunction/start_fast",
        "template.yaml",
    ]
    assert os.access(built / "NekoFunction" / "start_fast", os.X_OK)
    assert sorted((tmp_path / "calls").read_text().splitlines()) == [
        *[f"build --function DuckFunction -o OUT {root}/plugins/duck"] * 2,  # the worker's is it
        f"build --function NekoFunction -o OUT {root}/plugins/neko",
    ]
    template = yaml.load((built / "template.yaml").read_text(), Loader=yaml.BaseLoader)
    assert template["Resources"]["NekoFunction"]["Properties"]["CodeUri"] == "NekoFunction"


@pytest.mark.skipif(shutil.which("make") is None, reason="sam build needs make")
def test_a_build_that_fails_fails_sam_build(template_tool: TemplateTool, tmp_path: Path) -> None:
    root = repository(tmp_path / "repository")

    result = template_tool(
        "sam", "build", cwd=root, CALLS=str(tmp_path / "calls"), PACKAGER_FAILS="1"
    )

    assert result.returncode == 1
    assert "Build Failed" in result.stdout


def test_no_packager_is_said_with_the_way_out(tmp_path: Path) -> None:
    root = repository(tmp_path / "repository")
    shutil.rmtree(root / ".venv")

    result = make(
        *("--makefile", root / "Makefile", "build-NekoFunction"),
        cwd=tmp_path,
        PATH="/usr/bin:/bin",
        ARTIFACTS_DIR="art",
    )

    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == (
        "no packager here: say where with PACKAGER=... sam build"
    )


def test_a_packager_of_ones_own_runs_in_the_makefiles_folder(tmp_path: Path) -> None:
    root = repository(tmp_path / "repository")
    (root / ".venv").rename(root / "environment")

    result = make(
        *("--makefile", root / "Makefile", "build-NekoFunction"),
        cwd=tmp_path,
        CALLS=str(tmp_path / "calls"),
        PACKAGER="environment/bin/packager",
        ARTIFACTS_DIR="art",
    )

    assert result.returncode == 0, result.stderr
    assert (tmp_path / "art" / "start_fast").exists()


def test_the_makefile_works_included_by_another(tmp_path: Path) -> None:
    root = repository(tmp_path / "repository")
    (root / "Makefile").rename(root / "sam.mk")
    other = make_plan(name="cat", root=root / "other" / "cat")
    makefile = root / "other" / "sam.mk"
    write_files(template_files([other], template=root / "other.yaml", makefile=makefile))
    (root / "Makefile").write_text(
        "all:\n\t@true\n\nhere := $(dir $(lastword $(MAKEFILE_LIST)))\n"
        "include $(here)sam.mk $(here)other/sam.mk\n"
    )

    result = make(
        "--makefile",
        root / "Makefile",
        "build-NekoFunction",
        cwd=tmp_path,
        CALLS=str(tmp_path / "calls"),
        ARTIFACTS_DIR=str(tmp_path / "new" / "art"),
    )

    assert result.returncode == 0, result.stderr
    assert (tmp_path / "new" / "art" / "start_fast").exists()
    assert (tmp_path / "calls").read_text() == (
        f"build --function NekoFunction -o OUT {root}/plugins/neko\n"
    )
