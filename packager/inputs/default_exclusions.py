"""Knows what in a plugin's folder is not the plugin's: environments, caches, tools' own files."""

from __future__ import annotations

import os
from pathlib import Path

from packager.contract import LOCAL_SETTINGS
from packager.inputs.gitignore import Patterns
from packager.paths import exists

# What runs on this machine take their secrets from: whatever else says, they never ship.
NEVER = (".env", LOCAL_SETTINGS)
# What no plugin is made of, whatever its ignore file says or leaves out. Of what the ignore files
# of `dify plugin init`, uv, npm and editors name, those that no plugin can mean otherwise: `lib/`,
# `build/`, `var/` and `*.mo` may be a plugin's own, so only its ignore file can say.
_DEFAULT = """\
# secrets
.env.*
*.env
.envrc
.netrc
# version control and its hosts
.git
.hg
.svn
.bzr
.jj/
.github/
.gitlab/
# Python: bytecode, caches, reports, build files
__pycache__/
*.py[co]
*$py.class
.mypy_cache/
.dmypy.json
.pytest_cache/
.ruff_cache/
.hypothesis/
.pytype/
.pyre/
.tox/
.nox/
.eggs/
*.egg-info/
.installed.cfg
.coverage
.coverage.*
htmlcov/
.ipynb_checkpoints/
.pdm-build/
.pdm-python
.pybuilder/
__pypackages__/
cython_debug/
.cache/
.uv-cache/
.uv_cache/
# environments that are not told by what is in them
.venv
.conda/
.pixi/
.direnv/
.devenv/
# JavaScript
node_modules/
bower_components/
.npm/
.yarn/
.pnpm-store/
.parcel-cache/
.next/
# editors and desktops
.idea/
.vscode/
.vs/
.fleet/
.zed/
.cursor/
.history/
.spyderproject
.spyproject
.ropeproject/
*.sublime-project
*.sublime-workspace
*.sw[op]
*~
.DS_Store
.AppleDouble/
__MACOSX/
Thumbs.db
desktop.ini
# packages of the plugin, builds that were killed, SAM's
*.difypkg
.packager-????????/
.aws-sam/
"""
# What an environment adds to the folder that it is made in (`python -m venv .`).
_VENV_IN_ROOT = (
    *("/pyvenv.cfg", "/bin/", "/include/", "/lib/python3*/", "/lib64"),
    *("/Scripts/", "/Lib/site-packages/"),
)
_CONDA_IN_ROOT = ("/conda-meta/", "/bin/", "/include/", "/lib/", "/share/", "/ssl/", "/etc/")
_MAX_COUNTED = 50_000  # files that are looked at for the size of one folder


def default_exclusions(root: Path) -> Patterns:
    """Return the patterns of what does not ship from the plugin in `root` by default."""
    lines = _DEFAULT.splitlines()
    if exists(root / "pyvenv.cfg"):
        lines += _VENV_IN_ROOT
    if exists(root / "conda-meta"):
        lines += _CONDA_IN_ROOT
    return Patterns(lines)


def is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment (PEP 405) or conda's."""
    return exists(folder / "pyvenv.cfg") or exists(folder / "conda-meta")


def folder_size(folder: Path) -> tuple[int, bool]:
    """Return the bytes of the files in a folder, links aside, and whether those are all of them."""
    size = count = 0
    pending = [folder]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    count += 1
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        size += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
        if count > _MAX_COUNTED:
            return size, False
    return size, True
