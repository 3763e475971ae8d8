"""`HEAD /duck/<app_id>`: declared of its own, so it answers instead of the GET endpoint."""

from collections.abc import Mapping

from werkzeug import Request, Response

from dify_plugin import Endpoint


class DuckHead(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Say in a header which duck there is, without making it quack."""
        return Response(headers={"X-Duck": values["app_id"]}, content_type="text/html")
