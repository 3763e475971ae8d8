"""`GET /duck/<app_id>`: the smallest endpoint, answered by a generator."""

from collections.abc import Iterator, Mapping

from werkzeug import Request, Response

from dify_plugin import Endpoint


class Duck(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Send the app's id as a line of HTML, chunk by chunk."""
        app_id = values["app_id"]

        def generator() -> Iterator[str]:
            yield f"{app_id} <br>"

        return Response(generator(), status=200, content_type="text/html")
