"""`packager doctor` and `packager logs` against a stack that moto holds."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from packager.cli.plans import planned
from packager.errors import Diagnostics
from packager.sam.template import render_template
from packager.settings.aws import Aws
from tests.cli.conftest import Run
from tests.support.aws.moto_server import MotoServer
from tests.support.hooks import FILES
from tests.support.plugin_writer import ENDPOINT, GROUP, MANIFEST, write_plugin
from tests.support.template_builders import translate

CONFIGURATION = """\
api = "url"
stream = true
runtime = "python3.12"
architecture = "x86_64"
kms_key = "alias/tiny"
reserved_concurrency = 5

[settings]
api_key = { ssm = "/tiny/api_key" }
"""
# A second plugin of the stack, whose function has a worker.
HOOK = {
    "manifest.yaml": MANIFEST.replace("tiny", "hook"),
    "group/hook.yaml": GROUP,
    "group/tiny.yaml": None,
    "endpoints/duck.yaml": ENDPOINT.replace("GET", "POST"),
    "packager.toml": """\
architecture = "x86_64"
settings.api_key = { ssm = "/tiny/api_key" }

[[deferred]]
path = "/duck/<app_id>"
dedupe = { header = "x-id" }
""",
}
# A third one, whose function has a worker and what renews subscriptions.
PROVIDER = {**FILES, "packager.toml": 'architecture = "x86_64"\n'}
KEPT = (
    *("AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"),
    *("AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::S3::Bucket"),
)
ROLES = (
    *("TinyRole", "HookRole", "HookWorkerRole"),
    *("DoorsRole", "DoorsWorkerRole", "DoorsRenewerRole"),
)
CODE = "def handler(event, context): pass"
GRANT = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    return write_plugin(tmp_path / "hook", HOOK)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return write_plugin(tmp_path / "tiny", {"packager.toml": CONFIGURATION})


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The plugins' template, as SAM makes it, less what moto does not know."""
    folder, diagnostics = tmp_path_factory.mktemp("deployed"), Diagnostics()
    tiny = write_plugin(folder / "tiny", {"packager.toml": CONFIGURATION})
    others = write_plugin(folder / "hook", HOOK), write_plugin(folder / "doors", PROVIDER)
    with planned([tiny, *others], diagnostics, {}) as plans:
        diagnostics.raise_errors()
        template = translate(render_template(plans))
    resources: dict[str, Any] = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] in KEPT and "URL" not in name.upper():
            resources[name] = {"Type": resource["Type"], "Properties": resource["Properties"]}
        if resource["Type"] == "AWS::SecretsManager::Secret":  # whose Ref is an ARN, too
            resources[name] = {"Type": "AWS::SNS::Topic", "Properties": {}}
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"ZipFile": CODE}
        if name.endswith("LogGroup"):
            resource["Properties"].pop("Tags")
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})


@pytest.fixture
def stack(moto: MotoServer, body: str) -> Iterator[str]:
    """The stack of that template, with its parameter and what else is deployed."""
    cloudformation = moto.boto("cloudformation")
    cloudformation.create_stack(StackName="prod", TemplateBody=body)
    moto.boto("ssm").put_parameter(Name="/tiny/api_key", Value="s3cr3t", Type="SecureString")
    client, name = moto.boto("lambda"), physical(moto, "TinyFunction")
    for sid, action in (("a", "lambda:InvokeFunctionUrl"), ("b", "lambda:InvokeFunction")):
        client.add_permission(FunctionName=name, StatementId=sid, Action=action, Principal="*")
    client.create_function_url_config(
        FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM"
    )
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    for role in ROLES:
        # moto keeps a role's policy of a template as Python writes it, AWS as JSON; and AWS's ARN
        # of a log group ends in `:*`.
        document = policy(moto, role)
        document["Statement"][0]["Resource"] += ":*"
        put_policy(moto, role, "function", document)
    yield "prod"
    moto.reset()


def policy(moto: MotoServer, role: str) -> Any:
    """The policy of one of the stack's roles, as it is deployed."""
    asked = {"RoleName": physical(moto, role), "PolicyName": "function"}
    document = moto.boto("iam").get_role_policy(**asked)["PolicyDocument"]
    return ast.literal_eval(document) if isinstance(document, str) else document


def put_policy(moto: MotoServer, role: str, name: str, document: Any) -> None:
    moto.boto("iam").put_role_policy(
        RoleName=physical(moto, role), PolicyName=name, PolicyDocument=json.dumps(document)
    )


def physical(moto: MotoServer, logical: str) -> str:
    client = moto.boto("cloudformation")
    found = client.describe_stack_resource(StackName="prod", LogicalResourceId=logical)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def test_what_is_as_configured_is_well(
    run: Run, stack: str, plugin: Path, hook: Path, tmp_path: Path
) -> None:
    provider = write_plugin(tmp_path / "doors", PROVIDER)
    done = run("doctor", plugin, hook, provider, "--stack", stack)
    assert (done.code, done.stdout) == (0, ""), done
    assert done.stderr == "3 functions as configured in the stack prod\n"


