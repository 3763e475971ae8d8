"""WhatsApp through Meta's API: the check of the webhook, and messages answered with requests."""

import json
import logging
from collections.abc import Mapping
from typing import Any, Optional

import requests
from werkzeug import Request, Response

from dify_plugin import Endpoint

logger = logging.getLogger(__name__)
GRAPH = "https://graph.facebook.com/v21.0"


class WhatsAppEndpoint(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        if r.method == "GET":
            token = r.args.get("hub.verify_token")
            if token != settings["verify_token"]:
                return Response("no", status=403)
            return Response(r.args.get("hub.challenge", ""), status=200)
        message = self._message(r.get_json())
        if message is None:
            return Response("ok", status=200)
        try:
            sent = requests.post(
                f"{GRAPH}/{settings['phone_number_id']}/messages",
                headers={"Authorization": f"Bearer {settings['token']}"},
                data=json.dumps({"to": message["from"], "text": {"body": "received"}}),
                timeout=10,
            )
            sent.raise_for_status()
        except requests.exceptions.RequestException as e:
            logger.error("not sent: %s", e)
        return Response("ok", status=200)

    def _message(self, data: dict[str, Any]) -> Optional[dict[str, Any]]:
        try:
            return data["entry"][0]["changes"][0]["value"]["messages"][0]
        except (KeyError, IndexError):
            return None
