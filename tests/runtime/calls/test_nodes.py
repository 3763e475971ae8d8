"""Nodes of workflows, and summaries, by the configured models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dify_plugin.entities.workflow_node import ClassConfig, ModelConfig, ParameterConfig
from endpoint_runtime.calls.errors import CallError
from tests.runtime.calls.conftest import Make
from tests.support.model_server import Reply, reply

MODEL = ModelConfig(provider="openai", name="m", completion_params={"temperature": 0})
PARAMETERS = [
    ParameterConfig(name="city", type="string", description="where", required=True),
    ParameterConfig(name="days", type="number", description=None, required=False),
    ParameterConfig(name="tags", type="array[string]", description=None, required=False),
    ParameterConfig(
        name="unit", type="select", options=["c", "f"], description=None, required=False
    ),
]
CLASSES = [ClassConfig(id="1", name="Cats"), ClassConfig(id="2", name="Dogs")]


def said(content: Any) -> Reply:
    text = content if isinstance(content, str) else json.dumps(content)
    choice = {"message": {"content": text}, "finish_reason": "stop"}
    return reply({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})


def test_an_extractor(models: Make) -> None:
    made = models(said({"city": "Rome", "days": 3}))
    extractor = made.session().workflow_node.parameter_extractor

    found = extractor.invoke(PARAMETERS, MODEL, "3 days in Rome", "Be exact.")

    usage = found.outputs.pop("__usage")
    assert found.outputs == {
        "__is_success": 1,
        "__reason": None,
        "city": "Rome",
        "days": 3,
        "tags": [],
        "unit": "",
    }
    assert (usage["total_tokens"], found.inputs) == (5, {"query": "3 days in Rome"})
    sent = made.server.seen[0].json
    assert (sent["model"], sent["temperature"]) == ("m", 0)
    assert sent["messages"][1] == {"role": "user", "content": "3 days in Rome"}
    assert sent["messages"][0]["content"].endswith("Also follow this instruction: Be exact.")
    assert sent["response_format"]["json_schema"]["schema"] == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "where"},
            "days": {"type": "number"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "unit": {"type": "string", "enum": ["c", "f"]},
        },
        "required": ["city"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("kind", "answer", "value"),
    [
        ("number", "3", 3),
        ("number", "3.5", 3.5),
        ("number", "three", 0),
        ("number", True, 0),
        ("bool", True, True),
        ("bool", 1, False),
        ("string", 3, ""),
        ("select", "c", "c"),
        ("select", "k", ""),
        ("object", {"a": 1}, {"a": 1}),
        ("object", [1], {}),
        ("array[number]", ["1", "x", 2], [1, 2]),
        ("array[object]", [{"a": 1}, 2], [{"a": 1}]),
        ("array[string]", "a", []),
    ],
)
def test_types_of_extracted_values(models: Make, kind: str, answer: Any, value: Any) -> None:
    """An endpoint that takes no schema may say anything."""
    options = ["c", "f"] if kind == "select" else []
    parameter = ParameterConfig(
        name="p", type=kind, options=options, description=None, required=False
    )
    extractor = models(said({"p": answer})).session().workflow_node.parameter_extractor

    found = extractor.invoke([parameter], MODEL, "q").outputs["p"]

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"days": 1}, "not in the text: city"),
        ("no JSON", "Failed to parse structured output: no JSON"),
    ],
)
def test_an_extractor_that_finds_too_little(models: Make, answer: Any, reason: str) -> None:
    made = models(said(answer))

    found = made.session().workflow_node.parameter_extractor.invoke(PARAMETERS, MODEL, "Rome")

    assert (found.outputs["__is_success"], found.outputs["__reason"]) == (0, reason)
    assert found.outputs["city"] == ""


def test_a_model_that_fails(models: Make) -> None:
    made = models(reply({"error": "gone"}, 500))

    with pytest.raises(CallError, match=r"^gone$"):
        made.session().workflow_node.parameter_extractor.invoke(PARAMETERS, MODEL, "Rome")


@pytest.mark.parametrize(
    ("answer", "chosen"),
    [({"category_id": "2"}, ("Dogs", "2")), ({"category_id": "9"}, ("Cats", "1"))],
)
def test_a_classifier(models: Make, answer: Any, chosen: tuple[str, str]) -> None:
    made = models(said(answer))

    found = made.session().workflow_node.question_classifier.invoke(CLASSES, MODEL, "Woof?")

    assert (found.outputs["class_name"], found.outputs["class_id"]) == chosen
    sent = made.server.seen[0].json
    schema = sent["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["category_id"]["enum"] == ["1", "2"]
    assert '[{"id": "1", "name": "Cats"}, ' in sent["messages"][0]["content"]


def test_a_summary(models: Make) -> None:
    made = models(said("Short."), names={"summary": "small"})

    assert made.session().model.summary.invoke("long " * 500, "In Latin.") == "Short."
    assert made.server.seen[0].json["model"] == "small"
