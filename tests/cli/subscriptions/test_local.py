"""`packager subscriptions` on this machine: what is made at the service, shown, changed, ended."""

from __future__ import annotations

import json
import urllib.request
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime import process
from packager.bundle.read import BuiltBundle
from packager.cli.running.sent import addressed, endpoint_of
from packager.endpoints.local import default_file
from packager.errors import PackagerError, UsageError
from packager.subscriptions import manage
from tests.cli.conftest import Done, Run
from tests.support.hooks import CODE, ENDS, GRANTED, REFRESH, RENEWED, SECRET, TOKEN, Service

URL = ("--url", "https://t.example")
SECRETS = (TOKEN, SECRET, GRANTED, RENEWED, REFRESH, "client_secret_0123456789")
ENDPOINTS = {"store": "dynamodb", "provider": "doors"}
WORKFLOW = {"event": "opened", "app": "a1", "parameters": {"least": 2}, "inputs": {"x": "door"}}


def good(done: Done) -> Done:
    assert done.code == 0, done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)
    return done


def create(run: Run, plugin: Path, document: dict[str, Any], *more: str, name: str = "cats") -> Any:
    arguments = ("create", plugin, "--name", name, "--file", "-", "--format", "json", *URL, *more)
    stdin = json.dumps(document).encode()
    return json.loads(good(run("subscriptions", *arguments, stdin=stdin)).stdout)


def constructed(service: Service, **more: Any) -> dict[str, Any]:
    return {"credentials": service.credentials, "parameters": {"door": "front"}, **more}


def test_from_making_it_to_its_end(run: Run, plugin: Path, service: Service) -> None:
    made = create(run, plugin, constructed(service, workflows=[WORKFLOW]))

    url = f"https://t.example/e/{made['hook_id']}"
    (number,) = service.hooks
    assert service.hooks[number] == {
        "url": url,
        "door": "front",
        "events": ["opened"],  # its default
        "by": "api-key",
        "token": TOKEN,
        "renewals": 0,
    }
    expected = {
        "name": "cats",
        "hook_id": made["hook_id"],
        "enabled": True,
        "url": url,
        "plugin": "doors",
        "provider": "doors",
        "function": "DoorsFunction",
        "credential_type": "api-key",
        "expires_at": ENDS,
        "credentials_expire_at": -1,
        "workflows": [WORKFLOW],
        "pending": False,
        "served": True,
        "version": 2,
        "created": made["created"],
        "updated": made["updated"],
    }
    assert made == expected
    shown = good(run("subscriptions", "show", plugin, "--name", "cats", "--format", "json"))
    assert json.loads(shown.stdout) == expected | {
        "parameters": {"door": "front", "events": ["opened"]},
        "properties": {"webhook_secret": "***", "id": "***"},
        "credentials": {"token": "***", "server": "***"},
        "oauth_client": {},
    }
    assert good(run("subscriptions", "show", plugin, "--name", "cats")).stdout == (
        f"cats  doors, this machine\n"
        f"  enabled, made with API key, version 2 of {made['updated']}\n"
        f"  address      {url}\n"
        "  expires      2096-10-02T07:06:40Z\n"
        "  parameters\n"
        '    events  ["opened"]\n'
        "    door    front\n"
        "  properties\n"
        "    id              ***\n"
        "    webhook_secret  ***\n"
        "  credentials\n"
        "    token   ***\n"
        "    server  ***\n"
        "  workflows\n"
        '    opened  a1  {"least": 2}  x = door\n'
    )
    done = good(run("subscriptions", "refresh", plugin, "--name", "cats"))
    assert done.stderr.endswith("cats: renewed subscription, expires 2096-10-02T07:06:40Z\n")
    done = good(run("subscriptions", "refresh", plugin, "--all", "--due"))
    assert done.stderr.endswith("cats: nothing of it expires soon\n")
    assert service.hooks[number]["renewals"] == 1

    done = good(run("subscriptions", "delete", plugin, "--name", "cats", "--yes"))

    assert done.stderr.startswith("deleted cats: ")
    assert service.hooks == {}
    assert good(run("subscriptions", "list", plugin)).stdout == ""


