"""settings.local.toml: what it gives each group, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from endpoint_runtime.dify.keys import LOCAL as LOCAL_APPS
from endpoint_runtime.settings.group import LOCAL, SettingsError, read_settings
from packager.contract import APPS_VARIABLE, SETTINGS_VARIABLE
from packager.errors import Diagnostic, Diagnostics, Place
from packager.settings.local_file import LocalSettings, local_environment, read_local_settings

SOUND = """\
[settings]
key = "for all"
app = {app_id = "a"}

[apps]
a = "1"
"*" = "2"

[groups.neko.settings]
key = "for one"
on = true

[groups.neko.apps]
"*" = "3"
"""


def read(tmp_path: Path, text: str, group: str = "neko") -> tuple[LocalSettings, list[Diagnostic]]:
    diagnostics = Diagnostics()
    path = tmp_path / "settings.local.toml"
    path.write_text(text)
    found = read_local_settings(path, group, diagnostics)
    here = [
        Diagnostic(
            each.code,
            each.message,
            each.place and Place("local", each.place.line, each.place.column),
            each.key,
            each.hint,
        )
        for each in diagnostics.all
    ]
    return found, here


def test_a_groups_own_go_before_the_plugins(tmp_path: Path) -> None:
    app = {"app_id": "a"}
    of_neko = LocalSettings({"key": "for one", "app": app, "on": True}, {"a": "1", "*": "3"})
    of_all = LocalSettings({"key": "for all", "app": app}, {"a": "1", "*": "2"})
    assert read(tmp_path, SOUND) == (of_neko, [])
    assert read(tmp_path, SOUND, "other") == (of_all, [])
    assert read(tmp_path, "") == (LocalSettings(), [])


NO_TABLE = "there is no such table"


@pytest.mark.parametrize(
    ("text", "diagnostic"),
    [
        (
            "setings = {}",
            Diagnostic(
                "unknown-key",
                "there is no such table",
                Place("local", 1, 1),
                "setings",
                "did you mean settings?",
            ),
        ),
        (
            "secret = 's3cr3t'",
            Diagnostic(
                "unknown-key",
                "there is no such table",
                Place("local", 1, 1),
                "secret",
                "there are settings, apps, keys, groups",
            ),
        ),
        (
            "settings = 's3cr3t'",
            Diagnostic(
                "wrong-type", "expected a table, not text", Place("local", 1, 1), "settings"
            ),
        ),
        (
            "groups.neko = 5",
            Diagnostic(
                "wrong-type", "expected a table, not 5", Place("local", 1, 8), "groups.neko"
            ),
        ),
        (
            "[groups.neko]\nkey = 's3cr3t'",
            Diagnostic("unknown-key", NO_TABLE, Place("local", 2, 1), "groups.neko.key"),
        ),
        (
            "[settings]\nkey = 2024-01-01",
            Diagnostic(
                "wrong-type",
                "expected nothing but text, finite numbers, true, false, lists and tables",
                Place("local", 2, 1),
                "settings.key",
            ),
        ),
        (
            "[apps]\na = 5",
            Diagnostic(
                "wrong-type",
                "expected the app's API key as text, in quotes",
                Place("local", 2, 1),
                "apps.a",
            ),
        ),
        (
            "settings = ",
            Diagnostic("invalid-toml", "not valid TOML: invalid value", Place("local", 1, 12)),
        ),
    ],
)
def test_faults(tmp_path: Path, text: str, diagnostic: Diagnostic) -> None:
    assert read(tmp_path, text) == (LocalSettings(), [diagnostic])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    assert read_local_settings(tmp_path / "none.toml", "neko", diagnostics) == LocalSettings()
    assert [each.message for each in diagnostics.errors] == [
        "can't be read: No such file or directory"
    ]


DECLARED = [
    {"name": "key", "type": "secret-input", "required": True},
    {"name": "on", "type": "boolean", "required": False},
    {"name": "plain", "type": "text-input", "required": False},
]
SOURCES = {"key": ("ssm", "/a"), "on": ("secret", "b", "k"), "plain": ("env", "PLAIN")}


def test_the_runtime_takes_them_in_place_of_what_is_in_aws() -> None:
    assert (LOCAL, LOCAL_APPS) == (SETTINGS_VARIABLE, APPS_VARIABLE)
    environment = local_environment(LocalSettings({"key": "méow"})) | {"PLAIN": "x"}

    assert read_settings(DECLARED, SOURCES, environment, document=("ssm", "/c")) == {
        "key": "méow",
        "plain": "x",
    }


def test_they_go_before_the_environment_and_the_configuration() -> None:
    environment = local_environment(LocalSettings({"key": "k", "plain": "local", "on": True})) | {
        "PLAIN": "x"
    }

    assert read_settings(DECLARED, SOURCES | {"on": ("literal", False)}, environment) == {
        "key": "k",
        "plain": "local",
        "on": True,
    }


def test_the_runtime_checks_them() -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(DECLARED, SOURCES, local_environment(LocalSettings({"key": 5, "on": "hush"})))

    assert str(refused.value) == (
        "setting key must be a string; "
        "setting on is not a boolean: true, false, 1, 0, yes, no, on or off"
    )
