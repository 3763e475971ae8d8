from __future__ import annotations

import json
from array import array
from dataclasses import replace

import pytest

from packager.errors import UsageError
from packager.estimate.charts import ticks
from packager.estimate.cost import MONTH_SECONDS
from packager.estimate.durations import Constant, Measured
from packager.estimate.estimate import Estimate, estimate_function, memory_sizes
from packager.estimate.function import EstimatedFunction, Watching
from packager.estimate.model import Limits, Queue, Setup, Times
from packager.estimate.page import render_page
from packager.estimate.prices import default_prices
from packager.estimate.report_lines import Report
from packager.estimate.text import facts, render_text
from packager.estimate.times import GivenTimes, times_of
from packager.estimate.traffic import Traffic
from tests.support.html_page import Page

FUNCTION = EstimatedFunction(
    "NekoFunction", "arm64", 1024, "http", Setup(settings_ttl=300), secrets=1
)
TIMES = Times(Constant(10), Constant(99.5), None, {"init": "given", "duration": "given"})
# One request a second, for a hundred seconds.
TRAFFIC = Traffic(array("d", map(float, range(100))), 100.0, "100 requests of a <test>")


def estimated(function: EstimatedFunction = FUNCTION, **limits: int) -> Estimate:
    times = dict.fromkeys((512, 1024), TIMES)
    return estimate_function(
        function,
        times,
        TRAFFIC,
        replace(Limits(), **limits),
        default_prices(),
    )


def test_a_bill_is_that_of_a_month() -> None:
    half, whole = estimated().cases
    items = {item.name: item for item in whole.items}
    requests = MONTH_SECONDS
    assert items["requests"].dollars == pytest.approx(requests * 0.2e-6)
    # 99 of 10 ms, and one of 10 + 99.5, rounded up to 110.
    assert items["duration"].units == pytest.approx((99 * 0.010 + 0.0105) / 100 * requests)
    assert items["init phases"].units == pytest.approx(0.0995 / 100 * requests)
    assert items["duration"].dollars == pytest.approx(items["duration"].units * 0.0000133334)
    assert items["API Gateway"].dollars == pytest.approx(requests * 1e-6)
    assert items["logs"].dollars == pytest.approx(requests * 400 / 1e9 * 0.5)
    assert items["secrets, kept"].dollars == 0.4
    assert {item.name: item.units for item in half.items}["duration"] == pytest.approx(
        items["duration"].units / 2
    )


def test_other_functions_have_other_items() -> None:
    def names(function: EstimatedFunction) -> set[str]:
        return {item.name for item in estimated(function).cases[0].items}

    base = replace(FUNCTION, secrets=0, setup=Setup())
    plain = {"requests", "duration", "init phases", "API Gateway", "logs", "data to clients"}
    assert names(base) == plain
    assert names(replace(base, api="url")) == plain - {"API Gateway"}
    queue = replace(base, setup=Setup(queue=Queue(batch=10)))
    assert names(queue) == plain - {"API Gateway", "data to clients"} | {"queue"}
    kept = {"provisioned concurrency", "duration, provisioned"}
    assert (
        names(replace(base, setup=Setup(provisioned=1)))
        == plain - {"duration", "init phases"} | kept
    )
    snapshot = {"SnapStart, cached", "SnapStart, restored"}
    watched = replace(base, watching=Watching(3, 7, dashboard=True, tracing=True))
    assert names(watched) == plain | {"alarms", "metrics", "dashboard", "traces"}
    assert names(replace(base, setup=Setup(snapstart=True))) == plain - {"init phases"} | snapshot


def test_what_watches_a_function_is_on_the_bill() -> None:
    base = replace(FUNCTION, secrets=0, setup=Setup())
    plain = {item.name: item for item in estimated(base).cases[0].items}
    watched = replace(base, watching=Watching(3, 7, dashboard=True, tracing=True))
    items = {item.name: item for item in estimated(watched).cases[0].items}
    assert items["alarms"].dollars == pytest.approx(0.3)
    assert items["metrics"].dollars == pytest.approx(2.1)
    assert items["dashboard"].dollars == 3
    # One request a second: each is traced.
    assert items["traces"].dollars == pytest.approx(MONTH_SECONDS * 5e-6)
    assert items["logs"].units == pytest.approx(plain["logs"].units * 900 / 400)


