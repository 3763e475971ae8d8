"""The table or bucket of a plugin's storage: who gets one, and what functions may do with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from packager.bundle.literals import render_bundle_literals
from packager.errors import Diagnostics, Place
from packager.plugin.functions import FunctionPlan, plan_functions
from packager.plugin.load import load_plugin
from packager.sam.template import check_template, render_template
from tests.support.plugin_writer import SOURCE, write_plugin
from tests.support.template_builders import make_plan, of_type, translate

PLACE = Place("packager.toml", 1, 1)


def plan_of(name: str = "neko", **options: Any) -> FunctionPlan:
    """A plan whose code uses session.storage."""
    plan = make_plan(name=name, **options)
    return replace(plan, plugin=replace(plan.plugin, storing=frozenset({name})))


def with_places(plan: FunctionPlan, *keys: str) -> FunctionPlan:
    return replace(plan, options=replace(plan.options, places=dict.fromkeys(keys, PLACE)))


def statements(template: dict[str, Any], role: str = "NekoRole") -> list[Any]:
    policy = of_type(template, "AWS::IAM::Role")[role]["Policies"][0]["PolicyDocument"]
    first, *rest = policy["Statement"]
    assert first["Action"][0] == "logs:CreateLogStream"
    return [*rest]


def variables(template: dict[str, Any], function: str = "NekoFunction") -> dict[str, Any]:
    found = of_type(template, "AWS::Lambda::Function")[function].get("Environment", {})
    names = found.get("Variables", {})
    return {name: names[name] for name in names if name.startswith("PACKAGER_")}


def literal(plan: FunctionPlan) -> object:
    names: dict[str, object] = {}
    exec(render_bundle_literals(plan), names)
    return names["STORAGE"]


def test_a_table() -> None:
    plan = plan_of()
    text = render_template([plan])
    template = translate(text)

    assert literal(plan) == ("dynamodb", {})
    assert template["Resources"]["NekoStorageTable"] == {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "TimeToLiveSpecification": {"AttributeName": "x", "Enabled": True},
            "Tags": of_type(template, "AWS::Logs::LogGroup")["NekoLogGroup"]["Tags"],
        },
    }
    actions = ["GetItem", "PutItem", "UpdateItem", "DeleteItem"]
    assert statements(template) == [
        {
            "Effect": "Allow",
            "Action": [f"dynamodb:{action}" for action in actions],
            "Resource": {"Fn::GetAtt": ["NekoStorageTable", "Arn"]},
        }
    ]
    assert variables(template) == {"PACKAGER_STORAGE_TABLE": {"Ref": "NekoStorageTable"}}
    assert "  # What neko stores; it stays when the stack is deleted.\n  NekoStorageTable:" in text


def test_a_limit_has_to_add_up() -> None:
    plan = plan_of(storage_limit=1000)

    assert literal(plan) == ("dynamodb", {"limit": 1000})
    assert statements(translate(render_template([plan])))[0]["Action"][-1] == "dynamodb:Scan"


def test_a_bucket() -> None:
    plan = plan_of(storage="s3")
    template = translate(render_template([plan]))

    assert literal(plan) == ("s3", {"prefix": "neko/"})
    [bucket] = of_type(template, "AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert template["Resources"]["NekoStorageBucket"]["DeletionPolicy"] == "Retain"
    assert statements(template) == [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": {"Fn::Sub": "${NekoStorageBucket.Arn}/neko/*"},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": {"Fn::Sub": "${NekoStorageBucket.Arn}"},
        },
    ]
    assert variables(template) == {"PACKAGER_STORAGE_BUCKET": {"Ref": "NekoStorageBucket"}}


def test_a_bucket_that_exists() -> None:
    plan = plan_of(storage="s3", storage_bucket="mine", storage_prefix="")
    template = translate(render_template([plan]))

    assert literal(plan) == ("s3", {"prefix": ""})
    assert of_type(template, "AWS::S3::Bucket") == {}
    assert [each["Resource"] for each in statements(template)] == [
        {"Fn::Sub": "arn:${AWS::Partition}:s3:::mine/*"},
        {"Fn::Sub": "arn:${AWS::Partition}:s3:::mine"},
    ]
    assert variables(template) == {"PACKAGER_STORAGE_BUCKET": "mine"}


@pytest.mark.parametrize("storage", [None, "memory", "file"])
def test_none(storage: str | None) -> None:
    plan = make_plan(storage=storage)
    template = translate(render_template([plan]))

    assert literal(plan) == (storage and (storage, {}))
    assert of_type(template, "AWS::DynamoDB::Table") == {}
    assert (statements(template), variables(template)) == ([], {})


def test_functions_share_a_table(tmp_path: Path) -> None:
    two = [plan_of(), plan_of("inu")]
    both = replace(two[1].plugin, name="neko", storing=frozenset({"neko", "inu"}))
    plans = [two[0], replace(two[1], plugin=both)]
    template = translate(render_template(plans))

    assert list(of_type(template, "AWS::DynamoDB::Table")) == ["NekoStorageTable"]
    for name in ("Neko", "Inu"):
        assert variables(template, f"{name}Function") == {
            "PACKAGER_STORAGE_TABLE": {"Ref": "NekoStorageTable"}
        }
        [statement] = statements(template, f"{name}Role")
        assert statement["Resource"] == {"Fn::GetAtt": ["NekoStorageTable", "Arn"]}


CODE = {
    "self.session.storage.get('a')": True,
    "store = self.session\n        store.storage.set('a', b'')": True,
    "getattr(self.session, 'storage')": True,
    "from dify_plugin.invocations.storage import StorageInvocation": True,
    "import helpers": True,
    "import others": False,
    "storage = {}": False,
    "pass": False,
}


@pytest.mark.parametrize("code", CODE)
def test_who_uses_it(code: str, tmp_path: Path) -> None:
    plugin = write_plugin(
        tmp_path,
        {
            "endpoints/duck.py": SOURCE.replace("return None", f"{code}\n        return None"),
            "helpers.py": "def save(session):\n    session.storage.set('a', b'')\n",
            "others.py": "def save(storage):\n    return storage\n",
            "unused.py": "def save(session):\n    session.storage.set('a', b'')\n",
        },
    )
    diagnostics = Diagnostics()
    loaded = load_plugin(plugin, diagnostics)
    assert loaded is not None
    [plan] = plan_functions([loaded], diagnostics)
    assert plan.storage == ("dynamodb" if CODE[code] else None)


def messages(*plans: FunctionPlan) -> list[str]:
    diagnostics = Diagnostics()
    check_template(plans, diagnostics)
    return [f"{diagnostic.key}: {diagnostic.message}" for diagnostic in diagnostics.all]


def test_keys_that_do_nothing() -> None:
    keys: dict[str, Any] = {"storage_limit": 5, "storage_bucket": "b-1", "storage_prefix": "p"}
    assert messages(with_places(plan_of(**keys), *keys)) == [
        'storage_bucket: is for storage = "s3", and this is "dynamodb"',
        'storage_prefix: is for storage = "s3", and this is "dynamodb"',
    ]
    assert messages(with_places(plan_of(storage="s3", **keys), *keys)) == [
        'storage_limit: is for storage = "dynamodb", and this is "s3"',
    ]


def test_a_file_is_no_storage_of_a_function() -> None:
    assert messages(with_places(plan_of(storage="file"), "storage")) == [
        "storage: the file system of a function is read-only, and /tmp is lost with it"
    ]


def test_groups_share_what_they_say() -> None:
    first, second = plan_of(), plan_of("inu", storage_limit=7)
    second = replace(second, plugin=replace(second.plugin, name="neko"))
    assert messages(first, with_places(second, "storage_limit")) == [
        "storage_limit: neko and inu share one storage, and differ in it"
    ]


def test_the_variable_is_taken() -> None:
    table = {"Environment": {"Variables": {"PACKAGER_STORAGE_TABLE": "mine"}}}
    assert messages(plan_of(template=table)) == [
        "template.Environment.Variables.PACKAGER_STORAGE_TABLE: tells the function where its "
        "storage is"
    ]


@pytest.mark.parametrize("storage", ["dynamodb", "s3"])
def test_moto_creates_it(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    translated = translate(render_template([plan_of(storage=storage)]))
    kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
    resources = {
        name: resource
        for name, resource in translated["Resources"].items()
        if resource["Type"] in kinds
    }
    from moto import mock_aws

    with mock_aws():
        session: Any = boto3.session.Session(region_name="eu-west-1")
        body = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
        cloudformation = session.client("cloudformation")
        cloudformation.create_stack(StackName="s", TemplateBody=body)
        [resource] = cloudformation.list_stack_resources(StackName="s")["StackResourceSummaries"]
        name = resource["PhysicalResourceId"]
        if storage == "s3":
            session.client("s3").head_bucket(Bucket=name)
            return
        table = session.client("dynamodb").describe_table(TableName=name)["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
