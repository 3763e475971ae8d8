"""Settings as a plugin declares them, and the kinds they may be of."""

from __future__ import annotations

from enum import Enum, StrEnum

from dify_plugin._entity.entity import Entity
from dify_plugin.entities.parameters import I18nObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "AppSelectorScope",
    "CommonParameterType",
    "ConfigOption",
    "CredentialType",
    "I18nObject",
    "LogMetadata",
    "ModelConfigScope",
    "ProviderConfig",
    "ToolSelectorScope",
]


class LogMetadata(StrEnum):
    """What a log message may tell besides."""

    STARTED_AT = "started_at"
    FINISHED_AT = "finished_at"
    ELAPSED_TIME = "elapsed_time"
    TOTAL_PRICE = "total_price"
    TOTAL_TOKENS = "total_tokens"
    PROVIDER = "provider"
    CURRENCY = "currency"


class CommonParameterType(Enum):
    """Kinds of settings and parameters."""

    SECRET_INPUT = "secret-input"  # noqa: S105 - the name of a type
    TEXT_INPUT = "text-input"
    SELECT = "select"
    STRING = "string"
    NUMBER = "number"
    FILE = "file"
    FILES = "files"
    BOOLEAN = "boolean"
    CHECKBOX = "checkbox"
    APP_SELECTOR = "app-selector"
    MODEL_SELECTOR = "model-selector"
    TOOLS_SELECTOR = "array[tools]"
    ANY = "any"
    OBJECT = "object"
    ARRAY = "array"
    DYNAMIC_SELECT = "dynamic-select"
    DATE = "date"
    DATE_RANGE = "date-range"


class AppSelectorScope(Enum):
    """Which apps a selector offers."""

    ALL = "all"
    CHAT = "chat"
    WORKFLOW = "workflow"
    COMPLETION = "completion"


class ModelConfigScope(Enum):
    """Which models a selector offers."""

    LLM = "llm"
    TEXT_EMBEDDING = "text-embedding"
    RERANK = "rerank"
    TTS = "tts"
    SPEECH2TEXT = "speech2text"
    MODERATION = "moderation"
    VISION = "vision"


class ToolSelectorScope(Enum):
    """Which tools a selector offers."""

    ALL = "all"
    PLUGIN = "plugin"
    API = "api"
    WORKFLOW = "workflow"


class ConfigOption(Entity):
    """One of the values of a select."""

    value: str
    label: I18nObject


class ProviderConfig(Entity):
    """A setting as it is declared."""

    class Config(Enum):
        """Kinds of settings."""

        SECRET_INPUT = "secret-input"  # noqa: S105 - the name of a type
        TEXT_INPUT = "text-input"
        SELECT = "select"
        BOOLEAN = "boolean"
        MODEL_SELECTOR = "model-selector"
        APP_SELECTOR = "app-selector"
        TOOLS_SELECTOR = "array[tools]"

        @classmethod
        def value_of(cls, value: str) -> ProviderConfig.Config:
            """The kind of that name."""
            return cls(value)

    name: str
    type: Config
    scope: str | None = None
    required: bool = False
    default: int | float | str | bool | list | None = None  # type: ignore[type-arg]
    options: list[ConfigOption] | None = None
    multiple: bool | None = False
    label: I18nObject
    help: I18nObject | None = None
    url: str | None = None
    placeholder: I18nObject | None = None


class CredentialType(Enum):
    """Kinds of credentials."""

    API_KEY = "api-key"
    OAUTH = "oauth2"
    UNAUTHORIZED = "unauthorized"


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
