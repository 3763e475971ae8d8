"""Writes a profile as text, and as what JSON says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from packager.formatting import byte_size, columns, counted
from packager.profile.facts import Deferrable, PackageImports, Profile
from packager.profile.packages import gained

_LEAST_SHOWN = 0.01  # of the whole start: smaller imports are left out of the tree
_LEAST_MS = 0.3
_SIZES_SHOWN = 12
_MODULES_SHOWN = 8


def render_text(profiles: Sequence[Profile]) -> str:
    """Return the profile for people; with a second one, how that differs."""
    profile = profiles[0]
    sections = [_head(profile), _parts(profiles), _tree(profile), _files(profile), _sizes(profiles)]
    sections += [_deferred(profile), _packages(profiles), _advice(profile), _shares(profiles)]
    return "\n".join(section for section in sections if section)


def facts(profile: Profile) -> dict[str, Any]:
    """Return a profile as JSON says it."""
    said = asdict(profile) | {"bytes": profile.bytes}
    for start in said["starts"]:
        del start["payload"]
    return said


def _head(profile: Profile) -> str:
    walls = sorted(start.wall for start in profile.starts)
    status = f" -> {profile.status}" if profile.status else ""
    return (
        f"{profile.function}: {profile.request}{status}, {profile.entry} entry, "
        f"Python {profile.python}\n"
        f"cold start {profile.wall:.1f} ms (median of {len(walls)}, {walls[0]:.1f} to "
        f"{walls[-1]:.1f}), CPU {profile.cpu:.1f} ms, {counted(len(profile.imports), 'import')}, "
        f"{byte_size(profile.bytes)}\n"
    )


def _parts(profiles: Sequence[Profile]) -> str:
    times = [{part.name: part.ms for part in profile.parts} for profile in profiles]
    rows = [("WHERE", "MS", "SHARE", "MODULES", *(("OTHER MS",) if times[1:] else ()))]
    for part in profiles[0].parts:
        other = [f"{times[1].get(part.name, 0):.1f}"] if times[1:] else []
        share = f"{part.ms / profiles[0].wall:.0%}"
        rows.append((part.name, f"{part.ms:.1f}", share, str(part.modules or ""), *other))
    if times[1:]:
        gone = sorted(times[1].keys() - times[0].keys())
        rows += [(name, "-", "", "", f"{times[1][name]:.1f}") for name in gone]
        rows.append(("whole", f"{profiles[0].wall:.1f}", "", "", f"{profiles[1].wall:.1f}"))
    return columns(rows)


def _tree(profile: Profile) -> str:
    least = max(profile.wall * _LEAST_SHOWN, _LEAST_MS)
    rows = [("IMPORT", "MS", "OWN", "PART")]
    rows += [
        (f"{'  ' * each.depth}{each.name}", f"{each.ms:.1f}", f"{each.own:.1f}", each.part)
        for each in profile.imports
        if each.ms >= least
    ]
    return columns(rows)


def _files(profile: Profile) -> str:
    inside = sum(not path.startswith("/") for path in profile.opened)
    return (
        f"opened {counted(len(profile.opened), 'file')}, {inside} of them in the bundle; listed "
        f"{counted(len(profile.listed), 'folder')}\n"
    )


def _sizes(profiles: Sequence[Profile]) -> str:
    rows = [("SIZE", "BYTES", *(("OTHER",) if profiles[1:] else ()))]
    sizes = [profile.sizes for profile in profiles]
    names = list(dict.fromkeys(name for each in sizes for name in each))
    rows += [
        (name, *(byte_size(each[name]) if name in each else "-" for each in sizes))
        for name in names[:_SIZES_SHOWN]
    ]
    if names[_SIZES_SHOWN:]:
        rest = names[_SIZES_SHOWN:]
        more = (byte_size(sum(each.get(name, 0) for name in rest)) for each in sizes)
        rows.append((f"{len(rest)} more", *more))
    rows.append(("whole", *(byte_size(profile.bytes) for profile in profiles)))
    return columns(rows)


def _deferred(profile: Profile) -> str:
    if profile.deferred is None:
        return "the import diet is off, or this werkzeug is not listed\n"
    modules = [name for name in profile.deferred.modules if not name.startswith("werkzeug")]
    shown = ", ".join(modules[:_MODULES_SHOWN])
    more = f" and {len(modules) - _MODULES_SHOWN} more" if modules[_MODULES_SHOWN:] else ""
    return (
        f"the diet defers {profile.deferred.names} names; never imported: "
        f"{counted(len(profile.deferred.modules), 'module')}, such as {shown}{more}\n"
    )


def _packages(profiles: Sequence[Profile]) -> str:
    profile = profiles[0]
    if not profile.packages:
        return ""
    heads = ("PACKAGE", "DIET", "WAIT", "IMPORTED", "MS", *(("GAINED",) if profiles[1:] else ()))
    rows: list[tuple[str, ...]] = [(*heads, "WHAT TAKES LONGEST")]
    for each in profile.packages:
        less = gained(each, profiles[1].parts) if profiles[1:] else None
        rows.append(
            (
                each.name,
                diet_of(each),
                f"{each.waiting} of {each.modules}",
                str(each.imported or "-"),
                f"{each.ms:.1f}" if each.imported else "-",
                *(("-" if less is None else f"{less:.1f}",) if profiles[1:] else ()),
                costs_of(each),
            )
        )
    return columns(rows)


def diet_of(package: PackageImports) -> str:
    """Return what the import diet does to a package, in words."""
    if package.diet:
        return package.diet.partition(" ")[2]
    return "this release not" if package.listed else "not listed"


def costs_of(package: PackageImports) -> str:
    """Return which of a package's modules take longest, and what imports them."""
    said = []
    for module, ms, above in package.costs:
        by = f" by {above}" if above else " in a function"
        said.append(f"{module} {ms:.1f}{by}")
    return ", ".join(said)


def _advice(profile: Profile) -> str:
    if not profile.deferrable:
        return "no import at the top of the plugin's files is worth moving into a function\n"
    lines = ["worth importing inside the functions that use it:\n"]
    for each in profile.deferrable:
        where = f"  {each.file}:{each.line}: {each.module}, {each.ms:.1f} ms, used in "
        lines.append(f"{where}{', '.join(each.functions)}{said_of(each)}\n")
    return "".join(lines)


def said_of(import_: Deferrable) -> str:
    """Return what to mind of an import that is worth moving, if anything."""
    if import_.functions == ("_invoke",):
        return ", which runs at every request: move it into a branch that not every one takes"
    return ""


def _shares(profiles: Sequence[Profile]) -> str:
    profile = profiles[0]
    if not profile.shares:
        return f"not measured at Lambda's CPU shares: {profile.no_shares}\n"
    heads = ("INIT MS", "REQUEST MS", "WHOLE MS")
    others = tuple(f"OTHER {head}" for head in heads) if profiles[1:] else ()
    rows = [("MEMORY", "CPU", *heads, *others)]
    for index, share in enumerate(profile.shares):
        found = [each.shares[index] for each in profiles]
        times = [f"{ms:.1f}" for each in found for ms in (each.init, each.request, each.wall)]
        rows.append((f"{share.memory} MB", f"{share.cpu:.0%}", *times))
    return columns(rows)
