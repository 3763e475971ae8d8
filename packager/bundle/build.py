"""Makes bundles: the folder and the zip that Lambda gets for one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from packager.analysis.facts import SourceFacts, imported_for_certain, reachable
from packager.analysis.missing_imports import warn_of_foreign
from packager.analysis.sdk_distributions import SDK, imported_distributions, serves_requests
from packager.bundle.known_secrets import KnownSecret
from packager.bundle.layout import lay_out
from packager.bundle.preload import check_preload
from packager.bundle.publish import check_out, publish, staging_in
from packager.bundle.runtime_files import runtime_files
from packager.bundle.runtime_parts import left_out
from packager.bundle.secret_scan import refuse_leaks, refuse_leaks_in
from packager.bundle.verify import check_zip
from packager.bundle.zip_file import write_zip
from packager.contract import DISTRIBUTIONS, template_folder
from packager.dependencies.development_parts import names_development_parts
from packager.dependencies.gaps import install_without_gaps, warn_of_gaps
from packager.dependencies.install import Dependencies, install_dependencies
from packager.dependencies.prune import KeepRules
from packager.dependencies.source_builds import warn_of_builds
from packager.dependencies.target import Target
from packager.dependencies.used_files import merge_uses, read_file_use
from packager.dependencies.uv_install import PackageSize
from packager.errors import Diagnostic, Diagnostics, PackagerError
from packager.host.interpreter import (
    Interpreter,
    find_interpreter,
    host_architecture,
    need_interpreter,
    newest_supported,
)
from packager.model.permissions import Mode
from packager.plugin.file_choice import FileRules
from packager.plugin.files import ChosenFiles, LeftOut, check_endpoints, large_folders, plugin_files
from packager.plugin.functions import FunctionPlan
from packager.plugin.walk import PluginFile

# AWS Lambda's page "Lambda quotas": 250 MB unzipped (262,144,000 bytes, as its error says), layers
# included; 50 MB zipped when uploaded directly, from S3 up to the former.
MAX_UNZIPPED = 262_144_000
MAX_DIRECT_ZIP = 50 * 1024 * 1024
_NAMED_BIGGEST = 5
_LARGE = 5_000_000  # bytes of a folder that does not ship: from here on that is said


@dataclass(frozen=True, slots=True)
class Bundle:
    """A finished bundle: where it is, what it weighs (bytes), and what is worth knowing of it."""

    plan: FunctionPlan
    folder: Path
    zip: Path | None
    unzipped_bytes: int
    zip_bytes: int | None
    packages: tuple[PackageSize, ...]
    notes: tuple[Diagnostic, ...]
    left_out: tuple[LeftOut, ...] = ()  # large folders of the plugin that don't ship by default
    source_builds: Mode = "isolated"  # what was allowed
    built: tuple[str, ...] = ()  # the packages that were built from source
    sandbox: str | None = None  # what shut those builds in


def build_bundle(
    plan: FunctionPlan,
    out: Path,
    *,
    bytecode: bool = True,
    progress: Callable[[str], None] = lambda message: None,
    briefly: Callable[[str], None] = lambda message: None,
    make_zip: bool = True,
) -> Bundle:
    """Build one function: `build_bundles` of `plan` alone."""
    [bundle] = build_bundles(
        [plan], out, bytecode=bytecode, progress=progress, briefly=briefly, make_zip=make_zip
    )
    return bundle


def build_bundles(
    plans: Sequence[FunctionPlan],
    out: Path,
    *,
    bytecode: bool = True,
    progress: Callable[[str], None] = lambda message: None,
    briefly: Callable[[str], None] = lambda message: None,
    make_zip: bool = True,
    files: Mapping[str, str] | None = None,
    secrets: Sequence[KnownSecret] = (),
    allow_failing: bool = True,
) -> tuple[Bundle, ...]:
    """Write `out/<LogicalId>/` and, with `make_zip`, `out/<LogicalId>.zip` of every plan.

    `files` are texts to write beside them, by name. All is made aside and appears by rename once
    the last bundle is finished: whatever fails, what was in `out` stays as it was. That one of
    `secrets` is in it is a failure, too. Without `bytecode` the target's interpreter is not needed.
    Unless `allow_failing`, an endpoint that can't be imported is an error, not a note.
    `progress` is told each step, and `briefly` what is done within it. Raises `InvalidInput` for
    what is wrong with the plugins, else `PackagerError`.
    """
    check_out(plans, out)
    with staging_in(out) as staging:
        made = [
            _make(plan, out, staging, bytecode, progress, briefly, make_zip, allow_failing)
            for plan in plans
        ]
        names = [path.name for bundle in made for path in (bundle.folder, bundle.zip) if path]
        for name, text in (files or {}).items():
            (staging / name).write_text(text, "utf-8", newline="\n")
            names.append(name)
        for bundle in made:
            briefly(f"looking for secrets in {bundle.plan.logical_id}")
            refuse_leaks(bundle.folder, secrets)
        refuse_leaks_in(((name, text.encode()) for name, text in (files or {}).items()), secrets)
        publish(staging, out, names)
    return tuple(
        replace(
            bundle,
            folder=out / bundle.folder.name,
            zip=out / bundle.zip.name if bundle.zip else None,
        )
        for bundle in made
    )


def _make(
    plan: FunctionPlan,
    out: Path,
    staging: Path,
    bytecode: bool,
    progress: Callable[[str], None],
    briefly: Callable[[str], None],
    make_zip: bool,
    allow_failing: bool,
) -> Bundle:
    """Make one bundle in `staging`."""
    diagnostics = Diagnostics()
    interpreter = _interpreter(plan, bytecode)
    requirements = plan.plugin.requirements
    briefly(f"reading the sources of {plan.plugin.display}")
    facts = plan.plugin.sources.facts(plan.options.python)
    chosen = _files_of(plan, out, facts, diagnostics)
    files = chosen.files
    diagnostics.raise_errors()
    target = Target(
        plan.options.python,
        interpreter.architecture if plan.host else plan.options.architecture,
        interpreter.path,
        plan.host,
    )
    shipped = {file.path for file in files}
    facts = {path: fact for path, fact in facts.items() if path in shipped}
    work = staging / "work" / plan.logical_id
    kept = _kept(files, plan.options.keep)

    def install(wanted: Set[str]) -> Dependencies:
        return install_dependencies(
            requirements,
            wanted,
            target,
            work / str(len(wanted)),  # each time with more
            bytecode=interpreter if bytecode else None,
            diet=plan.options.diet,
            sdk=plan.options.sdk == "real",
            kept=kept,
            progress=progress,
            briefly=briefly,
        )

    dependencies, gaps = install_without_gaps(
        install,
        imported_distributions(facts) | {*DISTRIBUTIONS[plan.options.adapter]},
        facts,
        requirements,
        interpreter,
        target.python,
        progress,
    )
    briefly("checking what the plugin imports")
    for note in dependencies.notes:
        diagnostics.warn("dependency-note", note, requirements.place_of(SDK))
    warn_of_builds(dependencies.built, dependencies.sandbox, requirements, diagnostics)
    at_root = (dependencies.folder, template_folder())
    start = {endpoint.source for endpoint in plan.group.endpoints}

    def display_of(path: str) -> str:
        return str(PurePosixPath(plan.plugin.display) / path)

    reached, certain = reachable(facts, start), imported_for_certain(facts, start)
    warn_of_foreign(
        display_of,
        facts,
        reached,
        certain,
        dependencies.folder,
        interpreter,
        diagnostics,
        target.python,
    )
    warn_of_gaps(display_of, facts, reached, certain, gaps, target.python, diagnostics)
    check_preload(plan.options, interpreter, shipped, at_root, diagnostics)
    if not allow_failing:
        diagnostics.refuse_failing()
    diagnostics.raise_errors()
    progress(f"writing {plan.logical_id}")
    folder = staging / plan.logical_id
    absent = left_out(plan, facts, [name for _, name in runtime_files(plan.options.sdk)])
    compiler = interpreter if bytecode else None
    lay_out(
        plan,
        folder,
        dependencies,
        absent,
        files,
        compiler,
        partial(diagnostics.warn, "cache-damaged"),
    )
    unzipped = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    _check_size(plan, folder, unzipped, dependencies.packages)
    archive, zip_bytes = None, None
    if make_zip:
        archive = staging / f"{plan.logical_id}.zip"
        zip_bytes = write_zip(folder, archive, briefly)
        briefly(f"checking {archive.name}")
        check_zip(archive, compiler)
        if zip_bytes > MAX_DIRECT_ZIP:
            diagnostics.warn(
                "large-zip",
                f"{plan.logical_id}.zip has {_megabytes(zip_bytes)}; uploads past "
                f"{_megabytes(MAX_DIRECT_ZIP)} have to go through S3 (sam does that)",
            )
    return Bundle(
        plan,
        folder,
        archive,
        unzipped,
        zip_bytes,
        dependencies.packages,
        tuple(diagnostics.warnings),
        large_folders(plan.plugin.folder, chosen.left, _LARGE),
        requirements.policy.mode,
        dependencies.built,
        dependencies.sandbox,
    )


def _interpreter(plan: FunctionPlan, bytecode: bool) -> Interpreter:
    """Give the interpreter to analyse, resolve and compile with: the target's where it must be."""
    python = plan.options.python
    if plan.host:
        host_architecture()
        return need_interpreter(python, why=f"to build {plan.logical_id} for this machine")
    if bytecode:
        return need_interpreter(
            python,
            why=f"to compile {plan.logical_id}'s bytecode",
            instead="build with --no-bytecode (slower cold starts)",
        )
    found = find_interpreter(python) or newest_supported()
    return found or need_interpreter(python, why=f"to read {plan.logical_id}'s sources")


