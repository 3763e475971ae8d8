"""Says what a GET was, as JSON, and sets two cookies."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from werkzeug import Request, Response

from dify_plugin import Endpoint


class Seen(Endpoint):
    def _invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        seen = {
            "method": r.method,
            "url": r.url,
            "values": dict(values),
            "args": list(r.args.items(multi=True)),
            "cookies": sorted(r.cookies.items(multi=True)),
            "hook": r.headers.get("Dify-Hook-Id"),
            "entry": "stock" if "awslambdaric" in sys.modules else "fast",
            "token": settings["token"],
        }
        response = Response(json.dumps(seen), content_type="application/json")
        response.set_cookie("first", "1", httponly=True)
        response.set_cookie("second", "2; with, punctuation")
        return response
