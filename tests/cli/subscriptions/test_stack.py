"""`packager subscriptions --stack`: what is kept in AWS, and what the function has of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime import aws, process
from endpoint_runtime.managed import sealed, stores
from endpoint_runtime.managed.endpoints import Endpoints
from endpoint_runtime.managed.subscriptions import subscription_settings
from tests.cli.conftest import Run
from tests.cli.subscriptions.conftest import Deploy
from tests.support.aws.endpoint_stack import BASE
from tests.support.aws.moto_server import MotoServer
from tests.support.builders import bundle_module
from tests.support.hooks import ENDS, SECRET, TOKEN, Service

STORES = ("dynamodb", "ssm")
WORKFLOW = {"event": "opened", "app": "a1", "parameters": {}, "inputs": {}}
PROPERTIES = {"webhook_secret": True, "note": False}


class Answers:
    def use(self, settings: Any, label: str) -> None:
        self.settings = settings


def in_function(outputs: dict[str, Any], kind: str, hook_id: str, patch: Any) -> Any:
    """What the deployed function has of a subscription."""
    patch.setenv(stores.KEY_VARIABLE, f"{outputs['StackId']}/DoorsFunction")
    patch.setenv(stores.VARIABLE, outputs["DoorsFunctionEndpoints"])
    patch.setenv(sealed.VARIABLE, outputs.get("DoorsFunctionEndpointsKey", ""))
    described = {"store": kind, "provider": "doors", "properties": PROPERTIES}
    bundle = bundle_module(ENDPOINTS=described)
    found = Endpoints(bundle, lambda endpoint: Answers(), subscription_settings).find(hook_id)
    aws.forget()
    return found and found.application.settings.copy()  # type: ignore[attr-defined]


def everything(moto: MotoServer, outputs: dict[str, Any]) -> str:
    """All that the table shows to who reads it, or the parameters without their decryption."""
    if outputs["DoorsFunctionEndpoints"].startswith("/"):
        path = outputs["DoorsFunctionEndpoints"].rstrip("/")
        return str(moto.boto("ssm").get_parameters_by_path(Path=path)["Parameters"])
    return str(moto.boto("dynamodb").scan(TableName=outputs["DoorsFunctionEndpoints"])["Items"])


@pytest.mark.parametrize("kind", STORES)
def test_what_the_function_has(
    run: Run,
    plugin: Path,
    stack: Deploy,
    moto: MotoServer,
    service: Service,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "secrets", {})
    outputs = stack(f'endpoints_store = "{kind}"\n')
    secrets = moto.boto("secretsmanager")
    secrets.create_secret(Name="doors", SecretString=json.dumps({"token": TOKEN}))
    document = {
        "credentials": {"token": {"secret": "doors", "key": "token"}, "server": service.url},
        "parameters": {"door": "front"},
        "workflows": [WORKFLOW],
    }
    arguments = ("create", plugin, "--stack", "prod", "--name", "cats", "--format", "json")

    done = run("subscriptions", *arguments, "--file", "-", stdin=json.dumps(document).encode())

    assert done.code == 0, done.stderr
    made = json.loads(done.stdout)
    url = f"{BASE}/e/{made['hook_id']}"
    (number,) = service.hooks
    assert (service.hooks[number]["url"], service.hooks[number]["token"]) == (url, TOKEN)
    kept = everything(moto, outputs)
    if kind == "ssm":  # moto does not encrypt
        assert "'Type': 'SecureString'" in kept
    else:
        assert "cats" in kept
        assert not any(each in kept for each in (TOKEN, SECRET, "front", service.url))
    assert in_function(outputs, kind, made["hook_id"], monkeypatch) == {
        "id": made["hook_id"],
        "name": "cats",
        "hook_id": made["hook_id"],
        "provider": "doors",
        "enabled": True,
        "parameters": {"door": "front", "events": ["opened"]},
        "properties": {"webhook_secret": SECRET, "id": number},
        "credentials": {"token": TOKEN, "server": service.url},
        "credential_type": "api-key",
        "expires_at": ENDS,
        "credentials_expire_at": -1,
        "workflows": [WORKFLOW],
        "endpoint": url,
    }

    gone = ("delete", plugin, "--stack", "prod", "--name", "cats", "--yes")
    assert run("subscriptions", *gone).code == 0
    assert service.hooks == {}
    assert in_function(outputs, kind, made["hook_id"], monkeypatch) is None


def test_a_value_that_is_not_there(run: Run, plugin: Path, stack: Deploy, service: Service) -> None:
    stack()
    document = {
        "credentials": {"token": {"ssm": "/none"}, "server": service.url},
        "parameters": {"door": "front"},
    }
    arguments = ("create", plugin, "--stack", "prod", "--name", "cats", "--file", "-")

    done = run("subscriptions", *arguments, stdin=json.dumps(document).encode())

    assert done.code == 1
    assert done.stderr == (
        "error: there is no SSM parameter /none, which credentials.token refers to\n"
    )
    assert run("subscriptions", "list", "--stack", "prod").stdout == ""


def test_who_may_not_read_the_key_sees_the_rest(
    run: Run, plugin: Path, stack: Deploy, moto: MotoServer
) -> None:
    outputs = stack()
    document = json.dumps({"properties": {"webhook_secret": SECRET}, "workflows": [WORKFLOW]})
    arguments = ("--stack", "prod", "--name", "cats")
    made = run(
        "subscriptions", "create", *arguments, "--manual", "--file", "-", stdin=document.encode()
    )
    assert made.code == 0, made.stderr
    key = outputs["DoorsFunctionEndpointsKey"]
    moto.boto("secretsmanager").delete_secret(SecretId=key, ForceDeleteWithoutRecovery=True)

    done = run("subscriptions", "show", *arguments, "--format", "json")

    assert done.code == 0
    assert done.stderr.startswith("warning: secrets, parameters and properties are left out: ")
    shown = json.loads(done.stdout)
    assert (shown["workflows"], shown["properties"]) == ([WORKFLOW], {})
