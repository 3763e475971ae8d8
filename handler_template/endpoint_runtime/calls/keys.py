"""The keys of what answers calls, as requests are sent with them."""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.settings.keys import Keys, KeyUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Runs on this machine hand on keys by name in it, as JSON, in place of what AWS keeps.
LOCAL = "PACKAGER_LOCAL_KEYS"


def keys_of(bundle: Any) -> Keys:
    """Return KEYS of the bundle, by names such as `models.api_key`."""
    return Keys(bundle.KEYS, LOCAL, ttl=bundle.SETTINGS_TTL, what="the keys of models and tools")


def read_key(keys: Keys, name: str, deadline: float | None) -> str:
    """Return a key; raises CallError."""
    try:
        return keys.get(name, deadline)
    except KeyUnavailable as fault:
        raise CallError(f"its key {fault.problem}", detail=f"{name} {fault.reason}") from None


class KeyHeader:
    """Authorizes requests by a header that holds a key: see `server.Authorization`."""

    def __init__(
        self,
        keys: Keys,
        name: str,
        header: str = "Authorization",
        before: str = "Bearer ",
        *,
        renew_at: int = 401,
    ) -> None:
        self.renew_at = renew_at
        self._keys = keys
        self._name = name
        self._header = header
        self._before = before

    def headers(
        self, method: str, path: str, body: bytes, deadline: float | None
    ) -> Mapping[str, str]:
        """Return the header of one try; raises CallError."""
        return {self._header: self._before + self._read(deadline)}

    def renew(self, sent: Mapping[str, str], deadline: float | None) -> bool:
        """Read the key again that was refused as `sent`; return whether it has changed."""
        refused = sent[self._header].removeprefix(self._before)
        return self._keys.forget() and self._read(deadline) != refused

    def _read(self, deadline: float | None) -> str:
        return read_key(self._keys, self._name, deadline)
