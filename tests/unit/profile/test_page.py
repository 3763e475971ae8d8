from __future__ import annotations

import re
from dataclasses import replace

from packager.profile.facts import (
    ColdStart,
    Deferrable,
    Deferred,
    ImportedModule,
    PackageImports,
    Part,
    Profile,
    Share,
)
from packager.profile.page import render_page
from packager.profile.text import render_text
from tests.support.html_page import Page

PROFILE = Profile(
    function="NekoFunction",
    entry="fast",
    python="3.13",
    request="GET /<&>",
    status=200,
    starts=(ColdStart(19.0, 15.0, 18.0), ColdStart(21.0, 16.0, 20.0)),
    wall=20.0,
    cpu=19.0,
    parts=(Part("interpreter", 8.0, 30), Part("werkzeug", 7.0, 2), Part("plugin", 5.0, 1)),
    imports=(
        ImportedModule("werkzeug", "werkzeug/__init__.py", 0, 8.0, 7.0, 4.0, "werkzeug"),
        ImportedModule("werkzeug.http", "werkzeug/http.py", 1, 10.0, 3.0, 3.0, "werkzeug"),
        ImportedModule('a"<b>', "plugin/x.py", 0, 15.0, 5.0, 5.0, "plugin"),
        ImportedModule("tiny", "", 0, 15.0, 0.001, 0.001, "plugin"),
    ),
    opened=("werkzeug/__init__.py", "/etc/hosts"),
    listed=("/b",),
    sizes={"werkzeug": 2_000_000, "plugin": 1500},
    deferred=Deferred(42, ("json", "werkzeug.urls")),
    deferrable=(
        Deferrable("endpoints/x.py", 3, "pandas", 4.0, ("chart", "export")),
        Deferrable("endpoints/x.py", 4, "yaml", 2.0, ("_invoke",)),
    ),
    shares=(Share(128, 280.0, 19.0), Share(1769, 21.0, 20.0)),
)
OTHER = replace(
    PROFILE, wall=25.0, parts=(Part("AWS's client", 25.0, 9),), sizes={"numpy": 1}, deferred=None
)


def test_the_page_needs_nothing_else() -> None:
    text = render_page([PROFILE, OTHER])
    page = Page(text)
    names = {name for _, attributes in page.found for name in attributes}
    assert not names & {"src", "href", "srcset", "data"}
    assert not re.search(r"https?://|url\(|@import|\bimport\s*\(|fetch\(", text)
    assert {"style", "script", "table"} <= {tag for tag, _ in page.found}
    assert "GET /<&>" in page.text


def test_blocks_are_where_and_as_wide_as_imports_took() -> None:
    blocks = [
        attributes
        for _, attributes in Page(render_page([PROFILE])).found
        if "data-ms" in attributes
    ][1:]
    assert [
        (block["data-start"], block["data-ms"], block["data-depth"], block["aria-label"])
        for block in blocks
    ] == [
        ("0.0", "8.0", "0", "interpreter: 8.00 ms; interpreter"),
        (
            *("8.0", "7.0", "0"),
            "werkzeug: 7.00 ms, 4.00 ms of it its own; werkzeug, werkzeug/__init__.py",
        ),
        (
            *("10.0", "3.0", "1"),
            "werkzeug.http: 3.00 ms, 3.00 ms of it its own; werkzeug, werkzeug/http.py",
        ),
        ("15.0", "5.0", "0", 'a"<b>: 5.00 ms, 5.00 ms of it its own; plugin, plugin/x.py'),
    ]
    assert "left:40.0000%;width:35.0000%" in (blocks[1]["style"] or "")
    assert [block["tabindex"] for block in blocks] == ["0", "-1", "-1", "-1"]


def test_the_text() -> None:
    assert (
        render_text([PROFILE])
        == """\
NekoFunction: GET /<&> -> 200, fast entry, Python 3.13
cold start 20.0 ms (median of 2, 19.0 to 21.0), CPU 19.0 ms, 4 imports, 2.0 MB

WHERE        MS   SHARE  MODULES
interpreter  8.0  40%    30
werkzeug     7.0  35%    2
plugin       5.0  25%    1

IMPORT           MS   OWN  PART
werkzeug         7.0  4.0  werkzeug
  werkzeug.http  3.0  3.0  werkzeug
a"<b>            5.0  5.0  plugin

opened 2 files, 1 of them in the bundle; listed 1 folder

SIZE      BYTES
werkzeug  2.0 MB
plugin    2 KB
whole     2.0 MB

the diet defers 42 names; never imported: 2 modules, such as json

worth importing inside the functions that use it:
  endpoints/x.py:3: pandas, 4.0 ms, used in chart, export
  endpoints/x.py:4: yaml, 2.0 ms, used in _invoke, which runs at every request: move it into a \
branch that not every one takes

MEMORY   CPU   INIT MS  REQUEST MS  WHOLE MS
128 MB   7%    19.0     261.0       280.0
1769 MB  100%  20.0     1.0         21.0
"""
    )


def test_two_side_by_side() -> None:
    text = render_text([replace(PROFILE, shares=(), no_shares="no luck", deferrable=()), OTHER])
    assert (
        """\
WHERE         MS    SHARE  MODULES  OTHER MS
interpreter   8.0   40%    30       0.0
werkzeug      7.0   35%    2        0.0
plugin        5.0   25%    1        0.0
AWS's client  -                     25.0
whole         20.0                  25.0
"""
        in text
    )
    assert "numpy     -       1 B\n" in text
    assert "not measured at Lambda's CPU shares: no luck\n" in text


def test_packages_say_what_they_gain_beside_another_bundle() -> None:
    packages = (
        PackageImports("werkzeug", "werkzeug 3.1.9", True, 40, 30, 2, 7.0, (("a<b", 3.0, "x"),)),
        PackageImports("numpy", "", False, 9, 0, 0, 0.0, ()),
    )
    profile = replace(PROFILE, packages=packages)
    other = replace(PROFILE, parts=(Part("werkzeug", 30.0, 90),))
    rows = " ".join(render_text([profile, other]).split())

    assert "werkzeug 3.1.9 30 of 40 2 7.0 23.0 a<b 3.0 by x" in rows
    assert "numpy not listed 0 of 9 - - -" in rows
    assert "GAINED" not in render_text([profile])
    assert "gained, ms" in render_page([profile, other])
    assert "a&lt;b 3.0 by x" in render_page([profile])
