"""The console as its users have it: by keyboard, on a phone, in the dark, without scripts."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction
from packager.endpoints.local import local_function
from packager.serve.managed import as_managed
from tests.browser.conftest import Visit
from tests.support.axe import violations
from tests.support.console_server import ConsoleServer
from tests.support.examples import ROOT
from tests.support.fake_workbench import plans_of
from tests.support.keyboard import follow, tab_to
from tests.support.recorder import Recorder
from tests.support.served import Served

Visits = Callable[..., Visit]
NEKO = "/functions/NekoFunction"
SLACK = "/functions/SlackBotFunction"
BUSY = "/functions/BusyFunction"
SECRET = "xoxb-7b1f0c5d9e"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def neko() -> ManagedFunction:
    """Where the server that runs keeps neko's endpoints."""
    return managed("neko")


def managed(name: str) -> ManagedFunction:
    (plan,) = plans_of(ROOT / "plugins" / name)
    return local_function(as_managed(plan))


def endpoint_of(function: ManagedFunction, name: str) -> Endpoint:
    found = function.store.named(name)
    assert found is not None
    return found


@pytest.fixture
def open_page(console: ConsoleServer, visits: Visits) -> Callable[..., Visit]:
    def opened(path: str, **options: Any) -> Visit:
        visit = visits(**options)
        visit.page.goto(f"{console.origin}/_console{path}")
        return visit

    return opened


def test_an_endpoint_by_keyboard_alone(
    open_page: Visits, neko: ManagedFunction, server: Served
) -> None:
    visit = open_page("/")
    page, keys = visit.page, visit.page.keyboard
    follow(page, "Endpoints of neko")
    expect(page.get_by_text("No endpoint yet")).to_be_visible()
    follow(page, "New endpoint")
    expect(page.locator(":focus")).to_have_attribute("name", "name")
    keys.type("Pepper")
    tab_to(page, "What the cat says")
    keys.type("Miau")
    tab_to(page, "The cat's colour")
    keys.press("ArrowDown")
    tab_to(page, "Default (no)")
    keys.press("ArrowRight")  # to Yes
    tab_to(page, "Create endpoint")
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Created.")
    endpoint = endpoint_of(neko, "Pepper")
    assert endpoint.settings == {"greeting": "Miau", "colour": "orange", "shout": True}
    address = f"http://localhost:{server.port}/e/{endpoint.hook_id}"
    expect(page.get_by_text(f"{address}/neko", exact=True)).to_be_visible()
    expect(page.get_by_text(f"curl {address}/qr")).to_be_visible()
    tab_to(page, "Copy the address of GET /duck/<app_id>")
    keys.press("Enter")
    expect(page.locator(":focus")).to_have_text("Copied")

    follow(page, "Try it: GET /duck/<app_id>")
    tab_to(page, "app_id")
    keys.type("42")
    tab_to(page, "Send")
    keys.press("Enter")
    answer = page.get_by_role("region", name="Answer", exact=True)
    expect(answer).to_contain_text("42 <br>")
    expect(answer.locator(".pill")).to_have_text("200")

    follow(page, "Requests")
    rows = page.locator("tbody tr").filter(has_text="Pepper")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("cold")
    follow(page, f"/e/{endpoint.hook_id}/duck/42")
    first = page.url
    follow(page, "Send again")
    assert page.url != first
    expect(page.get_by_role("heading", level=1)).to_contain_text("200")

    page.goto(first.split("/requests/")[0] + f"{NEKO}/endpoints/{endpoint.hook_id}")
    follow(page, "Disable")
    expect(page.get_by_text("It is disabled: every request is answered with 404.")).to_be_visible()
    page.go_back()
    page.goto(first)
    follow(page, "Send again")
    expect(page.get_by_role("heading", level=1)).to_contain_text("404")
    assert server.send("GET", f"/e/{endpoint.hook_id}/duck/42").status == 404
    assert visit.complaints == []


