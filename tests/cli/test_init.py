"""`packager init`: each template passes a strict check; what is not said is asked for."""

from __future__ import annotations

import io
import json
import tomllib
from pathlib import Path

import pytest
import yaml

from packager.plugin.new_plugin import TEMPLATES
from tests.cli.conftest import Done, Run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_passes_a_strict_check(run: Run, template: str) -> None:
    done = run("init", "my-own", "--template", template, "--author", "me", "--runtime", "3.12")
    assert (done.code, done.stderr) == (0, "")
    checked = run("check", "my-own", "--strict", "--format", "json")
    assert (checked.code, checked.stderr) == (0, "")
    [function] = json.loads(checked.stdout)["functions"]
    assert (function["function"], function["runtime"]) == ("MyOwnFunction", "python3.12")

    root = Path("my-own")
    manifest = yaml.safe_load((root / "manifest.yaml").read_text("utf-8"))
    assert (manifest["name"], manifest["author"], manifest["version"]) == ("my-own", "me", "0.0.1")
    assert manifest["label"] == {"en_US": "My Own", "zh_Hans": "My Own"}
    assert (root / "_assets" / manifest["icon"]).is_file()
    assert list(root.glob("tests/test_*.py"))
    readme = (root / "README.md").read_text("utf-8")
    commands = ("packager check", "packager serve", "packager build")
    assert readme.startswith("# My Own\n")
    assert [each for each in commands if f"$ {each}" not in readme] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_of_the_example_or_the_repository_is_left(run: Run, template: str) -> None:
    run("init", "other", "--template", template)
    root = Path("other")
    for path in root.rglob("*"):
        if path.is_file() and ".schemas" not in path.parts:
            assert TEMPLATES[template] not in f"{path} {path.read_text('utf-8')}"
            assert "docs/schemas" not in path.read_text("utf-8"), path
    for path in root.rglob("*.yaml"):
        line = path.read_text("utf-8").partition("\n")[0]
        assert (path.parent / line.rpartition("=")[2]).is_file()


def test_secrets_to_try_it_with_stay_on_this_machine(run: Run) -> None:
    run("init", "hooks")
    local = Path("hooks/settings.local.toml")
    values = tomllib.loads(local.read_text())["settings"]
    assert [len(value) for value in values.values()] == [32]
    assert local.stat().st_mode & 0o077 == 0
    for ignore in (".gitignore", ".difyignore"):
        assert "settings.local.toml" in Path("hooks", ignore).read_text().split()


def test_the_folder_one_is_in_names_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "My Bot").mkdir()
    monkeypatch.chdir(tmp_path / "My Bot")
    done = run("init", "--here", "--template", "telegram")
    assert (done.code, "  cd " in done.stdout) == (0, False)
    assert yaml.safe_load(Path("manifest.yaml").read_text("utf-8"))["name"] == "my_bot"
    again = run("init", "--here")
    assert again.code == 2
    hint = "nothing was written: say another name, or go to an empty folder"
    assert again.stderr.endswith(f" is there already\n  hint: {hint}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "error: say the plugin's name: packager init NAME, or --here\n"),
        (
            ["My Bot"],
            "error: 'My Bot' can't be a plugin's name; expected 1 to 128 of a-z, 0-9, _ and -\n"
            "  hint: say another: my_bot\n",
        ),
        (
            ["x", "--author", "Me & Co"],
            "error: 'Me & Co' can't be an author; expected 1 to 64 of a-z, 0-9, _ and -\n"
            "  hint: your organisation in Dify's marketplace, or your name: --author my-name\n",
        ),
        (["x", "--label", " "], "error: the label must be a line of text\n"),
    ],
)
def test_what_dify_would_not_take(run: Run, arguments: list[str], said: str) -> None:
    assert run("init", *arguments) == Done(2, "", said)
    assert list(Path().iterdir()) == []


def test_a_terminal_is_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(io, "TextIOWrapper", Terminal)
    done = run("init", stdin=b'my_bot\nfax\ntelegram\nThe "Bot"\nMe!\nme\n')
    assert done.code == 0
    refused = (
        "error: 'Me!' can't be an author; expected 1 to 64 of a-z, 0-9, _ and -\n"
        "  hint: your organisation in Dify's marketplace, or your name: --author my-name\n"
    )
    assert refused in done.stderr
    assert [each.strip() for each in done.stderr.replace(refused, "").split(":")] == [
        "The plugin's name",
        "What it begins as (webhook, slack, telegram, mcp, openai, trigger) [webhook]",
        "One of webhook, slack, telegram, mcp, openai, trigger [webhook]",
        "What people call it [My Bot]",
        f"Author, in Dify [{_author()}]",
        f"Author, in Dify [{_author()}]",
        "",
    ]
    manifest = yaml.safe_load(Path("my_bot/manifest.yaml").read_text("utf-8"))
    assert (manifest["label"]["en_US"], manifest["author"]) == ('The "Bot"', "me")


def _author() -> str:
    from packager.cli.author.init import _user

    return _user()


def test_the_wheel_has_every_template() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    wanted = {f"plugins/{name}": f"packager/templates/{name}" for name in TEMPLATES.values()}
    wanted["plugins/conftest.py"] = "packager/templates/conftest.py"
    assert wanted.items() <= included.items()
