"""What tools and their providers derive from; an endpoint may make a tool of its plugin's own."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dify_plugin._lazy_names import lazy
from dify_plugin.entities.invoke_message import InvokeMessage
from dify_plugin.entities.tool import ToolInvokeMessage, ToolRuntime, ToolSelector
from dify_plugin.file.constants import DIFY_FILE_IDENTITY, DIFY_TOOL_SELECTOR_IDENTITY
from dify_plugin.file.file import File

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from typing import Any, Self

    from werkzeug.wrappers import Request

    from dify_plugin.core.runtime import Session
    from dify_plugin.entities.oauth import OAuthCredentials, ToolOAuthCredentials
    from dify_plugin.entities.parameters import ParameterOption
    from dify_plugin.entities.provider_config import LogMetadata
    from dify_plugin.entities.tool import ToolParameter

__all__ = [
    "DIFY_FILE_IDENTITY",
    "DIFY_TOOL_SELECTOR_IDENTITY",
    "File",
    "InvokeMessage",
    "Tool",
    "ToolInvokeMessage",
    "ToolLike",
    "ToolProvider",
    "ToolRuntime",
    "ToolSelector",
]

__getattr__ = lazy(__name__)

_Type = InvokeMessage.MessageType
_LogStatus = InvokeMessage.LogMessage.LogStatus


class ToolLike(ABC):
    """Whatever answers in messages: the makers of these."""

    response_type: type[Any]

    def __class_getitem__(cls, item: object) -> type:
        return cls

    def _message(self, kind: Any, message: Any, **more: Any) -> Any:
        return self.response_type(type=kind, message=message, **more)

    def create_text_message(self, text: str) -> Any:
        """A message of text."""
        return self._message(_Type.TEXT, InvokeMessage.TextMessage(text=text))

    def create_json_message(self, json: Mapping[Any, Any] | list[Any]) -> Any:
        """A message of JSON."""
        return self._message(_Type.JSON, InvokeMessage.JsonMessage(json_object=json))

    def create_image_message(self, image_url: str) -> Any:
        """A message of an image, by its URL."""
        return self._message(_Type.IMAGE, InvokeMessage.TextMessage(text=image_url))

    def create_link_message(self, link: str) -> Any:
        """A message of a link."""
        return self._message(_Type.LINK, InvokeMessage.TextMessage(text=link))

    def create_blob_message(self, blob: bytes, meta: dict[Any, Any] | None = None) -> Any:
        """A message of bytes; `meta` may say their `mime_type`."""
        return self._message(_Type.BLOB, InvokeMessage.BlobMessage(blob=blob), meta=meta)

    def create_variable_message(self, variable_name: str, variable_value: object) -> Any:
        """A message that sets a variable."""
        message = InvokeMessage.VariableMessage(
            variable_name=variable_name, variable_value=variable_value
        )
        return self._message(_Type.VARIABLE, message)

    def create_stream_variable_message(self, variable_name: str, variable_value: str) -> Any:
        """A message that adds to a variable's text."""
        message = InvokeMessage.VariableMessage(
            variable_name=variable_name, variable_value=variable_value, stream=True
        )
        return self._message(_Type.VARIABLE, message)

    def create_log_message(
        self,
        label: str,
        data: Mapping[str, Any],
        status: InvokeMessage.LogMessage.LogStatus = _LogStatus.SUCCESS,
        parent: Any = None,
        metadata: Mapping[LogMetadata, Any] | None = None,
    ) -> Any:
        """A message of a step, perhaps inside of another."""
        inside = parent and isinstance(parent.message, InvokeMessage.LogMessage)
        message = InvokeMessage.LogMessage(
            label=label,
            data=data,
            status=status,
            parent_id=parent.message.id if inside else None,
            metadata=metadata,
        )
        return self._message(_Type.LOG, message)

    def create_retriever_resource_message(
        self,
        retriever_resources: list[InvokeMessage.RetrieverResourceMessage.RetrieverResource],
        context: str,
    ) -> Any:
        """A message of what an answer is based on."""
        message = InvokeMessage.RetrieverResourceMessage(
            retriever_resources=retriever_resources, context=context
        )
        return self._message(_Type.RETRIEVER_RESOURCES, message)

    def finish_log_message(
        self,
        log: Any,
        status: InvokeMessage.LogMessage.LogStatus = _LogStatus.SUCCESS,
        error: str | None = None,
        data: Mapping[str, Any] | None = None,
        metadata: Mapping[LogMetadata, Any] | None = None,
    ) -> Any:
        """A message that ends a step."""
        begun = log.message
        if not isinstance(begun, InvokeMessage.LogMessage):
            raise TypeError("Log message payload is required")
        message = InvokeMessage.LogMessage(
            id=begun.id,
            label=begun.label,
            data=data or begun.data,
            status=status,
            parent_id=begun.parent_id,
            error=error,
            metadata=metadata or begun.metadata,
        )
        return self._message(_Type.LOG, message)

    def _get_runtime_parameters(self) -> list[ToolParameter]:
        return []

    @classmethod
    def has_runtime_parameters(cls) -> bool:
        """Whether the class makes parameters when it runs."""
        return "_get_runtime_parameters" in vars(cls)

    @classmethod
    def _is_get_runtime_parameters_overridden(cls) -> bool:
        return cls.has_runtime_parameters()

    @classmethod
    def _convert_parameters(cls, tool_parameters: dict[str, Any]) -> dict[str, Any]:
        """Make files and tools of the mappings that are marked as such."""
        for name, value in tool_parameters.items():
            if isinstance(value, list):
                marks = {_mark(item) for item in value} or {DIFY_FILE_IDENTITY}
                if len(marks) == 1:
                    mark = marks.pop()
                    tool_parameters[name] = [_converted(item, mark) for item in value]
            else:
                tool_parameters[name] = _converted(value, _mark(value))
        return tool_parameters


