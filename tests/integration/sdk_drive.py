"""Runs under the real dify_plugin SDK: answers requests as Dify's plugin runtime does.

    python sdk_drive.py PLUGIN REQUESTS.json REPLIES.json

A request is {"raw": the HTTP request in hex, "settings"}, a reply {"status", "headers", "body"}.
"""

import json
import os
import sys
from pathlib import Path

plugin, requests, replies = sys.argv[1:]
requests, replies = str(Path(requests).resolve()), str(Path(replies).resolve())
os.chdir(plugin)
sys.path.insert(0, str(Path.cwd()))

from dify_plugin.core.plugin_registration import (  # type: ignore[import-not-found]  # noqa: E402
    PluginRegistration,
)
from werkzeug.test import EnvironBuilder  # noqa: E402
from werkzeug.wrappers import Request  # noqa: E402

from dify_plugin import DifyPluginEnv  # noqa: E402
from dify_plugin.core.runtime import Session  # noqa: E402

registration = PluginRegistration(DifyPluginEnv())
answers = []
for sent in json.loads(Path(requests).read_text(encoding="utf-8")):
    builder = EnvironBuilder(sent["path"], method=sent["method"], data=sent["body"].encode())
    request = Request(builder.get_environ())
    cls, values = registration.dispatch_endpoint_request(request)
    response = cls(Session.empty_session()).invoke(request, values, sent["settings"])
    answers.append(
        {
            "status": response.status_code,
            "headers": [list(pair) for pair in response.get_wsgi_headers(request.environ)],
            "body": response.get_data(as_text=True),
        }
    )
Path(replies).write_text(json.dumps(answers), encoding="utf-8")
