"""Which imports of a plugin's own modules may wait until what they bind is used.

Importing one of these later changes nothing that code could rely on: none registers anything,
starts anything, patches others, or reads what the plugin may change meanwhile, but for the
environment: where a plugin changes that, no package waits. What is not here (fastmcp sets up log
handlers and warning filters), and every module of the plugin's own, is imported where it says so.
"""

from __future__ import annotations

from collections.abc import Mapping

# Top-level import names, whatever the version.
MODULES = (
    *("annotated_types", "anthropic", "anyio", "boto3", "botocore", "bs4", "cachetools", "certifi"),
    *("charset_normalizer", "Crypto", "Cryptodome", "cryptography", "dateutil", "flask"),
    *("h11", "httpcore", "httpx", "idna", "itsdangerous", "jinja2", "jwt", "linebot", "markdown"),
    *("mcp", "nacl", "openai", "pydantic", "pytz", "redis", "requests", "requests_toolbelt"),
    *("s3transfer", "slack_bolt", "slack_sdk", "sqlalchemy", "tenacity", "typing_extensions"),
    *("urllib3", "xmltodict", "yaml"),
)
# Modules of the standard library that are imported at once all the same: a cold start has these
# anyway, or importing them does something.
EAGER = (
    *("__future__", "_thread", "abc", "builtins", "codecs", "collections", "collections.abc"),
    *("errno", "io", "itertools", "operator", "os", "os.path", "posix", "posixpath", "stat"),
    *("sys", "time"),
    *("__main__", "antigravity", "idlelib", "readline", "rlcompleter", "site", "sitecustomize"),
    *("this", "tkinter", "turtle", "turtledemo", "usercustomize"),
)

RULES: Mapping[str, object] = {"modules": MODULES, "library": True, "eager": EAGER}
