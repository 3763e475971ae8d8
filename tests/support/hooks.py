"""A service with webhooks, on 127.0.0.1, and a plugin whose constructor makes them there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.support.plugin_writer import write_plugin

TOKEN = "tok_0123456789"
GRANTED, RENEWED = "granted_0123456789", "renewed_0123456789"
REFRESH = "refresh_0123456789"
CLIENT = {"client_id": "client-1", "client_secret": "client_secret_0123456789"}
SECRET = "whsec_0123456789"
CODE = "code-1"
ENDS = 4_000_000_000  # seconds since the epoch

MANIFEST = """\
version: 0.0.1
type: plugin
author: me
name: doors
description: {en_US: Doors that tell.}
plugins:
  triggers:
    - provider/doors.yaml
"""
PROVIDER = """\
identity: {author: me, name: doors, label: {en_US: Doors}, description: {en_US: Doors.}}
subscription_schema:
  - {name: webhook_secret, type: secret-input, required: true, label: {en_US: Secret}}
  - {name: note, type: text-input, label: {en_US: Note}}
subscription_constructor:
  parameters:
    - {name: door, type: dynamic-select, required: true, label: {en_US: Door}}
    - name: events
      type: checkbox
      default: [opened]
      options: [{value: opened}, {value: rung, label: {en_US: Rung}}]
      label: {en_US: Events}
  credentials_schema:
    - {name: token, type: secret-input, required: true, label: {en_US: Token}}
    - {name: server, type: text-input, required: true, label: {en_US: Server}}
  oauth_schema:
    client_schema:
      - {name: client_id, type: text-input, required: true, label: {en_US: Client ID}}
      - {name: client_secret, type: secret-input, required: true, label: {en_US: Client secret}}
      - {name: server, type: text-input, required: true, label: {en_US: Server}}
    credentials_schema:
      - {name: token, type: secret-input}
events: [events/opened.yaml]
extra: {python: {source: provider/doors.py}}
"""
SOURCE = """\
import json
import urllib.error
import urllib.parse
import urllib.request

from werkzeug import Response

from dify_plugin.entities import I18nObject, ParameterOption
from dify_plugin.entities.oauth import OAuthCredentials, TriggerOAuthCredentials
from dify_plugin.entities.trigger import EventDispatch, Subscription, UnsubscribeResult
from dify_plugin.errors.trigger import (
    SubscriptionError,
    TriggerProviderCredentialValidationError,
    UnsubscribeError,
)
from dify_plugin.interfaces.trigger import Trigger, TriggerSubscriptionConstructor


class Doors(Trigger):
    def _dispatch_event(self, subscription, request):
        return EventDispatch(events=["opened"], response=Response("ok"))


