"""Puts what a build made into its output folder: aside first, then by rename, all or nothing."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from packager.errors import PackagerError, UsageError
from packager.model import FunctionPlan


def check_out(plans: Sequence[FunctionPlan], out: Path) -> None:
    """Raise `UsageError` if bundles of `plans` can't be written into the folder `out`."""
    for folder in (out, *out.parents):
        if os.path.lexists(folder) and not folder.is_dir():
            problem = "is a file" if folder == out else f"can't be made: {folder} is a file"
            raise UsageError(f"the output folder {out} {problem}")
    target = out.resolve()
    for plan in plans:
        root = plan.plugin.root.resolve()
        for name in (plan.logical_id, f"{plan.logical_id}.zip"):
            if root.is_relative_to(target / name):
                raise UsageError(
                    f"{out / name} would be replaced, and the plugin {plan.plugin.display} is "
                    "in it",
                    hint="choose another output folder",
                )
        if root == target:
            raise UsageError(
                f"the output folder is the plugin {plan.plugin.display} itself",
                hint="choose another output folder, such as build",
            )


@contextmanager
def staging_in(out: Path) -> Iterator[Path]:
    """Give a folder beside what `out` holds; it goes in any case, `out` too if it was made here."""
    made = next((p for p in (*reversed(out.parents), out) if not p.exists()), None)
    try:
        out.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=out.absolute(), prefix=".packager-"))
    except OSError as error:
        raise PackagerError(f"{out} can't be written: {error.strerror}") from error
    try:
        yield staging
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):  # not empty: somebody else's by now
            for folder in (out, *out.parents) if made else ():
                folder.rmdir()
                if folder == made:
                    break
        raise
    shutil.rmtree(staging, ignore_errors=True)


def publish(staging: Path, out: Path, names: Sequence[str]) -> None:
    """Rename what was made into `out`; what was there before goes, or comes back on failure."""
    old = staging / "work" / "old"
    old.mkdir(parents=True)
    placed: list[str] = []
    try:
        with _alone_in(out):
            for name in names:
                final = out / name
                if final.exists() or final.is_symlink():
                    final.rename(old / name)
                (staging / name).rename(final)
                placed.append(name)
    except BaseException as error:  # a signal, too, must not cost what was there
        for name in names:
            if name in placed:
                (out / name).rename(staging / name)
            if (old / name).exists():
                (old / name).rename(out / name)
        if isinstance(error, OSError):
            problem = f"{error.filename} can't be replaced: {error.strerror}"
            raise PackagerError(problem) from error
        raise


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Wait until no other build puts its results into `out`; some file systems have no locks."""
    handle = os.open(out, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
