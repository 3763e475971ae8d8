"""What a subscription and an event of the queue consist of, as plain values."""

from __future__ import annotations

from werkzeug.wrappers import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Mapping = dict[str, Any]

# The key of an event, as the queue has it, that says what of it is to be told.
TOLD = "packager.trigger"
# What of an environ can't be copied: a library may copy a request's headers with all that is behind
# them (lark_oapi does), and in Dify that is nothing but the request's own.
_UNCOPIED = ("lambda.context", "lambda.identity", "wsgi.errors", "werkzeug.request")


def request_of(environ: Mapping) -> Request:
    """Return the request of an environ as plugins get it in Dify: plain values alone."""
    own = {
        key: value
        for key, value in environ.items()
        if key not in _UNCOPIED and not key.startswith("endpoint_runtime.")
    }
    return Request(own)


def subscription_fields(subscription: Mapping) -> Mapping:
    """Return what the SDK's Subscription has of one."""
    names = ("expires_at", "endpoint", "parameters", "properties")
    return {name: subscription[name] for name in names}
