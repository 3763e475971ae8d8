"""The light `dify_plugin` beside the real SDK: the same calls, the same results; the same names."""

from __future__ import annotations

import difflib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from packager.errors import Diagnostics
from packager.host.interpreter import Interpreter
from packager.local.fake_dify.script import Script, read_script
from packager.local.fake_dify.server import FakeDify
from tests.support.fake_daemon import FakeDaemon

ROOT = Path(__file__).resolve().parents[2]
LIGHT = ROOT / "handler_template"
SCRIPTS = ROOT / "tests/support/real_sdk"

# What the light SDK leaves out, and why. `check` warns of a plugin that imports one of these.
LEFT_OUT_MODULES = {
    "dify_plugin._gevent": "nothing here is patched",
    "dify_plugin.cli": "a developer's tool",
    "dify_plugin.commands": "a developer's tool",
    "dify_plugin.config.integration_config": "for the SDK's own tests",
    "dify_plugin.core": "the daemon's protocol, loaders and server",
    "dify_plugin.entities.datasource": "datasources don't run here",
    "dify_plugin.entities.datasource_manifest": "read from YAML by the SDK's loader",
    "dify_plugin.entities.endpoint": "read from YAML by the SDK's loader",
    "dify_plugin.entities.model.provider": "read from YAML by the SDK's loader",
    "dify_plugin.integration": "for the SDK's own tests",
    "dify_plugin.interfaces.datasource": "datasources don't run here",
    "dify_plugin.interfaces.exec": "empty",
    "dify_plugin.interfaces.model.openai_compatible": "models don't run here",
    "dify_plugin.protocol.dynamic_select": "a Protocol for tools",
    "dify_plugin.tool": "empty",
}
LEFT_OUT_NAMES = {
    "docs": "documents the SDK's YAML",
    "load_yaml_file": "the SDK's loader",
    "ToolConfiguration": "read from YAML by the SDK's loader",
    "ToolConfigurationExtra": "read from YAML by the SDK's loader",
    "ToolProviderConfiguration": "read from YAML by the SDK's loader",
    "ToolProviderConfigurationExtra": "read from YAML by the SDK's loader",
    "ProviderEntity": "read from YAML by the SDK's loader",
    "PARAMETER_RULE_TEMPLATE": "texts for Dify's forms",
    "Python": "read from YAML by the SDK's loader",
    "OAICompat*": "models don't run here",
    "Agent*Configuration": "read from YAML by the SDK's loader",
    "Agent*ConfigurationExtra": "read from YAML by the SDK's loader",
    "AgentStrategyFeature": "read from YAML by the SDK's loader",
    "AgentStrategyIdentity": "read from YAML by the SDK's loader",
    "AgentStrategyParameter": "read from YAML by the SDK's loader",
    "AgentStrategyProviderIdentity": "read from YAML by the SDK's loader",
    "Event*Configuration": "read from YAML by the SDK's loader",
    "Event*ConfigurationExtra": "read from YAML by the SDK's loader",
    "EventDescription": "read from YAML by the SDK's loader",
    "EventIdentity": "read from YAML by the SDK's loader",
    "EventLabelEnum": "read from YAML by the SDK's loader",
    "EventParameter*": "read from YAML by the SDK's loader",
    "Trigger*Configuration": "read from YAML by the SDK's loader",
    "Trigger*ConfigurationExtra": "read from YAML by the SDK's loader",
    "TriggerProviderIdentity": "read from YAML by the SDK's loader",
    "*Actions": "the daemon's protocol",
    "BackwardsInvocationResponseEvent": "the daemon's protocol",
    "FULL_DUPLEX_INSTALL_METHODS": "the daemon's protocol",
    "IOServer": "the SDK's server",
    "InitializeMessage": "the daemon's protocol",
    "ModelFactory": "models don't run here",
    "OAuthProviderProtocol": "a Protocol for tools",
    "Plugin[A-Z]*": "the SDK's server",
    "*Reader": "the SDK's server",
    "*ReaderWriter": "the SDK's server",
    "*Writer": "the SDK's server",
    "Router": "the SDK's server",
    "CODE_FENCE_BACKTICK_COUNT": "models don't run here",
    "STRUCTURED_RESPONSE_FORMATS": "models don't run here",
    "TOKEN_ESTIMATION_TEXT_LIMIT": "models don't run here",
    "TimingContextRaceConditionError": "models don't run here",
    "use_current_session": "model calls are never under way here",
}
LEFT_OUT_MEMBERS = {
    ("DifyPluginEnv", "settings_*"): "pydantic-settings' own",
    ("Plugin", "close"): "the SDK's server",
    ("Plugin", "dispatch"): "the SDK's server",
    ("Plugin", "register_route"): "the SDK's server",
    ("Session", "__init__"): "every argument is optional here, and parts may be handed in",
    ("ToolEntity", "set_parameters"): "pydantic's ValidationInfo",
}


