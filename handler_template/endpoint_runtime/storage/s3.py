"""Storage in an S3 bucket: an object for each key, which S3 replaces as a whole."""

from __future__ import annotations

import os

from endpoint_runtime.aws.s3 import Bucket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


VARIABLE = "PACKAGER_STORAGE_BUCKET"  # set by the template
_MAX_NAME = 1024  # bytes (Amazon S3, "Naming Amazon S3 objects")


class S3Storage:
    """One plugin's space: the objects of `bucket` whose names start with `prefix`.

    Reads are strongly consistent ("Amazon S3 data consistency model"); threads share it. Calls
    raise AwsError for what S3 refuses.
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self._bucket = Bucket(bucket)
        self._prefix = prefix

    def get(self, key: str, deadline: float | None = None) -> bytes | None:
        """Return a value, None for a key without."""
        return self._bucket.get(self._name(key), deadline)

    def set(self, key: str, value: bytes, deadline: float | None = None) -> None:
        """Keep a value."""
        self._bucket.put(self._name(key), value, deadline)

    def delete(self, key: str, deadline: float | None = None) -> None:
        """Forget a value."""
        self._bucket.delete(self._name(key), deadline)

    def exist(self, key: str, deadline: float | None = None) -> bool:
        """Return whether a key has a value."""
        return self._bucket.exists(self._name(key), deadline)

    def _name(self, key: str) -> str:
        name = self._prefix + key
        if len(name.encode()) <= _MAX_NAME:
            return name
        from endpoint_runtime.aws.sigv4 import payload_hash

        # No key holds a backslash, so this is no other key's name.
        return f"{self._prefix}\\{payload_hash(key.encode())}"


def open_storage(options: dict[str, Any]) -> S3Storage:
    """Return the storage in the bucket that the environment names, as the template has it."""
    bucket = os.environ.get(VARIABLE)
    if not bucket:
        raise ValueError(f"the environment variable {VARIABLE} does not name a bucket")
    return S3Storage(bucket, options.get("prefix", ""))
