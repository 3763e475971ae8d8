"""Subscriptions are made, changed, renewed and ended by the forms, as the commands do it."""

from __future__ import annotations

import html
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.console.app import make_app
from packager.console.source import StackView
from packager.console.subscriptions import making
from packager.endpoints.endpoint import Endpoint
from packager.subscriptions.subscription import Subscription, Workflow, subscription_of
from tests.support.console_server import ConsoleServer, Reply, serving
from tests.support.fake_workbench import FakeWorkbench, managed_of, plans_of, served
from tests.support.hooks import ENDS, GRANTED, SECRET, TOKEN, Service, hooks_service, write_doors
from tests.support.own_constructor import own_constructor

AT = "/functions/DoorsFunction/subscriptions"
OPENED = {
    "event:0": "opened",
    "app:0": "a1",
    "parameters:0": "least: 2",
    "inputs:0": "x = door",
}
WORKFLOW = Workflow("opened", "a1", {"least": 2}, {"x": "door"})


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    with hooks_service() as service:
        yield service


@pytest.fixture
def service(running: Service) -> Service:
    running.__init__(running.url)  # type: ignore[misc]  # as it is when it starts
    return running


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeWorkbench]:
    folder = write_doors(tmp_path_factory.mktemp("plugins") / "doors")
    plans = plans_of(folder)
    functions = tuple(served(plan, folder.parent / "endpoints.sqlite") for plan in plans)
    with own_constructor(folder) as constructor:
        yield FakeWorkbench(functions, makes=constructor)


@pytest.fixture(scope="module")
def console(workbench: FakeWorkbench) -> Iterator[ConsoleServer]:
    with serving(make_app(workbench)) as server:
        yield server


@pytest.fixture(autouse=True)
def no_secrets(console: ConsoleServer) -> Iterator[None]:
    """No page has one, whatever happens."""
    yield
    for reply in console.replies:
        assert not any(each in reply.text for each in (TOKEN, SECRET, GRANTED))


def kept(workbench: FakeWorkbench, name: str) -> tuple[Endpoint, Subscription]:
    function = managed_of(workbench, "DoorsFunction")
    endpoint = function.find(name=name)
    return endpoint, subscription_of(function, endpoint)


def credentials(service: Service, token: str = TOKEN) -> dict[str, str]:
    values = {"token": token, "server": service.url}
    return {f"value:{name}": each for name, each in values.items()} | {
        f"source:{name}": "" for name in values
    }


def begin(console: ConsoleServer, service: Service, name: str) -> str:
    """Fill in the first form; return where the second is."""
    reply = console.post(f"{AT}/new", method="api-key", name=name, **credentials(service))
    assert reply.status == 303, reply.text
    return reply.headers["location"].removeprefix("/_console")


def create(console: ConsoleServer, service: Service, name: str, **more: str) -> Reply:
    at = begin(console, service, name)
    door = {"source:door": "", "value:door": "front", "base": "https://t.example"}
    return console.post(at, enabled="on", **(door | OPENED | more))


def faults(reply: Reply) -> list[str]:
    found = re.findall(r'<p class="error"[^>]*>([^<]*)</p>', reply.text)
    return [html.unescape(each) for each in found]


def test_from_making_it_to_its_end(
    console: ConsoleServer, workbench: FakeWorkbench, service: Service
) -> None:
    assert "No subscription yet" in console.get(AT).text
    form = console.get(begin(console, service, "first")).text
    assert '<option value="front" >Front</option>' in form  # as the service says

    made = create(console, service, "cats")

    endpoint, subscription = kept(workbench, "cats")
    path = f"{AT}/{endpoint.hook_id}"
    assert made.headers["location"] == f"/_console{path}?done=created"
    url = f"https://t.example/e/{endpoint.hook_id}"
    ((number, hook),) = service.hooks.items()
    assert (hook["url"], hook["door"], hook["events"]) == (url, "front", ["opened"])
    assert subscription.workflows == (WORKFLOW,)
    assert subscription.properties == {"webhook_secret": SECRET, "id": number}
    page = console.get(path).text
    for text in (url, "least: 2", "x = door", "<code>front</code>", "2096-10-02"):
        assert text in page
    assert "1 workflow" in console.get(AT).text

    renewed = console.post(f"{path}/refresh", page=path)
    assert renewed.headers["location"].endswith("?done=renewed")
    assert service.hooks[number]["renewals"] == 1
    assert console.post(f"{path}/disable", page=path).status == 303
    assert kept(workbench, "cats")[0].enabled is False

    service.refuses[f"/hooks/{number}"] = 500
    refused = console.post(f"{path}/delete")
    assert refused.status == 502
    assert "could not be ended at the service: the service says 500" in refused.text
    gone = console.post(f"{path}/delete", force="on")
    assert gone.headers["location"] == f"/_console{AT}?done=deleted"
    assert console.get(path).status == 404


