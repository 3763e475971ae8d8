"""Writes the Makefile through which `sam build` gets each bundle (BuildMethod: makefile)."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from packager.model import FunctionPlan
from packager.sam.function import CodeLocation

# SAM runs `make --makefile FOLDER/Makefile build-ID` in a copy of the plugin's folder, with
# ARTIFACTS_DIR set (aws-lambda-builders, custom_make). The variables are expanded while this file
# is read, so that it also works included by another Makefile.
_VARIABLES = """\
PACKAGER_FOLDER := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
# The packager of the environment beside this file or one folder up, else the one on the PATH.
PACKAGER ?= $(firstword $(wildcard $(PACKAGER_FOLDER).venv/bin/packager) \\
  $(wildcard $(PACKAGER_FOLDER)../.venv/bin/packager) packager)
# More options of `packager build` for every function.
PACKAGER_OPTIONS ?=
"""
_BUILD = """\
define packager_build
@set -e; out=$$(mktemp -d); trap 'rm -rf "$$out"' EXIT; \\
$(PACKAGER) build $(PACKAGER_OPTIONS) --function $(1) -o "$$out/built" $(2); \\
mkdir -p "$(ARTIFACTS_DIR)"; cp -pR "$$out/built/$(1)/." "$(ARTIFACTS_DIR)"
endef
"""


def render_makefile(
    plans: Sequence[FunctionPlan], *, folder: Path, header: Sequence[str] = ()
) -> str:
    """Give the Makefile with a recipe `build-<LogicalId>` for each function.

    `folder` is where the file will be: plugins are named relative to it. `header` are comment
    lines for the top.
    """
    targets = " ".join(f"build-{plan.logical_id}" for plan in plans)
    parts = ["".join(f"# {line}\n" for line in header), _VARIABLES, _BUILD]
    parts.append(f".PHONY: {targets}\n")
    parts += (_recipe(plan, folder) for plan in plans)
    return "\n".join(parts)


def makefile_code(template_folder: Path, makefile_folder: Path) -> Callable[..., CodeLocation]:
    """Say that SAM builds the code through the Makefile in `makefile_folder`.

    `CodeUri` is the plugin's folder. It and `ContextPath`, the Makefile's folder, are relative to
    the template's.
    """

    def code(plan: FunctionPlan) -> CodeLocation:
        context = _relative(makefile_folder, template_folder)
        metadata = {"BuildMethod": "makefile", "ContextPath": context}
        return CodeLocation(_relative(plan.plugin.root, template_folder), metadata)

    return code


def _recipe(plan: FunctionPlan, folder: Path) -> str:
    path = shlex.quote(_relative(plan.plugin.root, folder)).replace("$", "$$")
    target = f"build-{plan.logical_id}"
    # A comma would end the argument of $(call).
    argument = f'"$(PACKAGER_FOLDER)"{path}'.replace(",", "$(packager_comma)")
    comma = "packager_comma := ,\n" if "," in path else ""
    return f"{comma}{target}:\n\t$(call packager_build,{plan.logical_id},{argument})\n"


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
