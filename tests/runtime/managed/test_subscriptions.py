"""A subscription as the runtime has it: unsealed, read from where it is kept, and not in a log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.managed.endpoints import Endpoints
from endpoint_runtime.managed.sealed import DataKey
from endpoint_runtime.managed.settings import EndpointSettings
from endpoint_runtime.managed.subscriptions import subscription_settings
from endpoint_runtime.settings.group import SettingsError
from tests.support.builders import bundle_module
from tests.support.managed_endpoints import MANAGED, FileEndpoints, seal

PROVIDER = {**MANAGED, "provider": "github"}
WORKFLOW = {"event": "issues", "app": "a1", "parameters": {}, "inputs": {"title": "issue.title"}}
SECRETS = {
    "credentials": {"access_tokens": "ghp_0123456789"},
    "secret_properties": {"webhook_secret": "whsec_0123"},
    "oauth_client": {"client_secret": "client_0123"},
}
PLAIN = {
    "parameters": {"repository": "acme/cats"},
    "properties": {"external_id": "42"},
    "credential_type": "api-key",
    "expires_at": 1_800_000_000,
    "credentials_expire_at": -1,
    "workflows": [WORKFLOW],
    "endpoint": "https://cats.example.com/e/x",
}
EXPECTED = {
    "name": "cats",
    "provider": "github",
    "enabled": True,
    "parameters": {"repository": "acme/cats"},
    "properties": {"external_id": "42", "webhook_secret": "whsec_0123"},
    "credentials": {"access_tokens": "ghp_0123456789"},
    "credential_type": "api-key",
    "expires_at": 1_800_000_000,
    "credentials_expire_at": -1,
    "workflows": [WORKFLOW],
    "endpoint": "https://cats.example.com/e/x",
}


class Answers:
    settings: EndpointSettings

    def use(self, settings: EndpointSettings, label: str) -> None:
        self.settings = settings


def document(settings: Mapping[str, Any], sealed: bytes | None = None) -> dict[str, Any]:
    return {
        "name": "cats",
        "enabled": True,
        "settings": settings,
        "references": {},
        "sealed": sealed,
        "space": "first",
    }


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> DataKey:
    key = DataKey()
    monkeypatch.setattr(key, "_key", b"data key")
    return key


def test_a_store_that_shows_nothing_has_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "secrets", {})
    file = FileEndpoints(tmp_path / "endpoints.sqlite")
    for name, value in file.environment.items():
        monkeypatch.setenv(name, value)
    hook_id = file.put("cats", PLAIN | SECRETS)
    endpoints = Endpoints(
        bundle_module(ENDPOINTS=PROVIDER), lambda endpoint: Answers(), subscription_settings
    )

    found = endpoints.find(hook_id)

    assert found is not None
    settings = found.application.settings  # type: ignore[attr-defined]
    assert settings.copy() == EXPECTED | {"id": hook_id, "hook_id": hook_id}
    masked = {"ghp_0123456789", "whsec_0123", "client_0123", hook_id}
    assert {*process.secrets} == masked
    assert {*settings.hidden} == {"42"} | masked - {hook_id}


def test_a_table_has_its_secrets_sealed(key: DataKey) -> None:
    bundle = bundle_module(ENDPOINTS=PROVIDER)
    hidden = seal(SECRETS, "hook", "data key")

    settings = subscription_settings(document(PLAIN, hidden), "hook", bundle, key, None)

    assert settings.copy() == EXPECTED | {"id": "first", "hook_id": "hook"}
    with pytest.raises(SettingsError, match="sealed with another key"):
        subscription_settings(document(PLAIN, hidden), "other", bundle, key, None)


def test_one_that_nobody_told_anything_never_expires_and_starts_nothing(key: DataKey) -> None:
    bundle = bundle_module(ENDPOINTS=PROVIDER)

    settings = subscription_settings(document({}), "hook", bundle, key, None)

    assert settings.copy() == {
        "id": "first",
        "name": "cats",
        "hook_id": "hook",
        "provider": "github",
        "enabled": True,
        "parameters": {},
        "properties": {},
        "credentials": {},
        "credential_type": "unauthorized",
        "expires_at": -1,
        "credentials_expire_at": -1,
        "workflows": [],
        "endpoint": "",
    }


def test_values_that_are_kept_elsewhere(key: DataKey, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(wanted: Mapping[str, Any], deadline: float | None) -> dict[str, Any]:
        assert wanted == {"setting credentials.access_tokens": ("ssm", "/cats/token")}
        return {"setting credentials.access_tokens": "ghp_elsewhere"}

    monkeypatch.setattr("endpoint_runtime.settings.aws_values.read_remote", read)
    kept = document({**PLAIN, **SECRETS, "credentials": {}})
    kept["references"] = {"credentials.access_tokens": ["ssm", "/cats/token"]}

    settings = subscription_settings(kept, "hook", bundle_module(ENDPOINTS=PROVIDER), key, None)

    assert settings.copy()["credentials"] == {"access_tokens": "ghp_elsewhere"}
    assert "ghp_elsewhere" in settings.secrets


def test_one_that_is_being_made_is_read_again_soon(key: DataKey) -> None:
    bundle = bundle_module(ENDPOINTS=PROVIDER)

    made = subscription_settings(document(PLAIN), "hook", bundle, key, None)
    pending = subscription_settings(document({**PLAIN, "pending": True}), "hook", bundle, key, None)

    assert (made.lasts, pending.lasts) == (float("inf"), 1.0)
    assert "pending" not in pending.copy()
