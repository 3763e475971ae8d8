"""Writes small trigger plugins for tests: a provider with two events, whatever a test changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.support.plugin_writer import write_plugin

MANIFEST = """\
version: 0.0.1
type: plugin
author: me
name: bell
description:
  en_US: Rings.
plugins:
  triggers:
    - provider/bell.yaml
"""
PROVIDER = """\
identity:
  author: me
  name: bell
  label:
    en_US: Bell
  description:
    en_US: A door with a bell.
subscription_schema:
  - name: secret
    type: secret-input
    required: true
    label:
      en_US: Secret
subscription_constructor:
  parameters:
    - name: door
      type: dynamic-select
      required: true
      label:
        en_US: Door
  credentials_schema:
    token:
      type: secret-input
      required: true
      label:
        en_US: Token
  oauth_schema:
    client_schema:
      - name: client_id
        type: text-input
        required: true
    credentials_schema:
      - name: access_token
        type: secret-input
  extra:
    python:
      source: provider/bell.py
events:
  - events/rung.yaml
  - events/opened.yaml
extra:
  python:
    source: provider/bell.py
"""
SOURCE = """\
import copy
import hmac

from werkzeug import Response

from dify_plugin.entities.trigger import EventDispatch, Subscription, UnsubscribeResult
from dify_plugin.errors.trigger import TriggerDispatchError, TriggerValidationError
from dify_plugin.interfaces.trigger import Trigger, TriggerSubscriptionConstructor


class Bell(Trigger):
    def _dispatch_event(self, subscription, request):
        body = request.get_data()
        copy.deepcopy(vars(request.headers))  # as lark_oapi does
        secret = subscription.properties["secret"].encode()
        signature = hmac.new(secret, body, "sha256").hexdigest()
        if not hmac.compare_digest(signature, request.headers.get("X-Signature", "")):
            raise TriggerValidationError("The signature is wrong.")
        what = request.get_json()
        if "kind" not in what:
            raise TriggerDispatchError("What happened?")
        return EventDispatch(
            user_id=what.get("by", ""),
            events=what["kind"].split(),
            response=Response("ding", status=202, headers={"X-Endpoint": subscription.endpoint}),
            payload={"kinds": what["kind"], "token": self.runtime.credentials.get("token")},
        )


class Maker(TriggerSubscriptionConstructor):
    def _create_subscription(self, endpoint, parameters, credentials, credential_type):
        return Subscription(
            endpoint=endpoint, parameters=parameters, properties={"secret": "made", "id": 7}
        )

    def _delete_subscription(self, subscription, credentials, credential_type):
        return UnsubscribeResult(success=True, message=None)

    def _refresh_subscription(self, subscription, credentials, credential_type):
        return subscription
"""
RUNG = """\
identity:
  name: rung
  author: me
  label:
    en_US: Rung
description:
  en_US: Somebody rang.
parameters:
  - name: least
    type: number
    min: 0
    max: 10
    default: 1
    description:
      en_US: How often it has to ring.
  - name: doors
    type: select
    multiple: true
    options:
      - value: front
        label: {en_US: Front}
      - value: back
output_schema:
  type: object
  properties:
    door:
      type: string
    times:
      type: integer
    endpoint:
      type: string
extra:
  python:
    source: events/rung.py
"""
RUNG_SOURCE = """\
from dify_plugin.entities.trigger import Variables
from dify_plugin.errors.trigger import EventIgnoreError
from dify_plugin.interfaces.trigger import Event


class Rung(Event):
    def _on_event(self, request, parameters, payload):
        what = request.get_json()
        if what["times"] < parameters.get("least", 0):
            raise EventIgnoreError()
        if parameters.get("doors") and what["door"] not in parameters["doors"]:
            raise EventIgnoreError()
        return Variables(
            variables={
                "door": what["door"],
                "times": what["times"],
                "endpoint": self.runtime.subscription.endpoint,
            }
        )
"""
OPENED = """\
identity:
  name: opened
  author: me
  label:
    en_US: Opened
description:
  en_US: Somebody opened.
extra:
  python:
    source: events/opened.py
"""
OPENED_SOURCE = """\
from dify_plugin.entities.trigger import Variables
from dify_plugin.interfaces.trigger import Event


class Opened(Event):
    def _on_event(self, request, parameters, payload):
        storage = self.runtime.session.storage
        if request.args.get("count"):
            seen = int(storage.get("seen")) + 1 if storage.exist("seen") else 1
            storage.set("seen", str(seen).encode())
            return Variables(variables={"seen": seen, "by": self.runtime.credential_type.value})
        if request.args.get("fail"):
            raise ValueError("This can't be told.")
        return Variables(variables={"payload": dict(payload), "query": request.args.to_dict()})
"""
SOUND = {
    "manifest.yaml": MANIFEST,
    "provider/bell.yaml": PROVIDER,
    "provider/bell.py": SOURCE,
    "events/rung.yaml": RUNG,
    "events/rung.py": RUNG_SOURCE,
    "events/opened.yaml": OPENED,
    "events/opened.py": OPENED_SOURCE,
    "group/tiny.yaml": None,
    "endpoints/duck.yaml": None,
    "endpoints/duck.py": None,
}


def write_trigger_plugin(
    root: Path, changes: Mapping[str, str | bytes | None] | None = None
) -> Path:
    """Write the sound plugin into `root`, with `changes` (None: not that file); return `root`."""
    return write_plugin(root, {**SOUND, **(changes or {})})
