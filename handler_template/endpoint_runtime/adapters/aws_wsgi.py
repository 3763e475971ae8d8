"""The entry of `adapter = "aws-wsgi"`: the same application through aws-wsgi.

Contract: `awsgi` (of the distribution aws-wsgi) lies in the bundle; only this module imports it. It
reads payload 1.0 and a load balancer's events. Events that carry no HTTP request, or one that can't
be read, go the native way.
What differs from the native adapter is in docs/adapters.md.
"""

from __future__ import annotations

import awsgi  # type: ignore[import-untyped]

from endpoint_runtime.app.invocation import finish_work
from endpoint_runtime.app.wsgi import add_event
from endpoint_runtime.gateway.environ import http_source_of
from endpoint_runtime.gateway.errors import NotAnHttpEvent
from endpoint_runtime.gateway.paths import HTTP_2, URL
from endpoint_runtime.gateway.refused import is_readable
from endpoint_runtime.gateway.replies import is_text
from endpoint_runtime.lambda_api.left_behind import restore
from endpoint_runtime.lambda_handler import application
from endpoint_runtime.lambda_handler import handler as native_handler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def served(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The application, as aws-wsgi calls it: with its `StartResponse`, the body as one piece.

    aws-wsgi closes no response, and takes the types that go as base64 by name.
    """
    add_event(environ, environ["awsgi.event"], environ["awsgi.context"])
    chunks = application(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        chunks.close()  # type: ignore[attr-defined]
    sent = {name.lower(): value for name, value in start_response.headers}
    content_type = sent.get("content-type", "")
    if not _goes_as_text(body, content_type, sent.get("content-encoding", "")):
        # By which name aws-wsgi looks the type up; None where there is none.
        name = dict(start_response.headers).get("Content-Type")
        start_response.base64_content_types.add(name and name.split(";")[0])
    return (body,)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer an HTTP event through aws-wsgi; any other, or a broken one, as the native handler.

    Raises `NotAnHttpEvent` for payload 2.0, which aws-wsgi can't read.
    """
    if not is_readable(event, application.max_body):
        return native_handler(event, context)
    if http_source_of(event) in (HTTP_2, URL):
        raise NotAnHttpEvent(
            'the adapter aws-wsgi reads no payload 2.0: invoke it through api = "rest" or an HTTP '
            "API with payload 1.0"
        )
    try:
        reply: dict[str, Any] = awsgi.response(served, event, context)
        return reply
    finally:
        finish_work(application, context, ())
        restore(context)


def _goes_as_text(body: bytes, content_type: str, content_encoding: str) -> bool:
    if not body:
        return True
    if not is_text(content_type, content_encoding, application.body_types):
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
