"""What AWS's own schemas say of the properties that SAM takes, as JSON Schema, and values to try.

SAM's models (aws-sam-translator) say which properties there are, and hand most of them on to
CloudFormation, whose resource schemas are in cfn-lint.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]

# Where SAM says no more than that a property is handed on, it is the one of that name here.
_RESOURCES = {
    "function": ("aws_serverless_function", ("AWS::Lambda::Function",)),
    "http": ("aws_serverless_httpapi", ("AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::Api")),
    "rest": ("aws_serverless_api", ("AWS::ApiGateway::Stage", "AWS::ApiGateway::RestApi")),
}
# For every pattern one that it takes; ARNs first, since what takes an ARN may take anything.
_TEXTS = (
    "arn:aws:lambda:us-east-1:123456789012:layer:fonts:1",
    "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdefg",
    "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0",
    *("text", "/mnt/data", "/a/", "sg-1", "subnet-1"),
)


def sam_properties(kind: str) -> dict[str, Schema]:
    """Return the schema of each property of a function, or of an API that is `http` or `rest`."""
    module, resources = _RESOURCES[kind]
    source = importlib.import_module(f"samtranslator.internal.schema_source.{module}")
    model = source.Properties.schema()
    return {name: _of_sam(each, model, resources) for name, each in model["properties"].items()}


def fitting(schema: Schema) -> Iterator[Any]:
    """Yield values that fit a schema: every choice of it, the ends of every range."""
    for alternative in schema.get("anyOf", ()):
        yield from fitting(alternative)
    match _type_of(schema):
        case "boolean":
            yield from (True, False)
        case "integer" | "number":
            yield from {schema.get("minimum", 1), schema.get("maximum", 1)}
        case "string" if "enum" in schema:
            yield from schema["enum"]
        case "string":
            yield next(text for text in _TEXTS if _is_text_of(text, schema))
        case "array":
            most = schema.get("maxItems", 2)
            for item in fitting(schema.get("items", {})):
                yield [item] * most
        case "object":
            fields = {name: [*fitting(each)] for name, each in schema.get("properties", {}).items()}
            whole = {name: values[0] for name, values in fields.items() if values}
            whole |= {name: value for name, each in _open(schema) for value in fitting(each)}
            whole |= {name: "text" for name in schema.get("required", ()) if name not in whole}
            yield whole
            for name, values in fields.items():
                yield from ({**whole, name: value} for value in values[1:])


def misfitting(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Yield values that do not fit a schema, each with the path of what is wrong with it."""
    kind = _type_of(schema)
    if kind != "string" and kind:
        yield "", "text"
    match kind:
        case "integer" | "number":
            if "minimum" in schema:
                yield "", schema["minimum"] - 1
            if "maximum" in schema:
                yield "", schema["maximum"] + 1
        case "string":
            yield "", ["text"]
            if "enum" in schema:
                yield "", "NoSuchChoice"
            elif "maxLength" in schema:
                yield "", "x" * (schema["maxLength"] + 1)
        case "array":
            for path, value in misfitting(schema.get("items", {})):
                yield f"0.{path}".rstrip("."), [value]
        case "object":
            yield from _misfitting_tables(schema)


def _misfitting_tables(schema: Schema) -> Iterator[tuple[str, Any]]:
    whole = next(iter(fitting(schema)))
    if schema.get("additionalProperties") is False and "patternProperties" not in schema:
        yield "Nonsense", {**whole, "Nonsense": "text"}
    for name in schema.get("required", ()):
        yield "", {key: value for key, value in whole.items() if key != name}
    for name, each in [*schema.get("properties", {}).items(), *_open(schema)]:
        for path, value in misfitting(each):
            yield f"{name}.{path}".rstrip("."), {**whole, name: value}


def _open(schema: Schema) -> list[tuple[str, Schema]]:
    """Return a name of those that a table leaves open, with the schema of its value."""
    found = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
    return [("Name1", each) for each in found if isinstance(each, Mapping)]


def _type_of(schema: Schema) -> str:
    kind = schema.get("type", "")
    return kind if isinstance(kind, str) else ""  # of several kinds, nothing is tried


def _is_text_of(text: str, schema: Schema) -> bool:
    fits = schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text))
    return fits and bool(re.search(schema.get("pattern", ""), text))


def _of_sam(schema: Schema, model: Schema, resources: Sequence[str] = ()) -> Schema:
    if "__samPassThrough" in schema:
        return _handed_on(schema["__samPassThrough"]["schemaPath"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {} if name == "PassThroughProp" else _of_sam(model["definitions"][name], model)
    if len(schema.get("allOf", ())) == 1:
        found = _of_sam(schema["allOf"][0], model)
        named = (_property(each, schema["title"]) for each in resources)
        return found or next((each for each in named if each is not None), {})
    return _with_parts(schema, lambda each: _of_sam(each, model))


def _handed_on(path: Sequence[str]) -> Schema:
    resource, _, definition = path[1].partition(".")
    found = _property(resource, path[-1], definition)
    assert found is not None, path
    return found


def _property(resource: str, name: str, definition: str = "") -> Schema | None:
    whole = _resource_schema(resource)
    owner = whole["definitions"][definition] if definition else whole
    found = owner["properties"].get(name)
    return None if found is None else _of_resource(found, whole)


def _of_resource(schema: Schema, whole: Schema) -> Schema:
    if "$ref" in schema:
        return _of_resource(whole["definitions"][schema["$ref"].rpartition("/")[2]], whole)
    return _with_parts(schema, lambda each: _of_resource(each, whole))


def _with_parts(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    found = dict(schema)
    for key in ("properties", "patternProperties"):
        if key in schema:
            found[key] = {name: change(each) for name, each in schema[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            found[key] = change(schema[key])
    # A table without a word on what is in it stands for CloudFormation's functions.
    choices = [change(each) for each in schema.get("anyOf", ())]
    if choices:
        found["anyOf"] = [each for each in choices if each != {"type": "object"}]
    return found["anyOf"][0] if len(found.get("anyOf", ())) == 1 else found


@functools.cache
def _resource_schema(resource: str) -> Schema:
    # Importing cfn-lint takes a second, and its data are all that is needed.
    spec = importlib.util.find_spec("cfnlint")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data/schemas"
    files = json.loads((folder / "providers/us-east-1.json").read_text())
    schema: Schema = json.loads((folder / f"resources/{files[resource]}.json").read_text())
    return schema
