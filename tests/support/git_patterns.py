"""Patterns in gitignore syntax, and what git itself says of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from packager.inputs.gitignore import Patterns

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


def tree_of(paths: Iterable[Sequence[str]]) -> dict[str, bool]:
    """Return each path that can be beside the ones before it, and whether it is a folder."""
    found: dict[str, bool] = {}
    for parts in paths:
        above = ["/".join(parts[:length]) for length in range(1, len(parts))]
        if all(found.get(each, True) for each in above):
            found |= dict.fromkeys(above, True)
            found.setdefault("/".join(parts), False)
    return found


def ignored_by_git(folder: Path, tree: dict[str, bool], patterns: Sequence[str]) -> set[str]:
    """Return what `git check-ignore` says of the paths of `tree`, made in `folder`."""
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
