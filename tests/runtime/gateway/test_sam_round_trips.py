"""Requests through SAM CLI's own event constructors, and our replies through its parsers."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr
from typing import Any
from urllib.parse import quote, urlencode

import flask
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from dify_plugin import Endpoint
from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from tests.support.builders import bundle_module

ALL = "/<path:proxy>"
HOST = "127.0.0.1:3000"
# A REST API decodes base64 where `Accept` takes the reply's type.
SENT = {"Accept": "*/*", "Cookie": "c=3; d=4"}

gateway = flask.Flask(__name__)
gateway.add_url_rule(ALL, endpoint=ALL, methods=["GET", "POST"])


class Report(Endpoint):
    def _invoke(self, r: Request, values: Any, settings: Any) -> Response:
        """Say all that should arrive; the body comes back."""
        response = Response(r.get_data(), status=201, mimetype=r.headers.get("X-Type"))
        seen = [r.method, r.url, r.path, [*r.args.lists()], r.cookies, r.remote_addr, dict(values)]
        response.headers["X-Seen"] = json.dumps(seen)
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response


def application() -> Application:

    routes = [("/<path:p>", method, "e") for method in ("GET", "POST")]
    made = Application(bundle_module(ROUTES=routes), "/")
    made._classes["e"] = Report
    return made


# Without a `%`, which SAM CLI decodes for REST APIs too, and what Flask's own paths can't hold.
CHARACTERS = st.characters(codec="utf-8", exclude_characters="%/", exclude_categories=["Cc", "Cs"])
TEXT = st.text(CHARACTERS, min_size=1, max_size=8)
PATHS = st.lists(TEXT.filter(lambda text: text not in (".", "..")), min_size=1, max_size=3)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=4)
TYPES = st.sampled_from(["text/plain", "application/json", "image/png", "application/xml"])


@pytest.mark.parametrize("payload", ["1.0, REST API", "1.0, HTTP API", "2.0"])
@settings(max_examples=30)
@given(path=PATHS, pairs=PAIRS, body=st.binary(max_size=30), mimetype=TYPES)
def test_round_trip(
    payload: str, path: list[str], pairs: list[tuple[str, str]], body: bytes, mimetype: str
) -> None:
    from tests.support.sam_gateway import event_of, reply_of

    target = "/" + "/".join(quote(segment, safe="") for segment in path)
    # Maps keep the values of one name together.
    names = [name for name, _ in pairs]
    query = urlencode(sorted(pairs, key=lambda pair: names.index(str(pair[0]))))
    request: dict[str, Any] = {
        "path": target,
        "query_string": query,
        "base_url": f"http://{HOST}",
        "method": "POST",
        "data": body,
        "headers": {**SENT, "X-Type": mimetype, "Content-Type": mimetype},
        "environ_base": {"REMOTE_ADDR": "192.0.2.7"},
    }

    with gateway.test_request_context(**request):
        theirs = flask.request
        event = event_of(theirs, payload, 3000)
        with redirect_stderr(io.StringIO()):
            reply = json.dumps(answer_event(application(), json.loads(json.dumps(event)), None))
        parsed = reply_of(reply, theirs, payload)

    with redirect_stderr(io.StringIO()):
        expected = Client(application(), use_cookies=False).open(**request)
    status, headers, data = parsed
    assert status == expected.status_code == 201
    assert sorted(headers) == sorted(expected.headers)
    assert (data if isinstance(data, bytes) else (data or "").encode()) == body == expected.data