def test_what_is_changed(run: Run, plugin: Path, service: Service) -> None:
    made = create(run, plugin, constructed(service, workflows=[WORKFLOW]))
    (number,) = service.hooks

    def update(document: dict[str, Any], *more: str) -> Any:
        arguments = ("update", plugin, "--id", made["hook_id"], "--file", "-", *more)
        done = run(
            "subscriptions", *arguments, "--format", "json", stdin=json.dumps(document).encode()
        )
        return json.loads(good(done).stdout)

    after = update({"workflows": None}, "--rename", "kittens")
    assert (after["name"], after["workflows"], after["version"]) == ("kittens", [], 3)
    assert update({"workflows": []})["version"] == 3  # as it was
    assert [*service.hooks] == [number]
    moved = update({"parameters": {"door": "back"}})
    (other,) = service.hooks
    assert other != number
    assert service.hooks[other]["door"] == "back"
    assert (service.hooks[other]["url"], moved["url"]) == (made["url"], made["url"])

    off = good(run("subscriptions", "disable", plugin, "--name", "kittens", "--format", "json"))
    assert json.loads(off.stdout)["enabled"] is False
    done = good(run("subscriptions", "disable", plugin, "--name", "kittens"))
    assert done.stderr == "kittens is disabled already\n"
    listed = good(run("subscriptions", "list", plugin)).stdout.splitlines()
    assert listed[1].split() == [
        *("kittens", "doors", "disabled", "API", "key", "2096-10-02T07:06:40Z", "0"),
        made["hook_id"],
    ]


def test_one_made_by_hand(run: Run, plugin: Path, service: Service) -> None:
    made = create(run, plugin, {"properties": {"webhook_secret": SECRET}}, "--manual")

    assert (made["credential_type"], made["expires_at"]) == ("unauthorized", -1)
    done = good(run("subscriptions", "refresh", plugin, "--name", "cats"))
    assert done.stderr.endswith("cats: nothing of it can expire\n")
    good(run("subscriptions", "delete", plugin, "--name", "cats", "--yes"))
    assert service.asked == []


def test_one_made_by_hand_answers_wherever_it_is_asked(run: Run, plugin: Path) -> None:
    stdin = json.dumps({"properties": {"webhook_secret": SECRET}}).encode()
    arguments = ("create", plugin, "--manual", "--file", "-", "--format", "json", "--name")

    here = json.loads(good(run("subscriptions", *arguments, "here", stdin=stdin)).stdout)
    there = json.loads(good(run("subscriptions", *arguments, "there", *URL, stdin=stdin)).stdout)

    assert here["url"] == f"/e/{here['hook_id']}"
    assert there["url"] == f"https://t.example/e/{there['hook_id']}"
    file = default_file().read_bytes()
    assert (b'"endpoint"' in file, file.count(b'"endpoint":"https://t.example')) == (True, 1)


def test_nothing_is_left_where_the_end_can_not_be_written(
    run: Run, plugin: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: object, **more: object) -> None:
        raise PackagerError("the disk is full")

    monkeypatch.setattr(manage, "write", refused)
    document = json.dumps(constructed(service)).encode()
    create = ("create", plugin, "--name", "c", "--file", "-", *URL)

    done = run("subscriptions", *create, stdin=document)

    assert (done.code, done.stderr) == (1, "error: the disk is full\n")
    assert service.asked[-1] == "DELETE /hooks/2"
    assert service.hooks == {}
    assert good(run("subscriptions", "list", plugin)).stdout == ""


def test_nothing_is_left_of_one_that_is_refused(run: Run, plugin: Path, service: Service) -> None:
    service.refuses["/hooks"] = 422
    document = json.dumps(constructed(service)).encode()

    done = run(
        "subscriptions", "create", plugin, "--name", "c", "--file", "-", *URL, stdin=document
    )

    assert done.code == 1
    assert done.stderr.endswith(
        "error: the subscription could not be made: SubscriptionError: refused: 422\n"
    )
    assert good(run("subscriptions", "list", plugin)).stdout == ""


