"""What each command prints where, and its exit code."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from packager import __version__
from packager.errors import PackagerError
from packager.host.interpreter import host_architecture, newest_supported
from tests.cli.conftest import Done, Run
from tests.support.plugin_writer import ENDPOINT, MANIFEST, SOURCE, write_plugin
from tests.support.trigger_plugin import write_trigger_plugin

ROOT = Path(__file__).resolve().parents[2]
CONFIGURED = {"packager.toml": '[settings]\napi_key = {env = "DUCK_KEY"}\n'}
IN_AWS = {"packager.toml": '[settings]\napi_key = {ssm = "/tiny/api_key"}\n'}
BROKEN = {
    "group/tiny.yaml": "settings: []\nendpoints:\n  - endpoints/nothing.yaml\n",
    "packager.toml": 'runtime = "python2.7"\n',
}
BROKEN_STDERR = """\
{0}/group/tiny.yaml:3:5: error: endpoints[0]: there is no file endpoints/nothing.yaml; expected \
the path of an endpoint's YAML file
  hint: did you mean endpoints/duck.yaml?
{0}/packager.toml:1:1: error: runtime: expected one of python3.11, python3.12, python3.13, \
python3.14, python3.15, not 'python2.7'
"""


VISIBLE = """\
{0}/packager.toml:2:1: warning: settings.api_key: the secret is in the function's environment, as \
DUCK_KEY, which whoever sees the function's configuration can read
  hint: keep it in AWS: {{ssm = "/tiny/api_key"}}
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return write_plugin(tmp_path / "tiny", CONFIGURED)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return write_plugin(tmp_path / "broken", BROKEN)


@pytest.fixture
def here() -> tuple[str, ...]:
    """Options that build for a Python and an architecture which this machine has."""
    found = newest_supported()
    assert found is not None
    return ("--runtime", found.python, "--arch", host_architecture())


def test_version(run: Run) -> None:
    assert run("--version") == Done(0, f"packager {__version__}\n", "")


def test_python_dash_m_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "packager", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"packager {__version__}\n"


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", ["build", "check", "list", "invoke", "template"])
def test_every_command_has_help_with_examples(run: Run, command: str, option: str) -> None:
    done = run(command, option)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: packager {command} [OPTIONS] ")
    assert f"  Examples:\n    packager {command} " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bild"], "No such command 'bild'. Did you mean build?"),
        (["deploy"], "No such command 'deploy'. Use `sam deploy`."),
        (["xyzzy"], "No such command 'xyzzy'."),
        (["build", "x"], "Missing option '-o' / '--out'."),
        (
            ["check", "x", "--runtime", "3.9"],
            "Invalid value for '--runtime': '3.9' is not one of 'python3.11', 'python3.12', "
            "'python3.13', 'python3.14', 'python3.15'.",
        ),
        (["invoke", "x"], "say what to send: one of --event, --request and --mapped"),
        (
            ["invoke", "x", "--event", "-", "--request", "GET /"],
            "say what to send: one of --event, --request and --mapped",
        ),
        (
            ["invoke", "x", "--event", "-", "-d", "x"],
            "-H, -d and -F are for --request; an event has its own headers and body",
        ),
        (
            ["invoke", "x", "--request", "/", "-d", "x", "-F", "a=1"],
            "a request has one body: -d or -F, not both",
        ),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == f"Error: {message}"


def test_check_of_a_sound_plugin(run: Run, tmp_path: Path) -> None:
    assert run("check", write_plugin(tmp_path / "tiny", IN_AWS)) == Done(
        0, "1 plugin, 1 function, 1 route: no errors, 0 warnings\n", ""
    )


@pytest.mark.parametrize("command", [["check"], ["list"], ["build", "-o", "out"]])
def test_all_faults_of_all_plugins_at_once(
    run: Run, plugin: Path, broken: Path, command: list[str], tmp_path: Path
) -> None:
    done = run(*command, broken, tmp_path / "nothing", plugin)
    expected = BROKEN_STDERR.format(broken) + (
        f"error: there is no {tmp_path}/nothing\n"
        "  hint: name a plugin's folder (with manifest.yaml), or a .difypkg\n"
    )
    if command == ["check"]:
        expected += VISIBLE.format(plugin) + "3 errors, 1 warning\n"
    assert done == Done(2, "", expected)
    assert not Path("out").exists()


