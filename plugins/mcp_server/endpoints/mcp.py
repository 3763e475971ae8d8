"""`POST /mcp`: the Streamable HTTP transport of the Model Context Protocol, without a session."""

import hmac
import json
import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from mcp_protocol import app_tool, dify_tools
from mcp_protocol.messages import answer, unreadable
from werkzeug import Request, Response

from dify_plugin import Endpoint

log = logging.getLogger(__name__)


class Mcp(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Answer a message, or several at once as clients of 2025-03-26 may send them."""
        if not is_allowed_origin(r, settings.get("origins") or ""):
            return Response("this origin may not call", 403, mimetype="text/plain")
        if not is_authorized(r, settings.get("token") or ""):
            challenge = {"WWW-Authenticate": "Bearer"}
            return Response("a token is needed", 401, challenge, mimetype="text/plain")
        try:
            message = json.loads(r.get_data())
        except ValueError:
            return reply(400, unreadable())
        try:
            tools = [app_tool.describe(settings)] if settings.get("app") else []
        except ValueError as error:
            log.error("the setting input_schema can't be used: %s", error)
            return Response("the plugin's settings are wrong", 500, mimetype="text/plain")

        chosen = dify_tools.chosen(settings)
        own = {each["name"] for each in tools}
        tools += [dify_tools.describe(each) for name, each in chosen.items() if name not in own]

        def call(name: str, arguments: Mapping) -> dict:
            if name not in own:
                return dify_tools.run(self.session, chosen[name], arguments)
            return app_tool.run(self.session, settings, arguments)

        if not isinstance(message, list) or not message:
            return reply(*answer(message, r.headers, tools, call))
        answers = [answer(each, r.headers, tools, call)[1] for each in message]
        answers = [each for each in answers if each is not None]
        return reply(200 if answers else 202, answers or None)


def is_authorized(r: Request, token: str) -> bool:
    """Return whether the request has the token, if one is needed, in a time that tells nothing."""
    if not token:
        return True
    scheme, _, given = r.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(
        given.strip().encode("utf-8", "surrogateescape"), token.encode()
    )


def is_allowed_origin(r: Request, allowed: str) -> bool:
    """Return whether a browser's page may call: of this very host, or one in the settings."""
    origin = r.headers.get("Origin")
    if origin is None or urlsplit(origin).netloc == r.host:
        return True
    return origin in [each.strip().rstrip("/") for each in allowed.split(",")]


def reply(status: int, content: object) -> Response:
    if content is None:
        return Response(status=status)
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status, mimetype="application/json")
