from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import packager.bundle.function_code
import packager.bundle.size
import packager.host.interpreter
import packager.requirements.read
from packager.bundle import code_archive, layout
from packager.bundle.build import BuildOptions, Bundle, build_bundle, build_bundles
from packager.bundle.code_archive import archived
from packager.bundle.literals import render_bundle_literals
from packager.bundle.runtime.parts import PARTS
from packager.contract import template_folder
from packager.dependencies.uv_install import PackageSize
from packager.errors import Diagnostic, Diagnostics, InvalidInput, PackagerError, Place, UsageError
from packager.host.bytecode import compile_jobs
from packager.host.interpreter import find_interpreter
from packager.host.target_script import IN_TARGET
from packager.model.options import Options
from packager.model.permissions import Permissions
from packager.model.progress import Progress
from packager.plugin.functions import FunctionPlan, plan_functions
from packager.plugin.load import load_plugin
from packager.requirements import requirements_txt
from tests.support.packages.wheels import make_wheel
from tests.support.plugin_writer import ENDPOINT, MANIFEST, SOURCE, write_plugin

THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"
TAG = sys.implementation.cache_tag
Plan = Callable[..., FunctionPlan]
pytestmark = pytest.mark.usefixtures("index")


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def runtime_files() -> set[str]:
    template = template_folder()
    files = (path for path in template.rglob("*") if path.is_file())
    names = (path.relative_to(template).as_posix() for path in files)
    return {name for name in names if not name.endswith(".pyc")}


def without_runtime(names: set[str]) -> set[str]:
    mine = ("endpoint_runtime/", "dify_plugin/")
    return {name for name in names if not name.startswith(mine) and name != "start_fast"}


