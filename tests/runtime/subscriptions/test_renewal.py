"""What a schedule renews, in a table and in parameters: what is due, and nobody's edit."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from endpoint_runtime import aws, process
from endpoint_runtime.managed import sealed, stores
from endpoint_runtime.managed.endpoints import Endpoints
from endpoint_runtime.managed.subscriptions import subscription_settings
from endpoint_runtime.subscriptions import attach, written
from endpoint_runtime.subscriptions.renewal import RenewalFailed, is_due, parted
from tests.support.applications import MakeApplication
from tests.support.aws.moto_server import MotoServer
from tests.support.builders import bundle_module
from tests.support.hooks import ENDS, GRANTED, REFRESH, RENEWED, SOURCE, Service, hooks_service
from tests.support.managed_endpoints import KEY, MANAGED, WHEN, item, make_hook_id, seal

TABLE, PREFIX = "DoorsFunctionEndpoints", "/packager/stack/DoorsFunction/"
DATA_KEY = "vQ3nZ1" * 10
ENDPOINTS = {
    **MANAGED,
    "provider": "doors",
    "constructor": "provider/doors.py",
    "properties": {"webhook_secret": True, "note": False},
    "kms_key": None,
}
STORES = ("dynamodb", "ssm")


@pytest.fixture
def service() -> Iterator[Service]:
    with hooks_service() as running:
        yield running


@pytest.fixture(scope="module")
def account(moto_plain: MotoServer) -> MotoServer:
    moto_plain.boto("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    moto_plain.boto("secretsmanager").create_secret(Name="doors-key", SecretString=DATA_KEY)
    return moto_plain


class Kept:
    """Subscriptions in one of the stores, put there as the tool does."""

    def __init__(self, kind: str, account: MotoServer) -> None:
        self.kind = kind
        self._account = account

    def put(self, name: str, plain: Mapping[str, Any], secret: Mapping[str, Any]) -> str:
        hook_id = make_hook_id()
        if self.kind == "dynamodb":
            made = item(name, plain, sealed=seal(secret, hook_id, DATA_KEY))
            table = self._account.boto("dynamodb")
            table.put_item(TableName=TABLE, Item={"id": {"S": hook_id}, **made})
            table.put_item(
                TableName=TABLE, Item={"id": {"S": f"name:{name}"}, "hook_id": {"S": hook_id}}
            )
        else:
            document = {
                "name": name,
                "enabled": True,
                "settings": {**plain, **secret},
                "version": 1,
                "updated": WHEN,
            }
            self._account.boto("ssm").put_parameter(
                Name=PREFIX + hook_id, Value=json.dumps(document), Type="SecureString"
            )
        return hook_id

    def read(self, hook_id: str) -> dict[str, Any]:
        """What the provider's function has of a subscription."""
        bundle = bundle_module(ENDPOINTS={**ENDPOINTS, "store": self.kind})
        endpoints = Endpoints(bundle, lambda endpoint: Answers(), subscription_settings)
        found = endpoints.find(hook_id)
        assert found is not None
        copy: dict[str, Any] = found.application.settings.copy()  # type: ignore[attr-defined]
        return copy

    def empty(self) -> None:
        table, ssm = self._account.boto("dynamodb"), self._account.boto("ssm")
        for each in table.scan(TableName=TABLE)["Items"]:
            table.delete_item(TableName=TABLE, Key={"id": each["id"]})
        for each in ssm.get_parameters_by_path(Path=PREFIX.rstrip("/"))["Parameters"]:
            ssm.delete_parameter(Name=each["Name"])


class Answers:
    def use(self, settings: Any, label: str) -> None:
        self.settings = settings