def test_check_as_json(run: Run, broken: Path) -> None:
    done = run("check", broken, "--format", "json")
    assert (done.code, done.stderr) == (2, "")
    assert json.loads(done.stdout) == {
        "functions": [],
        "diagnostics": [
            {
                "level": "error",
                "code": "missing-file",
                "message": "there is no file endpoints/nothing.yaml; expected the path of an "
                "endpoint's YAML file",
                "file": f"{broken}/group/tiny.yaml",
                "line": 3,
                "column": 5,
                "key": "endpoints[0]",
                "hint": "did you mean endpoints/duck.yaml?",
            },
            {
                "level": "error",
                "code": "invalid-value",
                "message": "expected one of python3.11, python3.12, python3.13, python3.14, "
                "python3.15, not 'python2.7'",
                "file": f"{broken}/packager.toml",
                "line": 1,
                "column": 1,
                "key": "runtime",
                "hint": None,
            },
        ],
    }


def test_the_plugin_is_this_folder_by_default(
    run: Run, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(plugin)
    for command in ("check", "list"):
        done = run(command)
        assert (done.code, done.stdout) == (0, run(command, ".").stdout)
    monkeypatch.chdir(plugin / "group")
    assert run("check").stderr.startswith("manifest.yaml: error: ")


def test_options_are_checked_like_the_configuration(run: Run, plugin: Path) -> None:
    assert run("check", plugin, "--memory", "1", "--timeout", "0") == Done(
        2,
        "",
        "command line: error: memory: expected a whole number of MiB from 128 to 10240, not 1\n"
        "command line: error: timeout: expected a whole number of seconds from 1 to 1800, not 0\n"
        "2 errors, 0 warnings\n",
    )


def test_list(run: Run, plugin: Path) -> None:
    assert run("list", plugin) == Done(
        0,
        f"TinyFunction  tiny 0.0.1  {plugin}/group/tiny.yaml\n"
        "  routes\n"
        "    GET  /duck/<app_id>  endpoints/duck.py\n"
        "  settings\n"
        "    api_key  secret-input  required  environment variable DUCK_KEY\n",
        "",
    )


def test_list_of_a_trigger_plugin(run: Run, tmp_path: Path) -> None:
    plugin = write_trigger_plugin(tmp_path / "bell")
    page = (ROOT / "docs/triggers.md").read_text("utf-8")
    shown = page.partition("$ packager list plugins/bell\n")[2].partition("```")[0]

    assert run("list", plugin).stdout == shown.replace("plugins/bell", str(plugin), 1)
    (function,) = json.loads(run("list", plugin, "--format", "json").stdout)["functions"]
    assert function["provider"]["events"][0] == {
        "name": "rung",
        "source": "events/rung.py",
        "parameters": [
            {"name": "least", "type": "number", "required": False},
            {"name": "doors", "type": "select", "required": False},
        ],
        "variables": ["door", "times", "endpoint"],
    }


def test_dify_s_name_of_an_architecture(run: Run, plugin: Path) -> None:
    done = run("check", plugin, "--arch", "amd64", "--format", "json")
    assert json.loads(done.stdout)["functions"][0]["architecture"] == "x86_64"


def test_list_as_json(run: Run, plugin: Path) -> None:
    done = run("list", plugin, "--format", "json")
    assert (done.code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "functions": [
            {
                "function": "TinyFunction",
                "plugin": "tiny",
                "version": "0.0.1",
                "path": str(plugin),
                "group": "tiny",
                "file": "group/tiny.yaml",
                "runtime": "python3.13",
                "architecture": "arm64",
                "memory": 512,
                "timeout": 29,
                "entry": "fast",
                "routes": [
                    {
                        "method": "GET",
                        "path": "/duck/<app_id>",
                        "source": "endpoints/duck.py",
                        "hidden": False,
                    }
                ],
                "settings": [
                    {
                        "name": "api_key",
                        "type": "secret-input",
                        "required": True,
                        "from": "environment variable DUCK_KEY",
                    }
                ],
            }
        ]
    }


def test_a_package_is_a_plugin_too(run: Run, plugin: Path, tmp_path: Path) -> None:
    package = tmp_path / "tiny.difypkg"
    with zipfile.ZipFile(package, "w") as archive:
        for file in plugin.rglob("*"):
            archive.write(file, file.relative_to(plugin))
    assert run("list", package).stdout == run("list", plugin).stdout.replace(
        str(plugin), str(package)
    )


def test_build(run: Run, plugin: Path, tmp_path: Path, here: tuple[str, ...]) -> None:
    out = tmp_path / "out"
    done = run("build", plugin, "-o", out, *here)
    assert done.code == 0, done.stderr
    heading, row = done.stdout.splitlines()
    assert heading.split() == ["FUNCTION", "ZIP", "ZIPPED", "UNZIPPED", "OF", "250", "MB", "ROUTES"]
    cells = row.split()
    assert (cells[0], cells[1], cells[-1]) == ("TinyFunction", str(out / "TinyFunction.zip"), "1")
    assert sorted(path.name for path in out.iterdir()) == [
        "TinyFunction",
        "TinyFunction.zip",
        "template.yaml",
    ]
    assert done.stderr.splitlines()[-1:] == ["writing TinyFunction"]

    again = run("build", plugin, "-o", out, *here, "--format", "json")
    result = json.loads(again.stdout)
    (facts,) = result["functions"]
    assert result["template"] == str(out / "template.yaml")
    zipped = out / "TinyFunction.zip"
    assert {key: facts[key] for key in ("folder", "zip", "zip_bytes", "limit_bytes")} == {
        "folder": str(out / "TinyFunction"),
        "zip": str(zipped),
        "zip_bytes": zipped.stat().st_size,
        "limit_bytes": 262_144_000,
    }
    assert "werkzeug" in {package["name"] for package in facts["packages"]}
    assert [route["path"] for route in facts["routes"]] == ["/duck/<app_id>"]


def test_what_each_step_of_a_build_took(
    run: Run, plugin: Path, tmp_path: Path, here: tuple[str, ...]
) -> None:
    arguments = ("build", plugin, "-o", tmp_path / "out", *here, "--timings")
    done = run(*arguments)
    said, _, table = done.stderr.partition("STEP  ")
    heading, *rows = table.splitlines()
    assert (heading.strip(), said.splitlines()[-1]) == ("SECONDS", "writing TinyFunction")
    found = {name: float(took) for name, took in (row.rsplit(maxsplit=1) for row in rows)}
    assert {"reading the plugins", "resolving versions", "zipping"} < {*found}
    assert [*found][-2:] == ["all else", "in all"]
    assert sum(found.values()) == pytest.approx(2 * found["in all"], abs=0.02)
    assert 0 < found["zipping"] < found["in all"]

    timings = json.loads(run(*arguments, "--format", "json").stdout)["timings"]
    assert [*timings[0]] == ["step", "seconds"]
    assert [each["step"] for each in timings][-1] == "all else"


def test_a_fault_leaves_what_was_built(
    run: Run, plugin: Path, broken: Path, tmp_path: Path, here: tuple[str, ...]
) -> None:
    out = tmp_path / "out"
    run("build", plugin, "-o", out, *here)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert run("build", plugin, broken, "-o", out, *here).code == 2
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            ["{}/nothing", "--request", "GET /"],
            "there is no {}/nothing",
            "name a plugin (a folder or a .difypkg), or what `packager build` wrote",
        ),
        (
            ["{}", "--request", "GET /"],
            "{} holds neither a plugin (manifest.yaml) nor a bundle (endpoint_runtime/_bundle.py)",
            "name a plugin (a folder or a .difypkg), or what `packager build` wrote",
        ),
        (
            ["{}", "--request", "GET"],
            "a request is a method and a path, not 'GET'",
            "for example 'GET /duck/42?x=1'",
        ),
        (
            ["{}", "--request", "GET /", "-H", "x"],
            "a header is a name, a colon and a value, not 'x'",
            "for example 'Content-Type: application/json'",
        ),
        (
            ["{}", "--request", "GET /", "-H", "X: a\r\nY: b"],
            "a header is a name, a colon and a value, not 'X: a\\r\\nY: b'",
            "for example 'Content-Type: application/json'",
        ),
        (
            ["{}", "--request", "POST /", "-d", "@{}/nothing"],
            "{}/nothing can't be read: No such file or directory",
            None,
        ),
        (["{}", "--event", "{}"], "{} can't be read: Is a directory", None),
        (["{}", "--event", "-"], "stdin:1:2: the event is not JSON: Expecting value", None),
        (
            ["{}/tiny", "--request", "GET /", "--function", "Nope"],
            "{}/tiny has no function Nope",
            "it has TinyFunction",
        ),
    ],
)
def test_what_invoke_can_t_use(
    run: Run,
    tmp_path: Path,
    plugin: Path,
    arguments: list[str],
    message: str,
    hint: str | None,
) -> None:
    assert plugin == tmp_path / "tiny"
    done = run("invoke", *(each.format(tmp_path) for each in arguments), stdin=b"[")
    expected = f"error: {message}\n".format(tmp_path) + (f"  hint: {hint}\n" if hint else "")
    assert done == Done(2, "", expected)


