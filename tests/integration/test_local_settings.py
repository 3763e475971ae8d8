"""Settings for runs on this machine, and that none of them leaves it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.examples import Build, Command
from tests.support.keeper import FILES, KEY, LOCAL, NO_AWS, SEEN
from tests.support.plugin_writer import write_plugin

APP_SETTING = """\
settings:
  - name: app
    type: app-selector
"""
WRONG = """\
[settings]
app = "chat-support"
api_key = "0123456789"

[groups.keeper.settings]
token = "t"
loud = 3
"""


def keeper(tmp_path: Path, **files: str | bytes) -> Path:
    named: Mapping[str, Any] = {name.replace("__", "."): text for name, text in files.items()}
    return write_plugin(tmp_path / "keeper", {**FILES, **named})


def ask(command: Command, *arguments: object, **environment: str) -> Any:
    done = command("invoke", *arguments, "--request", "GET /digest", **NO_AWS, **environment)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_a_plugin_runs_without_aws(command: Command, tmp_path: Path) -> None:
    plugin = keeper(tmp_path, settings__local__toml=LOCAL, __env="KEEPER_PLAIN=from .env\n")
    env_file = tmp_path / "env"
    env_file.write_text("KEEPER_PLAIN=from --env-file\n")

    assert ask(command, plugin) == SEEN | {"plain": "from .env"}
    assert ask(command, plugin, KEEPER_PLAIN="shell") == SEEN | {"plain": "shell"}
    both = ask(command, plugin, "--env-file", env_file, KEEPER_PLAIN="shell")
    assert both == SEEN | {"plain": "from --env-file"}


def test_a_bundle_takes_them_from_a_file(command: Command, build: Build, tmp_path: Path) -> None:
    out = build(keeper(tmp_path))
    other = tmp_path / "mine.toml"
    other.write_text(LOCAL)

    assert ask(command, out / "KeeperFunction.zip", "--settings", other) == SEEN


def test_what_is_wrong_with_them_is_said(command: Command, tmp_path: Path) -> None:
    plugin = keeper(tmp_path, settings__local__toml="[setings]\napi_key = 's3cr3t'\n")
    done = command("invoke", plugin, "--request", "GET /digest")

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().endswith(
        f"{plugin}/settings.local.toml:1:2: error: setings: there is no such table\n"
        "  hint: did you mean settings?\n"
    )


def test_values_are_checked_before_the_function_starts(command: Command, tmp_path: Path) -> None:
    group = str(FILES["group/keeper.yaml"]).replace("settings:\n", APP_SETTING, 1)
    plugin = keeper(tmp_path, settings__local__toml=WRONG)
    (plugin / "group/keeper.yaml").write_text(group)
    done = command("invoke", plugin, "--request", "GET /digest")

    file = f"{plugin}/settings.local.toml"
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        f"{file}:2:1: error: settings.app: expected a table with app_id",
        '  hint: for example app = {app_id = "..."}',
        f"{file}:7:1: error: groups.keeper.settings.loud: expected true or false",
    ]


def test_what_no_group_declares_is_warned_of(command: Command, tmp_path: Path) -> None:
    unknown = '\ntokem = "x"\n\n[groups.keepr.settings]\nmode = "on"\n'
    plugin = keeper(tmp_path, settings__local__toml=LOCAL.rstrip() + unknown)
    done = command("invoke", plugin, "--request", "GET /digest", **NO_AWS)

    assert done.returncode == 0, done.stderr.decode()
    file = f"{plugin}/settings.local.toml"
    lines = done.stderr.decode().splitlines()
    assert [line for line in lines if "warning: " in line or "hint: " in line] == [
        f"{file}:8:1: warning: groups.keeper.settings.tokem: is not a setting that the group "
        "keeper declares: no function gets it",
        "  hint: did you mean token?",
        f"{file}:10:9: warning: groups.keepr: there is no such group",
        "  hint: did you mean keeper?",
    ]


@pytest.mark.parametrize(
    ("known", "origin"),
    [
        ({"settings__local__toml": LOCAL}, "api_key of {}/settings.local.toml"),
        ({"__env": f"SOME_API_KEY={KEY}\n"}, "SOME_API_KEY of {}/.env"),
    ],
)
def test_a_build_with_a_known_secret_inside_is_refused(
    command: Command,
    tmp_path: Path,
    target: tuple[str, ...],
    known: dict[str, str],
    origin: str,
) -> None:
    plugin = keeper(tmp_path, **known)
    out = tmp_path / "out"
    assert command("build", plugin, "-o", out, *target).returncode == 0
    names = sorted(path.name for path in out.iterdir())
    with zipfile.ZipFile(out / "KeeperFunction.zip") as archive:
        shipped = archive.namelist()
    assert "plugin/endpoints/digest.py" in shipped
    assert not {"plugin/.env", "plugin/settings.local.toml"} & set(shipped)
    before = (out / "KeeperFunction.zip").read_bytes()

    (plugin / "endpoints" / "digest.py").write_text(
        f"KEY = {KEY!r}\n" + str(FILES["endpoints/digest.py"])
    )
    done = command("build", plugin, "-o", out, *target)

    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    assert "error: a secret is in what was built: " in said
    for name in ("endpoints/digest.py", "endpoints/__pycache__/digest"):
        assert f"KeeperFunction/plugin/{name}" in said
    assert f"holds the value of {origin.format(plugin)}" in said
    assert KEY not in said
    assert sorted(path.name for path in out.iterdir()) == names
    assert (out / "KeeperFunction.zip").read_bytes() == before


def test_a_template_with_a_known_secret_inside_is_refused(command: Command, tmp_path: Path) -> None:
    plugin = keeper(tmp_path, settings__local__toml=LOCAL)
    configuration = plugin / "packager.toml"
    configuration.write_text(
        f'template.Environment.Variables.OTHER = "{KEY}"\n' + configuration.read_text()
    )

    for arguments in ((), ("-o", tmp_path / "template.yaml")):
        done = command("template", plugin, *arguments)
        assert (done.returncode, done.stdout) == (1, b"")
        assert KEY not in done.stderr.decode()
    assert not (tmp_path / "template.yaml").exists()
