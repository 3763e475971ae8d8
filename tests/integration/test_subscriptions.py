"""The constructor in a bundle's process, by the command, and what renews under AWS's emulator."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.support.aws.moto_server import MotoServer
from tests.support.examples import Build, Command
from tests.support.hooks import ENDS, FILES, REFRESH, RENEWED, TOKEN, hooks_service, write_doors
from tests.support.managed_endpoints import KEY, item, make_hook_id, seal
from tests.support.plugin_writer import write_plugin
from tests.support.rie import emulator
from tests.support.terminal import converse

TABLE, DATA_KEY = "RenewedSubscriptions", "vQ3nZ1" * 10


def test_the_command_runs_the_plugins_own_code(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    plugin = write_doors(tmp_path / "doors")
    with hooks_service() as service:
        given = {"credentials": service.credentials, "parameters": {"door": "front"}}
        arguments = ("--name", "cats", "--file", "-", "--url", "https://t.example")

        made = command(
            "subscriptions", "create", plugin, *arguments, stdin=json.dumps(given).encode()
        )

        assert made.returncode == 0, made.stderr.decode()
        url = made.stdout.decode().strip()
        (number,) = service.hooks
        assert service.hooks[number]["url"] == url
        log = made.stderr.decode()
        assert f"made {number} for ***" in log
        assert TOKEN not in log
        gone = command("subscriptions", "delete", plugin, "--name", "cats", "--yes")
        assert gone.returncode == 0, gone.stderr.decode()
        assert service.hooks == {}


def test_a_terminal_is_asked(tmp_path: Path) -> None:
    plugin = write_doors(tmp_path / "doors")
    here = {"XDG_STATE_HOME": str(tmp_path / "state"), "LANG": "en_US.UTF-8", "TERM": "dumb"}
    create = ["subscriptions", "create", str(plugin), "--url", "https://t.example"]
    with hooks_service() as service:
        first = ["cats", "4", "1", TOKEN, service.url, "front", "rung, shut", "opened,rung"]
        workflow = ["nope", "opened", "a1", "10", "3", "x=dor", "x = door", ""]

        seen, code = converse(create, first + workflow, here)

        assert code == 0, seen
        (hook,) = service.hooks.values()
    assert (hook["door"], hook["events"]) == ("front", ["opened", "rung"])
    assert TOKEN not in seen
    for words in (
        "1  credentials of yours, with which it is made for you",
        "answer with one of the numbers",
        "  back   Back",  # as the service says
        "expected some of opened, rung",
        "there is no event nope; did you mean opened?",
        "expected a number from 1 to 9",
        "that is no variable of the event",
        "created cats: it answers from now on",
    ):
        assert words in seen
    shown, code = converse(["subscriptions", "show", str(plugin), "--name", "cats"], [], here)
    assert code == 0, shown
    assert '{"least": 3}' in shown
    assert "x = door" in shown


def test_the_renewer_renews_what_is_due(
    tmp_path: Path, build: Build, entry: str, moto_plain: MotoServer
) -> None:
    plugin = write_plugin(tmp_path / "doors", {**FILES, "packager.toml": f'entry = "{entry}"\n'})
    bundle = build(plugin) / "DoorsFunction"
    table = moto_plain.boto("dynamodb")
    name = f"{TABLE}-{entry}"
    table.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    secret = moto_plain.boto("secretsmanager").create_secret(Name=name, SecretString=DATA_KEY)
    soon = int(time.time()) + 60
    with hooks_service() as service:
        service.token_ends = ENDS
        service.hooks["1"] = {"renewals": 0}
        hook_id = make_hook_id()
        plain = {
            "credential_type": "oauth2",
            "endpoint": "https://t.example/e/x",
            "expires_at": soon,
            "credentials_expire_at": soon,
        }
        hidden = {
            "credentials": {"token": TOKEN, "refresh": REFRESH, "server": service.url},
            "oauth_client": service.client,
            "properties": {"id": "1"},
        }
        made = item("cats", plain, sealed=seal(hidden, hook_id, DATA_KEY))
        table.put_item(TableName=name, Item={"id": {"S": hook_id}, **made})
        variables = {
            **moto_plain.environment,
            "PACKAGER_SUBSCRIPTIONS": "renew",
            "PACKAGER_ENDPOINTS": name,
            "PACKAGER_ENDPOINTS_KEY": KEY,
            "PACKAGER_ENDPOINTS_SECRET": secret["ARN"],
        }
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
        with emulator(bundle, tmp_path / "renewer", variables) as renewer:
            assert renewer.invoke(event) == {"renewed": 1}
            assert renewer.invoke(event) == {"renewed": 0}
            log = renewer.log
        assert service.asked == ["POST /token", "POST /hooks/1/renew"]
    assert "[cats] was renewed" in log
    assert not any(each in log for each in (TOKEN, RENEWED, hook_id))
    kept = table.get_item(TableName=name, Key={"id": {"S": hook_id}})["Item"]
    assert json.loads(kept["settings"]["S"])["expires_at"] == ENDS
    assert RENEWED not in str(kept)