def run(
    script: str, path: tuple[Path, ...], interpreter: Interpreter, stdin: str = "", **environ: str
) -> str:
    """What a script prints; `stdin` is its argument, too, where it is an address."""
    arguments = [stdin] if stdin.startswith("http") else []
    done = subprocess.run(
        [interpreter.path, "-S", "-B", SCRIPTS / script, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), **environ},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_calls_give_the_same(sdk: Path, interpreter: Interpreter) -> None:
    theirs = run("calls.py", (sdk,), interpreter, INSTALL_METHOD="local").splitlines()
    ours = run("calls.py", (LIGHT, sdk), interpreter).splitlines()
    assert len(theirs) > 15_000
    assert list(difflib.unified_diff(theirs, ours, "SDK", "ours", lineterm="", n=0)) == []


def modules_of(folder: Path) -> list[str]:
    files = (folder / "dify_plugin").rglob("*.py")
    names = {".".join(file.relative_to(folder).with_suffix("").parts) for file in files}
    return sorted(name.removesuffix(".__init__") for name in names)


def is_left_out(module: str) -> bool:
    parts = module.split(".")
    return any(".".join(parts[:length]) in LEFT_OUT_MODULES for length in range(len(parts) + 1))


def matches(name: str, patterns: Any) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, pattern) for pattern in patterns)


@pytest.fixture(scope="module")
def surfaces(sdk: Path, interpreter: Interpreter) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the modules that both have hold, in the real SDK and in ours."""
    covered = [name for name in modules_of(sdk) if name in modules_of(LIGHT)]
    assert len(covered) > 50
    asked = json.dumps(covered)
    theirs = json.loads(run("surface.py", (sdk,), interpreter, asked, INSTALL_METHOD="local"))
    names = json.dumps({module: list(held) for module, held in theirs.items()})
    return theirs, json.loads(run("surface.py", (LIGHT, sdk), interpreter, names))


def test_modules_are_the_same_but_for_those_left_out(sdk: Path) -> None:
    missing = set(modules_of(sdk)) - set(modules_of(LIGHT))
    assert sorted(module for module in missing if not is_left_out(module)) == []


def test_names_are_the_same_but_for_those_left_out(
    surfaces: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    theirs, ours = surfaces
    missing = [
        f"{module}.{name}"
        for module, held in theirs.items()
        for name in held
        if name not in ours[module] and not matches(name, LEFT_OUT_NAMES)
    ]
    assert missing == []
    seen = {name for held in theirs.values() for name in held}
    assert [each for each in LEFT_OUT_NAMES if not any(matches(n, [each]) for n in seen)] == []


def test_signatures_fields_and_members_are_the_same(
    surfaces: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    theirs, ours = surfaces
    different = []
    for module, held in theirs.items():
        for name, one in held.items():
            other = ours[module].get(name)
            if other is None or "OnlyInDify" in other.get("bases", ()):
                continue
            if one["kind"] == "class":
                members = {
                    key: value
                    for key, value in one["members"].items()
                    if not any(name == cls and matches(key, [p]) for cls, p in LEFT_OUT_MEMBERS)
                }
                have = {key: other["members"].get(key) for key in members}
                if (members, one["enum"]) != (have, other["enum"]):
                    different.append((module, name, members, have))
            elif one != other:
                different.append((module, name, one, other))
    assert different == []


SCRIPT = """\
models:
  fake/failing:
    answers:
      - error: {message: The model is gone.}
tools:
  fake/failing:
    answers:
      - error: {message: The tool is gone.}
"""


def test_sessions_call_the_same(sdk: Path, interpreter: Interpreter, tmp_path: Path) -> None:
    """Models, tools and nodes: as the SDK's daemon answers them, and as Dify's inner API does."""
    file = tmp_path / "script.yaml"
    file.write_text(SCRIPT)

    def script() -> Script:
        return read_script(file, Diagnostics())

    with FakeDaemon(script=script()) as daemon, FakeDify(script=script()) as dify:
        theirs = run("session_calls.py", (sdk,), interpreter, daemon.url, INSTALL_METHOD="local")
        ours = run("session_calls.py", (LIGHT, sdk), interpreter, dify.url)

    assert theirs.count("\n") > 35
    assert theirs.count("raises an Exception") < 10
    lines = difflib.unified_diff(
        theirs.splitlines(), ours.splitlines(), "SDK", "ours", lineterm="", n=0
    )
    assert "\n".join(lines) == ""
