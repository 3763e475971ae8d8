"""What has the form of a token is said, with its place and without itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import Diagnostics
from packager.plugin.load import load_plugin
from tests.support.plugin_writer import SOURCE, write_plugin

# Put together here, so that this file itself has none.
SLACK = "xox" + "b-123456789012-abcDEFghi"
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"


def said(root: Path, text: str, file: str = "endpoints/note.yaml") -> list[tuple[str, str]]:
    diagnostics = Diagnostics()
    plugin = write_plugin(root, {file: text})
    assert load_plugin(plugin, diagnostics, display="p") is not None
    assert {each.code for each in diagnostics.all} <= {"secret-literal"}
    assert SLACK not in str(diagnostics.all)
    return [(str(each.place), each.message.partition(":")[0]) for each in diagnostics.warnings]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (SLACK, "a Slack token"),
        ("sk-" + "proj-a1B2c3D4e5F6g7H8i9J0k1", "an API key"),
        ("sk-" + "ant-api03-a1B2c3D4e5F6g7H8i9J0k1", "an API key"),
        ("gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0" * 2, "a GitHub token"),
        ("AK" + "IA2ABCDEFGHIJKLM34", "an AWS access key id"),
        ("AI" + "zaSy" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q", "a Google API key"),
        (KEY + "\n  MIIEpAIBAAKCAQEA1234", "a private key"),
        (KEY + "\\nMIIEpAIBAAKCAQEA1234", "a private key"),
    ],
)
def test_the_forms_of_tokens(tmp_path: Path, text: str, what: str) -> None:
    assert said(tmp_path, f"a: é\nb: '{text}'\n") == [
        ("p/endpoints/note.yaml:2:5", f"this looks like {what}")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "xox" + "b-your-token-goes-here",
        "sk-" + "xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "AK" + "IAIOSFODNN7EXAMPLE",  # AWS's documentation has it
        "task-" + "a1B2c3D4e5F6g7H8i9J0k1",
        KEY + "\n...",
        "sk-" + "learn",
    ],
)
def test_examples_and_words_are_none(tmp_path: Path, text: str) -> None:
    assert said(tmp_path, f"a: '{text}'\n") == []


def test_sources_are_searched_and_what_does_not_ship_is_not(tmp_path: Path) -> None:
    assert said(tmp_path, f"TOKEN = '{SLACK}'\n{SOURCE}", "endpoints/duck.py") == [
        ("p/endpoints/duck.py:1:10", "this looks like a Slack token")
    ]
    assert said(tmp_path / "x", f"TOKEN='{SLACK}'\n", ".env") == []


def test_twenty_are_enough(tmp_path: Path) -> None:
    assert len(said(tmp_path, f"{SLACK}\n" * 50, "endpoints/note.json")) == 20