def _files_of(
    plan: FunctionPlan,
    out: Path,
    facts: Mapping[str, SourceFacts],
    diagnostics: Diagnostics,
) -> ChosenFiles:
    """Return the files of the plugin that the function ships."""
    start = {endpoint.source for endpoint in plan.group.endpoints}
    needed = start | reachable(facts, start)
    rules = FileRules(needed, plan.options.include, plan.options.exclude, out)
    chosen = plugin_files(plan.plugin.folder, diagnostics, rules)
    check_endpoints(chosen.files, plan.group.endpoints, diagnostics)
    return chosen


def _kept(files: tuple[PluginFile, ...], globs: tuple[str, ...]) -> KeepRules:
    """Give what the plugin's code uses of its packages beside importing them, and its `keep`."""
    sources = {
        file.path: file.source.read_bytes()
        for file in files
        if file.path.endswith(".py") and serves_requests(file.path)
    }
    needs = merge_uses(read_file_use(path, source) for path, source in sources.items())
    development = any(map(names_development_parts, sources.values()))
    return KeepRules(needs.of_others(), globs, development)


def _check_size(
    plan: FunctionPlan, folder: Path, unzipped: int, packages: tuple[PackageSize, ...]
) -> None:
    if unzipped <= MAX_UNZIPPED:
        return
    plugin = sum(path.stat().st_size for path in (folder / "plugin").rglob("*") if path.is_file())
    parts = [(f"{p.name} {p.version}", p.bytes) for p in packages]
    parts.append(("the plugin's own files", plugin))
    biggest = sorted(parts, key=lambda part: (-part[1], part[0]))[:_NAMED_BIGGEST]
    named = ", ".join(f"{name} ({_megabytes(size)})" for name, size in biggest)
    raise PackagerError(
        f"{plan.logical_id} has {_megabytes(unzipped)} unzipped; Lambda takes "
        f"{_megabytes(MAX_UNZIPPED)}. The biggest: {named}",
        hint="leave out what requests don't use: dependencies, or files by `exclude`",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB"
