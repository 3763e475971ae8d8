"""Runs on a bundle: sends requests to its WSGI application, one after the other, in one process.

    python -I drive.py BUNDLE REQUESTS.json REPLIES.json

A request is {"method", "path", "headers", "body"}, a reply {"status", "headers", "body"}: bodies in
base64, headers as lists of pairs.
"""

import base64
import json
import sys
from pathlib import Path

bundle, requests, replies = sys.argv[1:]
sys.path.insert(0, bundle)

from werkzeug.test import Client  # noqa: E402

from endpoint_runtime.lambda_handler import application  # noqa: E402

client = Client(application)
answers = []
for request in json.loads(Path(requests).read_text(encoding="utf-8")):
    response = client.open(
        request["path"],
        method=request["method"],
        headers=request["headers"],
        data=base64.b64decode(request["body"]),
    )
    answers.append(
        {
            "status": response.status_code,
            "headers": list(response.headers),
            "body": base64.b64encode(response.get_data()).decode(),
        }
    )
Path(replies).write_text(json.dumps(answers), encoding="utf-8")
