"""Signatures: AWS's published suite, and botocore's signer, byte for byte."""

from __future__ import annotations

import hashlib
import hmac
import json
import string
from pathlib import Path
from typing import Any
from urllib.parse import quote as url_quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from endpoint_runtime.aws import sigv4
from endpoint_runtime.aws.endpoints import Origin, Request, split_url
from endpoint_runtime.aws.sigv4 import Credentials

SUITE = json.loads((Path(__file__).parent / "aws4_testsuite.json").read_text("utf-8"))
CASES = {case["name"]: case for case in SUITE["cases"]}
NOW = 1_440_938_160  # 20150830T123600Z


def parsed(raw: str) -> tuple[str, str, str, list[tuple[str, str]], bytes]:
    """A request of the suite: method, path, query, headers, body."""
    head, _, body = raw.partition("\n\n")
    first, *lines = head.split("\n")
    method, rest = first.split(" ", 1)
    path, _, query = rest.removesuffix(" HTTP/1.1").partition("?")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in " \t":  # a value over several lines
            name, value = headers[-1]
            headers[-1] = name, f"{value} {line}"
        else:
            name, _, value = line.partition(":")
            headers.append((name, value))
    return method, path, query, headers, body.encode()


# The suite has these encoded by whoever sends them; the client encodes before it signs.
ENCODED_BY_THE_SENDER = {"get-vanilla-query-order-encoded", "get-vanilla-utf8-query"}


@pytest.mark.parametrize("name", CASES)
def test_the_published_suite(name: str) -> None:
    case = CASES[name]
    method, path, query, headers, body = parsed(case["request"])
    if name in ENCODED_BY_THE_SENDER:
        query = url_quote(query, safe="=&%-_.~")
    token = ""
    if "\nx-amz-security-token:" in case["canonical_request"]:  # the signer's, where it is not sent
        token = case["canonical_request"].partition("\nx-amz-security-token:")[2].split("\n")[0]
        if "X-Amz-Security-Token" not in dict(headers):
            headers.append(("X-Amz-Security-Token", token))
    body_hash = sigv4.payload_hash(body)

    request, _ = sigv4.canonical_request(method, path, query, headers, body_hash)
    assert request == case["canonical_request"]

    now = sigv4.timestamp(NOW)
    to_sign = sigv4.string_to_sign(request, now, SUITE["region"], SUITE["service"])
    assert to_sign == case["string_to_sign"]

    if len({name.lower() for name, _ in headers}) == len(headers):
        credentials = Credentials(SUITE["access_key"], SUITE["secret_key"], token)
        scope = (SUITE["region"], SUITE["service"])
        origin = Origin(dict(headers)["Host"])
        made = Request(origin, method, path, dict(headers), body, query)
        signed = sigv4.sign(made, body_hash, credentials, scope, now)
        assert signed["Authorization"] == case["authorization"]


def test_the_suite_is_whole() -> None:
    assert len(CASES) == 34


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
segments = st.one_of(st.sampled_from(["", ".", "..", "a", "~b", "c d"]), texts)
paths = st.lists(segments, max_size=6).map(
    lambda parts: "/" + "/".join(url_quote(part, safe="~") for part in parts)
)
names = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=20)
values = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=30)
queries = st.lists(st.tuples(texts, texts), max_size=5).map(
    lambda pairs: "&".join(
        f"{url_quote(name, safe='-_.~')}={url_quote(value, safe='-_.~')}" for name, value in pairs
    )
)
hosts = st.sampled_from(
    ["dynamodb.eu-central-1.amazonaws.com", "b.s3.cn-north-1.amazonaws.com.cn", "127.0.0.1:4566"]
)
keys = st.builds(
    lambda access, secret, token: (access, secret, token),
    st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=20),
    st.text(string.ascii_letters + string.digits + "/+=", min_size=20, max_size=40),
    st.text(string.ascii_letters + string.digits + "/+=", max_size=60),
)


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
    host=hosts,
    path=paths,
    query=queries,
    extra=st.dictionaries(names, values, max_size=5),
    body=st.binary(max_size=200),
    key=keys,
    region=st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1"]),
    service=st.sampled_from(["ssm", "secretsmanager", "dynamodb", "sqs", "s3"]),
    seconds=st.integers(0, 4_000_000_000),
)
def test_like_botocore(
    method: str,
    host: str,
    path: str,
    query: str,
    extra: dict[str, str],
    body: bytes,
    key: tuple[str, str, str],
    region: str,
    service: str,
    seconds: int,
) -> None:
    ours_already = {"host", "date", "authorization", "content-length"}
    by_name = {name.lower(): (name, value) for name, value in extra.items()}
    headers = {
        name: value
        for name, value in by_name.values()
        if name.lower() not in ours_already and not name.lower().startswith("x-amz-")
    }
    origin, _ = split_url(f"https://{host}")
    sent = Request(origin, method, path, dict(headers), body, query)
    headers["Host"] = host
    now = sigv4.timestamp(seconds)
    body_hash = sigv4.payload_hash(body)

    boto = BotoCredentials(key[0], key[1], key[2] or None)
    signer: Any = (botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth)(
        boto, service, region
    )
    url = f"https://{host}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    request.context["timestamp"] = now
    request.context["client_config"] = Config(s3={"payload_signing_enabled": True})
    signer._modify_request_before_signing(request)
    theirs = signer.canonical_request(request)
    theirs_to_sign = signer.string_to_sign(request, theirs)
    signer._inject_signature_to_request(request, signer.signature(theirs_to_sign, request))

    signed = sigv4.sign(sent, body_hash, Credentials(*key), (region, service), now)
    unsigned = [item for item in signed.items() if item[0] != "Authorization"]
    ours, _ = sigv4.canonical_request(method, path, query, unsigned, body_hash, raw=service == "s3")
    assert ours == theirs
    assert sigv4.string_to_sign(ours, now, region, service) == theirs_to_sign
    assert signed == dict(request.headers.items())


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_quote_is_urllibs(text: str) -> None:
    assert sigv4.quote(text) == url_quote(text, safe="-_.~")


def test_credentials_tell_no_secret() -> None:
    assert repr(Credentials("AKID", "secret", "token")) == "<Credentials AKID>"


@given(key=st.binary(max_size=200), message=st.binary(max_size=200))
def test_hmac_is_the_standard_librarys(key: bytes, message: bytes) -> None:
    assert sigv4.hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


@pytest.mark.parametrize("size", [0, 1, 1 << 18])
def test_large_bodies_and_small_ones_have_one_hash(size: int) -> None:
    body = b"x" * size
    assert sigv4.payload_hash(body) == hashlib.sha256(body).hexdigest()
