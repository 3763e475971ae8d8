"""What a plugin requires, as it states it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from packager.analysis.sdk_distributions import SDK
from packager.dataclass import dataclass
from packager.errors import Place
from packager.model.permissions import SourcePolicy
from packager.paths import is_folder, real_path
from packager.requirements.hashes import Stated
from packager.requirements.requirements_txt import Declared
from packager.requirements.uv_config import UvConfig
from packager.requirements.uv_workspace import Workspace


@dataclass(frozen=True, slots=True)
class Requirements:
    """A plugin's declared dependencies. `file` names where they are from, "" if nowhere.

    `options` are index options for uv's command line; `lock` names the uv.lock that holds for the
    pyproject.toml they are from, "" if none does. `workspace` is uv's workspace around the plugin,
    `indexes` are those that its configuration names, for requirements that are for one alone;
    `require_hashes` is where every package is asked to have a hash.
    """

    root: Path
    file: str = ""
    declared: tuple[Declared, ...] = ()
    constraints: tuple[Declared, ...] = ()
    options: tuple[str, ...] = ()
    lock: str = ""
    workspace: Workspace | None = None
    indexes: tuple[Mapping[str, Any], ...] = ()
    require_hashes: Place | None = None
    policy: SourcePolicy = field(default_factory=SourcePolicy)  # whether sources are built, and how
    expanded: Mapping[str, str] = field(default_factory=dict)  # the variables that were put in
    allowed: frozenset[str] = frozenset()  # the variables that were named for it
    uv: UvConfig = field(default_factory=UvConfig)
    others: tuple[str, ...] = ()  # the files of other plugins whose tools run in the function
    lock_names: frozenset[str] = field(default=frozenset(), compare=False)  # of all that it locks

    @property
    def locked(self) -> bool:
        """Whether a uv.lock says what to install."""
        return bool(self.lock)

    @property
    def where(self) -> Path:
        """The folder whose configuration of uv holds: the workspace's root, or the plugin's."""
        return self.workspace.root if self.workspace else self.root

    @property
    def workspace_above(self) -> bool:
        """Whether the plugin is a member of a workspace whose root is a folder above it."""
        return self.workspace is not None and self.workspace.root != real_path(self.root)

    @property
    def hashes(self) -> tuple[Stated, ...]:
        """The hashes that stand beside requirements and constraints."""
        return tuple(
            Stated(line.name, kind, value, line.place)
            for line in (*self.declared, *self.constraints)
            for kind, value in line.hashes
        )

    @property
    def names(self) -> frozenset[str]:
        """The normalised names of what is declared."""
        return frozenset(declared.name for declared in self.declared)

    @property
    def without_sdk(self) -> tuple[Declared, ...]:
        """What is declared but for `dify_plugin`."""
        return tuple(declared for declared in self.declared if declared.name != SDK)

    @property
    def may_change(self) -> bool:
        """Whether something here may change with no trace in any file that is known to be read."""
        lines = (*self.declared, *self.constraints)
        return any("git+file:" in line.text for line in lines)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that are named here as packages."""
        found = []
        for line in (*self.declared, *self.constraints):
            text = line.text.partition(" @ ")[2].partition(" ;")[0] or line.text.partition("[")[0]
            if line.local:
                address = urlsplit(text)
                found.append(Path(unquote(address.path) if address.scheme else text))
        return tuple(path for path in found if is_folder(path))

    def place_of(self, name: str) -> Place | None:
        """Return where the distribution `name` is declared, None if it is not.

        A folder that is named as a package has no name here: it counts as what it is called.
        """
        lines = self.declared
        found = next((line.place for line in lines if line.name == name), None)
        if found is not None:
            return found
        unnamed = ((line, Path(line.text.partition("[")[0]).name) for line in lines if line.local)
        return next((line.place for line, each in unnamed if canonicalize_name(each) == name), None)