def test_a_secret_is_found_in_no_response(
    open_page: Visits, recorder: Recorder, server: Served
) -> None:
    page = open_page(f"{SLACK}/endpoints/new").page
    page.get_by_label("Name").first.fill("Team")
    page.get_by_label("Bot token", exact=True).fill(SECRET)
    page.get_by_label("Bot token", exact=True).press("Enter")
    # What else is missing is said where it is missing, and what was secret is gone.
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Signing secret: Is required and not set.")
    page.get_by_role("link", name="App that answers").click()
    page.keyboard.type("support")
    expect(page.get_by_label("Bot token", exact=True)).to_have_value("")
    page.get_by_label("Bot token", exact=True).fill(SECRET)
    page.get_by_label("Signing secret", exact=True).fill("5" + SECRET)
    page.get_by_role("button", name="Create endpoint").click()
    page.wait_for_url("**?done=created")
    function = managed("slack_bot")
    endpoint = endpoint_of(function, "Team")
    assert function.values(endpoint).plain["bot_token"] == SECRET
    assert endpoint.settings["app"] == {"app_id": "support"}
    here = page.url.split("?")[0]
    for path in (here, f"{here}/edit", here.rsplit("/", 1)[0], f"{here}/rotate"):
        page.goto(path)
    page.goto(f"{here}/edit")
    expect(page.get_by_label("Bot token", exact=True)).to_have_attribute(
        "placeholder", "Set; leave empty to keep it"
    )
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**?done=kept")
    page.goto(f"{here.split('/functions')[0]}{SLACK}/try")
    page.get_by_label("Body").fill(f'{{"type": "url_verification", "challenge": "{SECRET}"}}')
    page.get_by_role("button", name="Send", exact=True).click()
    # It is not signed, and says so. What Slack signs is answered, secrets that it sends along too.
    expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text("401")
    page.get_by_role("link", name="This request in full").click()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", level=1)).to_contain_text("401")
    expect(page.get_by_label("Request body", exact=True)).to_contain_text("***")
    signed = slack_request(SECRET)
    answer = server.send("POST", f"/e/{endpoint.hook_id}/", *signed)
    assert (answer.status, answer.body) == (200, SECRET.encode())  # to who sent it
    page.goto(f"{here.split('/functions')[0]}/requests")
    page.locator("tbody tr").first.get_by_role("link").click()
    expect(page.get_by_label("Response body", exact=True)).to_contain_text("***")
    with page.expect_download() as event:
        page.get_by_role("link", name="Save as event file").click()
    assert SECRET not in event.value.path().read_text()
    assert b'value="Team"' in recorder.sent
    assert SECRET.encode() not in recorder.sent


def test_lines_of_a_secret_are_kept(open_page: Visits, neko: ManagedFunction) -> None:
    page = open_page(f"{NEKO}/endpoints/new").page
    page.get_by_label("Name").first.fill("Lines")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData('text/plain', '-----BEGIN KEY-----\\nabc\\n-----END KEY-----\\n');
          const field = document.querySelector('[data-secret]');
          field.focus();
          field.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, cancelable: true}));
        }"""
    )
    page.get_by_role("button", name="Create endpoint").click()
    page.wait_for_url("**?done=created")
    endpoint = endpoint_of(neko, "Lines")
    kept = neko.values(endpoint).plain["api_key"]
    assert kept == "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"


def test_requests_appear_while_one_looks(open_page: Visits) -> None:
    new = open_page(f"{BUSY}/endpoints/new").page
    new.get_by_label("Name").first.fill("Live")
    new.get_by_role("button", name="Create endpoint").click()
    new.wait_for_url("**?done=created")
    watching = open_page("/requests?endpoint=Live").page
    expect(watching.get_by_text("Nothing has come in yet")).to_be_visible()
    new.get_by_role("link", name="Try it: GET /stream/").click()
    new.get_by_label("pieces").fill("8")
    new.get_by_label("Query").fill("pause=0.2")
    new.get_by_role("button", name="Send", exact=True).click()
    # The answer comes piece by piece, on the page it was sent from ...
    stream = new.locator("[data-stream]")
    expect(stream).to_have_text(re.compile(r"^0 [\d.]+\s+([1-6] [\d.]+\s+){0,6}$"))
    expect(new.get_by_text("8 chunks as they came")).to_be_visible()
    # ... and elsewhere a row.
    row = watching.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("200")
    expect(watching.get_by_text("Nothing has come in yet")).to_be_hidden()
    watching.get_by_role("button", name="Pause").click()
    new.get_by_label("Query").fill("pause=0")
    new.get_by_role("button", name="Send", exact=True).click()
    expect(stream).to_have_count(0)
    expect(new.get_by_text(re.compile("chunks as they came"))).to_be_visible()
    expect(row).to_have_count(1)
    watching.get_by_role("button", name="Go on").click()
    expect(row).to_have_count(2)
    # The list as a whole, as it comes when a connection is made again, leaves the focus alone.
    told = {"id": row.first.get_attribute("id"), "html": row.first.evaluate("row => row.outerHTML")}
    body = f"retry: 50\ndata: {json.dumps({'all': [told]})}\n\n"
    watching.route(
        "**/requests/changes*",
        lambda route: route.fulfill(content_type="text/event-stream", body=body),
    )
    watching.reload()
    tab_to(watching, "/e/")
    row.evaluate("row => { row.dataset.old = '' }")
    expect(watching.locator("tr[data-old]")).to_have_count(0)
    expect(row.get_by_role("link").first).to_be_focused()


def test_without_scripts(open_page: Visits, neko: ManagedFunction) -> None:
    page = open_page(f"{NEKO}/endpoints", java_script_enabled=False).page
    page.get_by_role("link", name="New endpoint").first.click()
    page.get_by_label("Name").first.fill("Plain")
    page.get_by_label("What the cat says").fill("Hi")
    page.get_by_role("button", name="Create endpoint").click()
    expect(page.get_by_text("Created.")).to_be_visible()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("What the cat says").fill("")
    page.get_by_label("The cat's colour").select_option("Rainbow")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    endpoint = endpoint_of(neko, "Plain")
    assert endpoint.settings == {"colour": "rainbow"}
    page.get_by_role("link", name="Try it: GET /neko").click()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("200")
    expect(page.get_by_label("Response body")).to_contain_text("Nyan")
    page.get_by_role("button", name="Send again").click()
    page.get_by_role("link", name="Requests", exact=True).first.click()
    expect(page.locator("tbody tr").first).to_contain_text("Plain")


def test_a_file_is_sent(open_page: Visits, server: Served, tmp_path: Path) -> None:
    page = open_page(f"{BUSY}/endpoints/new").page
    page.get_by_label("Name").first.fill("Files")
    page.get_by_label("Token", exact=True).fill("a token of this test's")
    page.get_by_role("button", name="Create endpoint").click()
    page.get_by_role("link", name="Try it: POST /seen").click()
    page.get_by_text("A form with files instead").click()
    file = tmp_path / "note.txt"
    file.write_text("from a file")
    page.get_by_label("Files").set_input_files(file)
    page.get_by_label("Other fields").fill("size=large")
    said = len(server.lines)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text("204")
    for line in ('name="size"', "large", 'filename="note.txt"', "from a file"):
        server.wait_for_line(line, said)
    page.get_by_role("link", name="This request in full").click()
    expect(page.get_by_text("multipart/form-data; boundary=").first).to_be_visible()


def slack_request(challenge: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of what Slack asks an address at first."""
    body = json.dumps({"type": "url_verification", "challenge": challenge}).encode()
    sent = str(int(time.time()))
    text = f"v0:{sent}:".encode() + body
    signature = hmac.new(f"5{SECRET}".encode(), text, "sha256").hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": sent,
        "X-Slack-Signature": f"v0={signature}",
    }, body


