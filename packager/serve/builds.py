"""Builds functions, and builds them again quickly where only the plugin's own files changed."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from packager.bundle.contents import Tools, read_contents
from packager.bundle.function_code import interpreter_for
from packager.bundle.layout import lay_out, make_base
from packager.bundle.next_layout import is_next, lay_out_next
from packager.bundle.read import BuiltBundle, read_bundle
from packager.dataclass import dataclass
from packager.errors import Diagnostic, Diagnostics
from packager.host.interpreter import Interpreter
from packager.local.stock_client import client_folder
from packager.model.progress import SILENT, Progress
from packager.plugin.functions import FunctionPlan
from packager.serve.state import BuildInfo


@dataclass(frozen=True, slots=True)
class Built:
    """A bundle that can be run: `changed` tells whether it differs from the one before."""

    plan: FunctionPlan
    bundle: BuiltBundle
    interpreter: Interpreter
    client: Path | None
    info: BuildInfo
    notes: tuple[Diagnostic, ...]
    changed: bool
    packages: str  # what identifies those that it has


class Builder:
    """Builds into folders of its own below `out`, and keeps the last bundle of each function."""

    def __init__(self, out: Path, progress: Progress = SILENT) -> None:
        self._out = out
        self._progress = progress
        self._last: dict[str, Built] = {}
        self._numbers = itertools.count(1)

    def build(self, plan: FunctionPlan) -> Built:
        """Build a function; raise `InvalidInput` for what is wrong with its plugin, else
        `PackagerError`."""
        started, diagnostics = time.monotonic(), Diagnostics()
        before = self._last.get(plan.logical_id)
        interpreter = interpreter_for(plan, bytecode=True)
        place = self._out / str(next(self._numbers))
        place.mkdir()
        tools = Tools(interpreter, interpreter, place / "work")
        changed = True
        try:
            contents, _ = read_contents(plan, self._out, tools, diagnostics, self._progress)
            diagnostics.raise_errors()
            folder = place / plan.logical_id
            packages = contents.dependencies.identity
            if before is not None and is_next(before.bundle.folder, contents, before.packages):
                changed = lay_out_next(before.bundle.folder, contents, folder, interpreter)
            else:
                self._progress.step(f"writing {plan.logical_id}")
                base = partial(make_base, contents, interpreter, _note(diagnostics))
                lay_out(contents, folder, interpreter, base)
            bundle = read_bundle(folder)
            # From a package index the first time: only who needs it waits for that.
            client = client_folder(interpreter) if bundle.entry == "stock" else None
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        info = BuildInfo(
            folder=str(folder),
            unzipped_bytes=size,
            seconds=time.monotonic() - started,
            finished=datetime.now(UTC),
            packages=tuple(
                (each.name, each.version, each.bytes) for each in contents.dependencies.packages
            ),
        )
        built = Built(
            plan,
            bundle,
            interpreter,
            client,
            info,
            tuple(diagnostics.warnings),
            changed,
            packages,
        )
        self._last[plan.logical_id] = built
        return built

    def forget(self, built: Built) -> None:
        """Remove a bundle that nothing runs any more."""
        if self._last.get(built.plan.logical_id) is not built:
            shutil.rmtree(built.bundle.folder.parent, ignore_errors=True)


def _note(diagnostics: Diagnostics) -> Callable[[str], None]:
    def note(message: str) -> None:
        diagnostics.warn("cache-damaged", message)

    return note
