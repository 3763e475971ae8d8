"""Managed endpoints for tests of the runtime: ids, sealing and stores by the format's own words.

Nothing here is the tool's or the runtime's: both are compared with it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
KEY = "arn:aws:cloudformation:eu-central-1:123456789012:stack/neko/0a1b2c3d/TestFunction"
WHEN = "2026-01-02T03:04:05Z"
MANAGED = {"store": "dynamodb", "secrets": True, "storage": "plugin"}


def make_hook_id(key: str = KEY) -> str:
    """A new hook id that `key` takes for genuine."""
    characters = "".join(secrets.choice(ALPHABET) for _ in range(16))
    digest = hmac.digest(key.encode(), characters.encode(), "sha256")
    return characters + base64.b32encode(digest[:5]).decode().lower()


def seal(settings: Mapping[str, Any], hook_id: str, key: str) -> bytes:
    """Settings sealed for an endpoint with a data key."""
    keys = [
        hmac.digest(key.encode(), f"packager endpoint {what} 1".encode(), "sha256")
        for what in ("enc", "mac")
    ]
    nonce = secrets.token_bytes(24)
    text = json.dumps(settings, ensure_ascii=False).encode()
    stream = hashlib.shake_256(keys[0] + nonce).digest(len(text))
    sealed = b"\x01" + nonce + bytes(a ^ b for a, b in zip(text, stream, strict=True))
    signed = sealed[:25] + hook_id.encode() + b"\0" + sealed[25:]
    return sealed + hmac.digest(keys[1], signed, "sha256")


@dataclass
class FileEndpoints:
    """Endpoints of a function in a SQLite file, as the contract of tool and runtime has them."""

    path: Path
    function: str = "test/test"
    key: str = KEY
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._run(
            "CREATE TABLE IF NOT EXISTS endpoints (function TEXT, id TEXT, name TEXT,"
            " document TEXT, version INTEGER, PRIMARY KEY (function, id), UNIQUE (function, name))"
        )
        self._run("CREATE TABLE IF NOT EXISTS roots (function TEXT PRIMARY KEY, id TEXT)")
        self._run("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT)")

    @property
    def environment(self) -> dict[str, str]:
        """What tells a function of it."""
        return {
            "PACKAGER_LOCAL_ENDPOINTS": str(self.path),
            "PACKAGER_ENDPOINTS_KEY": self.key,
        }

    def put(
        self,
        name: str,
        settings: Mapping[str, Any] | None = None,
        *,
        hook_id: str = "",
        enabled: bool = True,
        root: bool = False,
        **more: Any,
    ) -> str:
        """Keep an endpoint, a new one or that of the name, and return its hook id."""
        hook_id = hook_id or self.ids.get(name) or make_hook_id(self.key)
        self.ids[name] = hook_id
        document = {
            "name": name,
            "enabled": enabled,
            "settings": settings or {},
            "version": 1,
            "created": WHEN,
            "updated": WHEN,
            **more,
        }
        self._run(
            "INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?, 1)",
            *(self.function, hook_id, name, json.dumps(document)),
        )
        if root:
            self._run("INSERT OR REPLACE INTO roots VALUES (?, ?)", self.function, hook_id)
        return hook_id

    def delete(self, name: str) -> None:
        """Forget an endpoint."""
        hook_id = self.ids.pop(name)
        self._run("DELETE FROM endpoints WHERE function = ? AND id = ?", self.function, hook_id)

    def _run(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path, timeout=30)) as file, file:
            file.execute(statement, values)


def item(name: str, settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An endpoint as boto3 puts it into a table, but for its id; `sealed` are bytes."""
    attributes: dict[str, Any] = {
        "name": {"S": name},
        "enabled": {"BOOL": more.pop("enabled", True)},
        "settings": {"S": json.dumps(settings)},
        "version": {"N": str(more.pop("version", 1))},
        "created": {"S": WHEN},
        "updated": {"S": WHEN},
    }
    if "sealed" in more:
        attributes["sealed"] = {"B": more.pop("sealed")}
    if "references" in more:
        attributes["references"] = {"S": json.dumps(more.pop("references"))}
    return attributes | {key: {"S": value} for key, value in more.items()}
