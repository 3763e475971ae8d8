"""Makes bundles: the folder and the zip that Lambda gets for one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from packager.bundle.contents import Tools, read_contents
from packager.bundle.function_code import interpreter_for
from packager.bundle.known_secrets import KnownSecret
from packager.bundle.layout import Contents, lay_out, make_base
from packager.bundle.publish import check_out, publish, staging_in
from packager.bundle.secret_scan import refuse_leaks, refuse_leaks_in
from packager.bundle.size import check_size, check_zip_size
from packager.bundle.standing import (
    Standing,
    identity_of,
    made_bundle,
    note_bundle,
    standing_bundle,
)
from packager.bundle.verify import check_zip
from packager.bundle.zip_file import write_zip
from packager.dataclass import dataclass
from packager.dependencies.uv_install import PackageSize
from packager.errors import Diagnostic, Diagnostics, InvalidInput
from packager.host.cache import checked_once
from packager.host.deflated import Layer
from packager.host.interpreter import Interpreter
from packager.host.meanwhile import on_all_processors
from packager.host.trees import files_below
from packager.model.permissions import Mode
from packager.model.progress import SILENT, Progress
from packager.model.steps import step
from packager.plugin.files import LeftOut, large_folders
from packager.plugin.functions import FunctionPlan
from packager.plugin.ignored_warnings import drop_ignored

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


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How bundles are made. Without `bytecode` the target's interpreter is not needed.

    Unless `allow_failing`, an endpoint that can't be imported is an error, not a note; if `strict`,
    whatever is worth a note is.
    """

    bytecode: bool = True
    make_zip: bool = True
    allow_failing: bool = True
    strict: bool = False


_DEFAULTS = BuildOptions()


def build_bundle(
    plan: FunctionPlan,
    out: Path,
    options: BuildOptions = _DEFAULTS,
    progress: Progress = SILENT,
) -> Bundle:
    """Build one function: `build_bundles` of `plan` alone."""
    [bundle] = build_bundles([plan], out, options, progress)
    return bundle