def test_text_says_what_it_rests_on() -> None:
    text = render_text([estimated()])
    assert text.startswith("NekoFunction: 100 requests of a <test>, api http, arm64\n")
    assert "1024 MB  1%    10.0 ms" in text.replace("1.0%", "1%  ")
    assert "Init: given." in text
    assert "Prices of us-east-1, seen 2026-11-30, without free tiers; seed 1." in text
    assert "Not checked" not in text and "worker" not in text
    assert "Nor are the queue and the worker" in render_text(
        [estimated(replace(FUNCTION, defers=True))]
    )
    prices = default_prices()
    of = {**prices.of, "alarms": replace(prices.of["alarms"], seen="not checked")}
    text = render_text([replace(estimated(), prices=replace(prices, of=of))])
    assert "Not checked at their source: alarms." in text


def test_refusals_are_said_by_reason() -> None:
    text = render_text([estimated(concurrency=1, requests_per_environment=1)])
    assert "over ten a second" not in text
    crowd = replace(TRAFFIC, times=array("d", [0.0] * 100))
    found = estimate_function(FUNCTION, {512: TIMES}, crowd, Limits(20), default_prices())
    assert "for want of concurrency  80\n" in render_text([found])


def test_json_holds_all_of_it() -> None:
    said = json.loads(json.dumps(facts(estimated())))
    assert said["cases"][0]["memory"] == 512
    assert said["cases"][0]["cold"] == 1
    assert said["cases"][0]["latency_ms"]["p50"] == 10
    assert len(said["cases"][0]["over_time"]) == 240
    assert said["prices"]["of"]["lambda_requests"]["source"]


def test_the_page_needs_nothing_else_and_escapes() -> None:
    text = render_page([estimated(), estimated(replace(FUNCTION, name="<b>"))])
    page = Page(text)
    assert "<test>" not in text and "<b>" not in text
    tags = [tag for tag, _ in page.found]
    assert tags.count("svg") == 6
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert all(
        "://" not in (value or "") for _, attributes in page.found for value in attributes.values()
    )


def test_axes_have_round_numbers() -> None:
    assert ticks(97) == [0, 25, 50, 75, 100]
    assert ticks(1) == [0, 0.25, 0.5, 0.75, 1]
    assert ticks(0) == [0, 1]


def test_given_times_change_with_the_memory_as_far_as_they_are_cpu() -> None:
    given = GivenTimes(Constant(80), Constant(100), None, cpu=0.5)
    found = times_of((512, 1769), 1769, given)
    assert found[1769].duration == Constant(100)
    assert found[512].duration.mean == pytest.approx(50 + 50 * 1769 / 512)
    assert found[512].init == Constant(80)
    assert found[512].says == {"init": "given", "duration": "given"}


def test_reports_are_of_their_own_memory_size_where_there_are_enough() -> None:
    reports = [Report(10.0, 10, 1769, 40)] * 10 + [Report(20.0, 100, 1769, 40, 80.0)] * 2
    found = times_of((1769, 512), 1769, GivenTimes(), reports)
    assert found[1769].duration == Measured((10.0,) * 10)
    assert found[1769].first == Measured((20.0, 20.0))
    assert found[1769].init == Measured((80.0, 80.0))
    assert found[1769].says["duration"] == "10 REPORT lines"
    assert found[512].duration.mean == pytest.approx(10 * 1769 / 512)
    assert found[512].says["duration"] == "10 REPORT lines, of other memory sizes too"


def test_what_nothing_says_is_measured_once() -> None:
    calls = []

    def measure() -> dict[int, Times]:
        calls.append(1)
        says = {"init": "measured", "duration": "measured", "first": "measured"}
        return dict.fromkeys((512, 1024), Times(Constant(2), Constant(1), Constant(3), says))

    found = times_of((512, 1024), 512, GivenTimes(duration=Constant(7)), (), measure)
    assert calls == [1]
    assert found[512].says == {"duration": "given", "init": "measured"}
    assert found[512].first is None
    with pytest.raises(UsageError, match="--init is missing"):
        times_of((512,), 512, GivenTimes(duration=Constant(7)))


def test_memory_sizes_hold_the_function_s_own() -> None:
    assert memory_sizes(300, ()) == (256, 300, 512, 1024, 1769)
    assert memory_sizes(300, (1024, 128, 128)) == (128, 1024)
