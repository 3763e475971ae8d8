"""Writes a profile as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from packager.formatting import byte_size, counted
from packager.profile.facts import ImportedModule, Profile
from packager.profile.packages import gained
from packager.profile.parts import INTERPRETER
from packager.profile.text import costs_of, diet_of, said_of

_HERE = Path(__file__).parent
_HUES = {
    INTERPRETER: 215,
    "loop": 265,
    "AWS's client": 265,
    "runtime": 175,
    "werkzeug": 30,
    "plugin": 330,
    "answering": 95,
}
_MORE_HUES = (55, 0, 300, 140, 240, 75, 195, 15, 285, 115)
_ROW = 22  # px
_LEAST_NAMED = 0.06  # of the longest bar: in less there is no room for a name
_LEAST = 0.0005  # of the whole: what is narrower can't be seen


def render_page(profiles: Sequence[Profile]) -> str:
    """Return the page of one profile, or of two side by side."""
    profile = profiles[0]
    hues = _hues(profiles)
    body = [_head(profile), _parts(profiles, hues)]
    for each, title in zip(profiles, ("Imports", "Imports of the other bundle"), strict=False):
        body.append(_icicle(each, title, hues))
    body += [_shares(profiles), _advice(profile), _deferred(profile)]
    body += [_packages(profiles), _sizes(profiles)]
    body += [_every_import(profile, hues), _files(profile)]
    title = f"{escape(profile.function)}: cold start"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_asset('page.css')}</style>\n</head>\n<body>\n"
        + "\n".join(section for section in body if section)
        + f"\n<script>\n{_asset('page.js')}</script>\n</body>\n</html>\n"
    )


def _asset(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _hues(profiles: Sequence[Profile]) -> Mapping[str, int]:
    names = dict.fromkeys(part.name for profile in profiles for part in profile.parts)
    others = [name for name in names if name not in _HUES]
    more = {name: _MORE_HUES[index % len(_MORE_HUES)] for index, name in enumerate(others)}
    return _HUES | more


def _head(profile: Profile) -> str:
    walls = [start.wall for start in profile.starts]
    spread = f"{min(walls):.1f} to {max(walls):.1f} in {counted(len(walls), 'start')}"
    figures = (
        (f"{profile.wall:.1f} ms", f"cold start, median; {spread}"),
        (f"{profile.cpu:.1f} ms", "CPU time"),
        (str(len(profile.imports)), "modules imported"),
        (str(len(profile.opened)), "files opened"),
        (byte_size(profile.bytes), "unzipped"),
    )
    items = "".join(f"<li><b>{escape(a)}</b>{escape(b)}</li>" for a, b in figures)
    status = f" &rarr; {profile.status}" if profile.status else ""
    return (
        f"<h1>{escape(profile.function)}</h1>\n"
        f'<p class="dim"><code>{escape(profile.request)}</code>{status}, {profile.entry} entry, '
        f'Python {escape(profile.python)}</p>\n<ul class="figures">{items}</ul>'
    )


def _parts(profiles: Sequence[Profile], hues: Mapping[str, int]) -> str:
    longest = max(profile.wall for profile in profiles) or 1
    bars = []
    for profile, name in zip(profiles, ("", "the other bundle"), strict=False):
        spans = "".join(
            f'<span class="part" style="--hue:{hues[part.name]};width:{part.ms / longest:.3%}" '
            f'title="{escape(part.name)}: {part.ms:.1f} ms">'
            f"{escape(part.name) if part.ms / longest >= _LEAST_NAMED else ''}</span>"
            for part in profile.parts
        )
        label = f"{name}: {profile.wall:.1f} ms" if name else f"{profile.wall:.1f} ms"
        bars.append(f'<div class="bar" aria-hidden="true">{spans}</div><p class="dim">{label}</p>')
    names = dict.fromkeys(part.name for profile in profiles for part in profile.parts)
    times = [{part.name: part.ms for part in profile.parts} for profile in profiles]
    modules = {part.name: part.modules for part in profiles[0].parts}
    rows = [
        [
            f'<span class="swatch part" style="--hue:{hues[name]}"></span>{escape(name)}',
            *(f"{each[name]:.1f}" if name in each else "&ndash;" for each in times),
            *_difference(times, name),
            f"{times[0].get(name, 0) / profiles[0].wall:.0%}",
            str(modules.get(name, "") or ""),
        ]
        for name in names
    ]
    other = ["other, ms", "difference"] if profiles[1:] else []
    return (
        "<h2>Where the time goes</h2>\n"
        + "\n".join(bars)
        + _table("", ["part", "ms", *other, "share", "modules"], rows)
    )


def _difference(times: Sequence[Mapping[str, float]], name: str) -> list[str]:
    if not times[1:]:
        return []
    return [f"{times[0].get(name, 0) - times[1].get(name, 0):+.1f}"]


def _icicle(profile: Profile, title: str, hues: Mapping[str, int]) -> str:
    ready = next((part.ms for part in profile.parts if part.name == INTERPRETER), 0.0)
    interpreter = ImportedModule(INTERPRETER, "", 0, 0.0, ready, ready, INTERPRETER)
    shown = [
        module for module in (interpreter, *profile.imports) if module.ms >= profile.wall * _LEAST
    ]
    height = (max(module.depth for module in shown) + 1) * _ROW if shown else 0
    blocks = "".join(
        _block(module, profile.wall, hues, focusable=index == 0)
        for index, module in enumerate(shown)
    )
    return (
        f"<section>\n<div><h2>{escape(title)}</h2>\n"
        '<p class="dim">From left to right as time goes, below each module what it imported. '
        "Click or press Enter to zoom in, Escape or "
        '<button type="button">show all</button> to zoom out; arrow keys move.</p></div>\n'
        f'<div class="scroll"><div class="icicle" data-ms="{profile.wall:.3f}" '
        f'style="height:{height}px">{blocks}</div></div>\n'
        '<p class="detail" aria-live="polite">&nbsp;</p>\n</section>'
    )


def _block(module: ImportedModule, wall: float, hues: Mapping[str, int], *, focusable: bool) -> str:
    own = "" if module.name == INTERPRETER else f", {module.own:.2f} ms of it its own"
    file = f", {module.file}" if module.file else ""
    label = escape(f"{module.name}: {module.ms:.2f} ms{own}; {module.part}{file}", quote=True)
    return (
        f'<button type="button" class="block" tabindex="{0 if focusable else -1}" '
        f'style="--hue:{hues.get(module.part, 0)};top:{module.depth * _ROW}px;'
        f'left:{module.start / wall:.4%};width:{module.ms / wall:.4%}" '
        f'data-start="{module.start}" data-ms="{module.ms}" data-depth="{module.depth}" '
        f'title="{label}" aria-label="{label}">{escape(module.name)}</button>'
    )


def _shares(profiles: Sequence[Profile]) -> str:
    profile = profiles[0]
    if not profile.shares:
        return (
            "<h2>At Lambda&rsquo;s CPU shares</h2>\n"
            f'<p class="dim">Not measured: {escape(profile.no_shares)}</p>'
        )
    longest = max(share.wall for each in profiles for share in each.shares)
    rows = []
    for index, share in enumerate(profile.shares):
        found = [each.shares[index] for each in profiles]
        times = [f"{ms:.1f}" for each in found for ms in (each.init, each.request, each.wall)]
        meters = "".join(_meter(each.wall / longest, 215) for each in found)
        rows.append([f"{share.memory} MB", f"{share.cpu:.0%}", *times, meters])
    heads = ["init, ms", "request, ms", "whole, ms"]
    other = [f"other {head}" for head in heads] if profiles[1:] else []
    return "<h2>At Lambda&rsquo;s CPU shares</h2>\n" + _table(
        "", ["memory", "CPU", *heads, *other, ""], rows
    )


def _advice(profile: Profile) -> str:
    if not profile.deferrable:
        return ""
    rows = [
        [
            f"{escape(each.file)}:{each.line}",
            f"<code>{escape(each.module)}</code>",
            f"{each.ms:.1f}",
            escape(", ".join(each.functions) + said_of(each)),
        ]
        for each in profile.deferrable
    ]
    return "<h2>Worth importing inside a function</h2>\n" + _table(
        "Imports at the top of a file that only functions use.",
        ["where", "module", "ms", "used in"],
        rows,
    )


def _deferred(profile: Profile) -> str:
    if profile.deferred is None:
        return "<h2>Import diet</h2>\n<p>Off, or this werkzeug is not listed.</p>"
    names = ", ".join(f"<code>{escape(name)}</code>" for name in profile.deferred.modules)
    return (
        f"<h2>Import diet</h2>\n<p>{profile.deferred.names} names wait for their first use. "
        f"{counted(len(profile.deferred.modules), 'module')} of theirs never imported:</p>\n"
        f'<p class="dim">{names}</p>'
    )


def _packages(profiles: Sequence[Profile]) -> str:
    rows = []
    for each in profiles[0].packages:
        less = gained(each, profiles[1].parts) if profiles[1:] else None
        gain = ["&ndash;" if less is None else f"{less:.1f}"] if profiles[1:] else []
        waits = f"{each.waiting} of {each.modules}"
        took = [str(each.imported), f"{each.ms:.1f}", *gain]
        rows.append(
            [escape(each.name), escape(diet_of(each)), waits, *took, escape(costs_of(each))]
        )
    heads = ["package", "diet", "modules that wait", "imported", "ms"]
    heads += ["gained, ms"] if profiles[1:] else []
    return "<h2>Packages</h2>\n" + _table("", [*heads, "what takes longest"], rows)


def _sizes(profiles: Sequence[Profile]) -> str:
    names = dict.fromkeys(name for profile in profiles for name in profile.sizes)
    biggest = max((size for each in profiles for size in each.sizes.values()), default=1) or 1
    rows = [
        [
            escape(name),
            *(
                byte_size(each.sizes[name]) if name in each.sizes else "&ndash;"
                for each in profiles
            ),
            "".join(_meter(each.sizes.get(name, 0) / biggest, 175) for each in profiles),
        ]
        for name in names
    ]
    other = ["other"] if profiles[1:] else []
    total = [byte_size(profile.bytes) for profile in profiles]
    return "<h2>What the bundle weighs</h2>\n" + _table(
        "", ["package", "bytes", *other, ""], [*rows, ["whole", *total, ""]]
    )


def _every_import(profile: Profile, hues: Mapping[str, int]) -> str:
    rows = [
        [
            f'<span style="padding-left:{module.depth}em">{escape(module.name)}</span>',
            f"{module.ms:.2f}",
            f"{module.own:.2f}",
            f'<span class="swatch part" style="--hue:{hues.get(module.part, 0)}"></span>'
            + escape(module.part),
        ]
        for module in profile.imports
    ]
    table = _table("In the order they began.", ["module", "ms", "own", "part"], rows)
    return (
        f"<details><summary>All {len(rows)} imports</summary>"
        f'<div class="scroll long">{table}</div></details>'
    )


def _files(profile: Profile) -> str:
    rows = [[escape(path), ""] for path in profile.opened]
    table = _table("", ["file", ""], rows)
    return (
        f"<details><summary>All {counted(len(rows), 'opened file')}, "
        f"{counted(len(profile.listed), 'listed folder')}</summary>"
        f'<div class="scroll long">{table}</div></details>'
    )


def _meter(share: float, hue: int) -> str:
    return f'<div class="part" style="--hue:{hue};width:{share:.2%}"></div>'


def _table(caption: str, heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are HTML already."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    lines = "\n".join(
        "<tr>"
        + "".join(
            f"<td{' class=meter' if cell.startswith('<div') else ''}>{cell}</td>" for cell in row
        )
        + "</tr>"
        for row in rows
    )
    said = f"<caption>{caption}</caption>" if caption else ""
    return f"<table>{said}<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table>"
