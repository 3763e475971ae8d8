"""Discord's interactions: signed with Ed25519, answered at once, followed up with httpx."""

import json
import logging
from collections.abc import Mapping

import httpx
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from werkzeug import Request, Response

from dify_plugin import Endpoint

logger = logging.getLogger(__name__)


class DiscordEndpoint(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        body = r.get_data()
        signature = r.headers.get("X-Signature-Ed25519", "")
        timestamp = r.headers.get("X-Signature-Timestamp", "")
        key = VerifyKey(bytes.fromhex(settings["public_key"]))
        try:
            key.verify(timestamp.encode() + body, bytes.fromhex(signature))
        except (BadSignatureError, ValueError):
            return Response("invalid request signature", status=401)
        data = json.loads(body)
        if data["type"] == 1:
            return self._json({"type": 1})
        with httpx.Client(timeout=10) as client:
            hook = f"https://discord.com/api/v10/webhooks/{data['application_id']}/{data['token']}"
            sent = client.post(hook, json={"content": "received"})
            if sent.is_error:
                logger.error("not sent: %s", sent.text)
        return self._json({"type": 5})

    def _json(self, body: dict) -> Response:
        return Response(json.dumps(body), status=200, content_type="application/json")