@pytest.fixture(params=STORES)
def kept(
    request: pytest.FixtureRequest,
    no_aws: None,
    account: MotoServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Kept]:
    monkeypatch.setattr(process, "secrets", {})
    values = {
        **account.environment,
        stores.KEY_VARIABLE: KEY,
        stores.VARIABLE: TABLE if request.param == "dynamodb" else PREFIX,
        sealed.VARIABLE: "doors-key",
        attach.VARIABLE: attach.RENEW,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    found = Kept(request.param, account)
    yield found
    found.empty()
    aws.forget()


def renew(make_application: MakeApplication, kind: str) -> Any:
    application = make_application(
        {"provider/doors.py": SOURCE}, ENDPOINTS={**ENDPOINTS, "store": kind}
    )
    attach.attach(application)
    assert application.take_event is not None
    return application.take_event({"source": "aws.events"}, None)


def subscribed(service: Service, **more: Any) -> dict[str, Any]:
    """What is not secret of a subscription whose hook the service has as number 1."""
    service.hooks["1"] = {"renewals": 0}
    plain = {"endpoint": "https://cats.example.com/e/x", "credential_type": "api-key"}
    return {**plain, "expires_at": int(time.time()) + 600, **more}


def secrets_of(service: Service) -> dict[str, Any]:
    return {
        "credentials": service.credentials,
        "properties": {"id": "1"},
        "secret_properties": {"webhook_secret": "old"},
        "parameters": {"door": "front"},
    }


def test_what_is_due_is_renewed(
    kept: Kept, service: Service, make_application: MakeApplication
) -> None:
    workflows = [{"event": "opened", "app": "a", "parameters": {}, "inputs": {}}]
    due = kept.put("due", subscribed(service, workflows=workflows), secrets_of(service))
    late = kept.put("late", subscribed(service, expires_at=ENDS), secrets_of(service))
    by_hand = kept.put("by hand", {"expires_at": 1}, {})

    assert renew(make_application, kept.kind) == {"renewed": 1}

    assert service.asked == ["POST /hooks/1/renew"]
    after = kept.read(due)
    assert after["expires_at"] == ENDS
    assert after["properties"] == {"id": "1", "webhook_secret": "old", "renewals": 1}
    assert (after["parameters"], after["workflows"]) == ({"door": "front"}, workflows)
    assert kept.read(late)["properties"] == {"id": "1", "webhook_secret": "old"}
    assert kept.read(by_hand)["expires_at"] == 1


def test_a_token_is_renewed_before_what_it_is_needed_for(
    kept: Kept, service: Service, make_application: MakeApplication
) -> None:
    service.token_ends = ENDS
    plain = subscribed(
        service, credential_type="oauth2", credentials_expire_at=int(time.time()) + 60
    )
    expired = {"token": "expired", "refresh": REFRESH, "server": service.url}
    secret = {**secrets_of(service), "credentials": expired, "oauth_client": service.client}
    hook_id = kept.put("inbox", plain, secret)

    assert renew(make_application, kept.kind) == {"renewed": 1}

    assert service.asked == ["POST /token", "POST /hooks/1/renew"]
    after = kept.read(hook_id)
    assert after["credentials"] == {"token": RENEWED, "refresh": REFRESH, "server": service.url}
    assert (after["credentials_expire_at"], after["expires_at"]) == (ENDS, ENDS)


def test_one_that_fails_keeps_no_other_from_it_and_is_an_error(
    kept: Kept,
    service: Service,
    make_application: MakeApplication,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sound = kept.put("sound", subscribed(service), secrets_of(service))
    wrong = {**secrets_of(service), "credentials": {**service.credentials, "token": GRANTED + "x"}}
    broken = kept.put("broken", subscribed(service), wrong)

    with pytest.raises(RenewalFailed, match="these were not renewed: broken"):
        renew(make_application, kept.kind)

    assert kept.read(sound)["expires_at"] == ENDS
    assert kept.read(broken)["expires_at"] < ENDS
    log = capfd.readouterr().err
    assert "[broken] was not renewed: SubscriptionError: not renewed: 401" in log
    assert GRANTED not in log


def test_who_edits_one_meanwhile_is_not_overwritten(
    kept: Kept,
    service: Service,
    make_application: MakeApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook_id = kept.put("cats", subscribed(service), secrets_of(service))
    kind = written.Table if kept.kind == "dynamodb" else written.Parameters
    write = kind.write

    def edited(self: Any, hook: str, *rest: Any) -> bool:
        if kept.kind == "dynamodb":
            kept._account.boto("dynamodb").update_item(
                TableName=TABLE,
                Key={"id": {"S": hook}},
                UpdateExpression="ADD #v :one",
                ExpressionAttributeNames={"#v": "version"},
                ExpressionAttributeValues={":one": {"N": "1"}},
            )
        else:
            ssm = kept._account.boto("ssm")
            value = ssm.get_parameter(Name=PREFIX + hook, WithDecryption=True)["Parameter"]
            ssm.put_parameter(Name=PREFIX + hook, Value=value["Value"], Overwrite=True)
        done: bool = write(self, hook, *rest)
        return done

    monkeypatch.setattr(kind, "write", edited)

    assert renew(make_application, kept.kind) == {"renewed": 0}

    assert kept.read(hook_id)["expires_at"] < ENDS


def test_what_is_due() -> None:
    assert is_due(1000, 900, 101)
    assert is_due(1000, 2000, 100)
    assert not is_due(1000, 900, 100)
    assert not is_due(-1, 900, 100)
    assert not is_due(None, 900, 100)


def test_what_of_properties_is_secret() -> None:
    found = {"webhook_secret": "a", "token_kind": "b", "bot_token": "c", "id": "d"}

    assert parted(found, {"webhook_secret": True, "token_kind": False}) == {
        "properties": {"token_kind": "b", "id": "d"},
        "secret_properties": {"webhook_secret": "a", "bot_token": "c"},
    }
