from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import Diagnostic, Diagnostics, Place
from packager.model.permissions import Permissions
from packager.requirements.read import read_requirements
from packager.requirements.requirement_lines import logical_lines
from packager.requirements.requirements import Requirements
from packager.requirements.requirements_txt import Declared


def read(root: Path) -> tuple[Requirements, list[Diagnostic]]:
    diagnostics = Diagnostics()
    return read_requirements(root, "p", diagnostics), diagnostics.all


def read_for_a_build(
    root: Path, *variables: str, package: bool = False, **allowed: Any
) -> tuple[Requirements, list[Diagnostic]]:
    diagnostics = Diagnostics()
    permissions = Permissions(variables=frozenset(variables), **allowed)
    found = read_requirements(root, "p", diagnostics, package=package, permissions=permissions)
    return found, diagnostics.all


def at(file: str, line: int, column: int | None = None) -> Place:
    return Place(f"p/{file}", line, column)


def test_nothing_is_declared(tmp_path: Path) -> None:
    assert read(tmp_path) == (Requirements(tmp_path), [])


def test_a_requirements_file(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "\ufeff# comment\n"
        "Dify.Plugin[x]>=0.1  # the SDK\n"
        "\n"
        "requests == \\\n"
        "    2.31.0 --hash=sha256:00 \\\n"
        "    --hash=sha256:11\n"
        "six; python_version < '4'\n"
        "git+https://host/r.git@v1#egg=Thing[a]&subdirectory=s\n"
        "https://host/x/wheel_thing-1.0-py3-none-any.whl\n"
    )
    file = "requirements.txt"
    assert read(tmp_path) == (
        Requirements(
            tmp_path,
            f"p/{file}",
            (
                Declared("Dify.Plugin[x]>=0.1", "dify-plugin", at(file, 2)),
                Declared(
                    "requests ==     2.31.0",
                    "requests",
                    at(file, 4),
                    hashes=(("sha256", "00"), ("sha256", "11")),
                ),
                Declared("six; python_version < '4'", "six", at(file, 7)),
                Declared(
                    "Thing[a] @ git+https://host/r.git@v1#subdirectory=s", "thing", at(file, 8)
                ),
                Declared(
                    "wheel-thing @ https://host/x/wheel_thing-1.0-py3-none-any.whl",
                    "wheel-thing",
                    at(file, 9),
                ),
            ),
        ),
        [],
    )


def test_options_nested_files_and_paths(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "wheels").mkdir()
    (tmp_path / "more/base.txt").write_text("-r ../requirements.txt\nsix\n-e ../lib\n")
    (tmp_path / "limits.txt").write_text("six<2\n")
    (tmp_path / "requirements.txt").write_text(
        "--index-url https://host/simple\n"
        "--extra-index-url=https://other/simple\n"
        "-f wheels\n"
        "--trusted-host host\n"
        "--pre\n"
        "--require-hashes\n"
        "-r more/base.txt\n"
        "-c limits.txt\n"
        ".\n"
    )
    lib = str((tmp_path / "lib").resolve())
    assert read(tmp_path) == (
        Requirements(
            tmp_path,
            "p/requirements.txt",
            (
                Declared("six", "six", at("more/base.txt", 2)),
                Declared(lib, "", at("more/base.txt", 3), local=True),
            ),
            (Declared("six<2", "six", at("limits.txt", 1)),),
            (
                *("--index-url", "https://host/simple"),
                *("--extra-index-url", "https://other/simple"),
                *("--find-links", str(tmp_path.resolve() / "wheels")),
                *("--allow-insecure-host", "host"),
                *("--prerelease", "allow"),
            ),
            require_hashes=at("requirements.txt", 6),
        ),
        [
            Diagnostic(
                "ignored-requirement",
                "the plugin itself is not a dependency: left out",
                at("requirements.txt", 9),
                level="warning",
            )
        ],
    )


