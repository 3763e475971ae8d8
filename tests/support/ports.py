"""Ports that nobody listens at."""

from __future__ import annotations

import contextlib
import random
import socket


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at, and that the system gives to nobody who asks for any.

    Else another test's server could have got one by the time that the port's own starts.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(15_000, 32_000)  # below Linux's ip_local_port_range
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            if port not in found:
                found.append(port)
    return found
