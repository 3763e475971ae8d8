"""`packager endpoints` on a terminal: settings are asked for by the plugin's own labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from packager.endpoints.file_store import FileStore
from tests.support.cats import FILES
from tests.support.plugin_writer import write_plugin
from tests.support.terminal import converse

KEY = "s3cr3t-key-1"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return write_plugin(tmp_path / "cats", FILES)


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "LANG": "en_US.UTF-8"}


def settings(tmp_path: Path, name: str) -> Any:
    store = FileStore(tmp_path / "state" / "packager" / "endpoints.sqlite", "cats/cats")
    found = store.named(name)
    return found and found.settings


def test_create_and_edit(plugin: Path, tmp_path: Path, here: dict[str, str]) -> None:
    create = ["endpoints", "create", str(plugin), "--format", "json"]
    answers = [" ", "Pepper", "", KEY, "", "blue", "g", "an-app", "yes", ""]

    seen, code = converse(create, answers, here)

    assert code == 0, seen
    assert "s3cr3t" not in seen
    asked, _, facts = seen.partition("{")
    assert asked.splitlines() == [
        "Name of the endpoint:  ",
        "expected a name of 1 to 100 characters",
        "Name of the endpoint: Pepper",
        "Cats",
        "From your account's page",
        "starts with key-",
        "where to get it: https://cats.example.com/keys",
        "API key (api_key): ",
        "it is required",
        "API key (api_key): ",
        'What the cat says (greeting, "Nyan" if empty): ',
        "Colour (colour, one of orange, g (Grey)): blue",
        "expected one of orange, g",
        "Colour (colour, one of orange, g (Grey)): g",
        "App (app, an app's id): an-app",
        "Loud (loud, yes or no): yes",
        "Token (token): ",
        "created Pepper: it answers from now on",
    ]
    assert json.loads("{" + facts)["name"] == "Pepper"
    before = {"api_key": KEY, "colour": "g", "app": {"app_id": "an-app"}, "loud": True}
    assert settings(tmp_path, "Pepper") == before

    edit = ["endpoints", "edit", str(plugin), "--name", "Pepper"]
    seen, code = converse(edit, ["", "Miau", "orange", "-", "", "s3cr3t-2"], here)

    assert code == 0, seen
    assert "s3cr3t" not in seen
    assert [line for line in seen.splitlines() if "(" in line and "settings_ttl" not in line] == [
        "API key (api_key, set already: empty keeps it): ",
        'What the cat says (greeting, "Nyan" if empty): Miau',
        'Colour (colour, one of orange, g (Grey), now "g": empty keeps it, - removes it): orange',
        'App (app, an app\'s id, now {"app_id": "an-app"}: empty keeps it, - removes it): -',
        "Loud (loud, yes or no, now true: empty keeps it, - removes it): ",
        "Token (token): ",
    ]
    assert settings(tmp_path, "Pepper") == {
        "api_key": KEY,
        "greeting": "Miau",
        "colour": "orange",
        "loud": True,
        "token": "s3cr3t-2",
    }


def test_what_is_asked_in_another_language_and_left(
    plugin: Path, tmp_path: Path, here: dict[str, str]
) -> None:
    arguments = ["endpoints", "create", str(plugin), "--name", "Pepper", "--language", "ja_JP"]

    seen, code = converse(arguments, [KEY, "\x03"], here)

    assert code == 130
    assert seen.startswith("猫\n")
    assert "鍵 (api_key): " in seen
    assert settings(tmp_path, "Pepper") is None


def test_delete_asks(plugin: Path, tmp_path: Path, here: dict[str, str]) -> None:
    # A name that is given is looked at before anybody types.
    seen, code = converse(["endpoints", "create", str(plugin), "--name", " x"], [], here)
    assert (code, "expected a name without blanks around it" in seen) == (2, True)
    create = ["endpoints", "create", str(plugin), "--name", "Pepper"]
    seen, code = converse(create, [KEY, "", "", "", "", ""], here)
    assert code == 0, seen

    delete = ["endpoints", "delete", str(plugin), "--name", "Pepper"]
    seen, code = converse(delete, ["n"], here, asks=b"[y/N]: ")
    assert (code, "Delete Pepper of this machine? [y/N]: n" in seen) == (130, True)
    assert settings(tmp_path, "Pepper") is not None

    seen, code = converse(delete, ["y"], here, asks=b"[y/N]: ")
    assert (code, "deleted Pepper" in seen) == (0, True)
    assert settings(tmp_path, "Pepper") is None
