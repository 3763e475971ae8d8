"""What the template has of managed endpoints: the store, who may read it, and what tools find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from packager.errors import Diagnostics, Place
from packager.plugin.endpoint_declaration import endpoint_declaration
from packager.plugin.functions import FunctionPlan
from packager.sam.template import check_template, render_template
from tests.support.template_builders import make_plan, make_setting, of_type, translate
from tests.support.template_tools import TemplateTool

SECRET = make_setting("api_key", "secret-input", required=True)
KMS = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0a1b"


def managed(name: str = "neko", *endpoints: str, **options: Any) -> FunctionPlan:
    options = {"endpoints": "managed", "declared": [SECRET]} | options
    return make_plan(*(endpoints or ("GET /", "POST /hook/<x>")), name=name, **options)


def statements(template: dict[str, Any], role: str = "NekoRole") -> list[Any]:
    policy = of_type(template, "AWS::IAM::Role")[role]["Policies"][0]["PolicyDocument"]
    return [each for each in policy["Statement"] if not each["Action"][0].startswith("logs:")]


def variables(template: dict[str, Any], function: str = "NekoFunction") -> dict[str, Any]:
    found = of_type(template, "AWS::Lambda::Function")[function]["Environment"]["Variables"]
    return {name: found[name] for name in found if name.startswith("PACKAGER_")}


def declared(template: dict[str, Any], function: str = "NekoFunction") -> Any:
    return json.loads(template["Resources"][function]["Metadata"]["PackagerEndpoints"])


def test_a_table_and_the_key_of_its_secrets() -> None:
    plan = managed()
    text = render_template([plan])
    template = translate(text)

    tags = of_type(template, "AWS::Logs::LogGroup")["NekoLogGroup"]["Tags"]
    gone = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
    assert template["Resources"]["NekoFunctionEndpoints"] == {
        "Type": "AWS::DynamoDB::Table",
        **gone,
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "Tags": tags,
        },
    }
    assert template["Resources"]["NekoFunctionEndpointsKey"] == {
        "Type": "AWS::SecretsManager::Secret",
        **gone,
        "Properties": {
            "Description": "Seals the secrets of the endpoints of NekoFunction",
            "GenerateSecretString": {"PasswordLength": 64, "ExcludePunctuation": True},
            "Tags": tags,
        },
    }
    assert variables(template) == {
        "PACKAGER_ENDPOINTS": {"Ref": "NekoFunctionEndpoints"},
        "PACKAGER_ENDPOINTS_KEY": {"Fn::Sub": "${AWS::StackId}/NekoFunction"},
        "PACKAGER_ENDPOINTS_SECRET": {"Ref": "NekoFunctionEndpointsKey"},
    }
    assert statements(template) == [
        {
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem"],
            "Resource": {"Fn::GetAtt": ["NekoFunctionEndpoints", "Arn"]},
        },
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": {"Ref": "NekoFunctionEndpointsKey"},
        },
    ]
    outputs = {name: each["Value"] for name, each in template["Outputs"].items()}
    assert outputs == {
        "NekoUrl": {"Fn::Sub": "https://${NekoApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"},
        "NekoApiId": {"Ref": "NekoApi"},
        "NekoFunctionArn": {"Fn::GetAtt": ["NekoFunction", "Arn"]},
        "NekoFunctionEndpoints": {"Ref": "NekoFunctionEndpoints"},
        "NekoFunctionEndpointsKey": {"Ref": "NekoFunctionEndpointsKey"},
    }
    said = {"url": "NekoUrl", "store": "NekoFunctionEndpoints", "key": "NekoFunctionEndpointsKey"}
    assert declared(template) == endpoint_declaration(plan) | {"outputs": said}


def test_the_customers_key() -> None:
    template = translate(render_template([managed(kms_key=KMS)]))

    key = template["Resources"]["NekoFunctionEndpointsKey"]["Properties"]
    assert key["KmsKeyId"] == KMS
    assert statements(template)[2:] == [
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": KMS,
            "Condition": {
                "StringLike": {
                    "kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.*"},
                    "kms:EncryptionContext:SecretARN": [{"Ref": "NekoFunctionEndpointsKey"}],
                }
            },
        }
    ]


def test_without_secrets_there_is_no_key() -> None:
    template = translate(render_template([managed(declared=[make_setting("tone")])]))

    assert "NekoFunctionEndpointsKey" not in template["Resources"]
    assert "PACKAGER_ENDPOINTS_SECRET" not in variables(template)
    assert len(statements(template)) == 1
    assert declared(template)["outputs"] == {
        "url": "NekoUrl",
        "store": "NekoFunctionEndpoints",
        "key": None,
    }


def test_parameters() -> None:
    template = translate(render_template([managed(endpoints_store="ssm", kms_key="alias/neko")]))

    prefix = "/packager/${AWS::StackName}/NekoFunction/"
    arn = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter"
    resource = {"Fn::Sub": f"{arn}{prefix}*"}
    assert variables(template) == {
        "PACKAGER_ENDPOINTS": {"Fn::Sub": prefix},
        "PACKAGER_ENDPOINTS_KEY": {"Fn::Sub": "${AWS::StackId}/NekoFunction"},
    }
    assert of_type(template, "AWS::DynamoDB::Table") == {}
    read, decrypt = statements(template)
    assert (read["Action"], read["Resource"]) == (["ssm:GetParameters"], resource)
    assert decrypt["Action"] == ["kms:Decrypt"]
    conditions = decrypt["Condition"]
    assert conditions["StringLike"]["kms:EncryptionContext:PARAMETER_ARN"] == [resource]
    assert template["Outputs"]["NekoFunctionEndpoints"]["Value"] == {"Fn::Sub": prefix}


@pytest.mark.parametrize("api", ["http", "rest"])
def test_declared_routes_are_what_is_below_e(api: str) -> None:
    template = translate(render_template([managed(api=api, routes="declared")]))

    kind = "AWS::ApiGatewayV2::Api" if api == "http" else "AWS::ApiGateway::RestApi"
    [properties] = of_type(template, kind).values()
    paths = properties["Body"]["paths"]
    assert {path: [*methods] for path, methods in paths.items()} == {
        "/e/{proxy+}": ["x-amazon-apigateway-any-method"]
    }
    [permission] = of_type(template, "AWS::Lambda::Permission").values()
    source = permission["SourceArn"]["Fn::Sub"][0]
    assert source.endswith("/*/e/*")
    assert declared(template)["routes"] == "declared"


def test_a_public_url_is_what_the_outputs_say() -> None:
    url = "https://hooks.example.com/dify"
    single = translate(render_template([make_plan("GET /duck", public_url=url, api="url")]))
    many = translate(render_template([managed(public_url=url)]))

    assert single["Outputs"]["NekoUrl"]["Value"] == url
    assert single["Outputs"]["NekoGetDuck"]["Value"] == f"{url}/duck"
    assert many["Outputs"]["NekoUrl"]["Value"] == url
    assert declared(many)["public_url"] == url


def test_what_a_plugin_says_stays_text() -> None:
    """CloudFormation evaluates functions and references in metadata, and takes no null there."""
    evil = {"Fn::Transform": {"Name": "AWS::Include"}, "Ref": "{{resolve:ssm:/a}}"}
    setting = make_setting("tone", default=evil)
    plan = managed(declared=[setting, make_setting("n")])
    text = render_template([plan])

    document = yaml.safe_load(text.replace("!Ref", "").replace("!GetAtt", "").replace("!Sub", ""))
    metadata = document["Resources"]["NekoFunction"]["Metadata"]
    assert [*metadata] == ["PackagerEndpoints"]
    assert isinstance(metadata["PackagerEndpoints"], str)
    assert "{{" not in text
    [tone, _] = json.loads(metadata["PackagerEndpoints"])["settings"]
    assert tone["default"] == evil | {"Ref": "{ {resolve:ssm:/a}}"}
    single = make_plan(declared=[setting])
    assert "PackagerEndpoints" not in render_template([single])


def test_what_is_wrong() -> None:
    place = Place("packager.toml", 1, 1)
    keys = ("endpoints_store", "template.Environment.Variables.PACKAGER_ENDPOINTS_KEY")
    plan = managed(
        endpoints_store="file",
        places=dict.fromkeys(keys, place),
        template={"Environment": {"Variables": {"PACKAGER_ENDPOINTS_KEY": "mine"}}},
    )
    diagnostics = Diagnostics()

    check_template([plan], diagnostics)

    assert [(each.level, each.code, str(each)) for each in diagnostics.all] == [
        (
            "error",
            "reserved-variable",
            "packager.toml:1:1: template.Environment.Variables.PACKAGER_ENDPOINTS_KEY: tells the "
            "function of its endpoints",
        ),
        (
            "warning",
            "storage-is-local",
            "packager.toml:1:1: endpoints_store: no endpoint can be made once the function is "
            "deployed: its file system is its own",
        ),
    ]


def test_managed_and_single_functions_in_one_stack(
    template_tool: TemplateTool, tmp_path: Path
) -> None:
    plans = [
        managed("neko", kms_key=KMS),
        managed("parameters", api="rest", routes="declared", endpoints_store="ssm"),
        managed("address", api="url", declared=[], public_url="https://hooks.example.com"),
        make_plan("GET /duck", name="single"),
    ]
    diagnostics = Diagnostics()
    check_template(plans, diagnostics)
    assert diagnostics.all == []
    (tmp_path / "template.yaml").write_text(render_template(plans))

    command = ("cfn-lint", "-c", "I", "-r", "eu-west-1", "-t", "template.yaml")
    done = template_tool(*command, cwd=tmp_path)

    assert (done.stdout, done.returncode) == ("", 0)