def test_everything_unreadable_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "requests >== 2\n--wat 1\n-r none.txt\n-c ../../x.txt\n./none\n"
    )
    requirements, diagnostics = read(tmp_path)
    hint = "expected a requirement such as requests>=2.31, a path or a URL"
    assert (requirements.declared, diagnostics) == (
        (),
        [
            Diagnostic(
                "invalid-requirement",
                "unreadable requirement 'requests >== 2': expected semicolon (after name with no "
                "version specifier) or end",
                at("requirements.txt", 1),
                hint="expected a name with optional versions, such as requests>=2.31",
            ),
            Diagnostic(
                "unknown-option",
                "unknown option '--wat'",
                at("requirements.txt", 2),
                hint="expected a requirement, or one of pip's options for requirements files",
            ),
            Diagnostic("missing-file", "there is no file none.txt", at("requirements.txt", 3)),
            Diagnostic("missing-file", "there is no file ../../x.txt", at("requirements.txt", 4)),
            Diagnostic(
                "missing-file",
                "there is no file or folder ./none",
                at("requirements.txt", 5),
                hint=hint,
            ),
        ],
    )


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"six\n\xff\n")
    assert read(tmp_path)[1] == [
        Diagnostic("not-utf8", "the file is not UTF-8 text", at("requirements.txt", 2))
    ]


def test_utf_16_is_read_by_its_mark(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six\n", "utf-16")
    assert [line.text for line in read(tmp_path)[0].declared] == ["six"]


def test_a_pyproject_comes_before_a_requirements_file(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "requirements.txt").write_text("ignored\n")
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (tmp_path / "pyproject.toml").write_text(
        "[project]\n"
        'name = "x"\n'
        "dependencies = [\n"
        '  "dify_plugin>=0.3",\n'
        "  \"lib[a] ; python_version > '3'\",\n"
        '  "forked",\n'
        "]\n"
        "[tool.uv.sources]\n"
        'lib = {path = "lib"}\n'
        'forked = {git = "https://host/f.git", tag = "v1", subdirectory = "s"}\n'
    )
    file = "pyproject.toml"
    lib = (tmp_path.resolve() / "lib").as_uri()
    assert read(tmp_path) == (
        Requirements(
            tmp_path,
            f"p/{file}",
            (
                Declared("dify_plugin>=0.3", "dify-plugin", at(file, 4, 3)),
                Declared(f"lib[a] @ {lib} ; python_version > '3'", "lib", at(file, 5, 3), True),
                Declared(
                    "forked @ git+https://host/f.git@v1#subdirectory=s", "forked", at(file, 6, 3)
                ),
            ),
            lock="p/uv.lock",
        ),
        [],
    )


def test_a_pyproject_without_dependencies_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.packager]\nmemory = 1024\n")
    (tmp_path / "requirements.txt").write_text("six\n")
    assert [line.text for line in read(tmp_path)[0].declared] == ["six"]


@pytest.mark.parametrize(
    ("text", "diagnostic"),
    [
        (
            '[project]\ndependencies = "six"\n',
            Diagnostic(
                "wrong-type",
                "expected a list of requirements",
                at("pyproject.toml", 2, 1),
                "project.dependencies",
            ),
        ),
        (
            '[project]\ndependencies = ["six",\n 1]\n',
            Diagnostic(
                "wrong-type",
                "expected a requirement as text",
                at("pyproject.toml", 3, 2),
                "project.dependencies[1]",
            ),
        ),
        (
            "[project\n",
            Diagnostic(
                "invalid-toml",
                'not valid TOML: expected "]" at the end of a table declaration',
                at("pyproject.toml", 1, 9),
            ),
        ),
    ],
)
def test_an_unreadable_pyproject(tmp_path: Path, text: str, diagnostic: Diagnostic) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    diagnostics = read(tmp_path)[1]
    if "not valid" in diagnostic.message:  # its words are tomllib's and vary with its version
        diagnostics = [
            Diagnostic(each.code, diagnostic.message, each.place) for each in diagnostics
        ]
    assert diagnostics == [diagnostic]


@given(st.text(alphabet=st.sampled_from("ab=<>;-r./[]@#\\ \n\t$'\"${}:")))
def test_any_text_is_read_without_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    root = tmp_path_factory.mktemp("plugin")
    (root / "requirements.txt").write_text(text)
    requirements, diagnostics = read(root)
    lines = len(text.splitlines())
    places = [diagnostic.place for diagnostic in diagnostics] + [
        line.place for line in requirements.declared
    ]
    assert all(place and place.line and 1 <= place.line <= lines for place in places)


@given(st.lists(st.text(alphabet="abc=.", min_size=1)))
def test_plain_lines_come_back_with_their_numbers(lines: list[str]) -> None:
    assert list(logical_lines("\n".join(lines))) == list(enumerate(lines, 1))


