"""The tables `apps` and `dify`: what they take, where faults are, what follows in the template."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from packager.bundle.literals import render_bundle_literals
from packager.model.calls import InnerDify
from packager.model.options import EnvSource, SecretSource, SsmSource
from packager.sam.template import render_template
from tests.support.configurations import read
from tests.support.template_builders import make_plan, make_setting, of_type, translate

BASE = "https://dify.example.com/v1"


def test_apps_and_dify(tmp_path: Path) -> None:
    text = f"""
        [dify]
        base_url = "{BASE}/"
        [apps]
        5b1c-4711 = {{ssm = "/dify/chat"}}
        other = {{secret = "dify", key = "other"}}
        "*" = {{env = "DIFY_KEY"}}
        [groups.two.apps]
        other = {{env = "OTHER_KEY"}}
        [groups.two.dify]
        base_url = "http://localhost:5001/v1"
    """

    options, diagnostics = read(tmp_path, text, "one", "two")

    assert diagnostics == []
    one = {
        "5b1c-4711": SsmSource("/dify/chat"),
        "other": SecretSource("dify", "other"),
        "*": EnvSource("DIFY_KEY"),
    }
    assert (options["one"].apps, options["one"].dify_base_url) == (one, BASE)
    two = one | {"other": EnvSource("OTHER_KEY")}
    assert (options["two"].apps, options["two"].dify_base_url) == (two, "http://localhost:5001/v1")
    assert str(options["two"].place("apps.other")) == "p/packager.toml:9:9"
    assert str(options["two"].place("dify.base_url")) == "p/packager.toml:11:9"


SOURCE = 'expected the source of the app\'s API key, such as {ssm = "/dify/app-key"}, not '
URL = "expected a URL such as https://dify.example.com/v1, not "


@pytest.mark.parametrize(
    ("text", "diagnostic"),
    [
        ("apps = 1", "1:1: apps: expected a table, not 1"),
        ("dify = []", "1:1: dify: expected a table, not a list"),
        ('[apps]\na = "app-secret"', f"2:1: apps.a: {SOURCE}the key itself"),
        ("[apps]\na = {key = 1}", f"2:1: apps.a: {SOURCE}a table"),
        (
            '[apps]\na = {env = "AWS_KEY"}',
            "2:6: apps.a: the name AWS_KEY is reserved by Lambda; expected another",
        ),
        (
            "[dify]\nurl = 1",
            "2:1: dify.url: there is no such key (the keys are base_url, inner_url, inner_key, "
            "tenant_id, user_id)",
        ),
        (
            '[dify]\ninner_url = "http://api:5001/inner/api/"',
            "2:1: dify.inner_url: expected a URL such as http://dify-api:5001, not one with "
            "/inner/api, which is added to it",
        ),
        (
            "[dify]\nbase_ur = 1",
            "2:1: dify.base_ur: there is no such key (did you mean base_url?)",
        ),
        (
            "[dify.apps]\na = 1",
            "1:7: dify.apps: there is no such key (apps is a table beside dify)",
        ),
        ("[dify]\nbase_url = 1", f"2:1: dify.base_url: {URL}1"),
        ('[dify]\nbase_url = "dify"', f"2:1: dify.base_url: {URL}'dify'"),
        ('[dify]\nbase_url = "ftp://d/v1"', f"2:1: dify.base_url: {URL}'ftp://d/v1'"),
        ('[dify]\nbase_url = "https://d/v1?a"', f"2:1: dify.base_url: {URL}'https://d/v1?a'"),
        ('[dify]\nbase_url = "https://d:x/v1"', f"2:1: dify.base_url: {URL}'https://d:x/v1'"),
        (
            '[dify]\nbase_url = "https://me:secret@d/v1"',
            f"2:1: dify.base_url: {URL}one with a password",
        ),
    ],
)
def test_faults(tmp_path: Path, text: str, diagnostic: str) -> None:
    options, diagnostics = read(tmp_path, text)

    assert diagnostics == [f"p/packager.toml:{diagnostic}"]
    assert (options["one"].apps, options["one"].dify_base_url) == ({}, None)


INNER = '[dify]\ninner_url = "http://api:5001/"\n'
INNER_KEY = 'inner_key = {ssm = "/dify/inner"}\n'


def test_the_inner_api(tmp_path: Path) -> None:
    text = f'{INNER}{INNER_KEY}tenant_id = "t-1"\n[groups.two.dify]\nuser_id = "u"'

    options, diagnostics = read(tmp_path, text, "one", "two")

    assert diagnostics == []
    assert options["one"].dify_inner == InnerDify("http://api:5001", "t-1")
    assert options["two"].dify_inner == InnerDify("http://api:5001", "t-1", "u")
    assert options["one"].keys == {"dify.inner_key": SsmSource("/dify/inner")}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            f'{INNER}tenant_id = "t"\ninner_key = "secret"',
            [
                "4:1: dify.inner_key: expected the source of the inner API's key, such as "
                '{ssm = "/dify/inner-key"}, not the key itself'
            ],
        ),
        (
            f'{INNER}tenant_id = "t"',
            [
                "1:2: dify.inner_key: missing (say where it is kept: "
                'inner_key = {ssm = "/dify/inner-key"})'
            ],
        ),
        (
            INNER + INNER_KEY,
            [
                "1:2: dify.tenant_id: missing (say the id of the workspace, which Dify's database "
                "has in its table tenants)"
            ],
        ),
        (
            f"[dify]\n{INNER_KEY}",
            ["2:1: dify.inner_key: is for inner_url, and there is none"],
        ),
        (f"{INNER}{INNER_KEY}tenant_id = 5", ["4:1: dify.tenant_id: expected an id, not 5"]),
    ],
)
def test_faults_of_the_inner_api(tmp_path: Path, text: str, faults: list[str]) -> None:
    assert read(tmp_path, text)[1] == [f"p/packager.toml:{each}" for each in faults]


def apps() -> dict[str, Any]:
    return {
        "a": EnvSource("CHAT_KEY"),
        "b": SsmSource("/dify/b"),
        "*": SecretSource("dify", "key"),
    }


def test_the_literals() -> None:
    tree = ast.parse(render_bundle_literals(make_plan(apps=apps(), dify_base_url=BASE)))
    literals = {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }

    assert literals["DIFY_BASE_URL"] == BASE
    assert literals["APPS"] == {
        "a": ("env", "CHAT_KEY"),
        "b": ("ssm", "/dify/b"),
        "*": ("secret", "dify", "key"),
    }


def test_the_template() -> None:
    """A key is a parameter that must be given, whatever setting shares it; AWS's may be read."""
    plan = make_plan(
        declared=[make_setting("token")], settings={"token": EnvSource("CHAT_KEY")}, apps=apps()
    )

    template = translate(render_template([plan]))

    assert template["Parameters"]["ChatKey"] == {
        "Type": "String",
        "NoEcho": True,
        "Description": "Environment variable CHAT_KEY: token of neko, API key of app a",
    }
    functions = of_type(template, "AWS::Lambda::Function")
    variables = functions["NekoFunction"]["Environment"]["Variables"]
    assert variables["CHAT_KEY"] == {"Ref": "ChatKey"}
    (role,) = of_type(template, "AWS::IAM::Role").values()
    actions = [
        statement["Action"]
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    assert ["ssm:GetParameters"] in actions
    assert ["secretsmanager:GetSecretValue"] in actions
