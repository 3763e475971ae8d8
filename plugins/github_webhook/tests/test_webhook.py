"""GitHub's deliveries: who is let in, and what they become."""

import hmac
import json

import pytest

WEBHOOK = "endpoints/webhook.py"
SETTINGS = {"webhook_secret": "s3cret"}
PING = json.dumps({"zen": "Speak like a human.", "repository": {"full_name": "me/it"}}).encode()


def delivery(number, body=PING, secret="s3cret", event="ping"):
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": f"delivery-{number}",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return {"data": body, "headers": headers, "content_type": "application/json"}


def test_a_delivery_is_taken_once(call):
    for outcome in ("accepted", "duplicate"):
        response = call(WEBHOOK, "POST /webhook", settings=SETTINGS, **delivery(1))
        assert response.status_code == 200
        assert json.loads(response.get_data())["outcome"] == outcome


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (delivery(2, secret="guess"), 401),
        (delivery(3, body=b"no JSON"), 400),
        (delivery(4, event="watch"), 202),
    ],
)
def test_what_is_refused_and_what_does_not_matter(call, sent, status):
    response = call(WEBHOOK, "POST /webhook", settings=SETTINGS, **sent)
    assert response.status_code == status


def test_the_page_shows_the_heading_of_the_settings(call):
    response = call("endpoints/status.py", "GET /", settings={"title": "What <happens>"})
    assert "What &lt;happens&gt;" in response.get_data(as_text=True)