def test_each_kind_of_drift_is_found_and_all_at_once(
    run: Run, stack: str, plugin: Path, moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, role = physical(moto, "TinyFunction"), physical(moto, "TinyRole")
    client, iam = moto.boto("lambda"), moto.boto("iam")
    client.update_function_configuration(
        FunctionName=function,
        MemorySize=1024,
        Handler="mine.handler",
        Timeout=3,
        Runtime="python3.9",
        Environment={"Variables": {"X": "1"}},
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    )
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=7)
    client.remove_permission(FunctionName=function, StatementId="b")
    client.add_permission(
        FunctionName=function, StatementId="c", Action="lambda:GetFunction", Principal="*"
    )
    client.update_function_url_config(FunctionName=function, AuthType="AWS_IAM")
    moto.boto("ssm").delete_parameter(Name="/tiny/api_key")
    document = policy(moto, "TinyRole")
    document["Statement"].append(GRANT)
    put_policy(moto, "TinyRole", "function", document)
    wider = {"Version": "2012-10-17", "Statement": [GRANT]}
    put_policy(moto, "TinyRole", "mine", wider)
    everything = json.dumps(wider)
    arn = iam.create_policy(PolicyName="everything", PolicyDocument=everything)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)

    # What moto does not keep of an update.
    also: dict[str, Any] = {"LoggingConfig": {"LogFormat": "JSON"}, "Architectures": ["arm64"]}
    asked = answer_with(monkeypatch, also | {"TracingConfig": {"Mode": "Active"}})

    done = run("doctor", plugin, "--stack", stack, "--format", "json")

    assert done.code == 1
    assert findings(done.stdout, {role: "ROLE"}) == [
        ("differs", "Runtime is python3.9, configured is python3.12"),
        (
            "differs",
            "Handler is mine.handler, configured is endpoint_runtime.lambda_handler.handler",
        ),
        ("differs", "MemorySize is 1024, configured is 512"),
        ("differs", "Timeout is 3, configured is 29"),
        ("differs", "ReservedConcurrentExecutions is 7, configured is 5"),
        ("differs", "Architectures is ['arm64'], configured is ['x86_64']"),
        ("differs", "Tracing is Active, configured is PassThrough"),
        ("differs", "LogFormat is JSON, configured is Text"),
        ("missing-variable", "lacks the environment variables AWS_LAMBDA_EXEC_WRAPPER"),
        ("runtime", "python3.9 has ended on 2025-12-15: Lambda mends it no more"),
        ("differs", "AuthType of its URL is AWS_IAM, configured is NONE"),
        ("url-permission", "its URL answers 403: everybody lacks lambda:InvokeFunction"),
        ("url-permission", "everybody may do more than call its URL: lambda:GetFunction"),
        ("stream-in-vpc", "streams by a function URL inside a VPC, which buffers there"),
        ("wider-role", "its role ROLE was widened by hand: s3:* on * (policy function)"),
        ("wider-role", "its role ROLE has a policy mine that was added by hand"),
        ("wider-role", f"its role ROLE has the policy {arn} attached by hand"),
        ("missing-value", "there is no parameter /tiny/api_key"),
    ]
    assert {re.match("[A-Z][a-z]+", each)[0] for each in asked} == {"Describe", "Get", "List"}  # type: ignore[index]
    text = run("doctor", plugin, "--stack", stack)
    assert "[wider-role]\n  look at it, and detach it\n" in text.stdout
    assert text.stderr == "error: 18 findings in the stack prod\n"


