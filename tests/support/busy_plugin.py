"""A plugin whose endpoints stream, take their time, end their process, and take events."""

from __future__ import annotations

MANIFEST = """\
version: 0.0.1
type: plugin
author: packager
name: busy
description:
  en_US: Endpoints that take their time
plugins:
  endpoints:
    - group/busy.yaml
"""
GROUP = """\
settings:
  - name: token
    type: secret-input
    label: {en_US: Token}
endpoints:
  - {path: /stream/<int:pieces>, method: GET, extra: {python: {source: endpoints/busy.py}}}
  - {path: /sleep/<name>, method: GET, extra: {python: {source: endpoints/busy.py}}}
  - {path: /exit, method: GET, extra: {python: {source: endpoints/busy.py}}}
  - {path: /late, method: GET, extra: {python: {source: endpoints/busy.py}}}
  - {path: /child, method: GET, extra: {python: {source: endpoints/busy.py}}}
  - {path: /seen, method: POST, extra: {python: {source: endpoints/busy.py}}}
  - {path: /cookies, method: GET, extra: {python: {source: endpoints/busy.py}}}
  - {path: /write, method: GET, extra: {python: {source: endpoints/busy.py}}}
"""
CONFIGURATION = """\
stream = true
api = "url"
timeout = 3

[settings]
token = { env = "BUSY_TOKEN" }

[[events]]
source = "sqs"
path = "/seen"

[[events]]
source = "schedule"
path = "/seen"
expression = "rate(1 minute)"
input = { tick = true }
"""
SOURCE = '''\
"""All of it, by the path."""

import json
import os
import subprocess
import sys
import threading
import time

from dify_plugin import Endpoint
from werkzeug import Response


class Busy(Endpoint):
    def _invoke(self, r, values, settings):
        kind = r.path.split("/")[1]
        return getattr(self, kind)(r, values, settings)

    def stream(self, r, values, settings):
        def pieces():
            for number in range(values["pieces"]):
                yield f"{number} {time.time()}\\n"
                time.sleep(float(r.args.get("pause", "0.02")))
            if "broken" in r.args:
                raise ValueError("no luck")

        return Response(pieces(), content_type="text/plain")

    def sleep(self, r, values, settings):
        print("sleeping", values["name"], flush=True)
        time.sleep(float(r.args.get("seconds", "0.2")))
        return Response(json.dumps({"name": values["name"], "pid": os.getpid()}))

    def exit(self, r, values, settings):
        os._exit(7)

    def late(self, r, values, settings):
        def work():
            time.sleep(0.5)
            print("done late", flush=True)

        threading.Thread(target=work).start()
        return Response("soon")

    def child(self, r, values, settings):
        sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = subprocess.Popen(sleep)
        session = subprocess.Popen(sleep, env={}, start_new_session=True)
        return Response(f"{os.getpid()} {child.pid} {session.pid}")

    def seen(self, r, values, settings):
        print("seen", r.get_data(as_text=True), settings["token"], flush=True)
        return Response("", 204)

    def cookies(self, r, values, settings):
        response = Response(json.dumps(dict(r.cookies)))
        response.set_cookie("mine", "1")
        response.set_cookie("packager_console", "stolen")
        return response

    def write(self, r, values, settings):
        with open(__file__, "a"):
            return Response("written")
'''
FILES = {
    "manifest.yaml": MANIFEST,
    "group/busy.yaml": GROUP,
    "endpoints/busy.py": SOURCE,
    "packager.toml": CONFIGURATION,
    "requirements.txt": "dify_plugin\n",
    "group/tiny.yaml": None,
    "endpoints/duck.yaml": None,
    "endpoints/duck.py": None,
}
