"""What the manifest says of where a plugin runs decides what no configuration does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.errors import Diagnostics
from packager.model.options import Options
from packager.plugin.load import load_plugin
from tests.support.plugin_writer import MANIFEST, SOURCE, write_plugin

RUNNER = 'meta:\n  runner: {{language: python, version: "{}", entrypoint: main}}\n'


def load(
    root: Path,
    more: str,
    files: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> tuple[Options, list[tuple[str, str, str | None]]]:
    """The options of a plugin whose manifest has `more`, and what is said of it."""
    plugin = write_plugin(root, {"manifest.yaml": MANIFEST + more, **(files or {})})
    diagnostics = Diagnostics()
    loaded = load_plugin(plugin, diagnostics, display="tiny", overrides=overrides)
    said = [(str(each.code), each.message, each.hint) for each in diagnostics.all]
    return (loaded.options["tiny"] if loaded else Options()), said


def test_a_plugin_without_configuration_gets_the_manifest_s_python(tmp_path: Path) -> None:
    options, said = load(tmp_path, RUNNER.format("3.12"))
    assert (options.runtime, said) == ("python3.12", [])


def test_one_that_is_configured_gets_what_it_leaves_out(tmp_path: Path) -> None:
    options, said = load(tmp_path, RUNNER.format("3.12"), {"packager.toml": "memory = 256\n"})
    assert (options.runtime, options.memory) == ("python3.13", 256)
    assert said == [
        (
            "python-differs",
            "the manifest says Python 3.12, and the runtime is python3.13",
            'say which is meant: runtime = "python3.12" in the configuration, or 3.13 here',
        )
    ]


def test_a_python_that_lambda_has_not(tmp_path: Path) -> None:
    options, said = load(tmp_path, RUNNER.format("3.10"))
    assert (options.runtime, [each[0] for each in said]) == ("python3.13", ["python-differs"])
    assert said[0][2] == "Lambda has no such runtime: say 3.13 here if it runs on that"


def test_the_command_line_is_not_asked_again(tmp_path: Path) -> None:
    options, said = load(tmp_path, RUNNER.format("3.12"), None, {"runtime": "python3.14"})
    assert (options.runtime, said) == ("python3.14", [])


def test_requires_python_goes_before_the_manifest(tmp_path: Path) -> None:
    files = {"pyproject.toml": '[project]\nname = "t"\nversion = "1"\nrequires-python = ">=3.14"\n'}
    options, said = load(tmp_path, RUNNER.format("3.12"), files)
    assert options.runtime == "python3.14"
    assert [each[0] for each in said] == ["python-excluded", "python-differs"]


@pytest.mark.parametrize("version", ["", "three", "2.7", "3", "null", "[1]"])
def test_what_is_no_version_decides_nothing(tmp_path: Path, version: str) -> None:
    options, said = load(tmp_path, f"meta: {{runner: {{version: {version}}}}}\n")
    assert (options.runtime, said) == ("python3.13", [])


@pytest.mark.parametrize(
    ("more", "memory"),
    [
        ("resource: {memory: 1048576}\n", 512),
        ("resource: {memory: 1073741825}\n", 1025),
        ("resource: {memory: 999999999999999}\n", 10240),
        ("resource: {memory: -5}\n", 512),
        ("resource: {memory: much}\n", 512),
        ("resource: {memory: true}\n", 512),
        ("resource:\n", 512),
    ],
)
def test_memory_is_only_raised(tmp_path: Path, more: str, memory: int) -> None:
    assert load(tmp_path, more)[0].memory == memory


def test_configured_memory_is_what_it_is(tmp_path: Path) -> None:
    more = "resource: {memory: 1073741824}\n"
    assert load(tmp_path, more, {"packager.toml": "memory = 128\n"})[0].memory == 128


@pytest.mark.parametrize(
    ("arch", "architecture"),
    [
        ("[amd64, arm64]", "arm64"),
        ("[amd64]", "x86_64"),
        ("[arm64]", "arm64"),
        ("[riscv]", "arm64"),
        ("amd64", "arm64"),
    ],
)
def test_one_architecture_decides(tmp_path: Path, arch: str, architecture: str) -> None:
    assert load(tmp_path, f"meta: {{arch: {arch}}}\n")[0].architecture == architecture


OLDER = 'the manifest says Python 3.12: set runtime = "python3.12"'


def test_what_fails_for_that_reason_says_so(tmp_path: Path) -> None:
    files = {"packager.toml": "", "endpoints/duck.py": "import cgi\n" + SOURCE}
    said = load(tmp_path, RUNNER.format("3.12"), files)[1]
    assert [(each[0], each[2]) for each in said][1:] == [("import-fails", OLDER)]

    files = {
        "packager.toml": 'runtime = "python3.11"\n',
        "endpoints/duck.py": "type X = int\n" + SOURCE,
    }
    said = load(tmp_path / "newer", RUNNER.format("3.12"), files)[1]
    assert [(each[0], each[2]) for each in said][1:] == [("invalid-python", OLDER)]
