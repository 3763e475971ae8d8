"""`PUT` and `DELETE /mood/<mood>`: a cookie remembers the cat's mood. One source, two endpoints."""

from collections.abc import Mapping

from werkzeug import Request, Response

from dify_plugin import Endpoint


class Mood(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Set the mood, or clear it, and tell when that happened last."""
        response = Response(status=204)
        if r.method == "PUT":
            response.set_cookie("mood", values["mood"], httponly=True, samesite="Lax")
        else:
            response.delete_cookie("mood", httponly=True, samesite="Lax")
        response.set_cookie("last", r.method.lower(), samesite="Lax")
        return response
