from collections.abc import Mapping

from werkzeug import Request, Response

from dify_plugin import Endpoint


class Echo(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        return Response(r.get_data(), content_type="application/json")
