"""Says where a browser finds the console."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlencode

from packager.console.guard import PREFIX, TOKEN


def address(host: str, port: int, token: str | None = None) -> str:
    """Return the address to open, on this machine, for a console that is bound to `host`."""
    name = "localhost" if is_loopback(host) or is_any(host) else host
    if ":" in name:
        name = f"[{name}]"
    query = "?" + urlencode({TOKEN: token}) if token else ""
    return f"http://{name}:{port}{PREFIX}/{query}"


def is_loopback(host: str) -> bool:
    """Return whether nothing but this machine reaches what is bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_any(host: str) -> bool:
    """Return whether `host` stands for all addresses of this machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
