"""`session.storage` over DynamoDB and S3: the reference's rules and messages, and the deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from dify_plugin.core.runtime import Session
from dify_plugin.invocations.storage import StorageInvocation
from endpoint_runtime.app.application import Backends
from endpoint_runtime.aws import AwsError
from tests.support.aws.moto_server import REGION, MotoServer
from tests.support.aws.storage_table import make_table
from tests.support.builders import bundle_module, clock_until

MISSING = "load data failed, please check if the key is correct or you have not set it"
MakeStorage = Callable[[float | None], StorageInvocation]


@pytest.fixture(params=["dynamodb", "s3"])
def make_storage(
    request: pytest.FixtureRequest, moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> MakeStorage:
    """`make_storage(deadline)`: that of a request which ends then."""
    if request.param == "dynamodb":
        monkeypatch.setenv("PACKAGER_STORAGE_TABLE", make_table(moto))
    else:
        monkeypatch.setenv("PACKAGER_STORAGE_BUCKET", "sessions")
        try:
            moto.boto("s3").create_bucket(
                Bucket="sessions", CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        except Exception as fault:
            assert "BucketAlreadyOwnedByYou" in str(fault)
    bundle = bundle_module(STORAGE=(request.param, {}))
    backends = Backends(bundle)

    def make(deadline: float | None) -> StorageInvocation:
        backends.clock = clock = None if deadline is None else clock_until(deadline)
        found: StorageInvocation = Session.of_request("e", backends, clock).storage
        return found

    return make


def test_as_in_the_reference(make_storage: MakeStorage) -> None:
    storage = make_storage(time.time() + 20)
    storage.set("a//b", bytearray(b"1"))
    storage.set("empty", b"")

    assert storage.get("/a/./b/") == b"1"
    assert storage.get("empty") == b""
    assert [storage.exist(key) for key in ("a/b", "empty", "a")] == [True, True, False]
    storage.delete("a/b")
    storage.delete("a/b")
    for key in ("a/b", "../a", "k" * 257):
        with pytest.raises(Exception) as caught:
            storage.get(key)
        assert (type(caught.value), str(caught.value)) == (Exception, MISSING)
    with pytest.raises(Exception, match=r"^save data failed: invalid key"):
        storage.set("a/../../b", b"")


def test_no_call_outlives_the_invocation(make_storage: MakeStorage) -> None:
    storage = make_storage(time.time() - 1)
    for call in (
        lambda: storage.set("a", b"1"),
        lambda: storage.get("a"),
        lambda: storage.delete("a"),
        lambda: storage.exist("a"),
    ):
        with pytest.raises(Exception) as caught:
            call()
        said = "invocation exited without response after 0 seconds"  # the SDK's words
        assert (type(caught.value), str(caught.value)) == (Exception, said)
        assert isinstance(caught.value.__cause__, AwsError)
