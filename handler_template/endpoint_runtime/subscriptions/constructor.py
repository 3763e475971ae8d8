"""Calls a provider's subscription constructor, as Dify's core does: who asks has the words for it.

Source: langgenius/dify-plugin-sdks, src/dify_plugin/core/plugin_executor.py and
plugin_registration.py; langgenius/dify, api/services/trigger.
"""

from __future__ import annotations

from endpoint_runtime import process
from endpoint_runtime.app.endpoints import load_source
from endpoint_runtime.settings.group import LEAST_SECRET, texts_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from werkzeug.wrappers import Request

# The key of an event that asks for a call, and the actions that there are.
KEY = "packager.constructor"
_SECRET = ("credentials", "client", "secret_properties")
_UNAUTHORIZED = "unauthorized"


class ConstructorError(Exception):
    """A source has no constructor, or several; or there is no such call."""


class Constructor:
    """The constructor in the source that ENDPOINTS names; made again for every call."""

    def __init__(self, bundle: Any, root: str, backends: Any) -> None:
        self._source: str | None = bundle.ENDPOINTS["constructor"]
        self._hook_id: str = bundle.HOOK_ID
        self._root = root
        self._backends = backends

    def take(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer an event `{KEY: {"action": ..., ...}}` with `{"result": ...}` or `{"error": ...}`.

        What goes wrong in the plugin is an answer, too: the error's type and words.
        """
        asked = event.get(KEY) if isinstance(event, dict) else None
        if not isinstance(asked, dict):
            raise ConstructorError("the event asks for no call of a constructor")
        try:
            return {"result": self.call(asked, context)}
        except process.interrupts:
            raise
        except Exception as fault:
            process.end_if_forked(fault)
            return {"error": {"type": type(fault).__name__, "message": str(fault)}}

    def call(self, asked: dict[str, Any], context: Any) -> Any:
        """Return what a call gives, as JSON has it; raises whatever the plugin raises.

        Credentials and secret properties are kept out of the log from now on.
        """
        for text in texts_in([asked.get(name) for name in _SECRET]):
            if len(text) >= LEAST_SECRET:
                process.add_secret(text)
        action = _ACTIONS.get(asked["action"])
        if action is None:
            raise ConstructorError(f"a constructor has no action {asked['action']!r}")
        return action(self._make(asked, context), asked)

    def _make(self, asked: dict[str, Any], context: Any) -> Any:
        from dify_plugin.core.runtime import Session
        from dify_plugin.entities.trigger import TriggerSubscriptionConstructorRuntime

        clock = getattr(context, "get_remaining_time_in_millis", None)
        runtime = TriggerSubscriptionConstructorRuntime(
            session=Session.of_request(self._hook_id, self._backends, clock),
            credential_type=_credential_type(asked),
            credentials=asked.get("credentials") or {},
        )
        return self._class()(runtime)

    def _class(self) -> type[Any]:
        from dify_plugin.interfaces.trigger import TriggerSubscriptionConstructor

        if self._source is None:
            raise ConstructorError("the provider has no subscription_constructor")
        module = load_source(self._root, self._source)
        found = {
            id(value): value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, TriggerSubscriptionConstructor)
            and value is not TriggerSubscriptionConstructor
        }
        if len(found) != 1:
            many = "several subclasses" if found else "no subclass"
            raise ConstructorError(f"{self._source} has {many} of TriggerSubscriptionConstructor")
        return found.popitem()[1]


def _credential_type(asked: dict[str, Any]) -> Any:
    from dify_plugin.entities.provider_config import CredentialType

    return CredentialType(asked.get("credential_type") or _UNAUTHORIZED)


def _validate(constructor: Any, asked: dict[str, Any]) -> None:
    try:
        constructor.validate_api_key(credentials=asked["credentials"])
    except NotImplementedError:
        return  # nothing of it says how


def _create(constructor: Any, asked: dict[str, Any]) -> dict[str, Any]:
    made = constructor.create_subscription(
        endpoint=asked["endpoint"],
        parameters=asked["parameters"],
        credentials=asked["credentials"],
        credential_type=_credential_type(asked),
    )
    return _described(made)


def _delete(constructor: Any, asked: dict[str, Any]) -> dict[str, Any]:
    done = constructor.delete_subscription(
        subscription=_subscription(asked),
        credentials=asked["credentials"],
        credential_type=_credential_type(asked),
    )
    return {"success": bool(done.success), "message": done.message}


def _refresh(constructor: Any, asked: dict[str, Any]) -> dict[str, Any]:
    renewed = constructor.refresh_subscription(
        subscription=_subscription(asked),
        credentials=asked["credentials"],
        credential_type=_credential_type(asked),
    )
    return _described(renewed)


def _options(constructor: Any, asked: dict[str, Any]) -> list[dict[str, Any]]:
    found = constructor.fetch_parameter_options(parameter=asked["parameter"])
    return [{"value": each.value, "label": _texts(each.label)} for each in found]


def _authorize(constructor: Any, asked: dict[str, Any]) -> str:
    url = constructor.oauth_get_authorization_url(
        redirect_uri=asked["redirect_uri"], system_credentials=asked["client"]
    )
    return str(url)


def _credentials(constructor: Any, asked: dict[str, Any]) -> dict[str, Any]:
    request = _request(asked["url"])
    code = request.args.get("code", "")
    if len(code) >= LEAST_SECRET:  # it is good for a while yet where this fails
        process.add_secret(code)
    got = constructor.oauth_get_credentials(
        redirect_uri=asked["redirect_uri"],
        system_credentials=asked["client"],
        request=request,
    )
    return {"credentials": dict(got.credentials), "expires_at": _expiry(got)}


def _refresh_credentials(constructor: Any, asked: dict[str, Any]) -> dict[str, Any]:
    got = constructor.oauth_refresh_credentials(
        redirect_uri=asked["redirect_uri"],
        system_credentials=asked["client"],
        credentials=asked["credentials"],
    )
    return {"credentials": dict(got.credentials), "expires_at": _expiry(got)}


_ACTIONS = {
    "validate": _validate,
    "create": _create,
    "delete": _delete,
    "refresh": _refresh,
    "options": _options,
    "authorize": _authorize,
    "credentials": _credentials,
    "refresh_credentials": _refresh_credentials,
}


def _subscription(asked: dict[str, Any]) -> Any:
    from dify_plugin.entities.trigger import Subscription

    return Subscription(**asked["subscription"])


def _described(subscription: Any) -> dict[str, Any]:
    return {"properties": dict(subscription.properties or {}), "expires_at": _expiry(subscription)}


def _expiry(of: Any) -> int:
    """Return when something expires, in seconds since the epoch; -1: never, as for None."""
    return int(of.expires_at or -1)


def _texts(label: Any) -> dict[str, str]:
    return {name: text for name, text in label.to_dict().items() if text}


def _request(url: str) -> Request:
    """Return the request that a service's redirect makes of a browser."""
    from io import BytesIO
    from urllib.parse import unquote, urlsplit

    from werkzeug.wrappers import Request

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return Request(
        {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path, "latin-1"),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname or "localhost",
            "SERVER_PORT": str(parts.port or (443 if secure else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": parts.netloc,
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": BytesIO(),
        }
    )
