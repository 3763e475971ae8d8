"""The parts of what tools and agents answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum

from dify_plugin._entity.entity import Entity
from dify_plugin.entities.provider_config import LogMetadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["InvokeMessage", "LogMetadata", "Mapping"]


def _new_id() -> str:
    """Return a random UUID (RFC 9562, version 4), as `uuid` would, whose import costs."""
    number = bytearray(os.urandom(16))
    number[6] = number[6] & 0x0F | 0x40
    number[8] = number[8] & 0x3F | 0x80
    digits = number.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class InvokeMessage(Entity):
    """One part; `message` holds what `type` says."""

    class TextMessage(Entity):
        """Text."""

        text: str

        def to_dict(self) -> Any:
            """The text by its name."""
            return {"text": self.text}

    class JsonMessage(Entity):
        """A JSON object or array."""

        json_object: Mapping | list  # type: ignore[type-arg]

        def to_dict(self) -> Any:
            """The object by its name."""
            return {"json_object": self.json_object}

    class BlobMessage(Entity):
        """Bytes."""

        blob: bytes

    class BlobChunkMessage(Entity):
        """Some of a file's bytes."""

        id: str
        sequence: int
        total_length: int
        blob: bytes
        end: bool

    class VariableMessage(Entity):
        """A value for one of a workflow's variables."""

        _before_all = ("validate_variable_value_and_stream",)

        variable_name: str
        variable_value: Any
        stream: bool = False

        @classmethod
        def validate_variable_value_and_stream(cls, values: object) -> object:
            """Refuse to stream what is not text."""
            if (
                isinstance(values, dict)
                and values.get("stream")
                and not isinstance(values.get("variable_value"), str)
            ):
                raise ValueError("When 'stream' is True, 'variable_value' must be a string.")
            return values

    class LogMessage(Entity):
        """A step of an agent's."""

        class LogStatus(Enum):
            """How far a step is."""

            START = "start"
            ERROR = "error"
            SUCCESS = "success"

        _factories: ClassVar[dict[str, Any]] = {"id": _new_id}

        id: str
        label: str
        parent_id: str | None = None
        error: str | None = None
        status: LogStatus
        data: Mapping[str, Any]
        metadata: Mapping[LogMetadata, Any] | None = None

    class RetrieverResourceMessage(Entity):
        """What an answer is based on."""

        class RetrieverResource(Entity):
            """A piece of a document."""

            position: int | None = None
            dataset_id: str | None = None
            dataset_name: str | None = None
            document_id: str | None = None
            document_name: str | None = None
            data_source_type: str | None = None
            segment_id: str | None = None
            retriever_from: str | None = None
            score: float | None = None
            hit_count: int | None = None
            word_count: int | None = None
            segment_position: int | None = None
            index_node_hash: str | None = None
            content: str | None = None
            page: int | None = None
            doc_metadata: dict[Any, Any] | None = None

        retriever_resources: list[RetrieverResource]
        context: str

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

    _before: ClassVar[dict[str, str]] = {"message": "decode_blob_message"}
    _serializers: ClassVar[dict[str, str]] = {"message": "serialize_message"}

    type: MessageType
    message: (
        TextMessage
        | JsonMessage
        | VariableMessage
        | BlobMessage
        | BlobChunkMessage
        | LogMessage
        | RetrieverResourceMessage
        | None
    )
    meta: dict[Any, Any] | None = None

    @classmethod
    def decode_blob_message(cls, v: object) -> object:
        """Take base64 for bytes, in the mapping that is given."""
        if isinstance(v, dict) and "blob" in v:
            import base64

            try:
                v["blob"] = base64.b64decode(v["blob"])
            except Exception:  # noqa: S110 - then it is validated as it is
                pass
        return v

    def serialize_message(self, v: object) -> object:
        """Return bytes as base64."""
        if not isinstance(v, self.BlobMessage | self.BlobChunkMessage):
            return v
        import base64

        return {
            name: base64.b64encode(value).decode() if name == "blob" else value
            for name, value in vars(v).items()
        }


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
