"""The table `tools`: what it takes, where faults are, what follows in bundle and template."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from packager.bundle.literals import render_bundle_literals
from packager.model.calls import Models, Operation, Tool
from packager.model.options import SsmSource
from packager.sam.template import render_template
from tests.support.configurations import read
from tests.support.template_builders import make_plan, of_type, translate

DOCUMENT = {
    "openapi": "3.0.0",
    "servers": [{"url": "https://{r}.example.com/v1/", "variables": {"r": {"default": "eu"}}}],
    "paths": {
        "/cities/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "put": {
                "operationId": "rename",
                "parameters": [{"name": "dry", "in": "query"}, {"name": "c", "in": "cookie"}],
                "requestBody": {"$ref": "#/components/requestBodies/City"},
            },
            "get": {},
        }
    },
    "components": {
        "parameters": {"Id": {"name": "id", "in": "path", "required": True}},
        "requestBodies": {
            "City": {
                "content": {
                    "text/csv": {},
                    "application/json": {"schema": {"$ref": "#/components/schemas/City"}},
                }
            }
        },
        "schemas": {
            "City": {"allOf": [{"properties": {"name": {}}}, {"properties": {"mayor": {}}}]}
        },
    },
}
RENAME = Operation(
    "https://eu.example.com/v1",
    "PUT",
    "/cities/{id}",
    (
        ("id", "path", True, "comma"),
        ("dry", "query", False, "repeat"),
        ("c", "cookie", False, "comma"),
    ),
    ("application/json", ("name", "mayor")),
)


def test_tools(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(DOCUMENT))
    text = """
        [tools]
        "weather/*" = {mcp = "https://mcp.example.com/mcp/", token = {ssm = "/weather"}}
        "cities/rename" = {openapi = "api.json", header = "X-Key", token = {ssm = "/cities"}}
        "cities/show" = {openapi = "api.json", operation = "GET /cities/{id}", base_url = "http://x"}
        "sql/query" = {lambda = "sql"}
        "own/*" = {plugin = ".", credentials = {api_key = {ssm = "/own"}}}
        [groups.two.tools]
        "weather/*" = {mcp = "https://other.example.com"}
    """

    options, diagnostics = read(tmp_path, text, "one", "two")

    assert diagnostics == []
    tools = options["one"].tools
    assert tools == {
        "weather/*": Tool("mcp", "https://mcp.example.com/mcp/"),
        "cities/rename": Tool("openapi", "api.json", header="X-Key", operation=RENAME),
        "cities/show": Tool(
            "openapi",
            "api.json",
            operation=Operation(
                "http://x", "GET", "/cities/{id}", (("id", "path", True, "comma"),)
            ),
        ),
        "sql/query": Tool("lambda", "sql"),
        "own/*": Tool("plugin", ".", credentials=("api_key",)),
    }
    keys = {
        "tools.weather/*.token": SsmSource("/weather"),
        "tools.cities/rename.token": SsmSource("/cities"),
        "tools.own/*.credentials.api_key": SsmSource("/own"),
    }
    assert options["one"].keys == keys
    assert options["two"].tools["weather/*"] == Tool("mcp", "https://other.example.com")
    assert "tools.weather/*.token" not in options["two"].keys


@pytest.mark.parametrize(
    ("text", "diagnostic"),
    [
        ("1", "1:7: tools.a/b: expected a table such as "),
        ("{}", "1:7: tools.a/b: expected one of mcp, openapi, lambda, plugin: "),
        ('{mcp = "x", lambda = "f"}', "1:7: tools.a/b: expected one of mcp, openapi, lambda"),
        (
            '{mcp = "x"}',
            "1:16: tools.a/b.mcp: expected a URL such as https://mcp.example.com/mcp, not",
        ),
        ('{mcp = "https://x", tokn = 1}', "1:35: tools.a/b.tokn: there is no such key (did you"),
        (
            '{mcp = "https://x", token = "secret"}',
            "1:35: tools.a/b.token: expected the source of the tool's key, such as "
            '{ssm = "/tools/key"}, not the key itself',
        ),
        (
            '{lambda = "a b"}',
            "1:16: tools.a/b.lambda: expected a function's name or ARN, not 'a b'",
        ),
        ('{plugin = " "}', "1:16: tools.a/b.plugin: expected the path of a plugin's folder or"),
        (
            '{openapi = "none.yaml"}',
            "1:7: tools.a/b: there is no file none.yaml in the plugin; expected an OpenAPI",
        ),
        (
            '{openapi = "https://user:secret@x/api.json"}',
            "1:16: tools.a/b.openapi: expected a URL without a user and a password",
        ),
        (
            '{openapi = "http://x/\\u0001?key=secret"}',  # http.client would repeat it
            "1:16: tools.a/b.openapi: is not a URL such as https://api.example.com/openapi.json",
        ),
        ('{openapi = "../api.json"}', "1:7: tools.a/b: there is no file ../api.json in the plugin"),
        (
            '{openapi = "api.json"}',
            "1:16: tools.a/b.openapi: the document has no operation 'b' (there are: GET ",
        ),
        (
            '{openapi = "api.json", operation = "renam"}',
            "1:16: tools.a/b.openapi: the document has no operation 'renam' (did you mean rename?)",
        ),
        ('{openapi = "p/packager.toml"}', "1:7: tools.a/b: there is no file p/packager.toml"),
        (
            '{openapi = "packager.toml"}',
            "1:16: tools.a/b.openapi: is not an OpenAPI document: it has no paths",
        ),
    ],
)
def test_faults(tmp_path: Path, text: str, diagnostic: str) -> None:
    (tmp_path / "api.json").write_text(json.dumps(DOCUMENT))

    options, [said] = read(tmp_path, f'tools."a/b" = {text}')

    assert said.startswith(f"p/packager.toml:{diagnostic}")
    assert "secret" not in said
    assert options["one"].tools == {}


def test_a_name_without_a_provider(tmp_path: Path) -> None:
    [said] = read(tmp_path, 'tools."a" = {lambda = "f"}')[1]

    assert said == 'p/packager.toml:1:7: tools.a: expected "provider/tool" or "provider/*"'


def test_the_literals() -> None:
    tools = {
        "w/*": Tool("mcp", "https://x/mcp", tool="t"),
        "c/r": Tool("openapi", "api.json", header="X-Key", operation=RENAME),
        "s/q": Tool("lambda", "sql"),
        "o/*": Tool("plugin", ".", credentials=("api_key",)),
    }
    keys = {"tools.c/r.token": SsmSource("/c"), "tools.o/*.credentials.api_key": SsmSource("/o")}
    literals = {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(render_bundle_literals(make_plan(tools=tools, keys=keys))).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }

    assert literals["TOOLS"] == {
        "w/*": ("mcp", {"url": "https://x/mcp", "tool": "t"}),
        "c/r": (
            "openapi",
            {
                "url": RENAME.url,
                "method": "PUT",
                "path": "/cities/{id}",
                "parameters": RENAME.parameters,
                "body": RENAME.body,
                "key": "tools.c/r.token",
                "header": "X-Key",
            },
        ),
        "s/q": ("lambda", {"function": "sql"}),
        "o/*": ("plugin", {"credentials": {"api_key": "tools.o/*.credentials.api_key"}}),
    }


PARTITION = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "1"}


def filled(value: Any) -> Any:
    """With what a template's `!Sub` and its pseudo parameters stand for."""
    if isinstance(value, dict) and list(value) == ["Fn::Sub"]:
        text = value["Fn::Sub"]
        for name, each in PARTITION.items():
            text = text.replace("${" + name + "}", each)
        return text
    if isinstance(value, dict):
        return {name: filled(each) for name, each in value.items()}
    return [filled(each) for each in value] if isinstance(value, list) else value


