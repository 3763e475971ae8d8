"""Renews subscriptions, and the credentials of OAuth, before they expire: what a schedule starts.

Those that expire within `SUBSCRIPTION` or `CREDENTIALS` seconds are due. All that are due are
tried, whatever becomes of another; at the end one that failed is an error of the invocation, and
is due again at the schedule's next. Source: langgenius/dify, api/schedule/
trigger_provider_refresh_task.py.
"""

from __future__ import annotations

import os
from time import time

from endpoint_runtime import process
from endpoint_runtime.logs import report
from endpoint_runtime.managed.sealed import DataKey
from endpoint_runtime.managed.settings import values_of
from endpoint_runtime.managed.stores import VARIABLE
from endpoint_runtime.managed.subscriptions import NEVER, SECRET, UNAUTHORIZED, fields_of
from endpoint_runtime.settings.group import LEAST_SECRET, texts_in
from endpoint_runtime.subscriptions.written import open_kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.managed.documents import Document
    from endpoint_runtime.subscriptions.constructor import Constructor
    from endpoint_runtime.subscriptions.written import Kept

SUBSCRIPTION, CREDENTIALS = 7200, 1500  # seconds; a schedule's period is a fraction of both
OAUTH = "oauth2"
# Of a redirect that nobody is sent to any more: what refreshes a token says nothing of it.
_REDIRECT = "http://127.0.0.1/callback"


class RenewalFailed(RuntimeError):
    """Some subscriptions that were due could not be renewed; the log says which."""


class Renewal:
    """Renews what is due of the store that the environment names."""

    def __init__(self, bundle: Any, constructor: Constructor) -> None:
        self._bundle = bundle
        self._constructor = constructor
        self._key = DataKey()
        self._opened: Kept | None = None

    def take(self, event: Any, context: Any) -> dict[str, Any]:
        """Renew what is due; return how many were, and how many failed to be.

        Raises `RenewalFailed` where one did.
        """
        kept = self._opened = self._opened or open_kept(self._bundle, os.environ[VARIABLE])
        renewed, failed = 0, []
        for hook_id, document, read in kept.all(None):
            values = document["settings"]
            now = time()
            if values.get("credential_type", UNAUTHORIZED) == UNAUTHORIZED:
                continue
            due = (
                is_due(values.get("credentials_expire_at"), now, CREDENTIALS),
                is_due(values.get("expires_at"), now, SUBSCRIPTION),
            )
            if not any(due):
                continue
            name = str(document["name"])
            try:
                written = self._renew(kept, (hook_id, document, read), due, context)
            except process.interrupts:
                raise
            except Exception as fault:
                process.end_if_forked(fault)
                why = f"{type(fault).__name__}: {fault}".replace(hook_id, "***")
                report.log("ERROR", f"[{name}] was not renewed: {why}")
                failed.append(name)
            else:
                renewed += written
                said = "was renewed" if written else "was changed by somebody else meanwhile"
                report.log("INFO", f"[{name}] {said}")
        if failed:
            raise RenewalFailed("these were not renewed: " + ", ".join(failed))
        return {"renewed": renewed}

    def _renew(
        self,
        kept: Kept,
        found: tuple[str, Document, Any],
        due: tuple[bool, bool],
        context: Any,
    ) -> bool:
        hook_id, document, read = found
        fields = fields_of(document, hook_id, self._key, None)
        for text in texts_in([fields[name] for name in SECRET]):
            if len(text) >= LEAST_SECRET:
                process.add_secret(text)
        asked = {name: fields[name] for name in ("credentials", "credential_type")}
        # What is kept elsewhere stays there, so what is written has no value of it.
        values, _ = values_of({**document, "references": {}}, hook_id, self._key, None)
        references = document["references"]
        if due[0] and fields["credential_type"] == OAUTH:
            got = self._constructor.call(
                {
                    **asked,
                    "action": "refresh_credentials",
                    "client": fields["oauth_client"],
                    "redirect_uri": values.get("redirect_uri") or _REDIRECT,
                },
                context,
            )
            asked["credentials"] = values["credentials"] = got["credentials"]
            values["credentials_expire_at"] = got["expires_at"]
            references = {
                name: source
                for name, source in references.items()
                if not name.startswith("credentials.")
            }
        if due[1]:
            subscription = {
                "expires_at": fields["expires_at"],
                "endpoint": values["endpoint"],
                "parameters": fields["parameters"],
                "properties": fields["properties"],
            }
            renewed = self._constructor.call(
                {**asked, "action": "refresh", "subscription": subscription}, context
            )
            values |= parted(renewed["properties"], self._bundle.ENDPOINTS["properties"])
            values["expires_at"] = renewed["expires_at"]
            references = {
                name: source
                for name, source in references.items()
                if not name.startswith(("properties.", "secret_properties."))
            }
        return kept.write(hook_id, read, values, references, self._key)


def is_due(expires_at: Any, now: float, margin: float) -> bool:
    """Return whether something expires within `margin` seconds, or has."""
    return isinstance(expires_at, int | float) and expires_at > NEVER and expires_at - now < margin


# What the name of an undeclared property has in it whose value is kept out of logs.
WORDS = ("secret", "token", "password", "key")


def parted(properties: dict[str, Any], declared: dict[str, bool]) -> dict[str, Any]:
    """Return `properties` and `secret_properties`; `declared` says which are secret, by name."""
    secret = {
        name: value
        for name, value in properties.items()
        if declared.get(name, any(word in name.lower() for word in WORDS))
    }
    plain = {name: value for name, value in properties.items() if name not in secret}
    return {"properties": plain, "secret_properties": secret}
