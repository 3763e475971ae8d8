"""The configuration: keys, precedence, settings, and every fault at its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.config import keys as config_keys
from packager.config.read import read_configuration
from packager.errors import Code, Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.options import EnvSource, LiteralSource, Options
from packager.model.plugin import EndpointGroup, Setting

PLACE = Place("m.yaml", 1, 1)


def setting(name: str, type_: str, **more: object) -> Setting:
    return Setting(name, type_, required=False, place=PLACE, **more)  # type: ignore[arg-type]


WEBHOOK = EndpointGroup(
    "webhook",
    "group/webhook.yaml",
    (
        setting("api_key", "secret-input"),
        setting("greeting", "text-input"),
        setting("loud", "boolean"),
        setting("color", "select", options=("red", "green")),
        setting("colors", "select", options=("red", "green"), multiple=True),
        setting("count", "number"),
        setting("app", "app-selector"),
        setting("model", "model-selector"),
        setting("tools", "array[tools]"),
        setting("tool", "tool-selector"),
        setting("thing", "any"),
    ),
    (),
    PLACE,
)
ADMIN = EndpointGroup("admin", "group/admin.yaml", (setting("greeting", "boolean"),), (), PLACE)


def read(
    root: Path,
    *groups: EndpointGroup,
    overrides: Mapping[str, object] | None = None,
    **files: str,
) -> tuple[Mapping[str, Options], list[Diagnostic]]:
    for name, content in files.items():
        (root / f"{name}.toml").write_text(content)
    diagnostics = Diagnostics()
    options = read_configuration(
        PluginFolder(root, "p"), groups or (WEBHOOK,), diagnostics, overrides
    )
    return options, diagnostics.all


def test_nothing_configured(tmp_path: Path) -> None:
    assert read(tmp_path, pyproject="[tool.other]\nx = 1\n") == ({"webhook": Options()}, [])


def test_both_files_read_alike(tmp_path: Path) -> None:
    keys = """\
runtime = "python3.12"
architecture = "x86_64"
memory = 128
timeout = 900
api = "rest"
routes = "declared"
log_retention = 7
hook_id = "my-hook.1"
include = ["data/**"]
exclude = ["*.psd", "docs/"]
keep = ["tool/tests/"]
"""
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first, diagnostics = read(tmp_path / "1", packager=keys + "template = {Tags = {a = 'b'}}\n")
    second, _ = read(tmp_path / "2", pyproject=f"[tool.packager]\n{keys}template.Tags.a = 'b'\n")
    names = [line.partition(" =")[0] for line in keys.splitlines()]
    lines = {name: line for line, name in enumerate([*names, "template"], 1)}
    assert diagnostics == []
    assert first["webhook"] == Options(
        runtime="python3.12",
        architecture="x86_64",
        memory=128,
        timeout=900,
        api="rest",
        routes="declared",
        log_retention=7,
        template={"Tags": {"a": "b"}},
        hook_id="my-hook.1",
        include=("data/**",),
        exclude=("*.psd", "docs/"),
        keep=("tool/tests/",),
        places={name: Place("p/packager.toml", line, 1) for name, line in lines.items()}
        | {
            "template.Tags": Place("p/packager.toml", 12, 13),
            "template.Tags.a": Place("p/packager.toml", 12, 21),
        },
    )
    assert second["webhook"].places == {
        name: Place("p/pyproject.toml", line + 1, 1) for name, line in lines.items()
    } | {
        "template.Tags": Place("p/pyproject.toml", 13, 10),
        "template.Tags.a": Place("p/pyproject.toml", 13, 15),
    }
    assert second["webhook"].template == {"Tags": {"a": "b"}}


def test_precedence(tmp_path: Path) -> None:
    text = """\
