"""Inputs made to do harm: packages, YAML, TOML, ignore files, requirements; and what may happen.

Whatever is read ends in a result or in a `PackagerError`, soon, with nothing written outside of the
folder that is meant.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from packager.cli.console import show_diagnostics
from packager.config.read import read_configuration
from packager.errors import Diagnostic, Diagnostics, PackagerError
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.url_rules import check_rules
from packager.model.permissions import Permissions
from packager.model.plugin import EndpointGroup
from packager.plugin.difypkg import plugin_folder
from packager.plugin.file_choice import FileRules
from packager.plugin.files import plugin_files
from packager.plugin.groups import read_groups
from packager.plugin.manifest import read_manifest
from packager.requirements.read import read_requirements
from tests.support.plugin_writer import SOUND
from tests.support.timing import soon

SECONDS = 1.0  # of CPU time on a quiet machine, for 100 KB of input and whatever is beside it


def timed(size: int, what: str, read: Callable[[], object]) -> None:
    """Call `read`; fail if it raises anything but `PackagerError`, or takes too long each time."""

    def refused_or_read() -> None:
        try:
            read()
        except PackagerError as refused:
            str(refused)

    soon(SECONDS * max(size / 100_000, 1), f"{what}: {size} bytes", refused_or_read)


def read_folder(
    root: Path, *, package: bool = False, permissions: Permissions | None = None
) -> list[Diagnostic]:
    """Read all that is read of a plugin's folder, its Python files aside; show what is wrong."""
    diagnostics = Diagnostics()
    folder = PluginFolder(root, str(root))
    manifest = read_manifest(folder, diagnostics)
    groups: tuple[EndpointGroup, ...] = ()
    if manifest is not None:
        groups = read_groups(folder, manifest.group_files, diagnostics)
        for group in groups:
            check_rules(group, diagnostics)
    options = read_configuration(
        PluginFolder(root, str(root)), groups, diagnostics, {}, complete=False
    )
    for each in options.values():
        rules = FileRules(include=each.include, exclude=each.exclude)
        plugin_files(folder, diagnostics, rules)
    plugin_files(folder, diagnostics, FileRules())
    read_requirements(root, str(root), diagnostics, package=package, permissions=permissions)
    show_diagnostics(diagnostics.all)
    return diagnostics.all


def read_package(path: Path) -> None:
    """Read a package as `packager check` does."""
    with plugin_folder(path) as root:
        for folder, folders, names in os.walk(root):
            for name in (*folders, *names):
                mode = (Path(folder) / name).lstat().st_mode
                assert stat.S_ISDIR(mode) or stat.S_ISREG(mode), name
        read_folder(root)


