"""`packager profile` on real bundles: what it measures is there, whatever it takes today."""

from __future__ import annotations

import json
import statistics
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from packager.bundle.read import read_bundle
from packager.estimate import measure
from packager.estimate.durations import Measured
from packager.local.request_event import make_event
from packager.profile.cpu_share import Unlimited, cpu_share
from packager.profile.start import function_of
from tests.support.examples import NEKO_ENV, Command
from tests.support.plugin_writer import write_plugin

SLOW = """\
import sqlite3
import time

from dify_plugin import Endpoint
from werkzeug import Response


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        return Response("quack " + values["app_id"])

    def later(self):
        return sqlite3.connect(":memory:")


time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def profiled(neko: Path, command: Command) -> subprocess.CompletedProcess[bytes]:
    """The command on neko's bundle, which lies beside the working directory, with budgets that it
    keeps; started by the fast entry, whichever it is built for."""
    options = ("--entry", "fast", "--request", "/duck/42", "--format", "json")
    budgets = ("--budget", 60_000, "--max-size", "250MB")
    return command("profile", neko.name, "-n", 2, *options, *budgets, cwd=neko.parent, **NEKO_ENV)


@pytest.fixture(scope="module")
def profile(profiled: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """What it says of that."""
    [found] = json.loads(profiled.stdout)["profiles"]
    return dict(found)


def test_the_times_add_up(profile: dict[str, Any]) -> None:
    assert (profile["function"], profile["entry"], profile["status"]) == (
        "NekoFunction",
        "fast",
        200,
    )
    assert len(profile["starts"]) == 2
    assert all(0 < start["init"] < start["wall"] for start in profile["starts"])
    assert sum(part["ms"] for part in profile["parts"]) == pytest.approx(profile["wall"], rel=0.01)
    names = [part["name"] for part in profile["parts"]]
    assert names[:4] == ["interpreter", "loop", "runtime", "werkzeug"]
    assert names[-2:] == ["plugin", "answering"]
    assert all(part["ms"] > 0 for part in profile["parts"])


def test_the_imports(profile: dict[str, Any], neko: Path) -> None:
    imports = {each["name"]: each for each in profile["imports"]}
    assert imports["endpoint_runtime.loop"]["part"] == "loop"
    assert imports["werkzeug.wrappers"]["part"] == "werkzeug"
    assert imports["endpoints.duck"] | {"start": 0, "ms": 0, "own": 0} == {
        "name": "endpoints.duck",
        "file": "plugin/endpoints/duck.py",
        "depth": 0,
        "start": 0,
        "ms": 0,
        "own": 0,
        "part": "plugin",
    }
    assert all(each["own"] <= each["ms"] for each in imports.values())
    assert "endpoints.qr" not in imports
    opened = [path for path in profile["opened"] if path.startswith("plugin/")]
    assert opened
    assert all(path.endswith(".pyc") for path in opened)
    assert profile["bytes"] == sum(p.stat().st_size for p in neko.rglob("*") if p.is_file())


def test_the_cpu_shares(profile: dict[str, Any]) -> None:
    """Where this machine can; the init phase has the whole machine, the first request the share."""
    try:
        with cpu_share(128):
            limited = True
    except Unlimited as reason:
        limited = False
        assert profile["no_shares"] == str(reason)
    assert [each["memory"] for each in profile["shares"]] == ([128, 512, 1769] if limited else [])
    assert all(0 < each["init"] < each["wall"] for each in profile["shares"])


# A bundle for either entry is started by the other, too, above.
@pytest.mark.parametrize(
    "entry", ["fast", pytest.param("stock", marks=pytest.mark.soak)], indirect=True, scope="session"
)
def test_the_stock_entry_beside_the_fast_one(neko: Path, command: Command, tmp_path: Path) -> None:
    page = tmp_path / "profile.html"
    done = command(
        *("profile", neko, "-n", 1, "--entry", "stock", "--compare", neko, "--html", page),
        **NEKO_ENV,
    )
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    assert text.startswith("NekoFunction: GET /neko -> 200, stock entry")
    assert "AWS's client" in text
    assert "OTHER MS" in text
    assert "<h2>Imports of the other bundle</h2>" in page.read_text("utf-8")
    assert done.stderr.decode() == "measuring 1 cold start\n"


def test_a_plugin_is_built_and_advised(
    command: Command, tmp_path: Path, target: tuple[str, ...]
) -> None:
    plugin = write_plugin(
        tmp_path / "slow",
        {"endpoints/duck.py": SLOW, "packager.toml": '[settings]\napi_key = {env = "KEY"}\n'},
    )
    done = command(
        *("profile", plugin, "-n", 1, "--format", "json", "--budget", 30, "--max-size", "100kB"),
        *("--runtime", target[1], "--compare", "diet=false"),
        KEY="x",
    )
    assert done.returncode == 1, done.stderr.decode()
    [found, full] = json.loads(done.stdout)["profiles"]
    assert len(full["imports"]) > len(found["imports"]) + 50
    assert (found["deferred"] is None, full["deferred"]) == (False, None)
    assert found["request"] == "GET /duck/x"
    [advice] = found["deferrable"]
    assert (advice["file"], advice["line"], advice["module"], advice["functions"]) == (
        *("endpoints/duck.py", 1, "sqlite3"),
        ["later"],
    )
    assert found["wall"] > 50
    [line] = [line for line in done.stderr.decode().splitlines() if line.startswith("error")]
    assert line.startswith(f"error: {found['function']}: the cold start takes ")
    assert line.endswith(
        f" ms, its budget is 30 ms; the bundle has {found['bytes'] / 1e6:.1f} MB unzipped "
        f"({found['bytes']} bytes), its budget is 100000 bytes"
    )


def test_a_bundle_can_t_be_compared_with_itself_off_the_diet(command: Command, neko: Path) -> None:
    done = command("profile", neko, "--compare", "diet=false", **NEKO_ENV)

    assert done.returncode == 2
    assert done.stderr.decode() == (
        "error: --compare diet=false is for a PLUGIN, which is built without it as well\n"
    )


def test_a_bundle_beside_the_working_directory(profile: dict[str, Any]) -> None:
    assert (profile["status"], "plugin/endpoints/duck.py") == (
        200,
        next(each["file"] for each in profile["imports"] if each["name"] == "endpoints.duck"),
    )


def test_a_failing_function_is_said_to_fail(command: Command, trouble: Path) -> None:
    done = command("profile", trouble, "-n", 1, "--request", "GET /no/such/route")
    assert done.returncode == 0
    assert b"warning: the reply's status is 404: this is the profile of a failure" in done.stderr


def test_neko_is_within_a_generous_budget(profiled: subprocess.CompletedProcess[bytes]) -> None:
    assert (profiled.returncode, b"budget" in profiled.stderr) == (0, False)


def test_a_managed_function_answers_for_an_endpoint(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of this machine's, or the one that is named; without any it is said what to do."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    plugin = write_plugin(
        tmp_path / "tiny",
        {"packager.toml": 'endpoints = "managed"\n', "endpoints/duck.py": SLOW},
    )
    options = ("--runtime", "python3.13", "-n", 1, "--format", "json")

    none = command("profile", plugin, *options)
    assert none.returncode == 2
    assert b"has no endpoint on this machine that is switched on" in none.stderr

    (tmp_path / "values.yaml").write_text("api_key: k\n")
    for name in ("b", "a"):
        made = command(
            *("endpoints", "create", plugin, "--name", name, "--file", tmp_path / "values.yaml")
        )
        assert made.returncode == 0, made.stderr.decode()
    for chosen in ((), ("--endpoint", "b")):
        done = command("profile", plugin, *options, *chosen)
        assert done.returncode == 0, done.stderr.decode()
        [found] = json.loads(done.stdout)["profiles"]
        assert found["status"] == 200
    unknown = command("profile", plugin, *options, "--endpoint", "c")
    assert (unknown.returncode, b"has no endpoint c on this machine" in unknown.stderr) == (2, True)


def test_an_estimate_measures_what_it_is_not_told(
    neko: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "STARTS", 2)
    bundle = read_bundle(neko)
    event = make_event("GET", "/duck/42")
    function = function_of(replace(bundle, entry="fast"), event, NEKO_ENV)
    times, status = measure.measure_times(function, (1769, 16))
    assert status == 200
    whole, small = times[1769], times[16]
    assert whole.first and small.first and whole.duration.mean > 0
    assert whole.says["duration"] == "measured here, 2 x 21 requests"
    assert small.init == whole.init
    if "times" in small.says["duration"]:  # this machine holds nothing to a share
        return
    # They take some ms of CPU, and get 1 ms of 20, however busy the machine is. A request imports
    # its endpoint once, and the init phase is no part of either.
    assert small.says["duration"] == "measured here with 1% of a CPU, 2 x 21 requests"
    assert small.first.mean + 20 * small.duration.mean > 20
    # A few wait for their share, or for the rest of the machine.
    assert isinstance(small.duration, Measured)
    assert statistics.median(small.duration.samples) < small.first.mean
