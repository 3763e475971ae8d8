"""The API keys of apps, from where the bundle says they are kept."""

from __future__ import annotations

import os

from endpoint_runtime import process
from endpoint_runtime.dify.errors import AppError
from endpoint_runtime.settings.source_kinds import SourceError, label
from endpoint_runtime.settings.sources import read_sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.settings.refreshed import Refreshed

# The address of a stand-in that takes the place of the base URL and of all keys: for local runs.
STAND_IN = "PACKAGER_DIFY"
ANY_APP = "*"  # the key of apps that have none of their own
# `packager invoke` hands on keys by app id in it, as JSON, in place of what AWS keeps.
LOCAL = "PACKAGER_LOCAL_APPS"
_REMOTE = ("ssm", "secret")


class AppKeys:
    """Keys by app id: APPS of the bundle, whose remote ones are kept for SETTINGS_TTL seconds."""

    def __init__(self, bundle: Any) -> None:
        self._sources: dict[str, tuple[Any, ...]] = bundle.APPS
        self._local: dict[str, Any] | None = None
        if LOCAL in os.environ:
            from endpoint_runtime.settings.remote import json_object

            self._local = json_object(os.environ[LOCAL], LOCAL)
            self._sources = {**self._sources, **dict.fromkeys(self._local, ("local",))}
        self._ttl: float = bundle.SETTINGS_TTL
        self._refreshed: Refreshed | None = None

    def app_for_files(self) -> str:
        """Return the id of the app whose key uploads files: `*`, else the first one configured."""
        if os.environ.get(STAND_IN) or ANY_APP in self._sources or not self._sources:
            return ANY_APP
        return next(iter(self._sources))

    def get(self, app_id: str, deadline: float | None) -> str:
        """Return an app's key; raise AppError for none."""
        if not isinstance(app_id, str):
            raise AppError(repr(app_id)[:80], "an app's id is text")
        if os.environ.get(STAND_IN):
            return app_id if app_id.isascii() else _quoted(app_id)
        name = app_id if app_id in self._sources else ANY_APP
        source = self._sources.get(name)
        if source is None:
            known = ", ".join(self._sources) or "none"
            raise AppError(
                app_id,
                "no API key is configured for the app",
                detail="no API key is configured for it. Create one in Dify (the app's page, API "
                f'Access) and name its source in packager.toml: apps."{app_id}" = '
                f'{{ssm = "/..."}}. Apps with a key: {known}',
            )
        try:
            if self._local is not None and source[0] in ("local", *_REMOTE):
                key = self._local.get(name)
            elif source[0] in _REMOTE:
                key = self._remote().get(deadline).get(name)
            else:
                key = read_sources({name: source}, deadline).get(name)
        except SourceError as fault:
            detail = f"its API key can't be read: {fault}"
            raise AppError(app_id, "the app's API key can't be read", detail=detail) from None
        if not isinstance(key, str) or not key.strip():
            detail = f"its API key is not set ({label(source)})"
            raise AppError(app_id, "the app's API key is not set", detail=detail)
        process.add_secret(key.strip())
        return key.strip()

    def renew(self, app_id: str, refused: str, deadline: float | None) -> bool:
        """Read what AWS keeps again, after a key was refused; return whether it has changed."""
        if self._refreshed is None:
            return False
        self._refreshed.forget()
        return self.get(app_id, deadline) != refused

    def _remote(self) -> Refreshed:
        """Return all keys that AWS keeps: as few calls as possible read them."""
        if self._refreshed is None:
            from endpoint_runtime.settings.refreshed import Refreshed

            sources = {name: each for name, each in self._sources.items() if each[0] in _REMOTE}
            self._refreshed = Refreshed(
                "the apps' API keys",
                lambda deadline: read_sources(sources, deadline),
                self._ttl,
                (SourceError,),
            )
        return self._refreshed


def _quoted(app_id: str) -> str:
    from urllib.parse import quote  # for few ids

    return quote(app_id)
