"""Secrets are masked wherever they show in the log, on both entries."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from endpoint_runtime import process
from endpoint_runtime.logs import masking
from endpoint_runtime.settings.group import secret_texts
from tests.support.runtime.plugin_logs import lines, serve
from tests.support.secret_forms import (
    ENCODING,
    FORMS,
    HELD,
    QUOTING,
    Encoder,
    is_read,
    most_quotings,
    spelt,
)

SECRET = "sk-live/7'\"<\u00e9>&+ 0123456789abcdef"
PEM = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0\nZZ7aa0cQ8f3x1N5kq\n-----END KEY-----\n"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, None]]:
    known: dict[str, None] = {}
    monkeypatch.setattr(process, "secrets", known)
    yield known


# Escapes of all kinds that are the secret's own, and what goes on after them.
HARD = "n\\n%41&amp;x27;\"\\\\u0041 it's+a%2Bb\\"
CHINESE = "\u732b\u306e\u79d8\u5bc6\u306e\u9375"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", [SECRET, "plain0123456789", CHINESE, HARD])
def test_spellings(form: Encoder, secret: str) -> None:
    process.add_secret(secret)

    masked = masking.mask(f"before {form(secret)} after")

    assert masked.startswith("before ") and masked.endswith(" after")
    assert "***" in masked
    # What is left is what stands around the secret; in base64 its neighbours have bits of it.
    assert len(masked.replace("***", "")) <= 105 if form is FORMS["base64 in lines"] else 40


@pytest.mark.parametrize("outer", QUOTING.values(), ids=QUOTING)
def test_spellings_of_spellings(outer: Encoder) -> None:
    for secret in (SECRET, HARD):
        for inner in FORMS.values():
            process.secrets = {secret: None}

            masked = masking.mask(f"before {outer(inner(secret))} after")

            assert "***" in masked
            assert not is_read(secret, masked, 2)


SECRETS = st.text(st.characters(codec="utf-8"), min_size=8) | st.text(
    "abcXYZ019-_/+=%&;:'\"\\ n", min_size=8
)


@given(
    secret=SECRETS,
    quoting=st.lists(st.sampled_from([*QUOTING]), max_size=4),
    encoding=st.just("") | st.sampled_from([*ENCODING]),
    held=st.sampled_from(HELD),
)
def test_no_reader_gets_a_secret_back(
    secret: str, quoting: list[str], encoding: str, held: str
) -> None:
    process.secrets = {secret: None}

    quoting = quoting[: most_quotings(secret)]
    masked = masking.mask(f"before {spelt(secret, quoting, encoding, held)} after")

    assert not is_read(secret, masked)


@given(st.text(min_size=4), st.text(), st.text())
def test_no_text_keeps_a_secret(secret: str, before: str, after: str) -> None:
    assume(secret.strip() not in WORDS)
    process.secrets = {secret: None}

    masked = masking.mask(before + secret + after)

    assert "***" in masked
    assert secret in "***" or secret not in masked.replace("***", "\0")


def test_lines_of_a_key_are_masked_each_also_out_of_json() -> None:
    process.add_secret(json.dumps({"private_key": PEM}))
    process.add_secret("short\nok\n")

    assert masking.mask("got MIIBVgIBADANBgkqhkiG9w0 and ok") == "got *** and ok"


WORDS = ("true", "True", "TRUE", "false", "False", "FALSE", "null", "NULL", "None", "none")


@pytest.mark.parametrize("value", ["a", "1", "abc", "", None, *WORDS, f" {WORDS[0]}\n"])
def test_values_that_would_shred_every_log_are_not_masked(value: str | None) -> None:
    process.add_secret(value)
    line = '{"a": true, "abc": 1, "True": null} NULL None none TRUE {"b": false, "False": FALSE}'

    assert masking.mask(line) == line


def test_words_of_a_secret_are_not_masked_apart() -> None:
    process.add_secret("your-api-key")
    process.add_secret("first line\n--------\n-----BEGIN KEY-----\nlast")

    line = "your api key, yourapikey, --------, -----BEGIN KEY-----, last, firstline"
    assert masking.mask(line) == line
    assert masking.mask("your-api-key, first line") == "***, ***"


def test_more_than_bytes_of_utf8_come_through() -> None:
    process.add_secret("abcdef0123456789")
    text = "\udcff \ud83d \U0001f600 \xe9 abcdef0123456789 \udc80 \ud83d"

    assert masking.mask(text) == text.replace("abcdef0123456789", "***")


def test_the_time_for_a_line_does_not_grow_with_the_secrets() -> None:
    # Not measured in seconds, but in what a line is compared with: the runtime's own counters.
    line = "asked https://api.example.com/v1/things for 8b2f0c3e-9d1a, 200 in 12.5 ms"
    steps = []
    for count in (1, 5000):
        process.secrets = dict.fromkeys(f"{n:04}-{n * n:09x}-token" for n in range(count))
        masking.mask(line)
        steps.append(calls_of(lambda: masking.mask(line)))

    assert steps[1] <= steps[0] + 20


def calls_of(work: Callable[[], object]) -> int:
    """Count the calls and lines of Python that some work takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


