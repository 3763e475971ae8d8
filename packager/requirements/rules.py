"""Decides what a plugin's requirements may reach: variables, paths outside of it, addresses."""

from __future__ import annotations

import os
import re
import shlex
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place, UsageError
from packager.host.uv import mask_credentials
from packager.model.permissions import INDEX, Permissions
from packager.paths import exists, is_file, is_inside, missing

# As pip and uv have it (pip's documentation, "Using environment variables").
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


@dataclass(slots=True)
class RequirementRules:
    """What holds for the plugin in `root`, a package or a folder.

    `permissions` are None where nothing is built: then nothing is expanded and nothing refused but
    paths out of a package. `expanded` gets each variable that was put in, and its value.
    """

    root: Path
    package: bool
    permissions: Permissions | None
    diagnostics: Diagnostics
    expanded: dict[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def expand(self, text: str, place: Place | None) -> str | None:
        """Return `text` with its variables put in; None, and errors noted, if one may not be."""
        if self.permissions is None:
            return text
        failed = False
        for name in dict.fromkeys(_VARIABLE.findall(text)):
            if name not in self.permissions.variables:
                failed = True
                self.diagnostics.error(
                    "unset-variable",
                    f"${{{name}}} is not put in: a plugin's requirements are given no variable "
                    "that you don't name",
                    place,
                    hint=f"if {name} may go where this line sends it: --requirements-env "
                    f"{shlex.quote(name)}",
                )
            elif name not in self.environment:
                failed = True
                self.diagnostics.error(
                    "unset-variable",
                    f"${{{name}}} has no value: the variable is not set",
                    place,
                    hint="set it in the environment of packager",
                )
            else:
                self.expanded[name] = self.environment[name]
        if failed:
            return None
        return _VARIABLE.sub(lambda match: self.environment[match[1]], text)

    def path(
        self,
        path: Path,
        written: str,
        place: Place | None,
        *,
        what: Literal["file", "file or folder"] = "file or folder",
        hint: str | None = None,
    ) -> bool:
        """Return whether there is `what` at `path`, which was `written` so, and it may be used.

        Note why not, with the `hint` where there is nothing, and if it is outside.
        """
        inside = is_inside(path, self.root)
        shown = mask_credentials(written)
        if not (is_file(path) if what == "file" else exists(path)):
            if self.permissions is None and _VARIABLE.search(written):
                return False  # it can't be known
            if inside or not self.package:
                self.diagnostics.error("missing-file", missing(what, path, shown), place, hint=hint)
                return False
        if path.suffix == ".whl" and self.permissions is not None:
            self._metadata(path, place)
        if inside:
            return True
        if self.package:
            self.diagnostics.error(
                "outside-plugin",
                f"{shown} lies outside the plugin; a package may use what is in it alone",
                place,
                hint="unpack it and build the folder, if you know what that path has",
            )
            return False
        self.diagnostics.warn(
            "outside-plugin", f"{shown} lies outside the plugin: it is taken from there", place
        )
        return True

    def _metadata(self, wheel: Path, place: Place | None) -> None:
        """Note variables in what a wheel says that it needs: uv would put in the value of any."""
        for text in metadata_of(wheel):
            for line in text.decode("utf-8", "replace").splitlines():
                found = _VARIABLE.search(line)
                if found and line.lower().startswith("requires-dist:"):
                    self.diagnostics.error(
                        "unset-variable",
                        f"the wheel's metadata has the variable {found[0]}: it is not put in",
                        place,
                    )

    def source(self, url: str, place: Place | None) -> bool | None:
        """Note what there is against a URL to get a package from; return whether it is a path.

        None, and an error noted, for what is not a URL.
        """
        try:
            parts = urlsplit(url.strip())
        except ValueError as error:
            self.diagnostics.error(
                "invalid-requirement",
                f"unreadable address {mask_credentials(url)!r}: {error}",
                place,
            )
            return None
        if parts.scheme.rpartition("+")[2] in ("file", ""):
            from urllib.request import url2pathname  # takes a while to import, and few ask

            written = parts.path
            if "+" in parts.scheme and not exists(self.root / url2pathname(written)):
                written = written.rpartition("@")[0] or written  # a revision is at its end
            self.path(self.root / url2pathname(written), url, place)
            return True
        self.address(url, place)
        return False

    def address(self, address: str, place: Place | None) -> None:
        """Note that a package names a place to fetch packages from, where that is not allowed."""
        if self.package and self.permissions is not None and not self.permissions.allows(INDEX):
            self.diagnostics.error(
                "not-permitted",
                f"the package asks for {mask_credentials(address)}, another place to get packages "
                "from than your own index",
                place,
                key=INDEX,
                hint=f"look at it, then allow it: --allow-config {INDEX}",
            )


def refuse_variables(lines: Iterable[str]) -> None:
    """Raise `UsageError` for a variable in what uv is given: it would put in the value of any.

    Those of the plugin's own lines are put in, or refused, by now; what is left is of a lock.
    """
    for line in lines:
        found = _VARIABLE.search(line)
        if found:
            raise UsageError(
                f"uv.lock has the variable {found[0]}: it is not put in",
                hint="lock without it: name the index in uv's own configuration",
            )


def metadata_of(wheel: Path) -> list[bytes]:
    """Return what says in a wheel which packages it needs; nothing of what is not a wheel.

    `_in_build/hook.py`, which imports nothing of the tool, has its like for what builds make.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            return [archive.read(name) for name in names]
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return []  # uv says what is wrong with it
