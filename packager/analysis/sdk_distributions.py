"""Knows what the Dify SDK brings along, which plugins import without naming it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Protocol

SDK = "dify-plugin"  # normalised

# Import name -> distribution, over every release of dify_plugin from 0.0.1b57 to 0.10 (their
# metadata on the package index) and what these need in turn.
DISTRIBUTIONS: Mapping[str, str] = {
    "annotated_types": "annotated-types",
    "anyio": "anyio",
    "blinker": "blinker",
    "certifi": "certifi",
    "charset_normalizer": "charset-normalizer",
    "click": "click",
    "dotenv": "python-dotenv",
    "dpkt": "dpkt",
    "flask": "flask",
    "gevent": "gevent",
    "greenlet": "greenlet",
    "h11": "h11",
    "httpcore": "httpcore",
    "httpx": "httpx",
    "idna": "idna",
    "itsdangerous": "itsdangerous",
    "jinja2": "jinja2",
    "markupsafe": "markupsafe",
    "multidict": "multidict",
    "packaging": "packaging",
    "propcache": "propcache",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic-core",
    "pydantic_settings": "pydantic-settings",
    "pydub": "pydub",
    "regex": "regex",
    "requests": "requests",
    "sniffio": "sniffio",
    "socksio": "socksio",
    "tiktoken": "tiktoken",
    "typing_extensions": "typing-extensions",
    "typing_inspection": "typing-inspection",
    "urllib3": "urllib3",
    "werkzeug": "werkzeug",
    "yaml": "pyyaml",
    "yarl": "yarl",
    "zope.event": "zope-event",
    "zope.interface": "zope-interface",
}

# What of that set is heavy, compiled and of no use outside the SDK: left out of the resolution
# unless the plugin wants it, so that an old pin without a wheel for the target stops nothing.
HEAVY = ("gevent", "tiktoken")

# Nobody names these, which only gevent needs: a file that does is a whole environment's listing
# (`pip freeze`), and what it says of the SDK's set are pins rather than wishes.
_FREEZE_SIGNS = frozenset({"greenlet", "zope-event", "zope-interface"})

# What the SDK's modules hold of pydantic's, and plugins take from them.
PYDANTIC_NAMES = frozenset(
    {
        *("BaseModel", "ConfigDict", "Field", "JsonValue", "PositiveInt", "ValidationInfo"),
        *("field_serializer", "field_validator", "model_validator"),
    }
)

_TEST_FOLDERS = frozenset({"test", "tests"})


def only_for_sdk(names: Iterable[str], imported: Iterable[str]) -> frozenset[str]:
    """Return which of the declared `names` are there for the SDK alone.

    None are, unless the plugin declares a whole environment's listing: then those of the SDK's set
    that its code does not import. They are normalised names, as `imported` are.
    """
    declared = frozenset(names)
    if SDK not in declared or not declared >= _FREEZE_SIGNS:
        return frozenset()
    return declared & {*DISTRIBUTIONS.values(), "setuptools"} - {*imported}


class _Import(Protocol):
    @property
    def module(self) -> str: ...

    @property
    def names(self) -> Iterable[str]: ...


class _Facts(Protocol):
    @property
    def imports(self) -> Iterable[_Import]: ...


def imported_distributions(facts: Mapping[str, _Facts]) -> frozenset[str]:
    """Return the distributions of the SDK's set that a plugin's code imports.

    `facts` has an entry for each of the plugin's Python files, by posix path relative to its root.
    `main.py` (it starts the SDK's own server) and tests count for nothing; a module or regular
    package of the plugin's own hides a distribution of that name, as it does on `sys.path`.
    """
    own = own_modules(facts)
    found: set[str | None] = set()
    for path, fact in facts.items():
        if not serves_requests(path):
            continue
        for imported in fact.imports:
            parts = imported.module.split(".")
            if parts[0] not in own:
                if parts[0] == "dify_plugin" and PYDANTIC_NAMES.intersection(imported.names):
                    found.add("pydantic")
                found.add(DISTRIBUTIONS.get(parts[0]) or DISTRIBUTIONS.get(".".join(parts[:2])))
    return frozenset(name for name in found if name)


def own_modules(files: Iterable[str]) -> frozenset[str]:
    """Return the modules and regular packages at a plugin's root, of its Python files."""
    top = [path for path in files if "/" not in path or path.endswith("/__init__.py")]
    return frozenset(
        path.removesuffix("/__init__.py").removesuffix(".py") for path in top if path.count("/") < 2
    )


def serves_requests(path: str) -> bool:
    """Return whether a Python file of a plugin may run in a function: not `main.py`, not a test."""
    parts = PurePosixPath(path).parts
    name = parts[-1]
    is_test = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
    return path != "main.py" and not is_test and not _TEST_FOLDERS & set(parts[:-1])
