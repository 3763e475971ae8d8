"""OpenAI's API: who is let in, and what the app says."""

import json

CHAT = "endpoints/chat_completions.py"
MODELS = "endpoints/models.py"
SETTINGS = {"api_key": "s3cret", "app": {"app_id": "assistant"}, "model": "dify"}
HEADERS = {"Authorization": "Bearer s3cret"}
QUESTION = {"model": "dify", "messages": [{"role": "user", "content": "Hello"}]}


def test_the_app_answers(call):
    line = "POST /v1/chat/completions"
    response = call(CHAT, line, json=QUESTION, headers=HEADERS, settings=SETTINGS)
    answer = json.loads(response.get_data())
    assert answer["choices"][0]["message"]["content"] == "You said: Hello"


def test_there_is_one_model(call):
    response = call(MODELS, "GET /v1/models", headers=HEADERS, settings=SETTINGS)
    assert [each["id"] for each in json.loads(response.get_data())["data"]] == ["dify"]


def test_models_are_listed_beside_the_app(call):
    chosen = {"provider": "openai", "model": "gpt-4o", "model_type": "llm"}
    settings = {**SETTINGS, "llm": chosen}
    response = call(MODELS, "GET /v1/models", headers=HEADERS, settings=settings)
    models = [each["id"] for each in json.loads(response.get_data())["data"]]
    assert models == ["dify", "gpt-4o"]


def test_nobody_calls_without_the_key(call):
    assert call(MODELS, "GET /v1/models", settings=SETTINGS).status_code == 401