def test_what_is_no_file(tmp_path: Path) -> None:
    place = Place("p/requirements.txt")
    diagnostic = Diagnostic("unreadable-file", "is not a file of the plugin", place)
    path = tmp_path / "requirements.txt"
    path.mkdir()
    assert read(tmp_path) == (Requirements(tmp_path), [diagnostic])
    path.rmdir()
    for target in ("nowhere", "requirements.txt", "/etc/hostname"):
        path.symlink_to(target)
        why = " (too many levels of symbolic links)" if target == path.name else ""
        diagnostic = Diagnostic("unreadable-file", f"is not a file of the plugin{why}", place)
        assert read(tmp_path) == (Requirements(tmp_path), [diagnostic])
        path.unlink()


@pytest.mark.parametrize(
    ("text", "key", "line", "column"),
    [
        ('[project]\nname = "x"\ndynamic = ["dependencies"]\n', "project.dynamic", 3, 1),
    ],
)
def test_dependencies_said_in_ways_that_are_not_read(
    tmp_path: Path, text: str, key: str, line: int, column: int
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert read(tmp_path) == (
        Requirements(tmp_path),
        [
            Diagnostic(
                "ignored-table",
                "dependencies said in this way are not read, and none are installed",
                Place("p/pyproject.toml", line, column),
                key,
                "list them under project.dependencies, or in a requirements.txt",
                "warning",
            )
        ],
    )
    (tmp_path / "requirements.txt").write_text("six\n")
    assert read(tmp_path)[1] == []


@pytest.mark.parametrize(
    ("lock", "diagnostic"),
    [
        (
            "",
            Diagnostic(
                "invalid-lock",
                "is not a lock file of uv's: it has no version",
                Place("p/uv.lock"),
                hint="make it again with `uv lock`, or remove it",
            ),
        ),
        (
            "a = [",
            Diagnostic("invalid-toml", "not valid TOML: invalid value", Place("p/uv.lock", 1, 6)),
        ),
    ],
)
def test_a_lock_that_is_none(tmp_path: Path, lock: str, diagnostic: Diagnostic) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\ndependencies = []\n")
    (tmp_path / "uv.lock").write_text(lock)
    assert read(tmp_path)[1] == [diagnostic]


def test_a_path_on_windows_is_no_url(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("C:\\\\wheels\\\\six-1.0-py3-none-any.whl\n")
    assert [diagnostic.message for diagnostic in read(tmp_path)[1]] == [
        "there is no file or folder C:\\\\wheels\\\\six-1.0-py3-none-any.whl"
    ]


def test_a_fault_shows_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hush")
    (tmp_path / "requirements.txt").write_text("six @@ https://me:${TOKEN}@host/six.whl\n")
    [diagnostic] = read_for_a_build(tmp_path, "TOKEN")[1]
    assert "'six @@ https://***@host/six.whl'" in diagnostic.message


@pytest.mark.parametrize("line", ["https://[/x-1.0.tar.gz", "x @ https://[/x-1.0.tar.gz", "a@//["])
def test_an_address_that_is_none(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    [diagnostic] = read(tmp_path)[1]
    assert (diagnostic.place, "unreadable" in diagnostic.message) == (
        at("requirements.txt", 1),
        True,
    )


@pytest.mark.parametrize("address", ["file:lib@1", "git+file:lib@main", "git+file:lib"])
def test_what_follows_an_address_of_a_repository(tmp_path: Path, address: str) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "requirements.txt").write_text(f"lib @ {address}\n")

    _, diagnostics = read(tmp_path)

    missing = address == "file:lib@1"
    assert [each.message for each in diagnostics] == (
        [f"there is no file or folder {address}"] if missing else []
    )


def test_a_path_with_a_variable_is_known_when_it_is_put_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHERE", "lib")
    (tmp_path / "lib").mkdir()
    (tmp_path / "requirements.txt").write_text("./${WHERE}\n-r ${WHERE}/x\n-f ${WHERE}\n")

    assert read(tmp_path)[1] == []
    found, diagnostics = read_for_a_build(tmp_path, "WHERE")
    assert [each.message for each in diagnostics if "there is no" in each.message] == [
        "there is no file lib/x"
    ]
    assert [each.text for each in found.declared] == [str(tmp_path / "lib")]


def test_an_address_with_blanks_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("http://x [a\nhttp://[\n")
    assert [(each.code, each.place, each.message) for each in read(tmp_path)[1]] == [
        ("invalid-requirement", at("requirements.txt", 1), "unreadable address: Invalid IPv6 URL"),
        (
            "invalid-requirement",
            at("requirements.txt", 2),
            "unreadable address 'http://[': Invalid IPv6 URL",
        ),
    ]
