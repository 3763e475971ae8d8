"""Telegram's updates, and what is sent for them."""

import json

import pytest

UPDATES = "endpoints/updates.py"
SETTINGS = {"secret_token": "s3cret", "app": {"app_id": "assistant"}, "greeting": "Hi!"}
SIGNED = {"X-Telegram-Bot-Api-Secret-Token": "s3cret"}


def update(number, text="Hello"):
    return {"update_id": number, "message": {"chat": {"id": 7}, "text": text}}


def test_a_message_is_answered_by_the_app(call):
    response = call(UPDATES, "POST /", json=update(1), headers=SIGNED, settings=SETTINGS)
    assert json.loads(response.get_data()) == {
        "method": "sendMessage",
        "chat_id": 7,
        "text": "You said: Hello",
    }


def test_an_update_that_comes_again_is_not_answered_twice(call):
    first, second = (
        call(UPDATES, "POST /", json=update(1), headers=SIGNED, settings=SETTINGS) for _ in "12"
    )
    assert "You said: Hello" in first.get_data(as_text=True)
    assert (second.status_code, second.get_data()) == (200, b"")


def test_start_is_greeted(call):
    sent = update(2, "/start")
    response = call(UPDATES, "POST /", json=sent, headers=SIGNED, settings=SETTINGS)
    assert json.loads(response.get_data())["text"] == "Hi!"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, update(1), 401),
        ({"X-Telegram-Bot-Api-Secret-Token": "guess"}, update(1), 401),
        (SIGNED, [], 400),
        (SIGNED, {"update_id": 5, "edited_message": {}}, 200),
    ],
)
def test_what_is_refused_and_what_is_only_taken(call, headers, body, status):
    response = call(UPDATES, "POST /", json=body, headers=headers, settings=SETTINGS)
    assert response.status_code == status
