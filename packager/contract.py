"""What the tool and a bundle's runtime have to agree on: paths, variables, handlers, the format.

The runtime (`handler_template`) is never imported here and has its own of each, as it can import
nothing of the tool; a test compares them (`tests/unit/test_contract.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import packager
from packager.model.options import Adapter, Entry

# Where Lambda unpacks a function's bundle ("Lambda execution environment").
TASK_ROOT = "/var/task"

# Paths in a bundle.
LITERALS = "endpoint_runtime/_bundle.py"
FORMAT = 1  # of the literals
CODE_ARCHIVE = "endpoint_runtime/code.bin"
SEARCH = "endpoint_runtime/secret_search"
PROGRAM = "start_fast"  # at the root: the fast entry

ENTRIES: tuple[Entry, ...] = get_args(Entry)
# Lambda runs the program that this variable names, with the interpreter and its arguments (AWS
# Lambda, "Modifying the runtime environment", wrapper scripts).
WRAPPER_VARIABLE = "AWS_LAMBDA_EXEC_WRAPPER"
WRAPPER = f"{TASK_ROOT}/{PROGRAM}"

# What each `adapter` means: the handler that Lambda calls, as a dotted name in the bundle, ...
HANDLERS: Mapping[Adapter, str] = {
    "native": "endpoint_runtime.lambda_handler.handler",
    "mangum": "endpoint_runtime.adapters.mangum.handler",
    "aws-wsgi": "endpoint_runtime.adapters.aws_wsgi.handler",
}
# ... and the distributions that it needs, as the extras of the tool name them.
DISTRIBUTIONS: Mapping[Adapter, tuple[str, ...]] = {
    "native": (),
    "mangum": ("a2wsgi", "mangum"),
    "aws-wsgi": ("aws-wsgi",),
}

# Environment variables of a function: the template sets these, ...
TABLE_VARIABLE = "PACKAGER_STORAGE_TABLE"
BUCKET_VARIABLE = "PACKAGER_STORAGE_BUCKET"
EVENTS_VARIABLE = "PACKAGER_EVENTS"  # ARNs of the queues and topics that its events come from
# ... this one tells AWS's extension and the runtime where the extension listens, ...
EXTENSION_PORT_VARIABLE = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
# ... and runs on this machine have these.
SETTINGS_VARIABLE = "PACKAGER_LOCAL_SETTINGS"  # a JSON object, in place of what is in AWS
APPS_VARIABLE = "PACKAGER_LOCAL_APPS"  # likewise, of API keys by app id
STORAGE_VARIABLE = "PACKAGER_STORAGE"  # a file
DIFY_VARIABLE = "PACKAGER_DIFY"  # where Dify's stand-in answers

# The file of a plugin's folder that settings and keys of apps are then from.
LOCAL_SETTINGS = "settings.local.toml"


def template_folder() -> Path:
    """Return the folder whose contents every bundle's root holds, in a wheel or in the
    repository."""
    package = Path(packager.__file__).parent
    inside = package / "handler_template"
    return inside if inside.is_dir() else package.parent / "handler_template"
