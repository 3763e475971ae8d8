"""Workflow nodes and summaries by the configured models: a prompt, and a JSON Schema to answer by.

What nodes give is shaped as Dify's (api/core/workflow/nodes/parameter_extractor and
question_classifier of langgenius/dify). docs/calls.md has the prompts.
"""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.json_codec import encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session

    Data = Mapping[str, Any]

KINDS = ("node_parameter_extractor", "node_question_classifier", "system_summary")
_EXTRACT = (
    "Extract the parameters that the schema describes from the user's text. Take only what the "
    "text says: leave out a parameter that it does not mention, and invent nothing."
)
_CLASSIFY = (
    "Sort the user's text into one of these categories, by its meaning. Answer with the id of the "
    "category that fits best.\nCategories: "
)
_SUMMARIZE = (
    "Summarize the user's text. Keep its meaning, its key points and its language. Answer with the "
    "summary alone."
)
_TYPES: Mapping[str, str] = {
    "string": "string",
    "select": "string",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
    "object": "object",
}
_PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "select": (str,),
    "number": (int, float),
    "bool": (bool,),
    "boolean": (bool,),
    "object": (dict,),
}
_EMPTY: Mapping[str, Any] = {"number": 0, "bool": False, "boolean": False, "object": {}}
_UNPARSED = "Failed to parse structured output"


class Nodes:
    """The nodes, by what answers models; threads share one."""

    name = "[models]"

    def __init__(self, models: Any) -> None:
        self._models = models

    def answers(self, kind: str) -> bool:
        """Return whether it has calls of a kind (the SDK's InvokeType)."""
        return kind in KINDS

    def invoke(self, session: Session, kind: str, data: Data) -> Iterator[dict[str, Any]]:
        """Yield the one answer to a call; raises CallError."""
        if kind == "node_parameter_extractor":
            yield self._extracted(session, data)
        elif kind == "node_question_classifier":
            yield self._classified(session, data)
        else:
            yield {"summary": self._summary(session, data)}

    def close(self) -> None:
        """Do nothing: what answers models has the connections."""

    def _extracted(self, session: Session, data: Data) -> dict[str, Any]:
        parameters = data["parameters"]
        required = [each["name"] for each in parameters if each.get("required")]
        schema = {
            "type": "object",
            "properties": {each["name"]: _property(each) for each in parameters},
            "required": required,
            "additionalProperties": False,
        }
        reason: str | None = None
        found: dict[str, Any] = {}
        used = None
        try:
            found, used = self._ask(session, data, _with(_EXTRACT, data), schema)
        except CallError as fault:
            if not fault.message.startswith(_UNPARSED):
                raise
            reason = fault.message
        values = {each["name"]: _value(each, found.get(each["name"])) for each in parameters}
        missing = [name for name in required if found.get(name) in (None, "")]
        if missing and reason is None:
            reason = f"not in the text: {', '.join(missing)}"
        outputs = {"__is_success": 0 if reason else 1, "__reason": reason, "__usage": used}
        return _response(data, {**outputs, **values}, schema)

    def _classified(self, session: Session, data: Data) -> dict[str, Any]:
        classes = data["classes"]
        if not classes:
            raise CallError("there are no classes")
        ids = [each["id"] for each in classes]
        schema = {
            "type": "object",
            "properties": {"category_id": {"type": "string", "enum": ids}},
            "required": ["category_id"],
            "additionalProperties": False,
        }
        told = _CLASSIFY + encode_json([dict(each) for each in classes]).decode()
        found, used = self._ask(session, data, _with(told, data), schema)
        chosen = str(found.get("category_id"))
        # As in Dify, whose first class is the answer where the model names none.
        name = next((each["name"] for each in classes if each["id"] == chosen), classes[0]["name"])
        outputs = {
            "class_name": name,
            "class_id": chosen if chosen in ids else ids[0],
            "usage": used,
        }
        return _response(data, outputs, schema)

    def _summary(self, session: Session, data: Data) -> str:
        told = _with(_SUMMARIZE, data)
        asked = _question({"provider": "dify", "name": "summary"}, told, str(data["text"]))
        chunks = self._models.invoke(session, "llm", asked)
        return "".join(each["delta"]["message"]["content"] for each in chunks)

    def _ask(
        self, session: Session, data: Data, told: str, schema: Data
    ) -> tuple[dict[str, Any], Any]:
        """Return what a model answers by a schema, and its usage; raises CallError."""
        asked = _question(data["model"], told, str(data["query"]))
        asked["structured_output_schema"] = schema
        chunks = list(self._models.invoke(session, "llm_structured_output", asked))
        return dict(chunks[-1].get("structured_output") or {}), chunks[-1]["delta"]["usage"]


def _question(model: Data, told: str, text: str) -> dict[str, Any]:
    return {
        "provider": model.get("provider"),
        "model": model.get("name"),
        "mode": "chat",
        "completion_params": model.get("completion_params") or {},
        "prompt_messages": [
            {"role": "system", "content": told},
            {"role": "user", "content": text},
        ],
        "stream": False,
    }


def _with(told: str, data: Data) -> str:
    """Return a prompt with the plugin's instruction, if there is one."""
    instruction = data.get("instruction")
    return f"{told}\nAlso follow this instruction: {instruction}" if instruction else told


def _property(parameter: Data) -> dict[str, Any]:
    kind = str(parameter.get("type") or "string")
    made: dict[str, Any] = {}
    if kind.startswith("array"):
        inner = _TYPES.get(kind.partition("[")[2].removesuffix("]"), "")
        made = {"type": "array", "items": {"type": inner} if inner else {}}
    else:
        made = {"type": _TYPES.get(kind, "string")}
    if parameter.get("options"):
        made["enum"] = parameter["options"]
    if parameter.get("description"):
        made["description"] = parameter["description"]
    return made


def _value(parameter: Data, value: Any) -> Any:
    """Return a parameter's value, or what stands for none: Dify leaves no parameter out.

    As in Dify, what is of another type than the parameter is none, but for numbers in words.
    """
    kind = str(parameter.get("type") or "string")
    if kind.startswith("array"):
        inner = kind.partition("[")[2].removesuffix("]")
        items = [_typed(inner, each) for each in value] if isinstance(value, list) else []
        return [each for each in items if each is not None]
    typed = _typed(kind, value)
    if kind == "select" and parameter.get("options") and typed not in parameter["options"]:
        typed = None
    return _EMPTY.get(kind, "") if typed is None else typed


def _typed(kind: str, value: Any) -> Any:
    """Return a value of a type; None where it is none of that."""
    if kind == "number" and isinstance(value, str):
        try:
            return float(value) if "." in value else int(value)
        except ValueError:
            return None
    wanted = _PYTHON.get(kind)
    if wanted is None or (
        isinstance(value, wanted) and isinstance(value, bool) == (bool in wanted)
    ):
        return value
    return None


def _response(data: Data, outputs: dict[str, Any], schema: Data) -> dict[str, Any]:
    return {
        "process_data": {"model_mode": "chat", "schema": schema},
        "inputs": {"query": data["query"]},
        "outputs": outputs,
    }