def test_what_is_wrong_with_the_first_form(console: ConsoleServer, service: Service) -> None:
    empty = console.post(f"{AT}/new", method="api-key", name="", **credentials(service, ""))
    assert empty.status == 422
    assert faults(empty) == [
        "Expected a name of 1 to 100 characters.",
        "Is required and not set.",
    ]
    wrong = console.post(f"{AT}/new", method="api-key", name="x", **credentials(service, "wrong-1"))
    assert wrong.status == 422
    assert "The credentials were refused" in wrong.text
    assert "wrong-1" not in wrong.text
    assert faults(wrong) == ["Enter it once more: it is not sent back to this page."]


def test_what_is_wrong_with_the_second_form(console: ConsoleServer, service: Service) -> None:
    wrong = {"parameters:0": "least: 20", "inputs:0": "x = dor", "event:1": "opened", "app:1": ""}

    reply = create(console, service, "x", **{**wrong, "value:door": ""})

    assert reply.status == 422
    assert faults(reply) == [
        "Is required.",
        "Expected a number from 1 to 9 (parameters.least).",
        "The event opened makes no variable 'dor' (inputs.x).",
        "Expected the id of an app (app).",
    ]
    twice = create(console, service, "x", **{**OPENED, "event:1": "opened", "app:1": "a1"})
    assert faults(twice) == [
        "The event opened starts the app a1 already, whatever its parameters are; "
        "what differs there takes a second subscription."
    ]
    assert ">least: 20</textarea>" in reply.text.replace("\n", "")
    assert service.hooks == {}
    refused = create(console, service, "x", base="nowhere")
    assert "the service has to be told an address" in refused.text.lower()


def test_a_changed_one(console: ConsoleServer, workbench: FakeWorkbench, service: Service) -> None:
    create(console, service, "dogs")
    endpoint, _ = kept(workbench, "dogs")
    path = f"{AT}/{endpoint.hook_id}/edit"
    form = console.get(path)
    assert ">x = door</textarea>" in form.text.replace("\n", "")
    version = form.value("version")
    same = {"version": version, "name": "hounds", "source:door": "", "value:door": "front"}
    same |= {"source:events": "", "value:events": "opened"}

    saved = console.post(path, **same, **{**OPENED, "event:1": "opened", "app:1": "a2"})

    assert saved.headers["location"].endswith("?done=saved"), saved.text
    after, subscription = kept(workbench, "hounds")
    assert after.hook_id == endpoint.hook_id
    assert subscription.workflows == (WORKFLOW, Workflow("opened", "a2"))
    assert len(service.asked) == 4  # twice the credentials, the doors, and the hook
    late = console.post(path, **same, **OPENED)
    assert late.status == 409
    assert "Somebody else changed this subscription" in late.text

    again = {**same, "version": str(after.version), "value:door": "back"}
    assert console.post(path, **again, **OPENED).headers["location"].endswith("?done=saved")
    (hook,) = service.hooks.values()
    assert (hook["door"], hook["url"]) == ("back", subscription.endpoint)


