"""The import diet: a bundle's werkzeug imports modules when a request first uses them.

Only versions that are listed, with the hash of what would be treated, and that werkzeug's own
tests were run against are touched; no other package ever is. See docs/cold-start.md.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from packager.dataclass import dataclass
from packager.dependencies.diet.prepared import prepared_sources
from packager.dependencies.diet.versions import HASHES

_PACKAGE = "werkzeug"
_HELPER = "deferred.py"  # which goes into the treated package as `_deferred.py`


@dataclass(frozen=True, slots=True)
class DietReport:
    """What release the diet was for; or why it did nothing (`reason`)."""

    version: str
    reason: str | None = None

    @property
    def label(self) -> str:
        """What a bundle says of its diet: `werkzeug 3.1.9`, or nothing."""
        return "" if self.reason else f"{_PACKAGE} {self.version}"


def apply_diet(folder: Path, werkzeug_version: str) -> DietReport:
    """Treat `folder/werkzeug` in place, before its bytecode is compiled.

    A second time it does nothing but report the same. The same files always become the same files.
    """
    root = folder / _PACKAGE
    listed = HASHES.get(werkzeug_version)
    if listed is None:
        return DietReport(werkzeug_version, "this version is not listed")
    helper = root / f"_{_HELPER}"
    if helper.exists():
        return DietReport(werkzeug_version)
    if source_hash(root) != listed:
        return DietReport(werkzeug_version, "its files are not those of the release")
    for path, source in (prepared_sources(root) or treated_sources(root)).items():
        path.write_bytes(source)
    helper.write_bytes((Path(__file__).parent / _HELPER).read_bytes())
    return DietReport(werkzeug_version)


def treated_sources(root: Path) -> dict[Path, bytes]:
    """Return what the rules make of the package in `root`: the new sources of files that change.

    Raises ValueError for what can't be treated, which no listed version has.
    """
    # What listed versions become is prepared.
    from packager.dependencies.diet.plan import ModuleSource, Rules, plan_package
    from packager.dependencies.diet.table import EAGER, UNTREATED
    from packager.dependencies.diet.write import write_treated

    modules = {_module_name(path, root): path for path in sorted(root.rglob("*.py"))}
    sources = {
        name: ModuleSource(name, path.name == "__init__.py", _replaced(name, path.read_bytes()))
        for name, path in modules.items()
    }
    trees = {name: ast.parse(module.source) for name, module in sources.items()}
    plans = plan_package(sources, trees, Rules(EAGER, UNTREATED, _PACKAGE))
    return {
        modules[name]: write_treated(sources[name].source, trees[name], plan, _PACKAGE)
        for name, plan in plans.items()
    }


def source_hash(root: Path) -> str:
    """Return the hash of a package's Python sources: SHA-256 over their paths and contents."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _replaced(name: str, source: bytes) -> bytes:
    from packager.dependencies.diet.table import REPLACED

    for module, old, new in REPLACED:
        if module == name:
            source = source.replace(old.encode(), new.encode())
    return source


def _module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join((_PACKAGE, *(part for part in parts if part != "__init__")))
