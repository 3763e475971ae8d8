"""Messages to and from language models."""

from __future__ import annotations

from enum import Enum, StrEnum

from dify_plugin.core.entity import Entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from dify_plugin.core.entity import Conversions


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


class PromptMessageContentType(StrEnum):
    """What a part of a message holds."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"


class PromptMessageTool(Entity):
    """A tool that a model may call."""

    name: str
    description: str
    parameters: dict[str, Any]


class PromptMessageContent(Entity):
    """A part of a message."""

    opaque_body: Any = None


class TextPromptMessageContent(PromptMessageContent):
    """A part that is text."""

    type: PromptMessageContentType = PromptMessageContentType.TEXT
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


class ImagePromptMessageContent(MultiModalPromptMessageContent):
    """A part that is an image."""

    class DETAIL(Enum):
        """How closely a model looks."""

        LOW = "low"
        HIGH = "high"

    _conversions: ClassVar[Conversions] = {"detail": DETAIL}

    type: PromptMessageContentType = PromptMessageContentType.IMAGE
    detail: DETAIL = DETAIL.LOW


class AudioPromptMessageContent(MultiModalPromptMessageContent):
    """A part that is sound."""

    type: PromptMessageContentType = PromptMessageContentType.AUDIO


class VideoPromptMessageContent(MultiModalPromptMessageContent):
    """A part that is a film."""

    type: PromptMessageContentType = PromptMessageContentType.VIDEO


class DocumentPromptMessageContent(MultiModalPromptMessageContent):
    """A part that is a document."""

    type: PromptMessageContentType = PromptMessageContentType.DOCUMENT


class PromptMessage(Entity):
    """One message."""

    _conversions: ClassVar[Conversions] = {"role": PromptMessageRole}

    role: PromptMessageRole
    content: str | list[Any] | None = None
    name: str | None = None

    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not self.content

    def get_text_content(self) -> str:
        """The text of the message, without its files."""
        if isinstance(self.content, str):
            return self.content
        return "".join(
            part.data for part in self.content or () if isinstance(part, TextPromptMessageContent)
        )


class UserPromptMessage(PromptMessage):
    """What a user says."""

    role: PromptMessageRole = PromptMessageRole.USER


class SystemPromptMessage(PromptMessage):
    """What a model is told to be."""

    role: PromptMessageRole = PromptMessageRole.SYSTEM


class DeveloperPromptMessage(PromptMessage):
    """What a developer says."""

    role: PromptMessageRole = PromptMessageRole.DEVELOPER


class AssistantPromptMessage(PromptMessage):
    """What a model says."""

    class ToolCall(Entity):
        """A model's wish to call a tool."""

        class ToolCallFunction(Entity):
            """The tool and its arguments, as JSON."""

            name: str
            arguments: str

        _conversions: ClassVar[Conversions] = {"function": ToolCallFunction.model_validate}

        id: str
        type: str
        function: ToolCallFunction

    _conversions: ClassVar[Conversions] = {
        "role": PromptMessageRole,
        "tool_calls": lambda calls: [
            AssistantPromptMessage.ToolCall.model_validate(call) for call in calls
        ],
    }

    role: PromptMessageRole = PromptMessageRole.ASSISTANT
    tool_calls: list[ToolCall] = []  # noqa: RUF012 - copied for each instance
    opaque_body: Any = None

    def is_empty(self) -> bool:
        """Whether nothing is said and no tool called."""
        return super().is_empty() and not self.tool_calls


class ToolPromptMessage(PromptMessage):
    """What a tool answered."""

    role: PromptMessageRole = PromptMessageRole.TOOL
    tool_call_id: str

    def is_empty(self) -> bool:
        """Whether nothing is said, to no call."""
        return super().is_empty() and not self.tool_call_id
