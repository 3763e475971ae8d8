"""The console as its users have it: by keyboard, on a phone, in the dark, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from packager.console.app import make_app
from tests.browser.conftest import Visit
from tests.support.axe import violations
from tests.support.console_server import ConsoleServer, Recorder, serving
from tests.support.fake_workbench import FakeWorkbench, endpoint_of, managed_of, workbench_of

Visits = Callable[..., Visit]
NEKO = "/functions/NekoFunction"
SLACK = "/functions/SlackBotFunction"
SECRET = "xoxb-7b1f0c5d9e"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> FakeWorkbench:
    return workbench_of(tmp_path_factory.mktemp("plugins"), "neko", "slack_bot")


@pytest.fixture(scope="module")
def recorder(workbench: FakeWorkbench) -> Recorder:
    return Recorder(make_app(workbench))


@pytest.fixture(scope="module")
def console(recorder: Recorder) -> Iterator[ConsoleServer]:
    with serving(recorder) as server:
        yield server


@pytest.fixture
def open_page(console: ConsoleServer, visits: Visits) -> Callable[..., Visit]:
    def opened(path: str, **options: Any) -> Visit:
        visit = visits(**options)
        visit.page.goto(f"{console.origin}/_console{path}")
        return visit

    return opened


# What a screen reader would say of the element that has the focus.
_FOCUSED = """() => {
  const each = document.activeElement;
  const label = each.getAttribute('aria-label')
    || [...(each.labels || [])].map((one) => one.textContent).join(' ') || each.textContent;
  return label.replace(/\\s+/g, ' ').trim();
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus."""
    seen = []
    for _ in range(120):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused.startswith(name):
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(outline) != "none", f"the focus on {name} can't be seen"
            return
        seen.append(focused)
    raise AssertionError(f"Tab does not get to {name}, but to {seen}")


def follow(page: Page, name: str) -> None:
    """Go on by the link or button of a name, with the keyboard."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_an_endpoint_by_keyboard_alone(open_page: Visits, workbench: FakeWorkbench) -> None:
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
    endpoint = endpoint_of(workbench, "NekoFunction", "Pepper")
    assert endpoint.settings == {"greeting": "Miau", "colour": "orange", "shout": True}
    address = f"http://127.0.0.1:3000/e/{endpoint.hook_id}"
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
    expect(answer).to_contain_text(f"Nyan /e/{endpoint.hook_id}/duck/42")
    expect(answer.locator(".pill")).to_have_text("200")

    follow(page, "Requests")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Pepper")
    expect(rows.first).to_contain_text("cold")
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
    assert visit.complaints == []


def test_a_secret_is_found_in_no_response(
    open_page: Visits, workbench: FakeWorkbench, recorder: Recorder
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
    endpoint = endpoint_of(workbench, "SlackBotFunction", "Team")
    function = managed_of(workbench, "SlackBotFunction")
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
    page.get_by_label("Body").fill('{"type": "url_verification"}')
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text("200")
    page.get_by_role("link", name="This request in full").click()
    page.wait_for_load_state()
    expect(page.get_by_label("Log lines")).to_be_visible()
    assert b'value="Team"' in recorder.sent
    assert SECRET.encode() not in recorder.sent


def test_lines_of_a_secret_are_kept(open_page: Visits, workbench: FakeWorkbench) -> None:
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
    endpoint = endpoint_of(workbench, "NekoFunction", "Lines")
    kept = managed_of(workbench, "NekoFunction").values(endpoint).plain["api_key"]
    assert kept == "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"


def test_requests_appear_while_one_looks(
    open_page: Visits, workbench: FakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = open_page(f"{NEKO}/endpoints/new").page
    new.get_by_label("Name").first.fill("Live")
    new.get_by_role("button", name="Create endpoint").click()
    new.wait_for_url("**?done=created")
    watching = open_page("/requests?endpoint=Live").page
    expect(watching.get_by_text("Nothing has come in yet")).to_be_visible()
    new.get_by_role("link", name="Try it: GET /neko").click()
    monkeypatch.setattr(workbench, "pause", 0.2)
    monkeypatch.setattr(workbench, "answer", lambda outgoing: [b"<b>%d</b> " % i for i in range(8)])
    new.get_by_role("button", name="Send", exact=True).click()
    # The answer comes piece by piece, on the page it was sent from ...
    stream = new.locator("[data-stream]")
    expect(stream).to_have_text(re.compile(r"^<b>0</b> (<b>[1-6]</b> ){0,6}$"))
    expect(new.get_by_text("8 chunks as they came")).to_be_visible()
    # ... and elsewhere a row.
    row = watching.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("200")
    expect(watching.get_by_text("Nothing has come in yet")).to_be_hidden()
    watching.get_by_role("button", name="Pause").click()
    monkeypatch.setattr(workbench, "pause", 0.0)
    new.get_by_role("button", name="Send", exact=True).click()
    expect(new.get_by_text("8 chunks as they came")).to_be_visible()
    expect(row).to_have_count(1)
    watching.get_by_role("button", name="Go on").click()
    expect(row).to_have_count(2)


def test_without_scripts(open_page: Visits, workbench: FakeWorkbench) -> None:
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
    endpoint = endpoint_of(workbench, "NekoFunction", "Plain")
    assert endpoint.settings == {"colour": "rainbow"}
    page.get_by_role("link", name="Try it: GET /neko").click()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("200")
    expect(page.get_by_label("Response body")).to_contain_text("Nyan")
    page.get_by_role("button", name="Send again").click()
    page.get_by_role("link", name="Requests", exact=True).first.click()
    expect(page.locator("tbody tr").first).to_contain_text("Plain")


PATHS = (
    *("/", "/requests", NEKO, f"{NEKO}/endpoints", f"{NEKO}/endpoints/new", f"{NEKO}/try"),
    *(f"{SLACK}/endpoints/new", f"{SLACK}/events", f"{NEKO}/profile"),
)


@pytest.fixture(scope="module")
def some_of_everything(console: ConsoleServer, workbench: FakeWorkbench) -> tuple[str, ...]:
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
