"""A service of AWS's whose requests are signed, for calls: Lambda and Bedrock."""

from __future__ import annotations

from time import time

from endpoint_runtime.aws import endpoints, sigv4
from endpoint_runtime.aws.credentials import source
from endpoint_runtime.aws.endpoints import Origin, Request
from endpoint_runtime.aws.errors import AwsError
from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_TIME = 30.0  # s that credentials may take where a call has no deadline


def aws_server(service: str, signing_name: str, region: str | None = None) -> Server:
    """Return the server of a service in `region`, or the function's own; raises CallError."""
    try:
        place = region or endpoints.region()
        url = endpoints.override(service)
        if url is None:
            origin, path = Origin(endpoints.host(service, place)), ""
        else:
            origin, path = endpoints.split_url(url)
        trust = None
        if origin.tls:
            from endpoint_runtime.aws import roots

            trust = roots.trust_for(origin.host, amazon=origin.amazon)
    except AwsError as fault:
        raise CallError(str(fault)) from None

    scheme = "https" if origin.tls else "http"
    url = f"{scheme}://{origin.authority}{path}"
    return Server(url, Signature(origin, (place, signing_name)), trust)


class Signature:
    """Authorizes requests by the function's own role: see `server.Authorization`.

    `scope` is the region and the service's signing name.
    """

    renew_at = 403

    def __init__(self, origin: Origin, scope: tuple[str, str]) -> None:
        self._origin = origin
        self._scope = scope

    def headers(
        self, method: str, path: str, body: bytes, deadline: float | None
    ) -> Mapping[str, str]:
        """Return the headers that sign one try; raises CallError."""
        request = Request(self._origin, method, path, {"Content-Type": "application/json"}, body)
        try:
            keys = source.get(_end(deadline))
        except AwsError as fault:
            raise CallError(str(fault)) from None
        body_hash = sigv4.payload_hash(body)
        return sigv4.sign(request, body_hash, keys, self._scope, sigv4.timestamp(time()))

    def renew(self, sent: Mapping[str, str], deadline: float | None) -> bool:
        """Fetch the role's credentials again; return whether they are others."""
        access_key = sent["Authorization"].partition("Credential=")[2].partition("/")[0]
        source.forget()
        try:
            return source.get(_end(deadline)).access_key != access_key
        except AwsError:
            return False


def _end(deadline: float | None) -> float:
    """Return when a fetch of credentials has to be over, in seconds since the epoch."""
    return time() + _TIME if deadline is None else deadline
