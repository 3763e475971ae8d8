"""Where credentials come from, and when they are fetched again."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint_runtime.aws import AwsError
from endpoint_runtime.aws import other_credentials as module
from endpoint_runtime.aws.credentials import CredentialSource
from endpoint_runtime.aws.sigv4 import Credentials
from tests.support.aws.scripted_server import Reply, Server, scripted_server

FULL, RELATIVE = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"


@pytest.fixture
def container(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with scripted_server() as server:
        monkeypatch.setenv(FULL, f"http://127.0.0.1:{server.port}/v1?id=7")
        yield server


def answer(key: str, life: float = 3600) -> Reply:
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + life))
    found = {"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": expires}
    return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()


def get(source: CredentialSource) -> Credentials:
    return source.get(time.time() + 5)


def test_of_the_environment(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    source = CredentialSource()
    first = get(source)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    second = get(source)

    assert (first.access_key, first.secret_key, first.token) == ("AKID", "secret", "")
    assert second.token == "token"


def test_of_a_container(container: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # not for these
    container.replies = [answer("ONE")]
    source = CredentialSource()

    found = [get(source) for _ in range(3)]

    assert {each.access_key for each in found} == {"ONE"}
    [asked] = container.asked
    assert (asked.method, asked.path) == ("GET", "/v1?id=7")
    assert asked.headers["authorization"] == "Basic abc"


def test_the_token_file_is_read_each_time(
    container: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(file))
    container.replies = [answer("ONE")]
    source = CredentialSource()
    for token in ("first", "second"):
        file.write_text(token)
        source.forget()
        get(source)

    assert [asked.headers["authorization"] for asked in container.asked] == ["first", "second"]


def test_they_are_renewed_before_they_expire(
    container: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    container.replies = [answer("ONE"), answer("TWO")]
    source = CredentialSource()
    now = time.time()
    keys = []
    for later in (0, 3600 - 901, 3600 - 899, 3600):
        monkeypatch.setattr(module, "time", lambda later=later: now + later)
        keys.append(source.get(time.time() + 5).access_key)

    assert keys == ["ONE", "ONE", "TWO", "TWO"]


def test_old_ones_serve_on_where_renewal_fails(
    container: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    container.replies = [answer("ONE"), (500, {}, b"")]
    source = CredentialSource()
    get(source)
    now = time.time()
    monkeypatch.setattr(module, "time", lambda: now + 3000)

    assert [get(source).access_key for _ in range(3)] == ["ONE"] * 3
    assert len(container.asked) == 2  # a minute until the next try
    assert capsys.readouterr().err.count("could not be renewed, the old ones stay in use") == 1
    monkeypatch.setattr(module, "time", lambda: now + 3601)
    with pytest.raises(AwsError, match="NoCredentials: the container endpoint answered 500"):
        get(source)


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"AccessKeyId": "", "SecretAccessKey": 7}'])
def test_an_answer_without_credentials(body: bytes, container: Server) -> None:
    container.replies = [(200, {}, body)]
    with pytest.raises(AwsError, match="the container endpoint's answer holds no credentials"):
        get(CredentialSource())


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://10.0.0.1/",
        "http://localhost:x@evil.example/",
        "http://127.0.0.1#@evil.example/",
        "ftp://127.0.0.1/",
        "127.0.0.1/x",
    ],
)
def test_hosts_that_are_not_asked(url: str, no_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FULL, url)
    with pytest.raises(AwsError, match=r"over https|is not of the form|no port"):
        get(CredentialSource())


@pytest.mark.parametrize(
    "host", ["localhost", "127.8.9.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
)
def test_hosts_that_are_asked_plainly(
    host: str, no_aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FULL, f"http://{host}/x")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\nb")
    with pytest.raises(AwsError, match="line break"):  # which is looked at after the host
        get(CredentialSource())


def test_a_relative_path_goes_first(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FULL, "http://127.0.0.1/full")
    monkeypatch.setenv(RELATIVE, "/relative")
    assert module._container_url() == "http://169.254.170.2/relative"


def test_others_are_boto3s(
    no_aws: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    source = CredentialSource()

    found = [get(source) for _ in range(2)]

    assert [each.access_key for each in found] == ["AKIDFILE"] * 2
    assert capsys.readouterr().err.count("boto3 looks for others") == 1


def test_none(no_aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(AwsError, match="NoCredentials: no credentials, neither here nor where"):
        get(CredentialSource())


@given(st.integers(0, 4_102_444_800))
def test_times_are_read_as_calendar_reads_them(seconds: int) -> None:
    moment = time.gmtime(seconds)
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)
    assert module._seconds(text) == seconds == calendar.timegm(moment)
