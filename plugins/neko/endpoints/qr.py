"""`GET /qr?text=...`: a QR code. The only endpoint that imports (and pays for) `segno`."""

import io
from collections.abc import Mapping

import segno
from werkzeug import Request, Response

from dify_plugin import Endpoint


class Qr(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Draw `text` as SVG, or as PNG with `format=png`."""
        kind = "png" if r.args.get("format") == "png" else "svg"
        out = io.BytesIO()
        segno.make(r.args.get("text", "nyan")).save(out, kind=kind, scale=4)
        mimetype = {"svg": "image/svg+xml", "png": "image/png"}[kind]
        return Response(out.getvalue(), mimetype=mimetype)
