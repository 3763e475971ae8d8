"""Reads or deletes one value of a deployed plugin's storage, by the runtime's own code.

Run as a script by the tool's own Python (`python -I -B stored_value.py`). Standard input has one
JSON object: `runtime`, the folder of the runtime's packages; `kind` ("dynamodb" or "s3") and
`options`, as a bundle has them; `operation` ("get" or "delete") and `key`. The environment has
credentials, the region, and the name of the table or bucket. Standard output gets the value's
bytes; the exit code is 3 for a key without one.
"""

from __future__ import annotations

import importlib
import json
import sys

MISSING = 3


def main() -> None:
    """Do what is asked."""
    question = json.loads(sys.stdin.buffer.read())
    sys.path.insert(0, question["runtime"])
    module = importlib.import_module(f"endpoint_runtime.storage.{question['kind']}")
    storage = module.open_storage(question["options"])
    if question["operation"] == "delete":
        storage.delete(question["key"])
        return
    value = storage.get(question["key"])
    if value is None:
        sys.exit(MISSING)
    sys.stdout.buffer.write(value)


if __name__ == "__main__":
    main()
