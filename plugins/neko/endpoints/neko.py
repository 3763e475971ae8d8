"""`GET /neko`: a page whose template lies beside this file."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from werkzeug import Request, Response

from dify_plugin import Endpoint

PAGE = Path(__file__).with_name("neko.html")
COLOURS = {"orange": "darkorange", "grey": "dimgrey", "rainbow": "rebeccapurple"}


class Neko(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Show the cat in the colour and with the greeting that the settings name."""
        greeting = settings["greeting"].upper() if settings["shout"] else settings["greeting"]
        page = PAGE.read_text(encoding="utf-8").format(
            greeting=escape(greeting),
            colour=COLOURS[settings["colour"]],
            mood=escape(r.cookies.get("mood", "sleepy")),
        )
        return Response(page, content_type="text/html; charset=utf-8")
