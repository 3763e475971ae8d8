"""Hostile packages against every mode of --source-builds, with and without a sandbox."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import packager._in_build.enter
import packager.dependencies.source_builds
from packager.dependencies.sandbox import NAMESPACES, Sandbox, find_sandbox
from packager.dependencies.source_builds import OF_COMPILERS
from packager.host.interpreter import newest_supported
from tests.cli.conftest import Done, Run
from tests.support.packages.hostile_package import (
    SECRET,
    make_build_tools,
    make_sdist_of,
    setup_py,
    write_sources,
)
from tests.support.packages.wheels import make_wheel
from tests.support.plugin_writer import GROUP, write_plugin

REFUSED = "refused: "


@dataclass(slots=True)
class Listener:
    """Something on loopback that a build could reach."""

    port: int
    connections: list[str] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Listener(server.getsockname()[1])

        def accept() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                found.connections.append(str(address))
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield found
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@dataclass(frozen=True, slots=True)
class Machine:
    """A user's machine: a home with credentials, a cache, an index, and a plugin to build."""

    home: Path
    index: Path
    plugin: Path
    canary: Path
    cache: Path
    look_at: dict[str, Any]


@pytest.fixture
def machine(tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> Machine:
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws/credentials").write_text(f"[default]\naws_secret_access_key = {SECRET}\n")
    cache = home / ".cache"
    (cache / "packager").mkdir(parents=True)
    for name in [name for name in os.environ if name.startswith(("UV_", "XDG_", "PACKAGER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "offline.toml"))
    (tmp_path / "offline.toml").write_text(
        f"no-index = true\nfind-links = ['{tmp_path / 'index'}']\n"
    )
    make_build_tools(tmp_path / "index")
    group = GROUP.replace("true", "false")  # no setting is needed
    files = {"requirements.txt": "hostile\n", "group/tiny.yaml": group}
    plugin = write_plugin(tmp_path / "work/tiny", files)
    look_at = {
        "canary": str(tmp_path / "canary"),
        "plugin": str(plugin / "endpoints/duck.py"),
        "cache": str(cache / "packager/poison"),
        "credentials": str(home / ".aws/credentials"),
        "home": str(home),
        "port": listener.port,
    }
    return Machine(home, tmp_path / "index", plugin, tmp_path / "canary", cache, look_at)


def pack(plugin: Path) -> Path:
    """Make a .difypkg of a plugin's folder."""
    path = plugin.with_suffix(".difypkg")
    with zipfile.ZipFile(path, "w") as package:
        for file in sorted(plugin.rglob("*")):
            if file.is_file():
                package.write(file, file.relative_to(plugin).as_posix())
    return path


Build = Callable[..., Done]


@pytest.fixture
def build(run: Run, tmp_path: Path) -> Build:
    found = newest_supported()
    assert found is not None

    def build(plugin: Path, *options: str) -> Done:
        out = tmp_path / "out"
        given = ("--runtime", found.python, "--no-bytecode", "--format", "json", *options)
        return run("build", plugin, "-o", out, *given)

    return build


def what_it_got(tmp_path: Path, name: str = "hostile") -> dict[str, Any]:
    """Read what the package's setup.py found, out of the bundle."""
    [module] = (tmp_path / "out").glob(f"*/{name}.py")
    text = ast.literal_eval(module.read_text().removeprefix("FOUND = "))
    found: dict[str, Any] = json.loads(text)
    return found


def builds_of(done: Done) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(done.stdout)["functions"][0]["source_builds"]
    return facts


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has nothing to shut a build in."""

    def none(python: Path) -> Sandbox:
        return Sandbox(None, find_sandbox(python).read)

    monkeypatch.setattr(packager.dependencies.source_builds, "find_sandbox", none)


SANDBOXES = [NAMESPACES, *filter(None, [shutil.which("bwrap")])]


@pytest.fixture(params=SANDBOXES)
def sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each thing on this machine that shuts builds in."""
    kind: str = request.param
    interpreter = newest_supported()
    assert interpreter is not None
    read = find_sandbox(interpreter.path).read
    monkeypatch.setattr(
        packager.dependencies.source_builds, "find_sandbox", lambda python: Sandbox(kind, read)
    )
    return Sandbox(kind, read).name or ""


def place_hostile(machine: Machine, origin: str, more: str = "") -> None:
    """Put the hostile package where the plugin gets it from: the index, or its own folder."""
    text = setup_py(machine.look_at, more=more)
    if origin == "index":
        make_sdist_of(machine.index, text)
    else:
        write_sources(machine.plugin / "vendored", text)
        (machine.plugin / "requirements.txt").write_text("./vendored\n")


def test_this_machine_has_namespaces() -> None:
    interpreter = newest_supported()
    assert interpreter is not None
    assert find_sandbox(interpreter.path).kind == NAMESPACES


@pytest.mark.parametrize("origin", ["index", "folder"])
def test_an_isolated_build_gets_nothing(
    machine: Machine, build: Build, tmp_path: Path, listener: Listener, sandbox: str, origin: str
) -> None:
    place_hostile(machine, origin)
    before = (machine.plugin / "endpoints/duck.py").read_text()

    done = build(machine.plugin)

    assert done.code == 0, done.stderr
    got = what_it_got(tmp_path)
    harmless = {"LC_CTYPE", "PWD", *OF_COMPILERS}  # the former are Python's and bubblewrap's
    own = {"HOME", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE", "TMPDIR", "VIRTUAL_ENV"}
    assert got["environ"].keys() - harmless == own
    assert SECRET not in json.dumps(got)
    assert got["other environments"] is False
    for name in ("credentials", "home"):
        assert got[name].startswith(REFUSED), name
    # What else it wrote, it wrote into folders that are thrown away.
    assert not (machine.cache / "packager/poison").exists()
    assert ".aws" not in got["own user's home"]
    assert got["connection"].startswith(REFUSED)
    assert listener.connections == []
    assert not machine.canary.exists()
    assert (machine.plugin / "endpoints/duck.py").read_text() == before
    assert builds_of(done) == {"mode": "isolated", "sandbox": sandbox, "packages": ["hostile"]}
    assert "hostile was built from source (isolated)" in done.stderr
    assert done.stderr.count("ran the build of ") == 1
    assert "nothing on this machine" not in done.stderr


@pytest.mark.parametrize("origin", ["index", "folder"])
@pytest.mark.usefixtures("no_sandbox")
def test_without_a_sandbox_the_environment_is_empty_still_and_the_rest_is_said(
    machine: Machine, build: Build, tmp_path: Path, origin: str
) -> None:
    place_hostile(machine, origin)
    done = build(machine.plugin)
    assert done.code == 0, done.stderr
    got = what_it_got(tmp_path)
    assert "AWS_SECRET_ACCESS_KEY" not in got["environ"]
    assert got["environ"]["HOME"] != str(machine.home)
    assert got["home"].startswith(REFUSED)
    # What can't be kept from it here, and is said.
    assert got["connection"] == "connected"
    assert SECRET in got["credentials"]
    assert done.stderr.count("nothing on this machine can shut a build in") == 1
    assert builds_of(done) == {"mode": "isolated", "sandbox": None, "packages": ["hostile"]}


@pytest.mark.parametrize("origin", ["index", "folder"])
def test_a_trusted_build_has_everything(
    machine: Machine, build: Build, tmp_path: Path, origin: str
) -> None:
    place_hostile(machine, origin)
    done = build(machine.plugin, "--source-builds", "trusted")
    assert done.code == 0, done.stderr
    got = what_it_got(tmp_path)
    assert got["environ"]["AWS_SECRET_ACCESS_KEY"] == SECRET
    assert (got["canary"], got["connection"]) == ("written", "connected")
    assert builds_of(done) == {"mode": "trusted", "sandbox": None, "packages": ["hostile"]}
    assert "hostile was built from source (trusted, with all that you may do)" in done.stderr


@pytest.mark.parametrize("origin", ["index", "folder"])
def test_refusing_runs_nothing(machine: Machine, build: Build, tmp_path: Path, origin: str) -> None:
    place_hostile(machine, origin)
    done = build(machine.plugin, "--source-builds", "refuse")
    assert done.code == (1 if origin == "index" else 2)
    assert "--source-builds=isolated builds" in done.stderr
    assert not machine.canary.exists()
    assert not (tmp_path / "out").exists()


def test_refusing_takes_no_wheel_that_another_mode_built(machine: Machine, build: Build) -> None:
    place_hostile(machine, "index")
    assert build(machine.plugin, "--source-builds", "trusted").code == 0
    assert build(machine.plugin, "--source-builds", "isolated").code == 0
    assert build(machine.plugin, "--source-builds", "refuse").code == 1


def test_isolated_takes_no_wheel_that_was_built_trusted(
    machine: Machine, build: Build, tmp_path: Path
) -> None:
    place_hostile(machine, "index")
    assert build(machine.plugin, "--source-builds", "trusted").code == 0
    assert build(machine.plugin).code == 0
    assert SECRET not in json.dumps(what_it_got(tmp_path))


def test_a_package_builds_what_an_index_has_and_not_what_it_brings(
    machine: Machine, build: Build, tmp_path: Path
) -> None:
    place_hostile(machine, "index")
    done = build(pack(machine.plugin))
    assert done.code == 0, done.stderr
    assert SECRET not in json.dumps(what_it_got(tmp_path))
    machine.canary.unlink(missing_ok=True)

    place_hostile(machine, "folder")
    requirements = "./vendored\nother @ git+https://127.0.0.1:1/x.git\n"
    (machine.plugin / "requirements.txt").write_text(requirements)
    package = pack(machine.plugin)
    done = build(package, "--allow-config", "index")

    hint = "--source-builds=isolated builds it without your environment"
    assert done.code == 2
    assert [line.partition(", and")[0] for line in done.stderr.splitlines()] == [
        f"{package}/requirements.txt:1: error: ./vendored is a folder or an archive of source: "
        "building it would run its code, which a package may not bring along",
        f"  hint: {hint}",
        f"{package}/requirements.txt:2: error: other is the address of source: building it would "
        "run its code, which a package may not bring along",
        f"  hint: {hint}",
    ]
    assert not machine.canary.exists()


def test_what_a_package_brings_is_built_where_that_is_asked(
    machine: Machine, build: Build, tmp_path: Path, sandbox: str
) -> None:
    place_hostile(machine, "folder")
    done = build(pack(machine.plugin), "--source-builds", "isolated")
    assert done.code == 0, done.stderr
    got = what_it_got(tmp_path)
    assert (SECRET in json.dumps(got), got["files"]) == (False, ["setup.py"])
    assert builds_of(done)["sandbox"] == sandbox


def test_a_build_leaves_nothing_in_its_sources(machine: Machine, build: Build) -> None:
    place_hostile(machine, "folder", more='open("left", "w").write("x")')
    assert build(machine.plugin).code == 0
    assert [path.name for path in (machine.plugin / "vendored").iterdir()] == ["setup.py"]


@pytest.mark.usefixtures("sandbox")
def test_a_build_that_does_not_end_is_ended_with_all_that_it_started(
    machine: Machine, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packager.dependencies.source_builds, "BUILD_SECONDS", 3)
    more = """
    subprocess.Popen(["sleep", "3333"], start_new_session=True)
    time.sleep(3600)
    """
    place_hostile(machine, "folder", more)
    done = build(machine.plugin)
    assert done.code == 1
    assert "the build did not end within 3 seconds" in done.stderr
    assert not is_running(b"sleep\x003333\x00")


def test_a_build_ends_with_packager(machine: Machine, tmp_path: Path) -> None:
    place_hostile(machine, "folder", "subprocess.run(['sleep', '4444'])")
    found = newest_supported()
    assert found is not None
    options = ["-o", str(tmp_path / "out"), "--runtime", found.python, "--no-bytecode"]
    command = [sys.executable, "-m", "packager", "build", str(machine.plugin), *options]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: is_running(b"sleep\x004444\x00"), 60)
    finally:
        process.terminate()
        process.wait(30)
    assert until(lambda: not is_running(b"sleep\x004444\x00"), 30)


def is_running(command: bytes) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if entry.read_bytes() == command:
                return True
    return False


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition, and return whether it came."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.usefixtures("sandbox")
def test_links_that_a_build_leaves_for_uv_lead_nowhere(machine: Machine, build: Build) -> None:
    more = """
    for entry in pathlib.Path("/").rglob("builds-v*/*"):
        os.symlink(LOOK_AT["credentials"], entry / "hostile-1.0-py3-none-any.whl")
        os._exit(0)
    os._exit(1)
    """
    place_hostile(machine, "folder", more)
    done = build(machine.plugin)
    assert done.code == 1
    assert SECRET not in done.stderr


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("x @ file:///etc", 1),
        ("x @ https://127.0.0.1:1/x.whl", 1),
        ("-r/etc/passwd", 2),  # no requirement: the file is wrong
        ("--index-url=x", 2),
        ("./y", 2),
    ],
)
def test_a_build_asks_for_names_alone(
    machine: Machine, build: Build, asked: str, code: int
) -> None:
    place_hostile(machine, "folder")
    (machine.plugin / "vendored/pyproject.toml").write_text(
        f"[build-system]\nrequires = [{json.dumps(asked)}]\nbuild-backend = 'setuptools.build_meta'"
    )
    done = build(machine.plugin)
    assert done.code == code
    assert not machine.canary.exists()


def test_what_a_build_asks_for_is_never_built(machine: Machine, build: Build) -> None:
    place_hostile(machine, "folder")
    tool = setup_py(machine.look_at, "tool")
    make_sdist_of(machine.index, tool, "tool")
    (machine.plugin / "vendored/pyproject.toml").write_text(
        "[build-system]\nrequires = ['setuptools', 'tool']\n"
    )
    done = build(machine.plugin)
    assert done.code == 1
    assert "what the build needs can't be had as wheels" in done.stderr
    assert "--source-builds=trusted" in done.stderr
    assert not machine.canary.exists()


def test_what_a_build_asked_for_runs_in_the_sandbox_alone(
    machine: Machine, build: Build, tmp_path: Path
) -> None:
    # Python runs the lines of .pth files that start with import, whoever starts it.
    line = f"import os; open({str(machine.canary)!r}, 'w')\n"
    (machine.index / "helper-1.0-py3-none-any.whl").unlink()
    make_wheel(machine.index, "helper", "1.0", files={"helper.py": "", "helper.pth": line})
    place_hostile(machine, "index")
    assert build(machine.plugin).code == 0
    assert not machine.canary.exists()


@pytest.mark.parametrize("variable", ["AWS_SECRET_ACCESS_KEY", "UV_INDEX_CORP_PASSWORD"])
def test_a_wheels_metadata_leads_uv_to_no_secret(
    machine: Machine,
    build: Build,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, SECRET)
    address = f"http://127.0.0.1:{listener.port}/${{{variable}}}/x-1.0-py3-none-any.whl"
    wheel = make_wheel(machine.plugin / "wheels", "lure", "1.0", requires=[f"x @ {address}"])
    (machine.plugin / "requirements.txt").write_text(f"./wheels/{wheel.name}\n")
    done = build(machine.plugin)
    assert (done.code, listener.connections) == (2, [])
    assert f"the wheel's metadata has the variable ${{{variable}}}" in done.stderr
    assert SECRET not in done.stderr


@pytest.mark.usefixtures("no_sandbox")
def test_what_a_build_makes_leads_uv_to_no_secret(
    machine: Machine, build: Build, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_CORP_PASSWORD", SECRET)
    address = f"http://127.0.0.1:{listener.port}/${{UV_INDEX_CORP_PASSWORD}}/x-1-py3-none-any.whl"
    text = setup_py(machine.look_at | {"port": 1}, requires=[f"x @ {address}"])
    write_sources(machine.plugin / "vendored", text)
    (machine.plugin / "requirements.txt").write_text("./vendored\n")
    done = build(machine.plugin)
    assert (done.code, listener.connections) == (1, [])
    assert "the package's metadata asks for a variable of the environment" in done.stderr
    assert SECRET not in done.stderr


def test_a_wheels_metadata_leads_out_of_no_package(machine: Machine, build: Build) -> None:
    outside = write_sources(machine.home / "private", setup_py(machine.look_at, "private"))
    needs = [f"private @ {outside.as_uri()}"]
    wheel = make_wheel(machine.plugin / "wheels", "lure", "1.0", requires=needs)
    (machine.plugin / "requirements.txt").write_text(f"./wheels/{wheel.name}\n")
    done = build(pack(machine.plugin), "--source-builds", "isolated")
    assert done.code != 0
    assert str(outside) in done.stderr
    assert not machine.canary.exists()


def test_the_sandbox_needs_no_root(tmp_path: Path) -> None:
    """As another user than root where root runs the tests; by anybody's Python."""
    python = Path("/usr/bin/python3")
    if not python.exists():
        pytest.skip("there is no Python that every user may run")
    folder = tmp_path / "seen"
    for each in (folder, folder / "root", folder / "tmp"):
        each.mkdir()
        each.chmod(0o777)
    for parent in tmp_path.parents:  # pytest's own, one more with pytest-xdist
        if parent.stat().st_uid == os.getuid() and parent.parent != parent:
            parent.chmod(parent.stat().st_mode | 0o055)
    tmp_path.chmod(0o755)
    script = folder / "enter.py"
    shutil.copy(packager._in_build.enter.__file__, script)
    ask = "import os, socket; print(socket.if_nameindex(), sorted(os.listdir('/')), os.environ)"
    spec = {
        "kind": NAMESPACES,
        "command": [str(python), "-I", "-S", "-c", ask],
        "cwd": "/tmp",
        "root": str(folder / "root"),
        "read": ["/usr", "/bin", "/lib", "/lib64"],
        "write": [[str(folder / "tmp"), "/tmp"]],
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    command = [str(python), "-I", str(script), str(folder / "spec.json")]
    if os.getuid() == 0:
        other = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        command = [*other, *command]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "[(1, 'lo')] ['bin', 'dev', 'lib', 'lib64', 'proc', 'tmp', 'usr']"
    )


def test_a_machine_that_allows_no_namespaces_is_found_out() -> None:
    code = (
        "from packager.dependencies.sandbox import find_sandbox\n"
        "from pathlib import Path; import sys\n"
        "print(find_sandbox(Path(sys.executable).resolve()).kind)"
    )
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh"]
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*command, sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = shutil.which("bwrap", path="/usr/bin:/bin")
    assert done.stdout.strip() in ("None", str(expected))