def test_an_env_file_s_faults_have_their_lines(run: Run, plugin: Path, tmp_path: Path) -> None:
    env_file = tmp_path / "env"
    env_file.write_text("A=1\n= 2\n")
    done = run("invoke", plugin, "--request", "GET /", "--env-file", env_file)
    assert done == Done(
        2,
        "",
        f"{env_file}:2: error: expected NAME=VALUE\n"
        "  hint: quote a value that has spaces around it, quotes or line breaks in it\n",
    )


def test_a_failure_has_a_hint_and_exit_code_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise PackagerError("no luck", hint="try again")

    monkeypatch.setattr("packager.cli.list.planned", fail)
    assert run("list", "x") == Done(1, "", "error: no luck\n  hint: try again\n")


def test_a_bug_keeps_its_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("packager.cli.list.planned", fail)
    with pytest.raises(ZeroDivisionError):
        run("list", "x")


def test_ctrl_c_is_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("packager.cli.list.planned", interrupt)
    assert run("list", "x") == Done(130, "", "")


def test_a_broken_pipe_is_quiet(plugin: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "packager", "list", plugin],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_terminal_gets_colours_unless_it_says_no(broken: Path) -> None:
    """Through a pseudo terminal, since that is what decides."""
    import pty

    def stderr_of(**environment: str) -> str:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "packager", "list", broken],
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", **environment},
        ) as process:
            os.close(theirs)
            text = b""
            while True:
                try:
                    text += os.read(ours, 4096)
                except OSError:  # the other side is closed
                    break
        os.close(ours)
        assert process.returncode == 2
        return text.decode().replace("\r\n", "\n")

    plain = BROKEN_STDERR.format(broken)
    for line, code, excerpt in (
        ("YAML file\n", "missing-file", "    - endpoints/nothing.yaml\n      ^"),
        ("'python2.7'\n", "invalid-value", '  runtime = "python2.7"\n  ^'),
    ):
        plain = plain.replace(line, f"{line[:-1]} [{code}]\n{excerpt}\n")
    assert stderr_of(NO_COLOR="1") == plain
    coloured = stderr_of(NO_COLOR="")
    assert "\x1b[1;31merror: \x1b[0m" in coloured


