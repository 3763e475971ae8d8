"""Keys that functions call others with, by name, from where the bundle says they are kept."""

from __future__ import annotations

import os

from endpoint_runtime import process
from endpoint_runtime.settings.source_kinds import SourceError, label
from endpoint_runtime.settings.sources import read_sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from endpoint_runtime.settings.refreshed import Refreshed

_REMOTE = ("ssm", "secret")


class KeyUnavailable(Exception):
    """A key can't be had: `problem` is for whoever calls, `reason` for the log."""

    def __init__(self, problem: str, reason: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.reason = reason


class Keys:
    """The keys of `sources`; those that AWS keeps are kept here for `ttl` seconds.

    The environment variable `local` hands on keys of a run on this machine by name, as JSON, in
    place of what AWS keeps. The log calls them all `what`. Threads share one.
    """

    def __init__(
        self, sources: Mapping[str, tuple[Any, ...]], local: str, *, ttl: float, what: str
    ) -> None:
        self._sources = dict(sources)
        self._local: dict[str, Any] = {}
        self._is_local = local in os.environ
        if self._is_local:
            from endpoint_runtime.settings.remote import json_object

            self._local = json_object(os.environ[local], local)
            self._sources |= dict.fromkeys(self._local, ("local",))
        self._ttl = ttl
        self._what = what
        self._refreshed: Refreshed | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The keys that have a source, or a value for runs on this machine."""
        return tuple(self._sources)

    def get(self, name: str, deadline: float | None) -> str:
        """Return a key; raises KeyUnavailable."""
        source = self._sources.get(name, ("local",))
        try:
            if source[0] == "local" or (self._is_local and source[0] in _REMOTE):
                key = self._local.get(name)
            elif source[0] in _REMOTE:
                key = self._remote().get(deadline).get(name)
            else:
                key = read_sources({name: source}, deadline).get(name)
        except SourceError as fault:
            raise KeyUnavailable("can't be read", f"can't be read: {fault}") from None
        if not isinstance(key, str) or not key.strip():
            raise KeyUnavailable("is not set", f"is not set ({label(source)})")
        process.add_secret(key.strip())
        return key.strip()

    def forget(self) -> bool:
        """Have what AWS keeps read again, as a key was refused; return whether there is any."""
        if self._refreshed is None:
            return False
        self._refreshed.forget()
        return True

    def _remote(self) -> Refreshed:
        """Return all keys that AWS keeps: as few calls as possible read them."""
        if self._refreshed is None:
            from endpoint_runtime.settings.refreshed import Refreshed

            sources = {name: each for name, each in self._sources.items() if each[0] in _REMOTE}
            self._refreshed = Refreshed(
                self._what,
                lambda deadline: read_sources(sources, deadline),
                self._ttl,
                (SourceError,),
            )
        return self._refreshed
