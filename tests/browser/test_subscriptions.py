"""A subscription as its user makes it: by keyboard, on a phone, in the dark, without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from packager.console.app import make_app
from packager.subscriptions.subscription import Workflow, subscription_of
from tests.browser.conftest import Visit
from tests.support.axe import violations
from tests.support.console_server import ConsoleServer, serving
from tests.support.fake_workbench import FakeWorkbench, managed_of, plans_of, served
from tests.support.hooks import SECRET, TOKEN, Service, hooks_service, write_doors
from tests.support.keyboard import follow, tab_to
from tests.support.own_constructor import own_constructor

Visits = Callable[..., Visit]
AT = "/functions/DoorsFunction/subscriptions"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with hooks_service() as running:
        yield running


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeWorkbench]:
    folder = write_doors(tmp_path_factory.mktemp("plugins") / "doors")
    functions = tuple(served(plan, folder.parent / "kept.sqlite") for plan in plans_of(folder))
    with own_constructor(folder) as constructor:
        yield FakeWorkbench(functions, makes=constructor)


@pytest.fixture(scope="module")
def page_server(workbench: FakeWorkbench) -> Iterator[ConsoleServer]:
    with serving(make_app(workbench)) as server:
        yield server


@pytest.fixture
def open_page(page_server: ConsoleServer, visits: Visits) -> Callable[..., Visit]:
    def opened(path: str, **options: Any) -> Visit:
        visit = visits(**options)
        visit.page.goto(f"{page_server.origin}/_console{path}")
        return visit

    return opened


def test_by_keyboard_alone(open_page: Visits, workbench: FakeWorkbench, service: Service) -> None:
    page = open_page(AT).page
    keys = page.keyboard
    follow(page, "New subscription")
    expect(page.locator(":focus")).to_have_attribute("name", "name")
    keys.type("cats")
    tab_to(page, "Token")
    keys.type("wrong")
    tab_to(page, "Server")
    keys.type(service.url)
    follow(page, "Continue")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("The credentials were refused")
    tab_to(page, "Token")
    keys.type(TOKEN)
    follow(page, "Continue")

    tab_to(page, "Door")
    keys.type("Fr")  # of the service's own
    tab_to(page, "Event of workflow 1")
    keys.type("Op")
    tab_to(page, "App of workflow 1")
    keys.type("a1")
    tab_to(page, "Parameters and inputs of workflow 1")
    keys.press("Enter")
    tab_to(page, "Parameters (name: value) of workflow 1")
    keys.type("least: 20")
    tab_to(page, "Inputs (input = variable) of workflow 1")
    keys.type("x = door")
    follow(page, "Create subscription")
    expect(page.get_by_role("alert")).to_contain_text("Expected a number from 1 to 9")
    tab_to(page, "Parameters (name: value) of workflow 1")
    keys.press("Control+A")
    keys.type("least: 2")
    follow(page, "Create subscription")

    expect(page.get_by_role("status").first).to_contain_text("Created.")
    function = managed_of(workbench, "DoorsFunction")
    endpoint = function.find(name="cats")
    subscription = subscription_of(function, endpoint)
    assert subscription.workflows == (Workflow("opened", "a1", {"least": 2}, {"x": "door"}),)
    expect(page.get_by_text(f"http://127.0.0.1:3000/e/{endpoint.hook_id}")).to_be_visible()
    assert service.hooks[subscription.properties["id"]]["door"] == "front"
    assert SECRET not in page.content()
    follow(page, "Disable")
    expect(page.get_by_text("every webhook is answered with 404")).to_be_visible()
    follow(page, "Delete …")
    follow(page, "Delete it")
    expect(page.get_by_text("No subscription yet")).to_be_visible()
    assert service.hooks == {}


PAGES = ("", "/new", "/new?method=oauth2", "/new?method=unauthorized")


def make_by_hand(page: Page, name: str) -> None:
    page.goto(page.url.split("/subscriptions")[0] + "/subscriptions/new?method=unauthorized")
    page.get_by_label("Name").first.fill(name)
    page.get_by_label("Secret", exact=True).fill(SECRET)
    page.get_by_label("Event of workflow 1").select_option("opened")
    page.get_by_label("App of workflow 1").fill("a-rather-long-id-of-an-app-0123456789")
    page.get_by_role("button", name="Create subscription").click()
    page.wait_for_url("**?done=created")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_violation(open_page: Visits, axe: str, scheme: str) -> None:
    visit = open_page(AT, color_scheme=scheme)
    page = visit.page
    make_by_hand(page, f"hand {scheme}")
    here = page.url.split("?")[0]
    top = here.rpartition("/")[0]
    for url in (here, f"{here}/edit", f"{here}/delete", *(top + each for each in PAGES)):
        page.goto(url)
        assert violations(page, axe) == [], url
    assert visit.complaints == []


def test_a_phone_is_wide_enough(open_page: Visits) -> None:
    page = open_page(AT, **PHONE).page
    make_by_hand(page, "phone")
    here = page.url.split("?")[0]
    top = here.rpartition("/")[0]
    for url in (here, f"{here}/edit", f"{here}/delete", *(top + each for each in PAGES)):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, url


def test_without_scripts(open_page: Visits, workbench: FakeWorkbench) -> None:
    page = open_page(AT, java_script_enabled=False).page

    make_by_hand(page, "plain")

    expect(page.get_by_text("Tell the service this address")).to_be_visible()
    function = managed_of(workbench, "DoorsFunction")
    assert function.find(name="plain").enabled
