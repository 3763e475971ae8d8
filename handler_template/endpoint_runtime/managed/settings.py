"""The settings of one managed endpoint: plain, sealed and referred to, checked as all are."""

from __future__ import annotations

from endpoint_runtime.managed.sealed import SealError
from endpoint_runtime.settings.group import (
    SettingsError,
    assembled,
    fresh_copy,
    hidden_values,
    is_flat,
    secret_texts,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.managed.documents import Document
    from endpoint_runtime.managed.sealed import DataKey

_LASTS = float("inf")


class EndpointSettings:
    """What `GroupSettings` is for a group, read for good: another takes its place.

    `secrets` are texts that nothing in a log may have, `hidden` those that no traceback may: its
    `own`, and others. They are good for `lasts` seconds, if that is shorter than all are kept.
    """

    __slots__ = ("_fault", "_values", "flat", "hidden", "lasts", "own", "secrets")

    def __init__(self, values: dict[str, Any], own: list[str], secrets: list[str]) -> None:
        self._values = values
        self._fault = ""
        self.lasts = _LASTS
        self.flat = values if is_flat(values) else None
        self.hidden = self.own = own
        self.secrets = secrets

    @classmethod
    def unusable(cls, fault: str) -> EndpointSettings:
        """Return settings that no request can have, which is told why; without values."""
        settings = cls({}, [], [])
        settings._fault, settings.flat = fault, None
        return settings

    def copy(self, deadline: float | None = None, request_id: str = "") -> dict[str, Any]:
        """Return a fresh deep copy, as plugins write into what they get; or raise `SettingsError`.

        The arguments are those of `GroupSettings.copy`: nothing is read here.
        """
        if self._fault:
            raise SettingsError(self._fault)
        copy: dict[str, Any] = fresh_copy(self._values)
        return copy

    def forget(self) -> None:
        """Keep them: whoever has them forgets them."""


def settings_of(
    document: Document, hook_id: str, bundle: Any, key: DataKey, deadline: float | None
) -> EndpointSettings:
    """Return the settings of an endpoint by what its store has of it.

    Raises `SettingsError` where they can't be used, AwsError where what they are sealed with can't
    be read.
    """
    values, sources = values_of(document, hook_id, key, deadline)
    declaration = bundle.SETTINGS
    values = assembled(declaration, {}, {}, values)
    secrets = secret_texts(declaration, values, sources, False)
    return EndpointSettings(values, hidden_values(declaration, values), secrets)


def values_of(
    document: Document, hook_id: str, key: DataKey, deadline: float | None
) -> tuple[dict[str, Any], dict[str, tuple[Any, ...]]]:
    """Return what a store has of an endpoint, unsealed and read, and where the latter is kept.

    Raises as `settings_of` does.
    """
    values = dict(document["settings"])
    if document["sealed"]:
        try:
            values |= key.open(document["sealed"], hook_id, deadline)
        except SealError as fault:
            raise SettingsError(str(fault)) from None
    sources = {name: tuple(source) for name, source in document["references"].items()}
    if sources:
        values |= _referred(sources, deadline)
    return values, sources


def _referred(sources: dict[str, tuple[Any, ...]], deadline: float | None) -> dict[str, Any]:
    from endpoint_runtime.settings.aws_values import read_remote
    from endpoint_runtime.settings.source_kinds import SourceError

    wrong = [name for name, source in sources.items() if source[0] not in ("ssm", "secret")]
    if wrong:
        names = ", ".join(wrong)
        raise SettingsError(f"what {names} refers to is neither a parameter nor a secret")
    wanted = {f"setting {name}": source for name, source in sources.items()}
    try:
        found = read_remote(wanted, deadline)
    except SourceError as fault:
        raise SettingsError(str(fault)) from None
    return {name: found[f"setting {name}"] for name in sources if f"setting {name}" in found}
