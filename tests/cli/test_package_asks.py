"""What a plugin's own files may ask for: configuration, variables, addresses, paths."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.host.interpreter import newest_supported
from packager.plugin.package_asks import asks_of
from tests.cli.conftest import Done, Run
from tests.support.packages.wheels import make_wheel
from tests.support.plugin_writer import GROUP, write_plugin

SECRET = "wJalrXUtnFEMI"
ASKING = """\
memory = 1024
routes = "declared"
kms_key = "alias/prod"
storage_bucket = "prod-data"
settings_from = {secret = "prod/all"}
preload = ["json"]

[settings]
api_key = {ssm = "/prod/stripe"}

[apps]
"*" = {secret = "prod/dify"}

[dify]
base_url = "https://elsewhere.example.com/v1"

[template]
Role = "arn:aws:iam::123456789012:role/Admin"
Layers = ["arn:aws:lambda:eu-west-1:123456789012:layer:theirs:1"]

[api_template]
CorsConfiguration = true

[groups.tiny.template]
VpcConfig = {SubnetIds = ["subnet-1"]}
"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with credentials in its environment, and uv without any configuration."""
    for name in [name for name in os.environ if name.startswith(("UV_", "XDG_", "PACKAGER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    make_wheel(tmp_path / "index", "werkzeug", "3.1.0")


@pytest.fixture
def own_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own configuration of uv: a folder, and no index."""
    config = tmp_path / "home/.config/uv/uv.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f"no-index = true\nfind-links = ['{tmp_path / 'index'}']\n")


def written(root: Path, changes: dict[str, str]) -> Path:
    """Write a plugin that needs no setting."""
    return write_plugin(root, {"group/tiny.yaml": GROUP.replace("true", "false"), **changes})


def pack(plugin: Path) -> Path:
    path = plugin.with_suffix(".difypkg")
    with zipfile.ZipFile(path, "w") as package:
        for file in sorted(plugin.rglob("*")):
            if file.is_file():
                package.write(file, file.relative_to(plugin).as_posix())
    return path


def build(run: Run, plugin: Path, *options: str) -> Done:
    found = newest_supported()
    assert found is not None
    out = plugin.parent / "out"
    return run("build", plugin, "-o", out, "--runtime", found.python, "--no-bytecode", *options)


class Requests(http.server.ThreadingHTTPServer):
    """An index that has nothing, and remembers what it was asked and by whom."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def text(self) -> str:
        return repr(self.seen)


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Requests)
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        self.send_error(404)

    do_HEAD = do_GET

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[Requests]:
    with Requests() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
    thread.join()


def test_what_a_package_asks_for_is_listed_at_once(run: Run, tmp_path: Path) -> None:
    package = pack(written(tmp_path / "work/tiny", {"packager.toml": ASKING}))
    done = build(run, package)
    what = "the package asks for this in your account"
    options = " ".join(
        f"--allow-config {key}"
        for key in (
            *("kms_key", "storage_bucket", "settings_from", "preload", "settings.api_key"),
            *("'apps.*'", "dify.base_url", "template.Role", "template.Layers"),
            *("api_template.CorsConfiguration", "template.VpcConfig"),
        )
    )
    lines = [line for line in done.stderr.splitlines() if "warning" not in line]
    assert done.code == 2
    assert [line.removeprefix(f"{package}/packager.toml:") for line in lines] == [
        f'3:1: error: kms_key: {what}: "alias/prod"',
        f'4:1: error: storage_bucket: {what}: "prod-data"',
        f'5:1: error: settings_from: {what}: {{"secret": "prod/all"}}',
        f'6:1: error: preload: {what}: ["json"]',
        f'9:1: error: settings.api_key: {what}: {{"ssm": "/prod/stripe"}}',
        f'12:1: error: apps.*: {what}: {{"secret": "prod/dify"}}',
        f'15:1: error: dify.base_url: {what}: "https://elsewhere.example.com/v1"',
        f'18:1: error: template.Role: {what}: "arn:aws:iam::123456789012:role/Admin"',
        f"19:1: error: template.Layers: {what}: "
        '["arn:aws:lambda:eu-west-1:123456789012:layer:theirs:1"]',
        f"22:1: error: api_template.CorsConfiguration: {what}: true",
        f'25:1: error: groups.tiny.template.VpcConfig: {what}: {{"SubnetIds": ["subnet-1"]}}',
        f"  hint: look at it, then allow it: {options} (or --allow-config all)",
    ]
    assert not (tmp_path / "work/out").exists()


def test_a_command_that_is_suggested_runs_nothing_of_the_package(run: Run, tmp_path: Path) -> None:
    key = "$(touch x); 'y'"
    config = f'[apps]\n"{key}" = {{ssm = "/dify/key"}}\n'
    package = pack(written(tmp_path / "work/tiny", {"packager.toml": config}))
    hint = build(run, package).stderr.rpartition("hint: look at it, then allow it: ")[2]
    suggested = hint.rpartition(" (or ")[0]
    typed = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {suggested}"], capture_output=True, text=True, check=True
    )
    assert typed.stdout.splitlines() == ["--allow-config", f"apps.{key}"]


ASK_TWICE = """\
--index-url https://elsewhere.example.com/simple
./libs/mylib
other @ https://elsewhere.example.com/${VERSION}/other-1-py3-none-any.whl
"""


@pytest.mark.parametrize("command", ["check", "list"])
def test_what_a_build_will_ask_for_is_said_before(
    run: Run, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = '[settings]\napi_key = {ssm = "/tiny/key"}\n'
    files = {"requirements.txt": ASK_TWICE, "packager.toml": config}
    files |= {"libs/mylib/pyproject.toml": "[project]\nname = 'mylib'\nversion = '1'\n"}
    plugin = written(tmp_path / "work/tiny", files)
    package = pack(plugin)

    def warned(path: Path) -> list[str]:
        done = run(command, path)
        assert done.code == 0, done.stderr
        return [line for line in done.stderr.splitlines() if "a build refuses this" in line]

    until = "a build refuses this until it is allowed: "
    variable = "${VERSION} is not put in: a plugin's requirements are given no variable that you "
    variable += "don't name"
    assert warned(package) == [
        f"{package}/requirements.txt:1: warning: index: {until}the package asks for "
        "https://elsewhere.example.com/simple, another place to get packages from than your own "
        "index",
        f"{package}/requirements.txt:3: warning: {until}{variable}",
        f"{package}/requirements.txt:2: warning: {until}./libs/mylib is a folder or an archive of "
        "source: building it would run its code, which a package may not bring along",
        f"{package}/packager.toml:2:1: warning: settings.api_key: {until}the package asks for this "
        'in your account: {"ssm": "/tiny/key"}',
    ]
    assert warned(plugin) == [f"{plugin}/requirements.txt:3: warning: {until}{variable}"]

    monkeypatch.setenv("PACKAGER_SOURCE_BUILDS", "isolated")
    monkeypatch.setenv("PACKAGER_REQUIREMENTS_ENV", "OTHER VERSION")
    monkeypatch.setenv("VERSION", "1")
    assert [line.split(":")[1] for line in warned(package)] == ["1", "3", "2"]
    assert warned(plugin) == []


@pytest.mark.parametrize("command", ["invoke", "profile", "template"])
def test_every_command_that_builds_or_writes_recipes_asks(
    run: Run, tmp_path: Path, command: str
) -> None:
    package = pack(written(tmp_path / "work/tiny", {"packager.toml": ASKING}))
    options = {"invoke": ["--request", "GET /"]}.get(command, [])
    done = run(command, package, *options)
    assert done.code == 2
    assert "--allow-config kms_key" in done.stderr


@pytest.mark.usefixtures("own_index")
@pytest.mark.parametrize("allowed", [["settings"], ["settings.api_key"], ["all"]])
def test_what_was_allowed_is_built(run: Run, tmp_path: Path, allowed: list[str]) -> None:
    config = '[settings]\napi_key = {ssm = "/tiny/key"}\n'
    package = pack(written(tmp_path / "work/tiny", {"packager.toml": config}))
    assert build(run, package, "--allow-config", "template").code == 2
    options = [f"--allow-config={key}" for key in allowed]
    done = build(run, package, *options)
    assert (done.code, "error" in done.stderr) == (0, False), done.stderr


@pytest.mark.usefixtures("own_index")
def test_a_folder_is_its_builders_own(run: Run, tmp_path: Path) -> None:
    config = '[settings]\napi_key = {ssm = "/tiny/key"}\n'
    assert build(run, written(tmp_path / "work/tiny", {"packager.toml": config})).code == 0


def test_what_is_allowed_is_written_into_the_recipes(run: Run, tmp_path: Path) -> None:
    config = '[settings]\napi_key = {ssm = "/tiny/key"}\n'
    package = pack(written(tmp_path / "work/tiny", {"packager.toml": config}))
    makefile = tmp_path / "work/Makefile"
    options = ["--allow-config", "settings", "--source-builds", "refuse"]
    options += ["--requirements-env", "TOKEN"]
    out = ["-o", tmp_path / "work/template.yaml", "--makefile", makefile]
    assert run("template", package, *out, *options).code == 0
    assert (
        "build --source-builds=refuse --requirements-env=TOKEN --allow-config=settings "
        "$(PACKAGER_OPTIONS)"
    ) in makefile.read_text()


WAYS = {
    "an option": ("requirements.txt", "--extra-index-url {address}/simple\nnothing-there\n"),
    "a link page": ("requirements.txt", "--find-links {address}/links/\nnothing-there\n"),
    "an address": ("requirements.txt", "x @ {address}/x-1.0-py3-none-any.whl\n"),
    "an old address": ("requirements.txt", "{address}/x-1.0-py3-none-any.whl\n"),
    "a repository": ("requirements.txt", "git+{address}/x.git#egg=x\n"),
    "a project": (
        "pyproject.toml",
        '[project]\nname = "x"\ndependencies = ["x @ {address}/x-1.0-py3-none-any.whl"]\n',
    ),
    "a source": (
        "pyproject.toml",
        '[project]\nname = "x"\ndependencies = ["x"]\n'
        '[tool.uv.sources]\nx = {{url = "{address}/x-1.0-py3-none-any.whl"}}\n',
    ),
    "an override": (
        "pyproject.toml",
        '[project]\nname = "x"\ndependencies = ["x"]\n[tool.uv]\n'
        'override-dependencies = ["x @ {address}/x-1.0-py3-none-any.whl"]\n',
    ),
    "an index of uv's": ("uv.toml", '[[index]]\nname = "corp"\nurl = "{address}/simple"\n'),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("package", [False, True])
def test_a_variable_goes_nowhere_that_it_was_not_named_for(
    run: Run, tmp_path: Path, index: Requests, way: str, package: bool
) -> None:
    name, text = WAYS[way]
    address = f"http://127.0.0.1:{index.server_address[1]}/${{AWS_SECRET_ACCESS_KEY}}"
    files = {name: text.format(address=address)}
    plugin = written(tmp_path / "work/tiny", {"requirements.txt": "x\n", **files})
    if package:
        plugin = pack(plugin)
    done = build(run, plugin, "--allow-config=all", "--source-builds=isolated")
    assert (done.code, index.seen) == (2, [])
    assert f"{plugin}/{name}:" in done.stderr
    assert (
        "${AWS_SECRET_ACCESS_KEY} is not put in: a plugin's requirements are given no variable"
    ) in done.stderr
    assert "--requirements-env AWS_SECRET_ACCESS_KEY" in done.stderr
    assert SECRET not in done.stderr


def locked(tmp_path: Path, url: str) -> Path:
    """Write a plugin whose uv.lock has the wheel `x` from `url`."""
    lock = (
        'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'
        f'[[package]]\nname = "x"\nversion = "1.0"\nsource = {{ url = "{url}" }}\n'
        f'wheels = [{{ url = "{url}", hash = "sha256:{"0" * 64}" }}]\n'
        '[[package]]\nname = "tiny"\nversion = "1"\nsource = { virtual = "." }\n'
        'dependencies = [{ name = "x" }]\n'
    )
    project = '[project]\nname = "tiny"\nversion = "1"\ndependencies = ["x"]\n'
    return written(tmp_path / "work/tiny", {"pyproject.toml": project, "uv.lock": lock})


def test_a_variable_in_a_lock_goes_nowhere(run: Run, tmp_path: Path, index: Requests) -> None:
    address = f"http://127.0.0.1:{index.server_address[1]}/${{AWS_SECRET_ACCESS_KEY}}"
    done = build(run, locked(tmp_path, f"{address}/x-1.0-py3-none-any.whl"))
    assert done.code == 1
    assert SECRET not in index.text + done.stderr


def test_what_a_packages_lock_has_is_asked_for_as_its_requirements_are(
    run: Run, tmp_path: Path, index: Requests
) -> None:
    url = f"http://127.0.0.1:{index.server_address[1]}/x-1.0-py3-none-any.whl"
    done = build(run, pack(locked(tmp_path, url)))
    assert (done.code, index.seen) == (2, []), done.stderr
    assert f"asks for {url}" in done.stderr
    assert "--allow-config index" in done.stderr

    shutil.rmtree(tmp_path / "work")
    make_wheel(tmp_path / "private", "x", "1.0")
    url = (tmp_path / "private/x-1.0-py3-none-any.whl").as_uri()
    done = build(run, pack(locked(tmp_path, url)), "--allow-config=all")
    assert done.code == 2, done.stderr
    assert "lies outside the plugin" in done.stderr


@pytest.mark.parametrize("by_environment", [False, True])
def test_a_named_variable_is_put_in_and_never_shown(
    run: Run,
    tmp_path: Path,
    index: Requests,
    by_environment: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKEN", "t0k3n")
    address = f"http://127.0.0.1:{index.server_address[1]}/${{TOKEN}}/simple"
    text = f"--index-url {address}\nnothing-there\n"
    plugin = written(tmp_path / "work/tiny", {"requirements.txt": text})
    options = []
    if by_environment:
        monkeypatch.setenv("PACKAGER_REQUIREMENTS_ENV", "OTHER TOKEN")
    else:
        options = ["--requirements-env", "TOKEN"]
    done = build(run, plugin, *options)
    assert done.code == 1
    assert "/t0k3n/simple/nothing-there/" in index.text
    assert "t0k3n" not in done.stderr
    for file in (tmp_path / "home").rglob("packager/**/*"):
        assert not file.is_file() or b"t0k3n" not in file.read_bytes()


def test_a_named_variable_that_is_not_set(run: Run, tmp_path: Path) -> None:
    files = {"requirements.txt": "x @ https://host/${UNSET_THING}/x-1-py3-none-any.whl\n"}
    plugin = written(tmp_path / "work/tiny", files)
    done = build(run, plugin, "--requirements-env", "UNSET_THING")
    assert done.code == 2
    assert (
        f"{plugin}/requirements.txt:1: error: ${{UNSET_THING}} has no value: the variable is not "
        "set" in done.stderr
    )


@pytest.mark.parametrize("named", [False, True])
def test_a_password_goes_to_an_index_that_the_plugin_calls_so_only_if_named(
    run: Run,
    tmp_path: Path,
    index: Requests,
    named: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UV_INDEX_CORP_INTERNAL_USERNAME", "me")
    monkeypatch.setenv("UV_INDEX_CORP_INTERNAL_PASSWORD", "pa55")
    url = f"http://127.0.0.1:{index.server_address[1]}/simple"
    config = f'[[tool.uv.index]]\nname = "corp-internal"\nurl = "{url}"\ndefault = true\n'
    project = f'[project]\nname = "tiny"\nversion = "1"\ndependencies = ["x"]\n{config}'
    plugin = written(tmp_path / "work/tiny", {"pyproject.toml": project})
    names = ("UV_INDEX_CORP_INTERNAL_USERNAME", "UV_INDEX_CORP_INTERNAL_PASSWORD")
    options = [f"--requirements-env={name}" for name in names] if named else []
    build(run, plugin, *options)
    assert index.seen
    assert ("Basic bWU6cGE1NQ==" in index.text) is named


@pytest.mark.parametrize(
    "config",
    [
        'cache-dir = "./cache"\nkeyring-provider = "subprocess"\ncompile-bytecode = true\n',
        '[pip]\ncompile-bytecode = true\npython = "./evil"\nkeyring-provider = "subprocess"\n',
    ],
)
@pytest.mark.usefixtures("own_index")
def test_a_plugin_does_not_say_how_uv_works_here(run: Run, tmp_path: Path, config: str) -> None:
    plugin = written(tmp_path / "work/tiny", {"uv.toml": config})
    done = build(run, plugin)
    assert done.code == 0, done.stderr
    assert not (plugin / "cache").exists()
    assert "compile-bytecode: is not taken from a plugin" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://x.example/simple",
        "--find-links https://x.example/",
        "-f //x.example",
        "--trusted-host x.example",
        "https://x.example/x-1.0-py3-none-any.whl",
    ],
)
def test_a_package_names_no_other_index_unless_allowed(run: Run, tmp_path: Path, text: str) -> None:
    files = {"requirements.txt": f"{text}\n"}
    package = pack(written(tmp_path / "work/tiny", files))
    done = build(run, package)
    assert done.code == 2
    assert f"{package}/requirements.txt:1: error: " in done.stderr


OUTSIDE = {
    "relative": "../outside",
    "absolute": "{outside}",
    "a URL": "file://{outside}",
    "a name": "outside @ file://{outside}",
    "a repository": "git+file://{outside}",
    "links": "--find-links ../outside",
    "links by URL": "--find-links file://{outside}",
    "an index": "--index-url file://{outside}",
    "more requirements": "-r ../outside/more.txt",
    "limits": "-c ../outside/more.txt",
}


@pytest.mark.parametrize("way", OUTSIDE)
def test_paths_out_of_a_package_are_refused(run: Run, tmp_path: Path, way: str) -> None:
    outside = tmp_path / "work/outside"
    outside.mkdir(parents=True)
    (outside / "more.txt").write_text("")
    line = OUTSIDE[way].format(outside=outside)
    plugin = written(tmp_path / "work/tiny", {"requirements.txt": f"{line}\n"})
    package = pack(plugin)
    # Where the package is unpacked, no ../outside lies: the way out has to be one that is there.
    there = line.replace("../outside", f"../..{outside}")
    (plugin / "requirements.txt").write_text(f"{there}\n")
    package = pack(plugin)
    done = build(run, package, "--allow-config=all", "--source-builds=isolated")
    assert done.code == 2
    assert f"{package}/requirements.txt:1: error: " in done.stderr
    assert "lies outside the plugin; a package may use what is in it alone" in done.stderr


@pytest.mark.usefixtures("own_index")
def test_paths_out_of_a_folder_are_taken_with_a_note(run: Run, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "work/wheels", "thing", "1.0")
    files = {"requirements.txt": f"./linked/{wheel.name}\n", ".difyignore": "linked\n"}
    inner = written(tmp_path / "work/tiny", files)
    (inner / "linked").symlink_to(wheel.parent)
    done = build(run, inner)
    assert done.code == 0, done.stderr
    assert f"./linked/{wheel.name} lies outside the plugin: it is taken from there" in done.stderr
    assert [*(tmp_path / "work/out").glob("*/thing.py")]


def test_what_may_be_a_key_itself_is_not_shown(tmp_path: Path) -> None:
    """Such a literal is an error besides; no message repeats it."""
    write_plugin(
        tmp_path / "p",
        {
            "packager.toml": '[models]\napi_key = "sk-secret"\n[tools]\n'
            '"a/b" = {mcp = "https://x", token = "sk-secret"}\n'
            '"c/*" = {plugin = ".", credentials = {key = "sk-secret"}}\n'
            '"d/*" = {mcp = "https://x", token = {ssm = "/d"}}\n'
        },
    )

    asks = [(each.name, each.value) for each in asks_of(tmp_path / "p", "p")]

    assert asks == [
        ("models.api_key", "a value"),
        ("tools.a/b", '{"mcp": "https://x", "token": "a value"}'),
        ("tools.c/*", '{"plugin": ".", "credentials": "a value"}'),
        ("tools.d/*", '{"mcp": "https://x", "token": {"ssm": "/d"}}'),
    ]
