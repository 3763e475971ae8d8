"""What the template has of a provider: the function that renews, and who may write what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from packager.cli.plans import planned
from packager.errors import Diagnostics
from packager.sam.makefile import render_makefile
from packager.sam.template import render_template
from tests.support.hooks import PROVIDER, write_doors
from tests.support.template_builders import of_type, translate
from tests.support.template_tools import TemplateTool

KMS = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0a1b"


def rendered(folder: Path, configuration: str = "", provider: str = PROVIDER) -> str:
    write_doors(folder)
    (folder / "provider/doors.yaml").write_text(provider)
    (folder / "packager.toml").write_text(configuration)
    diagnostics = Diagnostics()
    with planned([folder], diagnostics, {}) as plans:
        diagnostics.raise_errors()
        assert ("build-DoorsFunctionRenewer" in render_makefile(plans, folder=folder.parent)) == (
            "DoorsFunctionRenewer" in render_template(plans)
        )
        return render_template(plans)


_STORES = ("dynamodb:", "secretsmanager:", "ssm:", "kms:")


def statements(template: dict[str, Any], role: str) -> list[Any]:
    policy = of_type(template, "AWS::IAM::Role")[role]["Policies"][0]["PolicyDocument"]
    return [each for each in policy["Statement"] if each["Action"][0].startswith(_STORES)]


def test_the_renewer_alone_may_write(tmp_path: Path) -> None:
    template = translate(rendered(tmp_path))

    table = {"Fn::GetAtt": ["DoorsFunctionEndpoints", "Arn"]}
    key = {"Ref": "DoorsFunctionEndpointsKey"}
    reads = [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": table},
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": key},
    ]
    assert statements(template, "DoorsRole") == reads
    assert statements(template, "DoorsRenewerRole") == [
        *reads,
        {"Effect": "Allow", "Action": ["dynamodb:Scan", "dynamodb:PutItem"], "Resource": table},
    ]
    functions = of_type(template, "AWS::Lambda::Function")
    front, renewer = functions["DoorsFunction"], functions["DoorsFunctionRenewer"]
    variables = front["Environment"]["Variables"]
    assert renewer["Environment"]["Variables"] == {**variables, "PACKAGER_SUBSCRIPTIONS": "renew"}
    assert (renewer["Code"], renewer["Handler"]) == (front["Code"], front["Handler"])
    assert renewer["Role"] == {"Fn::GetAtt": ["DoorsRenewerRole", "Arn"]}
    assert renewer["Timeout"] == 300
    (rule,) = of_type(template, "AWS::Events::Rule").values()
    assert rule["ScheduleExpression"] == "rate(10 minutes)"
    assert rule["Targets"][0]["Arn"] == {"Fn::GetAtt": ["DoorsFunctionRenewer", "Arn"]}
    assert not template["Resources"]["DoorsFunctionRenewer"].get("Metadata")
    declared = json.loads(template["Resources"]["DoorsFunction"]["Metadata"]["PackagerEndpoints"])
    assert declared["provider"]["events"] == [
        {
            "name": "opened",
            "label": {"en_US": "Opened"},
            "parameters": [
                {
                    "name": "least",
                    "type": "number",
                    "required": False,
                    "min": 1,
                    "max": 9,
                    "label": {"en_US": "Least"},
                }
            ],
            "variables": ["door"],
        }
    ]


def test_in_parameter_store(tmp_path: Path) -> None:
    text = rendered(tmp_path, f'endpoints_store = "ssm"\nkms_key = "{KMS}"\n')
    template = translate(text)

    arn = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/packager"
    prefix = f"{arn}/${{AWS::StackName}}/DoorsFunction"
    own = statements(template, "DoorsRole")
    assert not any("Put" in action for each in own for action in each["Action"])
    assert statements(template, "DoorsRenewerRole") == [
        *own,
        {
            "Effect": "Allow",
            "Action": ["ssm:GetParametersByPath"],
            "Resource": {"Fn::Sub": prefix},
        },
        {
            "Effect": "Allow",
            "Action": ["ssm:PutParameter"],
            "Resource": {"Fn::Sub": f"{prefix}/*"},
        },
        {
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": KMS,
        },
    ]


def test_what_fails_to_be_renewed_is_alarming(tmp_path: Path) -> None:
    template = translate(rendered(tmp_path, "alarms = true\n"))

    alarm = of_type(template, "AWS::CloudWatch::Alarm")["DoorsRenewerErrorsAlarm"]
    of = [{"Name": "FunctionName", "Value": {"Ref": "DoorsFunctionRenewer"}}]
    assert (alarm["MetricName"], alarm["Dimensions"]) == ("Errors", of)


def test_without_a_constructor_nothing_is_renewed(tmp_path: Path) -> None:
    head, _, rest = PROVIDER.partition("subscription_constructor:\n")
    without = head + rest[rest.index("events: [events/") :]

    assert "Renewer" not in rendered(tmp_path, provider=without)


def test_cfn_lint_finds_nothing(tmp_path: Path, template_tool: TemplateTool) -> None:
    (tmp_path / "template.yaml").write_text(rendered(tmp_path / "doors"))
    command = ("cfn-lint", "-c", "I", "-r", "eu-west-1", "-t", "template.yaml")

    result = template_tool(*command, cwd=tmp_path)

    assert (result.returncode, result.stdout) == (0, ""), result.stdout


@pytest.mark.parametrize("api", ["http", "rest", "url"])
def test_no_request_reaches_the_renewer(tmp_path: Path, api: str) -> None:
    template = translate(rendered(tmp_path, f'api = "{api}"\n'))

    permissions = of_type(template, "AWS::Lambda::Permission").values()
    callers = {
        each["Principal"] for each in permissions if "Renewer" in json.dumps(each["FunctionName"])
    }
    assert callers == {"events.amazonaws.com"}
    urls = of_type(template, "AWS::Lambda::Url").values()
    assert not any("Renewer" in json.dumps(each) for each in urls)