def test_the_committed_template_is_up_to_date(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    manifests = sorted((ROOT / "plugins").glob("*/manifest.yaml"))
    assert len(manifests) >= 2
    monkeypatch.chdir(ROOT)
    names = [path.parent.relative_to(ROOT) for path in manifests]
    files = ("-o", "template.yaml", "--makefile", "plugins/Makefile")
    assert run("template", *names, *files, "--check") == Done(0, "", "up to date\n")


def test_build_of_one_function_alone(run: Run, plugin: Path, here: tuple[str, ...]) -> None:
    other = write_plugin(
        plugin.parent / "other", {"manifest.yaml": MANIFEST.replace("name: tiny", "name: other")}
    )
    out = plugin.parent / "out"
    done = run("build", plugin, other, "-o", out, "--function", "OtherTinyFunction", *here)
    assert (done.code, done.stdout) == (2, "")  # its required setting gets no value
    allow = ("--allow-failing", *here)
    done = run("build", plugin, other, "-o", out, "--function", "OtherTinyFunction", *allow)
    assert done.code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "OtherTinyFunction",
        "OtherTinyFunction.zip",
        "template.yaml",
    ]
    assert run("build", plugin, "-o", out, "--function", "Nope", *here) == Done(
        2, "", "error: there is no function Nope\n  hint: one of TinyFunction\n"
    )


