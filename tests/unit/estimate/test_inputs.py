from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import Diagnostics, UsageError
from packager.estimate.durations import (
    Constant,
    Exponential,
    LogNormal,
    Measured,
    percentile,
    read_duration,
)
from packager.estimate.prices import DEFAULT, default_prices, read_prices
from packager.estimate.report_lines import Report, read_reports, reports_in
from packager.estimate.traffic import MOST_REQUESTS, Burst, read_burst, synthetic_traffic
from packager.estimate.traffic_file import read_traffic


def faults(diagnostics: Diagnostics) -> list[str]:
    return [f"{each.code} {each}" for each in diagnostics.errors]


def test_durations_are_read_and_draw_what_they_say() -> None:
    from random import Random

    assert read_duration("40") == Constant(40)
    assert read_duration("40,200") == LogNormal(40, 200)
    draw = LogNormal(40, 200).draw(Random(1))
    drawn = sorted(draw() for _ in range(200_000))
    assert percentile(drawn, 0.5) == pytest.approx(0.04, rel=0.05)
    assert percentile(drawn, 0.99) == pytest.approx(0.2, rel=0.1)
    assert sum(drawn) / len(drawn) == pytest.approx(LogNormal(40, 200).mean / 1000, rel=0.03)
    assert Exponential(5).scaled(2).mean == 10
    assert Measured((1.0, 3.0)).scaled(10).mean == 20


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "0", "1,2,3", "200,40", "nan", "inf", "1e-9", "1,1800001"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="a time is milliseconds"):
        read_duration(text)


def test_percentiles_of_little() -> None:
    assert [percentile([1.0, 2.0, 3.0], share) for share in (0.01, 0.5, 0.99)] == [1, 2, 3]


def test_a_synthetic_load_has_its_rate_and_its_bursts() -> None:
    traffic = synthetic_traffic(10, [Burst(500, 2, 20)], seconds=100)
    inside = [at for at in traffic.times if 9 <= at % 20 < 11]
    assert len(inside) == pytest.approx(5 * 2 * 500, rel=0.05)
    assert len(traffic.times) - len(inside) == pytest.approx(90 * 10, rel=0.15)
    assert list(traffic.times) == sorted(traffic.times)
    assert traffic.label == "10 requests a second for 100 s, 500 for 2 s every 20 s"
    assert synthetic_traffic(1000, seconds=None).seconds == 1000
    assert synthetic_traffic(0.1).seconds == 86_400


def test_too_many_requests_say_how_long_would_do() -> None:
    with pytest.raises(UsageError, match="can be simulated") as refused:
        synthetic_traffic(100_000, seconds=3600)
    assert refused.value.hint == f"take less time: --for {MOST_REQUESTS // 100_000}"


def test_a_load_without_a_request_and_one_of_countless_bursts_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^no request comes in 1 s$"):
        synthetic_traffic(1e-6, seconds=1)
    with pytest.raises(UsageError, match="more than 100,000 bursts"):
        synthetic_traffic(1, [Burst(10, 1e-7, 1e-6)])
    with pytest.raises(UsageError, match=r"^those are some 1e\+300 requests"):
        synthetic_traffic(1, seconds=1e300)


def test_a_burst_that_takes_longer_than_all_is_all_there_is() -> None:
    traffic = synthetic_traffic(1, [Burst(100, 50)], seconds=10)
    assert len(traffic.times) == pytest.approx(1000, rel=0.15)


def test_bursts_are_read() -> None:
    assert read_burst("500:10") == Burst(500, 10)
    assert read_burst("500:10:300") == Burst(500, 10, 300)
    for text in ("500", "500:0", "a:b", "500:10:5", "1:2:3:4"):
        with pytest.raises(UsageError):
            read_burst(text)


def test_times_are_one_request_each(tmp_path: Path) -> None:
    file = tmp_path / "times.txt"
    file.write_text("# seen\ntime\n2026-11-29T08:00:02Z\n1795939200000\n1795939201\n")
    found = read_traffic(file, Diagnostics())
    assert found is not None
    assert list(found.times) == [0, 1, 2]
    assert found.label == "3 requests of times.txt"


