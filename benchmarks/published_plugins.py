"""Ten plugins shaped as published ones are, and the first request that each gets.

The sources are in `published/`, a module each; the rest of a plugin's folder is written around it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "published"
APP = {"app_id": "5c0d5a9e-0000-4000-8000-000000000001"}
_JSON = "application/json"
# A message of WeChat's test data form, encrypted with the key in its row below.
_WECHAT = (
    "4j/AuRx71kQlxVlzbpsMWDCIR2Bze/F2aE8ePj25xyiw9yJDagzB5+W0/uj2CY79Ak3F3QcEiGEosUusPv3a0oPaSuAa"
    "8LTbW24pTW5RAOxZz9Na++c0l93qfg3KqAiUPPL6i3ILO8YXdrvL3sTWTJIgwY9j9icmkw3cgb6wv01ShxUFlTUJxKEn"
    "oXO1WuP1zxMcA4NV8gGerFMYtIAAi/9ghDNz9GM+bCJD5ZYeDRa9n4yxGqB96x15isp6LuzEucort/6Jm7wcgO3uzvFR"
    "sgujkeYSKKUBAN2NelAYt1XZC9d0Q0JWeBgwAmDM7LjSQWhm9wQzjTFaq2HTY66dmw=="
)


@dataclass(frozen=True, slots=True)
class Published:
    """A plugin: its module, what it requires, its settings, its first request and the answer."""

    name: str
    module: str
    requirements: tuple[str, ...]
    answer: str  # which the reply's body contains
    method: str = "POST"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


PLUGINS = (
    Published(
        "Slack, challenge (slack_sdk)",
        "slack",
        ("slack_sdk",),
        '"challenge": "3eZb"',
        headers={"content-type": _JSON},
        body='{"token": "t", "challenge": "3eZb", "type": "url_verification"}',
        settings={"bot_token": "xoxb-0"},
    ),
    Published(
        "WhatsApp, verification (requests)",
        "whatsapp",
        ("requests",),
        "1158201444",
        method="GET",
        query="hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=mine",
        settings={"verify_token": "mine"},
    ),
    Published(
        "OpenAI facade, models",
        "openai_facade",
        (),
        '"object": "list"',
        method="GET",
        headers={"authorization": "Bearer sk-mine"},
        settings={"api_key": "sk-mine", "app": APP},
    ),
    Published(
        "MCP server, initialize (pydantic)",
        "mcp",
        ("pydantic",),
        '"protocolVersion": "2025-03-26"',
        headers={"content-type": _JSON},
        body='{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": '
        '"2025-03-26", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}}',
    ),
    Published(
        "Discord, signed ping (httpx, PyNaCl)",
        "discord",
        ("httpx", "pynacl"),
        '{"type": 1}',
        headers={
            "content-type": _JSON,
            "x-signature-timestamp": "1700000000",
            "x-signature-ed25519": "67a49dc21d85f0cdbc7883c81d1aaaa99fe73aeda6101a3eea23efe49"
            "62b683e9008c99371f7dbc2f2de7d1821b13a1c4582e41c420de3e802e4bdce4043630c",
        },
        body='{"id": "1", "type": 1, "version": 1}',
        settings={"public_key": "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"},
    ),
    Published(
        "WeChat, encrypted event (requests, pycryptodome)",
        "wechat",
        ("requests", "pycryptodome"),
        "<Content>Welcome</Content>",
        query="timestamp=1700000000&nonce=nonce"
        "&msg_signature=be34b21686bd3afd2487954428ec7b30262d21b7",
        headers={"content-type": "text/xml"},
        body=f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{_WECHAT}</Encrypt></xml>",
        settings={
            "token": "token",
            "encoding_aes_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "app_id": "wx1",
        },
    ),
    Published(
        "SQL, a query of SQLite (sqlalchemy)",
        "sql",
        ("sqlalchemy",),
        '"rows": [{"answer": 42}]',
        headers={"content-type": _JSON},
        body='{"query": "select 42 as answer"}',
        settings={"database": "sqlite://"},
    ),
    Published(
        "Bedrock, retrieve (boto3)",
        "bedrock",
        ("boto3",),
        '"content": "a duck"',
        headers={"content-type": _JSON},
        body='{"knowledge_id": "KNOWLEDGE1", "query": "duck", "retrieval_setting": {"top_k": 1}}',
        settings={"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "secret"},
    ),
    Published(
        "LINE, webhook (line-bot-sdk)",
        "line",
        ("line-bot-sdk",),
        "OK",
        headers={
            "content-type": _JSON,
            "x-line-signature": "R/L0bWQLsPjzpNdA4nz8D3OG3uCyI5IX4R0ppKlRA7c=",
        },
        body='{"destination": "U0", "events": []}',
        settings={"channel_secret": "secret"},
    ),
    Published(
        "static page",
        "page",
        (),
        "<h1>Hello</h1>",
        method="GET",
        settings={"title": "Hello"},
    ),
)


def event(plugin: Published) -> bytes:
    """Return a plugin's first request as an HTTP API's event (payload 2.0)."""
    host = "abc123.execute-api.eu-west-1.amazonaws.com"
    headers = {"host": host, "user-agent": "a platform", "x-forwarded-proto": "https"}
    if plugin.body:
        headers["content-length"] = str(len(plugin.body))
    http = {"method": plugin.method, "path": "/hook", "protocol": "HTTP/1.1"}
    made: dict[str, object] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/hook",
        "rawQueryString": plugin.query,
        "headers": headers | plugin.headers,
        "requestContext": {
            "domainName": host,
            "http": http | {"sourceIp": "203.0.113.9", "userAgent": "a platform"},
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
            "timeEpoch": 1583817383220,
        },
        "isBase64Encoded": False,
    }
    return json.dumps(made | ({"body": plugin.body} if plugin.body else {})).encode()


def write_plugin(plugin: Published, folder: Path, **options: object) -> Path:
    """Write a plugin's folder as it would be published, with `options` of the packager's."""
    (folder / "endpoints").mkdir(parents=True)
    (folder / "group").mkdir()
    (folder / "_assets").mkdir()
    (folder / "_assets" / "icon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>\n')
    for path in SOURCES.glob(f"{plugin.module}.*"):
        shutil.copy2(path, folder / "endpoints" / path.name)
    kinds = {"app": "app-selector"}
    names = [{"name": n, "type": kinds.get(n, "text-input")} for n in plugin.settings]
    documents: dict[str, object] = {
        "manifest.yaml": _manifest(plugin.module),
        "group/hook.yaml": {"settings": names, "endpoints": ["endpoints/hook.yaml"]},
        "endpoints/hook.yaml": {
            "path": "/hook",
            "method": plugin.method,
            "extra": {"python": {"source": f"endpoints/{plugin.module}.py"}},
        },
    }
    for name, document in documents.items():  # JSON is YAML
        (folder / name).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    (folder / "requirements.txt").write_text("\n".join(["dify_plugin", *plugin.requirements, ""]))
    lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    lines.append("[settings]")
    lines += [f"{name} = {_toml(value)}" for name, value in plugin.settings.items()]
    (folder / "packager.toml").write_text("\n".join([*lines, ""]), "utf-8")
    return folder


def _manifest(name: str) -> dict[str, object]:
    text = {"en_US": name}
    return {
        "version": "0.1.0",
        "type": "plugin",
        "author": "packager",
        "name": name.replace("_", "-"),
        "label": text,
        "description": text,
        "icon": "icon.svg",
        "created_at": "2026-11-21T00:00:00.000000000Z",
        "resource": {"memory": 268435456, "permission": {"endpoint": {"enabled": True}}},
        "plugins": {"endpoints": ["group/hook.yaml"]},
        "meta": {
            "version": "0.0.1",
            "arch": ["amd64", "arm64"],
            "runner": {"language": "python", "version": "3.12", "entrypoint": "main"},
        },
    }


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)
