"""Which proxy a connection goes through: HTTPS_PROXY, HTTP_PROXY and NO_PROXY.

Names in lower case go before those in capitals, and HTTP_PROXY is read in lower case alone where
the process is a CGI script, as in `urllib.request`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    Proxy = tuple[str, int, dict[str, str]]


def proxy_for(scheme: str, host: str, port: int) -> Proxy | None:
    """Return the proxy's host, its port and the headers it wants; None for a direct connection.

    Raises ValueError for one that can't be used, without its password.
    """
    get = os.environ.get
    url = get(f"{scheme}_proxy")
    if url is None and not (scheme == "http" and "REQUEST_METHOD" in os.environ):
        url = get(f"{scheme.upper()}_PROXY")
    if not url or _is_excluded(host, port, get("no_proxy", get("NO_PROXY", ""))):
        return None
    kind, found, rest = url.partition("://")
    if not found:
        kind, rest = "http", url
    user, _, address = rest.partition("/")[0].rpartition("@")
    name, colon, number = address.rpartition(":")
    if not colon or number.endswith("]"):
        name, number = address, "80"
    if kind.lower() != "http" or not name or not number.isdecimal():
        raise ValueError(
            f"{scheme.upper()}_PROXY names a proxy that can't be used: expected http://host:port"
        )
    headers = {}
    if user:
        from base64 import b64encode
        from urllib.parse import unquote

        headers["Proxy-Authorization"] = "Basic " + b64encode(unquote(user).encode()).decode()
    return name.strip("[]"), int(number), headers


def _is_excluded(host: str, port: int, excluded: str) -> bool:
    host = host.lower()
    for entry in excluded.lower().replace(",", " ").split():
        if entry == "*":
            return True
        name, colon, number = entry.rpartition(":")
        if colon and number.isdecimal() and not name.endswith(":"):
            if int(number) != port:
                continue
            entry = name
        entry = entry.strip("[]").removeprefix("*").lstrip(".")
        if host == entry or host.endswith("." + entry):
            return True
    return False
