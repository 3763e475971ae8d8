"""What answers the calls of models and tools that a plugin makes back to Dify."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, Literal

from packager.dataclass import dataclass
from packager.errors import Place

ModelProvider = Literal["openai", "bedrock"]
ANY_MODEL = "*"  # every model that has no line of its own
MODELS_KEY = "models.api_key"  # the name of the key, among those of `Options.keys`


INNER_KEY = "dify.inner_key"


@dataclass(frozen=True, slots=True)
class InnerDify:
    """A self-hosted Dify's inner API: its address, without a slash at its end, and who calls.

    Without a `user` it is Dify's own for calls that are nobody's.
    """

    url: str
    tenant: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Models:
    """What answers `session.model`: an OpenAI-compatible endpoint, or Amazon Bedrock.

    `base_url` is the endpoint's, without a slash at its end; `region` Bedrock's, None for the
    function's own. `names` are the provider's names of models by Dify's `provider/model`.
    """

    provider: ModelProvider
    base_url: str | None = None
    region: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


ToolKind = Literal["mcp", "openapi", "lambda", "plugin"]
# `repeat` writes a parameter for each item, `comma`, `space` and `pipe` join them, `pairs` joins
# those of objects as `name=value`, `deep` names them `parameter[name]`.
ParameterForm = Literal["repeat", "comma", "space", "pipe", "pairs", "deep", "json"]
KeyPlace = Literal["header", "query", "cookie", "basic"]
ALL_TOOLS = "*"  # in place of a tool's name: all tools of the provider


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an HTTP API: where it is, and what it takes.

    `parameters` are (name, place, whether it is required, how lists and objects are written:
    a `ParameterForm`); `body` is the content type, and the names of the properties or None for
    whatever is given. `security` says where a key goes: into a `header`, the `query`, a `cookie`
    of a name, or by `basic` authentication; None for `Authorization: Bearer`.
    """

    url: str
    method: str
    path: str
    parameters: tuple[tuple[str, str, bool, ParameterForm], ...] = ()
    body: tuple[str, tuple[str, ...] | None] | None = None
    security: tuple[KeyPlace, str] | None = None


@dataclass(frozen=True, slots=True)
class OperationName:
    """An operation of a document that has a URL: what is known until that is fetched.

    `wanted` is its id, None for the only one; `base_url` takes the place of the document's server.
    """

    wanted: str | None = None
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """What answers a tool's calls: the URL of an MCP server, an operation (where its document is a
    file, or was fetched), or a function's name.

    A `plugin` is the plugin itself (`.`), or the path of another, whose tools have `credentials`:
    their names, of which each has a key. `tool` is the tool's name at the MCP server, None for the
    one that is called; `header` the header that the key goes into, None for the one that the
    operation's document says, or `Authorization: Bearer`.
    """

    kind: ToolKind
    target: str = ""
    tool: str | None = None
    header: str | None = None
    operation: Operation | OperationName | None = None
    credentials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolParameter:
    """A parameter that a tool declares: those of a form (`is_form`) have a value in every call, the
    `default` where a caller says none. `options` are those of a `select`."""

    type: str
    is_form: bool = False
    required: bool = False
    default: Any = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredTool:
    """A tool that a plugin declares: where its class is, and its parameters by their names."""

    source: str
    parameters: Mapping[str, ToolParameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a provider of tools declares that its user gives; a `default` of None is none."""

    provider: str
    name: str
    required: bool
    default: Any
    place: Place


def defaults_of(credentials: Iterable[Credential]) -> dict[str, dict[str, Any]]:
    """Return what credentials are where nobody says, by provider and name."""
    found: dict[str, dict[str, Any]] = {}
    for each in credentials:
        if each.default is not None:
            found.setdefault(each.provider, {})[each.name] = each.default
    return found


def tool_key(name: str) -> str:
    """Return the name of a tool's key, among those of `Options.keys`."""
    return f"tools.{name}.token"


def credential_key(name: str, credential: str) -> str:
    """Return the name of a credential of a tool's, likewise."""
    return f"tools.{name}.credentials.{credential}"
