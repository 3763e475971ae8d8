"""Which entry starts a function: what was said, what follows, and what contradicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from packager.config.read import read_configuration
from packager.errors import Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.plugin import EndpointGroup
from packager.sam.template import render_template
from tests.support.template_builders import make_plan, of_type, translate

HINT = 'leave entry out, or say entry = "stock"'
GROUPS = [EndpointGroup(name, f"{name}.yaml", (), (), Place("m.yaml")) for name in ("a", "b")]


def faults_of(folder: Path, text: str) -> list[Diagnostic]:
    (folder / "packager.toml").write_text(text)
    diagnostics = Diagnostics()
    read_configuration(PluginFolder(folder, "p"), GROUPS, diagnostics)
    return diagnostics.all


@pytest.mark.parametrize(
    ("options", "entry"),
    [
        ({}, "fast"),
        ({"entry": "stock"}, "stock"),
        ({"entry": "fast"}, "fast"),
        ({"adapter": "mangum"}, "stock"),
        ({"adapter": "aws-wsgi"}, "stock"),
        ({"adapter": "aws-wsgi", "entry": "stock"}, "stock"),
    ],
)
def test_what_follows(options: dict[str, Any], entry: str) -> None:
    plan = make_plan(**options)
    template = translate(render_template([plan]))

    assert plan.entry == entry
    (function,) = of_type(template, "AWS::Lambda::Function").values()
    expected = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/start_fast"}}
    assert function.get("Environment") == (expected if entry == "fast" else None)


def test_variables_of_the_users_stand_beside_it() -> None:
    mine = {"LOG_LEVEL": "debug", "N": {"Ref": "AWS::Region"}}
    template = translate(
        render_template([make_plan(template={"Environment": {"Variables": mine}})])
    )

    (function,) = of_type(template, "AWS::Lambda::Function").values()
    assert function["Environment"]["Variables"] == {
        "AWS_LAMBDA_EXEC_WRAPPER": "/var/task/start_fast",
        **mine,
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("entry = 'fast'\nadapter = 'mangum'", 1),  # of both groups, faulted once
        ("adapter = 'mangum'\n[groups.a]\nentry = 'fast'", 3),
        ("entry = 'fast'\n[groups.b]\nadapter = 'mangum'", 1),
    ],
)
def test_a_contradiction_is_said_where_entry_is(tmp_path: Path, text: str, line: int) -> None:
    assert faults_of(tmp_path, text) == [
        Diagnostic(
            "conflicting-keys",
            'adapter = "mangum" needs the stock entry',
            Place("p/packager.toml", line, 1),
            "entry",
            HINT,
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "adapter = 'mangum'\nentry = 'stock'",
        "entry = 'fast'\n[groups.a]\nadapter = 'aws-wsgi'\nentry = 'stock'",
        "entry = 'fast'",
    ],
)
def test_what_agrees(tmp_path: Path, text: str) -> None:
    assert faults_of(tmp_path, text) == []


def test_another_word(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "entry = 'quick'") == [
        Diagnostic(
            "invalid-value",
            "expected one of fast, stock, not 'quick'",
            Place("p/packager.toml", 1, 1),
            "entry",
        )
    ]
