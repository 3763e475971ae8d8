"""`session.file`, and what an upload gives."""

from __future__ import annotations

from enum import StrEnum

from dify_plugin.core.entity import Entity
from dify_plugin.core.runtime import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class UploadFileResponse(Entity):
    """A file that Dify holds."""

    class Type(StrEnum):
        """What Dify takes a file for."""

        DOCUMENT = "document"
        IMAGE = "image"
        VIDEO = "video"
        AUDIO = "audio"

        @classmethod
        def from_mime_type(cls, mime_type: str) -> UploadFileResponse.Type:
            """The type that a media type's first half says, a document otherwise."""
            kind = mime_type.partition("/")[0]
            return cls(kind) if kind in ("image", "video", "audio") else cls.DOCUMENT

    id: str
    name: str
    size: int
    extension: str
    mime_type: str
    type: Type | None = None
    preview_url: str | None = None

    def __init__(self, **data: Any) -> None:
        if "type" not in data:
            data["type"] = self.Type.from_mime_type(data.get("mime_type", ""))
        elif isinstance(data["type"], str):
            data["type"] = self.Type(data["type"])
        super().__init__(**data)

    def to_app_parameter(self) -> dict[str, str]:
        """The file as an app's input."""
        return {
            "tool_file_id": self.id,
            "transfer_method": "tool_file",
            "type": self.Type.from_mime_type(self.mime_type).value,
        }


class File(BackwardsInvocation):
    """Files in Dify."""

    def upload(self, filename: str, content: bytes, mimetype: str) -> UploadFileResponse:
        """Hand a file to Dify."""
        backend = self._backend("files", "file.upload")
        return UploadFileResponse(**backend.upload(self.session, filename, content, mimetype))
