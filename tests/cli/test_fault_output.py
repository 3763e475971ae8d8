"""How faults are shown: lines with carets on a terminal, GitHub's annotations, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.cli.faults.excerpt import excerpt
from packager.cli.faults.github import github_commands
from packager.errors import Code, Diagnostic, Place
from tests.cli.conftest import Run
from tests.support.plugin_writer import ENDPOINT, SOURCE, write_plugin

IN_AWS = '[settings]\napi_key = {ssm = "/tiny/api_key"}\n'
LITERAL = ENDPOINT.replace("/duck/<app_id>", "/duck/:id")


def terminal(*arguments: object, cwd: Path) -> str:
    """What a command shows on a pseudo terminal."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "packager", *map(str, arguments)]
    environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1"}
    with subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    ):
        os.close(theirs)
        text = b""
        while True:
            try:
                text += os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


def test_a_terminal_shows_the_line_with_a_caret(tmp_path: Path) -> None:
    write_plugin(tmp_path / "tiny", {"packager.toml": IN_AWS, "endpoints/duck.yaml": LITERAL})
    assert terminal("check", "tiny", cwd=tmp_path) == (
        "tiny/endpoints/duck.yaml:1:7: warning: path: :id is not a variable: only a URL with these "
        "very characters is answered [literal-variable]\n"
        "  path: /duck/:id\n"
        "        ^\n"
        "  hint: a variable is written <id>\n"
    )


def fault(
    code: Code, file: str, line: int = 1, column: int | None = 3, key: str = ""
) -> Diagnostic:
    return Diagnostic(code, "wrong", Place(file, line, column), key)


def test_what_an_excerpt_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("one: \x1b[31m\n\ttwo: é\n" + "x" * 300 + "\n")
    assert excerpt(fault("wrong-type", "a.yaml")) == "one: \\x1b[31m\n  ^"
    assert excerpt(fault("wrong-type", "a.yaml", 2)) == " two: é\n  ^"
    assert excerpt(fault("wrong-type", "a.yaml", 3, 280)) == "x" * 96 + "\n" + " " * 75 + "^"


@pytest.mark.parametrize(
    "said",
    [
        fault("secret-literal", "a.py"),
        fault("secret-default", "a.yaml"),
        fault("invalid-value", "packager.toml", key="settings.api_key"),
        fault("invalid-value", "packager.toml", key="groups.tiny.settings.api_key"),
        fault("invalid-value", "packager.toml", key="apps.x"),
        fault("wrong-type", "settings.local.toml"),
        fault("invalid-dotenv", ".env"),
        fault("invalid-toml", "url.toml"),
        fault("invalid-toml", "a.py", 9),
        fault("invalid-toml", "a.py", column=None),
        fault("invalid-toml", "gone.py"),
        fault("invalid-toml", "folder.py"),
        Diagnostic("large-zip", "wide"),
    ],
)
def test_no_line_is_shown_that_may_hold_a_secret(
    said: Diagnostic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "a.yaml", "packager.toml", "settings.local.toml", ".env"):
        Path(name).write_text("the secret\n")
    Path("url.toml").write_text('index = "https://me:secret@example.com"\n')
    Path("folder.py").mkdir()
    assert excerpt(said) is None


def test_github_s_annotations() -> None:
    faults = [
        Diagnostic("duplicate", "50%\nof it", Place("a,b:c.yaml", 2, 5), "x.y", "do: so"),
        Diagnostic("large-zip", "wide", level="warning"),
        Diagnostic("no-manifest", "none", Place("p")),
    ]
    assert github_commands(faults) == (
        "::error file=a%2Cb%3Ac.yaml,line=2,col=5,title=duplicate::"
        "x.y: 50%25%0Aof it%0Ahint: do: so\n"
        "::warning title=large-zip::wide\n"
        "::error file=p,title=no-manifest::none\n"
    )


def test_check_writes_them(run: Run, tmp_path: Path) -> None:
    plugin = write_plugin(tmp_path, {"packager.toml": IN_AWS, "endpoints/duck.yaml": LITERAL})
    done = run("check", plugin, "--format", "github")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"::warning file={plugin}/endpoints/duck.yaml,line=1,col=7,title")


@pytest.mark.parametrize(
    ("files", "warnings"),
    [
        ({"endpoints/duck.yaml": "path: /:id # packager: ignore[literal-variable]"}, 0),
        ({"endpoints/duck.yaml": "path: /:id #packager:ignore[ large-zip,literal-variable ]"}, 0),
        ({"endpoints/duck.yaml": "path: /:id # packager: ignore[large-zip]"}, 1),
        ({"endpoints/duck.yaml": "# packager: ignore[literal-variable]\npath: /:id"}, 1),
        ({"packager.toml": 'settings.api_key = {env = "API_KEY"}'}, 1),
        (
            {
                "packager.toml": 'settings.api_key = {env = "API_KEY"} # packager: '
                "ignore[secret-in-environment]"
            },
            0,
        ),
    ],
)
def test_a_comment_silences_a_warning_at_its_line(
    run: Run, tmp_path: Path, files: Mapping[str, str], warnings: int
) -> None:
    rest = ENDPOINT.partition("\n")[2]
    changes = {
        name: text + "\n" + (rest if name.endswith(".yaml") else "") for name, text in files.items()
    }
    plugin = write_plugin(tmp_path, {"packager.toml": IN_AWS, **changes})
    assert f"no errors, {warnings} warning" in run("check", plugin).stdout


def test_a_python_comment_and_the_folder_one_is_in(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = "def late():\n    import endpoints.gone  # packager: ignore[import-may-fail]\n"
    write_plugin(tmp_path, {"packager.toml": IN_AWS, "endpoints/duck.py": SOURCE + late})
    monkeypatch.chdir(tmp_path)
    assert run("check").stdout.endswith("no errors, 0 warnings\n")


def test_what_fails_every_request_can_not_be_silenced(run: Run, tmp_path: Path) -> None:
    source = "import endpoints.gone  # packager: ignore[import-fails]\n" + SOURCE
    plugin = write_plugin(tmp_path, {"packager.toml": IN_AWS, "endpoints/duck.py": source})
    assert run("check", plugin).code == 2
