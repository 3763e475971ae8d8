"""Puts what a build made into its output folder: aside first, then by rename, all or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from packager.bundle.read import bundles_in, is_bundle
from packager.errors import PackagerError, UsageError
from packager.host.scratch import alone_in, is_scratch, scratch_folder
from packager.paths import exists, is_file, is_folder, real_path, unseen
from packager.plugin.functions import FunctionPlan
from packager.sam.generated_files import MARK

TEMPLATE = "template.yaml"


def check_out(plans: Sequence[FunctionPlan], out: Path) -> None:
    """Raise `UsageError` if bundles of `plans` can't be written into the folder `out`.

    Raises `PackagerError` where something of somebody else would be replaced.
    """
    for folder in (out, *out.parents):
        if os.path.lexists(folder) and not is_folder(folder):
            problem = "is a file" if folder == out else f"can't be made: {folder} is a file"
            raise UsageError(f"the output folder {out} {problem}")
    if unseen(out):
        raise UsageError(f"the output folder {out} can't be used{unseen(out)}")
    target = real_path(out)
    for plan in plans:
        root = real_path(plan.plugin.root)
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
        if target.is_relative_to(root) and not _is_ours_or_empty(target):
            # What is in it would not ship, and could be sources.
            raise UsageError(
                f"the output folder {out} is a part of the plugin {plan.plugin.display}, with "
                "files that are not of a build",
                hint="choose a folder of its own, such as build",
            )
        _need_own(out, plan.logical_id)


def _need_own(out: Path, function: str) -> None:
    """Raise `PackagerError` if what a function's bundle would replace is not a bundle."""
    for path in (out / function, out / f"{function}.zip"):
        if is_folder(path):
            ours = is_bundle(path) or not any(path.iterdir())
        else:
            ours = not os.path.lexists(path) or (is_file(path) and _is_own_zip(path))
        if not ours:
            raise PackagerError(
                f"{path} was not made by packager",
                hint="choose another output folder, or delete it first",
            )


def _is_own_zip(path: Path) -> bool:
    return path.stat().st_size == 0 or is_bundle(path)


def _is_ours_or_empty(folder: Path) -> bool:
    """Whether a folder holds nothing, or what a build wrote (beside whatever else)."""
    if not is_folder(folder):
        return True
    names = {entry.name for entry in os.scandir(folder)}
    if not {name for name in names if not is_scratch(name)}:
        return True
    return bool(bundles_in(folder)) or _is_own_template(folder / TEMPLATE)


def _is_own_template(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return MARK.encode() in file.readline(200)
    except OSError:
        return False


@contextmanager
def staging_in(out: Path) -> Iterator[Path]:
    """Yield a folder beside what `out` holds; it goes in any case, `out` too if it was made here.

    Those of builds that were killed go, too.
    """
    made = next((p for p in (*reversed(out.parents), out) if not exists(p)), None)
    with ExitStack() as stack:
        try:
            out.mkdir(parents=True, exist_ok=True)
            staging = stack.enter_context(scratch_folder(out.absolute()))
        except OSError as error:
            raise PackagerError(f"{out} can't be written: {error.strerror}") from error
        try:
            yield staging
        except BaseException:
            stack.close()
            with suppress(OSError):  # not empty: somebody else's by now
                for folder in (out, *out.parents) if made else ():
                    folder.rmdir()
                    if folder == made:
                        break
            raise


def publish(staging: Path, out: Path, names: Sequence[str]) -> None:
    """Rename what was made into `out`; what was there before goes, or comes back on failure."""
    old = staging / "work" / "old"
    old.mkdir(parents=True)
    placed: list[str] = []
    try:
        with alone_in(out):
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