def test_the_layout(tmp_path: Path, plan: Plan) -> None:
    (tmp_path / "neko").mkdir()
    files = {"data/x.json": "{}", ".env": "SECRET=1", "run.sh": "", "broken.py": "def ("}
    made = plan(files)
    (tmp_path / "neko/run.sh").chmod(0o700)
    steps: list[str] = []
    briefly: list[str] = []
    bundle = build_bundle(made, tmp_path / "out", progress=Progress(steps.append, briefly.append))
    folder = tmp_path / "out/NekoFunction"
    found = tree(folder)
    assert without_runtime(set(found)) == {
        f"__pycache__/httpx.{TAG}.pyc",
        "httpx.py",
        "plugin/broken.py",
        "plugin/data/x.json",
        "plugin/endpoints/duck.py",
        f"plugin/endpoints/__pycache__/duck.{TAG}.pyc",
        "plugin/manifest.yaml",
        "plugin/run.sh",
        f"werkzeug/__pycache__/__init__.{TAG}.pyc",
        "werkzeug/__init__.py",
    }
    absent = tuple(part.name for part in PARTS)
    parts = {name for name in runtime_files() if any(part.holds(name) for part in PARTS)}
    assert runtime_files() & set(found) == runtime_files() - parts
    literals = render_bundle_literals(made, left_out=absent)
    assert found["endpoint_runtime/_bundle.py"].decode() == literals
    assert f"endpoint_runtime/app/__pycache__/mapped_events.{TAG}.pyc" not in found
    assert {"endpoint_runtime/_bundle.py", "endpoint_runtime/app/mapped_events.py"} <= {
        *archived(folder)
    }
    assert (folder / "plugin/run.sh").stat().st_mode & 0o777 == 0o755
    assert (folder / "plugin/manifest.yaml").stat().st_mode & 0o777 == 0o644
    with zipfile.ZipFile(tmp_path / "out/NekoFunction.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == found
    sizes = tuple(
        PackageSize(
            name,
            version,
            sum(
                len(data)
                for file, data in found.items()
                if f"{name}." in file or f"{name}/" in file or f"{name}-" in file
            ),
        )
        for name, version in (("httpx", "1.0"), ("werkzeug", "3.1.0"))
    )
    assert bundle == Bundle(
        made,
        folder,
        tmp_path / "out/NekoFunction.zip",
        sum(map(len, found.values())),
        (tmp_path / "out/NekoFunction.zip").stat().st_size,
        sizes,
        (),
    )
    assert steps == [
        f"resolving dependencies for Python {THIS} on arm64 "
        f"(aarch64-manylinux_{'2_17' if THIS == '3.11' else '2_34'})",
        "installing 2 packages",
        "compiling the packages to bytecode",
        "writing NekoFunction",
    ]
    assert [step for step in briefly if not step.startswith("zipping")] == [
        f"reading the sources of {made.plugin.display}",
        "checking the packages in the cache",
        "taking out what no function uses of 2 packages",
        "noting what is in the cache",
        "checking what the plugin imports",
        "checking NekoFunction.zip",
        "looking for secrets in NekoFunction",
    ]


def test_two_builds_from_other_folders_are_the_same(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan()
    one = build_bundle(made, tmp_path / "one")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other-cache"))
    monkeypatch.chdir(tmp_path / "neko")
    two = build_bundle(made, Path("deep/er"))
    assert one.zip and two.zip
    assert one.zip.read_bytes() == two.zip.read_bytes()
    assert tree(one.folder) == tree(two.folder)


def test_for_this_machine_without_bytecode_and_zip(tmp_path: Path, plan: Plan) -> None:
    bundle = build_bundle(
        plan(host=True), tmp_path / "out", BuildOptions(bytecode=False, make_zip=False)
    )
    assert (bundle.zip, bundle.zip_bytes) == (None, None)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["NekoFunction"]
    assert not list(bundle.folder.rglob("*.pyc"))


def test_stale_entries_are_replaced_and_others_stay(tmp_path: Path, plan: Plan) -> None:
    out = tmp_path / "out"
    (out / "NekoFunction/stale").mkdir(parents=True)
    (out / "NekoFunction/endpoint_runtime").mkdir()
    (out / "NekoFunction/endpoint_runtime/_bundle.py").write_text("FORMAT = 0")
    with zipfile.ZipFile(out / "NekoFunction.zip", "w") as archive:
        archive.writestr("endpoint_runtime/_bundle.py", "FORMAT = 0")
    (out / "OtherFunction").mkdir()
    build_bundle(plan(), out)
    assert not (out / "NekoFunction/stale").exists()
    assert zipfile.is_zipfile(out / "NekoFunction.zip")
    assert sorted(path.name for path in out.iterdir()) == [
        "NekoFunction",
        "NekoFunction.zip",
        "OtherFunction",
    ]


def test_a_failure_leaves_out_as_it_was(tmp_path: Path, plan: Plan) -> None:
    out = tmp_path / "out"
    build_bundle(plan(), out)
    before = tree(out)
    with pytest.raises(PackagerError):
        build_bundle(plan({"requirements.txt": "no-such-package"}), out)
    assert tree(out) == before
    with pytest.raises(PackagerError):
        build_bundle(plan(), tmp_path / "new/out")
    assert not (tmp_path / "new").exists()


def test_faults_are_said_at_once(tmp_path: Path, plan: Plan) -> None:
    (tmp_path / "neko").mkdir()
    (tmp_path / "neko/gone").symlink_to("nowhere")
    (tmp_path / "neko/out").symlink_to("..")
    made = plan()
    with pytest.raises(InvalidInput) as caught:
        build_bundle(made, tmp_path / "out")
    assert [str(diagnostic.place) for diagnostic in caught.value.diagnostics] == [
        "neko/gone",
        "neko/out",
    ]


def test_a_plugin_of_several_groups_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("one", "two", "three")
    files = {"manifest.yaml": MANIFEST.replace("    - group/tiny.yaml\n", "")}
    files["requirements.txt"] = "httpx"
    for name in names:
        files["manifest.yaml"] += f"    - group/{name}.yaml\n"
        files[f"group/{name}.yaml"] = f"endpoints:\n  - endpoints/{name}.yaml\n"
        files[f"endpoints/{name}.yaml"] = ENDPOINT.replace("duck.py", f"{name}.py")
        files[f"endpoints/{name}.py"] = SOURCE
    root = write_plugin(tmp_path / "neko", files)
    (root / "node_modules/big").mkdir(parents=True)
    analysed, listed, parsed = [], Counter[str](), []
    run, scandir = subprocess.run, os.scandir
    read = requirements_txt.read_requirements_file

    def counting_run(command: Any, **options: Any) -> Any:
        if str(IN_TARGET / "analyse.py") in command:
            analysed.append(command)
        return run(command, **options)

    def counting_scandir(path: Any) -> Any:
        if str(path).startswith(str(root)):
            listed[str(Path(path).relative_to(root))] += 1
        return scandir(path)

    def counting_read(path: Path, *others: Any) -> Any:
        parsed.append(path.name)
        return read(path, *others)

    monkeypatch.setattr(subprocess, "run", counting_run)
    monkeypatch.setattr(os, "scandir", counting_scandir)
    monkeypatch.setattr(packager.requirements.read, "read_requirements_file", counting_read)
    diagnostics = Diagnostics()
    plugin = load_plugin(
        root, diagnostics, overrides={"runtime": f"python{THIS}"}, permissions=Permissions()
    )
    assert plugin is not None, diagnostics.all
    plans = plan_functions([plugin], diagnostics)
    bundles = build_bundles(plans, tmp_path / "out", BuildOptions(bytecode=False, make_zip=False))
    assert len(bundles) == 3
    assert (len(analysed), parsed) == (1, ["requirements.txt"])
    assert {"", "endpoints", "group"} <= {each.strip(".") for each in listed}
    # What does not ship is listed again for its size.
    assert {path for path, times in listed.items() if times > 1} <= {"node_modules"}
    assert listed["node_modules"] <= 2


def test_needed_modules_are_kept_whatever_is_ignored(tmp_path: Path, plan: Plan) -> None:
    files = {
        ".gitignore": "lib/\n",
        "endpoints/duck.py": "from lib.used import x\n",
        "lib/used.py": "x = 1\n",
        "lib/unused.py": "import httpx\n",
    }
    bundle = build_bundle(plan(files), tmp_path / "out")
    shipped = {path.name for path in (bundle.folder / "plugin/lib").iterdir() if path.is_file()}
    assert shipped == {"used.py"}
    assert [package.name for package in bundle.packages] == ["werkzeug"]
    assert bundle.notes == (
        Diagnostic(
            "kept-file",
            "lib/used.py is kept: the function needs it, though .gitignore names it",
            Place("neko/.gitignore"),
            level="warning",
        ),
    )


def test_too_big(tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packager.bundle.size, "MAX_UNZIPPED", 1024 * 1024)
    made = plan({"requirements.txt": "big"})
    make_wheel(tmp_path / "index", "big", "1.0", files={"big.txt": "x" * 2 * 1024 * 1024})
    (tmp_path / "neko/data.bin").write_bytes(b"x" * 3 * 1024 * 1024)
    with pytest.raises(PackagerError) as caught:
        build_bundle(made, tmp_path / "out")
    message = str(caught.value)
    assert message.partition(" unzipped; ")[2].startswith(
        "Lambda takes 1.0 MiB. The biggest: the plugin's own files (3.0 MiB), big 1.0 (2.0 MiB), "
    )
    assert not (tmp_path / "out").exists()


def test_a_zip_for_s3_only(tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packager.bundle.size, "MAX_DIRECT_ZIP", 1024)
    bundle = build_bundle(plan(), tmp_path / "out")
    assert [diagnostic.message.partition(" has ")[0] for diagnostic in bundle.notes] == [
        "NekoFunction.zip"
    ]


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("neko", "the output folder is the plugin neko itself"),
        ("neko/manifest.yaml", "the output folder {out} is a file"),
        (
            "neko/manifest.yaml/x/y",
            "the output folder {out} can't be made: {out.parent.parent} is a file",
        ),
    ],
)
def test_output_folders_that_would_harm(tmp_path: Path, plan: Plan, out: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_bundle(plan(), tmp_path / out)
    assert str(caught.value) == message.format(out=tmp_path / out)


def test_a_plugin_inside_what_would_be_replaced(tmp_path: Path, plan: Plan) -> None:
    made = plan()
    (tmp_path / "out/NekoFunction").mkdir(parents=True)
    shutil.move(tmp_path / "neko", tmp_path / "out/NekoFunction/neko")
    (tmp_path / "neko").symlink_to("out/NekoFunction/neko")
    with pytest.raises(UsageError) as caught:
        build_bundle(made, tmp_path / "out")
    assert str(caught.value) == (
        f"{tmp_path / 'out/NekoFunction'} would be replaced, and the plugin neko is in it"
    )


def test_a_missing_interpreter_is_needed_for_bytecode_alone(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = find_interpreter
    monkeypatch.setattr(
        packager.host.interpreter,
        "find_interpreter",
        lambda python: real(python) if python == THIS else None,
    )
    monkeypatch.setattr(
        packager.bundle.function_code,
        "find_interpreter",
        packager.host.interpreter.find_interpreter,
    )
    made = plan()
    later = Options(runtime="python3.14")
    made = FunctionPlan(made.plugin, made.group, made.logical_id, later)
    with pytest.raises(PackagerError, match=r"^Python 3\.14 is needed to compile NekoFunction's"):
        build_bundle(made, tmp_path / "out")
    bundle = build_bundle(made, tmp_path / "out", BuildOptions(bytecode=False))
    assert "PYTHON = '3.14'" in (bundle.folder / "endpoint_runtime/_bundle.py").read_text()


def test_a_signal_while_bundles_are_put_in_place_costs_nothing(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan()
    build_bundle(made, tmp_path / "out")
    before = {path: path.stat().st_ino for path in (tmp_path / "out").iterdir()}
    made = plan({"new.txt": "new"})
    rename = Path.rename

    def stop(path: Path, target: Path) -> Path:
        if path.name.endswith(".zip") and target.parent == tmp_path / "out":
            monkeypatch.setattr(Path, "rename", rename)
            raise SystemExit(143)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", stop)
    with pytest.raises(SystemExit):
        build_bundle(made, tmp_path / "out")
    assert {path: path.stat().st_ino for path in (tmp_path / "out").iterdir()} == before


def test_builds_at_once_into_one_folder(tmp_path: Path, plan: Plan) -> None:
    made = plan()
    build_bundle(made, tmp_path / "out")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: build_bundle(made, tmp_path / "out"), range(8)))
    assert [bundle.zip_bytes for bundle in done] == [done[0].zip_bytes] * 8
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "NekoFunction",
        "NekoFunction.zip",
    ]


