"""`packager invoke --endpoint`: neko with three endpoints, by both entries and both adapters."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from packager.host.interpreter import Interpreter, host_architecture
from tests.support.examples import NEKO, Command

GREETINGS = {"Pepper": "Miau", "Salt & co": "Purr", "größe": "Nyan"}
KINDS = {
    "fast": "",
    "stock": 'entry = "stock"\n',
    "mangum": 'adapter = "mangum"\n',
    "aws-wsgi": 'adapter = "aws-wsgi"\n',
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_endpoint_has_its_own_settings(
    command: Command,
    interpreter: Interpreter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    plugin = Path(shutil.copytree(NEKO, tmp_path / "neko"))
    configuration = f'endpoints = "managed"\narchitecture = "{host_architecture()}"\n{KINDS[kind]}'
    (plugin / "packager.toml").write_text(configuration)
    for name, greeting in GREETINGS.items():
        given = tmp_path / "given.yaml"
        given.write_text(f"greeting: {greeting}\napi_key: key of {greeting}\n", encoding="utf-8")
        made = command("endpoints", "create", plugin, "--name", name, "--file", given)
        assert made.returncode == 0, made.stderr.decode()
    out = tmp_path / "out"
    built = command("build", plugin, "-o", out, "--runtime", interpreter.python)
    assert built.returncode == 0, built.stderr.decode()
    payload = "1.0" if kind == "aws-wsgi" else "2.0"

    for name, greeting in GREETINGS.items():
        asked = ("--endpoint", name, "--request", "GET /neko", "--payload", payload)
        done = command("invoke", out, *asked)
        log = done.stderr.decode()
        assert done.returncode == 0, log
        assert f"<title>{greeting}</title>" in done.stdout.decode()
        assert f"GET [{name}] /neko 200" in log
        assert "/e/" not in log

    missing = command("invoke", out, "--endpoint", "Peper", "--request", "GET /neko")
    assert missing.returncode == 2
    assert missing.stderr.decode().splitlines() == [
        "error: neko has no endpoint Peper on this machine",
        "  hint: did you mean Pepper?",
    ]
    nowhere = command("invoke", out, "--request", "GET /neko", "-i", "--payload", payload)
    assert nowhere.stdout.decode().startswith("HTTP/1.1 404 Not Found\n")
