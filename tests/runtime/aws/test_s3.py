"""S3's objects, and storage in them, against moto's S3."""

from __future__ import annotations

import itertools
import os

import pytest

from endpoint_runtime.aws import AwsError, endpoints
from endpoint_runtime.aws.endpoints import Request
from endpoint_runtime.aws.s3 import Bucket
from endpoint_runtime.aws.transport import Answer
from endpoint_runtime.storage import s3
from endpoint_runtime.storage.s3 import S3Storage
from tests.support.aws.moto_server import PAGE, REGION, MotoServer

_numbers = itertools.count()


@pytest.fixture
def bucket(moto: MotoServer) -> str:
    name = f"bucket-{next(_numbers)}"
    moto.boto("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


KEYS = ["a", "a/b c", "é/☃", "a+b&c=d?e#f%20g", "~-._", "'()*!,;:@$", "a//b", "./a", "\U0001f40d"]


@pytest.mark.parametrize("key", KEYS)
def test_round_trip(key: str, bucket: str, moto: MotoServer) -> None:
    objects = Bucket(bucket)
    assert (objects.get(key), objects.exists(key)) == (None, False)

    objects.put(key, b"\0\xff" * 100)

    assert (objects.get(key), objects.exists(key)) == (b"\0\xff" * 100, True)
    theirs = moto.boto("s3").get_object(Bucket=bucket, Key=key)
    assert theirs["Body"].read() == b"\0\xff" * 100
    assert theirs["ContentType"] == "application/octet-stream"
    objects.put(key, b"")
    assert (objects.get(key), objects.exists(key)) == (b"", True)
    objects.delete(key)
    objects.delete(key)
    assert objects.get(key) is None


def test_keys(bucket: str) -> None:
    objects = Bucket(bucket)
    names = [f"p/{number:04} é&" for number in range(PAGE + 3)]
    for name in names:
        objects.put(name, b"")
    objects.put("q", b"")

    assert list(objects.keys("p/")) == names
    assert len(list(objects.keys())) == PAGE + 4
    assert list(objects.keys("none")) == []


def test_a_bucket_that_is_missing(moto: MotoServer) -> None:
    with pytest.raises(AwsError) as caught:
        Bucket("none").get("a")
    assert (caught.value.code, caught.value.status) == ("NoSuchBucket", 404)


def test_where_a_bucket_is(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def place(name: str) -> str:
        origin, path = Bucket(name)._place("eu-west-1")
        return origin.authority + path

    assert place("b") == "b.s3.eu-west-1.amazonaws.com"
    assert place("b.c") == "s3.eu-west-1.amazonaws.com/b.c"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://minio.example:9000/base/")
    assert place("b") == "minio.example:9000/base/b"


def test_a_bucket_in_another_region(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    asked = []

    def exchange(request: Request, *arguments: object) -> Answer:
        asked.append(request.origin.host)
        if len(asked) == 1:
            return Answer(301, {"x-amz-bucket-region": "us-west-2"}, b"")
        return Answer(200, {}, b"here")

    monkeypatch.setattr("endpoint_runtime.aws.transport.exchange", exchange)
    objects = Bucket("b")

    assert objects.get("a") == b"here"
    assert objects.get("b") == b"here"
    assert asked == [
        "b." + endpoints.host("s3", region) for region in ("eu-west-1", "us-west-2", "us-west-2")
    ]


def test_storage(bucket: str, moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGER_STORAGE_BUCKET", bucket)
    storage = s3.open_storage({"prefix": "neko/"})
    other = S3Storage(bucket, "other/")
    value = os.urandom(1_000_000)
    longest = "\U0001f40d" * 256
    for key in ("a/é b", longest):
        assert (storage.get(key), storage.exist(key)) == (None, False)
        storage.set(key, value)
        storage.set(key, value + b"x")
        assert (storage.get(key), storage.exist(key)) == (value + b"x", True)
        assert other.get(key) is None
        storage.delete(key)
        assert not storage.exist(key)
    storage.set("a", b"1")
    assert [each["Key"] for each in moto.boto("s3").list_objects_v2(Bucket=bucket)["Contents"]] == [
        "neko/a"
    ]


def test_no_bucket_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PACKAGER_STORAGE_BUCKET", raising=False)
    with pytest.raises(ValueError, match="PACKAGER_STORAGE_BUCKET does not name a bucket"):
        s3.open_storage({})
