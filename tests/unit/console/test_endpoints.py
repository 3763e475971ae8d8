"""Endpoints are made, changed and ended by the forms, as the commands do it."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from packager.console.app import make_app
from packager.model.options import SecretSource, SsmSource
from tests.support.console_server import ConsoleServer, Reply, serving
from tests.support.fake_workbench import FakeWorkbench, endpoint_of, managed_of, workbench_of

NEKO = "/functions/NekoFunction/endpoints"
SLACK = "/functions/SlackBotFunction/endpoints"
GITHUB = "/functions/GithubWebhookFunction/endpoints"
TOKEN = "xoxb-0f6e1b9a4c"


def fields(**values: str) -> dict[str, str]:
    """Fields of a form: values of settings, each kept here."""
    return {f"value:{name}": value for name, value in values.items()} | {
        f"source:{name}": "" for name in values
    }


def create(console: ConsoleServer, group: str, name: str, **values: str) -> Reply:
    return console.post(f"{group}/new", name=name, enabled="on", **fields(**values))


def faults(reply: Reply) -> list[str]:
    """The messages beside fields and in the summary."""
    found = re.findall(r'<p class="error"[^>]*>([^<]*)</p>', reply.text)
    return [html.unescape(each) for each in found]


def test_create_show_edit(console: ConsoleServer, workbench: FakeWorkbench) -> None:
    created = create(console, NEKO, "Pepper", greeting="Miau", colour="grey", shout="true")
    endpoint = endpoint_of(workbench, "NekoFunction", "Pepper")
    assert created.status == 303
    path = f"/_console{NEKO}/{endpoint.hook_id}"
    assert created.headers["location"] == f"{path}?done=created"
    assert endpoint.settings == {"greeting": "Miau", "colour": "grey", "shout": True}
    assert (endpoint.enabled, endpoint.root) == (True, False)

    page = console.get(f"{NEKO}/{endpoint.hook_id}?done=created").text
    assert "Created." in page
    url = f"http://127.0.0.1:3000/e/{endpoint.hook_id}"
    for line in (f"{url}/neko", f"{url}/duck/&lt;app_id&gt;", f"curl {url}/qr"):
        assert line in page
    assert f"curl -X POST {url}/echo -H" in page
    assert "Miau" in page

    form = console.get(f"{NEKO}/{endpoint.hook_id}/edit").text
    assert 'name="name" value="Pepper"' in form
    assert 'name="value:greeting" value="Miau"' in form
    assert '<option value="grey" selected>' in form

    version = str(endpoint.version)
    edit = f"{NEKO}/{endpoint.hook_id}/edit"
    kept = console.post(
        edit, name="Pepper", version=version, **fields(greeting="Miau", colour="grey", shout="true")
    )
    assert kept.headers["location"].endswith("done=kept")
    saved = console.post(
        edit, name="Salt", version=version, root="on", **fields(greeting="", colour="rainbow")
    )
    assert saved.headers["location"].endswith("done=saved")
    after = endpoint_of(workbench, "NekoFunction", "Salt")
    assert after.settings == {"colour": "rainbow", "shout": True}
    assert (after.hook_id, after.root, after.version) == (endpoint.hook_id, True, 2)


def test_switch_rotate_delete(console: ConsoleServer, workbench: FakeWorkbench) -> None:
    create(console, NEKO, "Switch")
    endpoint = endpoint_of(workbench, "NekoFunction", "Switch")
    path = f"{NEKO}/{endpoint.hook_id}"
    assert console.post(f"{path}/disable", page=path).headers["location"].endswith("=disabled")
    assert not endpoint_of(workbench, "NekoFunction", "Switch").enabled
    assert "It is disabled" in console.get(path).text
    assert console.post(f"{path}/enable", page=path).headers["location"].endswith("=enabled")
    assert endpoint_of(workbench, "NekoFunction", "Switch").enabled

    assert "Rotate the address of Switch?" in console.get(f"{path}/rotate").text
    assert endpoint_of(workbench, "NekoFunction", "Switch").hook_id == endpoint.hook_id
    rotated = console.post(f"{path}/rotate")
    after = endpoint_of(workbench, "NekoFunction", "Switch")
    assert after.hook_id != endpoint.hook_id
    assert rotated.headers["location"] == f"/_console{NEKO}/{after.hook_id}?done=rotated"
    assert console.get(path).status == 404

    path = f"{NEKO}/{after.hook_id}"
    assert "Delete Switch?" in console.get(f"{path}/delete").text
    assert console.post(f"{path}/delete").headers["location"] == f"/_console{NEKO}?done=deleted"
    assert managed_of(workbench, "NekoFunction").store.named("Switch") is None


def test_faults_stand_beside_their_fields(console: ConsoleServer, workbench: FakeWorkbench) -> None:
    reply = create(console, GITHUB, " Bad", webhook_secret=TOKEN, app="{", tools="{}", model="[]")
    assert reply.status == 422
    assert faults(reply) == [
        "Expected a name without blanks around it.",
        "Enter it once more: it is not sent back to this page.",
        "Expected JSON.",
        "Expected a table with provider, model, model_type.",
        "Expected a list.",
    ]
    assert TOKEN not in reply.text
    assert '<a href="#field-tools">Tools that are given each notification</a>' in reply.text
    assert "<title>Error: New endpoint · packager</title>" in reply.text
    assert 'value=" Bad"' in reply.text  # what was typed is still there
    assert managed_of(workbench, "GithubWebhookFunction").store.all() == []


def test_required_settings_and_taken_names(console: ConsoleServer) -> None:
    reply = create(console, SLACK, "", bot_token="", signing_secret="", app="")
    assert faults(reply) == [
        "Expected a name of 1 to 100 characters.",
        *["Is required and not set."] * 3,
    ]
    good = {"bot_token": TOKEN, "signing_secret": "s", "app": "assistant"}
    assert create(console, SLACK, "Taken", **good).status == 303
    again = create(console, SLACK, "Taken", **good)
    assert (again.status, faults(again)[0]) == (
        422,
        "There is an endpoint named Taken already.",
    )


def test_one_endpoint_has_the_root(console: ConsoleServer) -> None:
    good = {"webhook_secret": "a"}
    first = console.post(f"{GITHUB}/new", name="One", root="on", **fields(**good))
    assert first.status == 303
    second = console.post(f"{GITHUB}/new", name="Two", root="on", **fields(**good))
    assert (second.status, faults(second)) == (
        422,
        [
            "Enter it once more: it is not sent back to this page.",
            "One answers at the root already; take it from there first.",
        ],
    )


def test_secrets_are_entered_and_never_sent_back(
    console: ConsoleServer, workbench: FakeWorkbench
) -> None:
    secret = "5ecr3t-of-slack"
    create(console, SLACK, "Secret", bot_token=secret, signing_secret="t0ps3cr3t", app="assistant")
    endpoint = endpoint_of(workbench, "SlackBotFunction", "Secret")
    function = managed_of(workbench, "SlackBotFunction")
    assert function.values(endpoint).plain["bot_token"] == secret
    edit = f"{SLACK}/{endpoint.hook_id}/edit"
    version = str(endpoint.version)
    # Left empty, it stays.
    console.post(edit, name="Other", version=version, **fields(bot_token="", signing_secret=""))
    endpoint = endpoint_of(workbench, "SlackBotFunction", "Other")
    assert function.values(endpoint).plain["bot_token"] == secret
    # Entered, it is another.
    console.post(edit, name="Other", version=str(endpoint.version), **fields(bot_token="new-one"))
    endpoint = endpoint_of(workbench, "SlackBotFunction", "Other")
    assert function.values(endpoint).plain["bot_token"] == "new-one"
    for path in ("", f"/{endpoint.hook_id}", f"/{endpoint.hook_id}/edit", "/new"):
        console.get(SLACK + path)
    for reply in console.replies:
        for each in (secret, "t0ps3cr3t", "new-one"):
            assert each not in reply.text
            assert each not in str(reply.headers)


def test_an_optional_secret_is_removed(console: ConsoleServer, workbench: FakeWorkbench) -> None:
    create(console, NEKO, "Keyed", api_key="k3y")
    endpoint = endpoint_of(workbench, "NekoFunction", "Keyed")
    edit = f"{NEKO}/{endpoint.hook_id}/edit"
    assert 'name="remove:api_key"' in console.get(edit).text
    gone = {"remove:api_key": "on"} | fields(api_key="")
    console.post(edit, name="Keyed", version="1", **gone)
    endpoint = endpoint_of(workbench, "NekoFunction", "Keyed")
    assert managed_of(workbench, "NekoFunction").values(endpoint).plain == {}


def test_values_kept_elsewhere(console: ConsoleServer, workbench: FakeWorkbench) -> None:
    places = {
        "source:bot_token": "ssm",
        "place:bot_token": "/slack/token",
        "source:signing_secret": "secret",
        "place:signing_secret": "slack",
        "key:signing_secret": "signing",
    }
    console.post(
        f"{SLACK}/new", name="Elsewhere", **places, **fields(app='{"app_id": "a", "x": 1}')
    )
    endpoint = endpoint_of(workbench, "SlackBotFunction", "Elsewhere")
    assert endpoint.references == {
        "bot_token": SsmSource("/slack/token"),
        "signing_secret": SecretSource("slack", "signing"),
    }
    assert endpoint.settings == {"app": {"app_id": "a", "x": 1}}
    page = console.get(f"{SLACK}/{endpoint.hook_id}/edit").text
    assert 'value="/slack/token"' in page
    assert 'value="signing"' in page

    wrong = console.post(
        f"{SLACK}/{endpoint.hook_id}/edit",
        name="Elsewhere",
        version="1",
        **{"source:bot_token": "ssm", "place:bot_token": "no name"},
    )
    assert wrong.status == 422
    assert len(faults(wrong)) == 1
    back = console.post(
        f"{SLACK}/{endpoint.hook_id}/edit", name="Elsewhere", version="1", **fields(bot_token="b")
    )
    assert back.status == 303
    endpoint = endpoint_of(workbench, "SlackBotFunction", "Elsewhere")
    assert list(endpoint.references) == ["signing_secret"]


def test_apps_are_offered(console: ConsoleServer) -> None:
    page = console.get(f"{SLACK}/new").text
    assert '<option value="assistant"></option>' in page
    assert "stand-in answers for any id" in page


def test_who_was_first_is_not_overwritten(console: ConsoleServer, workbench: FakeWorkbench) -> None:
    create(console, NEKO, "Race", greeting="1")
    endpoint = endpoint_of(workbench, "NekoFunction", "Race")
    edit = f"{NEKO}/{endpoint.hook_id}/edit"
    console.post(edit, name="Race", version="1", **fields(greeting="2"))
    late = console.post(edit, name="Race", version="1", **fields(greeting="3"))
    assert late.status == 409
    assert "Somebody else changed this endpoint meanwhile" in late.text
    assert 'value="2"' in late.text
    assert endpoint_of(workbench, "NekoFunction", "Race").settings == {"greeting": "2"}


def test_labels_are_in_the_language_of_the_browser(console: ConsoleServer) -> None:
    page = console.get(f"{SLACK}/new", **{"Accept-Language": "ja,en;q=0.5"}).text
    assert "ボットトークン" in page
    page = console.get(f"{SLACK}/new", **{"Accept-Language": "en;q=0.5,zh-CN;q=0.9"}).text
    assert "机器人令牌" in page


@pytest.mark.parametrize(
    "change",
    [
        {"form": ""},
        {"form": "x"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json"},
        {"Origin": "http://localhost:3000"},
    ],
)
def test_forms_of_other_pages_make_nothing(
    console: ConsoleServer, workbench: FakeWorkbench, change: dict[str, str]
) -> None:
    token = console.get(f"{NEKO}/new").value("form")
    body = urlencode({"form": change.get("form", token), "name": "Forged"})
    headers = console.form_headers() | {n: v for n, v in change.items() if n != "form"}
    reply = console.ask("POST", f"/_console{NEKO}/new", body, headers)
    assert reply.status in (403, 415)
    assert managed_of(workbench, "NekoFunction").store.named("Forged") is None


def test_what_is_not_there(console: ConsoleServer) -> None:
    for path in ("/functions/Nobody/endpoints", f"{NEKO}/{'a' * 24}", f"{NEKO}/x/edit", "/nothing"):
        reply = console.get(path)
        assert (reply.status, "Not found" in reply.text) == (404, True)


def test_text_of_plugins_and_users_is_text(
    console: ConsoleServer, workbench: FakeWorkbench
) -> None:
    hostile = "<script>alert(1)</script>\"'>"
    create(console, NEKO, hostile, greeting=hostile)
    endpoint = endpoint_of(workbench, "NekoFunction", hostile)
    for path in (
        "",
        f"/{endpoint.hook_id}",
        f"/{endpoint.hook_id}/edit",
        f"/{endpoint.hook_id}/delete",
    ):
        page = console.get(NEKO + path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


MODELS = """
[models]
base_url = "http://127.0.0.1:9/v1"
[models.names]
"langgenius/openai/openai/gpt-4o" = "gpt-4o"
"*" = "gpt-4o-mini"
"""
TOOLS = """
[tools."weather/forecast"]
mcp = "http://127.0.0.1:9/mcp"
[tools."search/*"]
mcp = "http://127.0.0.1:9/mcp"
"""


def test_models_and_tools_that_are_configured_are_offered(tmp_path: Path) -> None:
    configured = {"openai_facade": MODELS, "mcp_server": TOOLS}
    workbench = workbench_of(tmp_path, *configured, **configured)
    with serving(make_app(workbench)) as console:
        pages = [
            console.get(f"/functions/{each.id}/endpoints/new").text for each in workbench.functions
        ]
    offers = [
        (button[1], button[3], json.loads(html.unescape(button[2])))
        for page in pages
        for button in re.finditer(r'data-fill="([^"]*)" data-value="([^"]*)" hidden>([^<]*)<', page)
    ]
    name = "langgenius/openai/openai/gpt-4o"
    fake = "fake/echo"  # of Dify's stand-in, which answers here
    assert [each[:2] for each in offers] == [
        ("field-llm", name),
        ("field-llm", fake),
        ("field-embedding", name),
        ("field-embedding", fake),
        ("field-tools", "weather/forecast"),
        ("field-tools", fake),
    ]
    model = {"provider": "langgenius/openai/openai", "model": "gpt-4o"}
    llm, _, embedding, _, [tool], _ = (each[2] for each in offers)
    assert llm == {**model, "model_type": "llm", "mode": "chat", "completion_params": {}}
    assert embedding == {**model, "model_type": "text-embedding"}
    assert (tool["provider_name"], tool["tool_name"], tool["enabled"]) == (
        "weather",
        "forecast",
        True,
    )
