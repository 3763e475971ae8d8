"""A plugin with one deferred route: checked by a token, known by an id, tried again on demand."""

from __future__ import annotations

FILES = {
    "endpoints/duck.yaml": """\
        path: /hook
        method: POST
        extra:
          python:
            source: endpoints/duck.py
        """,
    "endpoints/duck.py": """\
        import os
        from dify_plugin import Endpoint
        from werkzeug import Response

        class Duck(Endpoint):
            def _invoke(self, r, values, settings):
                document = r.get_json()
                tries = r.environ.get("lambda.deferred", {}).get("tries")
                print("works on", document["id"], "try", tries, flush=True)
                if document.get("kill") and tries == 1:
                    return Response(status=503)
                return Response("inline")
        """,
    "signature.py": """\
        def check(request, settings):
            return request.headers.get("X-Token") == settings["api_key"]
        """,
    "packager.toml": """\
        [[deferred]]
        path = "/hook"
        status = 202
        verify = "signature:check"
        inline_when = [{pointer = "/type", equals = "challenge"}]
        dedupe = {pointer = "/id"}

        [worker]
        first_wait = 0

        [settings]
        api_key = {env = "TINY_KEY"}
        """,
}