def build_bundles(
    plans: Sequence[FunctionPlan],
    out: Path,
    options: BuildOptions = _DEFAULTS,
    progress: Progress = SILENT,
    *,
    files: Mapping[str, str] | None = None,
    secrets: Sequence[KnownSecret] = (),
) -> tuple[Bundle, ...]:
    """Write `out/<LogicalId>/` and, with `make_zip`, `out/<LogicalId>.zip` of every plan.

    What is there already, as an earlier build made it of the same, stays as it is.
    `files` are texts to write beside them, by name. All is made aside and appears by rename once
    the last bundle is finished: whatever fails, what was in `out` stays as it was. That one of
    `secrets` is in it is a failure, too. Raises `InvalidInput` for what is wrong with the plugins,
    else `PackagerError`.
    """
    check_out(plans, out)
    with staging_in(out) as staging, on_all_processors() as pool, checked_once():
        work = _Work(out, staging, options, progress, pool)
        read = [work.read(plan) for plan in plans]
        made = [work.write(each) for each in read]
        with step("checking the zips"):
            for bundle, checked in made:
                if bundle.zip and checked:
                    progress.briefly(f"checking {bundle.zip.name}")
                    checked.result()
        bundles = [bundle for bundle, _ in made]
        new = [bundle for bundle in bundles if bundle.folder.parent == staging]
        if options.strict and (notes := [note for bundle in bundles for note in bundle.notes]):
            raise InvalidInput(dict.fromkeys(notes))
        names = [path.name for bundle in new for path in (bundle.folder, bundle.zip) if path]
        for name, text in (files or {}).items():
            (staging / name).write_text(text, "utf-8", newline="\n")
            names.append(name)
        with step("looking for secrets"):
            for bundle in bundles:
                progress.briefly(f"looking for secrets in {bundle.plan.logical_id}")
                refuse_leaks(bundle.folder, secrets)
            texts = ((name, text.encode()) for name, text in (files or {}).items())
            refuse_leaks_in(texts, secrets)
        notes_of = {
            each.plan.logical_id: made_bundle(
                staging, each.plan.logical_id, each.unzipped_bytes, each.zip_bytes
            )
            for each in new
        }
        with step("putting all in its place"):
            publish(staging, out, names)
    placed = [
        replace(
            bundle,
            folder=out / bundle.folder.name,
            zip=out / bundle.zip.name if bundle.zip else None,
        )
        for bundle in bundles
    ]
    for each in read:
        if made_here := notes_of.get(each.plan.logical_id):
            # A file may have changed while it was copied.
            folder = out / each.plan.logical_id
            note_bundle(out, made_here, identity_of(each.contents, each.compiler, folder))
    return tuple(placed)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a function's bundle is to be made of, and what there is to say of it.

    `standing` is one of the same in OUT; without one `layout.make_base` is at work."""

    plan: FunctionPlan
    contents: Contents
    left: tuple[str, ...]
    diagnostics: Diagnostics
    compiler: Interpreter | None
    standing: Standing | None
    base: Future[Layer | None] | None


@dataclass(frozen=True, slots=True)
class _Work:
    """How the bundles of one build are made; what needs no other step is done beside, in `pool`."""

    out: Path
    staging: Path
    options: BuildOptions
    progress: Progress
    pool: ThreadPoolExecutor

    def read(self, plan: FunctionPlan) -> _Read:
        """Read what a bundle is to be made of, and have its base made."""
        diagnostics = Diagnostics()
        interpreter = interpreter_for(plan, bytecode=self.options.bytecode)
        compiler = interpreter if self.options.bytecode else None
        work = self.staging / "work" / plan.logical_id
        zipped = self.options.make_zip
        tools = Tools(interpreter, compiler, work, zipped)
        contents, left = read_contents(plan, self.out, tools, diagnostics, self.progress)
        drop_ignored(diagnostics, [plan.plugin.folder])
        if not self.options.allow_failing:
            diagnostics.refuse_failing()
        diagnostics.raise_errors()
        with step("comparing with what is there"):
            made_of = identity_of(contents, compiler)
            standing = standing_bundle(self.out, plan.logical_id, made_of, zipped=zipped)
        base = None
        if not standing:
            note = partial(diagnostics.warn, "cache-damaged")
            base = self.pool.submit(make_base, contents, compiler, note, zipped=zipped)
        return _Read(plan, contents, left, diagnostics, compiler, standing, base)

    def write(self, read: _Read) -> tuple[Bundle, Future[None] | None]:
        """Write a bundle in `staging`; return it, and the check of its zip.

        One that stands in OUT is returned as it is there.
        """
        if read.base is None:
            assert read.standing is not None  # noqa: S101 - so it is made
            self.progress.step(f"{read.plan.logical_id} is as it was")
            return self.bundle(read, self.out, read.standing.unzipped, read.standing.zipped), None
        plan = read.plan
        self.progress.step(f"writing {plan.logical_id}")
        folder = self.staging / plan.logical_id
        with step("laying the bundles out"):
            layers = lay_out(
                read.contents,
                folder,
                read.compiler,
                read.base.result,
                zipped=self.options.make_zip,
                before=self.out / plan.logical_id,
            )
        unzipped = sum(found.st_size for _, found in files_below(folder))
        check_size(plan.logical_id, folder, unzipped, read.contents.dependencies.packages)
        zip_bytes, checked = None, None
        if self.options.make_zip:
            archive = self.staging / f"{plan.logical_id}.zip"
            with step("zipping"):
                zip_bytes = write_zip(folder, archive, self.progress.briefly, layers=layers)
            checked = self.pool.submit(check_zip, archive, read.compiler)
        return self.bundle(read, self.staging, unzipped, zip_bytes), checked

    def bundle(self, read: _Read, where: Path, unzipped: int, zipped: int | None) -> Bundle:
        """Return the bundle of `read` that is in the folder `where`."""
        plan, diagnostics, dependencies = read.plan, read.diagnostics, read.contents.dependencies
        archive = None
        if zipped is not None:
            archive = where / f"{plan.logical_id}.zip"
            check_zip_size(archive.name, zipped, diagnostics)
        return Bundle(
            plan,
            where / plan.logical_id,
            archive,
            unzipped,
            zipped,
            dependencies.packages,
            tuple(diagnostics.warnings),
            large_folders(plan.plugin.folder, read.left, _LARGE),
            plan.plugin.requirements.policy.mode,
            dependencies.built,
            dependencies.sandbox,
        )