def test_an_unlisted_werkzeug_is_left_as_it_is(tmp_path: Path, plan: Plan) -> None:
    plain = build_bundle(plan(), tmp_path / "plain")
    treated = build_bundle(plan(diet=True), tmp_path / "treated")
    assert (treated.zip_bytes, plain.notes) == (plain.zip_bytes, ())
    assert [note.message for note in treated.notes] == [
        "werkzeug is not put on the import diet: its files are not those of the release"
    ]


def test_what_the_plugins_code_needs_of_packages_stays(
    tmp_path: Path, plan: Plan, index: Path
) -> None:
    files = {"tool/__init__.py": "", "tool/tests/__init__.py": "", "tool/fixtures/test/x.txt": ""}
    make_wheel(index, "tool", "1.0", files=files)
    source = "from tool import tests\nfrom importlib.metadata import version\nversion('tool')\n"
    made = plan({"requirements.txt": "tool", "endpoints/duck.py": source}, keep=("tool/fixtures/",))
    build_bundle(made, tmp_path / "out", BuildOptions(make_zip=False))
    found = {name for name in tree(tmp_path / "out/NekoFunction") if name.startswith("tool")}
    assert found >= {*files, "tool-1.0.dist-info/METADATA"}


def test_a_zip_that_would_not_run_is_none(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(interpreter: Any, root: Path, jobs: Any) -> None:
        compile_jobs(interpreter, root, jobs, columns=True)
        for path in root.glob("plugin/endpoints/__pycache__/*"):
            path.write_bytes(b"stale" + path.read_bytes()[5:])

    monkeypatch.setattr("packager.bundle.layout.compile_once", stale)
    with pytest.raises(PackagerError) as caught:
        build_bundle(plan(), tmp_path / "out")
    assert str(caught.value).startswith(
        f"the bytecode in NekoFunction.zip is not valid for Python {THIS}: "
        f"plugin/endpoints/__pycache__/duck.{TAG}.pyc has the magic number "
    )
    assert not (tmp_path / "out").exists()


def test_preload_of_what_is_not_there_writes_nothing(tmp_path: Path, plan: Plan) -> None:
    there = build_bundle(plan(preload=("endpoints.duck", "httpx", "json")), tmp_path / "there")
    assert "PRELOAD = ('endpoints.duck', 'httpx', 'json')" in (
        there.folder / "endpoint_runtime/_bundle.py"
    ).read_text("ascii")
    with pytest.raises(InvalidInput) as raised:
        build_bundle(plan(preload=("json", "requests")), tmp_path / "out")
    assert [diagnostic.message for diagnostic in raised.value.diagnostics] == [
        "there is no module requests in the plugin, its dependencies or the standard library"
    ]
    assert not (tmp_path / "out" / "NekoFunction").exists()


def test_another_packager_lays_bundles_out_anew(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan({})
    archives = []
    for turn in range(2):
        out = tmp_path / f"out{turn}"
        build_bundle(made, out)
        archives.append((out / "NekoFunction/endpoint_runtime/code.bin").read_bytes())
        monkeypatch.setattr(code_archive, "HOT", frozenset())
        monkeypatch.setattr(layout, "own_code", lambda: "another")

    assert archives[0] != archives[1]
