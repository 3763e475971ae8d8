"""The table `models`: what it takes, where faults are, what follows in bundle and template."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from packager.bundle.literals import render_bundle_literals
from packager.model.calls import Models
from packager.model.options import EnvSource, SsmSource
from packager.sam.template import render_template
from tests.support.configurations import read
from tests.support.template_builders import make_plan, of_type, translate

BASE = "https://api.example.com/v1"


def test_an_endpoint(tmp_path: Path) -> None:
    text = f"""
        [models]
        base_url = "{BASE}/"
        api_key = {{ssm = "/models/key"}}
        [models.names]
        "openai/gpt-4o" = "large"
        "*" = "small"
        [groups.two.models]
        api_key = {{env = "KEY"}}
        names = {{"*" = "tiny"}}
    """

    options, diagnostics = read(tmp_path, text, "one", "two")

    assert diagnostics == []
    names = {"openai/gpt-4o": "large", "*": "small"}
    assert options["one"].models == Models("openai", BASE, None, names)
    assert options["one"].keys == {"models.api_key": SsmSource("/models/key")}
    assert options["two"].models == Models("openai", BASE, None, names | {"*": "tiny"})
    assert options["two"].keys == {"models.api_key": EnvSource("KEY")}
    assert str(options["two"].place("models.api_key")) == "p/packager.toml:9:9"


def test_bedrock(tmp_path: Path) -> None:
    text = '[models]\nprovider = "bedrock"\nregion = "eu-central-1"\nnames = {"*" = "a.b-v1:0"}'

    options, diagnostics = read(tmp_path, text)

    assert diagnostics == []
    assert options["one"].models == Models("bedrock", None, "eu-central-1", {"*": "a.b-v1:0"})


KEY = 'expected the source of the endpoint\'s API key, such as {ssm = "/models/api-key"}, not '
BEDROCK = '[models]\nprovider = "bedrock"\n'


@pytest.mark.parametrize(
    ("text", "diagnostics"),
    [
        ("models = 1", ["1:1: models: expected a table, not 1"]),
        (
            f'[models]\nbase_url = "{BASE}"\napi_key = "sk-secret"',
            [f"3:1: models.api_key: {KEY}the key itself"],
        ),
        (
            '[models]\nbase_url = "api"',
            ["2:1: models.base_url: expected a URL such as https://api.openai.com/v1, not 'api'"],
        ),
        (
            '[models]\napi_key = {env = "KEY"}',
            [
                "1:2: models.base_url: missing (say it: "
                'base_url = "https://api.openai.com/v1"; or provider = "bedrock")'
            ],
        ),
        (
            f'[models]\nbase_url = "{BASE}"\nregion = "eu-central-1"',
            ["3:1: models.region: is for Amazon Bedrock"],
        ),
        (
            f'[models]\nbase_url = "{BASE}"\nbase_ur = 1',
            ["3:1: models.base_ur: there is no such key (did you mean base_url?)"],
        ),
        (
            f'[models]\nbase_url = "{BASE}"\nnames = {{a = 1}}',
            ["3:10: models.names.a: expected the endpoint's name of a model, not 1"],
        ),
        (
            f'[models]\nprovider = "azure"\nbase_url = "{BASE}"',
            ["2:1: models.provider: expected one of openai, bedrock, not 'azure'"],
        ),
        (
            BEDROCK + f'base_url = "{BASE}"\nnames = {{"*" = "a.b"}}',
            ["3:1: models.base_url: is for an OpenAI-compatible endpoint"],
        ),
        (
            BEDROCK + 'names = {"*" = "a b"}',
            ["3:10: models.names.*: expected the id or the ARN of a model or an inference profile"],
        ),
        (
            BEDROCK,
            [
                "1:2: models.names: missing; which models are called? (for example "
                '"*" = "eu.amazon.nova-lite-v1:0"; the role allows no other models)'
            ],
        ),
    ],
)
def test_faults(tmp_path: Path, text: str, diagnostics: list[str]) -> None:
    assert read(tmp_path, text)[1] == [f"p/packager.toml:{each}" for each in diagnostics]


def test_the_literals() -> None:
    plan = make_plan(
        models=Models("openai", BASE, None, {"*": "small"}),
        keys={"models.api_key": SsmSource("/models/key")},
    )
    literals = {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(render_bundle_literals(plan)).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }

    assert literals["MODELS"] == {"provider": "openai", "base_url": BASE, "names": {"*": "small"}}
    assert literals["KEYS"] == {"models.api_key": ("ssm", "/models/key")}


def test_the_template() -> None:
    models = Models("openai", BASE)
    read_by_role = make_plan(models=models, keys={"models.api_key": SsmSource("/models/key")})
    given = make_plan(name="two", models=models, keys={"models.api_key": EnvSource("KEY")})

    template = translate(render_template([read_by_role, given]))

    [parameter] = template["Parameters"].values()
    assert parameter["NoEcho"] is True
    assert parameter["Description"] == "Environment variable KEY: models.api_key"
    [role, other] = of_type(template, "AWS::IAM::Role").values()
    assert "parameter/models/key" in str(role)
    assert "parameter/models/key" not in str(other)
