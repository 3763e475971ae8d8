"""A bundle that is laid out again is what it would be from scratch."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from packager.bundle.build import BuildOptions, build_bundle
from packager.cli.plans import planned
from packager.errors import Diagnostics
from packager.host.interpreter import newest_supported
from packager.model.permissions import Permissions
from packager.plugin.functions import FunctionPlan
from packager.serve.builds import Builder, Built
from tests.support.plugin_writer import write_plugin

SOURCE = """\
from dify_plugin import Endpoint
from werkzeug import Response

class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        return Response("NUMBER")
"""


def plan_of(plugin: Path) -> FunctionPlan:
    found = newest_supported()
    assert found is not None
    diagnostics = Diagnostics()
    runtime = {"runtime": f"python{found.python}"}
    with planned([plugin], diagnostics, runtime, host=True, permissions=Permissions()) as plans:
        diagnostics.raise_errors()
        return plans[0]


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    files = {"endpoints/duck.py": SOURCE, "helper.py": "A = 1\n", "data.txt": "one"}
    return write_plugin(tmp_path / "tiny", files)


def test_what_is_linked_is_what_is_built(plugin: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    builder = Builder(out)

    def build() -> Built:
        built = builder.build(plan_of(plugin))
        fresh = tmp_path / "fresh"
        options = BuildOptions(make_zip=False)
        wanted = build_bundle(plan_of(plugin), fresh, options)
        assert contents(built.bundle.folder) == contents(wanted.folder)
        shutil.rmtree(fresh)
        return built

    first = build()
    assert first.changed
    assert not build().changed
    (plugin / "endpoints/duck.py").write_text(SOURCE.replace("NUMBER", "2"))
    (plugin / "data.txt").write_text("two")
    second = build()
    assert second.changed
    assert b'"2"' in (second.bundle.folder / "plugin/endpoints/duck.py").read_bytes()
    # What ran on goes on as it was.
    assert b'"NUMBER"' in (first.bundle.folder / "plugin/endpoints/duck.py").read_bytes()
    (plugin / "helper.py").unlink()
    (plugin / "more").mkdir()
    (plugin / "more/new.py").write_text("B = 1\n")
    (plugin / "data.txt").chmod(0o755)
    assert build().changed
    (plugin / "packager.toml").write_text("timeout = 5\n")  # in the literals: laid out anew
    assert build().bundle.timeout == 5
    builder.forget(first)
    assert not first.bundle.folder.exists()


def test_where_there_are_no_hard_links_files_are_copied(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, target: Path) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    builder = Builder(tmp_path)
    first = builder.build(plan_of(plugin))
    before = contents(first.bundle.folder)
    (plugin / "data.txt").write_text("two")
    second = builder.build(plan_of(plugin))
    assert contents(second.bundle.folder) == {
        **before,
        "plugin/data.txt": (before["plugin/data.txt"][0], b"two"),
    }
    names = ("plugin/endpoints/duck.py", "start_fast")
    assert not any(
        (first.bundle.folder / name).samefile(second.bundle.folder / name) for name in names
    )
