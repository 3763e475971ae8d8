"""What `packager init` writes builds, answers, and passes its own tests: each template does."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.host.interpreter import host_architecture
from packager.plugin.new_plugin import TEMPLATES

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
}


def packager(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "packager", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_builds_answers_and_passes_its_tests(template: str, tmp_path: Path) -> None:
    made = packager("init", "mine", "--template", template, "--runtime", PYTHON, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    plugin = tmp_path / "mine"
    built = packager("build", "--strict", "-o", "out", "--arch", host_architecture(), cwd=plugin)
    assert built.returncode == 0, built.stderr

    line, header, body, answer = REQUESTS[template]
    secrets = tomllib.loads((plugin / "settings.local.toml").read_text())["settings"]
    options = ["--settings", "settings.local.toml", "--fake-dify", "--request", line]
    options += ["-H", header.format(**secrets)] if header else []
    options += ["-d", body] if body else []
    done = packager("invoke", "out", *options, cwd=plugin)
    assert answer in done.stdout, done.stderr

    # In the bundle there is all that the plugin requires.
    environment = {**os.environ, "PYTHONPATH": str(plugin / "out" / "MineFunction")}
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    ran = subprocess.run(
        [*tests, "tests"], cwd=plugin, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed in " in ran.stdout
