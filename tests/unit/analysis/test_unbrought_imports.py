"""Imports that no dependency will bring are errors of `check`, which installs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.errors import Diagnostics
from packager.plugin.load import load_plugin
from tests.support.plugin_writer import ENDPOINT, SOURCE, write_plugin

HELP = {"endpoints/help2.py": ""}
MISPLACED = "there is no module help2 in the plugin's root: the import fails"
CGI = "Python 3.13's library has no cgi any more: the import fails"


def said(
    root: Path, imports: str, files: Mapping[str, str] | None = None
) -> list[tuple[str, str, str | None]]:
    plugin = write_plugin(root, {**(files or {}), "endpoints/duck.py": imports + "\n" + SOURCE})
    diagnostics = Diagnostics()
    assert load_plugin(plugin, diagnostics, display="p") is not None
    return [(each.code, each.message, each.hint) for each in diagnostics.all]


def test_a_module_beside_the_endpoint_is_not_on_the_path(tmp_path: Path) -> None:
    assert said(tmp_path, "import help2", HELP) == [
        (
            "import-fails",
            MISPLACED,
            "the root is on sys.path, and endpoints/ is not: `from endpoints import help2`",
        )
    ]


def test_one_that_is_imported_later_may_fail(tmp_path: Path) -> None:
    assert [each[0] for each in said(tmp_path, "def late():\n    import help2", HELP)] == [
        "import-may-fail"
    ]


@pytest.mark.parametrize(
    "imports",
    [
        "from endpoints import help2",
        "from . import help2",
        "import sys\nsys.path.append('endpoints')\nimport help2",
        "try:\n    import help2\nexcept ImportError:\n    help2 = None",
        "import requests, json",  # of the SDK's set, and Python's own
    ],
)
def test_what_is_found_is_not_said(tmp_path: Path, imports: str) -> None:
    files = HELP | {"endpoints/requests.py": "", "endpoints/json.py": ""}
    assert said(tmp_path, imports, files) == []


def test_a_file_that_is_called_after_a_package(tmp_path: Path) -> None:
    """As in kevintsai/linebot, whose endpoints/linebot.py imports line-bot-sdk's linebot."""
    root = write_plugin(
        tmp_path,
        {
            "endpoints/duck.yaml": ENDPOINT.replace("duck.py", "fitz.py"),
            "endpoints/fitz.py": "import fitz\n" + SOURCE,
            "requirements.txt": "pymupdf\n",
        },
    )
    diagnostics = Diagnostics()
    load_plugin(root, diagnostics)
    assert diagnostics.all == []
    brought = {"requirements.txt": "line-bot-sdk~=3.17\n", "endpoints/linebot.py": ""}
    assert said(tmp_path, "from linebot.v3 import WebhookHandler", brought) == []


def test_what_python_s_library_has_no_more(tmp_path: Path) -> None:
    assert said(tmp_path, "import cgi") == [
        (
            "import-fails",
            CGI,
            "Python 3.13 does not have it any more: choose an older runtime",
        )
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"packager.toml": 'runtime = "python3.12"\n'},
        {"requirements.txt": "legacy-cgi\n"},
        {"requirements.txt": "WebOb>=1.8\n"},
        {
            "pyproject.toml": '[project]\nname = "p"\nversion = "1"\ndependencies = ["webapp"]\n',
            "uv.lock": 'version = 1\n[[package]]\nname = "legacy-cgi"\nversion = "2.6"\n',
        },
        {"cgi.py": ""},
    ],
)
def test_what_brings_it(tmp_path: Path, files: Mapping[str, str]) -> None:
    assert said(tmp_path, "import cgi", files) == []


def test_what_does_not_bring_it(tmp_path: Path) -> None:
    files = {"requirements.txt": "cgitb-ng\nrequests\n"}
    assert [each[1] for each in said(tmp_path, "import cgi", files)] == [CGI]
