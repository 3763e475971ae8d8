"""Says what a package is built from on this disk, so that a change of it is never missed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from packager.inputs.toml_limits import load_toml
from packager.paths import exists, is_file, is_folder, is_inside, real_path

# Build backends that read nothing but the package's folder and what its pyproject.toml names
# (their documentation). Others may read whatever they like.
_KNOWN_BACKENDS = frozenset(
    {
        *("setuptools", "wheel", "hatchling", "flit-core", "poetry-core", "uv-build"),
        *("pdm-backend",),
    }
)
# Files with which a package brings code of its own to its build.
_BUILD_CODE = ("setup.py", "pdm_build.py", "build.py", "hatch_build.py")
_HOOKS = re.compile(
    r"^[ \t]*+\[+tool\.[\w.-]*hooks?\b|^[ \t]*+\[+tool\.poetry\.build\b|^[ \t]*+cmdclass\b"
    r"|^[ \t]*+(build|script)"
    r"\s*=\s*[\"'][^\"']*\.py[\"']|\bsource\s*=\s*[\"'](vcs|scm|env)[\"']",
    re.MULTILINE,
)
# What is not part of a package, or is what builds leave behind.
_PASSED_OVER = frozenset(
    {
        *(".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"),
        *(".tox", ".nox", ".venv", ".idea", ".vscode"),
    }
)
_BUILT = re.compile(r"build/(?:lib|bdist)\b[^/]*")
_CHUNK = 1 << 20  # bytes
_CONFIGURATION = ("pyproject.toml", "setup.cfg")


def content_digest(path: Path) -> str:
    """Return a digest of what a package is built from; "" where that can't be known.

    `path` is an archive, or a folder: then its files count, those outside that its configuration
    names, and the configuration of uv around it. A package with build code of its own, or whose
    version is that of a repository, may be built from anything.
    """
    if not is_folder(path):
        try:
            return _file_digest(path)
        except OSError:
            return ""
    if not _is_predictable(path):
        return ""
    digest = hashlib.sha256()
    for root in (path, *sorted(_named_outside(path)), *_projects_around(path)):
        digest.update(f"{root}\0".encode("utf-8", "surrogateescape"))
        for name, file in _files(root):
            executable = file.stat().st_mode & 0o100
            line = f"{name}\0{executable}\0{_file_digest(file)}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
    return f"tree:{digest.hexdigest()}"


def _is_predictable(folder: Path) -> bool:
    if any(exists(folder / name) for name in _BUILD_CODE):
        return False
    text = _text(folder / "pyproject.toml")
    if not text or _HOOKS.search(text) or _HOOKS.search(_text(folder / "setup.cfg")):
        return False
    system = _toml(text).get("build-system")
    if not isinstance(system, dict):
        return True  # setuptools, without code of its own
    requires = system.get("requires", [])
    return "backend-path" not in system and all(
        isinstance(each, str) and _name(each) in _KNOWN_BACKENDS for each in requires
    )


def _name(requirement: str) -> str:
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return ""


def _named_outside(folder: Path) -> set[Path]:
    """Return the files and folders outside of `folder` that its configuration names."""
    texts = set(_texts(_toml(_text(folder / "pyproject.toml"))))
    texts |= set(re.findall(r"[^\s=,:]*\.\./[^\s,]*", _text(folder / "setup.cfg")))
    found = set()
    for text in texts:
        if ".." in text or text.startswith("/"):
            start = re.split(r"[*?\[]", text)[0] or "."
            named = real_path(folder / start)
            if exists(named) and not is_inside(folder, named):
                found.add(named)
    return {path for path in found if not is_inside(path, folder)}


def _projects_around(folder: Path) -> list[Path]:
    """Return the pyproject.toml files around `folder`, of which one may be its workspace's."""
    above = (parent / "pyproject.toml" for parent in real_path(folder).parents)
    return [path for path in above if is_file(path)]


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files below `root`, or itself, by posix path; links are followed, once each."""
    if not is_folder(root):
        yield "", root
        return
    seen: set[Path] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = real_path(Path(folder))
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        at = Path(folder).relative_to(root)
        folders[:] = sorted(each for each in folders if not _is_passed_over(at, each, root))
        for name in sorted(files):
            file = Path(folder) / name
            if not name.endswith(".pyc") and is_file(file):
                yield (at / name).as_posix(), file


def _is_passed_over(at: Path, name: str, root: Path) -> bool:
    path = (at / name).as_posix()
    environment = exists(root / at / name / "pyvenv.cfg")
    left = name.endswith(".egg-info") or bool(_BUILT.fullmatch(path))
    return name in _PASSED_OVER or environment or left


@contextlib.contextmanager
def builds_cleared_away(folders: Iterable[Path]) -> Iterator[None]:
    """Remove afterwards what setuptools leaves in the folders of packages that it builds.

    What it left in `build/lib` is in the next wheel, too, though its source may be gone by then.
    What was there before stays.
    """
    before = {folder: set(_leavings(folder)) for folder in folders if is_folder(folder)}
    try:
        yield
    finally:
        for folder, known in before.items():
            for path in sorted(set(_leavings(folder)) - known):
                shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):  # not there, or not empty
                if not any(path.name == "build" or path.parent.name == "build" for path in known):
                    (folder / "build").rmdir()


def stale_builds(folder: Path) -> bool:
    """Whether a folder has leavings of an earlier build, which setuptools would take as its own."""
    return any(path.parent.name == "build" for path in _leavings(folder))


def _leavings(folder: Path) -> Iterator[Path]:
    for path in (*folder.glob("build/*"), *folder.glob("*.egg-info"), *folder.glob("*/*.egg-info")):
        inner = path.relative_to(folder).as_posix()
        if is_folder(path) and (path.suffix == ".egg-info" or _BUILT.fullmatch(inner)):
            yield path


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, each in value.items():
                yield str(key)
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)


def _toml(text: str) -> Mapping[str, Any]:
    try:
        return load_toml(text)
    except ValueError:
        return {}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
