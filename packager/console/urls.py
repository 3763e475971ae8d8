"""Says where interfaces answer, and how each is called from a shell."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from packager.console.curl import curl_line, curl_of
from packager.contract import ENDPOINTS_PATH
from packager.dataclass import dataclass
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction
from packager.serve.request_log import RequestRecord
from packager.serve.state import ServedFunction, Workbench


@dataclass(frozen=True, slots=True)
class ShownUrl:
    """An interface of an endpoint, as a reader uses it; `index` is its place in the group."""

    method: str
    path: str
    url: str
    curl: str
    index: int


def managed_urls(function: ManagedFunction, endpoint: Endpoint) -> list[ShownUrl]:
    """Return where an endpoint's interfaces answer."""
    base = f"{function.base}{ENDPOINTS_PATH}{endpoint.hook_id}"
    return _urls(
        base,
        ((each.method, each.path, each.hidden) for each in function.declaration.interfaces),
    )


def single_urls(workbench: Workbench, served: ServedFunction) -> list[ShownUrl]:
    """Return where the interfaces of a function answer that has one endpoint."""
    return _urls(
        workbench.public_base(served),
        ((each.method, each.path, each.hidden) for each in served.plan.group.endpoints),
    )


def curl_of_record(record: RequestRecord, base: str) -> str | None:
    """Return the line that sends a request again; None where it can't be typed.

    `base` is where its function answers: a request that names no host went there.
    """
    hosts = [value for name, value in record.request_headers if name.lower() == "host"]
    parts = urlsplit(base)
    origin = f"{parts.scheme}://{hosts[0] if hosts else parts.netloc}"
    return curl_of(record.method, origin + record.path, record.request_headers, record.request_body)


def _urls(base: str, interfaces: Iterable[tuple[str, str, bool]]) -> list[ShownUrl]:
    return [
        ShownUrl(method, path, base + path, curl_line(method, base + path), index)
        for index, (method, path, hidden) in enumerate(interfaces)
        if not hidden
    ]
