"""The very modules that a cold call imports, over TLS: each costs every cold start of its users."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.aws.moto_server import REGION, MotoServer
from tests.support.aws.storage_table import make_table
from tests.support.builders import TEMPLATE

CLIENT = {
    "endpoint_runtime",
    "endpoint_runtime.aws",
    "endpoint_runtime.aws.json_protocol",
    "endpoint_runtime.aws.credentials",
    "endpoint_runtime.aws.endpoints",
    "endpoint_runtime.aws.errors",
    "endpoint_runtime.aws.roots",
    "endpoint_runtime.aws.signed_requests",
    "endpoint_runtime.aws.sigv4",
    "endpoint_runtime.code_archive",
    "endpoint_runtime.aws.transport",
    "endpoint_runtime.json_codec",
    "endpoint_runtime.process",
    "endpoint_runtime.http_client",
    "endpoint_runtime.http_client.connection",
    "endpoint_runtime.http_client.response",
    "endpoint_runtime.http_client.stream",
    "endpoint_runtime.http_client.tls",
    *("__future__", "_json", "_socket", "_ssl"),
    "_sha2" if sys.version_info >= (3, 12) else "_sha256",
}
PARAMETERS = """
from endpoint_runtime.aws import client
answer = client("ssm").call("GetParameters", {"Names": ["/modules"], "WithDecryption": True})
assert [each["Value"] for each in answer["Parameters"]] == ["s3cret"], answer
"""
TABLE = """
from endpoint_runtime.storage.dynamodb import DynamoDBStorage
storage = DynamoDBStorage("{table}")
storage.set("k", b"v")
assert storage.get("k") == b"v"
"""
BUCKET = """
from endpoint_runtime.storage.s3 import S3Storage
storage = S3Storage("modules")
storage.set("k", b"v")
assert storage.get("k") == b"v"
"""


def imported(code: str, moto: MotoServer) -> set[str]:
    """What a fresh interpreter imports to run `code`."""
    program = f"""
import os, sys
sys.path.insert(0, {str(TEMPLATE)!r})
before = set(sys.modules)
{code}
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env={**os.environ, **moto.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_parameters(moto: MotoServer) -> None:
    moto.boto("ssm").put_parameter(Name="/modules", Value="s3cret", Type="SecureString")

    assert imported(PARAMETERS, moto) == CLIENT


def test_a_table(moto: MotoServer) -> None:
    found = imported(TABLE.replace("{table}", make_table(moto)), moto)

    own = {"endpoint_runtime.storage", "endpoint_runtime.storage.dynamodb"}
    own.add("endpoint_runtime.storage.dynamodb_table")
    assert found - {"binascii"} == CLIENT | own  # binascii is built in or not


def test_a_bucket(moto: MotoServer) -> None:
    moto.boto("s3").create_bucket(
        Bucket="modules", CreateBucketConfiguration={"LocationConstraint": REGION}
    )

    own = {"endpoint_runtime.storage", "endpoint_runtime.storage.s3", "endpoint_runtime.aws.s3"}
    of_json = {"_json", "endpoint_runtime.json_codec", "endpoint_runtime.aws.json_protocol"}
    assert imported(BUCKET, moto) == (CLIENT | own) - of_json
