"""What the documentation shows of configuration is sound, and all keys are in it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from packager.config.keys import KEYS, TABLES
from packager.config.read import read_configuration
from packager.errors import Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.model.options import LOG_RETENTIONS
from packager.sam.template import check_template, render_template
from packager.settings.local_file import read_local_settings
from tests.support.template_builders import make_plan, make_setting, of_type, translate
from tests.support.template_tools import TemplateTool

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def template_of(configuration: str, folder: Path, name: str = "pyproject.toml") -> str:
    """The template of a plugin with that configuration, in a file of that name."""
    settings = (make_setting("greeting"), make_setting("api_key", "secret-input"))
    plans = [make_plan("GET /duck/<app_id>", declared=settings), make_plan(name="admin")]
    (folder / name).write_text(configuration, encoding="utf-8")
    diagnostics = Diagnostics()
    options = read_configuration(
        PluginFolder(folder, "neko"), [plan.group for plan in plans], diagnostics
    )
    plans = [replace(plan, options=options[plan.group.name]) for plan in plans]
    check_template(plans, diagnostics)
    assert diagnostics.all == []
    return render_template(plans)


def test_what_is_shown_of_operating_functions_is_sound(tmp_path: Path) -> None:
    snippets = blocks("operations.md", "toml")
    assert len(snippets) == 4
    for number, snippet in enumerate(snippets):
        folder = tmp_path / str(number)
        folder.mkdir()
        beside = "" if "alarms" in snippet else "alarms = true\n"
        if "# a REST API" in snippet:
            beside += 'api = "rest"\n'
        plain = template_of(beside, folder, "packager.toml")
        text = template_of(beside + snippet, folder, "packager.toml")
        assert translate(text) != translate(plain), snippet


def test_every_snippet_translates_and_lints(template_tool: TemplateTool, tmp_path: Path) -> None:
    snippets = blocks("deploy.md", "toml") + blocks("configuration.md", "toml")
    assert len(snippets) == 16
    plain = translate(template_of("", tmp_path))
    for number, snippet in enumerate(snippets):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = template_of(snippet, folder)
        assert translate(text) != plain, snippet
        (folder / "template.yaml").write_text(text, encoding="utf-8")
    (beside,) = blocks("deploy.md", "yaml")
    (tmp_path / "beside.yaml").write_text(beside, encoding="utf-8")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "template.yaml").write_text(template_of("", tmp_path))

    files = sorted(map(str, tmp_path.rglob("*.yaml")))
    # W3005 is about the DependsOn that SAM itself writes for usage plans.
    options = ("-r", "eu-west-1", "-i", "W3005", "-t", *files)
    result = template_tool("cfn-lint", *options, cwd=tmp_path)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("needle", "kind"),
    [
        ("JwtConfiguration", "AWS::ApiGatewayV2::Api"),
        ('AuthType = "AWS_IAM"', "AWS::Lambda::Url"),
        ("ApiKeyRequired", "AWS::ApiGateway::UsagePlan"),
        ("Partners", "AWS::ApiGatewayV2::Api"),
        ("IpRangeWhitelist", "AWS::ApiGateway::RestApi"),
        ("hooks.example.com", "AWS::ApiGatewayV2::DomainName"),
        ("DeploymentPreference", "AWS::CodeDeploy::DeploymentGroup"),
    ],
)
def test_snippets_reach_what_they_are_for(tmp_path: Path, needle: str, kind: str) -> None:
    (snippet,) = (block for block in blocks("deploy.md", "toml") if needle in block)

    template = translate(template_of(snippet, tmp_path))

    assert of_type(template, kind)
    if kind == "AWS::ApiGatewayV2::Api":
        operation = template["Resources"]["NekoApi"]["Properties"]["Body"]["paths"]["$default"]
        authorizer = "Team" if "Team" in snippet else "Partners"
        assert operation["x-amazon-apigateway-any-method"]["security"] == [{authorizer: []}]
    if kind == "AWS::ApiGateway::RestApi":
        policy = template["Resources"]["NekoApi"]["Properties"]["Body"][
            "x-amazon-apigateway-policy"
        ]
        assert {"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}} in [
            statement.get("Condition") for statement in policy["Statement"]
        ]
    if kind == "AWS::Lambda::Url":  # nobody is let in without a signature
        assert of_type(template, "AWS::Lambda::Permission") == {}


def test_every_key_is_documented() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z_]+)(?:\.[^`]*)?` \|", text, re.MULTILINE)

    assert sorted(documented) == sorted([*KEYS, *TABLES, "groups"])
    days = ", ".join(map(str, LOG_RETENTIONS[:-1]))
    assert f"{days} or {LOG_RETENTIONS[-1]} |" in text


def test_what_the_page_on_settings_shows_is_sound(tmp_path: Path) -> None:
    *configurations, local = blocks("settings.md", "toml")
    assert len(configurations) == 3
    settings = (make_setting("api_key", "secret-input"),)
    group = make_plan("GET /", declared=settings).group
    diagnostics = Diagnostics()
    for number, text in enumerate(configurations):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "packager.toml").write_text(text, encoding="utf-8")
        read_configuration(PluginFolder(folder, "neko"), [group], diagnostics)
    (tmp_path / "settings.local.toml").write_text(local, encoding="utf-8")
    values = read_local_settings(tmp_path / "settings.local.toml", "neko", diagnostics).settings

    assert diagnostics.all == []
    assert sorted(values) == ["api_key", "mode"]