def test_roles_that_were_widened_are_found_however_small_the_step(
    run: Run, stack: str, plugin: Path, hook: Path, moto: MotoServer, tmp_path: Path
) -> None:
    iam = moto.boto("iam")
    document = policy(moto, "TinyRole")
    logs, parameters, decrypt = document["Statement"]
    logs["Resource"] = logs["Resource"].replace("TinyFunction", "*")
    parameters["Resource"] = parameters["Resource"][0].replace("tiny/api_key", "tiny/*")
    del decrypt["Condition"]["StringLike"]["kms:ViaService"]
    put_policy(moto, "TinyRole", "function", document)
    document = policy(moto, "HookWorkerRole")
    queue = next(each for each in document["Statement"] if "sqs:ReceiveMessage" in each["Action"])
    queue["Action"].append("sqs:PurgeQueue")
    put_policy(moto, "HookWorkerRole", "function", document)
    account = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [account]}
    iam.update_assume_role_policy(
        RoleName=physical(moto, "HookRole"), PolicyDocument=json.dumps(trust)
    )
    another = iam.get_role(RoleName=physical(moto, "TinyRole"))["Role"]["Arn"]
    front = physical(moto, "HookFunction")
    moto.boto("lambda").update_function_configuration(FunctionName=front, Role=another)
    late = {"manifest.yaml": MANIFEST.replace("tiny", "late"), "group/late.yaml": GROUP}
    other = write_plugin(tmp_path / "late", {**HOOK, **late, "group/hook.yaml": None})
    worker = physical(moto, "HookFunctionWorker")

    done = run("doctor", plugin, hook, other, "--stack", stack, "--format", "json")

    said = {physical(moto, name): name for name in ("TinyRole", "HookRole", "HookWorkerRole")}
    key = "arn:aws:kms:eu-central-1:123456789012:key/*"
    tiny, hooks, own = (f"its role {name}" for name in ("TinyRole", "HookRole", "HookWorkerRole"))
    purged = queue["Resource"]
    assert done.code == 1, done
    assert findings(done.stdout, said) == [
        (
            "wider-role",
            f"{tiny} was widened by hand: logs:CreateLogStream, logs:PutLogEvents on "
            f"{logs['Resource']} (policy function)",
        ),
        (
            "wider-role",
            f"{tiny} was widened by hand: ssm:GetParameters on {parameters['Resource']} "
            "(policy function)",
        ),
        (
            "wider-role",
            f"{tiny} was widened by hand: kms:Decrypt on {key} without the condition "
            "kms:viaservice (policy function)",
        ),
        (
            "wider-role",
            "runs with the role arn:aws:iam::123456789012:role/TinyRole, configured is its own, "
            "HookRole",
        ),
        ("wider-role", f"{hooks} may be taken by others: sts:AssumeRole on *"),
        (
            "wider-role",
            f"{own} was widened by hand: sqs:PurgeQueue on {purged} (policy function)",
        ),
        ("not-deployed", "is not in the stack"),
        ("not-deployed", "is not in the stack"),
    ]
    moto.boto("lambda").delete_function(FunctionName=worker)
    gone = run("doctor", hook, "--stack", stack)
    assert f"is in the stack, but there is no function {worker}" in gone.stdout


def answer_with(monkeypatch: pytest.MonkeyPatch, more: Mapping[str, Any]) -> set[str]:
    """Have Lambda say this of each function, besides what moto says; return what AWS is asked."""
    plain, asked = Aws.client, set[str]()

    def client(aws: Aws, service: str) -> Any:
        found = plain(aws, service)
        found.meta.events.register("before-call", lambda model, **_: asked.add(model.name), "asked")
        if service == "lambda":
            name = "after-call.lambda.GetFunctionConfiguration"
            found.meta.events.register(name, lambda parsed, **_: parsed.update(more), "more")
        return found

    monkeypatch.setattr(Aws, "client", client)
    return asked


def findings(answer: str, named: Mapping[str, str]) -> list[tuple[str, str]]:
    """What doctor has found, with names in place of physical ids."""
    found = []
    for each in json.loads(answer)["findings"]:
        message = each["message"]
        for physical_id, name in named.items():
            message = message.replace(physical_id, name)
        found.append((each["kind"], message))
    return found


def test_there_is_no_such_stack(run: Run, moto: MotoServer, plugin: Path) -> None:
    done = run("doctor", plugin, "--stack", "none")
    assert (done.code, done.stdout) == (2, "")
    assert "there is no stack none in" in done.stderr


def test_the_log_is_written_in_order_and_reports_alone(
    run: Run, stack: str, moto: MotoServer
) -> None:
    client, group = moto.boto("logs"), physical(moto, "TinyLogGroup")
    now = int(time.time() * 1000)
    for number, stream in enumerate(("one", "two")):
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [
            {"timestamp": now - 5000 + number, "message": f"hello {stream} \x1b[31m\n"},
            {
                "timestamp": now - 100 + number,
                "message": f"REPORT RequestId: {stream}\tDuration: 5.00 ms\t",
            },
        ]
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    done = run("logs", "--stack", stack, "--function", "TinyFunction")
    assert (done.code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["hello", "one"], ["hello", "two"]]
    assert "\x1b" not in done.stdout
    assert len(lines) == 4
    done = run("logs", "--stack", stack, "--since", "1s", "--filter", "nothing")
    assert (done.code, done.stdout) == (0, "")
    assert done.stderr == "there is no line that fits nothing of the last 1s\n"
    for arguments, said in (
        (("--since", "soon"), "a span is a number and s, m, h or d, not 'soon'"),
        (("--report", "--filter", "x"), "--report is a filter itself"),
        (("--function", "NoFunction"), "has no log group of the function NoFunction"),
    ):
        done = run("logs", "--stack", stack, *arguments)
        assert (done.code, done.stdout) == (2, "")
        assert said in done.stderr
