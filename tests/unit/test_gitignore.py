"""Patterns in gitignore syntax: what git says of them, and how long they take."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packager.inputs.gitignore import MAX_COMPILED, MAX_PATTERNS, PatternError, Patterns

PIECES = (
    *("a", "b", "ab", "c", "*", "**", "/", "/", "?", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]"),
    *("[[:alpha:]]", "[a", "\\", "\\a", "\\*", "\\/", " ", "\\ ", "!", "#", "-", "é", ".", "**/"),
    *("/**", "/**/", "*a", "[[:]", "[[:x:]]", "[a-]", "[--b]", "[\\]]", "[!]", "{", "+", "\r"),
    *("\t", "]", "[a/b]", "[b-a]", "\0", "[[:punct:]-a]", "[\\a-c]", "***", "\\**/"),
)
NAMES = (
    *("a", "b", "ab", "aab", "c", "abc", "a b", "é", "!", "#", "a]", "*", "-", "a.b", "[", " "),
    *("ba", "\\", "a\\", "bb", "{", "+", "\t"),
)
lines = st.lists(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join), min_size=1, max_size=5
)
trees = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), min_size=1, max_size=25)


def tree_of(paths: Iterable[Sequence[str]]) -> dict[str, bool]:
    """Give each path that can be beside the ones before it, and whether it is a folder."""
    found: dict[str, bool] = {}
    for parts in paths:
        above = ["/".join(parts[:length]) for length in range(1, len(parts))]
        if all(found.get(each, True) for each in above):
            found |= dict.fromkeys(above, True)
            found.setdefault("/".join(parts), False)
    return found


def ignored_by_git(folder: Path, tree: dict[str, bool], patterns: Sequence[str]) -> set[str]:
    """Give what `git check-ignore` says of the paths of `tree`, made in `folder`."""
    git = ["git", "-c", "core.ignorecase=false", "-c", "core.excludesfile="]
    subprocess.run([*git, "init", "-q"], cwd=folder, check=True)
    for path, is_folder in tree.items():
        if is_folder:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(b"")
    (folder / ".gitignore").write_bytes("\n".join(patterns).encode())
    done = subprocess.run(
        [*git, "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=folder,
        input="".join(f"{path}\0" for path in tree).encode(),
        capture_output=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return set(done.stdout.decode().split("\0")) - {""}


def ignored_here(tree: dict[str, bool], patterns: Sequence[str]) -> set[str]:
    ours = Patterns("\n".join(patterns).encode().split(b"\n"))
    return {path for path, is_folder in tree.items() if ours.match(path, folder=is_folder)}


@given(trees, lines)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
    started = time.process_time()
    for anchor in ("", "/", "**/"):
        patterns = Patterns([anchor + pattern])
        for name in ("a" * 64, "a" * 255, "/".join(["a" * 40] * 50), "/".join(["a"] * 100)):
            patterns.match(name)

    assert time.process_time() - started < 1


def test_patterns_made_at_random_take_no_longer() -> None:
    random = Random(13)
    for _ in range(300):
        pattern = "".join(random.choices("ab*?/[]!-\\", k=200))
        started = time.process_time()
        Patterns([pattern]).match("/".join("ab" * random.randrange(1, 100) for _ in range(10)))
        assert time.process_time() - started < 0.2, pattern


def test_a_list_has_limits() -> None:
    Patterns(f"name{number}" for number in range(MAX_PATTERNS))
    for lines in (["x"] * (MAX_PATTERNS + 1), ["a?b"] * (MAX_COMPILED + 1)):
        with pytest.raises(PatternError, match="has more than 10000 patterns"):
            Patterns(lines)
