"""Runs moto's servers, each pair in a process of its own: `python moto_process.py SOCKET`.

To import moto takes two seconds, so the processes are forks of this one, which ends when standard
input does. Who connects sends `[CERTIFICATE KEY]` as JSON and gets the ports of a server, and of
one with TLS where there is a certificate; they end with the connection. moto's application is
entered by one thread at a time, since its state is not made for several; connections are kept
alive and served side by side, as AWS does.
"""

from __future__ import annotations

import base64
import functools
import gc
import json
import logging
import os
import select
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto import backends
from moto.core import responses, utils
from moto.dynamodb import models
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import dynamo_type
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

application = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()
SERVICES = ("cloudformation", "dynamodb", "kms", "lambda", "s3", "secretsmanager", "sqs", "ssm")
MAX_MESSAGE = 1 << 16  # bytes
MAX_ITEM = 409_600  # bytes ("Constraints in Amazon DynamoDB")


def size_of(value: Any) -> int:
    """The bytes of a value as DynamoDB counts them: moto counts the base64 of binary ones."""
    if isinstance(value, DynamoType):
        if value.type == "B" and isinstance(value.value, str):
            return len(base64.b64decode(value.value))
        return int(value.size())
    return len(str(value).encode())


class Attributes(LimitedSizeDict):  # type: ignore[misc]
    """The attributes of an item, as many as DynamoDB takes: moto takes 405,000 bytes."""

    updated = False  # by one expression, at whose end it is looked at

    def __setitem__(self, key: str, value: Any) -> None:
        before = dict(self)
        dict.__setitem__(self, key, value)
        if not self.updated:
            self.check(before)

    def check(self, before: dict[str, Any]) -> None:
        if sum(size_of(name) + size_of(held) for name, held in self.items()) > MAX_ITEM:
            self.clear()
            self.update(before)
            raise ItemSizeTooLarge


class Update(UpdateExpressionExecutor):  # type: ignore[misc]
    """An update whose parts are done at once: moto looks at the size after each of them."""

    def execute(self, node: Any = None) -> None:
        if node is not None:
            super().execute(node)
            return
        attributes: Any = self.item.attrs
        before = dict(attributes)
        attributes.updated = True
        try:
            super().execute()
        finally:
            attributes.updated = False
        attributes.check(before)


def quicken() -> None:
    """Remember what moto finds out again at each request, though it never changes."""
    names = functools.cache(utils.method_names_from_class)
    responses.method_names_from_class = names
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    gc.freeze()
    gc.set_threshold(100_000)


def one_at_a_time(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    with turn:
        return [b"".join(application(environ, start_response))]


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log(self, *args: Any) -> None:
        pass


def served(context: ssl.SSLContext | None) -> int:
    """Start a server, and return its port."""
    server = make_server(
        "127.0.0.1", 0, one_at_a_time, threaded=True, request_handler=Handler, ssl_context=context
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def prepare() -> None:
    """Import what tests use, and make moto as they need it."""
    logging.disable()
    dynamo_type.LimitedSizeDict = Attributes
    models.UpdateExpressionExecutor = Update
    for service in SERVICES:
        create_backend_app(service)
    quicken()


def serve(channel: socket.socket) -> None:
    """Run servers until the connection ends."""
    contexts: list[ssl.SSLContext | None] = [None]
    if files := json.loads(channel.recv(MAX_MESSAGE)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        contexts.append(context)
    channel.sendall(json.dumps([served(each) for each in contexts]).encode())
    channel.recv(1)


def main() -> None:
    prepare()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    Path(sys.argv[1]).unlink(missing_ok=True)  # of one that is done
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen()
    print(flush=True)
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        channel = listener.accept()[0]
        if os.fork() == 0:
            listener.close()
            try:
                serve(channel)
            finally:
                os._exit(0)
        channel.close()


if __name__ == "__main__":
    main()
