"""`packager estimate`: its options, what it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.support.plugin_writer import write_plugin

TIMES = ("--init", "80", "--duration", "10,50", "--memory", "512", "--memory", "1024")


def test_a_function_is_estimated_without_building_it(run: Run, tmp_path: Path) -> None:
    plugin, page = write_plugin(tmp_path / "cat"), tmp_path / "page.html"
    options = (*TIMES, "--rps", "5", "--for", "100", "--format", "json", "--html", page)
    done = run("estimate", plugin, *options)
    assert (done.code, done.stderr) == (0, "")
    [found] = json.loads(done.stdout)["estimates"]
    assert [case["memory"] for case in found["cases"]] == [512, 1024]
    assert found["cases"][0]["times"]["init"] == {"mean_ms": 80, "from": "given"}
    assert page.read_text().startswith("<!doctype html>")
    assert run("estimate", plugin, *options).stdout == done.stdout
    assert run("estimate", plugin, *options, "--seed", "2").stdout != done.stdout


def test_traffic_and_reports_are_read_from_files(run: Run, tmp_path: Path) -> None:
    watched = "alarms = true\nmetrics = true\ntracing = true\ndashboard = true\n"
    plugin = write_plugin(tmp_path / "cat", {"packager.toml": watched})
    (tmp_path / "traffic.csv").write_text("time,requests\n0,60\n60,120\n")
    (tmp_path / "log").write_text(
        "REPORT RequestId: 1\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 512 MB\t\n"
        "REPORT RequestId: 2\tDuration: 9.00 ms\tMemory Size: 512 MB\tInit Duration: 70.00 ms\t\n"
    )
    files = ("--traffic", tmp_path / "traffic.csv", "--report", tmp_path / "log")
    done = run("estimate", plugin, *files, "--memory", "512", "--queue", "10")
    assert done.code == 0
    assert "180 requests of traffic.csv, a queue" in done.stdout
    assert "Init: 1 REPORT line.\n" in done.stdout
    bill = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines() if "$" in line)
    assert bill["metrics"] == "$2.10"  # six, and one of its one route
    assert {"alarms", "dashboard", "traces"} <= bill.keys()


def test_what_is_refused(run: Run, tmp_path: Path) -> None:
    plugin = write_plugin(tmp_path / "cat")

    def refused(*arguments: object) -> str:
        done = run("estimate", plugin, *TIMES, *arguments)
        assert (done.code, done.stdout) == (2, "")
        return done.stderr

    assert "say which requests come: --rps N, or --traffic FILE" in refused()
    assert "requests come from one of the two" in refused("--rps", 1, "--traffic", "x")
    for name in ("--rps", "--for", "--idle", "--gateway-rate", "--cpu"):
        assert "'nan' is not a finite number" in refused(name, "nan")
    said = refused("--rps", 1, "--for", 60, "--provisioned", 2000)
    assert "can't keep 2,000 environments ready of 1,000 that are allowed" in said
    assert "--burst and --for are for --rps" in refused("--traffic", "x", "--for", 1)
    assert "a burst is requests a second" in refused("--rps", 1, "--burst", "x")
    files = ("--traffic", "a.csv", "--prices", "b.toml", "--report", "c.log")
    said = refused(*files)
    assert [line.partition(":")[0] for line in said.splitlines()] == ["a.csv", "b.toml", "c.log"]
    assert "name a file" in refused("--rps", 1, "--html", tmp_path)
