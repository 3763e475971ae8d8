"""Who may call, and how a refusal looks to OpenAI's clients."""

import hmac
import json

from werkzeug import Request, Response


def refusal(r: Request, api_key: str) -> Response | None:
    """Return the refusal of a request without the key; None for one that may pass."""
    if not api_key:  # an empty one would let everybody in
        return error(503, "the setting api_key is empty", "server_error")
    scheme, _, given = r.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(
        given.strip().encode("utf-8", "surrogateescape"), api_key.encode()
    ):
        return None
    return error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")


def error(status: int, message: str, kind: str, code: str | None = None) -> Response:
    """Return an error as OpenAI's API words it."""
    content = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Response(json.dumps(content), status, mimetype="application/json")