def _mark(value: Any) -> Any:
    return value.get("dify_model_identity") if isinstance(value, dict) else None


def _converted(value: Any, mark: Any) -> Any:
    if mark == DIFY_FILE_IDENTITY:
        return File(
            **{
                name: value.get(name)
                for name in ("url", "mime_type", "type", "filename", "extension", "size")
            }
        )
    return ToolSelector.model_validate(value) if mark == DIFY_TOOL_SELECTOR_IDENTITY else value


class ToolProvider:
    """A provider of tools: its credentials."""

    def validate_credentials(self, credentials: dict[str, Any]) -> None:
        """Raise where the credentials are wrong."""
        return self._validate_credentials(credentials)

    def _validate_credentials(self, credentials: dict[str, Any]) -> None:
        raise _not_written("_validate_credentials")

    def oauth_get_authorization_url(
        self, redirect_uri: str, system_credentials: Mapping[str, Any]
    ) -> str:
        """Where a user is sent to grant access."""
        return self._oauth_get_authorization_url(redirect_uri, system_credentials)

    def _oauth_get_authorization_url(
        self, redirect_uri: str, system_credentials: Mapping[str, Any]
    ) -> str:
        raise _not_written("_oauth_get_authorization_url")

    def oauth_get_credentials(
        self, redirect_uri: str, system_credentials: Mapping[str, Any], request: Request
    ) -> OAuthCredentials:
        """The credentials that a user's return brings."""
        return _as_oauth(self._oauth_get_credentials(redirect_uri, system_credentials, request))

    def _oauth_get_credentials(
        self, redirect_uri: str, system_credentials: Mapping[str, Any], request: Request
    ) -> ToolOAuthCredentials:
        raise _not_written("_oauth_get_credentials")

    def oauth_refresh_credentials(
        self,
        redirect_uri: str,
        system_credentials: Mapping[str, Any],
        credentials: Mapping[str, Any],
    ) -> OAuthCredentials:
        """Newer credentials."""
        return _as_oauth(
            self._oauth_refresh_credentials(redirect_uri, system_credentials, credentials)
        )

    def _oauth_refresh_credentials(
        self,
        redirect_uri: str,
        system_credentials: Mapping[str, Any],
        credentials: Mapping[str, Any],
    ) -> ToolOAuthCredentials:
        raise _not_written("_oauth_refresh_credentials")


def _as_oauth(credentials: ToolOAuthCredentials) -> OAuthCredentials:
    from dify_plugin.entities.oauth import OAuthCredentials

    return OAuthCredentials(credentials=credentials.credentials, expires_at=credentials.expires_at)


def _not_written(method: str) -> NotImplementedError:
    return NotImplementedError(f"this class does not implement `{method}`")


class Tool(ToolLike):
    """A tool."""

    runtime: ToolRuntime
    session: Session

    def __init__(self, runtime: ToolRuntime, session: Session) -> None:
        self.runtime = runtime
        self.session = session
        self.response_type = ToolInvokeMessage

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any], user_id: str | None = None) -> Self:
        """A tool that runs with these credentials, and can't call back."""
        from dify_plugin.core.runtime import Session

        runtime = ToolRuntime(credentials=credentials, user_id=user_id, session_id=None)
        return cls(runtime=runtime, session=Session.empty_session())

    @abstractmethod
    def _invoke(self, tool_parameters: dict[str, Any]) -> Generator[ToolInvokeMessage, None, None]:
        """Answer, message by message."""

    def _fetch_parameter_options(self, parameter: str) -> list[ParameterOption]:
        raise _not_written("_fetch_parameter_options")

    def invoke(self, tool_parameters: dict[str, Any]) -> Generator[ToolInvokeMessage, None, None]:
        """Answer through `_invoke`, with files and tools made of the arguments that name some."""
        return self._invoke(self._convert_parameters(tool_parameters))

    def get_runtime_parameters(self) -> list[ToolParameter]:
        """The parameters that are made when the tool runs."""
        return self._get_runtime_parameters()

    def fetch_parameter_options(self, parameter: str) -> list[ParameterOption]:
        """The values that a parameter may have just now."""
        return self._fetch_parameter_options(parameter)
