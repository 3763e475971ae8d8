"""Settings that AWS keeps: read, kept, rotated, and what happens when they can't be read."""

from __future__ import annotations

import json
import threading
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from endpoint_runtime import aws
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.aws import signed_requests
from endpoint_runtime.settings import refreshed
from tests.support.aws.faulty_aws import FaultyAws, faulty_aws
from tests.support.aws.moto_server import MotoServer
from tests.support.builders import endpoint, http_2

SHOW = endpoint("import json; return Response(json.dumps(settings, sort_keys=True))")
ROUTES = [("/", "GET", "show.py")]
Show = Callable[..., Any]
PATIENCE = 30.0  # s
HANGS = 1.0  # s, where no answer comes


@pytest.fixture
def faulty(
    no_aws: None, moto_plain: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultyAws]:
    with faulty_aws(moto_plain) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server
        aws.forget()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, moto answers within the time; and attempts are soon used up."""
    monkeypatch.setattr(refreshed, "_REFRESH", PATIENCE)
    monkeypatch.setattr(signed_requests, "_FIRST_DELAY", 0.001)


@pytest.fixture
def names(request: pytest.FixtureRequest) -> str:
    """A path of its own for each test, since moto remembers."""
    name: str = request.node.name
    return "/" + name.replace("[", "_").replace("]", "")[:60].strip("_-")


@pytest.fixture
def show(make_application: Callable[..., Any]) -> Callable[..., Show]:
    """`show(declared, **literals)`: a function that gives the settings an endpoint sees, or the
    status where that is not 200."""

    def make(*declared: dict[str, Any], **bundle: Any) -> Show:
        application = make_application(
            {"show.py": SHOW}, ROUTES=ROUTES, SETTINGS=declared, **bundle
        )

        def ask(seconds: float = PATIENCE) -> Any:
            context = types.SimpleNamespace(
                aws_request_id="1-2-3", get_remaining_time_in_millis=lambda: seconds * 1000
            )
            reply = answer_event(application, http_2(path="/"), context)
            if reply["statusCode"] != 200:
                assert "s3cr3t" not in reply["body"]
                return reply["statusCode"]
            seen: Any = json.loads(reply["body"])
            return seen

        return ask

    return make


def declare(name: str, kind: str = "secret-input", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "required": True, **more}


def put(faulty: FaultyAws, name: str, value: str, kind: str = "SecureString") -> None:
    faulty.moto.boto("ssm").put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)


def secret(faulty: FaultyAws, name: str, value: str | bytes) -> str:
    boto = faulty.moto.boto("secretsmanager")
    content = {"SecretString": value} if isinstance(value, str) else {"SecretBinary": value}
    try:
        return str(boto.create_secret(Name=name, **content)["ARN"])
    except boto.exceptions.ResourceExistsException:
        return str(boto.put_secret_value(SecretId=name, **content)["ARN"])


def test_five_secrets_of_both_kinds_take_two_calls(
    faulty: FaultyAws, show: Callable[..., Show], names: str
) -> None:
    put(faulty, names + "/a", "s3cr3t a")
    put(faulty, names + "/b", "s3cr3t b")
    arn = secret(faulty, names + "/c", "s3cr3t c")
    secret(faulty, names + "/d", json.dumps({"x": "s3cr3t x", "y": "s3cr3t y"}))

    ask = show(
        *map(declare, "abcxy"),
        SOURCES={
            "a": ("ssm", names + "/a"),
            "b": ("ssm", names + "/b"),
            "c": ("secret", arn, None),
            "x": ("secret", names + "/d", "x"),
            "y": ("secret", names + "/d", "y"),
        },
    )

    assert ask() == {name: f"s3cr3t {name}" for name in "abcxy"}
    assert faulty.calls == ["GetParameters", "BatchGetSecretValue"]
    assert ask() == {name: f"s3cr3t {name}" for name in "abcxy"}
    assert len(faulty.calls) == 2


def test_what_the_batch_refuses_of_another_account_is_asked_for_alone(
    faulty: FaultyAws, show: Callable[..., Show], names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret(faulty, names + "/a", "s3cr3t a")
    arn = secret(faulty, names + "/b", "s3cr3t b")
    answer = faulty.answer

    def refuse(*asked: Any) -> tuple[int, bytes]:
        status, content = answer(*asked)
        document = json.loads(content)
        if "SecretValues" in document:
            values = [each for each in document["SecretValues"] if each["ARN"] != arn]
            refused = {"SecretId": arn, "ErrorCode": "AccessDeniedException", "Message": "no"}
            document = {"SecretValues": values, "Errors": [refused]}
        return status, json.dumps(document).encode()

    monkeypatch.setattr(faulty, "answer", refuse)
    ask = show(
        *map(declare, "ab"),
        SOURCES={"a": ("secret", names + "/a", None), "b": ("secret", arn, None)},
    )

    assert ask() == {"a": "s3cr3t a", "b": "s3cr3t b"}
    assert faulty.calls == ["BatchGetSecretValue", "GetSecretValue"]


def test_what_one_call_does_not_take_is_read_by_several(
    faulty: FaultyAws, show: Callable[..., Show], names: str
) -> None:
    numbers = [f"n{number}" for number in range(11)]
    for name in numbers:
        put(faulty, f"{names}/{name}", name)

    ask = show(
        *map(declare, numbers), SOURCES={name: ("ssm", f"{names}/{name}") for name in numbers}
    )

    assert ask() == {name: name for name in numbers}
    assert faulty.calls == ["GetParameters", "GetParameters"]


def test_one_secret_needs_no_batch(
    faulty: FaultyAws, show: Callable[..., Show], names: str
) -> None:
    secret(faulty, names, "s3cr3t")

    ask = show(declare("a"), SOURCES={"a": ("secret", names, None)})

    assert (ask(), faulty.calls) == ({"a": "s3cr3t"}, ["GetSecretValue"])


@pytest.mark.parametrize("kind", ["ssm", "secret"])
def test_a_document_for_the_whole_group(
    faulty: FaultyAws, show: Callable[..., Show], names: str, kind: str
) -> None:
    document = json.dumps(
        {"a": "s3cr3t", "flag": "true", "on": True, "app": {"app_id": "x"}, "own": "no", "more": 1}
    )
    put(faulty, names, document)
    secret(faulty, names, document)
    put(faulty, names + "/own", "yes")

    ask = show(
        declare("a"),
        declare("flag", "boolean"),
        declare("on", "boolean"),
        declare("app", "app-selector"),
        declare("own", "text-input"),
        declare("text", "text-input", default="d"),
        SOURCES={"own": ("ssm", names + "/own")},
        SETTINGS_FROM=("ssm", names) if kind == "ssm" else ("secret", names, None),
    )

    assert ask() == {
        "a": "s3cr3t",
        "flag": True,
        "on": True,
        "app": {"app_id": "x"},
        "own": "yes",
        "text": "d",
        "more": 1,  # passes through, as in Dify
    }
    both = ["GetParameters", "GetSecretValue"]
    assert faulty.calls == (both[:1] if kind == "ssm" else both)


def test_text_becomes_what_is_declared(
    faulty: FaultyAws, show: Callable[..., Show], names: str
) -> None:
    for name, value in {
        "n": "7",
        "flag": "off",
        "model": '{"provider": "p", "model": "m"}',
    }.items():
        put(faulty, f"{names}/{name}", value, "String")
    put(faulty, names + "/list", "a,b", "StringList")
    put(faulty, names + "/plain", "a,b", "StringList")
    config = [
        declare("n", "number"),
        declare("flag", "boolean"),
        declare("list", "select", multiple=True, options=("a", "b", "c")),
        declare("plain", "text-input"),
    ]
    sources = {each["name"]: ("ssm", f"{names}/{each['name']}") for each in config}

    assert show(*config, SOURCES=sources)() == {
        "n": 7,
        "flag": False,
        "list": ["a", "b"],
        "plain": "a,b",
    }


def test_versions_and_labels_of_a_parameter(
    faulty: FaultyAws, show: Callable[..., Show], names: str
) -> None:
    put(faulty, names, "first")
    put(faulty, names, "second")
    faulty.moto.boto("ssm").label_parameter_version(Name=names, ParameterVersion=1, Labels=["old"])

    ask = show(
        *map(declare, "abc"),
        SOURCES={"a": ("ssm", names + ":1"), "b": ("ssm", names), "c": ("ssm", names + ":old")},
    )

    assert ask() == {"a": "first", "b": "second", "c": "first"}
    assert faulty.calls == ["GetParameters"] * 3


@pytest.mark.parametrize("ttl", [0, 300])
def test_rotation_is_picked_up_when_the_time_is_over(
    faulty: FaultyAws,
    show: Callable[..., Show],
    names: str,
    ttl: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(faulty, names, "s3cr3t 1")
    secret(faulty, names, "s3cr3t 2")
    ask = show(
        *map(declare, "ab"),
        SOURCES={"a": ("ssm", names), "b": ("secret", names, None)},
        SETTINGS_TTL=ttl,
    )
    assert ask() == {"a": "s3cr3t 1", "b": "s3cr3t 2"}

    put(faulty, names, "s3cr3t 3")
    secret(faulty, names, "s3cr3t 4")
    later = time.time() + ttl
    if ttl:
        assert ask() == {"a": "s3cr3t 1", "b": "s3cr3t 2"}
        monkeypatch.setattr(refreshed, "time", lambda: later)

    assert ask() == {"a": "s3cr3t 3", "b": "s3cr3t 4"}


CANT = "can't be read: GetParameters: "
SAID = {
    "deny": CANT + "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/neko/"
    "NekoFunction is not authorized",
    "throttle": CANT + "ThrottlingException: Rate exceeded",
    "expire": CANT + "ExpiredTokenException: The security token included in the request is expired",
    "break": CANT + "InternalServerError: An internal error occurred",
    "hang": CANT + "TimedOut: 127.0.0.1:",
    "cut": CANT + "ConnectionFailed: 127.0.0.1:",
}


@pytest.mark.parametrize("fault", SAID)
def test_a_cold_function_that_cant_read_answers_500_until_it_can(
    faulty: FaultyAws,
    show: Callable[..., Show],
    names: str,
    fault: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(faulty, names, "s3cr3t")
    ask = show(declare("a"), declare("b", required=False), SOURCES={"a": ("ssm", names)})
    faulty.fault = fault

    assert ask(HANGS if fault == "hang" else PATIENCE) == 500
    log = capsys.readouterr().err
    assert f"the settings can't be used: setting a (SSM parameter {names}) {SAID[fault]}" in log
    assert "s3cr3t" not in log

    faulty.fault = None
    assert ask() == {"a": "s3cr3t"}


@pytest.mark.parametrize("fault", SAID)
def test_a_warm_function_that_cant_read_serves_on(
    faulty: FaultyAws,
    show: Callable[..., Show],
    names: str,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(faulty, names, "s3cr3t 1")
    ask = show(declare("a"), SOURCES={"a": ("ssm", names)}, SETTINGS_TTL=0)
    assert ask() == {"a": "s3cr3t 1"}
    faulty.fault = fault
    if fault == "hang":
        monkeypatch.setattr(refreshed, "_REFRESH", HANGS)

    assert ask() == {"a": "s3cr3t 1"}
    log = capsys.readouterr().err
    assert (
        "\t1-2-3\tthe settings can't be read again, the old values stay in use: "
        f"setting a (SSM parameter {names}) {SAID[fault]}"
    ) in log
    assert "[WARN]" in log
    assert "s3cr3t" not in log

    faulty.fault = None
    monkeypatch.setattr(refreshed, "_REFRESH", PATIENCE)
    put(faulty, names, "s3cr3t 2")
    assert ask() == {"a": "s3cr3t 2"}
    assert "can't be read" not in capsys.readouterr().err


def test_a_failed_refresh_is_tried_again_after_ten_seconds(
    faulty: FaultyAws, show: Callable[..., Show], names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(faulty, names, "s3cr3t")
    ask = show(declare("a"), SOURCES={"a": ("ssm", names)})
    ask()
    faulty.fault = "deny"

    called = []
    for seconds in (299, 301, 302, 310, 312):
        now = time.time() + seconds
        with monkeypatch.context() as patch:
            patch.setattr(refreshed, "time", lambda now=now: now)
            ask()
        called.append(len(faulty.calls))

    assert called == [1, 2, 2, 2, 3]


@pytest.mark.parametrize("for_good", [True, False])
@pytest.mark.parametrize("number", [1, 2])
def test_deleted_values(
    faulty: FaultyAws,
    show: Callable[..., Show],
    names: str,
    for_good: bool,
    number: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(faulty, names, "s3cr3t")
    secret(faulty, names, "s3cr3t")
    ask = show(
        declare("a"),
        declare("b", required=False),
        declare("c", required=False),
        SOURCES={
            "a": ("ssm", names),
            "b": ("secret", names, None),
            **({"c": ("secret", names + "/none", None)} if number == 2 else {}),
        },
        SETTINGS_TTL=0,
    )
    assert ask() == {"a": "s3cr3t", "b": "s3cr3t"}

    deleted = {"ForceDeleteWithoutRecovery": True} if for_good else {}
    faulty.moto.boto("secretsmanager").delete_secret(SecretId=names, **deleted)
    assert ask() == {"a": "s3cr3t"}
    faulty.moto.boto("ssm").delete_parameter(Name=names)
    capsys.readouterr()
    assert ask() == {"a": "s3cr3t"}
    assert (
        "the settings can't be read again, the old values stay in use: "
        f"setting a (SSM parameter {names}) is required and not set"
    ) in capsys.readouterr().err

    put(faulty, names, "s3cr3t again")
    assert ask() == {"a": "s3cr3t again"}


def test_missing_values(
    faulty: FaultyAws, show: Callable[..., Show], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret(faulty, names, '{"other": "s3cr3t"}')
    ask = show(
        *map(declare, "abc"),
        declare("d", required=False),
        declare("e", default="shown"),
        SOURCES={
            "a": ("ssm", names),
            "b": ("secret", names + "/none", None),
            "c": ("secret", names, "key"),
            "d": ("secret", names, "key"),
            "e": ("ssm", names),
        },
    )

    assert ask() == 500
    assert (
        f"the settings can't be used: setting a (SSM parameter {names}) is required and not set; "
        f"setting b (secret {names}/none) is required and not set; "
        f"setting c (secret {names}, key key) is required and not set\n"
    ) in capsys.readouterr().err

    put(faulty, names, "s3cr3t")
    secret(faulty, names + "/none", "s3cr3t")
    secret(faulty, names, '{"key": "s3cr3t"}')
    assert ask() == dict.fromkeys("abcde", "s3cr3t")


BAD: dict[str, tuple[str | bytes, str]] = {
    "malformed": ('{"key": "s3cr3t"', "can't be read: the secret's text is not valid JSON"),
    "no-object": ('["s3cr3t"]', "can't be read: the secret's JSON is not an object"),
    "binary": (b"s3cr3t\xff", "can't be read: the secret is binary, expected text"),
    "other-type": ('{"key": 5}', "must be a string"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_secrets(
    faulty: FaultyAws,
    show: Callable[..., Show],
    names: str,
    case: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad, said = BAD[case]
    message = f"setting a (secret {names}, key key) {said}\n"
    secret(faulty, names, bad)
    sources = {"a": ("secret", names, "key"), "b": ("secret", names, "key")}
    ask = show(declare("a"), SOURCES={"a": sources["a"]}, SETTINGS_TTL=0)

    assert ask() == 500
    log = capsys.readouterr().err
    assert "the settings can't be used: " + message in log

    secret(faulty, names, '{"key": "s3cr3t 1"}')
    assert ask() == {"a": "s3cr3t 1"}

    secret(faulty, names, bad)
    assert ask() == {"a": "s3cr3t 1"}
    log += capsys.readouterr().err
    assert "the settings can't be read again, the old values stay in use: " + message in log
    assert "s3cr3t" not in log

    secret(faulty, names, '{"key": "s3cr3t 2"}')
    assert ask() == {"a": "s3cr3t 2"}


def test_a_document_that_is_none(
    faulty: FaultyAws, show: Callable[..., Show], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(faulty, names, "a: s3cr3t")
    ask = show(declare("a"), SETTINGS_FROM=("ssm", names))

    assert ask() == 500
    log = capsys.readouterr().err
    assert (
        f"the settings can't be used: settings_from (SSM parameter {names}) can't be read: "
        "its text is not valid JSON\n"
    ) in log
    assert "s3cr3t" not in log


def test_old_and_new_values_are_masked_in_tracebacks(
    faulty: FaultyAws,
    make_application: Callable[..., Any],
    names: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(faulty, names, "s3cr3t old")
    source = endpoint("E.seen = [*getattr(E, 'seen', []), settings['a']]; raise KeyError(E.seen)")
    application = make_application(
        {"e.py": source},
        ROUTES=[("/", "GET", "e.py")],
        SETTINGS=(declare("a"),),
        SOURCES={"a": ("ssm", names)},
        SETTINGS_TTL=0,
    )

    for value in ("s3cr3t old", "s3cr3t new"):
        put(faulty, names, value)
        assert answer_event(application, http_2(path="/"), None)["statusCode"] == 500

    log = capsys.readouterr().err
    assert "KeyError: ['***', '***']" in log
    assert "s3cr3t" not in log


def test_threads_share_one_reading(
    faulty: FaultyAws, show: Callable[..., Show], names: str
) -> None:
    put(faulty, names, "s3cr3t")
    ask = show(declare("a"), SOURCES={"a": ("ssm", names)})
    ask()
    faulty.calls.clear()
    found: list[Any] = []

    threads = [threading.Thread(target=lambda: found.append(ask())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [{"a": "s3cr3t"}] * 8
    assert faulty.calls == []
