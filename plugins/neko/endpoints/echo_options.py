"""`OPTIONS /echo`: what a browser asks before it posts from another site's page."""

from collections.abc import Mapping

from endpoints.cors import CORS
from werkzeug import Request, Response

from dify_plugin import Endpoint


class EchoOptions(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Allow it."""
        return Response(status=204, headers=CORS)
