"""A bundle whose endpoint calls a model, a node, and a tool of the plugin's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Literal

import pytest

from packager.local.fake_dify.server import FakeDify
from packager.local.http_reply import read_reply
from packager.local.invoke import invoke_bundle
from packager.local.request_event import PAYLOADS, Payload, make_event
from packager.settings.local_file import LocalSettings, local_environment
from tests.support.builders import alb
from tests.support.examples import Build
from tests.support.plugin_writer import MANIFEST, write_plugin

ENDPOINT = """\
import json

from dify_plugin import Endpoint
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from dify_plugin.entities.workflow_node import ClassConfig, ModelConfig
from werkzeug import Response


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        config = LLMModelConfig(provider="openai", model="gpt-4o", mode="chat")
        messages = [UserPromptMessage(content="Hello dogs")]
        chunks = self.session.model.llm.invoke(config, messages)
        said = {"model": "".join(each.delta.message.content for each in chunks)}
        tool = self.session.tool.invoke_builtin_tool("sums", "add", {"a": 1, "b": "2"})
        said["tool"] = [[each.type.value, each.message.model_dump()] for each in tool]
        other = self.session.tool.invoke_builtin_tool("weather", "forecast", {"city": "Oslo"})
        said["other"] = [each.message.text for each in other]
        classes = [ClassConfig(id="1", name="Cats"), ClassConfig(id="2", name="Dogs")]
        model = ModelConfig(provider="openai", name="gpt-4o")
        node = self.session.workflow_node.question_classifier
        said["class"] = node.invoke(classes, model, "of dogs").outputs["class_name"]
        return Response(json.dumps(said), content_type="application/json")
"""
TOOL = """\
from dify_plugin import Tool
from helpers import plus


class Add(Tool):
    def _invoke(self, tool_parameters):
        total = plus(tool_parameters["a"], tool_parameters["b"])
        given = {name: each for name, each in tool_parameters.items() if name not in "ab"}
        yield self.create_text_message(f"{total} {given} {self.runtime.credentials}")
"""
# Another plugin's, whose modules have the names of the first one's, and of a package's.
FORECAST = """\
import os

import helpers
import utils.deep.numbers
import utils.deep.numbers as numbers
import yaml
from dify_plugin import Tool
from helpers import plus

from .neighbour import SIGN

with open(os.path.join(os.path.dirname(__file__), "../data.txt")) as file:
    DATA = file.read()


class Forecast(Tool):
    def _invoke(self, tool_parameters):
        from utils.text import shout

        assert tool_parameters["days"] == 1
        assert utils.deep.numbers is numbers and helpers.plus is plus
        text = shout(tool_parameters["city"])
        degrees = yaml.safe_load(f"{plus(numbers.ONE, 1)}{SIGN}")
        keys = [*self.runtime.credentials.values()]
        yield self.create_text_message(f"{text} {degrees} {DATA} {keys}")
