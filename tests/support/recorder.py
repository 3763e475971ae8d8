"""Stands before a server, hands on to it, and keeps every byte that it answers with."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Recorder:
    """Listens at `port`; `sent` is what came back so far."""

    port: int
    sent: bytearray = field(default_factory=bytearray)


@contextlib.contextmanager
def recording(server: int) -> Iterator[Recorder]:
    """Yield a recorder before the server at a port of this machine."""
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        recorder = Recorder(listening.getsockname()[1])

        def hand_on(source: socket.socket, target: socket.socket, kept: bytearray | None) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    if kept is not None:
                        kept.extend(data)
                    target.sendall(data)
            for each in (source, target):  # an end of one direction is one of both
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

        def accept() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                behind = socket.create_connection(("127.0.0.1", server))
                connections.extend((client, behind))
                for way in ((client, behind, None), (behind, client, recorder.sent)):
                    threading.Thread(target=hand_on, args=way, daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield recorder
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    for each in connections:
        each.close()