def test_by_hand(console: ConsoleServer, workbench: FakeWorkbench, service: Service) -> None:
    secret = {"source:webhook_secret": "", "value:webhook_secret": SECRET}
    form = {"method": "unauthorized", "name": "hand", "enabled": "on", **secret, **OPENED}

    made = console.post(f"{AT}/new", page=f"{AT}/new?method=unauthorized", **form)

    endpoint, subscription = kept(workbench, "hand")
    assert made.headers["location"] == f"/_console{AT}/{endpoint.hook_id}?done=created"
    assert subscription.properties == {"webhook_secret": SECRET}
    assert "Tell the service this address" in console.get(f"{AT}/{endpoint.hook_id}").text
    assert service.asked == []
    twice = console.post(f"{AT}/new", page=f"{AT}/new?method=unauthorized", **form)
    assert "There is a subscription named hand already." in faults(twice)
    edit = f"{AT}/{endpoint.hook_id}/edit"
    saved = console.post(
        edit,
        version=str(endpoint.version),
        name="hand",
        **{"source:webhook_secret": "", "value:webhook_secret": ""},
        **{"source:note": "", "value:note": "the front"},
    )
    assert saved.headers["location"].endswith("?done=saved"), saved.text
    _, after = kept(workbench, "hand")
    assert after.properties == {"webhook_secret": SECRET, "note": "the front"}
    assert after.workflows == ()


def test_by_consent(
    console: ConsoleServer,
    workbench: FakeWorkbench,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(making, "PORT", 0)
    service.token_ends = ENDS
    client = {f"value:{name}": each for name, each in service.client.items()}
    client |= {f"source:{name}": "" for name in service.client}
    page = f"{AT}/new?method=oauth2"

    begun = console.post(f"{AT}/new", page=page, method="oauth2", name="inbox", **client)

    consent = begun.headers["location"].removeprefix("/_console")
    assert consent.endswith("/consent")
    address = re.search(r'href="(http://[^"]*/authorize[^"]*)"', console.get(consent).text)
    assert address
    at = consent.removesuffix("/consent")
    assert console.get(at).status == 404  # not before
    with urllib.request.urlopen(html.unescape(address[1]), timeout=10) as back:
        landing = re.search(r"url=([^\"]*)\"", back.read().decode())
    assert landing
    assert landing[1] == f"{console.origin}/_console{at}/consented"
    arrived = console.get(f"{at}/consented", **{"Sec-Fetch-Site": "cross-site"})
    assert arrived.status == 403
    arrived = console.get(f"{at}/consented")
    assert arrived.headers["location"] == f"/_console{at}"
    door = {"source:door": "", "value:door": "back", "base": "https://t.example"}
    assert console.post(at, **door).status == 303
    _, subscription = kept(workbench, "inbox")
    assert subscription.credential_type == "oauth2"
    assert (subscription.credentials["token"], subscription.credentials_expire_at) == (
        GRANTED,
        ENDS,
    )


def test_what_is_pasted_has_to_belong_to_it(
    console: ConsoleServer, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PORT", 0)
    client = {f"value:{name}": each for name, each in service.client.items()}
    client |= {f"source:{name}": "" for name in service.client}
    page = f"{AT}/new?method=oauth2"
    begun = console.post(f"{AT}/new", page=page, method="oauth2", name="paste", **client)
    consent = begun.headers["location"].removeprefix("/_console")

    foreign = console.post(consent, pasted="http://127.0.0.1:1/oauth/callback?code=x&state=y")
    assert foreign.status == 422
    assert "its state is another" in foreign.text
    good = console.post(consent, pasted="code-1")
    assert good.headers["location"] == f"/_console{consent.removesuffix('/consent')}"


def test_of_a_stack_without_the_plugins_code(workbench: FakeWorkbench, tmp_path: Path) -> None:
    function = managed_of(workbench, "DoorsFunction")
    with serving(make_app(StackView("prod", "eu-west-1", (function,)))) as console:
        page = console.get(f"{AT}/new").text
        assert "packager subscriptions create PLUGIN --stack prod" in page
        assert 'name="value:token"' not in page
        assert "subscription" in console.get("/").text


def test_endpoints_lead_to_subscriptions(console: ConsoleServer) -> None:
    reply = console.get("/functions/DoorsFunction/endpoints")

    assert reply.headers["location"] == f"/_console{AT}"
    assert console.get("/functions/DoorsFunction/endpoints/new").status == 404
    assert "All subscriptions" in console.get("/functions/DoorsFunction").text
