"""Says of each package what the import diet does to it, and what is imported of it all the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from packager.dependencies.diet.packages import verified
from packager.profile.facts import ImportedModule, PackageImports, Part

_SHOWN = 3  # modules of a package that take longest
_LEAST_MS = 0.3
_MARK, _SOURCE_MARK = b"__waiting__", b"_deferred.Lazy(globals()"
# What is treated in its sources; the runtime and the plugin are not packages.
_DIETED_SOURCES = "werkzeug"
_OWN = frozenset({"endpoint_runtime", "dify_plugin", "plugin"})


def packages_of(
    folder: Path, labels: Sequence[str], parts: Sequence[Part], imports: Sequence[ImportedModule]
) -> tuple[PackageImports, ...]:
    """Return the bundle's packages by their top-level names, what takes longest first.

    `labels` are what the bundle says of its diet: `requests 2.34.2`, and `(by rule)` where the
    release is not the one that was tried.
    """
    owners = {module: name for name, entry in verified().items() for module in entry["modules"]}
    times = {part.name: part for part in parts}
    found = []
    for path in folder.iterdir():
        name = path.name.partition(".")[0]
        files = [*path.rglob("*.py")] if path.is_dir() else [path] * (path.suffix == ".py")
        if not files or name in _OWN:
            continue
        owner = owners.get(name, name)
        part = times.get(name)
        found.append(
            PackageImports(
                name=name,
                diet=_label(owner, labels),
                listed=owner in verified() or name == _DIETED_SOURCES,
                modules=len(files),
                waiting=_waiting(path),
                imported=part.modules if part else 0,
                ms=part.ms if part else 0.0,
                costs=_costs(name, imports),
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.ms, each.name)))


def gained(package: PackageImports, other: Collection[Part]) -> float | None:
    """Return the ms that another bundle's package takes more; None where it has no such part."""
    times: Mapping[str, float] = {part.name: part.ms for part in other}
    return times[package.name] - package.ms if package.name in times else None


def _label(owner: str, labels: Sequence[str]) -> str:
    return next((each for each in labels if each.partition(" ")[0] == owner), "")


def _waiting(path: Path) -> int:
    """Count the modules that have imports which wait."""
    if path.name == _DIETED_SOURCES:
        return sum(_SOURCE_MARK in each.read_bytes() for each in path.rglob("*.py"))
    return sum(_MARK in each.read_bytes() for each in path.rglob("*.pyc"))


def _costs(name: str, imports: Sequence[ImportedModule]) -> tuple[tuple[str, float, str], ...]:
    """Return what takes longest of what a package brings: module, ms, and what imports it."""
    above: list[str] = []
    costs = []
    for module in imports:
        del above[module.depth :]
        if module.part == name and module.own >= _LEAST_MS:
            costs.append((module.name, module.own, above[-1] if above else ""))
        above.append(module.name)
    return tuple(sorted(costs, key=lambda each: -each[1])[:_SHOWN])
