"""Plugins whose tools another one's functions run: what is read of them, and what is wrong."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from packager.errors import Diagnostics
from packager.model.calls import DeclaredTool, ToolParameter
from packager.model.permissions import Permissions
from packager.plugin.functions import plan_functions
from packager.plugin.opened import open_plugin
from packager.plugin.plugin import Plugin
from tests.support.plugin_writer import MANIFEST, write_plugin

WEATHER = {
    "manifest.yaml": "name: weather\nplugins: {tools: [provider/weather.yaml]}\n",
    "group/tiny.yaml": None,
    "endpoints/duck.yaml": None,
    "endpoints/duck.py": None,
    "provider/weather.yaml": "identity: {name: weather}\ntools: [tools/forecast.yaml]\n",
    "tools/forecast.yaml": """
        identity: {name: forecast}
        extra: {python: {source: tools/f.py}}
        parameters:
          - {name: city, type: string, form: llm, required: true}
          - {name: days, type: number, form: form, default: 3}
          - {name: code, type: string, form: form, default: 010}
          - {name: unit, type: select, form: form, options: [{value: C}, {value: 1, label: {}}]}
          - {type: string}
        """,
    "tools/f.py": "import requests\n",
    "requirements.txt": "dify_plugin\nrequests<3\n",
}
GROUP = "endpoints: [endpoints/duck.yaml]\n"


def load(
    tmp_path: Path, tools: str, changes: dict[str, str] | None = None, *, package: bool = False
) -> tuple[Plugin | None, list[str]]:
    """The plugin beside `weather`, and what is said of it."""
    diagnostics = Diagnostics()
    own = {"group/tiny.yaml": GROUP, "packager.toml": f"[tools]\n{tools}\n", **(changes or {})}
    root = write_plugin(tmp_path / "tiny", own)
    if not (tmp_path / "weather").exists():
        write_plugin(tmp_path / "weather", WEATHER)
    permissions = Permissions(config=frozenset({"all"})) if package else None
    if package:
        root = Path(shutil.make_archive(str(root), "zip", root))
    with ExitStack() as packages:
        plugin = open_plugin(root, packages, diagnostics, overrides={}, permissions=permissions)
    said = [
        f"{each.place}: {each.message}" + (f" ({each.hint})" if each.hint else "")
        for each in diagnostics.errors
    ]
    return plugin, [each.replace(f"{tmp_path}/", "") for each in said]


@pytest.mark.parametrize("name", ["weather", "weather.difypkg"])
def test_a_folder_and_a_package(tmp_path: Path, name: str) -> None:
    write_plugin(tmp_path / "weather", WEATHER)
    shutil.make_archive(str(tmp_path / "weather"), "zip", tmp_path / "weather")
    (tmp_path / "weather.zip").rename(tmp_path / "weather.difypkg")

    plugin, said = load(tmp_path, f'"weather/*" = {{plugin = "../{name}"}}')

    assert said == []
    assert plugin is not None
    [plan] = plan_functions([plugin], Diagnostics())
    [other] = plan.tool_plugins
    parameters = {
        "city": ToolParameter("string", required=True),
        "days": ToolParameter("number", is_form=True, default=3),
        "code": ToolParameter("string", is_form=True, default="010"),
        "unit": ToolParameter("select", is_form=True, options=("C", "1")),
    }
    tools = {"weather/forecast": DeclaredTool("tools/f.py", parameters)}
    assert (other.name, other.tools) == ("weather", tools)
    assert other.requirements.names == {"dify-plugin", "requests"}
    assert other.place == "other_plugins/weather"


def test_plugins_of_one_name_have_places_of_their_own(tmp_path: Path) -> None:
    write_plugin(tmp_path / "other", WEATHER)
    tools = '"weather/*" = {plugin = "../weather"}\n"weather/forecast" = {plugin = "../other"}'

    plugin, said = load(tmp_path, tools)

    assert said == []
    assert plugin is not None
    assert [each.name for each in plugin.tool_plugins.values()] == ["weather", "weather_2"]


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        (
            '"weather/*" = {plugin = "../wether"}',
            "2:16: there is no plugin ../wether; expected the path of a plugin's folder or",
        ),
        ('"weather/*" = {plugin = ".."}', "2:16: there is no manifest.yaml in .., so it is not a"),
        (
            '"weather/forecst" = {plugin = "../weather"}',
            "2:22: the plugin ../weather has no tool weather/forecst (did you mean weather/forec",
        ),
        (
            '"sums/*" = {plugin = "../weather"}',
            "2:13: the plugin ../weather has no tool sums/* (its tools are: weather/forecast)",
        ),
    ],
)
def test_faults(tmp_path: Path, tools: str, said: str) -> None:
    plugin, [found] = load(tmp_path, tools)

    assert plugin is None
    assert found.startswith(f"tiny/packager.toml:{said}")


def test_a_package_reaches_nothing_outside(tmp_path: Path) -> None:
    tools = '"weather/*" = {plugin = "../weather"}'

    _, [found] = load(tmp_path, tools, package=True)

    assert found == "tiny.zip/packager.toml:2:16: ../weather lies outside of the package"


def test_versions_that_exclude_each_other(tmp_path: Path) -> None:
    plugin, [found] = load(
        tmp_path, '"weather/*" = {plugin = "../weather"}', {"requirements.txt": "requests==3.1\n"}
    )

    assert plugin is None
    assert found.startswith(
        "tiny/../weather/requirements.txt:2: requests<3 can't be in one function with "
        "requests==3.1 (tiny/requirements.txt:1) (deploy the other plugin's tools of their own"
    )


def test_a_manifest_that_is_not_yaml(tmp_path: Path) -> None:
    write_plugin(tmp_path / "weather", WEATHER | {"manifest.yaml": MANIFEST + "\n- a: ["})

    plugin, [found] = load(tmp_path, '"weather/*" = {plugin = "../weather"}')

    assert plugin is None
    assert found.startswith("tiny/../weather/manifest.yaml:")
