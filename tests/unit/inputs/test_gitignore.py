"""Patterns in gitignore syntax: what git says of them, and how long they take."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.inputs.gitignore import MAX_COMPILED, MAX_PATTERNS, PatternError, Patterns
from tests.support.git_patterns import NAMES, PIECES, ignored_by_git, ignored_here, tree_of
from tests.support.timing import soon

lines = st.lists(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join), min_size=1, max_size=5
)
trees = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), min_size=1, max_size=25)


@given(trees, lines)
@settings(max_examples=60)
def test_what_git_ignores_is_ignored(paths: list[list[str]], patterns: list[str]) -> None:
    tree = tree_of(paths)
    with tempfile.TemporaryDirectory() as folder:
        assert ignored_here(tree, patterns) == ignored_by_git(Path(folder), tree, patterns)


@pytest.mark.parametrize(
    ("patterns", "ignored"),
    [
        (["a/", "!a/b"], {"a", "a/b"}),  # git looks into no ignored folder
        (["a/*", "!a/b"], set()),
        (["*", "!a", "!a/b"], {"c"}),
        (["/b", "a/**"], {"a/b"}),
        (["**/b"], {"a/b"}),
        (["a/**/b"], {"a/b"}),
        (["?"], {"a", "a/b", "c"}),
        ([" ", "", "# c", "c "], {"c"}),
        (["\\c"], {"c"}),
    ],
)
def test_examples(tmp_path: Path, patterns: list[str], ignored: set[str]) -> None:
    tree = {"a": True, "a/b": False, "c": False}

    assert ignored_here(tree, patterns) == ignored == ignored_by_git(tmp_path, tree, patterns)


SLOW = (
    *("*a" * 8 + "*b", "*a" * 60 + "*b", "*" * 5000 + "b", "?*" * 100 + "b", "[a-z]*" * 60 + "b"),
    *("**/" * 500 + "b", "a/**/" * 300 + "b", "*/" * 500 + "b", "**/*a*a*a*a*/**/*a*a*a/**/b"),
    *("x**" * 100, "**/*a/*a/**/*a/*a/b", "\\**/" * 50, "[" * 5000, "\\" * 5001, "[[:" * 2000),
    *("*[!a]" * 100, "a*?" * 80 + "/**", " " * 100_000, "!" * 100_000, "/" * 100_000),
)


@pytest.mark.parametrize("pattern", SLOW, ids=lambda pattern: pattern[:12])
def test_no_pattern_takes_long(pattern: str) -> None:
    """Time grows with the name's length, and is never long: 64 characters took minutes."""

    def match() -> None:
        for anchor in ("", "/", "**/"):
            patterns = Patterns([anchor + pattern])
            for name in ("a" * 64, "a" * 255, "/".join(["a" * 40] * 50), "/".join(["a"] * 100)):
                patterns.match(name)

    soon(1, pattern[:12], match)


def test_patterns_made_at_random_take_no_longer() -> None:
    random = Random(13)
    for _ in range(300):
        pattern = "".join(random.choices("ab*?/[]!-\\", k=200))
        name = "/".join("ab" * random.randrange(1, 100) for _ in range(10))
        soon(0.2, pattern, lambda p=pattern, name=name: Patterns([p]).match(name))  # type: ignore[misc]


def test_a_list_has_limits() -> None:
    Patterns(f"name{number}" for number in range(MAX_PATTERNS))
    for lines in (["x"] * (MAX_PATTERNS + 1), ["a?b"] * (MAX_COMPILED + 1)):
        with pytest.raises(PatternError, match="has more than 10000 patterns"):
            Patterns(lines)
