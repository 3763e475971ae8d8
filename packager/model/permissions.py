"""Says what whoever builds allows a plugin, and what a plugin may do without being asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from packager.dataclass import dataclass

Mode = Literal["refuse", "isolated", "trusted"]
MODES: tuple[Mode, ...] = ("refuse", "isolated", "trusted")
EVERYTHING = "all"
# The environment variables that are the options --source-builds and --requirements-env.
BUILDS_VARIABLE, NAMES_VARIABLE = "PACKAGER_SOURCE_BUILDS", "PACKAGER_REQUIREMENTS_ENV"
INDEX = "index"  # the key under which places to get packages from are allowed


@dataclass(frozen=True, slots=True)
class SourcePolicy:
    """Whether sources are built, and how: see docs/security.md.

    `named` says that it also holds for what the plugin brings along or gives an address of, not
    only for what an index has. `inside` says that paths must not leave the plugin.
    """

    mode: Mode = "isolated"
    named: bool = True
    inside: bool = False
    addresses: bool = True


@dataclass(frozen=True, slots=True)
class Permissions:
    """What was allowed on the command line or by the user's own environment.

    `variables` are those that a plugin's requirements may have; `config` are the keys that a
    package's own configuration may set, as it names them.
    """

    source_builds: Mode | None = None
    variables: frozenset[str] = frozenset()
    config: frozenset[str] = frozenset()

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Permissions:
        """Return what `environment` allows, where the command line has no options for it."""
        mode = next((each for each in MODES if each == environment.get(BUILDS_VARIABLE)), None)
        return cls(mode, frozenset(environment.get(NAMES_VARIABLE, "").split()))

    def policy(self, *, package: bool) -> SourcePolicy:
        """Return what holds for a plugin: a package, which is from anywhere, or a folder."""
        named = self.source_builds is not None or not package
        addresses = not package or self.allows(INDEX)
        return SourcePolicy(self.source_builds or "isolated", named, package, addresses)

    def allows(self, key: str) -> bool:
        """Return whether a package may set `key` (`settings.api_key`), or all of the table it is
        in.

        What groups set is allowed by its name in any of them.
        """
        parts = key.split(".")
        prefixes = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
        return EVERYTHING in self.config or bool(prefixes & self.config)
