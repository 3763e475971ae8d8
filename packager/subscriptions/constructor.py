"""Runs a provider's subscription constructor here: in a process of its bundle, for each call.

What it is asked goes through the Runtime API of this machine, never through a list of arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from packager.bundle.read import BuiltBundle
from packager.contract import CONSTRUCT, CONSTRUCTOR_KEY, SUBSCRIPTIONS_VARIABLE
from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.local.invoke import invoke_bundle

_SECONDS = 60.0  # of a call: some list all that an account has
_LEAST_SECRET = 4  # characters of what is left out of a message
_SECRET = ("credentials", "client", "secret_properties")


class ConstructorFailed(PackagerError):
    """The plugin's constructor refused, or failed; the message is what it says, without secrets."""


@dataclass(frozen=True, slots=True)
class Option:
    """A value that a parameter may have, and its label by language."""

    value: str
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Constructor:
    """The constructor of the provider in `bundle`; `env` are its function's variables, `on_log`
    gets what it logs."""

    bundle: BuiltBundle
    env: Mapping[str, str]
    on_log: Callable[[bytes], None]

    def call(self, action: str, **asked: Any) -> Any:
        """Return what a call gives; raise `ConstructorFailed`, and as `invoke_bundle` does."""
        done = invoke_bundle(
            self.bundle.folder,
            {CONSTRUCTOR_KEY: {"action": action, **asked}},
            env={**self.env, SUBSCRIPTIONS_VARIABLE: CONSTRUCT},
            timeout=max(_SECONDS, self.bundle.timeout),
            on_log=self.on_log,
        )
        reply = done.reply if isinstance(done.reply, dict) else {}
        came_back = parse_qs(urlsplit(str(asked.get("url", ""))).query)
        secret = _texts([came_back.get("code"), *(asked.get(name) for name in _SECRET)])
        error = reply.get("error")
        if error is not None or "result" not in reply:
            error = error or {"type": "Error", "message": "its answer is of no known form"}
            message = without(secret, error["message"])
            raise ConstructorFailed(f"{_DOING[action]}: {error['type']}: {message}".rstrip(": "))
        result = reply["result"]
        if action == "delete":  # the plugin's own words, too
            return {**result, "message": without(secret, str(result["message"] or ""))}
        return result

    def options(
        self, parameter: str, credentials: Mapping[str, Any], credential_type: str
    ) -> list[Option]:
        """Return what a parameter of type dynamic-select may be."""
        found = self.call(
            "options",
            parameter=parameter,
            credentials=credentials,
            credential_type=credential_type,
        )
        return [Option(str(each["value"]), dict(each["label"])) for each in found]


_DOING = {
    "validate": "the credentials were refused",
    "create": "the subscription could not be made",
    "delete": "the subscription could not be ended",
    "refresh": "the subscription could not be renewed",
    "options": "what a parameter may be could not be asked for",
    "authorize": "there is no address to authorize it at",
    "credentials": "OAuth gave no credentials",
    "refresh_credentials": "the credentials could not be renewed",
}


def without(secrets: Iterable[str], text: str) -> str:
    """Return `text` with stars for what is secret."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST_SECRET:
            text = text.replace(secret, "***")
    return text


def _texts(values: list[Any]) -> list[str]:
    found: list[str] = []
    while values:
        match values.pop():
            case str() as text:
                found.append(text)
            case dict() as inner:
                values += inner.values()
            case list() as inner:
                values += inner
    return found
