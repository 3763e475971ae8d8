"""`session.file`: uploads through the Service API.

A file belongs to the workspace that the key is of, so calls of all apps there can name it.
"""

from __future__ import annotations

from endpoint_runtime.dify.errors import Logged
from endpoint_runtime.http_client.form_data import file_bytes, form_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.dify.service_api import ServiceApi


class Files:
    """The files of a plugin in Dify. Threads share one."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    def upload(
        self, session: Session, filename: str, content: Any, mimetype: str
    ) -> dict[str, Any]:
        """Hand a file to Dify; return its `id`, `name`, `size`, `extension`, `mime_type` and URL.

        Raises AppError; its app is the one whose key was used.
        """
        content = file_bytes(content)
        body, content_type = form_data({"user": self._api.user}, filename, content, mimetype)
        with Logged():
            found = self._api.read_json(
                session,
                self._api.keys.app_for_files(),
                "POST",
                "/files/upload",
                body,
                content_type=content_type,
            )
        # Dify gives plugins the extension with its dot, and clients of the Service API without.
        extension = str(found.get("extension") or "bin").removeprefix(".")
        return {
            "id": found.get("id"),
            "name": found.get("name") or filename,
            "size": found.get("size", len(content)),
            "extension": f".{extension}",
            "mime_type": found.get("mime_type") or mimetype,
            "preview_url": found.get("preview_url") or found.get("source_url"),
        }