TOKENS = (
    *("&a ", "*a", "<<: ", "!!python/object/apply:os.system ", "!!int ", "!!float ", "!!set "),
    *("? ", ": ", "- ", "[", "]", "{", "}", "|\n", ">\n", "'", '"', "#", "\\ud800", "\\x1b[31m"),
    *("\x1b[", "\x00", "\x85", "\u2028", "\u202e", "\ufeff", "\t", "\r", "---\n", "...\n", "*"),
    *("%YAML 9.9\n", "0x" + "f" * 3000, "9" * 5000, "1e999", "1:59:59", "2024-13-45", ".inf"),
    *("~", "=", "null", "[[a]]\n", "[a.b]\n", "a.b.c = 1\n", '"""', "'''", "= ", "inf"),
    *("1979-05-27T07:32:00Z", "**/", "[!a-", "\\", "!x\n", "../", "/etc/passwd", "~root"),
    *("${HOME}", "-r a.txt\n", "-e .\n", "--index-url http://x\n", "a @ file:///x\n"),
    *("a==1 ; python_version < '3'\n", "a[b,c]>=1,<2\n", "<int:x>", "<any(a,b):y>", "<", ">"),
    *("<path:p>", "{{resolve:ssm:/x}}", "rate(1 hour)", "é🐈"),
)
PYPROJECT = """\
[project]
name = "a"
dependencies = ["a>=1", "b", "c ; python_version > '3'"]
[tool.uv]
find-links = ["./wheels"]
index = [{name = "i", url = "file:simple"}]
override-dependencies = ["d @ file:lib"]
sources = {a = {path = "lib"}, b = {git = "file:lib"}, c = {workspace = true}}
workspace = {members = ["lib/*", "../*"], exclude = ["lib/x"]}
[tool.packager]
memory = 512
include = ["*.bin"]
events = [{source = "schedule", path = "/a", expression = "rate(1 hour)"}]
"""
REQUIREMENTS = """\
dify_plugin==0.4.4
requests>=2 ; python_version > '3.8'  # a
-r more.txt
-c ./limits.txt
-e ./lib[x]
--find-links wheels
~/a-1-py3-none-any.whl --hash=sha256:00
b @ file:lib
"""
POETRY = """\
[tool.poetry.dependencies]
python = "^3.12"
dify_plugin = "^0.4"
requests = { version = "^2.31", extras = ["socks"], python = ">=3.8,<3.14", source = "mine" }
tomli = [{ version = "1.*", platform = "win32" }, { version = "~2.0", markers = "os_name != 'nt'" }]
tool = { git = "file:lib", tag = "v1", subdirectory = "a" }
lib = { path = "lib", develop = true }
six = { url = "https://example.com/six-1.tar.gz", optional = true }
[tool.poetry.group.dev.dependencies]
pytest = "*"
[[tool.poetry.source]]
name = "mine"
url = "https://mine.example.com/simple"
priority = "explicit"
"""
POETRY_LOCK = """\
[[package]]
name = "Requests"
version = "2.32.3"
files = [{ file = "requests.whl", hash = "sha256:00" }]
[[package]]
name = "tool"
version = "1"
[package.source]
type = "git"
[metadata]
lock-version = "2.1"
content-hash = "00"
"""
PIPFILE = """\
[[source]]
url = "https://pypi.org/simple"
name = "pypi"
[[source]]
url = "https://${USER}@mine.example.com/simple"
name = "mine"
[packages]
requests = { version = ">=2", sys_platform = "== 'linux'", extras = ["socks"], index = "mine" }
six = "*"
lib = { path = "./lib", editable = true }
tool = { git = "https://example.com/tool.git", ref = "main" }
far = { file = "https://example.com/f.zip" }
[requires]
python_version = "3.13"
"""
PIPFILE_LOCK = """\
{"_meta": {"hash": {"sha256": "00"}, "pipfile-spec": 6, "sources": []},
 "default": {
  "requests": {"hashes": ["sha256:00"], "markers": "os_name != 'nt'", "version": "==2.32.3"},
  "six": {"version": "==1.17.0", "index": "pypi"}
 },
 "develop": {}}
"""
# What states dependencies where nothing else does: their files, whose own tools are not there.
FOREIGN = (
    {"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK},
    {"Pipfile": PIPFILE, "Pipfile.lock": PIPFILE_LOCK},
)
TEXTS = {
    **{name: SOUND[name] for name in ("manifest.yaml", "group/tiny.yaml", "endpoints/duck.yaml")},
    "requirements.txt": REQUIREMENTS,
    "more.txt": "-r requirements.txt\n./lib\n",
    "pyproject.toml": PYPROJECT,
    ".difyignore": "*.py[co]\nbuild/\n!a/**/b\n",
}


WORD = re.compile(r"[^\s\"'\[\]{},:=@]+")
# What nothing can be at, or nothing of a plugin, in place of a word, which may be a path.
PATHS = (
    *("x" * 256, "x" * 256 + "/x.py", "x/" * 2100 + "x", "/" + "x" * 5000, "a\0b", "\\0", "\ud800"),
    *(
        "manifest.yaml/x",
        "circle",
        "circle/x",
        "~nobody-of-this-name/x",
        "~",
        "/",
        "//",
        ".",
        "./.",
    ),
    *("../" * 3000, "file:", "file://%00", "file:circle", "http://[", "C:\\x", "**", "/**", "**x"),
    *("/root/x", "/proc/self/fd/999", "/dev/null", "group", "", "lib/" * 40 + "*"),
)


def mutated(random: Random, text: str) -> bytes:
    """Return `text` with some of it taken out, doubled, or in another place, and tokens put in."""
    data = text
    for _ in range(random.randrange(1, 6)):
        at, end = sorted(random.choices(range(len(data) + 1), k=2))
        match random.randrange(7):
            case 0:
                data = data[:at] + data[min(end, at + 20) :]
            case 1:
                data = data[:end] + data[at:end][:200] * random.choice([1, 2, 50]) + data[end:]
            case 2:
                data = data[:at] + random.choice(TOKENS) * random.choice([1, 1, 2, 300]) + data[at:]
            case 3:
                data = data[:at] + chr(random.choice([random.randrange(256), 0x202E])) + data[at:]
            case 4:
                data = data[:at] + random.choice(TOKENS) + data[at:]
            case _:
                word = random.choice([*WORD.finditer(data)] or [re.match("", data)])
                assert word is not None
                long = word[0][:20] * 300
                path = random.choice([*PATHS, long, f"./{long}", f"{word[0]}/x", f"../{word[0]}"])
                data = data[: word.start()] + path + data[word.end() :]
    raw = data.encode("utf-8", "surrogatepass")
    if random.random() < 0.1:
        at = random.randrange(len(raw) + 1)
        raw = raw[:at] + random.randbytes(3) + raw[at:]
    return raw


def read_mutated(root: Path, random: Random) -> None:
    """Read the plugin of `TEXTS` in `root` with one or two of its files mutated for the while."""
    names = random.sample(sorted(TEXTS), k=random.choice([1, 1, 2]))
    written: dict[str, bytes | None] = {name: mutated(random, TEXTS[name]) for name in names}
    _read_with(root, written, names, random)


def read_foreign_mutated(root: Path, random: Random) -> None:
    """Read the plugin of `TEXTS` in `root`, whose dependencies are those of Poetry or Pipenv, with
    one or two of their files mutated for the while."""
    texts = random.choice(FOREIGN)
    names = random.sample(sorted(texts), k=random.choice([1, 1, 2]))
    written: dict[str, bytes | None] = {
        name: mutated(random, text) if name in names else text.encode()
        for name, text in texts.items()
    }
    written |= {name: None for name in ("requirements.txt", "pyproject.toml") if name not in texts}
    _read_with(root, written, names, random)


def _read_with(
    root: Path, written: dict[str, bytes | None], names: list[str], random: Random
) -> None:
    if {"requirements.txt", "more.txt"} & written.keys():
        written.setdefault("pyproject.toml", None)  # they are not read beside its dependencies
    for name, content in written.items():
        if content is None:
            (root / name).unlink()
        else:
            (root / name).write_bytes(content)
    package, permissions = random.random() < 0.5, random.choice([None, Permissions()])
    try:
        timed(
            sum(len(content or b"") for content in written.values()),
            ", ".join(names),
            lambda: read_folder(root, package=package, permissions=permissions),
        )
    except BaseException:
        print(package, permissions, written)
        raise
    for name in written:
        if name in TEXTS:
            (root / name).write_text(TEXTS[name])
        else:
            (root / name).unlink()


NAMES = (
    *("../x", "/x", "a/../../x", "C:\\x", "a\\..\\..\\x", "x" * 300, "a/" * 500 + "x", "a\0b", ""),
    *("manifest.yaml", "MANIFEST.YAML", "group", "group/tiny.yaml/x", ".", "./manifest.yaml", "a/"),
    *(
        "\x1b[31m",
        "\u202e",
        "é",
        "con",
        "a:b",
        "//x",
        "a//b",
        "..",
        "...",
        "~",
        "__MACOSX/x",
        ".env",
    ),
)
MODES = (0o100644, 0o120777, 0o010644, 0o020644, 0o060644, 0o140777, 0o040755, 0o104755, 0)


def hostile_zip(random: Random) -> bytes:
    """Return a package with names, kinds, sizes and bytes that no packager writes."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, text in TEXTS.items():
            archive.writestr(name, text, random.choice([0, 8, 8, 12, 14]))
        for _ in range(random.randrange(4)):
            name = random.choice(NAMES) + random.choice(["", "", "x", "/y"])
            info = zipfile.ZipInfo(name or "e", (1980, 1, 1, 0, 0, 0))
            info.external_attr = random.choice(MODES) << 16
            content = random.choice(
                [b"x", b"../../etc/passwd", bytes(200_000), random.randbytes(50)]
            )
            info.compress_type = random.choice([0, 8])
            archive.writestr(info, content)
        if random.random() < 0.2:
            archive.comment = random.randbytes(20)
    data = bytearray(memory.getvalue())
    for _ in range(random.choice([0, 0, 1, 2, 8])):  # sizes, flags, offsets and data that lie
        place = random.choice([b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"])
        starts = [at for at in range(len(data) - 4) if data[at : at + 4] == place][:50]
        if starts:
            at = random.choice(starts) + random.randrange(4, 46)
            width = random.choice([1, 2, 4])
            value = random.choice([0, 1, 0xFF, 0xFFFF, 0xFFFFFFFF, random.randrange(2**32)])
            data[at : at + width] = struct.pack("<I", value)[:width]
    if random.random() < 0.2:
        at = random.randrange(len(data))
        data = data[:at] if random.random() < 0.5 else data[at:]
    return bytes(data)
