"""A file by its URL, fetched when its bytes are asked for."""

from __future__ import annotations

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy
from dify_plugin.file.constants import DIFY_FILE_IDENTITY
from dify_plugin.file.entities import FileType

__all__ = ["DIFY_FILE_IDENTITY", "File", "FileType"]

__getattr__ = lazy(__name__)
_TIMEOUT = 5  # seconds, the SDK's HTTPX_TIMEOUT


class File(Entity):
    """A file that an argument of a tool names."""

    dify_model_identity: str = DIFY_FILE_IDENTITY
    url: str
    mime_type: str | None = None
    filename: str | None = None
    extension: str | None = None
    size: int | None = None
    type: FileType
    _blob: bytes | None = None

    @property
    def blob(self) -> bytes:
        """The file's bytes. Raises ValueError where the URL has no scheme, OSError on a failure."""
        if self._blob is None:
            if not self.url.startswith(("http://", "https://")):
                raise ValueError(
                    f"Invalid file URL '{self.url}': it begins with neither 'http://' nor "
                    "'https://'; Dify's setting FILES_URL is what it lacks"
                )
            from urllib.request import urlopen

            with urlopen(self.url, timeout=_TIMEOUT) as answer:  # noqa: S310 - see above
                self._blob = answer.read()
        return self._blob
