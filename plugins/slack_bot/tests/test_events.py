"""Slack's events: who is let in, and what is answered at once."""

import hmac
import json
import time

import pytest

EVENTS = "endpoints/events.py"
SETTINGS = {"signing_secret": "s3cret", "bot_token": "token", "app": {"app_id": "assistant"}}


def signed(content, secret="s3cret", age=0):
    body = json.dumps(content).encode()
    sent = str(int(time.time()) - age)
    text = f"v0:{sent}:".encode() + body
    signature = "v0=" + hmac.new(secret.encode(), text, "sha256").hexdigest()
    headers = {"X-Slack-Request-Timestamp": sent, "X-Slack-Signature": signature}
    return {"data": body, "headers": headers, "content_type": "application/json"}


def test_slack_verifies_the_address(call):
    challenge = {"type": "url_verification", "challenge": "abc"}
    response = call(EVENTS, "POST /", settings=SETTINGS, **signed(challenge))
    assert (response.status_code, response.get_data(as_text=True)) == (200, "abc")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (signed({}, secret="guess"), 401),
        (signed({}, age=3600), 401),
        (signed([]), 400),
        (signed({"event": {"type": "reaction_added"}}), 200),
        (signed({"event": {"type": "app_mention", "bot_id": "B1"}}), 200),
    ],
)
def test_what_is_refused_and_what_is_only_taken(call, request_, status):
    assert call(EVENTS, "POST /", settings=SETTINGS, **request_).status_code == status
