"""Defaults that their settings don't take fail every request, unless something else has a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import Diagnostics
from packager.plugin.functions import plan_functions
from packager.plugin.load import load_plugin
from packager.settings.defaults import warn_of_defaults
from tests.support.plugin_writer import write_plugin


def said(root: Path, setting: str, configuration: str = "") -> list[tuple[str, str, str | None]]:
    files = {
        "group/tiny.yaml": f"settings: [{{name: x, {setting}}}]\n"
        "endpoints: [endpoints/duck.yaml]\n",
        "packager.toml": configuration,
    }
    diagnostics = Diagnostics()
    plugin = load_plugin(write_plugin(root, files), diagnostics, display="tiny")
    assert plugin is not None, diagnostics.all
    warn_of_defaults(plan_functions([plugin], diagnostics), diagnostics)
    return [(each.code, each.message, each.hint) for each in diagnostics.all]


FAILS = ": every request is answered with 500"


@pytest.mark.parametrize(
    ("setting", "message", "hint"),
    [
        ("type: number, default: ten", "the default 'ten' is not a number", None),
        (
            "type: number, default: '8'",
            "the default '8' is not a number",
            "write 8, without quotes",
        ),
        (
            "type: select, options: [a, b], default: c",
            "the default 'c' is not among the options: a, b",
            None,
        ),
        ("type: boolean, default: maybe", "the default 'maybe' is not true or false", None),
        ("type: text-input, default: [a]", "the default ['a'] is not text", None),
        ("type: secret-input, default: {a: b}", "the default is not text", None),
    ],
)
def test_a_default_that_nothing_replaces_fails_every_request(
    tmp_path: Path, setting: str, message: str, hint: str | None
) -> None:
    assert said(tmp_path, setting)[-1] == ("default-fails", message + FAILS, hint)


@pytest.mark.parametrize(
    "configuration",
    [
        '[settings]\nx = {env = "MYX"}\n',
        'settings_from = {ssm = "/x"}\n',
        'endpoints = "managed"\n',
    ],
)
def test_a_default_that_is_not_used_is_worth_a_warning(tmp_path: Path, configuration: str) -> None:
    setting = "type: select, options: [a], default: c"
    assert said(tmp_path, setting, configuration) == [
        ("default-not-an-option", "the default 'c' is not among the options: a", None)
    ]
    assert said(tmp_path, "type: number, default: c", configuration) == [
        ("wrong-type", "the default 'c' is not a number", None)
    ]


@pytest.mark.parametrize(
    "setting",
    [
        "type: number, default: 8",
        "type: number, default: ''",
        "type: select, options: [a, '8'], default: 8",
        "type: select, options: [a], default: ''",
        "type: boolean, default: 'yes'",
        "type: app-selector, default: ''",
        "type: text-input, default: ''",
        "type: any, default: [1]",
        "type: secret-input, default: ''",
    ],
)
def test_what_dify_s_forms_have_as_defaults_is_taken(tmp_path: Path, setting: str) -> None:
    assert said(tmp_path, setting) == []


def test_a_secret_s_default_is_seen_by_all(tmp_path: Path) -> None:
    [(code, message, _)] = said(tmp_path, "type: secret-input, default: hush")
    assert (code, "hush" in message) == ("secret-default", False)
