"""Files of faulty plugins that a repository can't have: links, packages, tokens, folders."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path


def _link(root: Path) -> None:
    (root / "static.html").symlink_to("gone.html")


def _folder(root: Path) -> None:
    (root / "requirements.txt").mkdir()


def _patterns(root: Path) -> None:
    (root / ".difyignore").write_text("".join(f"a?{number}\n" for number in range(3000)))


def _nothing(root: Path) -> None:
    root.rename(root.with_name("other"))


def _package(name: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        with zipfile.ZipFile(root.with_name("tiny.difypkg"), "w") as archive:
            for path in sorted(root.rglob("*.*")):
                archive.write(path, path.relative_to(root))
            if name:
                archive.writestr(name, "")

    return make


def _token(root: Path) -> None:
    # Put together here: a token in the repository would be refused by whoever keeps it.
    token = "xox" + "b-123456789012-abcDEFghi"
    source = root / "endpoints" / "duck.py"
    source.write_text(f'TOKEN = "{token}"\n{source.read_text()}')


WRITTEN: dict[str, Callable[[Path], None]] = {
    "broken-link": _link,
    "invalid-ignore-file": _patterns,
    "not-permitted": _package(""),
    "secret-literal": _token,
    "unreadable-file": _folder,
    "unreadable-plugin": _nothing,
    "unsafe-package": _package("../evil.py"),
}
