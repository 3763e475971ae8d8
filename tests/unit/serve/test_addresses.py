"""Which function a request is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from packager.errors import UsageError
from packager.model.events import QueueEvent
from packager.model.options import LiteralSource, Options
from packager.serve.addresses import Addresses
from packager.serve.managed import as_managed
from packager.serve.state import ServedFunction


@dataclass(frozen=True)
class Plan:
    """As much of a `FunctionPlan` as is looked at here."""

    logical_id: str
    options: Options = field(default_factory=Options)


def function(name: str, **options: Any) -> ServedFunction:
    return ServedFunction(cast("Any", Plan(name, Options(**options))))


def resolved(addresses: Addresses, target: str, *functions: ServedFunction) -> tuple[str, str]:
    owners = {"aaaa": "B", "cccc": "gone"}
    found = addresses.resolve(target, functions, owners.get)
    return ("", "") if found is None else (found.function.id, found.target)


HERE = Addresses("http://localhost:3000")


def test_one_function_is_the_root() -> None:
    one = function("A")
    assert resolved(HERE, "/A/x?y=1", one) == ("A", "/A/x?y=1")
    assert HERE.base(one, several=False) == "http://localhost:3000"


def test_several_are_below_their_names() -> None:
    a, b, c = function("A"), function("B", endpoints="managed"), function("C", endpoints="managed")
    assert resolved(HERE, "/A/x", a, b, c) == ("A", "/A/x")
    assert resolved(HERE, "/A?x", a, b, c) == ("A", "/A?x")
    assert resolved(HERE, "/Ab/x", a, b, c) == ("", "")
    assert resolved(HERE, "/e/aaaa/x?y", a, b, c) == ("B", "/e/aaaa/x?y")
    assert resolved(HERE, "/e/zzzz/x", a, b, c) == ("B", "/e/zzzz/x")  # who answers 404
    assert resolved(HERE, "/e/cccc/x", a, b, c) == ("B", "/e/cccc/x")
    assert resolved(HERE, "/e/aaaa/x", a) == ("A", "/e/aaaa/x")
    planned = HERE.planned(cast("Any", Plan("A", Options(base_path="/v1"))), several=True)
    assert planned.options.base_path == "/A/v1"
    assert HERE.base(ServedFunction(planned), several=True) == "http://localhost:3000/A/v1"
    assert HERE.base(b, several=True) == "http://localhost:3000"


def test_a_stage() -> None:
    staged = Addresses("http://localhost:3000", "dev")
    one = function("A")
    assert resolved(staged, "/dev/x?y", one) == ("A", "/x?y")
    assert resolved(staged, "/dev?y", one) == ("A", "/?y")
    assert resolved(staged, "/develop", one) == ("", "")
    assert staged.base(one, several=False) == "http://localhost:3000/dev"
    staged.check([one.plan])
    with pytest.raises(UsageError, match="--stage is for one function"):
        staged.check([one.plan, one.plan])


def test_what_clients_use_is_said() -> None:
    one = function("A", public_url="https://hooks.example.com")
    assert HERE.base(one, several=True) == "https://hooks.example.com"


def test_as_managed() -> None:
    events = (QueueEvent(path="/a"), QueueEvent(path="/b", endpoint="one"))
    single = Options(hook_id="mine", settings={"a": LiteralSource(1)}, events=events, memory=256)
    got = as_managed(cast("Any", Plan("A", single))).options
    assert got == Options(endpoints="managed", events=events[1:], memory=256)
    again = cast("Any", Plan("A", got))
    assert as_managed(again) is again


def test_a_function_url_has_no_stages() -> None:
    plans = [cast("Any", Plan("A", Options(api="url")))]
    HERE.check(plans)
    staged = Addresses("http://localhost:3000", "dev")
    staged.check(plans, "rest")
    for given, api in ((plans, None), ([cast("Any", Plan("A"))], "url")):
        with pytest.raises(UsageError, match="a function URL has no stages"):
            staged.check(given, api)
