"""Packages of an index that wants a password: each way to say where it is and who one is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.errors import PackagerError
from tests.support.packages.installs import (
    NEWEST,
    Install,
    failure,
    index,
    install,
    names,
    write_lock,
    write_pyproject,
)
from tests.support.packages.private_index import PrivateIndex
from tests.support.packages.wheels import make_wheel

__all__ = ["index", "install"]  # fixtures
USER, PASSWORD = "robot", "s3cr3t-Pa55word"
WANTED = {"secretlib": "1.0", **NEWEST}


@pytest.fixture
def private(
    tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PrivateIndex]:
    folder = tmp_path / "private"
    make_wheel(folder, "secretlib", "1.0")
    make_wheel(folder, "werkzeug", "3.1.0", requires=["markupsafe"])
    make_wheel(folder, "markupsafe", "3.0.0")
    monkeypatch.delenv("UV_CONFIG_FILE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with PrivateIndex(folder, USER, PASSWORD) as server:
        yield server


def _no_secret_below(*folders: Path) -> None:
    for folder in folders:
        for path in folder.rglob("*"):
            assert PASSWORD not in path.name
            if path.is_file():
                assert PASSWORD.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "way",
    ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "--index-url", "uv.toml", "netrc", "named"],
)
def test_every_way_to_name_an_index(
    install: Install,
    private: PrivateIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    url = f"http://{USER}:{PASSWORD}@{private.host}/simple"
    lines = ["secretlib"]
    if way.startswith("UV_"):
        monkeypatch.setenv(way, url)
    elif way == "--index-url":
        lines.insert(0, f"--index-url {url}")
    elif way == "uv.toml":
        (tmp_path / "config/uv").mkdir(parents=True)
        (tmp_path / "config/uv/uv.toml").write_text(f'index-url = "{url}"\n')
    elif way == "netrc":
        (tmp_path / "netrc").write_text(f"machine 127.0.0.1\nlogin {USER}\npassword {PASSWORD}\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{private.host}/simple")
    else:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"corp=http://{private.host}/simple")
        monkeypatch.setenv("UV_INDEX_CORP_USERNAME", USER)
        monkeypatch.setenv("UV_INDEX_CORP_PASSWORD", PASSWORD)
    if way == "UV_INDEX":
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{private.host}/simple")
    got = install(*lines)
    assert names(got) == WANTED
    _no_secret_below(tmp_path / "cache", got.folder)


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS"])
def test_an_index_that_is_no_address(
    install: Install, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://[a")
    with pytest.raises(PackagerError, match="an index setting of uv is not an address"):
        install("secretlib")


def test_an_index_for_one_package_alone(
    install: Install, private: PrivateIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pyproject(
        tmp_path,
        'dependencies = ["secretlib"]\n[tool.uv.sources]\nsecretlib = { index = "corp" }\n'
        '[[tool.uv.index]]\nname = "corp"\nexplicit = true\n'
        f'url = "http://{USER}:{PASSWORD}@{private.host}/simple"\n',
    )
    others = tmp_path / "others"
    make_wheel(others, "secretlib", "9.0")  # of another author, under the same name
    for name, version in NEWEST.items():
        make_wheel(others, name, version)
    with PrivateIndex(others, "me", "") as public:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://me:@{public.host}/simple")
        got = install()
    assert names(got) == {"secretlib": "1.0", "werkzeug": "3.1.0"}
    assert not any("secretlib" in path for path, _ in public.asked)
    _no_secret_below(tmp_path / "cache", got.folder)


def test_wrong_credentials_are_said_without_being_shown(
    install: Install, private: PrivateIndex
) -> None:
    url = f"http://{USER}:not-{PASSWORD}@{private.host}/simple"
    message, hint = failure(install, f"--index-url {url}", "secretlib")
    assert message.startswith("a package index wants other credentials:")
    assert PASSWORD not in f"{message} {hint}"


def test_a_file_that_is_not_what_the_index_says(install: Install, private: PrivateIndex) -> None:
    private.tampered = True
    url = f"http://{USER}:{PASSWORD}@{private.host}/simple"
    with pytest.raises(PackagerError) as caught:
        install(f"--index-url {url}", "secretlib")
    assert ": what was fetched is not what was chosen\n  expected: sha256:" in str(caught.value)
    assert "\n  found:    sha256:" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_lock_that_was_tampered_with(
    install: Install, private: PrivateIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://{USER}:{PASSWORD}@{private.host}/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", url)
    write_pyproject(tmp_path, 'dependencies = ["secretlib", "werkzeug"]\n')
    root = tmp_path / "plugin"
    write_lock(root)
    assert names(install()) == WANTED
    lock = (root / "uv.lock").read_text()
    [right] = {
        line.split('hash = "')[1].split('"')[0]
        for line in lock.splitlines()
        if "secretlib-1" in line
    }
    zero = f"sha256:{'0' * 64}"
    (root / "uv.lock").write_text(lock.replace(right, zero))
    message, _ = failure(install)
    assert message == (
        "p/uv.lock: secretlib 1.0: no file of it has a hash that is stated here\n"
        f"  expected: {zero}\n  found:    {right} (secretlib-1.0-py3-none-any.whl)"
    )
    assert PASSWORD not in os.linesep.join([message, lock])


def test_a_password_does_not_choose(
    install: Install, private: PrivateIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{USER}:{PASSWORD}@{private.host}/simple")
    install("secretlib")
    asked = len(private.asked)
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{USER}:other@{private.host}/simple")
    assert names(install("secretlib")) == WANTED  # what was chosen is known, and installed
    assert len(private.asked) == asked