class Maker(TriggerSubscriptionConstructor):
    def _validate_api_key(self, credentials):
        if self._ask(credentials, "GET", "/user")[0] != 200:
            raise TriggerProviderCredentialValidationError(f"no: {credentials['token']}")

    def _create_subscription(self, endpoint, parameters, credentials, credential_type):
        body = {"url": endpoint, **parameters, "by": credential_type.value}
        status, made = self._ask(credentials, "POST", "/hooks", body)
        if status != 201:
            raise SubscriptionError(f"refused: {status}", error_code="REFUSED")
        print("made", made["id"], "for", credentials["token"])
        return Subscription(
            expires_at=made["ends"],
            endpoint=endpoint,
            parameters=parameters,
            properties={"webhook_secret": made["secret"], "id": made["id"]},
        )

    def _delete_subscription(self, subscription, credentials, credential_type):
        path = f"/hooks/{subscription.properties['id']}"
        status, _ = self._ask(credentials, "DELETE", path)
        if status == 402:
            raise UnsubscribeError(f"not without {subscription.properties['webhook_secret']}")
        if status == 403:
            status = f"{credentials['token']} {subscription.properties['webhook_secret']}"
        return UnsubscribeResult(success=status == 204, message=f"the service says {status}")

    def _refresh_subscription(self, subscription, credentials, credential_type):
        path = f"/hooks/{subscription.properties['id']}/renew"
        status, made = self._ask(credentials, "POST", path, {"url": subscription.endpoint})
        if status != 200:
            raise SubscriptionError(f"not renewed: {status}")
        properties = {**subscription.properties, "renewals": made["renewals"]}
        return Subscription(
            expires_at=made["ends"], endpoint=subscription.endpoint, properties=properties
        )

    def _fetch_parameter_options(self, parameter, credentials, credential_type):
        status, doors = self._ask(credentials, "GET", "/doors")
        return [ParameterOption(value=each, label=I18nObject(en_us=each.title())) for each in doors]

    def _oauth_get_authorization_url(self, redirect_uri, system_credentials):
        query = {"client_id": system_credentials["client_id"], "redirect_uri": redirect_uri}
        return f"{system_credentials['server']}/authorize?{urllib.parse.urlencode(query)}"

    def _oauth_get_credentials(self, redirect_uri, system_credentials, request):
        form = {"code": request.args["code"], "redirect_uri": redirect_uri}
        return TriggerOAuthCredentials(**self._token(system_credentials, form))

    def _oauth_refresh_credentials(self, redirect_uri, system_credentials, credentials):
        form = {"refresh_token": credentials["refresh"], "redirect_uri": redirect_uri}
        return OAuthCredentials(**self._token(system_credentials, form))

    def _token(self, client, form):
        form = {**form, "client_id": client["client_id"], "client_secret": client["client_secret"]}
        status, got = self._ask(client, "POST", "/token", form)
        if status != 200:
            raise ValueError(f"no token for {form.get('code')}: {status}")
        server = client["server"]
        credentials = {"token": got["token"], "refresh": got["refresh"], "server": server}
        return {"credentials": credentials, "expires_at": got["ends"]}

    def _ask(self, credentials, method, path, body=None):
        request = urllib.request.Request(
            credentials["server"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": credentials.get("token", "")},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code, None
"""
EVENT = """\
identity: {name: opened, author: me, label: {en_US: Opened}}
description: {en_US: A door was opened.}
parameters:
  - {name: least, type: number, min: 1, max: 9, label: {en_US: Least}}
output_schema: {type: object, properties: {door: {type: string}}}
extra: {python: {source: events/opened.py}}
"""
EVENT_SOURCE = """\
from dify_plugin.entities.trigger import Variables
from dify_plugin.interfaces.trigger import Event


class Opened(Event):
    def _on_event(self, request, parameters, payload):
        return Variables(variables={"door": request.get_json()["door"]})
"""
FILES: Mapping[str, str | bytes | None] = {
    "manifest.yaml": MANIFEST,
    "provider/doors.yaml": PROVIDER,
    "provider/doors.py": SOURCE,
    "events/opened.yaml": EVENT,
    "events/opened.py": EVENT_SOURCE,
    "group/tiny.yaml": None,
    "endpoints/duck.yaml": None,
    "endpoints/duck.py": None,
}


def write_doors(root: Path) -> Path:
    """Write the plugin into `root`, and return that."""
    return write_plugin(root, FILES)


class Service:
    """What the service has: hooks by id, and all that it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.hooks: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.tokens = [TOKEN, GRANTED, RENEWED]
        self.refuses: dict[str, int] = {}  # a path: the status that it is answered with
        self.ends = ENDS
        self.token_ends = -1

    @property
    def credentials(self) -> dict[str, str]:
        """What the service takes."""
        return {"token": TOKEN, "server": self.url}

    @property
    def client(self) -> dict[str, str]:
        """An OAuth client that the service knows."""
        return {**CLIENT, "server": self.url}

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        """Return the status and the document of an answer."""
        self.asked.append(f"{method} {path}")
        if path in self.refuses:
            return self.refuses[path], None
        if path == "/token":
            return self._token(body)
        if token not in self.tokens:
            return 401, None
        match method, path.strip("/").split("/"):
            case "GET", ["user"]:
                return 200, {}
            case "GET", ["doors"]:
                return 200, ["front", "back"]
            case "POST", ["hooks"]:
                number = str(len(self.asked))
                self.hooks[number] = {**body, "token": token, "renewals": 0}
                return 201, {"id": number, "secret": SECRET, "ends": self.ends}
            case "DELETE", ["hooks", number]:
                return (404 if self.hooks.pop(number, None) is None else 204), None
            case "POST", ["hooks", number, "renew"] if number in self.hooks:
                self.hooks[number]["renewals"] += 1
                return 200, {"ends": self.ends, "renewals": self.hooks[number]["renewals"]}
        return 404, None

    def _token(self, body: Mapping[str, str]) -> tuple[int, Any]:
        known = all(body.get(name) == value for name, value in CLIENT.items())
        given = {"token": GRANTED, "refresh": REFRESH, "ends": self.token_ends}
        if known and body.get("code") == CODE:
            return 200, given
        if known and body.get("refresh_token") == REFRESH:
            return 200, {**given, "token": RENEWED}
        return 400, None


@contextmanager
def hooks_service() -> Iterator[Service]:
    """Serve for as long as the context."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":  # the user consents at once
                query = dict(parse_qsl(parts.query))
                back = urlencode({"code": CODE, "state": query["state"]})
                self.send_response(302)
                self.send_header("Location", f"{query['redirect_uri']}?{back}")
                self.end_headers()
                return
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Authorization") or ""
            status, document = service.answer(self.command, parts.path, token, body)
            self.send_response(status)
            self.end_headers()
            if document is not None:
                self.wfile.write(json.dumps(document).encode())

        do_POST = do_DELETE = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = Service(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