PATHS = (
    *("/", "/requests", NEKO, f"{NEKO}/endpoints", f"{NEKO}/endpoints/new", f"{NEKO}/try"),
    *(f"{SLACK}/endpoints/new", f"{SLACK}/events", f"{NEKO}/profile"),
)


@pytest.fixture(scope="module")
def some_of_everything(console: ConsoleServer) -> tuple[str, ...]:
    """Pages of an endpoint and of a request, beside those that are always there."""
    form = {"name": "Shown", "source:greeting": "", "value:greeting": "Miau " * 30}
    made = console.post(f"{NEKO}/endpoints/new", **form)
    path = made.headers["location"].removeprefix("/_console").partition("?")[0]
    hook_id = path.rpartition("/")[2]
    long = {"var:app_id": "a" * 200, "headers": f"X-Long: {'b' * 300}"}
    sent = console.post(f"{NEKO}/try", endpoint=hook_id, interface="0", **long)
    request = sent.headers["location"].removeprefix("/_console")
    return (*PATHS, path, f"{path}/edit", f"{path}/delete", request, f"{request}/edit")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_violation(
    open_page: Visits, some_of_everything: tuple[str, ...], axe: str, scheme: str
) -> None:
    visit = open_page("/", color_scheme=scheme)
    rules = ("color-contrast",) if scheme == "dark" else ()  # all else is the same
    found = []
    for path in some_of_everything:
        visit.page.goto(visit.page.url.split("/_console")[0] + "/_console" + path)
        found += [f"{path}: {each}" for each in violations(visit.page, axe, *rules)]
    # A form with faults, too.
    visit.page.goto(visit.page.url.split("/_console")[0] + f"/_console{SLACK}/endpoints/new")
    visit.page.get_by_role("button", name="Create endpoint").click()
    expect(visit.page.get_by_role("alert")).to_be_visible()
    found += [f"faults: {each}" for each in violations(visit.page, axe, *rules)]
    assert found == []


def test_a_phone_is_wide_enough(
    open_page: Visits, some_of_everything: tuple[str, ...], tmp_path: Path
) -> None:
    page = open_page("/", **PHONE).page
    for path in some_of_everything:
        page.goto(page.url.split("/_console")[0] + "/_console" + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        # What is pressed with a finger is no smaller than WCAG's 24 pixels (2.5.8).
        small = page.evaluate(
            """() => [...document.querySelectorAll('.button, select, nav a')]
              .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 24)
              .map((each) => each.textContent)"""
        )
        assert small == [], path
