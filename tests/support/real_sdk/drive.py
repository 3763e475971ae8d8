"""Runs under the real dify_plugin SDK: answers requests as Dify's plugin runtime does.

    python drive.py REQUESTS.json REPLIES.json, in the plugin's folder

A request is {"raw": the HTTP request in hex, "settings"}, a reply {"status", "headers", "body"},
the body in hex. `error` says what escaped the SDK's own handling of errors, instead of these or of
the rest of a stream. What endpoints call back to is at DIFY_PLUGIN_DAEMON_URL.
"""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dify_plugin.core.entities.plugin.request import (  # type: ignore[import-not-found]
    EndpointInvokeRequest,
)
from dify_plugin.core.plugin_executor import PluginExecutor  # type: ignore[import-not-found]
from dify_plugin.core.plugin_registration import (  # type: ignore[import-not-found]
    PluginRegistration,
)
from dify_plugin.core.server.tcp.request_reader import (  # type: ignore[import-not-found]
    TCPReaderWriter,
)

from dify_plugin import DifyPluginEnv
from dify_plugin.config.config import InstallMethod
from dify_plugin.core.runtime import Session

pool = ThreadPoolExecutor()


def answer(executor: PluginExecutor, config: DifyPluginEnv, sent: dict[str, Any]) -> dict[str, Any]:
    """Answer one request, and wait for the threads that it started."""
    nowhere = TCPReaderWriter(host="", port=0, key="")
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


def main() -> None:
    requests, replies = map(Path, sys.argv[1:])
    sys.path.insert(0, str(Path.cwd()))
    config = DifyPluginEnv()
    executor = PluginExecutor(config, PluginRegistration(config))
    sent = json.loads(requests.read_text(encoding="utf-8"))
    answers = [answer(executor, config, each) for each in sent]
    replies.write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main()
