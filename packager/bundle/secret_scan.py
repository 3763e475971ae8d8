"""Looks for known secrets in what a build made, however they are spelt there.

How they may be spelt is said in one place, which is the runtime's: what is masked in a log is what
is found in a bundle. This loads that piece of the runtime, which needs nothing of a bundle.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Protocol, cast

from packager.bundle.known_secrets import KnownSecret
from packager.contract import SEARCH, template_folder
from packager.errors import PackagerError

_LOADED_AS = "packager._secret_search"


class SecretSearch(Protocol):
    """The class of that name in the runtime."""

    def add(self, secret: str) -> None:
        """Look for `secret`, too."""

    def find(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Return the number of each secret in `data`, counted as they were added, and its place."""


def refuse_leaks(folder: Path, secrets: Sequence[KnownSecret]) -> None:
    """Raise `PackagerError` (exit code 1) where a file below `folder` holds one of `secrets`.

    The message names files and where the secret is known from, never the value.
    """
    if secrets:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        beside = folder.parent
        refuse_leaks_in(
            ((path.relative_to(beside).as_posix(), path.read_bytes()) for path in files), secrets
        )


def refuse_leaks_in(files: Iterable[tuple[str, bytes]], secrets: Sequence[KnownSecret]) -> None:
    """Do so for files given as names and contents."""
    if not secrets:
        return
    search = search_for([secret.value for secret in secrets])
    found = [
        f"{name} holds the value of {secrets[number].origin}"
        for name, content in files
        for number in sorted(
            {
                each[0]
                for data in (name.encode("utf-8", "surrogateescape"), content)
                for each in search.find(data)
            }
        )
    ]
    if found:
        raise PackagerError(
            "a secret is in what was built: " + "; ".join(found),
            hint="take it out of the plugin's files or leave the file out (`exclude`); if it is no "
            "secret, call it something else in .env, or give it a value that is not a common word",
        )


def search_for(values: Iterable[str]) -> SecretSearch:
    """Return what finds `values` in bytes, in all the spellings that the log's mask knows."""
    search = _search_class()()
    for value in values:
        search.add(value)
    return search


@cache
def _search_class() -> type[SecretSearch]:
    folder = template_folder() / SEARCH
    spec = spec_from_file_location(
        _LOADED_AS, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None  # noqa: S101 - it is a file of ours
    module = sys.modules[_LOADED_AS] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("type[SecretSearch]", module.SecretSearch)
