"""Tools: how they are described, and what they answer."""

from __future__ import annotations

from enum import Enum, StrEnum

from dify_plugin.core.entity import Entity
from dify_plugin.entities import I18nObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from dify_plugin.core.entity import Conversions


class ToolProviderType(Enum):
    """Where a tool comes from."""

    BUILT_IN = "builtin"
    WORKFLOW = "workflow"
    API = "api"
    APP = "app"
    DATASET_RETRIEVAL = "dataset-retrieval"
    MCP = "mcp"

    @classmethod
    def value_of(cls, value: str) -> ToolProviderType:
        """The type of that name."""
        return cls(value)


class ToolIdentity(Entity):
    """Whose tool it is, and its name."""

    _conversions: ClassVar[Conversions] = {"label": I18nObject.model_validate}

    author: str
    name: str
    label: I18nObject


class ToolDescription(Entity):
    """What a tool does, for people and for models."""

    _conversions: ClassVar[Conversions] = {"human": I18nObject.model_validate}

    human: I18nObject
    llm: str


class ToolParameter(Entity):
    """An argument of a tool."""

    class ToolParameterType(StrEnum):
        """What an argument may be."""

        STRING = "string"
        NUMBER = "number"
        BOOLEAN = "boolean"
        SELECT = "select"
        SECRET_INPUT = "secret-input"  # noqa: S105 - the name of a type
        FILE = "file"
        FILES = "files"
        MODEL_SELECTOR = "model-selector"
        APP_SELECTOR = "app-selector"
        CHECKBOX = "checkbox"
        ANY = "any"
        OBJECT = "object"
        ARRAY = "array"
        DYNAMIC_SELECT = "dynamic-select"
        DATE = "date"
        DATE_RANGE = "date-range"

    class ToolParameterForm(Enum):
        """Who sets an argument, and when."""

        SCHEMA = "schema"
        FORM = "form"
        LLM = "llm"

    _conversions: ClassVar[Conversions] = {
        "label": I18nObject.model_validate,
        "human_description": I18nObject.model_validate,
        "type": ToolParameterType,
        "form": ToolParameterForm,
    }

    name: str
    label: I18nObject
    human_description: I18nObject
    type: ToolParameterType
    scope: str | None = None
    form: ToolParameterForm
    llm_description: str | None = None
    required: bool | None = False
    multiple: bool = False
    default: Any = None
    min: float | None = None
    max: float | None = None
    precision: int | None = None
    options: list[Any] | None = None


class ToolInvokeMessage(Entity):
    """A part of a tool's answer."""

    class MessageType(Enum):
        """What a part holds."""

        TEXT = "text"
        FILE = "file"
        BLOB = "blob"
        JSON = "json"
        LINK = "link"
        IMAGE = "image"
        IMAGE_LINK = "image_link"
        VARIABLE = "variable"
        BLOB_CHUNK = "blob_chunk"
        LOG = "log"
        RETRIEVER_RESOURCES = "retriever_resources"

    class TextMessage(Entity):
        """Text."""

        text: str

    class JsonMessage(Entity):
        """JSON."""

        json_object: Any

    class BlobMessage(Entity):
        """Bytes."""

        blob: bytes

    _conversions: ClassVar[Conversions] = {"type": MessageType}

    type: MessageType
    message: Any = None
    meta: dict[str, Any] | None = None
