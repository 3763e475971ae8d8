"""Gets, puts, deletes and lists the objects of an S3 bucket.

Source: Amazon S3 API reference. A bucket is addressed as a host of its own, as AWS wants it, but at
an endpoint that the environment names, where that is mostly not possible; its path is signed as it
is sent.
"""

from __future__ import annotations

from endpoint_runtime.aws import endpoints
from endpoint_runtime.aws.endpoints import Origin, Request
from endpoint_runtime.aws.errors import AwsError
from endpoint_runtime.aws.signed_requests import endpoint, send
from endpoint_runtime.aws.sigv4 import UNRESERVED, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from endpoint_runtime.aws.transport import Answer

_IN_PATHS = UNRESERVED | frozenset(b"/")
_METHODS = {
    "GetObject": "GET",
    "HeadObject": "HEAD",
    "PutObject": "PUT",
    "DeleteObject": "DELETE",
    "ListObjectsV2": "GET",
}


class Bucket:
    """A bucket, in whichever region it is; for any number of threads.

    `deadline`, where a call has one, is in seconds since the epoch. Calls raise AwsError.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._region = ""  # known once S3 has said that it is another than the function's

    def get(self, key: str, deadline: float | None = None) -> bytes | None:
        """Return an object's content, None if there is no such object."""
        try:
            return self._send("GetObject", key, deadline).body
        except AwsError as error:
            if error.code == "NoSuchKey":
                return None
            raise

    def exists(self, key: str, deadline: float | None = None) -> bool:
        """Return whether there is an object."""
        try:
            self._send("HeadObject", key, deadline)
        except AwsError as error:
            if error.status == 404:  # without a body that says more
                return False
            raise
        return True

    def put(
        self,
        key: str,
        content: bytes,
        deadline: float | None = None,
        *,
        content_type: str = "application/octet-stream",
    ) -> None:
        """Write an object: it is there wholly, or as it was before."""
        self._send("PutObject", key, deadline, content, {"Content-Type": content_type})

    def delete(self, key: str, deadline: float | None = None) -> None:
        """Delete an object; one that is not there is no error."""
        self._send("DeleteObject", key, deadline)

    def keys(self, prefix: str = "", deadline: float | None = None) -> Iterator[str]:
        """Return the keys that start with `prefix`, sorted by their bytes."""
        import xml.etree.ElementTree as ElementTree
        from urllib.parse import unquote_plus

        more = ""
        while True:
            query = f"{more}encoding-type=url&list-type=2&prefix={quote(prefix)}"
            answer = self._send("ListObjectsV2", "", deadline, query=query)
            document = ElementTree.fromstring(answer.body)  # noqa: S314  # S3's own
            space = document.tag.rpartition("}")[0] + "}" if document.tag[:1] == "{" else ""
            for entry in document.iter(f"{space}Key"):
                yield unquote_plus(entry.text or "")
            token = document.findtext(f"{space}NextContinuationToken")
            if not token:
                return
            more = f"continuation-token={quote(token)}&"

    def _send(
        self,
        operation: str,
        key: str,
        deadline: float | None,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        query: str = "",
    ) -> Answer:
        for again in (True, False):
            region = self._region or endpoints.region()
            origin, path = self._place(region)
            request = Request(
                origin,
                _METHODS[operation],
                f"{path}/{quote(key, _IN_PATHS)}",
                headers or {},
                body,
                query,
            )
            try:
                return send(
                    request,
                    (region, "s3"),
                    deadline=deadline,
                    operation=operation,
                    error_of=_error_of,
                )
            except AwsError as error:
                found = error.details.get("region")
                if error.status not in (301, 400) or found in (None, region) or not again:
                    raise
                self._region = found
        raise AssertionError("unreachable")

    def _place(self, region: str) -> tuple[Origin, str]:
        """Return where the bucket is reached, and the path before its keys."""
        origin, path = endpoint("s3", region)
        # A name with a dot is not part of a host that the certificate of S3 is for.
        if not origin.amazon or "." in self.name:
            return origin, f"{path}/{self.name}"
        return Origin(f"{self.name}.{origin.host}"), path


def _error_of(answer: Answer) -> tuple[str, str, dict[str, Any]]:
    """Return an error's code, its message, and the region of the bucket if S3 says it."""
    text = answer.body.decode("utf-8", "replace")
    code = _element(text, "Code")
    if not code:
        code = {301: "PermanentRedirect", 403: "AccessDenied", 404: "NoSuchKey"}.get(
            answer.status, ""
        )
    region = answer.headers.get("x-amz-bucket-region") or _element(text, "Region")
    valid = region.isascii() and region.replace("-", "").isalnum()
    return code, _element(text, "Message"), {"region": region} if valid else {}


def _element(text: str, name: str) -> str:
    """Return the text of a plain XML element, "" if there is none."""
    found = text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
    for entity, mark in (("lt", "<"), ("gt", ">"), ("quot", '"'), ("apos", "'"), ("amp", "&")):
        found = found.replace(f"&{entity};", mark)
    return found
