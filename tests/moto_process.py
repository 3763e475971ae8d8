"""Runs moto's servers in a process of their own: `python moto_process.py [CERTIFICATE KEY]`.

Prints the port. moto's application is entered by one thread at a time, since its state is not made
for several; connections are kept alive and served side by side, as AWS does. It ends when standard
input does.
"""

from __future__ import annotations

import logging
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

application = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def one_at_a_time(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    with turn:
        return [b"".join(application(environ, start_response))]


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log(self, *args: Any) -> None:
        pass


def main() -> None:
    logging.disable()
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = make_server(
        "127.0.0.1", 0, one_at_a_time, threaded=True, request_handler=Handler, ssl_context=context
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
