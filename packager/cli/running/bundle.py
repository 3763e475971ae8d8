"""Gives commands that run a function the bundle that PLUGIN|BUNDLE means, built or unpacked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from packager.bundle.build import BuildOptions, build_bundle
from packager.bundle.read import (
    BuiltBundle,
    bundle_folder,
    bundles_in,
    choose_function,
    is_bundle,
    read_bundle,
)
from packager.cli.console import progress, say, say_briefly, show_diagnostics, warn
from packager.cli.options import overrides
from packager.cli.plans import planned
from packager.contract import LITERALS
from packager.dataclass import dataclass
from packager.errors import Diagnostics, UsageError
from packager.host.interpreter import host_architecture
from packager.inputs.dotenv_file import read_env_file
from packager.local.environment import local_values, shell_variables
from packager.local.missing_values import RunValues, concerns, warn_of_lacking
from packager.local.planned_here import planned_here
from packager.model.permissions import Permissions
from packager.model.progress import Progress
from packager.paths import exists, is_folder, unseen
from packager.plugin.manifest import MANIFEST
from packager.settings.local_file_check import check_local


def read_variables(env_file: Path | None) -> dict[str, str]:
    """Return the variables in the file that --env-file names."""
    if env_file is None:
        return {}
    diagnostics = Diagnostics()
    variables = read_env_file(env_file, diagnostics, os.environ)
    diagnostics.raise_errors()
    return variables


NO_DIET = "diet=false"  # what --compare takes for the same plugin without the import diet
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(frozen=True, slots=True)
class Run:
    """What the command line says of a run: what its build may do, and the values it has.

    With `as_ships`, nothing is put on the import diet, whatever the configuration says.
    """

    permissions: Permissions
    settings_file: Path | None
    variables: Mapping[str, str]
    fake_dify: bool = False
    as_ships: bool = False

    def values(self, path: Path, group: str) -> RunValues:
        """Return all that a run of a function of the plugin at `path` has; raises
        `InvalidInput`."""
        local = local_values(path, group, self.settings_file)
        credentials = all(self.variables.get(name) for name in _CREDENTIALS)
        variables = {**shell_variables(path), **self.variables}
        return RunValues(variables, local, credentials, self.fake_dify)


@contextmanager
def unpacked(
    path: Path, function: str | None, runtime: str | None, run: Run
) -> Iterator[BuiltBundle]:
    """Yield the bundle that PLUGIN or BUNDLE and --function mean, unpacked or built.

    What a PLUGIN needs and the `run` does not have is warned of.
    """
    if not is_bundle(path):
        several = bundles_in(path)
        if not several:
            _check_kind(path)
            with _built_here(path, function, runtime, run) as bundle:
                yield bundle
            return
        path = several[choose_function(str(path), function, list(several))]
        function = None
    if run.as_ships:
        raise UsageError(f"--compare {NO_DIET} is for a PLUGIN, which is built without it as well")
    if runtime:
        raise UsageError("--runtime is for a PLUGIN; a bundle is built for one runtime")
    with bundle_folder(path) as folder:
        bundle = read_bundle(folder)
        choose_function(str(path), function, [bundle.function])
        if bundle.compiled and bundle.architecture != host_architecture():
            warn(
                f"{bundle.function} holds compiled code for {bundle.architecture}, which this "
                f"machine ({host_architecture()}) can't run"
            )
        yield bundle


def _check_kind(path: Path) -> None:
    """Raise `UsageError` for what can be neither a plugin nor a bundle."""
    hint = "name a plugin (a folder or a .difypkg), or what `packager build` wrote"
    if not exists(path):
        raise UsageError(f"there is no {path}{unseen(path)}", hint=hint)
    if is_folder(path) and not exists(path / MANIFEST):
        raise UsageError(
            f"{path} holds neither a plugin ({MANIFEST}) nor a bundle ({LITERALS})", hint=hint
        )


@contextmanager
def _built_here(
    path: Path, function: str | None, runtime: str | None, run: Run
) -> Iterator[BuiltBundle]:
    diagnostics = Diagnostics()
    with (
        planned(
            [path], diagnostics, overrides(runtime), host=True, permissions=run.permissions
        ) as plans,
        tempfile.TemporaryDirectory(prefix="packager-") as out,
    ):
        diagnostics.raise_errors()
        names = [plan.logical_id for plan in plans]
        name = choose_function(str(path), function, names)
        plan = next(plan for plan in plans if plan.logical_id == name)
        plan = planned_here(plan, runtime, warn)
        if run.as_ships:
            plan = replace(plan, options=replace(plan.options, diet=False, diet_plugin=False))
        values = run.values(path, plan.group.name)
        warn_of_lacking(plan, values, diagnostics)
        if values.local is not None:
            check_local(plan, plans, values.local, diagnostics)
            diagnostics.raise_errors()
        show_diagnostics(each for each in diagnostics.warnings if concerns(each, values))
        with progress():
            made = build_bundle(
                plan,
                Path(out).resolve(),
                BuildOptions(make_zip=False),
                Progress(say, say_briefly),
            )
        show_diagnostics(made.notes)
        yield read_bundle(made.folder)