def test_a_secret_in_the_environment_is_a_warning_of_check_alone(run: Run, plugin: Path) -> None:
    assert run("check", plugin) == Done(
        0, "1 plugin, 1 function, 1 route: no errors, 1 warning\n", VISIBLE.format(plugin)
    )
    assert run("list", plugin).stderr == ""


def test_a_required_setting_without_a_source(
    run: Run, tmp_path: Path, here: tuple[str, ...]
) -> None:
    bare = write_plugin(tmp_path / "bare")
    hint = (
        'say where it is from, in packager.toml under [settings]: api_key = {ssm = "/tiny/api_key"}'
        "; for runs on this machine in settings.local.toml under [settings]: api_key = ..."
    )
    message = "the required setting api_key gets no value: every request will be answered with 500"
    assert run("check", bare) == Done(
        0,
        "1 plugin, 1 function, 1 route: no errors, 1 warning\n",
        f"{bare}/group/tiny.yaml:2:11: warning: {message}\n  hint: {hint}\n",
    )
    assert run("build", bare, "-o", tmp_path / "out", *here) == Done(
        2,
        "",
        f"{bare}/group/tiny.yaml:2:11: error: {message}\n"
        f"  hint: {hint}; --allow-failing builds all the same\n",
    )
    assert not (tmp_path / "out").exists()
    done = run("build", bare, "-o", tmp_path / "out", "--allow-failing", *here)
    assert (done.code, f"warning: {message}\n  hint: {hint}\n" in done.stderr) == (0, True)


def test_warnings_are_errors_of_strict_commands(
    run: Run, plugin: Path, tmp_path: Path, here: tuple[str, ...]
) -> None:
    assert run("check", plugin, "--strict") == Done(
        2, "", VISIBLE.format(plugin) + "0 errors, 1 warning\n"
    )
    late = SOURCE + "\ndef late():\n    import nacl\n"
    foreign = write_plugin(tmp_path / "foreign", {**IN_AWS, "endpoints/duck.py": late})
    assert run("check", foreign, "--strict").code == 0  # what is installed is not known yet
    done = run("build", foreign, "-o", tmp_path / "out", "--strict", *here)
    place = f"{foreign}/endpoints/duck.py:8:12"
    assert (done.code, done.stdout) == (2, "")
    assert f"{place}: warning: there is no module nacl in the plugin" in done.stderr
    assert not (tmp_path / "out" / "TinyFunction.zip").exists()


def test_a_warning_stops_a_strict_build_before_it_begins(run: Run, tmp_path: Path) -> None:
    endpoint = ENDPOINT.replace("/duck/<app_id>", "/duck/:id")
    plugin = write_plugin(tmp_path / "tiny", {**IN_AWS, "endpoints/duck.yaml": endpoint})
    done = run("build", plugin, "-o", tmp_path / "out", "--strict")
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{plugin}/endpoints/duck.yaml:1:7: warning: path: :id is not ")
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_is_a_file(run: Run, plugin: Path) -> None:
    out = plugin / "manifest.yaml"
    assert run("build", plugin, "-o", out) == Done(
        2, "", f"error: the output folder {out} is a file\n"
    )


def test_what_the_system_refuses_is_no_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/x")

    monkeypatch.setattr("packager.cli.list.planned", refuse)
    assert run("list", "x") == Done(1, "", "error: /x: No space left on device\n")


def test_a_page_that_cannot_be_written_is_said_before_anything_is_measured(
    run: Run, plugin: Path, tmp_path: Path
) -> None:
    page = tmp_path / "nowhere" / "profile.html"
    assert run("profile", plugin, "--html", page) == Done(
        2, "", f"error: --html: there is no folder {page.parent}\n  hint: make it first\n"
    )
    assert run("profile", plugin, "--html", tmp_path) == Done(
        2, "", f"error: --html: {tmp_path} is a folder\n  hint: name a file\n"
    )
