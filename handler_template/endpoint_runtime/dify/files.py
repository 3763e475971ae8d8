"""`session.file`: uploads through the Service API, as the `multipart/form-data` of RFC 7578.

A file belongs to the workspace that the key is of, so calls of all apps there can name it.
"""

from __future__ import annotations

import os

from endpoint_runtime.dify.errors import Logged

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
        # As `requests`, which the SDK uploads with.
        if isinstance(content, str):
            content = content.encode()
        elif hasattr(content, "read"):
            content = content.read()
        boundary = os.urandom(16).hex()
        body = b"".join(
            (
                _part(boundary, 'name="user"').lstrip(),
                self._api.user.encode(),
                _part(boundary, f'name="file"; filename="{_quoted(filename)}"', mimetype),
                bytes(content),
                f"\r\n--{boundary}--\r\n".encode(),
            )
        )
        with Logged():
            found = self._api.read_json(
                session,
                self._api.keys.app_for_files(),
                "POST",
                "/files/upload",
                body,
                content_type=f"multipart/form-data; boundary={boundary}",
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


def _part(boundary: str, disposition: str, mimetype: str = "") -> bytes:
    lines = [f"\r\n--{boundary}", f"Content-Disposition: form-data; {disposition}"]
    if mimetype:
        lines.append(f"Content-Type: {' '.join(mimetype.split())}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _quoted(name: str) -> str:
    """Escape a file's name as browsers do (HTML, "multipart form data")."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
