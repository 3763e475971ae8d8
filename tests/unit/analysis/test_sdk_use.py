"""Warnings of what functions don't answer or have, said of the files that endpoints reach."""

from __future__ import annotations

from pathlib import Path

from packager.errors import Diagnostics
from packager.plugin.load import load_plugin
from tests.support.plugin_writer import MANIFEST, write_plugin

ENDPOINT = """\
from dify_plugin import Endpoint
from dify_plugin.core.plugin_registration import PluginRegistration
from dify_plugin.entities import BaseModel, I18nObject
from dify_plugin.entities.tool import ToolConfiguration, ToolInvokeMessage
from dify_plugin.interfaces.endpoint import Request, Response
from dify_plugin.invocations.app import chat
from helpers import ask


class E(Endpoint):
    def _invoke(self, r, values, settings):
        self.session.tool.invoke(1)
        return Response(ask(self.session))
"""
HELPERS = """\
def ask(session):
    return session.model.llm.invoke(1)
"""


def warnings(root: Path, **files: str) -> list[str]:
    plugin = write_plugin(
        root, {name.replace("__", "/") + ".py": text for name, text in files.items()}
    )
    diagnostics = Diagnostics()
    assert load_plugin(plugin, diagnostics, display="p") is not None
    return [f"{diagnostic.place}: {diagnostic.message}" for diagnostic in diagnostics.warnings]


def test_of_files_that_endpoints_reach(tmp_path: Path) -> None:
    said = warnings(
        tmp_path,
        endpoints__duck=ENDPOINT,
        helpers=HELPERS,
        tools__other=HELPERS,
        main="from dify_plugin.nothing import Nothing\n",
    )

    unanswered = "is answered by nothing: the call raises InvocationUnavailable"
    absent = "is not in the light dify_plugin that bundles have"
    assert said == [
        f"p/endpoints/duck.py:12:9: session.tool.invoke {unanswered}",
        f"p/helpers.py:2:12: session.model.llm.invoke {unanswered}",
        "p/endpoints/duck.py:2:50: "
        f"dify_plugin.core.plugin_registration.PluginRegistration {absent}",
        f"p/endpoints/duck.py:4:39: dify_plugin.entities.tool.ToolConfiguration {absent}",
    ]


def test_of_nothing_in_a_plain_plugin(tmp_path: Path) -> None:
    assert warnings(tmp_path) == []


CHATBOT = """\
from dify_plugin import Endpoint
from dify_plugin.invocations.app.chat import ChatAppInvocation
from dify_plugin.invocations.file import File, UploadFileResponse


class E(Endpoint):
    def _invoke(self, r, values, settings):
        ChatAppInvocation(self.session).invoke("a", "q", {})
        self.session.app.workflow.invoke("a", {})
        File(self.session).upload("a", b"", "text/plain")
"""
KEYS = {"packager.toml": '[apps]\n"*" = {ssm = "/dify/key"}\n'}


def test_of_apps_without_a_key(tmp_path: Path) -> None:
    said = warnings(tmp_path, endpoints__duck=CHATBOT)

    assert said == [
        f"p/endpoints/duck.py:{line}:9: session.{call} needs an API key of the app, and no app "
        "has one: the call will fail"
        for line, call in ((8, "app.chat.invoke"), (9, "app.workflow.invoke"), (10, "file.upload"))
    ]


def test_the_hint_names_the_table_and_the_stand_in(tmp_path: Path) -> None:
    write_plugin(tmp_path, {"endpoints/duck.py": CHATBOT})
    diagnostics = Diagnostics()

    assert load_plugin(tmp_path, diagnostics, display="p") is not None
    assert {diagnostic.hint for diagnostic in diagnostics.warnings} == {
        "say where keys are, in packager.toml under [apps]: "
        '"<app id>" = {ssm = "/dify/app-key"}; for runs on this machine in '
        'settings.local.toml under [apps]: "<app id>" = "app-..."; '
        "or run it with Dify's stand-in: packager invoke --fake-dify"
    }


def test_of_no_apps_with_a_key(tmp_path: Path) -> None:
    write_plugin(tmp_path, {**KEYS, "endpoints/duck.py": CHATBOT})
    diagnostics = Diagnostics()

    assert load_plugin(tmp_path, diagnostics, display="p") is not None
    assert diagnostics.warnings == []


def test_of_files_without_a_key(tmp_path: Path) -> None:
    upload = CHATBOT.replace("        ChatApp", "        # ").replace(
        "        self.s", "        # "
    )

    said = warnings(tmp_path, endpoints__duck=upload)

    assert [each.split(" needs ")[0] for each in said] == [
        "p/endpoints/duck.py:10:9: session.file.upload"
    ]


CALLER = """\
from dify_plugin import Endpoint


class E(Endpoint):
    def _invoke(self, r, values, settings):
        self.session.tool.invoke_builtin_tool("me/shop/db", "sql", {})
"""
PROVIDER = """\
identity: {name: db}
credentials_for_provider:
  host: {type: text-input, required: true, default: localhost}
  user: {type: text-input, required: true}
  password:
    type: secret-input
    required: true
  options: {type: text-input}
tools: [tools/sql.yaml]
"""


def of_credentials(root: Path, configuration: str, endpoint: str = CALLER) -> list[str]:
    files = {
        "manifest.yaml": MANIFEST + "  tools: [provider/db.yaml]\n",
        "provider/db.yaml": PROVIDER,
        "tools/sql.yaml": "identity: {name: sql}\nextra: {python: {source: tools/sql.py}}\n",
        "tools/sql.py": "",
        "packager.toml": configuration,
        "endpoints/duck.py": endpoint,
    }
    diagnostics = Diagnostics()
    assert load_plugin(write_plugin(root, files), diagnostics, display="p") is not None
    return [
        f"{each.place}: {each.message.partition(',')[0]}"
        for each in diagnostics.warnings
        if each.code == "credential-unset"
    ]


def test_of_credentials_that_own_tools_require(tmp_path: Path) -> None:
    assert of_credentials(tmp_path, "") == [
        "p/provider/db.yaml:4:3: the tools of db require the credential user",
        "p/provider/db.yaml:5:3: the tools of db require the credential password",
    ]


def test_of_no_credentials_that_are_given_or_nobody_needs(tmp_path: Path) -> None:
    user = '[tools]\n"db/sql" = {plugin = ".", credentials = {user = {ssm = "/db/user"}}}'
    other = '[tools]\n"me/shop/db/*" = {mcp = "https://mcp.example.com/mcp"}'

    assert [each[-8:] for each in of_credentials(tmp_path / "a", user)] == ["password"]
    assert of_credentials(tmp_path / "b", other) == []
    assert of_credentials(tmp_path / "c", "", CALLER.replace("self.session.tool", "print")) == []
