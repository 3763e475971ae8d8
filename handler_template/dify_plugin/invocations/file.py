"""`session.file`, and what an upload gives."""

from __future__ import annotations

from enum import StrEnum

from dify_plugin._entity.entity import Entity
from dify_plugin._invocation import BackwardsInvocation

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
            for kind in (cls.IMAGE, cls.VIDEO, cls.AUDIO):
                if mime_type.startswith(f"{kind.value}/"):
                    return kind
            return cls.DOCUMENT

    _before_all = ("validate_type",)

    id: str
    name: str
    size: int
    extension: str
    mime_type: str
    type: Type | None = None
    preview_url: str | None = None

    @classmethod
    def validate_type(cls, d: Any) -> Any:
        """Fill in the type that the media type says."""
        if "type" not in d:
            d["type"] = cls.Type.from_mime_type(d.get("mime_type", ""))
        return d

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


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
