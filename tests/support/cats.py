"""A plugin whose endpoints are managed, as files for `write_plugin`."""

from __future__ import annotations

MANIFEST = """\
version: 0.0.1
type: plugin
author: packager
name: cats
label: {en_US: Cats, ja_JP: 猫}
description:
  en_US: Says how it is configured
plugins:
  endpoints:
    - group/cats.yaml
"""
GROUP = """\
settings:
  - name: api_key
    type: secret-input
    required: true
    label: {en_US: API key, ja_JP: 鍵}
    help: {en_US: From your account's page}
    placeholder: {en_US: starts with key-}
    url: https://cats.example.com/keys
  - {name: greeting, type: text-input, default: Nyan, label: {en_US: What the cat says}}
  - name: colour
    type: select
    options: [{value: orange, label: {en_US: Orange}}, {value: g, label: {en_US: Grey}}]
    label: {en_US: Colour}
  - {name: app, type: app-selector, label: {en_US: App}}
  - {name: loud, type: boolean, label: {en_US: Loud}}
  - {name: token, type: secret-input, label: {en_US: Token}}
endpoints:
  - {path: /, method: GET, extra: {python: {source: endpoints/cat.py}}}
  - {path: /cats/<int:number>, method: POST, extra: {python: {source: endpoints/cat.py}}}
  - {path: /debug, method: GET, hidden: true, extra: {python: {source: endpoints/cat.py}}}
"""
CAT = '''\
"""Gives the settings: secrets by their digests alone."""

import hashlib
import json

from dify_plugin import Endpoint
from werkzeug import Response


class Cat(Endpoint):
    def _invoke(self, r, values, settings):
        for name in ("api_key", "token"):
            if name in settings:
                settings[name] = hashlib.sha256(settings[name].encode()).hexdigest()
        return Response(json.dumps(settings), content_type="application/json")
'''
FILES: dict[str, str | bytes | None] = {
    "manifest.yaml": MANIFEST,
    "group/cats.yaml": GROUP,
    "group/tiny.yaml": None,
    "packager.toml": 'endpoints = "managed"\n',
    "endpoints/cat.py": CAT,
    "endpoints/duck.py": None,
    "endpoints/duck.yaml": None,
}
