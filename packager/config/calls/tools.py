"""Reads the table `tools`: what answers calls of each tool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from packager.config.key_types import Key, text
from packager.config.refused import InvalidPart, InvalidValue, found
from packager.config.tables import Report, read_table, secret, table_schema, url
from packager.config.urls import exact_url
from packager.inputs.fetched import FetchFault, check_url
from packager.inputs.openapi.document import OpenApiFault, read_document
from packager.inputs.openapi.operation import read_operation
from packager.inputs.toml_positions import KeyPath
from packager.model.calls import (
    ALL_TOOLS,
    Operation,
    OperationName,
    Tool,
    ToolKind,
    credential_key,
    tool_key,
)
from packager.model.options import Source
from packager.paths import is_file, is_inside

_NAME = r"[^\s/]+(/[^\s/]+)*/[^\s/]+"
# "Invoke" of the Lambda API, FunctionName.
_FUNCTION = (
    r"(arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:)?[A-Za-z0-9_-]{1,140}(:[A-Za-z0-9$_-]+)?"
)
_EXAMPLE = '{mcp = "https://mcp.example.com/mcp"}'
_ANY = r"[\s\S]*\S[\s\S]*"  # but blanks
_CREDENTIAL = secret("credentials", "a credential", "/tools/key")


def _read_credentials(value: object) -> dict[str, Source]:
    if not isinstance(value, dict):
        raise InvalidValue(found(value))
    read: dict[str, Source] = {}
    for name, each in value.items():
        try:
            read[name] = cast(Source, _CREDENTIAL.read(each))
        except InvalidPart as refused:
            raise InvalidPart(str(refused), name) from None
        except InvalidValue as refused:
            raise InvalidPart(f"expected {_CREDENTIAL.expected}, not {refused}", name) from None
    return read


_TOKEN = secret("token", "the tool's key", "/tools/key")
# RFC 9110, 5.6.2
_HEADER = text("header", "the name of a header", r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# What answers a tool, and the keys of its table: the first is of the kind's own name.
_KINDS: Mapping[ToolKind, tuple[Key, ...]] = {
    "mcp": (
        url("mcp", "https://mcp.example.com/mcp", exact_url),
        text("tool", "a tool's name", _ANY),
        _TOKEN,
        _HEADER,
    ),
    "openapi": (
        text("openapi", "the path or the URL of an OpenAPI document", _ANY),
        text("operation", "an operation's id", _ANY),
        url("base_url", "https://api.example.com"),
        _TOKEN,
        _HEADER,
    ),
    "lambda": (text("lambda", "a function's name or ARN", _FUNCTION),),
    "plugin": (
        text("plugin", "the path of a plugin's folder or .difypkg, or . for this one", _ANY),
        Key(
            "credentials",
            "a table of sources",
            _read_credentials,
            {"type": "object", "additionalProperties": _CREDENTIAL.schema},
        ),
    ),
}
TOOLS_SCHEMA: Mapping[str, Any] = {
    "propertyNames": {"pattern": f"^(?:{_NAME})$"},
    "additionalProperties": {
        "anyOf": [{**table_schema(keys), "required": [kind]} for kind, keys in _KINDS.items()]
    },
}


def read_tools(
    value: object, path: KeyPath, root: Path, report: Report
) -> tuple[dict[str, Tool], dict[str, Source]]:
    """Return the tools of a table by `provider/tool`, and the sources of keys by their names.

    `root` is the plugin's folder, in which OpenAPI documents are that have no URL. What is
    faulty is left out.
    """
    if not isinstance(value, dict):
        report("wrong-type", f"expected a table, not {found(value)}", path, None, None)
        return {}, {}
    tools: dict[str, Tool] = {}
    keys: dict[str, Source] = {}
    for name, each in value.items():
        own = (*path, name)
        try:
            if not re.fullmatch(_NAME, name):
                raise InvalidValue(f'expected "provider/tool" or "provider/{ALL_TOOLS}"')
            if not isinstance(each, dict):
                raise InvalidValue(f"expected a table such as {_EXAMPLE}, not {found(each)}")
            kind = _kind(each)
            values = read_table(_KINDS[kind], each, own, report)
            if len(values) == len(each):
                tools[name] = _tool(kind, name, values, root, keys)
        except InvalidValue as refused:
            report("invalid-value", str(refused), own, None, None)
        except OpenApiFault as fault:
            report("invalid-value", str(fault), (*own, "openapi"), fault.hint, None)
        except FetchFault as fault:
            report("invalid-value", str(fault), (*own, "openapi"), None, None)
    return tools, keys


def _kind(each: Mapping[str, Any]) -> ToolKind:
    kinds: list[ToolKind] = [kind for kind in _KINDS if kind in each]
    if len(kinds) != 1:
        raise InvalidValue(f"expected one of {', '.join(_KINDS)}: {_EXAMPLE}")
    return kinds[0]


def _tool(
    kind: ToolKind, name: str, values: Mapping[str, Any], root: Path, keys: dict[str, Source]
) -> Tool:
    target, header = values[kind], values.get("header")
    if "token" in values:
        keys[tool_key(name)] = values["token"]
    match kind:
        case "mcp":
            return Tool(kind, target, tool=values.get("tool"), header=header)
        case "openapi":
            wanted = values.get("operation") or _default_operation(name)
            operation = _operation(target, root, OperationName(wanted, values.get("base_url")))
            return Tool(kind, target, header=header, operation=operation)
        case "lambda":
            return Tool(kind, target)
    credentials = values.get("credentials", {})
    keys.update((credential_key(name, each), source) for each, source in credentials.items())
    return Tool(kind, target, credentials=tuple(credentials))


def _default_operation(name: str) -> str | None:
    tool = name.rpartition("/")[2]
    return None if tool == ALL_TOOLS else tool


def _operation(target: str, root: Path, name: OperationName) -> Operation | OperationName:
    """Return an operation as its document's file says; one that has a URL is fetched by builds."""
    if target.lower().startswith(("http://", "https://")):
        check_url(target)
        return name
    file = root / target
    if not is_inside(file, root) or not is_file(file):
        raise InvalidValue(f"there is no file {target} in the plugin; expected an OpenAPI document")
    return read_operation(read_document(file), name)
