"""Writes the Makefile through which `sam build` gets each bundle (BuildMethod: makefile)."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from packager.errors import PackagerError
from packager.paths import is_file, real_path
from packager.plugin.functions import FunctionPlan
from packager.sam.function import CodeLocation
from packager.sam.names import ResourceNames
from packager.sam.operate.renewal import renews

# SAM runs `make --makefile FOLDER/Makefile build-ID` in a copy of the plugin's folder, with
# ARTIFACTS_DIR set (aws-lambda-builders, custom_make). The folder is found while this file is read
# and bound to its targets, so that it also works included by another Makefile, beside others.
_VARIABLES = """\
PACKAGER_FOLDER := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
# The packager of the environment beside this file or one folder up, else the one on the PATH.
# A command that is set here, or by `PACKAGER=... sam build`, is run in this file's folder.
PACKAGER ?= $(firstword $(wildcard $(PACKAGER_FOLDER).venv/bin/packager) \\
  $(wildcard $(PACKAGER_FOLDER)../.venv/bin/packager) packager)
# More options of `packager build` for every function.
PACKAGER_OPTIONS ?=
"""
_BUILD = """\
define packager_build
@set -e; : "$${ARTIFACTS_DIR:?is what sam build says}"; \\
out=$$(mktemp -d); trap 'rm -rf "$$out"' EXIT; \\
(cd "$(PACKAGER_FOLDER)"; command -v $(firstword $(PACKAGER)) > /dev/null || { \\
echo "no $(firstword $(PACKAGER)) here: say where with PACKAGER=... sam build" >&2; exit 127; }; \\
$(PACKAGER) build $(PACKAGER_OPTIONS) --function $(1) -o "$$out/built" $(2)); \\
mkdir -p "$$ARTIFACTS_DIR"; cp -pR "$$out/built/$(1)/." "$$ARTIFACTS_DIR"
endef
"""
# What would end an argument of $(call), or the call, and the variable that stands for it.
_IN_CALL = {",": "packager_comma", "(": "packager_open", ")": "packager_close"}


def render_makefile(
    plans: Sequence[FunctionPlan],
    *,
    folder: Path,
    header: Sequence[str] = (),
    options: Sequence[str] = (),
) -> str:
    """Return the Makefile with a recipe `build-<LogicalId>` for each function.

    `folder` is where the file will be: plugins are named relative to it. `header` are comment
    lines for the top, `options` for each `packager build`. Raises `PackagerError` for a path that
    make can't read.
    """
    given = "".join(f" {shlex.quote(each)}" for each in options).replace("$", "$$")
    build = _BUILD.replace(" $(PACKAGER_OPTIONS)", f"{given} $(PACKAGER_OPTIONS)")
    targets = " ".join(target for plan in plans for target in _targets(plan))
    parts = ["".join(f"# {line}\n" for line in header), _VARIABLES, build]
    parts.append(f".PHONY: {targets}\n{targets}: PACKAGER_FOLDER := $(PACKAGER_FOLDER)\n")
    parts += (_recipe(plan, folder) for plan in plans)
    return "\n".join(parts)


def makefile_code(template_folder: Path, makefile_folder: Path) -> Callable[..., CodeLocation]:
    """Return what names the code of functions that SAM builds by the Makefile in `makefile_folder`.

    `CodeUri` is the plugin's folder, or the one that a package is in. It and `ContextPath`, the
    Makefile's folder, are relative to the template's.
    """

    def code(plan: FunctionPlan) -> CodeLocation:
        context = _relative(makefile_folder, template_folder)
        metadata = {"BuildMethod": "makefile", "ContextPath": context}
        source = _source(plan)
        folder = source.parent if is_file(source) else source
        return CodeLocation(_relative(folder, template_folder), metadata)

    return code


def _recipe(plan: FunctionPlan, folder: Path) -> str:
    written = _relative(_source(plan), folder)
    if not written.isprintable():  # a line break in it would be a rule of its own
        raise PackagerError(
            f"a Makefile can't name {written!r}", hint="give the folder a name without it"
        )
    path = shlex.quote(written).replace("$", "$$")
    variables = ""
    for character, name in _IN_CALL.items():
        if character in path:
            path = path.replace(character, f"\0{name}\0")
            variables += f"{name} := {character}\n"
    path = re.sub("\0(.*?)\0", r"$(\1)", path)
    call = f'$(call packager_build,{plan.logical_id},"$(PACKAGER_FOLDER)"{path})'
    return f"{variables}{' '.join(_targets(plan))}:\n\t{call}\n"


def _targets(plan: FunctionPlan) -> list[str]:
    """Return what SAM makes of a plan: the function, and those that are the same code."""
    names = ResourceNames(plan.logical_id)
    functions = [names.function, *([names.worker] if plan.options.deferred else [])]
    functions += [names.renewer] if renews(plan) else []
    return [f"build-{each}" for each in functions]


def _source(plan: FunctionPlan) -> Path:
    """Return what the user keeps: the plugin's folder, or the package that was unpacked from."""
    package = Path(plan.plugin.display)
    return package if is_file(package) else plan.plugin.root


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(real_path(path), real_path(folder))).as_posix()
