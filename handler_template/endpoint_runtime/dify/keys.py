"""The API keys of apps, from where the bundle says they are kept."""

from __future__ import annotations

import os

from endpoint_runtime.dify.errors import AppError
from endpoint_runtime.settings.keys import Keys, KeyUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The address of a stand-in that takes the place of the base URL and of all keys: for local runs.
STAND_IN = "PACKAGER_DIFY"
ANY_APP = "*"  # the key of apps that have none of their own
# `packager invoke` hands on keys by app id in it, as JSON, in place of what AWS keeps.
LOCAL = "PACKAGER_LOCAL_APPS"


class AppKeys:
    """Keys by app id: APPS of the bundle."""

    def __init__(self, bundle: Any) -> None:
        self._keys = Keys(bundle.APPS, LOCAL, ttl=bundle.SETTINGS_TTL, what="the apps' API keys")

    def app_for_files(self) -> str:
        """Return the id of the app whose key uploads files: `*`, else the first one configured."""
        names = self._keys.names
        if os.environ.get(STAND_IN) or ANY_APP in names or not names:
            return ANY_APP
        return names[0]

    def get(self, app_id: str, deadline: float | None) -> str:
        """Return an app's key; raise AppError for none."""
        if not isinstance(app_id, str):
            raise AppError(repr(app_id)[:80], "an app's id is text")
        if os.environ.get(STAND_IN):
            return app_id if app_id.isascii() else _quoted(app_id)
        names = self._keys.names
        name = next((name for name in (app_id, ANY_APP) if name in names), None)
        if name is None:
            known = ", ".join(names) or "none"
            raise AppError(
                app_id,
                "no API key is configured for the app",
                detail="no API key is configured for it. Create one in Dify (the app's page, API "
                f'Access) and name its source in packager.toml: apps."{app_id}" = '
                f'{{ssm = "/..."}}. Apps with a key: {known}',
            )
        try:
            return self._keys.get(name, deadline)
        except KeyUnavailable as fault:
            message, detail = f"the app's API key {fault.problem}", f"its API key {fault.reason}"
            raise AppError(app_id, message, detail=detail) from None

    def renew(self, app_id: str, refused: str, deadline: float | None) -> bool:
        """Read what AWS keeps again, after a key was refused; return whether it has changed."""
        return self._keys.forget() and self.get(app_id, deadline) != refused


def _quoted(app_id: str) -> str:
    from urllib.parse import quote  # for few ids

    return quote(app_id)
