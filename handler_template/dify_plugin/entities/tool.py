"""Tools: how they are described, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.invoke_message import InvokeMessage
from dify_plugin.entities.model.message import PromptMessageTool
from dify_plugin.entities.parameters import (
    I18nObject,
    ParameterAutoGenerate,
    ParameterOption,
    ParameterTemplate,
)
from dify_plugin.entities.provider_config import (
    CommonParameterType,
    CredentialType,
    ProviderConfig,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = [
    "CommonParameterType",
    "CredentialType",
    "FormShowOnObject",
    "I18nObject",
    "InvokeMessage",
    "Mapping",
    "ParameterAutoGenerate",
    "ParameterOption",
    "ParameterTemplate",
    "PromptMessageTool",
    "ProviderConfig",
    "ToolDescription",
    "ToolIdentity",
    "ToolInvokeMessage",
    "ToolLabelEnum",
    "ToolParameter",
    "ToolParameterOption",
    "ToolProviderIdentity",
    "ToolProviderType",
    "ToolRuntime",
    "ToolSelector",
]

__getattr__ = lazy(__name__)


class FormShowOnObject(Entity):
    """When a form's field is shown: another one has a value."""

    variable: str
    value: str


class ToolRuntime(Entity):
    """With which credentials a tool runs."""

    credentials: dict[str, Any]
    credential_type: CredentialType = CredentialType.API_KEY
    user_id: str | None
    session_id: str | None


class ToolInvokeMessage(InvokeMessage):
    """A part of a tool's answer."""


class ToolIdentity(Entity):
    """Whose tool it is, and its name."""

    author: str
    name: str
    label: I18nObject


class ToolParameterOption(ParameterOption):
    """One of the values that an argument may have."""

    _factories: ClassVar[dict[str, Any]] = {"show_on": list}

    show_on: list[FormShowOnObject]


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

        def to_prompt_schema(self, description: str) -> dict[str, Any]:
            """The type as a model is told of it, in JSON Schema's words."""
            if self == self.DATE_RANGE:
                ends = {end: {"type": "string"} for end in ("start", "end")}
                return {"type": "object", "description": description, "properties": ends}
            texts = (self.SELECT, self.SECRET_INPUT, self.DATE)
            return {
                "type": "string" if self in texts else self.value,
                "description": description,
            }

    class ToolParameterForm(Enum):
        """Who sets an argument, and when."""

        SCHEMA = "schema"
        FORM = "form"
        LLM = "llm"

    _factories: ClassVar[dict[str, Any]] = {"show_on": list}
    _shapes: ClassVar[dict[str, str]] = {"default": "JsonValue"}
    _after_all = ("validate_multiple",)

    name: str
    label: I18nObject
    human_description: I18nObject
    type: ToolParameterType
    auto_generate: ParameterAutoGenerate | None = None
    template: ParameterTemplate | None = None
    scope: str | None = None
    form: ToolParameterForm
    llm_description: str | None = None
    required: bool | None = False
    multiple: bool = False
    default: Any = None
    min: float | int | None = None
    max: float | int | None = None
    precision: int | None = None
    options: list[ToolParameterOption] | None = None
    input_schema: Mapping[str, Any] | None = None
    show_on: list[FormShowOnObject]

    def validate_multiple(self) -> ToolParameter:
        """Refuse several values where one is chosen, and one default for several."""
        kinds = self.ToolParameterType
        chosen = self.type in (kinds.SELECT, kinds.DYNAMIC_SELECT)
        if self.multiple and not chosen:
            raise ValueError("multiple is only valid for select and dynamic-select parameters")
        several = isinstance(self.default, list)
        if chosen and self.default is not None and several != self.multiple:
            raise ValueError("default must be a list exactly when multiple is true")
        return self


class ToolDescription(Entity):
    """What a tool does, for people and for models."""

    human: I18nObject
    llm: str


class ToolLabelEnum(Enum):
    """What tools are for."""

    SEARCH = "search"
    IMAGE = "image"
    VIDEOS = "videos"
    WEATHER = "weather"
    FINANCE = "finance"
    DESIGN = "design"
    TRAVEL = "travel"
    SOCIAL = "social"
    NEWS = "news"
    MEDICAL = "medical"
    PRODUCTIVITY = "productivity"
    EDUCATION = "education"
    BUSINESS = "business"
    ENTERTAINMENT = "entertainment"
    UTILITIES = "utilities"
    RAG = "rag"
    OTHER = "other"


class ToolProviderIdentity(Entity):
    """Who provides tools."""

    author: str
    name: str
    description: I18nObject
    icon: str
    icon_dark: str | None = None
    label: I18nObject
    tags: list[ToolLabelEnum] = []  # noqa: RUF012 - copied for each instance


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


class ToolSelector(Entity):
    """A tool that a user chose, with some of its arguments."""

    class Parameter(Entity):
        """An argument that a model sets."""

        name: str
        type: ToolParameter.ToolParameterType
        required: bool
        description: str
        default: int | float | str | None = None
        options: list[ToolParameterOption] | None = None

    provider_id: str
    tool_name: str
    tool_description: str
    tool_configuration: Mapping[str, Any]
    tool_parameters: Mapping[str, Parameter]

    def to_prompt_message(self) -> PromptMessageTool:
        """The tool as a model is told of it."""
        properties = {}
        required = []
        for name, parameter in self.tool_parameters.items():
            schema = parameter.type.to_prompt_schema(parameter.description or "")
            if parameter.options:
                schema["enum"] = [option.value for option in parameter.options]
            if parameter.required:
                required.append(name)
            properties[name] = schema
        return PromptMessageTool(
            name=self.tool_name,
            description=self.tool_description,
            parameters={"type": "object", "properties": properties, "required": required},
        )