def test_a_secret_in_the_plugins_own_words_is_not_shown(
    run: Run, plugin: Path, service: Service
) -> None:
    service.tokens.remove(TOKEN)
    document = json.dumps(constructed(service)).encode()

    done = run(
        "subscriptions", "create", plugin, "--name", "c", "--file", "-", *URL, stdin=document
    )

    assert done.code == 1
    assert done.stderr.endswith(
        "the credentials were refused: TriggerProviderCredentialValidationError: no: ***\n"
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [(402, "UnsubscribeError: not without ***"), (403, "the service says *** ***")],
)
def test_nor_is_the_secret_of_its_webhooks(
    run: Run, plugin: Path, service: Service, status: int, said: str
) -> None:
    create(run, plugin, constructed(service))
    (number,) = service.hooks
    service.refuses[f"/hooks/{number}"] = status

    done = run("subscriptions", "delete", plugin, "--name", "cats", "--yes")

    assert done.code == 1
    assert done.stderr.splitlines()[0].endswith(said)
    assert (TOKEN in done.stderr, SECRET in done.stderr) == (False, False)
    assert SECRET in process.secrets  # of the function's log


def test_what_the_service_does_not_end_stays_unless_it_is_forced(
    run: Run, plugin: Path, service: Service
) -> None:
    create(run, plugin, constructed(service))
    service.hooks.clear()

    done = run("subscriptions", "delete", plugin, "--name", "cats", "--yes")
    assert (done.code, done.stderr) == (
        1,
        "error: cats could not be ended at the service: the service says 404\n"
        "  hint: --force forgets it here all the same; end it at the service yourself\n",
    )
    done = good(run("subscriptions", "delete", plugin, "--name", "cats", "--yes", "--force"))
    assert done.stderr.startswith(
        "warning: cats was not ended at the service: the service says 404\ndeleted cats"
    )
    assert good(run("subscriptions", "list", plugin)).stdout == ""


