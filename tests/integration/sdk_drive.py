"""Runs under the real dify_plugin SDK: answers requests as Dify's plugin runtime does.

    python sdk_drive.py PLUGIN REQUESTS.json REPLIES.json

A request is {"raw": the HTTP request in hex, "settings"}, a reply {"status", "headers", "body"},
the body in hex. `error` says what escaped the SDK's own handling of errors, instead of these or of
the rest of a stream. What endpoints call back to is at DIFY_PLUGIN_DAEMON_URL.
"""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

plugin, requests, replies = sys.argv[1:]
requests, replies = str(Path(requests).resolve()), str(Path(replies).resolve())
os.chdir(plugin)
sys.path.insert(0, str(Path.cwd()))

from dify_plugin.core.entities.plugin.request import (  # type: ignore[import-not-found]  # noqa: E402
    EndpointInvokeRequest,
)
from dify_plugin.core.plugin_executor import PluginExecutor  # type: ignore[import-not-found]  # noqa: E402
from dify_plugin.core.plugin_registration import (  # type: ignore[import-not-found]  # noqa: E402
    PluginRegistration,
)
from dify_plugin.core.server.tcp.request_reader import (  # type: ignore[import-not-found]  # noqa: E402
    TCPReaderWriter,
)

from dify_plugin import DifyPluginEnv  # noqa: E402
from dify_plugin.config.config import InstallMethod  # noqa: E402
from dify_plugin.core.runtime import Session  # noqa: E402

config = DifyPluginEnv()
executor = PluginExecutor(config, PluginRegistration(config))
pool = ThreadPoolExecutor()
nowhere = TCPReaderWriter(host="", port=0, key="")


def answer(sent: dict[str, Any]) -> dict[str, Any]:
    """Answer one request, and wait for the threads that it started."""
    before = set(threading.enumerate())
    session = Session(
        session_id="session",
        executor=pool,
        reader=nowhere,
        writer=nowhere,
        install_method=InstallMethod.Serverless,
        dify_plugin_daemon_url=config.DIFY_PLUGIN_DAEMON_URL,
    )
    request = EndpointInvokeRequest(settings=sent["settings"], raw_http_request=sent["raw"])
    reply: dict[str, Any] = {}
    try:
        for part in executor.invoke_endpoint(session, request):
            if "status" in part:
                reply = {"status": part["status"], "headers": list(part["headers"].items())}
            reply["body"] = reply.get("body", "") + part.get("result", "")
    except Exception as error:
        reply["error"] = f"{type(error).__name__}: {error}"
    for thread in set(threading.enumerate()) - before:
        thread.join(sent.get("patience", 20))
    return reply


answers = [answer(sent) for sent in json.loads(Path(requests).read_text(encoding="utf-8"))]
Path(replies).write_text(json.dumps(answers), encoding="utf-8")