def test_counts_are_spread_over_their_stretch(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("time,requests\n0,600\n60,0\n120,60\n")
    found = read_traffic(file, Diagnostics())
    assert found is not None
    assert found.seconds == 180
    assert sum(at < 60 for at in found.times) == 600
    assert sum(at >= 120 for at in found.times) == 60


def test_parts_of_requests_add_up(tmp_path: Path) -> None:
    file = tmp_path / "averages.csv"
    file.write_text("".join(f"{minute * 60},0.4\n" for minute in range(10)))
    found = read_traffic(file, Diagnostics())
    assert found is not None
    assert (len(found.times), found.label) == (4, "4 requests of averages.csv")


def test_cloudwatch_s_answers_are_traffic(tmp_path: Path) -> None:
    file = tmp_path / "sums.json"
    file.write_text(
        '{"Label": "Invocations", "Datapoints": [{"Timestamp": "2026-11-29T08:05:00+00:00", '
        '"Sum": 2.0, "Unit": "Count"}, {"Timestamp": "2026-11-29T08:00:00+00:00", "Sum": 5.0}]}'
    )
    found = read_traffic(file, Diagnostics())
    assert found is not None
    assert (len(found.times), found.seconds) == (7, 600)
    file.write_text(
        '{"MetricDataResults": [{"Timestamps": ["2026-11-29T08:00:00Z"], "Values": [3]}]}'
    )
    again = read_traffic(file, Diagnostics())
    assert again is not None and len(again.times) == 3


def test_faults_of_a_traffic_file_have_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("0,1\nnever,2\n5\n6,-1\n")
    diagnostics = Diagnostics()
    assert read_traffic(file, diagnostics) is None
    assert faults(diagnostics) == [
        f"invalid-value {file}:{line}:1: is neither a time nor `time,requests`: {text!r}"
        for line, text in ((2, "never,2"), (3, "5"), (4, "6,-1"))
    ]
    for text in (
        "",
        "{}",
        "{",
        '{"Datapoints": [{"Timestamp": 1, "Sum": null}]}',
        "\udcff",
        '{"Datapoints": 5}',
        '{"MetricDataResults": [{"Timestamps": 5, "Values": [1]}]}',
        "1e300",
        '{"Datapoints": [{"Timestamp": 1, "Sum": 1e300}]}',
    ):
        file.write_text(text, errors="surrogateescape")
        diagnostics = Diagnostics()
        assert read_traffic(file, diagnostics) is None
        assert len(diagnostics.errors) == 1


REPORTS = """\
2026/11/29 [$LATEST] START RequestId: 8f5 Version: $LATEST
REPORT RequestId: 8f5\tDuration: 12.34 ms\tBilled Duration: 100 ms\tMemory Size: 512 MB\t\
Max Memory Used: 48 MB\tInit Duration: 87.10 ms\t
REPORT RequestId: 8f6 Duration: 1.50 ms Billed Duration: 2 ms Memory Size: 512 MB Max Memory \
Used: 48 MB
REPORT RequestId: 8f7\tDuration: 9.00 ms\tBilled Duration: 9 ms\tMemory Size: 512 MB\t\
Max Memory Used: 48 MB\tRestore Duration: 210.00 ms\tBilled Restore Duration: 4 ms\t
{"time":"2026-11-29T08:00:00.000Z","type":"platform.report","record":{"requestId":"8f8",\
"metrics":{"durationMs":3.25,"billedDurationMs":60,"memorySizeMB":512,"maxMemoryUsedMB":47,\
"initDurationMs":56.5},"status":"success"}}
REPORT RequestId: 8f9 without any
"""


def test_report_lines_of_both_log_formats() -> None:
    assert list(reports_in(REPORTS)) == [
        Report(12.34, 100, 512, 48, 87.1),
        Report(1.5, 2, 512, 48),
        Report(9.0, 9, 512, 48, None, 210.0),
        Report(3.25, 60, 512, 47, 56.5),
    ]
    assert [each.is_cold for each in reports_in(REPORTS)] == [True, False, True, True]


def test_what_lambda_never_writes_is_no_report() -> None:
    wrong = [
        "REPORT RequestId: a\tDuration: 1e9 ms",
        f"REPORT RequestId: a\tDuration: {'9' * 400} ms",
        '{"type":"platform.report","record":{"metrics":{"durationMs":1e400}}}',
        '{"type":"platform.report","record":{"metrics":{"durationMs":NaN}}}',
        '{"type":"platform.report","record":{"metrics":{"durationMs":-5}}}',
        '{"type":"platform.report","record":{"metrics":{"durationMs":5,"memorySizeMB":1e400}}}',
    ]
    assert list(reports_in("\n".join(wrong))) == []
    assert list(reports_in("REPORT RequestId: a\tDuration: 1.2.3 ms")) == []


def test_a_log_without_reports_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("nothing\n")
    diagnostics = Diagnostics()
    assert read_reports(file, diagnostics) == ()
    assert faults(diagnostics) == [f"invalid-value {file}: holds no REPORT line of Lambda's"]


def test_every_price_has_a_source_and_a_date() -> None:
    prices = default_prices()
    assert prices.region == "us-east-1"
    assert len(prices.of) > 15
    for price in prices.of.values():
        assert price.source and price.per
        assert price.seen.startswith("20") or price.seen == "not checked"
        assert price.is_checked != ("memory" in price.source)


def test_tiers_add_up() -> None:
    http = default_prices().of["gateway_http"]
    assert http.of(300e6) == pytest.approx(300)
    assert http.of(400e6) == pytest.approx(390)


def test_faults_of_a_price_file_are_all_said(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    text = DEFAULT.read_text().replace("[secrets_kept]", "[secrets_keep]")
    text = text.replace("price = 0.0000002\n", "price = -1\ncolour = 1\n")
    text = text.replace('region = "us-east-1"', "region = 1")
    file.write_text(text)
    diagnostics = Diagnostics()
    assert read_prices(file, diagnostics) is None
    assert [(each.code, each.key) for each in diagnostics.errors] == [
        ("invalid-value", "region"),
        ("unknown-key", "lambda_requests.colour"),
        ("invalid-value", "lambda_requests.price"),
        ("unknown-key", "secrets_keep"),
        ("missing-key", "secrets_kept"),
    ]
    assert all(each.place is not None for each in diagnostics.errors)


@pytest.mark.parametrize(
    "tiers", ["1", "[]", "[[1, 2]]", "[[2, 1], [1, 1], [inf, 1]]", "[[nan, 1]]", "[[inf, nan]]"]
)
def test_tiers_end_without_end(tiers: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(DEFAULT.read_text().replace("[[300e6, 0.000001], [inf, 0.0000009]]", tiers))
    diagnostics = Diagnostics()
    assert read_prices(file, diagnostics) is None
    assert [each.key for each in diagnostics.errors] == ["gateway_http.tiers"]
