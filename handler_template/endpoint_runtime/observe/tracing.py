"""Tells X-Ray of a call, and the callee of the trace: one subsegment, without the SDK.

AWS X-Ray, "Segment documents", "Tracing header" and "Sending segment documents": a datagram to the
daemon that Lambda runs, whose address the environment names. The function's own segment is
Lambda's.
"""

from __future__ import annotations

from _socket import AF_INET, MSG_DONTWAIT, SOCK_DGRAM, socket
from os import environ, urandom

from endpoint_runtime import process
from endpoint_runtime.json_codec import encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_HEADER = "X-Amzn-Trace-Id"
_PREFIX = '{"format":"json","version":1}\n'
_MOST_NAME = 200  # characters of a segment's name
_MOST_KINDS = 100  # of calls whose subsegments are half made already
_FLAGS = {
    "throttle": ',"throttle":true,"error":true',
    "error": ',"error":true',
    "fault": ',"fault":true',
    "": "",
}

# What does not change of the subsegments of calls to one host by one method.
_kinds: dict[tuple[str, str, str], str] = {}
# The daemon's address, and what sends there: making it costs more than sending.
_sender: tuple[str, socket | None] = "", None


class Subsegment:
    """A call that is traced: `headers` are what it is made with. Nothing is told of one without an
    `id`: its trace is not sampled."""

    __slots__ = ("_kind", "_trace", "headers")

    def __init__(self, trace: str, kind: str, headers: dict[str, str]) -> None:
        self._trace = trace
        self._kind = kind
        self.headers = headers

    def send(self, started: float, ended: float, status: int) -> None:
        """Tell the daemon how it went: `status` is 0 where no answer came. Never fails."""
        if not self._trace:
            return
        flag = "fault"
        if status == 429:
            flag = "throttle"
        elif status:
            flag = "" if status < 400 else "error" if status < 500 else "fault"
        answer = f',"response":{{"status":{status:d}}}' if status else ""
        times = f'"start_time":{started:.6f},"end_time":{ended:.6f}'
        _send(f"{_PREFIX}{{{times}{_FLAGS[flag]},{self._trace},{self._kind}{answer}}}}}".encode())


def trace(connection: Any, method: str, headers: Mapping[str, str] | None) -> Subsegment | None:
    """Begin the subsegment of a call; None where the request at hand has no trace.

    Of the callee's address nothing is told but scheme and host: a path may name a customer. What is
    signed for AWS is sent as it was signed. Where the trace is not sampled the callee hears that.
    """
    root = parent = sampled = ""
    for part in environ.get("_X_AMZN_TRACE_ID", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == "Root":
            root = value
        elif name == "Parent":
            parent = value
        elif name == "Sampled":
            sampled = value
    if not (_is_id(root) and _is_id(parent)):
        return None
    told = ""
    if sampled == "1":
        own = urandom(8).hex()
        told = f'"id":"{own}","trace_id":"{root}","parent_id":"{parent}"'
        parent = own
    else:
        sampled = "0"
    sent = dict(headers or {})
    for name, value in sent.items():
        if name.lower() == "authorization" and value.startswith("AWS4-"):
            break
    else:
        sent[_HEADER] = f"Root={root};Parent={parent};Sampled={sampled}"
    if not told:
        return Subsegment("", "", sent)
    kind = connection.scheme, connection.host, method
    return Subsegment(told, _kinds.get(kind) or _describe(kind), sent)


def _is_id(text: str) -> bool:
    return text.replace("-", "").isalnum() and text.isascii()


def _describe(kind: tuple[str, str, str]) -> str:
    """Return the JSON of a subsegment from its name on, up to where the response follows."""
    scheme, host, method = kind
    described: dict[str, object] = {
        "name": host[:_MOST_NAME],
        "type": "subsegment",
        "namespace": "remote",
        "http": {"request": {"method": method, "url": f"{scheme}://{host}"}},
    }
    text = encode_json(described).decode("utf-8", "backslashreplace")[1:-2]
    if len(_kinds) < _MOST_KINDS:
        _kinds[kind] = text
    return text


def _send(document: bytes) -> None:
    global _sender
    address = environ.get("AWS_XRAY_DAEMON_ADDRESS", "")
    try:
        if _sender[0] != address or _sender[1] is None:
            forget()
            _sender = address, _connect(address)
        if _sender[1] is not None:
            _sender[1].send(document, MSG_DONTWAIT)
    except (OSError, OverflowError):
        forget()  # nobody listens, say, or a plugin has closed it: the next one is made again


def _connect(address: str) -> socket | None:
    host, _, port = address.split(" ")[-1].removeprefix("udp:").rpartition(":")
    if not host or not port.isdigit():
        return None
    found = socket(AF_INET, SOCK_DGRAM)
    try:
        found.connect((host, int(port)))
    except BaseException:
        found.close()
        raise
    return found


def forget() -> None:
    """Close what sends to the daemon: the next subsegment makes it again."""
    global _sender
    (_, sender), _sender = _sender, ("", None)
    if sender is not None:
        sender.close()


process.forgetters.append(forget)
