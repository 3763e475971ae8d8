"""Writes small plugins for tests: a sound one, less or more whatever a test changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

MANIFEST = """\
version: 0.0.1
type: plugin
author: me
name: tiny
description:
  en_US: A tiny plugin.
plugins:
  endpoints:
    - group/tiny.yaml
"""
GROUP = """\
settings:
  - name: api_key
    type: secret-input
    required: true
endpoints:
  - endpoints/duck.yaml
"""
ENDPOINT = """\
path: /duck/<app_id>
method: GET
extra:
  python:
    source: endpoints/duck.py
"""
SOURCE = """\
from dify_plugin import Endpoint

class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        return None
"""
SOUND = {
    "manifest.yaml": MANIFEST,
    "group/tiny.yaml": GROUP,
    "endpoints/duck.yaml": ENDPOINT,
    "endpoints/duck.py": SOURCE,
}


def write_plugin(root: Path, changes: Mapping[str, str | bytes | None] | None = None) -> Path:
    """Write the sound plugin into `root`, with `changes` (None: not that file); return `root`."""
    for name, content in {**SOUND, **(changes or {})}.items():
        if content is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
    return root
