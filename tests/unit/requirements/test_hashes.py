"""A hash that a plugin states anywhere is checked, and said with the one that was found."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from packager.errors import PackagerError
from tests.support.packages.installs import NEWEST, Install, failure, index, install, names
from tests.support.packages.wheels import make_sdist, make_wheel

__all__ = ["index", "install"]  # fixtures
ZERO = "0" * 64


def sha(path: Path, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, path.read_bytes()).hexdigest()}"


@pytest.fixture
def wheel(index: Path) -> Path:
    return make_wheel(index, "segno", "1.6.1")


def test_a_hash_that_is_right(install: Install, wheel: Path) -> None:
    got = install(f"segno==1.6.1 --hash={sha(wheel)} \\\n  --hash=sha256:{ZERO}")
    assert names(got) == {"segno": "1.6.1", **NEWEST}


@pytest.mark.parametrize(
    "lines",
    [
        ("segno==1.6.1 --hash=sha256:{zero}",),
        ("segno==1.6.1 \\\n    --hash sha256:{zero}",),
        ("segno", "-c limits.txt"),
        ("--require-hashes", "-r more.txt"),
    ],
)
def test_a_hash_that_is_wrong(
    install: Install, wheel: Path, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    root = tmp_path / "plugin"
    root.mkdir()
    for name in ("limits.txt", "more.txt"):
        (root / name).write_text(f"segno==1.6.1 --hash=sha256:{ZERO}\n")
    with pytest.raises(PackagerError) as caught:
        install(*(line.format(zero=ZERO) for line in lines))
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert re.search(
        r"p/(requirements|limits|more)\.txt:1: segno 1\.6\.1: no file of it has", message
    )
    assert f"expected: sha256:{ZERO}\n" in message
    assert f"found:    {sha(wheel)} (segno-1.6.1-py3-none-any.whl)" in message


def test_a_wheel_whose_hash_is_not_stated_is_not_taken(
    install: Install, wheel: Path, index: Path
) -> None:
    sdist = make_sdist(index, "segno", "1.6.1")
    got = install(f"segno==1.6.1 --hash={sha(sdist)}")
    assert (got.folder / "segno.py").read_text() == "VALUE = 1"  # built from the source


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_hashes_of_another_algorithm_are_checked(
    install: Install, wheel: Path, algorithm: str
) -> None:
    assert names(install(f"segno==1.6.1 --hash={sha(wheel, algorithm)}"))["segno"] == "1.6.1"
    wrong = f"{algorithm}:{'0' * len(sha(wheel, algorithm).partition(':')[2])}"
    message, _ = failure(install, f"segno==1.6.1 --hash={wrong}")
    assert wrong in message
    assert sha(wheel, algorithm) in message
    message, _ = failure(install, f"segno==1.6.1 --hash={wrong} --hash={wrong[:-1]}1")
    assert message.endswith(f"has no {algorithm} hash in its index, so several can't be told apart")


@pytest.mark.parametrize("text", ["sha256", "sha256:xyz", "crc32:00", ZERO])
def test_what_is_no_hash(install: Install, wheel: Path, text: str) -> None:
    assert failure(install, f"segno==1.6.1 --hash={text}") == (
        f"p/requirements.txt:1: expected a hash such as sha256:0123abcd, not {text!r}",
        None,
    )


def test_require_hashes_regards_all_that_goes_in(
    install: Install, wheel: Path, index: Path
) -> None:
    stated = f"segno==1.6.1 --hash={sha(wheel)}"
    message, _ = failure(install, "--require-hashes", stated)
    assert message.splitlines() == [
        f"p/requirements.txt:1: {each} goes into the bundle and has no hash, as --require-hashes "
        "asks for"
        for each in ("markupsafe==3.0.0", "werkzeug==3.1.0")
    ]
    werkzeug, markupsafe = (
        sha(index / f"{name}-py3-none-any.whl") for name in ("werkzeug-3.1.0", "markupsafe-3.0.0")
    )
    got = install(
        "--require-hashes",
        stated,
        f"werkzeug==3.1.0 --hash={werkzeug}",
        f"markupsafe==3.0.0 --hash={markupsafe}",
    )
    assert names(got) == {"segno": "1.6.1", **NEWEST}


def test_uvs_variable_requires_them_too(
    install: Install, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_REQUIRE_HASHES", "1")
    message, _ = failure(install, "segno")
    assert message.startswith("UV_REQUIRE_HASHES: markupsafe==3.0.0 goes into the bundle and has")


@pytest.mark.parametrize("variable", ["UV_NO_VERIFY_HASHES", "UV_REQUIRE_HASHES"])
def test_the_environment_does_not_switch_checks_off(
    install: Install, wheel: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1" if variable == "UV_NO_VERIFY_HASHES" else "0")
    assert ZERO in failure(install, f"segno==1.6.1 --hash=sha256:{ZERO}")[0]


def test_the_fragment_of_an_address(install: Install, wheel: Path) -> None:
    assert names(install(f"segno @ {wheel.as_uri()}#{sha(wheel).replace(':', '=')}"))["segno"]
    message, _ = failure(install, f"segno @ {wheel.as_uri()}#sha256={ZERO}")
    assert ZERO in message
    assert sha(wheel) in message


def test_a_path(install: Install, wheel: Path) -> None:
    assert names(install(f"{wheel} --hash={sha(wheel)}"))["segno"] == "1.6.1"
    message, _ = failure(install, f"{wheel} --hash=sha256:{ZERO}")
    assert f"found:    {sha(wheel)}" in message


@pytest.mark.parametrize("kind", ["a folder", "a repository"])
def test_what_has_no_hash_to_check(install: Install, tmp_path: Path, kind: str) -> None:
    import subprocess
    import tarfile

    with tarfile.open(make_sdist(tmp_path, "local", "1.0")) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / "local-1.0"
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "x"], check=True)
    address = f"git+file://{folder}" if kind == "a repository" else folder.as_uri()
    message, _ = failure(install, f"local @ {address} --hash=sha256:{ZERO}")
    assert re.search(rf"local( 1\.0)? comes from {kind}, which has no hash to check", message)
