from collections.abc import Mapping

from werkzeug import Request, Response

from dify_plugin import Endpoint


class Binary(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        return Response(r.get_data(), content_type="application/octet-stream")