def test_a_line_of_json_keeps_its_form_and_what_says_whose_it_is() -> None:
    for secret in ("message", "INFO", "2026", 'a"b\\c'):
        process.add_secret(secret)
    line: dict[str, Any] = {"timestamp": "2026-01-01T00:00:00Z", "level": "INFO"}
    line |= {"requestId": "id-2026"}
    line |= {"message": 'a message of 2026: a"b\\c', "more": {"INFO": [2026, "INFO", None]}}

    masked = masking.mask_line(json.dumps(line) + "\n")

    assert masked.endswith("}\n")
    assert json.loads(masked) == line | {
        "message": "a *** of ***: ***",
        "more": {"***": [2026, "***", None]},
    }
    assert masking.mask_line("{INFO") == "{***"
    assert masking.mask_line('{"a": 1}') == '{"a": 1}'


def test_old_values_stay_masked_however_many_there_are(secrets: dict[str, None]) -> None:
    for number in range(5000):
        process.add_secret(f"value-{number:04}")
    process.add_secret("value-4999")

    assert len(secrets) == 5000
    assert masking.mask("value-0000 value-2500 value-4999 value-5000") == "*** *** *** value-5000"


DECLARATION = (
    {"name": "key", "type": "secret-input"},
    {"name": "channel", "type": "text-input", "default": "a default"},
    {"name": "mode", "type": "select", "options": ("a long option",)},
    {"name": "app", "type": "app-selector"},
)
VALUES: dict[str, Any] = {
    "key": "key1",
    "channel": "a long channel",
    "mode": "a long option",
    "app": {"app_id": "a long app id"},
    "other": ["other long text", {"n": "nested long text", "s": "short"}, 7],
}


def test_what_counts_as_a_secret() -> None:
    ssm = {name: ("ssm", f"/{name}") for name in VALUES}
    env = {name: ("env", name) for name in VALUES}
    remote = ["a long channel", "key1", "nested long text", "other long text"]

    assert sorted(secret_texts(DECLARATION, VALUES, ssm, False)) == remote
    assert sorted(secret_texts(DECLARATION, VALUES, {}, True)) == remote
    assert secret_texts(DECLARATION, VALUES, env, False) == ["key1"]
    assert secret_texts(DECLARATION, VALUES, env, True) == ["key1"]
    default = VALUES | {"channel": "a default"}
    assert "a default" not in secret_texts(DECLARATION, default, {}, True)


WRITES = """
import json, logging, os, sys, traceback, urllib.parse, warnings
from dify_plugin.config.logger_format import plugin_logger_handler
log = logging.getLogger("plugin")
log.addHandler(plugin_logger_handler)
class Thing:
    def __init__(self, text): self.text = text
    def __repr__(self): return "Thing " + self.text
---
key = settings["key"]
aws = os.environ["AWS_SECRET_ACCESS_KEY"]
print("printed", key, aws)
print(json.dumps({"printed": key}))
sys.stderr.write("written " + key + "\\n")
sys.stdout.writelines(["lines " + key[:9], key[9:] + "\\n"])
sys.stdout.buffer.write(("bytes " + key + "\\n").encode())
sys.stdout.buffer.writelines([b"byte lines " + key[:9].encode(), key[9:].encode() + b"\\n"])
sys.stdout.buffer.raw.write(("raw " + key + "\\n").encode())
sys.__stdout__.write("original " + key + "\\n")
print("original errors", key, file=sys.__stderr__)
sys.__stderr__.buffer.write(("original bytes " + key + "\\n").encode())
log.error("message " + key)
log.error("args %s %r", key, {"k": key})
log.error({"key": key})
log.error("extra", extra={"key": key, "thing": Thing(key), "deep": [{"k": key}]})
log.error("url %s", "https://a.example/?" + urllib.parse.urlencode({"token": key}))
logging.getLogger("x").error("plain " + key)
self.session.writer.log({"key": key})
r.environ["lambda.context"].log("context " + key + "\\n")
warnings.warn("warned " + key)
try:
    raise RuntimeError("raised " + key)
except RuntimeError:
    log.exception("caught")
    traceback.print_exc()
def fail():
    raise RuntimeError("threaded " + key)
thread = threading.Thread(target=fail)
thread.start(); thread.join()
"""


@pytest.mark.parametrize("framed", [False, True], ids=["stdout", "descriptor"])
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
@pytest.mark.parametrize("entry", ["fast", "stock"])
def test_wherever_a_plugin_writes_it(
    tmp_path: Path, entry: str, log_format: str, framed: bool
) -> None:
    seen = serve(
        tmp_path,
        entry,
        {"log": WRITES},
        framed=framed,
        literals={
            "SETTINGS": ({"name": "key", "type": "secret-input", "required": True},),
            "SOURCES": {"key": ("env", "KEY")},
        },
        KEY=SECRET,
        AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG",
        AWS_LAMBDA_LOG_FORMAT=log_format,
    )

    frames = [text for _, text in seen["frames"]]
    log = "\n".join([*lines(seen), *frames])
    for part in ("sk-live", "abcdef", "wJalrXUtnFEMI", "\u00e9", "%2F7"):
        assert part not in log
    for what in ("printed *** ***", "written ***", "lines ***", "bytes ***", "message ***"):
        assert what in log
    for what in (
        *("byte lines ***", "raw ***", "original ***", "original errors ***"),
        *("original bytes ***", "args ***", "token=***"),
        "plain ***",
        "context ***",
        "warned ***",
        "raised ***",
        "threaded ***",
    ):
        assert what in log
    if log_format == "JSON":
        entries = [text for text in (frames or lines(seen)) if text.startswith('{"timestamp')]
        assert len(entries) == (9 if framed else 8)
        assert all(json.loads(text)["requestId"] == "id-log" for text in entries)