memory = 256
timeout = 10
settings.greeting = "hi"
[groups.webhook]
timeout = 20
architecture = "x86_64"
[groups.webhook.settings]
greeting = "hello"
loud = true
"""
    webhook = EndpointGroup("webhook", "w.yaml", WEBHOOK.settings, (), PLACE)
    other = EndpointGroup("other", "o.yaml", WEBHOOK.settings, (), PLACE)
    options, diagnostics = read(
        tmp_path, webhook, other, packager=text, overrides={"architecture": "arm64"}
    )
    file = "p/packager.toml"
    line = Place("command line")
    assert diagnostics == []
    assert options == {
        "webhook": Options(
            memory=256,
            timeout=20,
            architecture="arm64",
            settings={"greeting": LiteralSource("hello"), "loud": LiteralSource(True)},
            places={
                "memory": Place(file, 1, 1),
                "timeout": Place(file, 5, 1),
                "architecture": line,
                "settings.greeting": Place(file, 8, 1),
                "settings.loud": Place(file, 9, 1),
            },
        ),
        "other": Options(
            memory=256,
            timeout=10,
            settings={"greeting": LiteralSource("hi")},
            places={
                "memory": Place(file, 1, 1),
                "timeout": Place(file, 2, 1),
                "architecture": line,
                "settings.greeting": Place(file, 3, 10),
            },
        ),
    }


@pytest.mark.parametrize(
    ("code", "text", "line", "column", "key", "message"),
    [
        (
            "invalid-value",
            'runtime = "python3.10"',
            1,
            1,
            "runtime",
            "expected one of python3.11, python3.12, python3.13, python3.14, "
            "python3.15, not 'python3.10'",
        ),
        (
            "invalid-value",
            "architecture = 64",
            1,
            1,
            "architecture",
            "expected one of arm64, x86_64, not 64",
        ),
        (
            "invalid-value",
            "memory = 127",
            1,
            1,
            "memory",
            "expected a whole number of MiB from 128 to 10240, not 127",
        ),
        (
            "invalid-value",
            "memory = true",
            1,
            1,
            "memory",
            "expected a whole number of MiB from 128 to 10240, not true",
        ),
        (
            "invalid-value",
            "\n timeout = 29.5",
            2,
            2,
            "timeout",
            "expected a whole number of seconds from 1 to 1800, not 29.5",
        ),
        (
            "invalid-value",
            "timeout = 1979-05-27",
            1,
            1,
            "timeout",
            "expected a whole number of seconds from 1 to 1800, not a date or time",
        ),
        (
            "invalid-value",
            "hook_id = 'a b'",
            1,
            1,
            "hook_id",
            "expected 1 to 128 of A-Z, a-z, 0-9, '.', '_', '~' and -, not 'a b'",
        ),
        ("invalid-value", "include = '*'", 1, 1, "include", "expected a list of globs, not '*'"),
        (
            "invalid-value",
            "exclude = ['a', 1]",
            1,
            1,
            "exclude",
            "expected a list of globs, not a list with 1",
        ),
        (
            "invalid-value",
            "exclude = ['']",
            1,
            1,
            "exclude",
            "expected a list of globs, not a list with ''",
        ),
        ("invalid-value", "template = []", 1, 1, "template", "expected a table, not a list"),
        (
            "invalid-value",
            "template = {a = nan}",
            1,
            1,
            "template",
            "expected a table, not one with dates, nan or inf",
        ),
        ("wrong-type", "settings = 1", 1, 1, "settings", "expected a table, not 1"),
        ("wrong-type", "groups = 1", 1, 1, "groups", "expected a table, not 1"),
        ("wrong-type", "groups.webhook = 1", 1, 8, "groups.webhook", "expected a table, not 1"),
    ],
)
def test_wrong_values(
    tmp_path: Path, code: Code, text: str, line: int, column: int, key: str, message: str
) -> None:
    options, diagnostics = read(tmp_path, packager=text)
    assert options == {"webhook": Options()}
    assert diagnostics == [Diagnostic(code, message, Place("p/packager.toml", line, column), key)]


KEYS = ", ".join([*config_keys.KEYS, "settings", "apps", "models", "tools", "dify"])


@pytest.mark.parametrize(
    ("code", "text", "line", "column", "key", "message", "hint"),
    [
        (
            "unknown-key",
            "memroy = 1",
            1,
            1,
            "memroy",
            "there is no such key",
            "did you mean memory?",
        ),
        (
            "unknown-key",
            "zzz = 1",
            1,
            1,
            "zzz",
            "there is no such key",
            f"the keys are {KEYS}, groups",
        ),
        (
            "unknown-key",
            "[groups.webhook]\nzzz = 1",
            2,
            1,
            "groups.webhook.zzz",
            "there is no such key",
            f"the keys are {KEYS}",
        ),
        (
            "unknown-group",
            "[groups.webhok]",
            1,
            9,
            "groups.webhok",
            "there is no endpoint group 'webhok'",
            "did you mean webhook?",
        ),
        (
            "unknown-setting",
            "[settings]\ngreting = 'x'",
            2,
            1,
            "settings.greting",
            "no endpoint group declares the setting 'greting'",
            "did you mean greeting?",
        ),
        (
            "unknown-setting",
            "[groups.admin.settings]\nloud = true",
            2,
            1,
            "groups.admin.settings.loud",
            "the group admin declares no setting 'loud'",
            "the settings are greeting",
        ),
    ],
)
def test_unknown_names(
    tmp_path: Path, code: Code, text: str, line: int, column: int, key: str, message: str, hint: str
) -> None:
    _, diagnostics = read(tmp_path, WEBHOOK, ADMIN, packager=text)
    assert diagnostics == [
        Diagnostic(code, message, Place("p/packager.toml", line, column), key, hint)
    ]


def test_unknown_names_are_no_faults_where_the_plugin_is_half_read(tmp_path: Path) -> None:
    (tmp_path / "packager.toml").write_text("settings.x = 1\n[groups.y]\nmemory = 1\n")
    diagnostics = Diagnostics()
    read_configuration(PluginFolder(tmp_path, "p"), (WEBHOOK,), diagnostics, complete=False)
    assert diagnostics.all == []


MODEL: dict[str, object] = {"provider": "p", "model": "m", "model_type": "llm"}


@pytest.mark.parametrize(
    ("name", "written", "source"),
    [
        ("api_key", '{env = "API_KEY"}', EnvSource("API_KEY")),
        ("greeting", '""', LiteralSource("")),
        ("greeting", '{env = "X1"}', EnvSource("X1")),
        ("loud", "false", LiteralSource(False)),
        ("color", '"red"', LiteralSource("red")),
        ("colors", '["red", "green"]', LiteralSource(["red", "green"])),
        ("count", "1.5", LiteralSource(1.5)),
        ("app", '{app_id = "a", more = 1}', LiteralSource({"app_id": "a", "more": 1})),
        ("app", '{env = "APP"}', EnvSource("APP")),
        ("model", '{provider = "p", model = "m", model_type = "llm"}', LiteralSource(MODEL)),
        ("tools", "[]", LiteralSource([])),
        ("tool", "{}", LiteralSource({})),
        ("thing", "[1, {a = true}]", LiteralSource([1, {"a": True}])),
    ],
)
def test_sources_of_settings(tmp_path: Path, name: str, written: str, source: object) -> None:
    options, diagnostics = read(tmp_path, packager=f"[settings]\n{name} = {written}\n")
    assert diagnostics == []
    assert options["webhook"].settings == {name: source}


ENV = (
    "expected the name of an environment variable: a letter, then one or more letters, digits and _"
)
ALONE = 'expected {env = "NAME"} alone, not with '


@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        ("greeting", "1", "expected text, not 1"),
        ("greeting", "{}", "expected text, not a table"),
        ("loud", "'yes'", "expected true or false, not 'yes'"),
        ("color", "'blue'", "expected one of red, green, not 'blue'"),
        ("color", "['red']", "expected one of red, green, not a list"),
        ("colors", "['red', 'blue']", "expected one of red, green, not a list"),
        ("count", "true", "expected a number, not true"),
        ("app", "'a'", "expected a table with app_id, not 'a'"),
        ("app", "{app_id = 1}", "expected a table with app_id, not a table"),
        (
            "model",
            "{model = 'm'}",
            "expected a table with provider, model, model_type, not a table",
        ),
        ("tools", "{}", "expected a list, not a table"),
        ("tool", "[]", "expected a table, not a list"),
        (
            "thing",
            "[1979-05-27]",
            "expected nothing but text, finite numbers, true, false, lists and tables, not a list",
        ),
    ],
)
def test_literals_of_the_wrong_type(tmp_path: Path, name: str, written: str, message: str) -> None:
    options, diagnostics = read(tmp_path, packager=f"[settings]\n{name} = {written}\n")
    assert options["webhook"].settings == {}
    assert diagnostics == [
        Diagnostic("invalid-value", message, Place("p/packager.toml", 2, 1), f"settings.{name}")
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{env = '1X'}", ENV),
        ("{env = 'A-B'}", ENV),
        ("{env = 'A'}", ENV),
        ("{env = 1}", ENV),
        ("{env = 'AWS_X'}", "the name AWS_X is reserved by Lambda; expected another"),
        ("{env = 'LAMBDA_X'}", "the name LAMBDA_X is reserved by Lambda; expected another"),
        ("{env = 'OK', key = 'k'}", ALONE + "key"),
    ],
)
def test_faults_of_an_env_source(tmp_path: Path, written: str, message: str) -> None:
    options, diagnostics = read(tmp_path, packager=f"[settings]\ngreeting = {written}\n")
    assert options["webhook"].settings == {}
    assert diagnostics == [
        Diagnostic("invalid-value", message, Place("p/packager.toml", 2, 13), "settings.greeting")
    ]


@pytest.mark.parametrize("written", ["'s3cr3t'", "{a = 's3cr3t'}", "['s3cr3t']", "5"])
def test_a_secret_is_refused_and_never_repeated(tmp_path: Path, written: str) -> None:
    options, diagnostics = read(tmp_path, packager=f"[settings]\napi_key = {written}\n")
    assert options["webhook"].settings == {}
    assert diagnostics == [
        Diagnostic(
            "invalid-value",
            "a secret can't be written into the configuration; "
            'expected a source such as {ssm = "/my-plugin/api_key"}',
            Place("p/packager.toml", 2, 1),
            "settings.api_key",
        )
    ]


def test_a_setting_of_several_groups_is_checked_for_each(tmp_path: Path) -> None:
    options, diagnostics = read(tmp_path, WEBHOOK, ADMIN, packager="settings.greeting = 'hi'\n")
    assert options["webhook"].settings == {"greeting": LiteralSource("hi")}
    assert diagnostics == [
        Diagnostic(
            "invalid-value",
            "expected true or false, not 'hi'",
            Place("p/packager.toml", 1, 10),
            "settings.greeting",
        )
    ]


def test_one_fault_for_one_place(tmp_path: Path) -> None:
    twin = EndpointGroup("twin", "t.yaml", WEBHOOK.settings, (), PLACE)
    _, diagnostics = read(tmp_path, WEBHOOK, twin, packager="settings.greeting = 1\n")
    assert [diagnostic.message for diagnostic in diagnostics] == ["expected text, not 1"]


def test_faults_of_the_command_line(tmp_path: Path) -> None:
    _, diagnostics = read(tmp_path, overrides={"architecture": "mips"})
    assert diagnostics == [
        Diagnostic(
            "invalid-value",
            "expected one of arm64, x86_64, not 'mips'",
            Place("command line"),
            "architecture",
        )
    ]


def test_both_files_configured(tmp_path: Path) -> None:
    _, diagnostics = read(tmp_path, pyproject="[tool.packager]\n", packager="memory = 256\n")
    assert diagnostics == [
        Diagnostic(
            "configured-twice",
            "the plugin is configured here and in p/pyproject.toml; expected one of the two",
            Place("p/packager.toml"),
            hint="move everything into one file, and remove the other's tables",
        )
    ]


def test_packager_toml_beside_a_pyproject_of_others(tmp_path: Path) -> None:
    options, diagnostics = read(
        tmp_path, pyproject="[project]\nname = 'x'\n", packager="memory = 256\n"
    )
    assert (options["webhook"].memory, diagnostics) == (256, [])


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a = 1\nb = \n", 2, 5, "not valid TOML: invalid value"),
        ("a = [1\n", 2, 1, "not valid TOML: unclosed array"),
        ("a = 1\na = 2\n", 2, 6, "not valid TOML: cannot overwrite a value"),
    ],
)
def test_what_is_no_toml(tmp_path: Path, text: str, line: int, column: int, message: str) -> None:
    options, diagnostics = read(tmp_path, pyproject=text)
    assert options == {"webhook": Options()}
    assert diagnostics == [
        Diagnostic("invalid-toml", message, Place("p/pyproject.toml", line, column))
    ]


def test_toml_that_is_no_utf8(tmp_path: Path) -> None:
    (tmp_path / "packager.toml").write_bytes(b"a = 1\n# \xff\n")
    assert read(tmp_path)[1] == [
        Diagnostic(
            "not-utf8",
            "byte 0xff is not UTF-8",
            Place("p/packager.toml", 2, 3),
            hint="save the file as UTF-8",
        )
    ]


def test_a_misspelt_tool_table(tmp_path: Path) -> None:
    assert read(tmp_path, pyproject="[tool.pakager]\nmemory = 256\n")[1] == [
        Diagnostic(
            "ignored-table",
            "is not read; the table is called tool.packager",
            Place("p/pyproject.toml", 1, 7),
            "tool.pakager",
            level="warning",
        )
    ]


@pytest.mark.parametrize(
    ("requires", "runtime"),
    [
        (">=3.12", "python3.13"),
        (">=3.13.1", "python3.13"),
        (">=3.11,<3.13", "python3.12"),
        ("==3.11.*", "python3.11"),
        (">3.13.99", "python3.14"),
        ("not a specifier", "python3.13"),
    ],
)
def test_the_runtime_follows_requires_python(tmp_path: Path, requires: str, runtime: str) -> None:
    options, diagnostics = read(tmp_path, pyproject=f"[project]\nrequires-python = '{requires}'\n")
    expected = [
        Diagnostic(
            "python-excluded",
            f"Python 3.13 is excluded by {requires!r}; the runtime is {runtime}",
            Place("p/pyproject.toml", 2, 1),
            "project.requires-python",
            "set runtime in the configuration",
            "warning",
        )
    ]
    assert options["webhook"].runtime == runtime
    assert diagnostics == (expected if runtime != "python3.13" else [])


@pytest.mark.parametrize(
    ("requires", "configured"), [("<3.11", ""), ("<3.12", '[tool.packager]\nruntime="python3.13"')]
)
def test_a_runtime_that_requires_python_excludes(
    tmp_path: Path, requires: str, configured: str
) -> None:
    pyproject = f"[project]\nrequires-python = '{requires}'\n{configured}\n"
    options, diagnostics = read(tmp_path, pyproject=pyproject)
    assert options["webhook"].runtime == "python3.13"
    assert [diagnostic.message for diagnostic in diagnostics] == [
        f"Python 3.13, the runtime, is excluded by {requires!r}"
    ]
