"""The plugins that are served, as their files say it now: read, planned, and what they may see."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import field
from pathlib import Path

from packager.bundle.known_secrets import known_secrets
from packager.bundle.read import BuiltBundle
from packager.contract import SETTINGS_VARIABLE
from packager.dataclass import dataclass
from packager.errors import Diagnostic, Diagnostics
from packager.inputs.dotenv_file import read_env_file
from packager.local.environment import (
    local_values,
    local_variables,
    shell_variables,
    storage_variables,
)
from packager.local.mapped_event import arns_variable
from packager.local.missing_values import RunValues, concerns, warn_of_lacking
from packager.local.planned_here import planned_here
from packager.model.options import EnvSource
from packager.model.permissions import Permissions
from packager.plugin.functions import FunctionPlan, plan_functions
from packager.plugin.opened import open_plugin
from packager.plugin.plugin import Plugin
from packager.plugin.value_sources import all_settings, source_of
from packager.serve.managed import as_managed, endpoint_variables, read_at_once
from packager.settings.local_file_check import check_local

_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says of all functions. `variables` are AWS's, of this shell's user."""

    permissions: Permissions
    runtime: str | None = None
    env_file: Path | None = None
    settings_file: Path | None = None
    storage: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    fake_dify: bool = False
    managed: bool = False  # all functions, whatever their configuration says


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the functions' plans, and what is worth knowing of them."""

    plans: tuple[FunctionPlan, ...]
    notes: tuple[Diagnostic, ...]


class Sources:
    """The plugins at `paths`, read as often as is wished; a context manager, as packages are
    unpacked for as long as it lasts."""

    def __init__(self, paths: Sequence[Path], given: Given) -> None:
        self.paths = tuple(paths)
        self.given = given
        self._packages = {path: ExitStack() for path in self.paths}

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *exception: object) -> None:
        for stack in self._packages.values():
            stack.close()

    def read(self, paths: Iterable[Path]) -> Reading:
        """Read those at `paths`; raise `InvalidInput` with everything that is wrong."""
        given, diagnostics = self.given, Diagnostics()
        configuration = {} if given.runtime is None else {"runtime": given.runtime}
        plugins: list[Plugin] = []
        for path in paths:
            self._packages[path].close()
            plugin = open_plugin(
                path,
                self._packages[path],
                diagnostics,
                overrides=configuration,
                permissions=given.permissions,
            )
            plugins += [plugin] if plugin else []
        plans = plan_functions(plugins, diagnostics, host=True)
        diagnostics.raise_errors()
        if given.managed:
            plans = tuple(map(as_managed, plans))
        warned = Diagnostics()
        for plan in plans:
            values = self._values(plan)
            warn_of_lacking(plan, values, diagnostics)
            if values.local is not None:
                check_local(plan, plans, values.local, diagnostics)
            warned.extend(each for each in diagnostics.warnings if concerns(each, values))
        diagnostics.raise_errors()
        here = tuple(
            read_at_once(
                planned_here(plan, given.runtime, lambda text: warned.warn("ignored-key", text))
            )
            for plan in plans
        )
        return Reading(here, tuple(warned.all))

    def variables(self, plan: FunctionPlan, bundle: BuiltBundle) -> dict[str, str]:
        """Return the environment variables that a function runs with; raise `InvalidInput`."""
        given = self.given
        own = {**given.variables, **self._file_variables()}
        path = plan.plugin.root
        found = local_variables(path, bundle, given.settings_file)
        found |= storage_variables(bundle, given.storage, own)
        found |= arns_variable(plan.logical_id, plan.options.events)
        if plan.options.is_managed:
            found.pop(SETTINGS_VARIABLE, None)  # each endpoint has its own
            found |= endpoint_variables(plan)
        return found | own

    def secrets(self, plans: Sequence[FunctionPlan]) -> frozenset[str]:
        """Return the values that nobody is to see, of whatever this machine knows of them."""
        environment = {**os.environ, **self._file_variables()}
        found = {secret.value for secret in known_secrets(plans, environment)}
        for plan in plans:
            local = local_values(plan.plugin.root, plan.group.name, self.given.settings_file)
            shell = {**shell_variables(plan.plugin.root), **environment}
            for setting in all_settings(plan):
                if setting.type != "secret-input":
                    continue
                source = source_of(plan, setting)
                if isinstance(source, EnvSource):
                    found.add(shell.get(source.name, ""))
                if local is not None:
                    value = local.settings.get(setting.name)
                    found.add(value if isinstance(value, str) else "")
            if local is not None:
                found |= {*local.apps.values(), *local.keys.values()}
        found |= {given for name, given in self.given.variables.items() if name in _CREDENTIALS[1:]}
        return frozenset(value for value in found if value)

    def watched(self, plans: Iterable[FunctionPlan]) -> set[Path]:
        """Return the files and folders whose change may change what is served."""
        found = set(self.paths)
        found |= {each for each in (self.given.env_file, self.given.settings_file) if each}
        for plan in plans:
            found |= set(plan.plugin.requirements.folders)
            found |= {each.path for each in plan.plugin.tool_plugins.values()}
        return {path.resolve() for path in found if path.exists()}

    def concerned(self, changed: Iterable[Path]) -> tuple[Path, ...]:
        """Return the plugins that changed files may concern: all, for one of no plugin."""
        concerned: set[Path] = set()
        for file in changed:
            of = {path for path in self.paths if file.is_relative_to(path.resolve())}
            if not of:
                return self.paths
            concerned |= of
        return tuple(path for path in self.paths if path in concerned)

    def _file_variables(self) -> dict[str, str]:
        if self.given.env_file is None:
            return {}
        diagnostics = Diagnostics()
        found = read_env_file(self.given.env_file, diagnostics, os.environ)
        diagnostics.raise_errors()
        return found

    def _values(self, plan: FunctionPlan) -> RunValues:
        variables = {**self.given.variables, **self._file_variables()}
        path = plan.plugin.root
        local = local_values(path, plan.group.name, self.given.settings_file)
        credentials = all(variables.get(name) for name in _CREDENTIALS)
        shell = {**shell_variables(path), **variables}
        return RunValues(shell, local, credentials, self.given.fake_dify)
