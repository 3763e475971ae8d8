"""The stores as they are in AWS and in a file, sealed settings, and references."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime import aws, process
from endpoint_runtime.aws import AwsError
from endpoint_runtime.managed import sealed, stores
from endpoint_runtime.managed.endpoints import Endpoints
from endpoint_runtime.managed.sealed import DataKey, SealError, open_sealed
from endpoint_runtime.managed.settings import EndpointSettings, settings_of
from endpoint_runtime.settings.group import SettingsError
from tests.support.aws.faulty_aws import FaultyAws, faulty_aws
from tests.support.aws.moto_server import MotoServer
from tests.support.builders import bundle_module
from tests.support.managed_endpoints import (
    KEY,
    MANAGED,
    FileEndpoints,
    item,
    make_hook_id,
    seal,
)

TABLE, PREFIX = "NekoFunctionEndpoints", "/packager/stack/NekoFunction/"
DATA_KEY = "vQ3nZ1" * 10
SETTINGS = (
    {"name": "key", "type": "secret-input", "required": True},
    {"name": "loud", "type": "boolean", "required": False},
)


@pytest.fixture(scope="module")
def account(moto_plain: MotoServer) -> MotoServer:
    moto_plain.boto("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    secrets = moto_plain.boto("secretsmanager")
    secrets.create_secret(Name="data-key", SecretString=DATA_KEY)
    secrets.create_secret(Name="neko", SecretString='{"k": "in a secret"}')
    moto_plain.boto("ssm").put_parameter(Name="/neko/loud", Value="yes", Type="String")
    return moto_plain


@pytest.fixture
def here(no_aws: None, account: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyAws]:
    monkeypatch.setattr(process, "secrets", {})
    monkeypatch.setenv(stores.KEY_VARIABLE, KEY)
    monkeypatch.setenv(sealed.VARIABLE, "data-key")
    with faulty_aws(account) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server
        aws.forget()


class Answers:
    settings: EndpointSettings

    def use(self, settings: EndpointSettings, label: str) -> None:
        self.settings, self.label = settings, label


def make(kind: str, monkeypatch: pytest.MonkeyPatch) -> Endpoints:
    monkeypatch.setenv(stores.VARIABLE, {"dynamodb": TABLE, "ssm": PREFIX}[kind])
    bundle = bundle_module(ENDPOINTS={**MANAGED, "store": kind}, SETTINGS=SETTINGS)
    return Endpoints(bundle, lambda endpoint: Answers())


def values(endpoints: Endpoints, hook_id: str) -> Any:
    found = endpoints.find(hook_id)
    return found and found.application.settings.copy()  # type: ignore[attr-defined]


def test_a_table(here: FaultyAws, account: MotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    table = account.boto("dynamodb")
    ids = [make_hook_id() for _ in range(4)]
    for hook_id, made in zip(
        ids,
        [
            item("acme", {"loud": True}, sealed=seal({"key": "größe"}, ids[0], DATA_KEY)),
            item("two", {"loud": False}, sealed=seal({"key": "other"}, ids[1], DATA_KEY)),
            item("off", {}, enabled=False),
            item(
                "far",
                {},
                references={"key": ["secret", "neko", "k"], "loud": ["ssm", "/neko/loud"]},
            ),
        ],
        strict=True,
    ):
        table.put_item(TableName=TABLE, Item={"id": {"S": hook_id}, **made})
    for name, hook_id in (("root", ids[1]), ("name:acme", ids[0])):
        table.put_item(TableName=TABLE, Item={"id": {"S": name}, "hook_id": {"S": hook_id}})
    endpoints = make("dynamodb", monkeypatch)

    assert values(endpoints, ids[0]) == {"key": "größe", "loud": True}
    assert here.calls == ["GetItem", "GetSecretValue"]
    assert values(endpoints, ids[1]) == {"key": "other", "loud": False}
    assert values(endpoints, ids[0]) == {"key": "größe", "loud": True}
    assert here.calls == ["GetItem", "GetSecretValue", "GetItem"]
    assert values(endpoints, ids[2]) is None
    assert values(endpoints, make_hook_id()) is None
    assert values(endpoints, "name:acme") is None
    here.calls.clear()
    assert values(endpoints, ids[3]) == {"key": "in a secret", "loud": True}
    assert here.calls == ["GetItem", "GetParameters", "GetSecretValue"]
    assert (endpoints.root(), endpoints.named("acme"), endpoints.named("none")) == (
        *(ids[1], ids[0], None),
    )
    assert {"größe", "other", "in a secret", DATA_KEY, *ids[:2], ids[3]} == {*process.secrets} - {
        account.environment["AWS_SECRET_ACCESS_KEY"]
    }


def test_parameters(here: FaultyAws, account: MotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ssm = account.boto("ssm")
    hook_id = make_hook_id()
    document = {"name": "acme/größe", "enabled": True, "settings": {"key": "k", "more": [None]}}
    digits = hashlib.sha256("acme/größe".encode()).hexdigest()[:32]
    for name, text in (
        (hook_id, json.dumps(document)),
        ("root", hook_id),
        (f"names/{digits}", hook_id),
    ):
        ssm.put_parameter(Name=PREFIX + name, Value=text, Type="SecureString")
    endpoints = make("ssm", monkeypatch)

    assert values(endpoints, hook_id) == {"key": "k", "more": [None]}
    assert values(endpoints, make_hook_id()) is None
    assert (endpoints.root(), endpoints.named("acme/größe"), endpoints.named("acme")) == (
        *(hook_id, hook_id, None),
    )
    assert {*here.calls} == {"GetParameters"}
    assert len(here.calls) == 5


def test_a_key_that_can_not_be_read_is_read_at_the_next_request(
    here: FaultyAws, account: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook_id = make_hook_id()
    made = item("acme", {}, sealed=seal({"key": "k"}, hook_id, DATA_KEY))
    table = account.boto("dynamodb")
    table.put_item(TableName=TABLE, Item={"id": {"S": hook_id}, **made})
    endpoints = make("dynamodb", monkeypatch)
    monkeypatch.setenv(sealed.VARIABLE, "no-such-key")

    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        values(endpoints, hook_id)
    monkeypatch.setenv(sealed.VARIABLE, "data-key")
    assert values(endpoints, hook_id) == {"key": "k"}


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_what_is_sealed_is_its_endpoints_alone() -> None:
    one, two = make_hook_id(), make_hook_id()
    box = seal({"key": "größe", "n": [1]}, one, DATA_KEY)

    assert open_sealed(box, one, DATA_KEY.encode()) == {"key": "größe", "n": [1]}
    assert "größe".encode() not in box
    for wrong in (
        (box, two, DATA_KEY),
        (box, one, "another key"),
        *((changed(box, at), one, DATA_KEY) for at in range(len(box))),
        (box[:-1], one, DATA_KEY),
        (b"", one, DATA_KEY),
    ):
        with pytest.raises(SealError) as refused:
            open_sealed(wrong[0], wrong[1], wrong[2].encode())
        assert "größe" not in str(refused.value)
        assert one not in str(refused.value)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"settings": {}}, "setting key is required and not set"),
        ({"settings": {"key": 1, "loud": "perhaps"}}, "setting key must be a string; "),
        (
            {"references": {"key": ["env", "HOME"]}},
            "what key refers to is neither a parameter nor a secret",
        ),
        (
            {"references": {"key": ["secret", "no-such", None]}},
            "setting key is required and not set",
        ),
        ({"sealed": b"?"}, "its sealed settings are of a form that this runtime does not know"),
    ],
)
def test_settings_that_can_not_be_used(
    here: FaultyAws, document: dict[str, Any], fault: str
) -> None:
    empty: dict[str, Any] = {"settings": {}, "references": {}, "sealed": None}
    bundle = bundle_module(SETTINGS=SETTINGS)

    with pytest.raises(SettingsError) as refused:
        settings_of(empty | document, make_hook_id(), bundle, DataKey(), None)

    assert str(refused.value).startswith(fault)


def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = bundle_module(ENDPOINTS=MANAGED, SETTINGS=SETTINGS, PLUGIN="neko", GROUP="g")
    path = tmp_path / "a folder?#%" / "endpoints.sqlite"
    for name, value in (("PACKAGER_LOCAL_ENDPOINTS", str(path)), ("PACKAGER_ENDPOINTS_KEY", KEY)):
        monkeypatch.setenv(name, value)
    endpoints = Endpoints(bundle, lambda endpoint: Answers())

    assert (endpoints.root(), values(endpoints, make_hook_id())) == (None, None)
    assert not path.parent.exists()
    path.parent.mkdir()
    mine, theirs = FileEndpoints(path, "neko/g"), FileEndpoints(path, "other/g")
    own, other = mine.put("acme", {"key": "k"}), theirs.put("acme", {"key": "theirs"}, root=True)
    assert values(endpoints, own) == {"key": "k"}
    assert values(endpoints, other) is None
    assert endpoints.named("acme") == own


def test_a_store_that_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = bundle_module(ENDPOINTS=MANAGED)
    with pytest.raises(ValueError, match="PACKAGER_ENDPOINTS does not say where endpoints are"):
        stores.open_store(bundle)
