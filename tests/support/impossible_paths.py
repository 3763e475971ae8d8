"""Paths at which nothing can be seen."""

from __future__ import annotations

LONG = "x" * 256
# What is written where a path belongs, and why nothing can be seen there.
IMPOSSIBLE = {
    "a name too long": (LONG, " (file name too long)"),
    "a folder's name too long": (f"{LONG}/x", " (file name too long)"),
    "a path too long": ("x/" * 2100 + "x", " (file name too long)"),
    "a NUL": ("a\0b", " (it has a character that no path can have)"),
    "half of a surrogate pair": ("a\ud800", " (it has a character that no path can have)"),
    "a file as a folder": ("file/x", " (not a directory)"),
    "a circle of links": ("circle", " (too many levels of symbolic links)"),
    "a link in a circle": ("circle/x", " (too many levels of symbolic links)"),
    "nothing": ("nothing", ""),
    "a link to nothing": ("loose", ""),
    "nobody's home": ("~nobody-of-this-name/x", ""),
}
