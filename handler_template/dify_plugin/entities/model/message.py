"""Messages to and from language models."""

from __future__ import annotations

from enum import Enum, StrEnum

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar, Literal


class PromptMessageRole(Enum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    DEVELOPER = "developer"

    @classmethod
    def value_of(cls, value: str) -> PromptMessageRole:
        """The role of that name."""
        return cls(value)


class PromptMessageTool(Entity):
    """A tool that a model may call."""

    name: str
    description: str
    parameters: dict[Any, Any]


class PromptMessageFunction(Entity):
    """A tool, as a function."""

    type: str = "function"
    function: PromptMessageTool


class PromptMessageContentType(StrEnum):
    """What a part of a message holds."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"


class PromptMessageContent(Entity):
    """A part of a message."""

    _shapes: ClassVar[dict[str, str]] = {"opaque_body": "JsonValue | None"}

    opaque_body: Any = None


class TextPromptMessageContent(PromptMessageContent):
    """A part that is text."""

    type: Literal[PromptMessageContentType.TEXT] = PromptMessageContentType.TEXT
    data: str


class MultiModalPromptMessageContent(PromptMessageContent):
    """A part that is a file, by URL or inline."""

    format: str
    base64_data: str = ""
    url: str = ""
    mime_type: str
    filename: str = ""

    @property
    def data(self) -> str:
        """The file as a URL."""
        return self.url or f"data:{self.mime_type};base64,{self.base64_data}"


class VideoPromptMessageContent(MultiModalPromptMessageContent):
    """A part that is a film."""

    type: Literal[PromptMessageContentType.VIDEO] = PromptMessageContentType.VIDEO


class AudioPromptMessageContent(MultiModalPromptMessageContent):
    """A part that is sound."""

    type: Literal[PromptMessageContentType.AUDIO] = PromptMessageContentType.AUDIO


class ImagePromptMessageContent(MultiModalPromptMessageContent):
    """A part that is an image."""

    class DETAIL(Enum):
        """How closely a model looks."""

        LOW = "low"
        HIGH = "high"

    type: Literal[PromptMessageContentType.IMAGE] = PromptMessageContentType.IMAGE
    detail: DETAIL = DETAIL.LOW


class DocumentPromptMessageContent(MultiModalPromptMessageContent):
    """A part that is a document."""

    type: Literal[PromptMessageContentType.DOCUMENT] = PromptMessageContentType.DOCUMENT


PromptMessageContentUnionTypes = (
    TextPromptMessageContent
    | ImagePromptMessageContent
    | DocumentPromptMessageContent
    | AudioPromptMessageContent
    | VideoPromptMessageContent
)
_CONTENTS: dict[str, type[PromptMessageContent]] = {
    "text": TextPromptMessageContent,
    "image": ImagePromptMessageContent,
    "audio": AudioPromptMessageContent,
    "video": VideoPromptMessageContent,
    "document": DocumentPromptMessageContent,
}


class PromptMessage(Entity):
    """One message."""

    _before: ClassVar[dict[str, str]] = {"content": "transform_content"}
    _shapes: ClassVar[dict[str, str]] = {
        "content": """str | list[Tagged["type", TextPromptMessageContent,
            ImagePromptMessageContent, DocumentPromptMessageContent,
            AudioPromptMessageContent, VideoPromptMessageContent]] | None"""
    }

    role: PromptMessageRole
    content: str | list[PromptMessageContentUnionTypes] | None = None
    name: str | None = None

    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not self.content

    def get_text_content(self) -> str:
        """The text of the message, without its files."""
        if isinstance(self.content, str):
            return self.content
        parts = self.content if isinstance(self.content, list) else ()
        return "".join(part.data for part in parts if isinstance(part, TextPromptMessageContent))

    @classmethod
    def transform_content(cls, value: Any) -> Any:
        """Make parts of the mappings in a sequence, each by its `type`."""
        from collections.abc import Sequence

        if isinstance(value, str) or not isinstance(value, Sequence):
            return value
        parts = []
        for part in value:
            if not isinstance(part, PromptMessageContent):
                if not isinstance(part, dict):
                    raise TypeError("invalid prompt message content")
                kind = part.get("type")
                made = _CONTENTS.get(kind) if isinstance(kind, str) else None
                if made is None:
                    raise ValueError("invalid prompt message content type")
                part = made.model_validate(part)
            parts.append(part)
        return parts


class UserPromptMessage(PromptMessage):
    """What a user says."""

    role: PromptMessageRole = PromptMessageRole.USER


def _text_or_empty(value: object) -> object:
    return "" if value is None else value


class AssistantPromptMessage(PromptMessage):
    """What a model says."""

    class ToolCall(Entity):
        """A model's wish to call a tool."""

        class ToolCallFunction(Entity):
            """The tool and its arguments, as JSON."""

            _before: ClassVar[dict[str, str]] = {"name": "_filled", "arguments": "_filled"}

            name: str
            arguments: str

            _filled = staticmethod(_text_or_empty)

        _before: ClassVar[dict[str, str]] = {"id": "transform_id_to_str", "type": "_filled"}

        id: str
        type: str
        function: ToolCallFunction

        _filled = staticmethod(_text_or_empty)

        @classmethod
        def transform_id_to_str(cls, value: object) -> str:
            """Any id as text, none as an empty one."""
            if value is None:
                return ""
            return value if isinstance(value, str) else str(value)

    _shapes: ClassVar[dict[str, str]] = {"opaque_body": "JsonValue | None"}

    role: PromptMessageRole = PromptMessageRole.ASSISTANT
    tool_calls: list[ToolCall] = []  # noqa: RUF012 - copied for each instance
    opaque_body: Any = None

    def is_empty(self) -> bool:
        """Whether nothing is said, or a tool called: as the SDK has it."""
        return super().is_empty() or bool(self.tool_calls)


class SystemPromptMessage(PromptMessage):
    """What a model is told to be."""

    role: PromptMessageRole = PromptMessageRole.SYSTEM


class DeveloperPromptMessage(PromptMessage):
    """What a developer says."""

    role: PromptMessageRole = PromptMessageRole.DEVELOPER


class ToolPromptMessage(PromptMessage):
    """What a tool answered."""

    role: PromptMessageRole = PromptMessageRole.TOOL
    tool_call_id: str

    def is_empty(self) -> bool:
        """Whether nothing is said, or a call answered: as the SDK has it."""
        return super().is_empty() or bool(self.tool_call_id)


PROMPT_MESSAGE_TYPES_BY_ROLE: dict[str, type[PromptMessage]] = {
    "user": UserPromptMessage,
    "assistant": AssistantPromptMessage,
    "system": SystemPromptMessage,
    "developer": DeveloperPromptMessage,
    "tool": ToolPromptMessage,
}


def ensure_prompt_message(value: PromptMessage | Mapping[str, object]) -> PromptMessage:
    """Make the message of a mapping that its `role` says; return what is one already."""
    from collections.abc import Mapping

    if isinstance(value, PromptMessage):
        return value
    if not isinstance(value, Mapping):
        raise TypeError("prompt message must be a PromptMessage or a Mapping")
    role: Any = value.get("role")
    name = role.value if isinstance(role, PromptMessageRole) else role
    return PROMPT_MESSAGE_TYPES_BY_ROLE.get(name, PromptMessage)(**value)


__getattr__ = lazy(__name__)