def test_the_role_of_a_function_that_calls_models_and_functions() -> None:
    names = {
        "a": "amazon.titan-embed-text-v2:0",
        "b": "eu.amazon.nova-lite-v1:0",
        "c": "arn:aws:bedrock:eu-west-1:2:application-inference-profile/x1",
        "d": "eu.amazon.nova-lite-v1:0",
    }
    plan = make_plan(
        models=Models("bedrock", names=names),
        tools={
            "a/*": Tool("lambda", "sql"),
            "b/*": Tool("lambda", "arn:aws:lambda:us-east-1:2:function:f"),
        },
    )

    [role] = of_type(translate(render_template([plan])), "AWS::IAM::Role").values()

    statements = [
        filled(each)
        for policy in role["Policies"]
        for each in policy["PolicyDocument"]["Statement"]
        if "logs:" not in str(each)
    ]
    invoke = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    profile = "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0"

    def allow(resources: list[str], through: str | None = None) -> dict[str, Any]:
        made: dict[str, Any] = {"Effect": "Allow", "Action": invoke, "Resource": resources}
        if through is not None:
            made["Condition"] = {"StringLike": {"bedrock:InferenceProfileArn": through}}
        return made

    assert statements == [
        allow(["arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0"]),
        allow([profile]),
        allow(
            [
                f"arn:aws:bedrock:{region}::foundation-model/amazon.nova-lite-v1:0"
                for region in ("*", "")
            ],
            profile,
        ),
        allow([names["c"]]),
        allow(
            [f"arn:aws:bedrock:{region}::foundation-model/*" for region in ("*", "")], names["c"]
        ),
        {
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunction"],
            "Resource": [
                "arn:aws:lambda:eu-west-1:1:function:sql",
                "arn:aws:lambda:us-east-1:2:function:f",
            ],
        },
    ]
