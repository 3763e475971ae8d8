"""What `packager init` writes builds, is served, and passes its own tests: each template does."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.host.interpreter import host_architecture
from packager.plugin.new_plugin import TEMPLATES
from tests.support.examples import Command
from tests.support.served import PATIENCE, served

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
LIST_TOOLS = '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'
MESSAGE = '{"update_id": 1, "message": {"chat": {"id": 7}, "text": "/start"}}'
# A request, its header with a secret, its body, and what is in the answer.
REQUESTS: Mapping[str, tuple[str, str, str, str]] = {
    "webhook": ("GET /", "", "", "<title>GitHub deliveries</title>"),
    "slack": ("POST /", "", "{}", "wrong or missing X-Slack-Signature"),
    "telegram": (
        "POST /",
        "X-Telegram-Bot-Api-Secret-Token: {secret_token}",
        MESSAGE,
        '"text": "Hello! Ask me anything."',
    ),
    "mcp": ("POST /mcp", "Authorization: Bearer {token}", LIST_TOOLS, '"name":"ask"'),
    "openai": ("GET /v1/models", "Authorization: Bearer {api_key}", "", '"id": "dify"'),
    "trigger": (f"POST /e/{'a' * 24}", "", "{}", "<title>404 Not Found</title>"),  # of nobody's
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_builds_and_passes_its_tests(
    command: Command, template: str, tmp_path: Path
) -> None:
    made = command("init", "mine", "--template", template, "--runtime", PYTHON, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    plugin = tmp_path / "mine"
    built = command("build", "--strict", "-o", "out", "--arch", host_architecture(), cwd=plugin)
    assert built.returncode == 0, built.stderr

    # In the bundle there is all that the plugin requires.
    environment = {**os.environ, "PYTHONPATH": str(plugin / "out" / "MineFunction")}
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    ran = subprocess.run(
        [*tests, "tests"], cwd=plugin, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed in " in ran.stdout


def test_every_template_answers_under_serve(command: Command, tmp_path: Path) -> None:
    names = {template: f"mine-{template}" for template in TEMPLATES}
    for template, name in names.items():
        made = command("init", name, "--template", template, "--runtime", PYTHON, cwd=tmp_path)
        assert made.returncode == 0, made.stderr
    plugins = [tmp_path / name for name in names.values()]
    with served(*plugins, "--fake-dify") as server:
        for template, (line, header, body, answer) in REQUESTS.items():
            local = (tmp_path / names[template] / "settings.local.toml").read_text()
            address = server.addresses[f"Mine{template.title()}Function"]
            method, _, path = line.partition(" ")
            key, _, value = header.format(**tomllib.loads(local)["settings"]).partition(": ")
            request = urllib.request.Request(
                address.rstrip("/") + path,
                body.encode() or None,
                {"Content-Type": "application/json"} | ({key: value} if key else {}),
                method=method,
            )
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                    said = reply.read().decode()
            except urllib.error.HTTPError as refused:
                with refused:
                    said = refused.read().decode()
            assert answer in said, (template, said)
