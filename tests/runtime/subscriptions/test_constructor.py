"""A provider's constructor, called as Dify's core calls it, against a service of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.subscriptions import attach
from endpoint_runtime.subscriptions.constructor import KEY, ConstructorError
from tests.support.applications import MakeApplication
from tests.support.hooks import (
    CODE,
    ENDS,
    GRANTED,
    REFRESH,
    RENEWED,
    SECRET,
    SOURCE,
    TOKEN,
    Service,
    hooks_service,
)
from tests.support.managed_endpoints import MANAGED

ENDPOINTS = {**MANAGED, "provider": "doors", "constructor": "provider/doors.py", "properties": {}}
LANGUAGES = ("zh_Hans", "en_US", "pt_BR", "ja_JP")
URL = "https://cats.example.com/e/abc"
Call = Callable[..., Any]


@pytest.fixture
def service() -> Iterator[Service]:
    with hooks_service() as running:
        yield running


@pytest.fixture
def call(make_application: MakeApplication, monkeypatch: pytest.MonkeyPatch) -> Call:
    """`call(action, ...)`: the answer of the plugin's function that calls its constructor."""
    monkeypatch.setenv(attach.VARIABLE, attach.CONSTRUCT)
    monkeypatch.setattr(process, "secrets", {})
    application = make_application({"provider/doors.py": SOURCE}, ENDPOINTS=ENDPOINTS)
    attach.attach(application)

    def call(action: str, **asked: Any) -> Any:
        assert application.take_event is not None
        return application.take_event({KEY: {"action": action, **asked}}, None)

    return call


def test_from_the_first_to_the_last(call: Call, service: Service) -> None:
    with_key = {"credentials": service.credentials, "credential_type": "api-key"}
    parameters = {"door": "front", "events": ["rung"]}

    assert call("validate", **with_key) == {"result": None}
    made = call("create", endpoint=URL, parameters=parameters, **with_key)["result"]
    number = made["properties"]["id"]
    assert made == {
        "properties": {"webhook_secret": SECRET, "id": number},
        "expires_at": ENDS,
    }
    hook = {"url": URL, "by": "api-key", "token": TOKEN, "renewals": 0, **parameters}
    assert service.hooks == {number: hook}
    subscription = {**made, "endpoint": URL, "parameters": parameters}
    assert call("refresh", subscription=subscription, **with_key)["result"] == {
        "properties": {**made["properties"], "renewals": 1},
        "expires_at": ENDS,
    }
    assert call("options", parameter="door", **with_key)["result"] == [
        {
            "value": each,
            "label": dict.fromkeys(("zh_Hans", "en_US", "pt_BR", "ja_JP"), each.title()),
        }
        for each in ("front", "back")
    ]
    assert call("delete", subscription=subscription, **with_key)["result"] == {
        "success": True,
        "message": "the service says 204",
    }
    assert call("delete", subscription=subscription, **with_key)["result"] == {
        "success": False,
        "message": "the service says 404",
    }
    assert service.hooks == {}
    assert TOKEN in process.secrets


def test_oauth(call: Call, service: Service) -> None:
    back = "http://127.0.0.1:8976/oauth/callback"
    asked = {"redirect_uri": back, "client": service.client}
    granted = {"token": GRANTED, "refresh": REFRESH, "server": service.url}

    assert call("authorize", **asked)["result"] == (
        f"{service.url}/authorize?client_id=client-1&"
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A8976%2Foauth%2Fcallback"
    )
    assert call("credentials", url=f"{back}?code={CODE}&state=s", **asked)["result"] == {
        "credentials": granted,
        "expires_at": -1,
    }
    assert call("refresh_credentials", credentials=granted, **asked)["result"] == {
        "credentials": {**granted, "token": RENEWED},
        "expires_at": -1,
    }
    assert call("credentials", url=f"{back}?code=another-code&state=s", **asked) == {
        "error": {"type": "ValueError", "message": "no token for another-code: 400"}
    }
    assert "another-code" in process.secrets


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("validate", {"type": "TriggerProviderCredentialValidationError", "message": "no: wrong"}),
        ("create", {"type": "SubscriptionError", "message": "refused: 401"}),
        ("paint", {"type": "ConstructorError", "message": "a constructor has no action 'paint'"}),
    ],
)
def test_what_goes_wrong_is_an_answer(
    call: Call, service: Service, action: str, error: dict[str, str]
) -> None:
    credentials = {**service.credentials, "token": "wrong"}

    answer = call(
        action, endpoint=URL, parameters={}, credentials=credentials, credential_type="api-key"
    )

    assert answer == {"error": error}


def test_an_event_that_asks_for_nothing_is_an_error(
    make_application: MakeApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(attach.VARIABLE, attach.CONSTRUCT)
    application = make_application({"provider/doors.py": SOURCE}, ENDPOINTS=ENDPOINTS)
    attach.attach(application)

    assert application.take_event is not None
    with pytest.raises(ConstructorError, match="asks for no call"):
        application.take_event({"version": "2.0", "body": f'{{"{KEY}": {{}}}}'}, None)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "the provider has no subscription_constructor"),
        ("provider/none.py", "provider/none.py has no subclass of TriggerSubscriptionConstructor"),
        ("provider/two.py", "provider/two.py has several subclasses of "),
    ],
)
def test_a_source_without_a_constructor(
    make_application: MakeApplication,
    monkeypatch: pytest.MonkeyPatch,
    source: str | None,
    message: str,
) -> None:
    monkeypatch.setenv(attach.VARIABLE, attach.CONSTRUCT)
    base = "from dify_plugin.interfaces.trigger import TriggerSubscriptionConstructor as T\n"
    files = {
        "provider/none.py": base,
        "provider/two.py": base + "class A(T): pass\nclass B(T): pass\n",
    }
    application = make_application(files, ENDPOINTS={**ENDPOINTS, "constructor": source})
    attach.attach(application)

    assert application.take_event is not None
    answer = application.take_event({KEY: {"action": "validate", "credentials": {}}}, None)
    assert answer["error"]["type"] == "ConstructorError"
    assert answer["error"]["message"].startswith(message)