"""
WEATHER = {
    "manifest.yaml": MANIFEST.replace("tiny", "weather").partition("plugins:")[0]
    + "plugins:\n  tools:\n    - provider/weather.yaml\n",
    "group/tiny.yaml": None,
    "endpoints/duck.yaml": None,
    "endpoints/duck.py": None,
    "provider/weather.yaml": """
        identity: {name: weather}
        credentials_for_provider:
          - {name: key, type: secret-input, default: not taken}
          - {name: unit, type: select, default: C}
        tools: [tools/forecast.yaml]
        """,
    "tools/forecast.yaml": "identity: {name: forecast}\n"
    "extra: {python: {source: tools/forecast.py}}\n"
    "parameters: [{name: days, type: number, form: form, default: 1}]",
    "tools/forecast.py": FORECAST,
    "tools/neighbour.py": "SIGN = 'C'\n",
    "helpers/__init__.py": "def plus(a, b):\n    return f'{a}+{b}'\n",
    "utils/deep/numbers.py": "ONE = 1\n",
    "utils/text.py": "from utils import deep\n\ndef shout(text):\n    return text.upper()\n",
    "data.txt": "of data",
    "requirements.txt": "dify_plugin\npyyaml\n",
}
FILES = {
    "manifest.yaml": MANIFEST + "  tools:\n    - provider/sums.yaml\n",
    "group/tiny.yaml": "endpoints: [endpoints/duck.yaml]\n",
    "endpoints/duck.py": ENDPOINT,
    "provider/sums.yaml": """
        identity: {name: sums}
        credentials_for_provider:
          key: {type: secret-input, required: true}
          base: {type: text-input, default: 10}
        tools: [tools/add.yaml]
        """,
    "tools/add.yaml": """
        identity: {name: add}
        extra: {python: {source: tools/add.py}}
        parameters:
          - {name: b, type: number, form: llm}
          - {name: digits, type: number, form: form, default: 2}
        """,
    "tools/add.py": TOOL,
    "helpers.py": "def plus(a, b):\n    return a + b\n",
    "requirements.txt": "dify_plugin\n",
    "packager.toml": """
        [models]
        base_url = "https://models.example.com/v1"
        api_key = {ssm = "/tiny/models"}
        [tools]
        "sums/*" = {plugin = ".", credentials = {key = {ssm = "/tiny/sums"}}}
        "weather/*" = {plugin = "weather.difypkg", credentials = {key = {ssm = "/tiny/weather"}}}
        """,
}
KEYS = {
    "models.api_key": "sk-4711-0815",
    "tools.sums/*.credentials.key": "a credential",
    "tools.weather/*.credentials.key": "another",
}


@pytest.fixture(scope="module")
def bundle(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("calls")
    plugin = write_plugin(root / "calls", FILES)
    other = write_plugin(root / "weather", WEATHER)
    shutil.make_archive(str(plugin / "weather"), "zip", other)
    (plugin / "weather.zip").rename(plugin / "weather.difypkg")
    return build(plugin) / "TinyFunction"


def ask(bundle: Path, event: dict[str, Any], env: dict[str, str]) -> dict[str, object]:
    made = invoke_bundle(bundle, event, env=env)
    reply = read_reply(made.reply)
    assert reply is not None
    assert reply.status == 200, made.log.decode()
    assert "sk-4711-0815" not in made.log.decode()
    said: dict[str, object] = json.loads(reply.body)
    return said


def sent_by(front: Payload | Literal["alb"]) -> dict[str, Any]:
    if front == "alb":
        return alb(path="/duck/1", query={"node": ["1"]})
    return make_event("GET", "/duck/1?node=1", (), b"", front)


@pytest.mark.parametrize("front", [*PAYLOADS, "alb"])
def test_by_difys_stand_in_at_every_front_door(
    bundle: Path, front: Payload | Literal["alb"]
) -> None:
    local = LocalSettings(keys=KEYS)

    with FakeDify() as dify:
        env = {"PACKAGER_DIFY": dify.url, **local_environment(local)}
        said = ask(bundle, sent_by(front), env)

    # The plugin's own, with types and defaults as it declares them: no stand-in.
    text = "3 {'digits': 2} {'base': '10', 'key': 'a credential'}"
    assert said == {
        "model": "Hello dogs",
        "tool": [["text", {"text": text}]],
        "other": ["OSLO 1+1C of data ['another', 'C']"],
        "class": "Dogs",
    }


def test_what_the_bundle_carries(bundle: Path) -> None:
    """The parts that answer these calls, and none for other providers or tools."""
    assert "code.bin" in {path.name for path in (bundle / "endpoint_runtime").iterdir()}
    literals = (bundle / "endpoint_runtime/_bundle.py").read_text()
    [left_out] = [line for line in literals.split("\n") if line.startswith("LEFT_OUT")][:1]
    found = literals[literals.index(left_out) :]
    for part in ("bedrock", "tool_mcp", "tool_openapi", "tool_lambda"):
        assert f"'{part}'" in found
    for part in ("openai", "nodes", "own_tools", "other_tools", "inner"):
        assert f"'{part}'" not in found
