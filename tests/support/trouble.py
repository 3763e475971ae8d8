"""A plugin whose endpoints misbehave, as files for `write_plugin`."""

from __future__ import annotations

MANIFEST = """\
version: 0.0.1
type: plugin
author: packager
name: trouble
description:
  en_US: Endpoints that misbehave
plugins:
  endpoints:
    - group/trouble.yaml
"""
GROUP = """\
settings:
  - name: token
    type: secret-input
    label: {en_US: Token}
endpoints:
  - {path: /raise, method: GET, extra: {python: {source: endpoints/raise.py}}}
  - {path: /exit, method: GET, extra: {python: {source: endpoints/exit.py}}}
  - {path: /sleep, method: GET, extra: {python: {source: endpoints/sleep.py}}}
  - {path: /seen, method: GET, extra: {python: {source: endpoints/seen.py}}}
  - {path: /log, method: GET, extra: {python: {source: endpoints/log.py}}}
"""
CONFIGURATION = """\
[settings]
token = { env = "TROUBLE_TOKEN" }
"""
RAISE = '''\
"""Raises, with something in the message that no caller may see."""

from dify_plugin import Endpoint


class Raise(Endpoint):
    def _invoke(self, r, values, settings):
        raise RuntimeError(f"not for callers: {settings['token']}")
'''
EXIT = '''\
"""Ends the process."""

import os

from dify_plugin import Endpoint


class Exit(Endpoint):
    def _invoke(self, r, values, settings):
        print("going", flush=True)
        os._exit(7)
'''
SLEEP = '''\
"""Takes longer than the function may, and has a child that does too."""

import os
import subprocess
import time

from dify_plugin import Endpoint


class Sleep(Endpoint):
    def _invoke(self, r, values, settings):
        child = subprocess.Popen(["sleep", "60"])
        print(f"waiting as {os.getpid()} with {child.pid}", flush=True)
        time.sleep(60)
'''
SEEN = '''\
"""Tells what a plugin's code sees."""

import builtins
import json
import os
import sys

from dify_plugin import Endpoint
from werkzeug import Response


class Seen(Endpoint):
    def _invoke(self, r, values, settings):
        seen = {
            "path": sys.path,
            "folder": os.getcwd(),
            "environment": dict(os.environ),
            "exit": [name for name in ("exit", "quit") if hasattr(builtins, name)],
            "modules": {
                name: module.__file__
                for name, module in sys.modules.items()
                if getattr(module, "__file__", None)
            },
        }
        return Response(json.dumps(seen), content_type="application/json")
'''
LOG = '''\
"""Logs in every way there is, and the secret with it."""

import logging
import sys

from dify_plugin import Endpoint
from dify_plugin.config.logger_format import plugin_logger_handler
from werkzeug import Response

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)
logger.addHandler(plugin_logger_handler)
own = logging.getLogger("own")
own.propagate = False
own.addHandler(logging.StreamHandler(sys.stdout))


class Log(Endpoint):
    def _invoke(self, r, values, settings):
        token = settings["token"]
        logger.info("by the SDK's handler, %s", token)
        logging.getLogger("plain").info("by none, %s", token)
        own.warning("by its own, %s", token)
        print("printed,", token)
        try:
            raise RuntimeError(f"raised, {token}")
        except RuntimeError:
            logger.exception("caught")
        return Response("logged")
'''
FILES: dict[str, str | None] = {
    "manifest.yaml": MANIFEST,
    "group/trouble.yaml": GROUP,
    "group/tiny.yaml": None,
    "packager.toml": CONFIGURATION,
    "endpoints/raise.py": RAISE,
    "endpoints/exit.py": EXIT,
    "endpoints/sleep.py": SLEEP,
    "endpoints/seen.py": SEEN,
    "endpoints/log.py": LOG,
    "endpoints/duck.py": None,
    "endpoints/duck.yaml": None,
}