def test_oauth_by_the_browser(
    run: Run, plugin: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.token_ends = ENDS
    pages: list[bytes] = []

    def browse(url: str) -> bool:
        with urllib.request.urlopen(url, timeout=10) as page:
            pages.append(page.read())
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    document = {"oauth_client": service.client, "parameters": {"door": "front"}}

    made = create(run, plugin, document, "--oauth", "--oauth-port", "0")

    assert b"You may close this page" in pages[0]
    (hook,) = service.hooks.values()
    assert (hook["by"], hook["token"]) == ("oauth2", GRANTED)
    assert (made["credential_type"], made["credentials_expire_at"]) == ("oauth2", ENDS)
    done = good(run("subscriptions", "refresh", plugin, "--name", "cats"))
    assert done.stderr.endswith(
        "cats: renewed credentials and subscription, expires 2096-10-02T07:06:40Z\n"
    )
    good(run("subscriptions", "delete", plugin, "--name", "cats", "--yes"))
    assert service.asked[-2:] == ["POST /hooks/2/renew", "DELETE /hooks/2"]


def test_oauth_by_what_is_pasted(run: Run, plugin: Path, service: Service, tmp_path: Path) -> None:
    file = tmp_path / "inbox.yaml"
    file.write_text(json.dumps({"oauth_client": service.client, "parameters": {"door": "back"}}))
    redirect = ("--redirect-uri", "https://oob.example/")
    arguments = ("create", plugin, "--name", "cats", "--file", file, "--paste", *redirect, *URL)

    done = good(run("subscriptions", *arguments, stdin=f"{CODE}\n".encode()))

    assert "redirect_uri=https%3A%2F%2Foob.example%2F&state=" in done.stderr
    assert [each["token"] for each in service.hooks.values()] == [GRANTED]
    foreign = b"https://oob.example/?code=x&state=another\n"
    refused = run("subscriptions", *(*arguments[:3], "dogs", *arguments[4:]), stdin=foreign)
    assert refused.code == 2
    assert "its state is another" in refused.stderr
    wrong = run("subscriptions", *(*arguments[:3], "dogs", *arguments[4:]), stdin=b"code-2\n")
    assert wrong.stderr.splitlines()[-1] == (
        "error: OAuth gave no credentials: ValueError: no token for ***: 400"
    )
    assert len(service.hooks) == 1


WRONG = """\
credentials: {token: tok_0123456789, servr: x}
parameters: {door: 7, events: [opened, shut]}
workflows:
- {event: opend, app: a}
- {event: opened, app: a, parameters: {least: 10}, inputs: {x: doors.name}}
- {event: opened}
- {event: opened, app: a, parameters: {least: 1}}
more: 1
"""


def test_all_that_is_wrong_is_said_at_once(run: Run, plugin: Path, service: Service) -> None:
    done = run(
        "subscriptions", "create", plugin, "--name", "c", "--file", "-", *URL, stdin=WRONG.encode()
    )

    assert done.code == 2
    assert TOKEN not in done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith("  hint")] == [
        "stdin:8:1: error: more: a subscription has no 'more'",
        "stdin:1:38: error: credentials.servr: nothing here declares the credential 'servr'",
        "stdin:2:31: error: parameters.events: expected some of opened, rung",
        "stdin:4:11: error: workflows[0].event: doors has no event 'opend'",
        "stdin:5:47: error: workflows[1].parameters.least: expected a number from 1 to 9",
        "stdin:5:64: error: workflows[1].inputs.x: the event opened makes no variable 'doors'",
        "stdin:6:3: error: workflows[2].app: expected the id of an app",
        "stdin:7:3: error: workflows[3]: the event opened starts the app a already",
        "stdin:1:1: error: credentials.server: is required and not set",
    ]
    assert service.asked == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "--manual", "--oauth", "--name", "c"), "--manual and --oauth are two ways"),
        (("create", "--paste", "--file", "-", "--name", "c"), "both --file - and --paste read"),
        (("create",), "say how the subscription is to be called"),
        (("create", "--oauth", "--redirect-uri", "x", "--name", "c"), "--redirect-uri is for"),
        (("update", "--name", "c"), "say what to change"),
        (("refresh", "--all", "--name", "c"), "--all is every subscription"),
        (("delete", "--name", "none", "--yes"), "doors of this machine has no subscription none"),
        (("list", "--group", "cats"), "this machine has no trigger provider cats"),
    ],
)
def test_wrong_usage(run: Run, plugin: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run("subscriptions", arguments[0], plugin, *arguments[1:])

    assert done.code == 2
    assert message in done.stderr


def test_an_address_is_needed_that_the_service_reaches(
    run: Run, plugin: Path, service: Service
) -> None:
    document = json.dumps(constructed(service)).encode()

    done = run("subscriptions", "create", plugin, "--name", "c", "--file", "-", stdin=document)

    assert done.code == 2
    assert "the service has to be told an address" in done.stderr


@pytest.mark.parametrize("ask", [partial(endpoint_of, None), partial(addressed, "cats", "/")])
def test_who_sends_to_one_that_is_not_there_is_told_how_one_is_made(
    plugin: Path, ask: Callable[[BuiltBundle], object]
) -> None:
    bundle = BuiltBundle(plugin, "DoorsFunction", "3.13", "arm64", 29, (), group="doors")
    bundle = replace(bundle, plugin="doors", endpoints=ENDPOINTS)

    with pytest.raises(UsageError, match="doors has no subscription") as raised:
        ask(bundle)

    assert raised.value.hint == "`packager subscriptions create` makes one"


def test_providers_and_groups_have_commands_of_their_own(run: Run, plugin: Path) -> None:
    done = run("endpoints", "list", plugin)

    assert (done.code, done.stderr) == (
        2,
        "error: this machine has trigger providers, and no endpoint group\n"
        "  hint: `packager subscriptions` is for these\n",
    )
