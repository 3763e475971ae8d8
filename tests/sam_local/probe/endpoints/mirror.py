"""Gives back the bytes it got, backwards."""

from collections.abc import Mapping
from typing import Any

from werkzeug import Request, Response

from dify_plugin import Endpoint


class Mirror(Endpoint):
    def _invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return Response(r.get_data()[::-1], 201, content_type="application/octet-stream")
