"""What goes wrong with calls of apps."""

from __future__ import annotations


class AppError(Exception):
    """A call of an app failed; the message names the app, never its key.

    `status` (HTTP's, 0 where there was no answer) and `code` are the Service API's, "" for none.
    """

    def __init__(self, app_id: str, message: str, *, status: int = 0, code: str = "") -> None:
        said = " ".join(part for part in (str(status or ""), code) if part)
        super().__init__(f"app {app_id}: {said}: {message}" if said else f"app {app_id}: {message}")
        self.app_id = app_id
        self.status = status
        self.code = code
        self.message = message
