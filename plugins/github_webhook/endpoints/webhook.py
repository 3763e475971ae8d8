"""`POST /webhook`: takes GitHub's deliveries."""

import logging
from collections.abc import Mapping
from urllib.parse import parse_qs

import orjson
from webhooks import recent
from webhooks.assist import assist
from webhooks.notifications import notify, wants_ref
from webhooks.signature import is_signed
from werkzeug import Request, Response

from dify_plugin import Endpoint

log = logging.getLogger(__name__)

DELIVERY_LIMIT = 100  # characters; GitHub's ids are GUIDs of 36


class Webhook(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        """Check the signature, then answer the delivery, acting on it once."""
        body = r.get_data()  # the bytes as they came: they are what is signed
        secret = settings.get("webhook_secret")
        if not secret:  # an empty one would let everybody in
            return reply(503, "refused", error="the setting webhook_secret is empty")
        if not is_signed(secret, body, r.headers.get("X-Hub-Signature-256", "")):
            return reply(401, "refused", error="wrong or missing X-Hub-Signature-256")

        event = r.headers.get("X-GitHub-Event", "")
        delivery = r.headers.get("X-GitHub-Delivery", "")
        if not event or not 0 < len(delivery) <= DELIVERY_LIMIT:
            return reply(400, "refused", error="X-GitHub-Event and X-GitHub-Delivery are needed")
        try:
            payload = read_payload(r.mimetype, body)
        except ValueError as error:
            return reply(400, "refused", error=str(error))

        if not recent.claim(delivery):
            return reply(200, "duplicate", delivery=delivery)
        try:
            return self._take(event, delivery, payload, settings)
        except Exception:
            recent.release(delivery)
            raise

    def _take(self, event: str, delivery: str, payload: dict, settings: Mapping) -> Response:
        notification = notify(event, payload, full=settings.get("detail") == "full")
        if notification is None:
            return reply(202, "ignored", delivery=delivery, reason=f"event {event} is not routed")
        if event == "push" and not wants_ref(settings.get("branches") or "*", payload):
            return reply(202, "ignored", delivery=delivery, reason="no pattern matches its branch")
        if event != "ping":
            assist(self.session, settings, notification)
        recent.remember(delivery, notification)
        log.info("%s %s of %s", event, delivery, notification["repository"])
        return reply(200, "accepted", delivery=delivery, notification=notification)


def read_payload(mimetype: str, body: bytes) -> dict:
    """Read a delivery's body, in either content type that GitHub offers. ValueError if it can't."""
    try:
        if mimetype == "application/x-www-form-urlencoded":
            body = parse_qs(body).get(b"payload", [b""])[0]
        payload = orjson.loads(body)
    except ValueError as error:  # of orjson, and of a form that is not ASCII
        raise ValueError("the payload must be JSON") from error
    if not isinstance(payload, dict):
        raise ValueError("the payload must be a JSON object")
    return payload


def reply(status: int, outcome: str, **more: object) -> Response:
    recent.count(outcome)
    content = orjson.dumps({"outcome": outcome, **more})
    return Response(content, status, mimetype="application/json")
