"""Inputs that took long or ended in a traceback, or might: each ends in a fault or a result."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from packager.cli import main
from tests.hostile_inputs import TEXTS, hostile_zip, mutated, read_folder, read_package, timed
from tests.plugin_writer import write_plugin

N = 100_000
MANIFEST = "name: tiny\nplugins: {endpoints: [group/tiny.yaml]}\n"
GROUP = "endpoints: [endpoints/duck.yaml]\n"
ENDPOINT = "path: %s\nmethod: GET\nextra: {python: {source: endpoints/duck.py}}\n"
ATTACKS: dict[str, tuple[str, str]] = {
    "yaml nested flow": ("manifest.yaml", "[" * N),
    "yaml nested map": ("manifest.yaml", "{a: " * (N // 4)),
    "yaml nested dash": ("manifest.yaml", "- " * (N // 2)),
    "yaml question": ("manifest.yaml", "? " * (N // 2)),
    "yaml anchors": (
        "manifest.yaml",
        MANIFEST + "\n".join(f"a{i}: &a{i} [x]" for i in range(N // 14)),
    ),
    "yaml bomb": (
        "manifest.yaml",
        MANIFEST
        + "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "\n".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [" + ",".join(["*" + chr(97 + i)] * 9) + "]"
            for i in range(15)
        ),
    ),
    "yaml merge bomb": (
        "manifest.yaml",
        MANIFEST
        + "a: &a {x: 1}\n"
        + "\n".join(
            f"{chr(98 + i)}: &{chr(98 + i)} {{<<: [*{chr(97 + i)}, *{chr(97 + i)}], k{i}: 1}}"
            for i in range(20)
        ),
    ),
    "yaml keys": ("manifest.yaml", MANIFEST + "\n".join(f"k{i}: 1" for i in range(N // 9))),
    "yaml same keys": ("manifest.yaml", MANIFEST + "k: 1\n" * (N // 5)),
    "yaml quotes": ("manifest.yaml", MANIFEST + 'a: "' + "\\x41" * (N // 4) + '"'),
    "yaml spaces": ("manifest.yaml", MANIFEST + "a: " + " " * N + "b"),
    "yaml newlines": ("manifest.yaml", MANIFEST + 'a: "' + "\n" * N + '"'),
    "yaml plain multi": ("manifest.yaml", MANIFEST + "a: " + "b\n " * (N // 3)),
    "yaml sexagesimal": ("manifest.yaml", MANIFEST + "a: 1" + ":1" * (N // 2)),
    "yaml sexagesimal float": ("manifest.yaml", MANIFEST + "a: 1" + ":1" * (N // 2) + ".5"),
    "yaml digits": ("manifest.yaml", MANIFEST + "a: " + "1" * N),
    "yaml underscores": ("manifest.yaml", MANIFEST + "a: 1" + "_" * N),
    "yaml hex": ("manifest.yaml", MANIFEST + "a: 0x" + "f" * N),
    "yaml bin": ("manifest.yaml", MANIFEST + "a: 0b" + "1" * N),
    "yaml octal": ("manifest.yaml", MANIFEST + "a: 0" + "1" * N),
    "yaml float": ("manifest.yaml", MANIFEST + "a: " + "1" * N + "e"),
    "yaml float dots": ("manifest.yaml", MANIFEST + "a: " + "1." * (N // 2)),
    "yaml timestamp": ("manifest.yaml", MANIFEST + "a: 2001-12-14 " + " " * N + "x"),
    "yaml binary": ("manifest.yaml", MANIFEST + "a: !!binary " + "A" * N),
    "yaml tags": ("manifest.yaml", MANIFEST + "a: " + "!" * N),
    "yaml percent tag": ("manifest.yaml", MANIFEST + "a: !<" + "%41" * (N // 3) + ">"),
    "yaml docs": ("manifest.yaml", "---\n" * (N // 4)),
    "yaml directives": ("manifest.yaml", "%TAG !a! b\n" * (N // 11)),
    "yaml comments": ("manifest.yaml", MANIFEST + "#\n" * (N // 2)),
    "yaml colon": ("manifest.yaml", MANIFEST + "a: {" + "b: " * (N // 3)),
    "yaml commas": ("manifest.yaml", MANIFEST + "a: [" + "," * N + "]"),
    "yaml flow list": ("manifest.yaml", MANIFEST + "a: [" + "b," * (N // 2) + "]"),
    "yaml block scalar": ("manifest.yaml", MANIFEST + "a: |\n" + " x\n" * (N // 3)),
    "yaml long key": ("manifest.yaml", MANIFEST + "a" * N + ": 1"),
    "yaml nested 90 long keys": (
        "manifest.yaml",
        MANIFEST + "\n".join(" " * i + ("k" * 1000) + ":" for i in range(90)),
    ),
    "manifest many groups": (
        "manifest.yaml",
        "name: tiny\nplugins:\n  endpoints:\n"
        + "\n".join(f"  - group/nope{i}.yaml" for i in range(N // 24)),
    ),
    "manifest same group": (
        "manifest.yaml",
        "name: tiny\nplugins:\n  endpoints:\n"
        + "\n".join("  - group/tiny.yaml" for i in range(N // 20)),
    ),
    "manifest long ref": ("manifest.yaml", "name: tiny\nplugins: {endpoints: [" + "a" * N + "]}"),
    "manifest ref dots": (
        "manifest.yaml",
        'name: tiny\nplugins: {endpoints: ["' + "a/../" * (N // 5) + 'x"]}',
    ),
    "manifest name long": (
        "manifest.yaml",
        "name: " + "a" * N + "\nplugins: {endpoints: [group/tiny.yaml]}",
    ),
    "manifest version long": ("manifest.yaml", MANIFEST + "version: " + "1." * (N // 2)),
    "manifest plugins keys": (
        "manifest.yaml",
        "name: tiny\nplugins:\n" + "\n".join(f"  k{i}: 1" for i in range(N // 9)),
    ),
    "group settings": (
        "group/tiny.yaml",
        GROUP + "settings:\n" + "\n".join(f"  s{i}: {{type: text-input}}" for i in range(N // 30)),
    ),
    "group settings odd types": (
        "group/tiny.yaml",
        GROUP + "settings:\n" + "\n".join(f"  s{i}: {{type: text-inpu}}" for i in range(N // 30)),
    ),
    "group settings missing types": (
        "group/tiny.yaml",
        GROUP + "settings:\n" + "\n".join(f"  s{i}: {{tipe: x}}" for i in range(N // 20)),
    ),
    "group one setting many keys": (
        "group/tiny.yaml",
        GROUP + "settings:\n  s:\n" + "\n".join(f"    k{i}: x" for i in range(N // 12)),
    ),
    "group setting long type": (
        "group/tiny.yaml",
        GROUP + "settings: {s: {type: " + "text-input" * (N // 10) + "}}",
    ),
    "group select options": (
        "group/tiny.yaml",
        GROUP
        + "settings: {s: {type: select, default: ["
        + ",".join("x" for i in range(N // 4))
        + "], options: ["
        + ",".join(f"o{i}" for i in range(N // 12))
        + "]}}",
    ),
    "group endpoints": ("group/tiny.yaml", "endpoints:\n" + "- endpoints/duck.yaml\n" * (N // 23)),
    "group endpoints nope": (
        "group/tiny.yaml",
        "endpoints:\n" + "\n".join(f"- endpoints/n{i}.yaml" for i in range(N // 22)),
    ),
    "group endpoints inline": (
        "group/tiny.yaml",
        "endpoints:\n"
        + "\n".join(
            f"- {{path: /a{i}, method: GET, extra: {{python: {{source: endpoints/duck.py}}}}}}"
            for i in range(N // 75)
        ),
    ),
    "group deep default": (
        "group/tiny.yaml",
        GROUP + "settings: {s: {type: any, default: " + "[" * 150 + "]" * 150 + "}}",
    ),
    "endpoint path a": ("endpoints/duck.yaml", ENDPOINT % ('"/' + "a" * N + '"')),
    "endpoint path <a(": ("endpoints/duck.yaml", ENDPOINT % ('"/' + "<a(" * (2000 // 3) + '"')),
    "endpoint path <a( long": ("endpoints/duck.yaml", ENDPOINT % ('"/' + "<a(" * (N // 3) + '"')),
    "endpoint path <<<": ("endpoints/duck.yaml", ENDPOINT % ('"/' + "<" * 2000 + '"')),
    "endpoint path vars": (
        "endpoints/duck.yaml",
        ENDPOINT % ('"' + "".join(f"/<a{i}>" for i in range(250)) + '"'),
    ),
    "endpoint path len": ("endpoints/duck.yaml", ENDPOINT % '"/<string(length=99999999999):a>"'),
    "endpoint path minlen": (
        "endpoints/duck.yaml",
        ENDPOINT % '"/<string(minlength=4294967294):a>"',
    ),
    "endpoint path digits": (
        "endpoints/duck.yaml",
        ENDPOINT % ('"/<int(min=' + "9" * 1900 + '):a>"'),
    ),
    "endpoint path any": (
        "endpoints/duck.yaml",
        ENDPOINT % ('"/<any(' + ",".join(["a"] * 900) + '):a>"'),
    ),
    "endpoint path slashes": ("endpoints/duck.yaml", ENDPOINT % ('"' + "/" * 2000 + '"')),
    "endpoint path quotes": ("endpoints/duck.yaml", ENDPOINT % ("'/<any(" + '"' * 1500 + "):a>'")),
    "endpoint path args": (
        "endpoints/duck.yaml",
        ENDPOINT % ("'/<string(" + "a=1," * 400 + "):a>'"),
    ),
    "endpoint path args spaces": (
        "endpoints/duck.yaml",
        ENDPOINT % ("'/<string(" + "a = " + " " * 1900 + "):a>'"),
    ),
    "endpoint method long": (
        "endpoints/duck.yaml",
        "path: /a\nmethod: " + "GET" * (N // 3) + "\nextra: {python: {source: endpoints/duck.py}}",
    ),
    "req spaces": ("requirements.txt", " " * N + "x"),
    "req a spaces": ("requirements.txt", "a" + " " * N + "x"),
    "req tabs": ("requirements.txt", "a" + "\t \t" * (N // 3) + "x"),
    "req hash": ("requirements.txt", "a " + " #" * (N // 2)),
    "req dots": ("requirements.txt", "a." * (N // 2)),
    "req extras": ("requirements.txt", "a[" + "b," * (N // 2) + "]"),
    "req versions": ("requirements.txt", "a" + ",".join([">=1"] * (N // 4))),
    "req long version": ("requirements.txt", "a==" + "1." * (N // 2) + "1"),
    "req long digits": ("requirements.txt", "a==" + "1" * N),
    "req local": ("requirements.txt", "a==1+" + "a." * (N // 2)),
    "req marker or": ("requirements.txt", "a; " + " or ".join(["python_version<'3'"] * (N // 23))),
    "req marker parens": ("requirements.txt", "a; " + "(" * N),
    "req marker parens 900": (
        "requirements.txt",
        "a; " + "(" * 5000 + "python_version<'3'" + ")" * 5000,
    ),
    "req continuation": ("requirements.txt", "a\\\n" * (N // 3)),
    "req lines": ("requirements.txt", "a==1\n" * (N // 5)),
    "req includes": ("requirements.txt", "-r requirements.txt\n" * (N // 20)),
    "req egg": ("requirements.txt", "git+https://x/y#" + "egg=a[&" * (N // 7)),
    "req url": ("requirements.txt", "http://" + "a@" * (N // 2)),
    "req vars": ("requirements.txt", "${A" * (N // 3)),
    "req options": ("requirements.txt", "--index-url " * (N // 12)),
    "req options2": ("requirements.txt", "--a" + " " * N + "\x0b="),
    "req hash opts": ("requirements.txt", "a==1" + " --hash=sha256:" + "0" * N),
    "req hash many": ("requirements.txt", "a==1" + " --hash=sha256:00" * (N // 17)),
    "req quotes": ("requirements.txt", "a; python_version < " + "'" * N),
    "req at": ("requirements.txt", "a" + "@" * N),
    "req paths": ("requirements.txt", "./" + "a/" * (N // 2)),
    "req nul": ("requirements.txt", "a\0b==1\n./a\0b\n-r a\0b\n-e ./\0\n"),
    "req surr": ("requirements.txt", "a==1\ud800\n"),
    "toml deep key": ("pyproject.toml", "a." * (N // 2) + "a = 1"),
    "toml deep header": ("pyproject.toml", "[" + "a." * (N // 2) + "a]"),
    "toml deep quoted": ("pyproject.toml", "[" + '"a".' * (N // 4) + "a]"),
    "toml 99 keys": ("pyproject.toml", "\n".join("a." * 99 + f"k{i} = 1" for i in range(N // 206))),
    "toml arrays": ("pyproject.toml", "a = " + "[" * N),
    "toml arrays closed": ("pyproject.toml", "a = " + "[" * 400 + "]" * 400),
    "toml inline": ("pyproject.toml", "a = " + "{a=" * (N // 3)),
    "toml keys": ("pyproject.toml", "\n".join(f"k{i} = 1" for i in range(N // 9))),
    "toml tables": ("pyproject.toml", "\n".join(f"[t{i}]" for i in range(N // 7))),
    "toml aot": ("pyproject.toml", "[[a]]\n" * (N // 6)),
    "toml int": ("pyproject.toml", "a = " + "1" * N),
    "toml hex": ("pyproject.toml", "a = 0x" + "f" * N),
    "toml cfg hex": ("pyproject.toml", "[tool.packager]\nmemory = 0x" + "f" * 90000),
    "toml float": ("pyproject.toml", "a = 1." + "1" * N),
    "toml str": ("pyproject.toml", 'a = "' + "\\n" * (N // 2) + '"'),
    "toml ml": ("pyproject.toml", 'a = """' + '"" ' * (N // 3) + '"""'),
    "toml ml quotes": ("pyproject.toml", 'a = """' + '\\"' * (N // 2) + '"""'),
    "toml ml unclosed": ("pyproject.toml", 'a = """' + '""' * (N // 2)),
    "toml comments": ("pyproject.toml", "#\n" * (N // 2)),
    "toml date": ("pyproject.toml", "a = 1979-05-27" + " " * N),
    "toml array values": ("pyproject.toml", "a = [" + "1," * (N // 2) + "]"),
    "toml long bare": ("pyproject.toml", "a" * N + " = 1"),
    "toml unknown keys": (
        "pyproject.toml",
        "[tool.packager]\n" + "\n".join(f"k{i} = 1" for i in range(N // 9)),
    ),
    "toml many settings": (
        "pyproject.toml",
        "[tool.packager.settings]\n" + "\n".join(f"s{i} = 1" for i in range(N // 9)),
    ),
    "toml many groups": (
        "pyproject.toml",
        "\n".join(f"[tool.packager.groups.g{i}]" for i in range(N // 30)),
    ),
    "toml events": (
        "pyproject.toml",
        "[tool.packager]\nevents = ["
        + ",".join(['{source="schedule",path="/a",expression="rate(1 hour)"}'] * (N // 55))
        + "]",
    ),
    "toml cron": (
        "pyproject.toml",
        '[tool.packager]\nevents = [{source="schedule",path="/a",expression="cron('
        + "1" * 90000
        + ' * * * ? *)"}]',
    ),
    "toml cron ,": (
        "pyproject.toml",
        '[tool.packager]\nevents = [{source="schedule",path="/a",expression="cron('
        + "1," * 45000
        + ' * * * ? *)"}]',
    ),
    "toml include": ("pyproject.toml", "[tool.packager]\ninclude = [" + '"a*b",' * (N // 6) + "]"),
    "toml preload": ("pyproject.toml", '[tool.packager]\npreload = ["' + "a." * (N // 2) + '!"]'),
    "toml binary": (
        "pyproject.toml",
        '[tool.packager]\nbinary_types = ["' + "a+" * (N // 2) + '!"]',
    ),
    "toml ssm": (
        "pyproject.toml",
        '[tool.packager.settings]\nx = {ssm = "' + "/a" * (N // 2) + '!"}',
    ),
    "toml secret": (
        "pyproject.toml",
        '[tool.packager.settings]\nx = {secret = "' + "a" * N + ' "}',
    ),
    "toml env": ("pyproject.toml", '[tool.packager.settings]\nx = {env = "' + "a" * N + ' "}'),
    "toml template sub": (
        "pyproject.toml",
        '[tool.packager.template]\nx = {"Fn::Sub" = "' + "${ " * (N // 3) + '"}',
    ),
    "toml template sub sp": (
        "pyproject.toml",
        '[tool.packager.template]\nx = {"Fn::Sub" = "${a' + " " * N + '"}',
    ),
    "toml base": (
        "pyproject.toml",
        '[tool.packager]\ndify_base_url = "http://' + "a." * (N // 2) + '!"',
    ),
    "toml pyreq": (
        "pyproject.toml",
        '[project]\nname="a"\nrequires-python = "' + ">=3," * (N // 4) + '"',
    ),
    "toml deps": (
        "pyproject.toml",
        '[project]\nname="a"\ndependencies = [' + '"a>=1",' * (N // 7) + "]",
    ),
    "ignore names": (".difyignore", "\n".join(f"n{i}" for i in range(9999))),
    "ignore compiled": (".difyignore", "\n".join(f"n{i}?x" for i in range(1999))),
    "ignore many": (".difyignore", "a?\n" * (N // 3)),
    "ignore stars": (".difyignore", "*a" * (N // 2)),
    "ignore one": (".difyignore", "x" * N),
    "ignore bang": (".difyignore", "!" * N),
    "ignore class": (".difyignore", "[a-z]" * (N // 5)),
    "ignore class2": (
        ".difyignore",
        "\n".join("[" + "[:alpha:]" * 10 + f"]{i}" for i in range(N // 100)),
    ),
    "ignore nul": (".difyignore", "\0" * N),
    "manifest fifo-ish nul": (
        "manifest.yaml",
        'name: "a\\0b"\nplugins: {endpoints: ["group/\\0.yaml"]}',
    ),
    "source nul": (
        "endpoints/duck.yaml",
        'path: /a\nmethod: GET\nextra: {python: {source: "endpoints/\\0.py"}}',
    ),
    "source long": (
        "endpoints/duck.yaml",
        'path: /a\nmethod: GET\nextra: {python: {source: "' + "e/" * 50000 + '.py"}}',
    ),
    "surrogate version": ("manifest.yaml", MANIFEST + 'version: "\\ud800"'),
    "surrogate default": (
        "group/tiny.yaml",
        GROUP + 'settings: {s: {type: text-input, default: "\\ud83d\\ude00"}}',
    ),
    "surrogate key": ("manifest.yaml", MANIFEST + '"\\udc80": 1'),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_file_takes_long_or_ends_in_a_traceback(tmp_path: Path, name: str) -> None:
    file, text = ATTACKS[name]
    root = write_plugin(tmp_path / "p", {**TEXTS, file: text.encode("utf-8", "surrogatepass")})

    timed(len(text), name, lambda: read_folder(root))


def test_mutated_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A few of what the soak does many of (tests/soak/test_inputs.py)."""
    random = Random(15)
    root = write_plugin(tmp_path / "p", TEXTS)
    for _ in range(60):
        name = random.choice(sorted(TEXTS))
        content = mutated(random, TEXTS[name])
        (root / name).write_bytes(content)
        timed(len(content), name, lambda: read_folder(root))
        (root / name).write_text(TEXTS[name])
    said = capsys.readouterr().err
    assert ("\x1b" in said, "\u202e" in said) == (False, False)


def test_mutated_packages(tmp_path: Path) -> None:
    random = Random(15)
    path = tmp_path / "hostile.difypkg"
    for _ in range(60):
        path.write_bytes(hostile_zip(random))
        timed(path.stat().st_size, "a package", lambda: read_package(path))
    assert [*tmp_path.iterdir()] == [path]


def run(*arguments: str | Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "packager", *arguments], capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def test_what_a_folder_may_hold_besides_files(tmp_path: Path) -> None:
    """Pipes block who opens them, devices never end, and sockets can't be opened."""
    root = write_plugin(tmp_path / "p")
    for name in (
        "pipe.py",
        "pipe.yaml",
        ".gitignore",
        "requirements.txt",
        "pyproject.toml",
        ".env",
    ):
        os.mkfifo(root / name)
    (root / "zero.py").symlink_to("/dev/zero")
    (root / "loop").symlink_to("loop")
    (root / ("n" * 255)).write_text("")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "s.py"))
        code, _, said = run("check", root)

    assert (code, "Traceback" in said) == (2, False), said
    assert "loop: error: the link leads nowhere: loop" in said
    assert "zero.py: error: the link leads out of the plugin: /dev/zero" in said


def test_names_that_are_written_to_steer_a_terminal(tmp_path: Path) -> None:
    name = "\x1b]0;owned\x07\u202e.yaml"
    manifest = f'name: tiny\nversion: 1\nplugins: {{endpoints: ["{name}"]}}\n'
    root = write_plugin(
        tmp_path / "p\x1b[2J",
        {"manifest.yaml": manifest.replace("\x1b", "\\e").replace("\x07", "\\a"), name: "a: \x1b"},
    )

    for arguments in (("check", root), ("check", root, "--format", "json"), ("list", root),
                      ("build", root, "-o", tmp_path / "out"), ("template", root),
                      ("check", tmp_path / "no\x1b[31m"), ("check", "--no\x1b[31m")):  # fmt: skip
        code, out, said = run(*arguments)
        assert (code, "Traceback" in said) == (2, False), said
        for sign in ("\x1b", "\x07", "\u202e"):
            assert sign not in out + said, arguments
    code, _, said = run("check", root)
    assert "p\\x1b[2J" in said


def test_values_that_no_file_can_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Halves of surrogate pairs, in a version and in a default, ended in tracebacks."""
    version = 'name: tiny\nversion: "\\ud800"\nplugins: {endpoints: [group/tiny.yaml]}\n'
    root = write_plugin(tmp_path / "p", {"manifest.yaml": version})

    with pytest.raises(SystemExit) as ended:
        main(["check", str(root)])

    message = (
        "not valid YAML: \\uD800 is half of a character; "
        "write the character itself, or \\U and its eight digits"
    )
    assert (ended.value.code, capsys.readouterr().err.splitlines()[0]) == (
        2,
        f"{root}/manifest.yaml:2:10: error: {message}",
    )


def test_folders_deeper_than_any_plugin(tmp_path: Path) -> None:
    root = write_plugin(tmp_path / "p")
    at = os.open(root, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open("x.py", os.O_CREAT, dir_fd=at))
    os.close(at)

    code, _, said = run("check", root)

    subprocess.run(["rm", "-rf", root], check=True)  # pytest's own cleaning goes by recursion
    assert (code, said.count("error")) == (2, 2), said
    assert f"{root}/d: error: holds folders nested more than 100 deep" in said
