"""A static page that lies beside the code."""

import os
from collections.abc import Mapping

from werkzeug import Request, Response

from dify_plugin import Endpoint


class PageEndpoint(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        path = os.path.join(os.path.dirname(__file__), "page.html")
        with open(path, encoding="utf-8") as file:
            page = file.read()
        return Response(page.replace("{{ title }}", settings["title"]), content_type="text/html")
