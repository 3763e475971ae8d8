"""The page of `packager estimate --html`, looked at in a browser: on a phone, in the dark."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from packager.estimate.durations import Constant, LogNormal
from packager.estimate.estimate import estimate_function
from packager.estimate.function import EstimatedFunction, Watching
from packager.estimate.model import Limits, Setup, Times
from packager.estimate.page import render_page
from packager.estimate.prices import default_prices
from packager.estimate.traffic import Traffic
from tests.browser.conftest import Visit
from tests.support.axe import violations

WIDTH = 375


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with all that there may be: many items, refused requests, four sizes, a long name."""
    function = EstimatedFunction(
        "A" * 60 + "Function", "arm64", 512, "rest", Setup(2, settings_ttl=60.0),
        Watching(3, 7, dashboard=True, tracing=True), parameters=True, secrets=2,
    )  # fmt: skip
    says = {"init": "given", "duration": "given"}
    times = Times(LogNormal(40, 300), Constant(80), None, says)
    traffic = Traffic(array("d", [number / 100 for number in range(1000)]), 10.0, "a test")
    found = estimate_function(
        function,
        dict.fromkeys((256, 512, 1024, 1769), times),
        traffic,
        Limits(concurrency=3),
        default_prices(),
    )
    page = tmp_path_factory.mktemp("estimate") / "estimate.html"
    page.write_text(render_page([found]), "utf-8")
    return page


def opened(visits: Callable[..., Visit], file: Path, scheme: str) -> Page:
    size = {"width": WIDTH, "height": 812}
    page = visits(viewport=size, color_scheme=scheme).page
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_and_nothing_is_hard_to_read(
    visits: Callable[..., Visit], file: Path, axe: str, scheme: str
) -> None:
    page = opened(visits, file, scheme)
    page.get_by_text("Prices and where").click()
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTH
    cut = """() => [...document.querySelectorAll('svg text')].filter((text) => {
        const box = text.getBoundingClientRect();
        const all = text.ownerSVGElement.getBoundingClientRect();
        return box.left < all.left || box.right > all.right || box.bottom > all.bottom;
    }).map((text) => text.textContent)"""
    assert page.evaluate(cut) == []
    assert violations(page, axe) == []
    hues = "() => [...document.querySelectorAll('tbody .swatch')].map((each) => each.style.cssText)"
    items = page.evaluate(hues)[4:]
    assert len(items) >= 12
    assert len({*items}) == len(items), "two items of the bill have one colour"


def test_the_keyboard_reaches_what_is_beyond_the_edge(
    visits: Callable[..., Visit], file: Path
) -> None:
    page = opened(visits, file, "light")
    page.keyboard.press("Tab")
    table = page.locator(".scroll").first
    expect(table).to_be_focused()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.scroll').scrollLeft > 0")
    # What a row is about stays in sight.
    first = table.locator("tbody td").first.bounding_box()
    assert first is not None and first["x"] >= 0
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("details")).to_have_attribute("open", "")
