"""A plugin with settings of every source, as files for `write_plugin`."""

from __future__ import annotations

import hashlib
import json

MANIFEST = """\
version: 0.0.1
type: plugin
author: packager
name: keeper
description:
  en_US: Shows what it is configured with
plugins:
  endpoints:
    - group/keeper.yaml
"""
GROUP = """\
settings:
  - name: api_key
    type: secret-input
    required: true
    label: {en_US: API key, zh_Hans: 密钥}
    help: {en_US: From your account's page}
    placeholder: {en_US: starts with key-, zh_Hans: 以 key- 开头}
  - {name: token, type: secret-input, required: true, label: {en_US: Token}}
  - name: mode
    type: select
    options: [{value: "on", label: {en_US: On}}, {value: "off", label: {en_US: Off}}]
    label: {en_US: Mode}
  - {name: loud, type: boolean, label: {en_US: Loud}}
  - {name: plain, type: text-input, label: {en_US: Plain}}
endpoints:
  - {path: /digest, method: GET, extra: {python: {source: endpoints/digest.py}}}
  - {path: /raise, method: GET, extra: {python: {source: endpoints/raise.py}}}
"""
CONFIGURATION = """\
[settings]
api_key = {ssm = "/keeper/api_key"}
token = {secret = "keeper", key = "token"}
mode = {ssm = "/keeper/mode"}
loud = {secret = "keeper", key = "loud"}
plain = {env = "KEEPER_PLAIN"}
"""
DIGEST = '''\
"""Gives the settings: secrets by their digests alone."""

import hashlib
import json

from dify_plugin import Endpoint
from werkzeug import Response


class Digest(Endpoint):
    def _invoke(self, r, values, settings):
        for name in ("api_key", "token"):
            settings[name] = hashlib.sha256(settings[name].encode()).hexdigest()
        return Response(json.dumps(settings), content_type="application/json")
'''
RAISE = '''\
"""Raises, with secrets in the message, in several spellings."""

import json

from dify_plugin import Endpoint


class Raise(Endpoint):
    def _invoke(self, r, values, settings):
        raise RuntimeError(settings, json.dumps(settings), settings["api_key"].encode())
'''
FILES: dict[str, str | bytes | None] = {
    "manifest.yaml": MANIFEST,
    "group/keeper.yaml": GROUP,
    "group/tiny.yaml": None,
    "packager.toml": CONFIGURATION,
    "endpoints/digest.py": DIGEST,
    "endpoints/raise.py": RAISE,
    "endpoints/duck.py": None,
    "endpoints/duck.yaml": None,
}

# Settings for runs on this machine, and what the endpoint /digest says of them.
KEY, TOKEN = "key-of-the-keeper-1", 'token "2" of\nthe kéeper'
LOCAL = f"""\
[settings]
api_key = {json.dumps(KEY)}
mode = "on"

[groups.keeper.settings]
token = {json.dumps(TOKEN)}
loud = true
"""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


SEEN = {"api_key": digest(KEY), "token": digest(TOKEN), "mode": "on", "loud": True}
NO_AWS = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
