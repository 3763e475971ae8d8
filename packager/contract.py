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
OTHER_PLUGINS = "other_plugins"  # a folder for each plugin whose tools run in the function
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
ENDPOINTS_VARIABLE = "PACKAGER_ENDPOINTS"  # the table of managed endpoints, or their prefix
ENDPOINTS_KEY_VARIABLE = "PACKAGER_ENDPOINTS_KEY"  # what the check in hook ids is made with
ENDPOINTS_SECRET_VARIABLE = "PACKAGER_ENDPOINTS_SECRET"  # noqa: S105 - ARN of what they seal with
# ... of deferred routes the URLs of the queues, the standard one and the FIFO one, ...
QUEUE_VARIABLE = "PACKAGER_DEFERRED_QUEUE"
ORDERED_QUEUE_VARIABLE = "PACKAGER_ORDERED_QUEUE"
# ... and, in the worker alone, of their dead-letter queues; ...
DEAD_QUEUE_VARIABLE = "PACKAGER_DEFERRED_DEAD_QUEUE"
ORDERED_DEAD_QUEUE_VARIABLE = "PACKAGER_ORDERED_DEAD_QUEUE"
CLAIMS_VARIABLE = "PACKAGER_DEFERRED_TABLE"  # the table of who works on what
PARKED_VARIABLE = "PACKAGER_DEFERRED_BUCKET"  # of what no message can hold
# ... this one tells AWS's extension and the runtime where the extension listens, ...
EXTENSION_PORT_VARIABLE = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
# ... and runs on this machine have these.
SETTINGS_VARIABLE = "PACKAGER_LOCAL_SETTINGS"  # a JSON object, in place of what is in AWS
APPS_VARIABLE = "PACKAGER_LOCAL_APPS"  # likewise, of API keys by app id
KEYS_VARIABLE = "PACKAGER_LOCAL_KEYS"  # likewise, of the keys of what answers calls, by name
STORAGE_VARIABLE = "PACKAGER_STORAGE"  # a file
DIFY_VARIABLE = "PACKAGER_DIFY"  # where Dify's stand-in answers
LOCAL_QUEUE_VARIABLE = "PACKAGER_DEFERRED_LOCAL"  # where the queues of this machine answer
LOCAL_ENDPOINTS_VARIABLE = "PACKAGER_LOCAL_ENDPOINTS"  # a file, in place of any other store
# A provider's function that takes no webhooks: it calls the constructor, or renews subscriptions.
SUBSCRIPTIONS_VARIABLE = "PACKAGER_SUBSCRIPTIONS"
CONSTRUCT, RENEW = "construct", "renew"

# Managed endpoints: what goes before a hook id in a URL, ...
ENDPOINTS_PATH = "/e/"
# ... the hook id: random characters and then those of the check, all of one alphabet, ...
HOOK_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
HOOK_ID_RANDOM, HOOK_ID_CHECK = 16, 8  # characters
# ... keys of the store besides the ids: of what answers at the root, and of each name, ...
ROOT_ITEM = "root"
NAME_ITEM = "name:"  # DynamoDB: the name follows
NAME_PARAMETER = "names/"  # SSM: the start of the SHA-256 of the name in UTF-8 follows, in hex
NAME_DIGITS = 32
# ... and how secret settings are sealed.
SEAL_VERSION = 1
SEAL_ENCRYPTION = "packager endpoint enc 1"
SEAL_AUTHENTICATION = "packager endpoint mac 1"
SEAL_NONCE, SEAL_TAG = 24, 32  # bytes
# Subscriptions: which of their values are sealed, which of these the log is kept free of, ...
SUBSCRIPTION_SECRET = ("credentials", "secret_properties", "oauth_client")
SUBSCRIPTION_SEALED = ("parameters", "properties", *SUBSCRIPTION_SECRET)
# ... what the name of an undeclared property has in it, if that is secret, ...
SECRET_WORDS = ("secret", "token", "password", "key")
# ... and the key of an event that asks for a call of the constructor.
CONSTRUCTOR_KEY = "packager.constructor"
# The key of an event in the queue that says which event of a provider starts which app.
TRIGGER_KEY = "packager.trigger"
# Deferred routes: the format of their messages.
MESSAGE_FORMAT = 1
# Metadata of the function in the template: the group's declaration.
ENDPOINTS_METADATA = "PackagerEndpoints"
ENDPOINTS_METADATA_FORMAT = 1

# The file of a plugin's folder that settings and keys of apps are then from.
LOCAL_SETTINGS = "settings.local.toml"


def template_folder() -> Path:
    """Return the folder whose contents every bundle's root holds, in a wheel or in the
    repository."""
    package = Path(packager.__file__).parent
    inside = package / "handler_template"
    return inside if inside.is_dir() else package.parent / "handler_template"
