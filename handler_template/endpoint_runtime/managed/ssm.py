"""Reads managed endpoints from Parameter Store: a SecureString of JSON by hook id."""

from __future__ import annotations

from endpoint_runtime.aws import client
from endpoint_runtime.json_codec import decode_json
from endpoint_runtime.managed.documents import from_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from endpoint_runtime.managed.documents import Document

ROOT = "root"  # the parameter of what answers at the root
NAME, DIGITS = "names/", 32  # before the digits of a name: the one that says which endpoint has it


class ParameterStore:
    """The parameters whose names start with `prefix`; for any number of threads.

    Calls raise AwsError.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._client = client("ssm")

    def read(self, hook_id: str, deadline: float | None) -> Document | None:
        """Return what is kept of an endpoint; None where there is none of this id."""
        text = self._value(hook_id, deadline)
        return None if text is None else from_json(decode_json(text.encode()), hook_id)

    def root(self, deadline: float | None) -> str | None:
        """Return the hook id of the endpoint that also answers at the root; None for none."""
        return self._value(ROOT, deadline)

    def named(self, name: str, deadline: float | None) -> str | None:
        """Return the hook id of the endpoint `name`; None for none."""
        from endpoint_runtime.aws.sigv4 import payload_hash

        return self._value(NAME + payload_hash(name.encode())[:DIGITS], deadline)

    def _value(self, name: str, deadline: float | None) -> str | None:
        payload = {"Names": [self._prefix + name], "WithDecryption": True}
        found = self._client.call("GetParameters", payload, deadline).get("Parameters") or ()
        return found[0]["Value"] if found else None
